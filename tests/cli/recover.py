#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""recover on whole small machines: recover.py BINARY TOOLS MODULES SCHEMAS

The machines are those of tests/recovery/whole, whose programs are TOOLS (fake-tools.c). What must
come of them is known from what they are made of: the bytes of the modules, the stock source.
"""

import fcntl
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BINARY, TOOLS, MODULES, SCHEMAS = (pathlib.Path(a).resolve() for a in sys.argv[1:5])
TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "recovery")]
import picture  # noqa: E402
import verb  # noqa: E402
import whole  # noqa: E402
from verb import DONE, FAILED, REFUSED, STATE, USAGE, tree  # noqa: E402

SKIP = 77
KERNEL, OLDER = "6.14.0-35-generic", "6.14.0-33-generic"
PACKAGE = "amdgpu/6.16.6-2238411.24.04"
SOURCE = "usr/src/amdgpu-6.16.6-2238411.24.04"
CRAT = f"{SOURCE}/amd/amdkfd/kfd_crat.c"
VERSION = f"var/lib/dkms/{PACKAGE}"
WORK = f"{STATE}/work"
MAKE_LOG = f"{WORK}/dkms/{PACKAGE}/build/make.log"
MIB = 1 << 20
HOLD = """import fcntl, sys
with open(sys.argv[1], "r+b") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print("!", flush=True)
    sys.stdin.read()
