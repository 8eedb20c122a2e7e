#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the machine that boot.c works on, and runs that: boot.py DRIVER NAME BINARY MODULES

A small one, for it is unpacked and judged some hundred times: one kernel, whose amdgpu runs.
"""

import pathlib
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
import picture  # noqa: E402
import transaction  # noqa: E402

MANIFEST = f"""include {TESTS}/golden/parts/debian-12
include {TESTS}/golden/parts/amdgpu-loaded
remove usr/lib/modules/6.1.0-49-amd64
at sys/module/amdgpu
file 0444 notes/.note.gnu.build-id @note debian
at /
file 0444 proc/sys/kernel/random/boot_id 11111111-2222-3333-4444-555555555555
dir 0755 var/lib
"""
NOTE_HEAD = 16  # elf(5): three words and the name "GNU"


def main(driver, name, binary, modules):
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        (folder / "manifest").write_text(MANIFEST, encoding="utf-8")
        root = folder / "picture"
        try:
            picture.unpack(folder / "manifest", root, pathlib.Path(modules))
        except picture.Unavailable as e:
            print(f"1..0 # SKIP {e}")
            return 0
        note = (root / "sys/module/amdgpu/notes/.note.gnu.build-id").read_bytes()
        transaction.arm(root, {"boot-id": "99999999-8888-7777-6666-555555555555",
                               "build-id.6.1.0-50-amd64": note[NOTE_HEAD:].hex(),
                               "profile-user": "nobody-of-that-name"})
        return subprocess.run([driver, name, binary, root], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
