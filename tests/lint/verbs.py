#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The verb table, --help and the manual tell of the same verbs and options, and no text tells the
user to type a verb that does not exist: verbs.py ROOT BINARY
"""

import pathlib
import re
import subprocess
import sys

import lint

ROOT = pathlib.Path(sys.argv[1]).resolve()
BINARY = pathlib.Path(sys.argv[2]).resolve()
MANUAL = "man/rdna1-doctor.8.scd"

# A command as a text shows it: in code, in a string, after a prompt or sudo, or alone on its line.
COMMAND = re.compile(r"(?:^[ \t]*|[`\"*]|\$ |sudo |build/)rdna1-doctor ([a-z][a-z-]+)", re.M)
TEXTS = (".md", ".scd", ".data", ".c", ".in", "NEWS", "bootstrap")


def helped(*args):
    run = subprocess.run([BINARY, *args, "--help"], stdout=subprocess.PIPE, text=True, check=True)
    return run.stdout


def verbs_of_help():
    return re.findall(r"^  ([a-z][a-z-]+) ", helped(), re.M)


def options(text):
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", text))


def compare(what, ours, theirs, where):
    for name in sorted(set(ours) - set(theirs)):
        yield f"{what} {name}: not in {where}"
    for name in sorted(set(theirs) - set(ours)):
        yield f"{what} {name}: in {where}, and nowhere else"


def check(root):
    verbs = verbs_of_help()
    table = [name for path in lint.files(root / "src" / "cli", ".c") for name in re.findall(
        r'^const struct cli_verb \w+ = \{\n\t\.name = "([a-z-]+)"', lint.read(path), re.M)]
    complaints = list(compare("verb", verbs, table, "the verb table"))
    manual = lint.read(root / MANUAL) if (root / MANUAL).exists() else ""
    complaints += compare("verb", verbs, re.findall(r"^\*([a-z][a-z-]+)\*", manual, re.M), MANUAL)
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
    "option --json: not in": {MANUAL: "*check*\n"},
    "option --wings: in": {MANUAL: "*check* [*--wings*]\n"},
    "README.md:2: no such verb: fly": {"README.md": "Then:\n    sudo rdna1-doctor fly\n"},
}

if __name__ == "__main__":
    lint.main(check, WRONG, ROOT)
