#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole machine with a patched driver, which recover may change, and a program that gets its path:

    whole.py TOOLS MODULES MACHINE PROGRAM [ARGUMENT...]

MACHINE is a manifest of tests/recovery/whole, TOOLS the program of fake-tools.c, MODULES the folder
of the modules of the pictures. tests/cli/recover_case.py uses this as a module.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import picture  # noqa: E402


def index(root, tools):
    """modules.dep of every kernel, as the machine's own depmod writes it."""
    for kernel in sorted(os.listdir(root / "usr/lib/modules")):
        subprocess.run(["depmod", "-b", root, kernel], executable=tools, check=True)


def make(machine, root, modules, tools):
    """Raises picture.Unavailable where the modules cannot be had."""
    picture.unpack(HERE / "whole" / machine, root, modules)
    shutil.copy(tools, root / "usr/sbin/fake-tools")
    index(root, tools)


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def main():
    tools, modules, machine, *command = sys.argv[1:]
    if os.geteuid():
        skip("the tools of a machine run in a chroot, which is root's")
    os.umask(0o022)
    memory = pathlib.Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        try:
            make(machine, pathlib.Path(folder) / machine, pathlib.Path(modules), tools)
        except picture.Unavailable as e:
            skip(e)
        done = subprocess.run([*command, f"{folder}/{machine}"], check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