"""


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


class Methods(Case):
    def test_source(self):
        document = self.recover()
        kernel = document["kernels"][0]
        self.assertEqual((document["result"], document["transaction"], document["resumed"]),
                         ("done", 1, None))
        self.assertEqual((kernel["release"], kernel["method"], kernel["package"],
                          kernel["module"]), (KERNEL, "source", PACKAGE, f"/lib/modules/{KERNEL}/"
                                              "updates/dkms/amdgpu.ko.zst"))
        self.assertEqual((document["images"], document["sources"][0]["way"]),
                         ([f"/{image()}"], "reversal"))
        self.is_built_anew()
        self.is_stock()
        self.assertEqual(os.stat(self.file(CRAT)).st_mode & 0o7777, 0o640)
        self.assertFalse(self.file(WORK).exists())
        self.assertEqual(self.run_verb("check").returncode, 4)
        document = self.recover()
        self.assertEqual((document["result"], document["transaction"]), ("nothing", None))
        self.comes_back()

    def test_intree(self):
        self.assertEqual(self.recover("--method", "intree")["kernels"][0]["method"], "intree")
        self.is_intree()
        self.is_stock()
        self.assertEqual(self.run_verb("check").returncode, 4)
        self.assertEqual(self.recover()["result"], "nothing")
        self.comes_back()

    def test_backup(self):
        self.refuses("--method", "backup", words=[KERNEL, "no set"])
        self.recover()
        for path in (updates(), f"{VERSION}/{KERNEL}/x86_64/module/amdgpu.ko.zst"):
            self.file(path).write_bytes(self.fake("patched"))
        self.changed()
        document = self.recover("--method", "backup")
        self.assertEqual(document["kernels"][0]["method"], "backup")
        self.is_built_anew()
        self.comes_back()

    def test_package(self):
        """The kernel's own file was overwritten; its package lies in apt's cache."""
        name = f"linux-modules-{KERNEL}"
        good = self.bytes(intree())
        self.refuses("--method", "package", words=[KERNEL, "package"])
        for path in (SOURCE, "var/lib/dkms", modules() + "/updates"):
            subprocess.run(["rm", "-r", self.file(path)], check=True)
        self.file(intree()).write_bytes(self.fake("patched"))
        whole.index(self.root, TOOLS)
        self.refuses("--method", "auto", words=["no package archive"])
        self.file("var/lib/dpkg/status").write_text(
            f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n"
            "Version: 1:6.14.0-35.35\n\n", encoding="utf-8")
        file_name = f"{name}_1%3a6.14.0-35.35_amd64.deb"
        archive = picture.deb_package([f"lib/modules/{KERNEL}/kernel/drivers/gpu/drm/amd/amdgpu/"
                                       "amdgpu.ko.zst=ubuntu.zst"], MODULES)
        self.is_downloaded(f"{name}=1:6.14.0-35.35", file_name, archive, good)
        cache = self.file("var/cache/apt/archives")
        cache.mkdir(parents=True)
        (cache / file_name).write_bytes(archive)
        self.changed()
        self.is_packaged(good, "--method", "package")

    def is_packaged(self, good, *args):
        """recover puts the package's module back; and rollback the one that was there."""
        document = self.recover(*args)
        self.assertEqual(document["kernels"][0]["method"], "package")
        self.assertEqual(self.bytes(intree()), good)
        self.assertIn(good, self.bytes(image()))
        self.comes_back()
        self.assertFalse(self.file(WORK).exists())

    def is_downloaded(self, what, file_name, archive, good):
        """Only if asked to; and only what is the installed package's is taken out of it."""
        self.refuses(words=[f"--download fetches {what.replace('=', ' ')}"])
        self.refuses("--download", words=["apt-get is not installed"])
        self.link("apt-get")
        self.refuses("--download", words=[f"download {what}", "Can't find a source"])
        there = self.file(f"usr/share/fake/archives/{what}")
        there.mkdir(parents=True)
        (there / file_name).write_bytes(picture.deb_package(
            [f"lib/modules/{KERNEL}/kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko.zst="
             "ubuntu-older.zst"], MODULES))
        self.refuses("--download", words=["no package archive"])
        (there / file_name).write_bytes(archive)
        self.changed()
        self.run_verb("recover", "--dry-run", "--download", code=REFUSED)
        self.is_as_before()
        self.is_packaged(good, "--download")

    def test_build_fails(self):
        self.break_tool("dkms")
        self.changed()
        kernel = self.recover()["kernels"][0]
        self.assertEqual(kernel["method"], "intree")
        self.assertIn("error: expected ';'", kernel["reason"])
        self.assertIn("error: expected ';'", self.file(f"{STATE}/log/make-{KERNEL}.log")
                      .read_text(encoding="utf-8"))
        self.is_intree()
        self.is_stock()
        self.comes_back()
        self.refuses("--method", "source", words=[KERNEL, "error: expected ';'", "log/make-"])

    def test_stray_module(self):
        """Somebody copied a patched module there; dkms knows nothing of it."""
        for path in (SOURCE, "var/lib/dkms"):
            subprocess.run(["rm", "-r", self.file(path)], check=True)
        self.changed()
        kernel = self.recover()["kernels"][0]
        self.assertEqual((kernel["method"], kernel["package"]), ("intree", None))
        self.is_intree()
        self.comes_back()

    def test_stray_set(self):
        """Its siblings go too: the distribution's driver would not load with them."""
        for path in (SOURCE, "var/lib/dkms"):
            subprocess.run(["rm", "-r", self.file(path)], check=True)
        self.changed()
        self.recover()
        left = [path.name for path in self.file(modules() + "/updates").rglob("*.ko*")]
        self.assertEqual(left, [])
        self.comes_back()

    def test_source_that_is_a_link(self):
        """Nothing is written through it but what is journalled."""
        self.file("opt").mkdir(exist_ok=True)
        self.file(SOURCE).rename(self.file("opt/dev"))
        self.file(SOURCE).symlink_to("/opt/dev")
        self.break_tool("dkms")
        self.refuses("--method", "source", words=["build failed"])
        self.break_tool("nothing")
        self.changed()
        self.assertEqual(self.recover()["kernels"][0]["method"], "source")
        self.assertEqual(self.bytes("opt/dev/amd/amdkfd/kfd_crat.c"),
                         picture.crat_source("stock", 1091).encode())
        self.comes_back()

    def test_built_only(self):
        """Nothing of it is installed, and autoinstall would put it back."""
        subprocess.run(["rm", "-r", self.file(modules() + "/updates")], check=True)
        self.file(f"var/lib/dkms/amdgpu/kernel-{KERNEL}-x86_64").unlink()
        whole.index(self.root, TOOLS)
        self.file(image()).write_bytes(picture.initramfs(".", [], MODULES))
        self.changed()
        document = self.recover()
        self.assertEqual((document["kernels"][0]["method"], document["images"]), ("unbuild", []))
        self.is_stock()
        self.assertFalse(self.file(f"{VERSION}/{KERNEL}").exists())
        self.assertTrue(self.file(f"{VERSION}/source").is_symlink())
        self.assertEqual(self.dep(), [intree()])
        self.comes_back()

    def test_image_only(self):
        for path in (updates(), f"{VERSION}/{KERNEL}/x86_64/module/amdgpu.ko.zst"):
            self.file(path).write_bytes(self.fake("clean"))
        self.file(CRAT).write_text(picture.crat_source("stock", 1091), encoding="utf-8")
        self.changed()
        self.assertEqual(self.recover()["kernels"][0]["method"], "image")
        self.assertIn(self.fake("clean"), self.bytes(image()))
        self.comes_back()

    def test_source_only(self):
        self.recover("--method", "intree")
        self.file(CRAT).write_text(picture.crat_source("published-applied", 1091),
                                   encoding="utf-8")
        self.changed()
        document = self.recover()
        self.assertEqual((document["kernels"], document["images"]), ([], []))
        self.is_stock()
        self.comes_back()

    def test_leftovers(self):
        left = "etc/modprobe.d/amdgpu-mtype.conf"
        self.assertEqual(self.recover()["leftovers"], [])
        self.assertTrue(self.file(left).exists())
        self.assertEqual(self.recover("--leftovers")["leftovers"], [f"/{left}"])
        self.assertFalse(self.file(left).exists())
        self.run_verb("rollback", "--yes", code=DONE)
        self.assertTrue(self.file(left).exists())


