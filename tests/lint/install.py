#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`meson install` puts each thing in its place, and what it puts there runs: install.py ROOT BUILD"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import lint

ROOT = pathlib.Path(sys.argv[1])
BUILD = pathlib.Path(sys.argv[2])


def version():
    return re.search(r"version: '([^']+)'", lint.read(ROOT / "meson.build")).group(1)


def wanted():
    """Pattern of the path below the prefix: whether it must be executable."""
    manuals = {f"share/man/man{p.stem[-1]}/{p.stem}*": False
               for p in sorted((ROOT / "man").glob("*.scd"))}
    schemas = {f"share/rdna1-doctor/{p.name}": False
               for p in sorted((ROOT / "data").glob("*.schema.json"))}
    return {"bin/rdna1-doctor": True, "share/man/man8/rdna1-doctor.8*": False,
            "share/rdna1-doctor/*.schema.json": False} | manuals | schemas


def check(destdir):
    complaints = []
    for pattern, is_program in wanted().items():
        found = [p for p in destdir.glob(f"**/{pattern}") if p.is_file() and p.stat().st_size]
        if not found:
            complaints.append(f"{pattern}: not installed, or empty")
        elif is_program:
            complaints += try_program(found[0])
    return complaints


def try_program(path):
    if not os.access(path, os.X_OK):
        return [f"{path.name}: not executable"]
    run = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    if run.returncode or version() not in run.stdout:
        return [f"{path.name} --version: {run.returncode}: {run.stdout}{run.stderr}"]
    return []


PROGRAM = "usr/bin/rdna1-doctor"
WRONG = {
    "bin/rdna1-doctor: not installed": {"usr/bin/other": "x"},
    "rdna1-doctor.8*: not installed, or empty": {"usr/share/man/man8/rdna1-doctor.8": ""},
    ".schema.json: not installed": {PROGRAM: "x"},
    "rdna1-doctor: not executable": {PROGRAM: "x"},
}


def main():
    with tempfile.TemporaryDirectory() as destdir:
        run = subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"],
                             env=os.environ | {"DESTDIR": destdir}, capture_output=True,
                             text=True, check=False)
        if run.returncode:
            sys.exit(f"meson install: {run.stdout}{run.stderr}")
        lint.main(check, WRONG, destdir)


if __name__ == "__main__":
    main()
