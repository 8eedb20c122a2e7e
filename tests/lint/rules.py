#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every rule has its text and its place in the manual, and no text speaks of a rule that is none:
rules.py ROOT [MANUAL]

The records in src/rules, the stanzas of data/findings.data and the headings of the manual of the
findings (MANUAL, made by the build) must name the same ids, each once; all other ids, wherever they are mentioned, must exist.
"""

import collections
import pathlib
import re
import sys

import lint

ID = r"RD-[A-Z]+-\d{3}"
MANUAL = "rdna1-doctor-findings.7.scd"
MADE = [pathlib.Path(argument) for argument in sys.argv[2:]]
MENTIONS = (".c", ".h", ".md", ".scd", ".data", ".json", ".in", "NEWS", "expect")


def find(path, pattern):
    return re.findall(pattern, lint.read(path), re.M) if path.exists() else []


def compare(ours, theirs, what):
    for rule, n in sorted(collections.Counter(theirs).items()):
        if n > 1:
            yield f"{rule}: {n} times in {what}"
    for rule in sorted(set(ours) - set(theirs)):
        yield f"{rule}: a rule without a place in {what}"
    for rule in sorted(set(theirs) - set(ours)):
        yield f"{rule}: in {what}, and no rule"


def check(root):
    rules = [rule for path in lint.files(root / "src" / "rules", ".c")
             for rule in find(path, rf'^\t\.id = "({ID})"')]
    complaints = [f"{rule}: the id of {n} rules"
                  for rule, n in sorted(collections.Counter(rules).items()) if n > 1]
    complaints += compare(rules, find(root / "data" / "findings.data", rf"^Id: ({ID})$"),
                          "data/findings.data")
    for manual in [p for p in (root / MANUAL, *MADE) if p.exists()][:1]:
        complaints += compare(rules, find(manual, rf"^#+ .*({ID})"), MANUAL)
    for path in lint.files(root, *MENTIONS):
        for rule in sorted(set(find(path, ID)) - set(rules)):
            complaints.append(f"{path.relative_to(root)}: speaks of {rule}, which is no rule")
    return complaints


def tree(*rules, stanzas=("RD-A-001",), **others):
    return {
        "src/rules/a.c": "".join(f'\t.id = "{rule}",\n' for rule in rules),
        "data/findings.data": "".join(f"Id: {rule}\n\n" for rule in stanzas),
        **{name.replace("_", "."): text for name, text in others.items()},
    }


WRONG = {
    "RD-A-001: the id of 2 rules": tree("RD-A-001", "RD-A-001"),
    "RD-A-002: a rule without a place": tree("RD-A-001", "RD-A-002"),
    "RD-A-003: in data/findings.data, and": tree("RD-A-001", stanzas=("RD-A-001", "RD-A-003")),
    "RD-A-001: 2 times in data": tree("RD-A-001", stanzas=("RD-A-001", "RD-A-001")),
    "README.md: speaks of RD-B-009": tree("RD-A-001", README_md="as RD-B-009 says\n"),
    f"RD-A-001: a rule without a place in {MANUAL}": tree("RD-A-001") | {MANUAL: "# NAME\n"},
}

if __name__ == "__main__":
    lint.main(check, WRONG)