class TwoKernels(Case):
    machine = "two-kernels"

    def test_both(self):
        self.assertEqual([k["method"] for k in self.recover()["kernels"]], ["source", "source"])
        self.is_built_anew()
        self.is_built_anew(OLDER)
        self.comes_back()

    def test_one_build_fails(self):
        for broken, other in ((KERNEL, OLDER), (OLDER, KERNEL)):
            self.break_tool(f"dkms:{broken}")
            self.changed()
            self.recover()
            self.is_intree(broken)
            self.is_built_anew(other)
            self.is_stock()
            self.comes_back()

    def test_a_copy_of_the_source_that_was_cut_off(self):
        """The next kernel is not built from what there is of it."""
        self.break_tool("once:cp")
        methods = {k["release"]: k["method"] for k in self.recover()["kernels"]}
        self.assertEqual(sorted(methods.values()), ["intree", "source"])
        for kernel, method in methods.items():
            (self.is_intree if method == "intree" else self.is_built_anew)(kernel)

    def test_one_of_them(self):
        document = self.recover("--kernel", OLDER)
        self.assertEqual([k["release"] for k in document["kernels"]], [OLDER])
        self.is_built_anew(OLDER)
        self.assertEqual(self.bytes(updates()), self.fake("patched"))
        self.assertIn(self.fake("patched"), self.bytes(image()))
        self.recover()
        self.is_built_anew()


