# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of recover share: BINARY TOOLS MODULES SCHEMAS are the arguments of them all.

The machines are those of tests/recovery/whole, whose programs are TOOLS (fake-tools.c). What must
come of them is known from what they are made of: the bytes of the modules, the stock source.
"""

import os
import pathlib
import sys
import tempfile
import unittest

BINARY, TOOLS, MODULES, SCHEMAS = (pathlib.Path(a).resolve() for a in sys.argv[1:5])
TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "recovery")]
import picture  # noqa: E402
import verb  # noqa: E402
import whole  # noqa: E402
from verb import DONE, REFUSED, STATE, tree  # noqa: E402

SKIP = 77
KERNEL, OLDER = "6.14.0-35-generic", "6.14.0-33-generic"
PACKAGE = "amdgpu/6.16.6-2238411.24.04"
SOURCE = "usr/src/amdgpu-6.16.6-2238411.24.04"
CRAT = f"{SOURCE}/amd/amdkfd/kfd_crat.c"
VERSION = f"var/lib/dkms/{PACKAGE}"
WORK = f"{STATE}/work"
MAKE_LOG = f"{WORK}/dkms/{PACKAGE}/build/make.log"
MIB = 1 << 20


def modules(kernel=KERNEL):
    return f"usr/lib/modules/{kernel}"


def updates(kernel=KERNEL):
    return f"{modules(kernel)}/updates/dkms/amdgpu.ko.zst"


def intree(kernel=KERNEL):
    return f"{modules(kernel)}/kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko.zst"


def image(kernel=KERNEL):
    return f"boot/initrd.img-{kernel}"

class Case(verb.Case):
    binary, schemas = BINARY, SCHEMAS
    machine = "one-kernel"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "root"
        self.make(self.machine)

    def make(self, machine):
        verb.copy_of(machine, lambda at: whole.make(machine, at, MODULES, TOOLS), self.root)
        self.before = tree(self.root)

    def changed(self):
        """The machine is as the test wants it."""
        self.before = tree(self.root)

    def bytes(self, path):
        return self.file(path).read_bytes()

    def fake(self, name, kernel=KERNEL):
        """A module of the set as it is built: clean, patched."""
        return self.bytes(f"usr/share/fake/{kernel}/{name}/amdgpu.ko.zst")

    def recover(self, *args, code=DONE):
        return self.answer("recover", "--yes", *args, code=code)

    def refuses(self, *args, words=()):
        """By text and by --json, and nothing is changed or left."""
        self.changed()
        self.refused("recover", "--yes", *args, words=words)
        document = self.recover(*args, code=REFUSED)
        self.assertIn(document["result"], ("refused", "undone"))
        for word in words:
            self.assertIn(word, document["reason"])
        self.is_as_before()
        self.assertFalse(self.file(WORK).exists())
        return document

    def dep(self, kernel=KERNEL):
        lines = self.file(f"{modules(kernel)}/modules.dep").read_text(encoding="utf-8")
        return [p for p in (f"{modules(kernel)}/{line.split(':')[0]}" for line in
                            lines.splitlines()) if p.endswith("/amdgpu.ko.zst")]

    def link(self, name, is_there=True):
        path = self.file(f"usr/sbin/{name}")
        path.unlink(missing_ok=True)
        if is_there:
            path.symlink_to("fake-tools")

    def break_tool(self, *words):
        self.file("usr/share/fake/broken").write_text(" ".join(words), encoding="utf-8")

    def is_built_anew(self, kernel=KERNEL):
        clean = self.fake("clean", kernel)
        self.assertEqual(self.bytes(updates(kernel)), clean)
        self.assertEqual(self.bytes(f"{VERSION}/{kernel}/x86_64/module/amdgpu.ko.zst"), clean)
        self.assertEqual(self.dep(kernel), [updates(kernel)])
        self.assertIn(clean, self.bytes(image(kernel)))
        self.assertTrue(self.file(f"var/lib/dkms/amdgpu/kernel-{kernel}-x86_64").is_symlink())

    def is_intree(self, kernel=KERNEL, picked=None):
        self.assertFalse(self.file(updates(kernel)).exists())
        self.assertFalse(self.file(f"{VERSION}/{kernel}").exists())
        self.assertFalse(self.file(f"var/lib/dkms/amdgpu/kernel-{kernel}-x86_64").is_symlink())
        self.assertEqual(self.dep(kernel), [intree(kernel)])
        self.assertIn(self.bytes(intree(kernel)), self.bytes(picked or image(kernel)))

    def is_stock(self):
        self.assertEqual(self.bytes(CRAT), picture.crat_source("stock", 1091).encode())

    def comes_back(self):
        self.run_verb("rollback", "--yes", "--i-know", code=DONE)
        self.is_as_before()


def lacking():
    if os.geteuid():
        return "the tools of a machine run in a chroot, which is root's"
    try:
        picture.module(MODULES, "ubuntu.zst")
    except picture.Unavailable as e:
        return str(e)
    return None


def main():
    os.umask(0o022)
    if lacking():
        print(lacking())
        sys.exit(SKIP)
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
