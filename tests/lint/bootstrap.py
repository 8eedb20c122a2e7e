#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./bootstrap on machines that lack everything, one with each package manager: bootstrap.py ROOT

PATH holds the basic commands and a stub in place of the manager, of sudo and of id: what would be
run is written down instead. Nothing is installed, so each run must end by saying that.
"""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

BASIC = "sh cat dirname env grep ls mkdir sed sleep sort tr uname".split()

# manager: (the verb that installs, packages among those it must be asked for)
MANAGERS = {
    "apt-get": ("install", ["gcc", "meson", "libcapstone-dev", "libkmod-dev", "zlib1g-dev"]),
    "dnf": ("install", ["gcc", "meson", "pkgconfig(capstone)", "pkgconfig(libkmod)"]),
    "pacman": ("-S", ["gcc", "meson", "capstone", "kmod", "systemd-libs"]),
    "zypper": ("install", ["gcc", "meson", "pkgconfig(capstone)", "pkgconfig(libkmod)"]),
}


def stub(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def run(root, manager, uid, has_sudo):
    """What ./bootstrap check says, the commands it ran, and its exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for command in BASIC:
            os.symlink(shutil.which(command), folder / command)
        stub(folder, "id", f"echo {uid}")
        if has_sudo:
            stub(folder, "sudo", 'echo "sudo" >>"$RAN"; exec "$@"')
        if manager:
            stub(folder, manager, f'echo "{manager} $*" >>"$RAN"')
        ran = folder / "ran"
        ran.touch()
        result = subprocess.run([root / "bootstrap", "check"], text=True, check=False,
                                env={"PATH": name, "RAN": str(ran)}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return result.stdout, ran.read_text(), result.returncode


def check_manager(root, manager, verb, packages):
    said, ran, code = run(root, manager, 0, False)
    assert code == 1 and "still not found" in said, said
    commands = [line.split() for line in ran.splitlines() if verb in line.split()]
    assert commands, (said, ran)
    for package in packages:
        assert package in commands[0], (package, ran)
        assert package in said.split("installing them")[0], (package, said)
    assert "sudo" not in ran, ran

    said, ran, code = run(root, manager, 1000, True)
    assert ran.startswith("sudo\n") and verb in ran, (said, ran)

    said, ran, code = run(root, manager, 1000, False)
    assert code == 1 and not ran, (said, ran)
    advice = shlex.split(said.split("as root, run: ")[1])
    assert manager in advice and verb in advice and set(packages) <= set(advice), said


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    for manager, (verb, packages) in MANAGERS.items():
        check_manager(root, manager, verb, packages)
    said, _, code = run(root, None, 0, False)
    assert code == 1 and "by hand" in said, said


if __name__ == "__main__":
    main()
