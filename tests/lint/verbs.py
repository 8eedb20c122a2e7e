#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The verb table, --help, the manual and README tell of the same verbs, arguments and options, and
no text tells the user to type a verb that does not exist: verbs.py ROOT BINARY TABLES

TABLES is a program of the build that prints what the command line is parsed by (src/cli/tables.c).
"""

import pathlib
import re
import subprocess
import sys

import lint

ROOT = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(ROOT / "completion"))
import usage  # noqa: E402

BINARY = pathlib.Path(sys.argv[2]).resolve()
TABLES = pathlib.Path(sys.argv[3]).resolve()
MANUAL = "man/rdna1-doctor.8.scd"
README = "README.md"

# A command as a text shows it: in code, in a string, after a prompt or sudo, or alone on its line.
COMMAND = re.compile(r"(?:^[ \t]*|[`\"*]|\$ |sudo |build/)rdna1-doctor ([a-z][a-z-]+)", re.M)
TEXTS = (".md", ".scd", ".data", ".c", ".in", "NEWS", "bootstrap")


def helped(*args):
    run = subprocess.run([BINARY, *args, "--help"], stdout=subprocess.PIPE, text=True, check=True)
    return run.stdout


def tables():
    """The rows of the program's tables."""
    run = subprocess.run([TABLES], stdout=subprocess.PIPE, text=True, check=True)
    return [line.split("\t") for line in run.stdout.splitlines()]


def verbs_of_help():
    return re.findall(r"^  ([a-z][a-z-]+) ", helped(), re.M)


def options(text):
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", text))


def compare(what, ours, theirs, where):
    for name in sorted(set(ours) - set(theirs)):
        yield f"{what} {name}: not in {where}"
    for name in sorted(set(theirs) - set(ours)):
        yield f"{what} {name}: in {where}, and nowhere else"


def section(manual, title):
    found = re.search(rf"^# {title}\n(.*?)(?=^# |\Z)", manual, re.S | re.M)
    return found[1] if found else ""


def check_headings(manual, rows):
    """What stands behind the names at the heads of the manual's paragraphs."""
    heads = {}
    for verb, rest in re.findall(
            r"^\*([a-z][a-z-]+)\*(.*?)^(?:\t|$)", section(manual, "VERBS"), re.S | re.M):
        heads[verb] = heads.get(verb, "") + re.sub(r"[*_]", "", rest) + "\n"
    for verb, arguments, actions in (row[1:4] for row in rows if row[0] == "verb"):
        if arguments.strip("[").startswith("ACTION") != bool(actions):
            yield f"{verb} {arguments}: its actions are: {actions or 'not told'}"
        arguments = re.sub("ACTION", actions, arguments)
        for word in re.findall(r"[\w-]+", arguments):
            if not re.search(rf"(?<![\w-]){word}(?![\w-])", heads.get(verb, "")):
                yield f"{verb} {arguments}: {word} is not in its heading in {MANUAL}"
    offered = {(row[1], f"--{row[2]}") for row in rows if row[0] == "option"}
    for verb, option in ((v, o) for v, head in heads.items() for o in options(head)):
        if (verb, option) not in offered:
            yield f"{verb} {option}: in its heading in {MANUAL}, and not in its options"
    told = {}
    for name, arg in re.findall(
            r"^\*(--[a-z-]+)\*(?: _([A-Z]+)_)?$", section(manual, "OPTIONS"), re.M):
        told.setdefault(name, set()).add(arg)
    for name, arg in {(f"--{row[2]}", row[3]) for row in rows if row[0] == "option"}:
        if arg not in told.get(name, {arg}):
            yield f"{name} {arg}: {MANUAL} has {' or '.join(told[name]) or 'no value'}"


def check(root):
    verbs = verbs_of_help()
    rows = tables()
    table = [name for path in lint.files(root / "src" / "cli", ".c") for name in re.findall(
        r'^const struct cli_verb \w+ = \{\n\t\.name = "([a-z-]+)"', lint.read(path), re.M)]
    complaints = list(compare("verb", verbs, table, "the verb table"))
    manual = lint.read(root / MANUAL) if (root / MANUAL).exists() else ""
    complaints += compare("verb", verbs, re.findall(r"^\*([a-z][a-z-]+)\*", manual, re.M), MANUAL)
    complaints += check_headings(manual, rows)
    complaints += compare("verb", [row[1] for row in rows if row[0] == "verb"], verbs, "--help")
    readme = lint.read(root / README) if (root / README).exists() else ""
    complaints += compare("verb", verbs, re.findall(
        r"^\| `rdna1-doctor ([a-z][a-z-]+)", readme, re.M), f"the table of {README}")
    complaints += compare("option", usage.PROGRAM_OPTIONS, options(helped()), "--help")
    known = options(helped()).union(*(options(helped(verb)) for verb in verbs))
    complaints += compare("option", known, options(manual), MANUAL)
    for path in lint.files(root, *TEXTS):
        text = lint.read(path)
        complaints += [
            f"{path.relative_to(root)}:{lint.line_of(text, m.start(1))}: no such verb: {m[1]}"
            for m in COMMAND.finditer(text) if m[1] not in verbs]
    return complaints


def verb_file(name):
    return {"src/cli/a.c": f'const struct cli_verb cli_a = {{\n\t.name = "{name}",\n}};\n'}


WRONG = {
    "verb check: not in the verb table": verb_file("fly"),
    "verb fly: in the verb table, and": verb_file("fly"),
    f"verb fly: in {MANUAL}, and": {MANUAL: "*fly* [_FILE_]\n"},
    f"compare A B: A is not in its heading in {MANUAL}": {
        MANUAL: "# VERBS\n\n*compare* _B_\n\n# OPTIONS\n\n*compare* _A_\n"},
    f"explain --root: in its heading in {MANUAL}": {
        MANUAL: "# VERBS\n\n*explain* [_ID_] [*--root* _PATH_]\n"},
    f"--kernel RELEASE: {MANUAL} has VERSION": {MANUAL: "# OPTIONS\n\n*--kernel* _VERSION_\n"},
    f"--root PATH: {MANUAL} has no value": {MANUAL: "# OPTIONS\n\n*--root*\n"},
    "verb check: not in the table of README.md": {README: "| `rdna1-doctor inspect` | looks |\n"},
    "option --json: not in": {MANUAL: "*check*\n"},
    "option --wings: in": {MANUAL: "*check* [*--wings*]\n"},
    "README.md:2: no such verb: fly": {"README.md": "Then:\n    sudo rdna1-doctor fly\n"},
}

if __name__ == "__main__":
    lint.main(check, WRONG, ROOT)
