#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long it takes to get a clean driver: recover.py PROGRAM

On a whole machine of the lab, in one run: what the recipe's own recovery does (with the source put
right by hand, and the image made anew, which it forgets), recover by building, and recover by the
distribution's module. The set is a small one: of AMD's real package the build is all that counts, and
is the same in the first two. Exit 77: no lab, not root.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import system  # noqa: E402  # the tests' own

SKIP = 77
ROUNDS = 1


def recipe(_program, machine):
    release = machine.releases()[0]
    shutil.copy(system.folder() / "kfd_crat.c", machine.crat)
    for words in (["dkms", "remove", f"amdgpu/{machine.version}", "--all"],
                  ["dkms", "add", "-m", "amdgpu", "-v", machine.version],
                  ["dkms", "build", f"amdgpu/{machine.version}", "-k", release],
                  ["dkms", "install", f"amdgpu/{machine.version}", "-k", release],
                  ["update-initramfs", "-u", "-k", release]):
        machine.inside(*words)


def by(method):
    def recover(program, machine):
        run = subprocess.run([program, "recover", "--root", machine.root, "--yes", "--method", method],
                             check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
        if run.returncode:
            raise system.Failed(f"recover --method {method}: exit {run.returncode}\n{run.stdout}")
    return recover


def seconds(program, work):
    best = None
    for _ in range(ROUNDS):
        machine = system.System(system.scratch("bench") / "root")
        start = time.monotonic()
        work(program, machine)
        took = time.monotonic() - start
        best = took if best is None else min(best, took)
        machine.remove()
        machine.root.parent.rmdir()
    return best


def main(program):
    try:
        system.need()
    except system.Unavailable as e:
        print(e)
        return SKIP
    program = os.path.abspath(program)
    old = seconds(program, recipe)
    print(f"the recipe's steps: {old:.1f} s")
    for method in ("source", "intree"):
        took = seconds(program, by(method))
        print(f"recover --method {method}: {took:.1f} s, {took / old:.2f} x the recipe's")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