class Images(Case):
    def other_maker(self, tool, name):
        self.link("mkinitramfs", False)
        self.link(tool)
        self.file(image()).rename(self.file(name))
        self.changed()

    def test_by_each_maker(self):
        before = self.bytes(image())
        for tool, name in (("dracut", f"boot/initramfs-{KERNEL}.img"),
                           ("mkinitcpio", "boot/initramfs-linux.img"),
                           ("booster", "boot/booster-linux.img")):
            with self.subTest(tool=tool):
                self.other_maker(tool, name)
                self.assertEqual(self.recover("--method", "intree")["images"], [f"/{name}"])
                self.is_intree(picked=name)
                self.comes_back()
                self.assertEqual(self.bytes(name), before)
                self.link(tool, False)
                self.file(name).rename(self.file(image()))

    def test_no_maker(self):
        self.link("mkinitramfs", False)
        document = self.refuses(words=[f"/{image()}", "none of mkinitramfs, dracut"])
        self.assertEqual(document["result"], "refused")

    def test_no_image(self):
        self.link("mkinitramfs", False)
        self.file(image()).unlink()
        self.changed()
        self.assertEqual(self.recover()["images"], [])
        self.assertEqual(self.bytes(updates()), self.fake("clean"))
        self.comes_back()

    def test_made_wrongly(self):
        for words, said in ((["mkinitramfs"], "failed for"), (["cut"], f"{image()}"),
                            (["patched"], "patched")):
            with self.subTest(words=words):
                self.break_tool(*words)
                document = self.refuses(words=[image(), said])
                self.assertEqual(document["result"], "undone")
        self.file("usr/share/fake/broken").unlink()
        self.recover()
        self.is_built_anew()

    def test_unified_image_stays(self):
        uki = "efi/EFI/Linux/ubuntu.efi"
        self.file(uki).parent.mkdir(parents=True)
        self.file(uki).write_bytes(picture.uki(
            KERNEL, ".", [f"usr/lib/modules/{KERNEL}/updates/dkms/amdgpu.ko.zst="
                          "ubuntu-dkms-applied.zst"], MODULES))
        self.changed()
        was = self.bytes(uki)
        document = self.recover(code=REFUSED)
        self.assertEqual((document["result"], document["images"]), ("done", [f"/{image()}"]))
        self.assertIn(f"/{uki}", document["rests"][0]["what"])
        self.assertIn("unified kernel image", document["rests"][0]["way_out"])
        self.assertEqual(self.bytes(uki), was)
        self.is_built_anew()
        self.assertEqual(self.run_verb("check").returncode, 3)
        document = self.recover(code=REFUSED)
        self.assertEqual((document["result"], len(document["rests"])), ("nothing", 1))
        self.assertIn("stays", self.run_verb("recover", "--yes", code=REFUSED).stderr)


