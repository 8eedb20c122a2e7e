#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One tool of others over the files that it is for: tools.py ROOT TOOL [BUILD]

Each tool first gets a file with a fault that it must find, then the tree. A tool that is missing, or
a clang-format of another version than the one that defines the house's format, is a skip.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import lint

CLANG_FORMAT = 14  # the next major version breaks lines elsewhere

# What clang is told in place of the build's own flags, which are gcc's.
CFLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", '-DRD_VERSION="0"', "-Iinclude"]


def skip(reason):
    print(reason)
    sys.exit(lint.SKIP)


def command(*names):
    found = next(filter(None, map(shutil.which, names)), None)
    return found or skip(f"{names[-1]} is missing")


def clang_format():
    path = command(f"clang-format-{CLANG_FORMAT}", "clang-format")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    if not re.search(rf"version {CLANG_FORMAT}\.", version):
        skip(f"clang-format {CLANG_FORMAT} defines the format, and here is: {version.strip()}")
    return [path, "--dry-run", "--Werror", "--style=file"]


# Leaks are for ASan and valgrind: cppcheck does not see what rd_array_push() takes over.
def cppcheck():
    return [command("cppcheck"), "--quiet", "--enable=warning,performance,portability",
            "--std=c11", "--suppress=memleak", "--inline-suppr", "--error-exitcode=1", "-Iinclude",
            "--template={file}:{line}: {id}: {message}"]


def clang_tidy():
    path = command("clang-tidy")
    return [path, "--quiet", *(f"--extra-arg={flag}" for flag in CFLAGS)]


def mandoc():
    # Warnings are about the empty paragraphs that scdoc leaves everywhere.
    return [command("mandoc"), "-T", "lint", "-W", "error"]


def manuals(_):
    """The pages that the build made."""
    return sorted(BUILD.glob("man/*.[1-9]"))


def scripts(*interpreters):
    return lambda root: [p for p in lint.files(root)
                         if p.suffix == ".sh" or not p.suffix and lint.is_script(p, *interpreters)]


def below(*folders):
    return lambda root: [p for p in lint.files(root, ".c")
                         if p.relative_to(root).parts[0] in folders]


BUILD = pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else "build").resolve()

# What scdoc's pages always have, and what clang-tidy counts that is not the project's.
NOISE = re.compile(r"skipping paragraph macro: PP (empty|after SH)"
                   r"|^\d+ warnings?( and .*)? generated|^Suppressed |^Use -header-filter|^$")

FAULTY_C = "int f(int n)\n{\n\tint a[2] = { n, n };\n\n\tif (n == n)\n\t\tn = a[2];\n\treturn n;\n}\n"

# tool: (its command, its files, name and content of a file that it must reject)
TOOLS = {
    "clang-format": (clang_format, lambda root: lint.files(root, ".c", ".h"),
                     "a.c", "int f( int a ){ return a;}\n"),
    "clang-tidy": (clang_tidy, below("src"), "a.c", FAULTY_C),
    "cppcheck": (cppcheck, below("src", "recovery"), "a.c", FAULTY_C),
    "mandoc": (mandoc, manuals, "a.1", ".TH a 1\n.SH NAME\na\n.XYZ\n"),
    "pyflakes": (lambda: [sys.executable, "-m", "pyflakes"], lambda root: lint.files(root, ".py"),
                 "a.py", "import os\n"),
    "shellcheck": (lambda: [command("shellcheck"), "-x"], scripts("sh", "bash"),
                   "a.sh", "#!/bin/sh\nrm $1/*\n"),
}


def run(args, paths, root):
    """One process a CPU, each with its share of the files; what those said that complained."""
    workers = min(os.cpu_count() or 1, len(paths))
    shares = [paths[i::workers] for i in range(workers)]

    def one(share):
        return subprocess.run([*args, *map(str, share), *after(args)], cwd=root,
                              capture_output=True, text=True, check=False)

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        outputs = [r.stdout + r.stderr for r in pool.map(one, shares) if r.returncode]
    lines = "".join(outputs).splitlines() or ["failed without a word"] * len(outputs)
    return [line for line in lines if not NOISE.search(line)]


def after(args):
    """clang-tidy takes `--` for "no compilation database"."""
    return ["--"] if "clang-tidy" in args[0] else []


def prove(tool, args, root, name, content):
    with tempfile.TemporaryDirectory() as folder:
        for settings in (".clang-format", ".clang-tidy"):
            shutil.copy(root / settings, folder)
        path = pathlib.Path(folder, name)
        path.write_text(content, encoding="utf-8")
        if not run(args, [path], folder):
            sys.exit(f"{tool} is blind: it accepted {content!r}")


def main():
    root, tool = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    make, select, name, content = TOOLS[tool]
    args = make()
    prove(tool, args, root, name, content)
    paths = select(root)
    complaints = run(args, paths, root) if paths else [f"nothing here for {tool}"]
    print("\n".join(complaints))
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
