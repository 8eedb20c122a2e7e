#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What README.md shows is what the program prints: readme.py ROOT BINARY MODULES

The block after the line that names a machine of tests/golden is compared with the output of check
on that picture; a line [...] in it stands for lines left out. Build-ids, digests, and what an
instruction looks like depend on the compiler and are masked.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import lint

ROOT, BINARY, MODULES = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
PICTURE = "picture-of-a-broken-machine"  # as ./bootstrap check calls it
BLOCK = re.compile(r"tests/golden/([\w.-]+).*?^```text\n(.*?)^```$", re.S | re.M)


def mask(text):
    text = re.sub(r"\b(0x)?[0-9a-f]*\d[0-9a-f]*\b",
                  lambda m: "x" * len(m[0]) if len(m[0]) >= 8 or m[1] else m[0], text)
    return re.sub(r"\d+ (functions|instructions|data objects|pr_debug sites)|%[a-z]\w+",
                  lambda m: m[1] or "%reg", text)


def output(machine):
    with tempfile.TemporaryDirectory() as folder:
        unpack = [sys.executable, ROOT / "tests" / "picture.py", "--modules", MODULES,
                  ROOT / "tests" / "golden" / machine / "manifest", f"{folder}/{PICTURE}"]
        run = subprocess.run(unpack, check=False)
        if run.returncode:
            sys.exit(lint.SKIP)
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "80"}
        return subprocess.run([BINARY, "check", "--root", PICTURE], cwd=folder, env=environment,
                              stdout=subprocess.PIPE, encoding="utf-8", check=False).stdout


def check(root):
    blocks = BLOCK.findall(lint.read(root / "README.md"))
    complaints = [] if blocks else ["README.md: shows no output of check"]
    for machine, shown in blocks:
        printed = mask(output(machine))
        at = 0
        for piece in mask(shown).split("[...]\n"):
            found = printed.find(piece, at)
            if found < 0:
                complaints.append(f"README.md: check does not print, or not there:\n{piece}")
            at = max(at, found)
    return complaints


WRONG = {
    "shows no output": {"README.md": "# A tool\n"},
    "README.md: check does not print": {"README.md": "As in tests/golden/patched-ubuntu-24.04:\n\n"
                                   "```text\nAll is well.\n```\n"},
}

if __name__ == "__main__":
    lint.main(check, WRONG, ROOT)