class Refusals(Case):
    """Nothing is changed; the reason is said, and the way out."""

    def test_dry_run(self):
        for folder in (True, False):
            if not folder:
                self.file(STATE).rmdir()
            was = tree(self.root, without=None)
            done = self.run_verb("recover", "--dry-run", code=DONE)
            self.assertIn("source", done.stdout)
            document = self.answer("recover", "--dry-run")
            self.assertEqual((document["result"], document["is_dry_run"],
                              document["kernels"][0]["fallback"]), ("planned", True, "intree"))
            self.assertIn("0x731F", document["sources"][0]["difference"])
            self.assertEqual(tree(self.root, without=None), was)

    def test_no_such_kernel(self):
        self.refuses("--kernel", "9.9.9-none", words=["9.9.9-none", "/lib/modules"])

    def test_file_system_that_is_not_mounted(self):
        self.file("etc/fstab").write_text("# boot\nUUID=1 / ext4 defaults 0 1\n"
                                          "UUID=2\t/boot ext4 defaults 0 2\n", encoding="utf-8")
        self.refuses(words=["/boot is a file system of its own", "mount it"])
        self.assertIn(self.run_verb("check").returncode, (3, 6))

    def test_dkms_tree_elsewhere(self):
        """Found before anything is built."""
        self.file("srv").mkdir(exist_ok=True)
        self.file("var/lib/dkms").rename(self.file("srv/dkms"))
        self.file("etc/dkms").mkdir(parents=True, exist_ok=True)
        self.file("etc/dkms/framework.conf").write_text('dkms_tree="/srv/dkms"\n', encoding="utf-8")
        self.refuses("--method", "source", words=["srv/dkms", "no path that may be changed"])

    def test_no_such_user(self):
        self.refuses("--profile", "nobody-of-that-name", words=["no user nobody-of-that-name"])

    def test_wrong_use(self):
        for args in (["--method", "prayer"], ["--method", "none"], ["--method", "image"],
                     ["--method"], ["now"], ["--i-know"]):
            self.refused("recover", "--yes", *args, code=USAGE,
                         words=["see 'rdna1-doctor recover --help'"])

    def test_no_terminal(self):
        done = self.refused("recover", words=["no terminal", "--yes"])
        self.assertIn("/boot/initrd.img", done.stdout)
        document = self.answer("recover", code=REFUSED)
        self.assertEqual(document["result"], "refused")

    def test_somebody_who_is_not_root(self):
        os.chmod(self.root.parent, 0o755)
        done = self.run_verb("recover", "--yes", user=65534)
        self.assertEqual(done.returncode, REFUSED, done.stderr)
        self.assertIn("only root", done.stderr)

    def test_no_system(self):
        empty = self.root.parent / "empty"
        empty.mkdir()
        done = subprocess.run([BINARY, "recover", "--yes", "--root", empty], check=False,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("no system", done.stderr)
        self.assertEqual(os.listdir(empty), [])

    def test_another_run(self):
        with open(self.file(f"{STATE}/lock"), "w", encoding="utf-8") as lock:
            lock.write("4711\n")
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refuses(words=["another run", "4711"])

    def test_journal_of_a_later_version(self):
        self.recover()
        intent = self.file(f"{STATE}/txn/0001/00-intent")
        intent.write_bytes(b"rdna1-doctor: plan 2\n")
        self.refuses(words=["0001", "version 2", "use that version"])

    def test_package_manager_at_work(self):
        for name in ("lock-frontend", "lock"):
            # In another process: fcntl(2) gives it up when this one closes the file anywhere.
            with subprocess.Popen([sys.executable, "-c", HOLD, self.file(f"var/lib/dpkg/{name}")],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
                self.assertEqual(other.stdout.read(1), b"!")
                self.refuses(words=["package manager", f"process {other.pid}", "wait"])
                other.stdin.close()

    def test_package_manager_interrupted(self):
        self.file("var/lib/dpkg/updates/0001").write_text("Package: x\n", encoding="utf-8")
        self.refuses(words=["dpkg --configure -a"])
        self.file("var/lib/dpkg/updates/0001").unlink()
        self.file("var/lib/pacman").mkdir()
        self.file("var/lib/pacman/db.lck").touch()
        self.refuses(words=["pacman", "db.lck"])

    def test_what_a_build_needs(self):
        for path, word in ((f"{modules()}/build", f"headers of {KERNEL}"),
                           ("usr/sbin/gcc", "compiler"), ("usr/sbin/make", "compiler"),
                           ("usr/sbin/dkms", "dkms is not installed")):
            with self.subTest(path=path):
                target = os.readlink(self.file(path))
                self.file(path).unlink()
                self.refuses("--method", "source", words=[word])
                kernel = self.recover()["kernels"][0]
                self.assertEqual(kernel["method"], "intree")
                self.assertIn(word, kernel["reason"])
                self.comes_back()
                self.file(path).symlink_to(target)

    def test_nothing_to_fall_back_on(self):
        self.file(intree()).unlink()
        self.break_tool("dkms")
        self.refuses(words=["error: expected ';'"])
        self.file(f"{modules()}/build").unlink()
        self.refuses(words=["headers of", "no amdgpu of the distribution"])

    def test_index_cannot_be_made(self):
        self.break_tool("depmod")
        self.assertEqual(self.refuses(words=["No space left"])["result"], "undone")

    def spoil(self):
        """The source says more than anybody can take out of it."""
        lines = picture.crat_source("stock", 1091).splitlines()
        at = lines.index("\t\tint ret = kfd_parse_subtype(sub_type_hdr, device_list);")
        lines[at + 1:at + 1] = ["", "\t\tif (kfd_device(device_list) == 0x731f)",
                                "\t\t\tsub_type_hdr->flags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;"]
        self.file(CRAT).write_text("\n".join(lines), encoding="utf-8")
        self.changed()

    def test_source_that_cannot_be_restored(self):
        """dkms may not build from it again."""
        self.spoil()
        self.refuses("--method", "source", words=[f"/{CRAT} cannot be restored"])
        document = self.recover(code=REFUSED)  # the file itself stays as it is
        self.assertEqual((document["kernels"][0]["method"], document["unregistered"]),
                         ("intree", [PACKAGE]))
        self.is_intree()
        self.assertFalse(self.file(VERSION).exists())
        self.assertEqual(self.before[CRAT], tree(self.root)[CRAT])
        self.comes_back()

    def test_and_only_a_backup_helps(self):
        """The modules come back, and dkms knows nothing of them."""
        self.recover()
        self.file(intree()).unlink()
        for path in (updates(), f"{VERSION}/{KERNEL}/x86_64/module/amdgpu.ko.zst"):
            self.file(path).write_bytes(self.fake("patched"))
        self.spoil()
        document = self.recover(code=REFUSED)
        self.assertEqual((document["kernels"][0]["method"], document["unregistered"]),
                         ("backup", [PACKAGE]))
        self.assertEqual(self.bytes(updates()), self.fake("clean"))
        self.assertIn(self.fake("clean"), self.bytes(image()))
        self.assertFalse(self.file(VERSION).exists())
        self.assertFalse(self.file(f"var/lib/dkms/amdgpu/kernel-{KERNEL}-x86_64").is_symlink())
        self.comes_back()

    def test_stopped(self):
        self.break_tool("slow")
        with subprocess.Popen([BINARY, "recover", "--yes", "--root", self.root],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True) as run:
            while not self.file(MAKE_LOG).exists():
                self.assertIsNone(run.poll())
                time.sleep(0.05)
            run.send_signal(signal.SIGTERM)
            said = run.communicate(timeout=60)[1]
        self.assertEqual(run.returncode, REFUSED, said)
        self.assertIn("stopped", said)
        self.assertEqual(tree(self.root)[CRAT], self.before[CRAT])
        self.assertFalse(self.file(WORK).exists())


class SecureBoot(Case):
    def trust(self, keyrings):
        manifest = self.root.parent / "manifest"
        manifest.write_text(
            f"include {TESTS}/recovery/whole/one-kernel\ninclude {TESTS}/golden/parts/secure-boot\n"
            f"at .\nfile 0444 proc/sys/kernel/osrelease {KERNEL}\n"
            f"file 0444 proc/keys @keys {keyrings}\n"
            f"file 0600 rdna1-doctor/keyrings @keyrings {keyrings}\n", encoding="utf-8")
        subprocess.run(["rm", "-r", self.root], check=True)
        picture.unpack(manifest, self.root, MODULES)
        self.file("usr/sbin/fake-tools").write_bytes(TOOLS.read_bytes())
        self.file("usr/sbin/fake-tools").chmod(0o755)
        whole.index(self.root, TOOLS)
        self.changed()

    def test_key_enrolled(self):
        self.trust(".builtin_trusted_keys=kernel .machine=mok .platform=fedora-key")
        self.assertEqual(self.recover()["kernels"][0]["method"], "source")
        self.is_built_anew()
        self.comes_back()

    def test_key_not_enrolled(self):
        self.trust(".builtin_trusted_keys=kernel .machine= .platform=fedora-key")
        self.refuses("--method", "source", words=["Secure Boot", "mokutil"])
        kernel = self.recover()["kernels"][0]
        self.assertEqual(kernel["method"], "intree")
        self.assertIn("mokutil", kernel["reason"])
        self.is_intree()
        self.comes_back()

    def test_signed_by_another(self):
        self.trust(".builtin_trusted_keys=kernel .machine=mok .platform=fedora-key")
        data = picture.module(MODULES, "ubuntu-dkms")
        end = data.rindex(b"~Module signature appended~\n")
        signature = int.from_bytes(data[end - 4:end], "big")
        data = data[:end - 12 - signature]
        self.file(f"usr/share/fake/{KERNEL}/clean/amdgpu.ko.zst").write_bytes(
            picture.compress(data, ".zst"))
        self.refuses("--method", "source", words=["not signed with the key"])
        self.assertEqual(self.recover()["kernels"][0]["method"], "intree")


class Room(Case):
    def mount(self, path, size):
        """A file system of its own at a folder, with what is in it."""
        spare = self.root.parent / "spare"
        subprocess.run(["cp", "-a", self.file(path), spare], check=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs",
                               self.file(path)], check=False, capture_output=True, text=True)
        if done.returncode:
            self.skipTest(f"mount: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.file(path)], check=True)
        subprocess.run(["cp", "-a", f"{spare}/.", self.file(path)], check=True)

    def remount(self, path, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.file(path)], check=True)

    def test_read_only(self):
        self.mount("boot", MIB)
        self.remount("boot", "ro")
        self.refuses(words=["/boot", "read-only", "remount,rw"])
        self.remount("boot", "rw")
        self.recover()
        self.is_built_anew()

    def test_read_only_state(self):
        self.mount(STATE, MIB)
        self.remount(STATE, "ro")
        done = self.refused("recover", "--yes", words=["ead-only", "remount,rw"])
        self.assertEqual(done.stdout, "")
        self.remount(STATE, "rw")

    def test_full_boot(self):
        self.mount("boot", MIB)
        with open(self.file("boot/filler"), "wb") as f:
            free = os.statvfs(f.fileno())
            f.write(b"\0" * free.f_bavail * free.f_bsize)
        self.refuses(words=["/boot", "MiB free", "wanted"])
        self.file("boot/filler").unlink()
        self.recover()
        self.is_built_anew()

    def test_full_state(self):
        self.mount(STATE, 4 * MIB)
        self.refuses(words=[STATE, "MiB free"])

    def test_no_room_to_build(self):
        """The distribution's driver needs none of it."""
        self.mount(STATE, 64 * MIB)
        with open(self.file(f"{SOURCE}/large"), "wb") as f:
            f.truncate(100 * MIB)
        self.changed()
        kernel = self.recover()["kernels"][0]
        self.assertEqual(kernel["method"], "intree")
        self.assertIn("no room to build", kernel["reason"])
        self.is_intree()
        self.comes_back()
        self.refuses("--method", "source", words=["MiB free"])


class Interrupted(Case):
    def test_killed_while_it_builds(self):
        self.break_tool("slow")
        with subprocess.Popen([BINARY, "recover", "--yes", "--root", self.root],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            while not self.file(MAKE_LOG).exists():
                self.assertIsNone(run.poll())
                time.sleep(0.05)
            run.kill()
        self.file("usr/share/fake/broken").unlink()
        for _ in range(100):  # until the keeper has killed the tool
            done = self.run_verb("recover", "--yes")
            if "another run" not in done.stderr:
                break
            time.sleep(0.1)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.is_built_anew()
        self.assertFalse(self.file(WORK).exists())

    def test_taken_back_and_begun_again(self):
        """As it is cut off after the copies were made."""
        self.recover()
        folder = self.file(f"{STATE}/txn/0001")
        for name in ("40-installed", "50-depmod", "60-initramfs", "70-removed", "90-armed"):
            if (folder / name).exists():
                (folder / name).rename(folder / f"spare-{name}")
        document = self.answer("recover", "--dry-run")
        self.assertEqual((document["resumed"], document["resumed_transaction"]), ("pending", 1))
        self.refused("recover", words=["no terminal"])
        document = self.recover()
        self.assertEqual((document["resumed"], document["resumed_transaction"],
                          document["result"], document["transaction"]), ("taken-back", 1, "done",
                                                                         2))
        self.is_built_anew()


def lacking():
    if os.geteuid():
        return "the tools of a machine run in a chroot, which is root's"
    try:
        picture.module(MODULES, "ubuntu.zst")
    except picture.Unavailable as e:
        return str(e)
    return None


if __name__ == "__main__":
    os.umask(0o022)
    if lacking():
        print(lacking())
        sys.exit(SKIP)
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
