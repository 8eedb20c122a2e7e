#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No file over 800 lines, no function over 100; those over the aim are listed: sizes.py ROOT

Functions are found by the house's format: a body opens with "{" and closes with "}" in the first
column (C, shell), or is what Python's own parser says.
"""

import ast
import re

import lint

FILE_MAX, FILE_AIM = 800, 350
FUNCTION_MAX, FUNCTION_AIM = 100, 30


def brace_functions(lines):
    """(name, first line, length) of each top-level body."""
    start = name = None
    head = 0  # where the declaration in front of the body begins
    for number, line in enumerate(lines, 1):
        if start is None:
            if re.match(r"[A-Za-z_]", line):
                head = number
            one_line = re.match(r"(\w+)\(\) ?\{", line)
            if line == "{" or one_line:
                start = head or number
                declaration = " ".join(lines[start - 1:number])
                found = re.search(r"(\w+) ?\(", declaration)
                name = found.group(1) if found else "?"
        elif line in ("}", "};"):
            yield name, start, number - start + 1
            start = None


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def functions(path):
    text = lint.read(path)
    if path.suffix == ".py":
        return python_functions(text)
    return brace_functions(text.splitlines())


def is_code(path):
    return path.suffix in (".c", ".h", ".py", ".sh") or (
        not path.suffix and lint.is_script(path, "sh", "bash", "python3"))


def measure(root):
    """Yields (size, aim, most, what) for every file and function."""
    for path in filter(is_code, lint.files(root)):
        name = path.relative_to(root)
        yield len(lint.read(path).splitlines()), FILE_AIM, FILE_MAX, str(name)
        for function, line, length in functions(path):
            yield length, FUNCTION_AIM, FUNCTION_MAX, f"{name}:{line}: {function}()"


def check(root):
    return [f"{what} has {size} lines, {most} at most"
            for size, _, most, what in measure(root) if size > most]


def remarks(root):
    return [f"aim missed: {what}: {size} lines, aim {aim}"
            for size, aim, _, what in sorted(measure(root), reverse=True) if size > aim]


def long_function(head, foot, line):
    return head + f"{line}\n" * 120 + foot


WRONG = {
    "a.c has 801 lines": {"src/a.c": "int x;\n" * 801},
    "a.c:2: f() has 1": {"src/a.c": long_function("\nint f(int a,\n      int b)\n{\n", "}\n", "\ta();")},
    "a.py:1: g() has 121": {"tests/a.py": long_function("def g():\n", "", "    pass")},
    "run:3: h() has 122": {".ci/run": long_function("#!/bin/sh\n\nh() {\n", "}\n", "\ttrue")},
}

if __name__ == "__main__":
    import sys
    for remark in remarks(lint.pathlib.Path(sys.argv[1])):
        print(remark)
    lint.main(check, WRONG)
