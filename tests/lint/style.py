#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands at the top of a file, and what stands in none: style.py ROOT

SPDX on the first line (the second after #!), #pragma once in headers, no author lines, no path of
anybody's machine, no marks of unfinished work.
"""

import re

import lint

SPDX = "SPDX-License-Identifier: "
CODE = (".c", ".h", ".py", ".sh", ".awk")

# Texts that have no place for a licence line, or are data of others' making.
TEXT_SUFFIXES = (*CODE, ".md", ".build", ".txt", ".data", ".scd", ".json", ".in", "")

FORBIDDEN = (
    (re.compile(r"@auth" r"or|^\W*\bauthors?:|copyright (\(c\) )?20\d\d.*@", re.I | re.M), "an author line"),
    (re.compile(r"/(home|Users)/(?!(?:user|somebody|[A-Z]+)\b)\w|/root/\w|/work/\w"), "a path of one machine"),
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b(?!ING)"), "a mark of unfinished work"),
    (re.compile(r"\b(chat" r"gpt|clau" r"de|anthrop" r"ic|copi" r"lot|open" r"ai|co-auth" r"ored-by)\b",
                re.I), "a word that does not belong here"),
)


def check_head(name, text, is_script):
    lines = text.splitlines()
    first = lines[1:2] if is_script else lines[:1]
    if not first or SPDX not in first[0]:
        yield f"{name}: no SPDX licence on line {2 if is_script else 1}"
    if name.suffix == ".h" and "#pragma once" not in lines[1:3]:
        yield f"{name}: no #pragma once below the licence"


def check_words(name, text):
    for pattern, what in FORBIDDEN:
        for match in pattern.finditer(text):
            yield f"{name}:{lint.line_of(text, match.start())}: {what}: {match.group().strip()}"


def check_space(name, text):
    if text and not text.endswith("\n"):
        yield f"{name}: no line end at the end"
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip():
            yield f"{name}:{number}: white space at the end of the line"
            return


def check(root):
    complaints = []
    for path in lint.files(root):
        name = path.relative_to(root)
        if path.is_symlink() or path.suffix not in TEXT_SUFFIXES or name.name == "LICENSE":
            continue
        text = lint.read(path)
        is_script = text.startswith("#!")
        if path.suffix in CODE or is_script:
            complaints += check_head(name, text, is_script)
            complaints += check_space(name, text)
        complaints += check_words(name, text)
    return complaints


LICENCE = "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"
WRONG = {
    "a.c: no SPDX": {"src/a.c": "int x;\n"},
    "run: no SPDX licence on line 2": {"run": "#!/bin/sh\necho\n# SPDX-License-Identifier: MIT\n"},
    "a.h: no #pragma once": {"include/a.h": LICENCE + "#ifndef A_H\n#define A_H\n#endif\n"},
    "a.c:2: an author line": {"a.c": LICENCE + " * @" "author somebody\n"},
    "a.md:1: a path of one machine": {"a.md": "see /ho" "me/joe/src\n"},
    "a.c:2: a mark of unfinished work": {"a.c": LICENCE + "// TO" "DO later\n"},
    "a.md:1: a word that does not belong": {"a.md": "by Clau" "de\n"},
    "a.c:2: white space": {"a.c": LICENCE + "int x; \n"},
    "a.c: no line end": {"a.c": LICENCE + "int x;"},
}

if __name__ == "__main__":
    lint.main(check, WRONG)
