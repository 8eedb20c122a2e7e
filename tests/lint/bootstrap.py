#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""./bootstrap on machines that lack everything, one with each package manager: bootstrap.py ROOT

PATH holds the basic commands and a stub in place of the manager, of sudo and of id: what would be
run is written down instead. Nothing is installed, so each run must end by saying that.

Then on a machine that has all, with stubs in place of meson and ninja: who builds, and who looks.
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


NOBODY = 65534
TOOLS = BASIC + "id rm stat find getent cut setpriv tail".split()


def clone(folder, root, owner):
    """A clone of @owner's, and a PATH with all that it needs; meson and ninja say who they are."""
    top, path = folder / "clone", folder / "path"
    top.mkdir()
    path.mkdir()
    shutil.copy(root / "bootstrap", top)
    for command in TOOLS:
        os.symlink(shutil.which(command), path / command)
    for name in ("cc", "pkg-config", "python3", "apt-get"):
        stub(path, name, "exit 0")
    stub(path, "meson", 'echo "meson $(id -u) $HOME" >>"$RAN"; echo >"$2/build.ninja"')
    stub(path, "ninja", 'echo "ninja $(id -u)" >>"$RAN"; cd "$2"; rm -f rdna1-doctor; '
         """printf '#!/bin/sh\\necho "program $(id -u)"\\n' >rdna1-doctor; """
         'chmod +x rdna1-doctor')
    os.symlink(shutil.which("chmod"), path / "chmod")
    for place in (top, top / "bootstrap"):
        os.chown(place, owner, owner)
    folder.chmod(0o755)
    (folder / "ran").touch()
    (folder / "ran").chmod(0o666)
    return top


def ask(folder, verb, caller=None, user=None):
    environment = {"PATH": str(folder / "path"), "RAN": str(folder / "ran"), "HOME": "/root"}
    if caller is not None:
        environment["SUDO_UID"] = str(caller)
    who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    result = subprocess.run([folder / "clone" / "bootstrap", verb], text=True, check=False,
                            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, **who)
    ran = (folder / "ran").read_text()
    (folder / "ran").write_text("")
    return result.stdout, ran, result.returncode


def foreign(folder):
    """The owners of what is in build/."""
    return {p.stat().st_uid for p in [folder / "clone/build", *(folder / "clone/build").rglob("*")]}


def check_owner(root):
    """The two commands of README in either order, by sudo, by root, and by a user alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        clone(folder, root, NOBODY)
        said, ran, code = ask(folder, "check", caller=NOBODY)
        assert code == 0 and "program 0" in said, (said, ran)
        assert f"ninja {NOBODY}" in ran and f"meson {NOBODY}" in ran and " 0\n" not in ran, ran
        assert "/root" not in ran, ran
        assert foreign(folder) == {NOBODY}, foreign(folder)
        said, ran, code = ask(folder, "check", user=NOBODY)
        assert code == 0 and f"program {NOBODY}" in said, said

        said, ran, code = ask(folder, "check")  # root, and no sudo: CI
        assert code == 0 and "program 0" in said and "ninja 0" in ran, (said, ran)
        assert 0 in foreign(folder)
        for verb in ("check", "test"):
            said, ran, code = ask(folder, verb, user=NOBODY)
            assert code == 1 and "sudo rm -r" in said and "Traceback" not in said, said
            assert not ran, ran
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        clone(folder, root, 0)  # root's clone, where a user could not build
        said, ran, code = ask(folder, "check", caller=NOBODY)
        assert code == 0 and "ninja 0" in ran, (said, ran)


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    for manager, (verb, packages) in MANAGERS.items():
        check_manager(root, manager, verb, packages)
    said, _, code = run(root, None, 0, False)
    assert code == 1 and "by hand" in said, said
    if os.geteuid() == 0 and shutil.which("setpriv"):
        check_owner(root)


if __name__ == "__main__":
    main()
