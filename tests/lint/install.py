#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`meson install` puts each thing in its place and nothing anywhere else, what it puts there runs,
and `ninja uninstall` takes all of it away again: install.py ROOT BUILD
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import lint

ROOT = pathlib.Path(sys.argv[1])
BUILD = pathlib.Path(sys.argv[2])


def version():
    return re.search(r"version: '([^']+)'", lint.read(ROOT / "meson.build")).group(1)


def has_systemd():
    """Without its pkg-config file nobody knows where units belong."""
    return not subprocess.run(["pkg-config", "--exists", "systemd"], check=False).returncode


def wanted():
    """Pattern of the path below the prefix: whether it must be executable."""
    manuals = {f"share/man/man{p.stem[-1]}/{p.stem}*": False
               for p in sorted((ROOT / "man").glob("*.scd"))}
    schemas = {f"share/rdna1-doctor/{p.name}": False
               for p in sorted((ROOT / "data").glob("*.schema.json"))}
    completions = {f"share/{path}": False for path in (
        "bash-completion/completions/rdna1-doctor", "fish/vendor_completions.d/rdna1-doctor.fish",
        "zsh/*/_rdna1-doctor")}
    units = {f"lib/systemd/system/{p.name}": False
             for p in (BUILD / "data" / "systemd").glob("*.service")} if has_systemd() else {}
    catalogs = {f"systemd/catalog/{p.name}": False
                for p in (BUILD / "data" / "systemd").glob("*.catalog")}
    return {"bin/rdna1-doctor": True, "share/man/man8/rdna1-doctor.8*": False,
            "share/rdna1-doctor/*.schema.json": False, "share/rdna1-doctor/workload.py": False,
            } | manuals | schemas | completions | units | catalogs


# Where a file of ours may be, below the root or a prefix; all else has been misplaced.
PLACES = re.compile(r"(^|/)(bin/rdna1-doctor|share/man/man[1-8]/rdna1-doctor[\w.-]*"
                    r"|share/rdna1-doctor/[^/]+|lib/systemd/[\w/-]+/rdna1-doctor[\w.-]*"
                    r"|lib/greenboot/check/wanted.d/50-rdna1-doctor.sh"
                    r"|share/(bash-completion|fish|zsh)/[\w./-]*/_?rdna1-doctor(\.fish)?)$")


def check(destdir):
    complaints = []
    for pattern, is_program in wanted().items():
        found = [p for p in destdir.glob(f"**/{pattern}") if p.is_file() and p.stat().st_size]
        if not found:
            complaints.append(f"{pattern}: not installed, or empty")
        elif is_program:
            complaints += try_program(found[0])
    return complaints + [f"{path}: misplaced" for path in installed(destdir)
                         if not PLACES.search(path)]


def installed(destdir):
    return [str(p.relative_to(destdir)) for p in destdir.rglob("*") if not p.is_dir()]


def try_program(path):
    if not os.access(path, os.X_OK):
        return [f"{path.name}: not executable"]
    run = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    if run.returncode or version() not in run.stdout:
        return [f"{path.name} --version: {run.returncode}: {run.stdout}{run.stderr}"]
    return []


def run(command, destdir):
    done = subprocess.run(command, env=os.environ | {"DESTDIR": str(destdir)}, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")


def install_and_uninstall(destdir):
    """What is there after an installation, and what is left when it is taken back."""
    run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet"], destdir)
    tree = destdir.with_name("installed")
    shutil.copytree(destdir, tree, symlinks=True)
    run([shutil.which("ninja") or "ninja-build", "-C", BUILD, "uninstall"], destdir)
    return tree, installed(destdir)


PROGRAM = "usr/bin/rdna1-doctor"
WRONG = {
    "bin/rdna1-doctor: not installed": {"usr/bin/other": "x"},
    "rdna1-doctor.8*: not installed, or empty": {"usr/share/man/man8/rdna1-doctor.8": ""},
    ".schema.json: not installed": {PROGRAM: "x"},
    "rdna1-doctor: not executable": {PROGRAM: "x"},
    "usr/share/zsh/rdna1-doctor.txt: misplaced": {"usr/share/zsh/rdna1-doctor.txt": "x"},
}


def main():
    # The build's own note of where it is installed, which uninstall goes by.
    log = BUILD / "meson-logs" / "install-log.txt"
    kept = log.read_bytes() if log.exists() else None
    with tempfile.TemporaryDirectory() as folder:
        try:
            tree, left = install_and_uninstall(pathlib.Path(folder, "destdir"))
        finally:
            log.unlink(missing_ok=True)
            if kept is not None:
                log.write_bytes(kept)
        if left:
            sys.exit(f"left by uninstall: {left}")
        lint.main(check, WRONG, tree)


if __name__ == "__main__":
    main()
