# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lints share: the files of a tree, C without its comments, and the proof that a lint bites.

A lint is a function from a tree to a list of complaints. It is first run on small wrong trees, one
fault each, and must name that fault there; only then is its silence about the real tree worth
anything.
"""

import os
import pathlib
import re
import sys
import tempfile

SKIP = 77  # meson: not run, for the reason printed


def is_foreign(folder, name):
    """Build folders, by whatever name, and hidden ones."""
    return (name.startswith(".") and name != ".ci" or name == "__pycache__"
            or os.path.exists(os.path.join(folder, name, "meson-private")))


def files(root, *suffixes):
    """Paths below root, sorted, of what belongs to the tree."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not is_foreign(folder, f))
        found += [pathlib.Path(folder, name) for name in sorted(names)
                  if not suffixes or name.endswith(suffixes)]
    return found


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def is_script(path, *interpreters):
    """Whether the first line names one of the interpreters."""
    first = read(path).split("\n", 1)[0]
    return first.startswith("#!") and re.search(r"\b(%s)\b" % "|".join(interpreters), first)


_TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def strip_c(text, strings=True):
    """C text with comments (and the insides of literals) gone, line numbers kept."""
    def gone(match):
        token = match.group()
        if token[0] == "/":
            return " " + "\n" * token.count("\n")
        return token[0] * 2 if strings else token
    return _TOKEN.sub(gone, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def _prove(check, wrong):
    """Each wrong tree ({path: content}) must bring a complaint that contains its key."""
    for expected, tree in wrong.items():
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, content in tree.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            complaints = check(root)
        if not any(expected in c for c in complaints):
            print(f"the lint is blind: a tree made for '{expected}' gave {complaints}")
            sys.exit(1)


def main(check, wrong, root=None):
    """Proves the lint on the wrong trees, then runs it on the root (argument 1)."""
    _prove(check, wrong)
    complaints = check(pathlib.Path(root or sys.argv[1]))
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)
