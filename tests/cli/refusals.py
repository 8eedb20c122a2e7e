#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What recover refuses on whole small machines: refusals.py BINARY TOOLS MODULES SCHEMAS (recover_case.py)"""

import fcntl
import os
import signal
import subprocess
import sys
import time

from recover_case import (BINARY, KERNEL, PACKAGE, CRAT, VERSION, WORK, MAKE_LOG, modules, updates,
                          intree, image, Case, main)
import picture  # noqa: E402
from verb import DONE, FAILED, REFUSED, STATE, USAGE, tree

HOLD = """import fcntl, sys
with open(sys.argv[1], "r+b") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print("!", flush=True)
    sys.stdin.read()
"""


class Refusals(Case):
    """Nothing is changed; the reason is said, and the way out."""

    def test_dry_run(self):
        for folder in (True, False):
            if not folder:
                self.file(STATE).rmdir()
            was = tree(self.root, without=None)
            done = self.run_verb("recover", "--dry-run", code=DONE)
            self.assertIn("source", done.stdout)
            self.assertIn("Nothing was done. The same command without --dry-run", done.stdout)
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

    def test_mounts_are_asked_for_later_too(self):
        """What was put on a file system is not finished or undone below its mount point."""
        self.recover()
        self.changed()
        self.file("etc/fstab").write_text("UUID=2 /boot ext4 defaults 0 2\n", encoding="utf-8")
        self.refused("rollback", "--yes", "--i-know", words=["/boot is a file system", "mount it"])
        txn = self.file(f"{STATE}/txn/0001")
        (txn / "90-armed").rename(txn / "spare-90-armed")
        self.refused("recover", "--yes", words=["/boot is a file system", "mount it"])
        self.file("etc/fstab").unlink()
        self.assertEqual(self.recover()["resumed"], "finished")

    def test_nothing_to_boot_from(self):
        """As where systemd finds the partition by itself."""
        subprocess.run(["rm", "-r", self.file("boot")], check=True)
        (self.file("boot") / "efi").mkdir(parents=True)
        self.refuses(words=["nothing lies in", "mount there"])

    def test_state_is_a_link(self):
        """It may lead elsewhere in the system, and to nothing outside of it."""
        outside = self.root.parent / "outside"
        outside.mkdir(mode=0o755)
        outside.chmod(0o755)
        self.file(STATE).rmdir()
        self.file(STATE).symlink_to(outside)
        self.run_verb("recover", "--yes", code=FAILED)
        self.assertEqual((os.stat(outside).st_mode & 0o7777, os.listdir(outside)), (0o755, []))
        self.file(STATE).unlink()
        self.file("srv/state").mkdir(parents=True, mode=0o700)
        self.file(STATE).symlink_to("/srv/state")
        self.recover()
        self.is_built_anew()
        self.assertEqual(sorted(os.listdir(self.file("srv/state"))), ["lock", "log", "txn"])

    def test_journal_that_is_damaged(self):
        """Of what is over it is not needed; of what is not, nobody guesses."""
        self.recover()
        txn = self.file(f"{STATE}/txn/0001")
        intent = txn / "00-intent"
        intent.write_bytes(intent.read_bytes()[:-5] + b"xxxx\n")
        self.changed()
        self.refuses(words=["0001", "not known", "move that folder"])
        (txn / "spare-99-committed").rename(txn / "99-committed")
        self.assertEqual(self.recover()["result"], "nothing")

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
        self.file("var/lib/pacman/local").mkdir(parents=True)
        lock = self.file("var/lib/pacman/db.lck")
        lock.touch()
        self.refuses(words=["pacman", "db.lck"])
        # One of ours, from a run that was killed.
        lock.write_text("rdna1-doctor\n", encoding="utf-8")
        self.break_tool("slow")
        with subprocess.Popen([BINARY, "recover", "--yes", "--root", self.root],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            while not self.file(MAKE_LOG).exists():
                self.assertIsNone(run.poll())
                time.sleep(0.05)
            self.assertEqual(lock.read_text(encoding="utf-8"), "rdna1-doctor\n")
            run.send_signal(signal.SIGTERM)
        self.assertFalse(lock.exists())

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
        self.is_forgotten(self.recover())
        self.assertEqual(self.before[CRAT], tree(self.root)[CRAT])  # the file stays as it is
        self.assertEqual(self.run_verb("check", code=4).stdout.count("RD-DRV-006"), 1)
        self.assertEqual(self.recover()["result"], "nothing")
        self.comes_back()

    def is_forgotten(self, document):
        """In-tree, and dkms knows nothing of the version that it would build."""
        self.assertEqual((document["kernels"][0]["method"], document["unregistered"]),
                         ("intree", [PACKAGE]))
        self.is_intree()
        self.assertFalse(self.file(VERSION).exists())

    def test_source_that_cannot_be_read(self):
        self.file(CRAT).write_bytes(b"\0\1\2 no text" + b"x" * 100)
        self.changed()
        self.is_forgotten(self.recover())
        self.comes_back()

    def test_build_that_comes_out_patched(self):
        """A hook does it: the source is good, and autoinstall would do it again."""
        there = self.file(f"usr/share/fake/{KERNEL}")
        for path in (there / "patched").iterdir():
            (there / "clean" / path.name).write_bytes(path.read_bytes())
        self.refuses("--method", "source", words=["amdgpu.ko.zst is patched"])
        document = self.recover()
        self.assertIn("is patched", document["kernels"][0]["reason"])
        self.is_forgotten(document)
        self.comes_back()

    def test_and_only_a_backup_helps(self):
        """The modules come back, and dkms knows nothing of them."""
        self.recover()
        self.file(intree()).unlink()
        for path in (updates(), f"{VERSION}/{KERNEL}/x86_64/module/amdgpu.ko.zst"):
            self.file(path).write_bytes(self.fake("patched"))
        self.spoil()
        document = self.recover()
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


if __name__ == "__main__":
    main()
