#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""recover on whole small machines: recover.py BINARY TOOLS MODULES SCHEMAS (recover_case.py)"""

import hashlib
import os
import subprocess
import time

from recover_case import (BINARY, TOOLS, MODULES, TESTS, KERNEL, OLDER, PACKAGE, SOURCE, CRAT,
                          VERSION, WORK, MAKE_LOG, MIB, modules, updates, intree, image, Case, main)
import picture  # noqa: E402
import whole  # noqa: E402
from verb import DONE, REFUSED, STATE

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
        said = self.run_verb("recover", "--yes", code=REFUSED)
        self.assertIn("What cannot be done", said.stdout)
        self.assertNotIn("/boot/", said.stdout)
        self.assertNotIn("--kernel", said.stderr)
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
        (cache / file_name).write_bytes(archive[:len(archive) // 2])
        self.refuses("--method", "package", words=[file_name, "--download fetches"])
        self.is_packaged(good, "--method", "package", "--download")

    def test_download_that_nobody_needs(self):
        """The package of a source has no other copy, and the kernel another way."""
        stock = picture.crat_source("stock", 1091).encode()
        self.file("var/lib/dpkg/info/amdgpu-dkms.md5sums").write_text(
            f"{hashlib.md5(stock).hexdigest()}  {CRAT}\n", encoding="utf-8")
        self.file("var/lib/dpkg/status").write_text(
            "Package: amdgpu-dkms\nStatus: install ok installed\nArchitecture: all\nVersion: 1:6\n\n"
            f"Package: linux-headers-{KERNEL}\nStatus: install ok half-configured\n"
            "Architecture: amd64\nVersion: 6\n\n", encoding="utf-8")
        self.file(CRAT).write_bytes(b"\0no text")
        self.link("apt-get")
        self.changed()
        kernel = self.recover("--download")["kernels"][0]
        self.assertEqual(kernel["method"], "intree")
        self.assertIn("amdgpu-dkms 1:6 could not be fetched", kernel["reason"])
        self.comes_back()

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
        self.refuses("--download", words=[f"{what.replace('=', ' ')} could not be fetched",
                                          "Can't find"])
        there = self.file(f"usr/share/fake/archives/{what}")
        there.mkdir(parents=True)
        (there / file_name).write_bytes(picture.deb_package(
            [f"lib/modules/{KERNEL}/kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko.zst="
             "ubuntu-older.zst"], MODULES))
        self.refuses("--download", words=["no package archive"])
        (there / file_name).write_bytes(archive)
        self.changed()
        document = self.answer("recover", "--dry-run", "--download")
        self.assertEqual((document["result"], document["downloads"]),
                         ("planned", [what.replace("=", " ")]))
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

    def test_build_for_a_kernel_that_is_gone(self):
        """It comes back with the kernel, and nothing would build it anew."""
        gone = f"{VERSION}/6.14.0-11-generic"
        subprocess.run(["cp", "-a", self.file(f"{VERSION}/{KERNEL}"), self.file(gone)], check=True)
        self.changed()
        self.assertEqual(self.recover("--kernel", KERNEL)["stale_builds"], [])
        self.assertTrue(self.file(gone).exists())
        document = self.recover()
        self.assertEqual((document["kernels"], document["stale_builds"]), ([], [f"/{gone}"]))
        self.assertFalse(self.file(gone).exists())
        self.run_verb("rollback", "--yes", "--i-know", code=DONE)
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

    def test_profile_of_a_recovery_that_is_rolled_back(self):
        """It is the user's by then, and told of; what no boot has confirmed was never written."""
        (self.file("srv") / "jo").mkdir(parents=True)
        self.file("etc/passwd").write_text("jo:x:1000:1000::/srv/jo:/bin/sh\n", encoding="utf-8")
        for is_committed in (False, True):
            self.recover("--profile", "jo")
            txn = self.file(f"{STATE}/txn/{is_committed + 1:04}")
            if is_committed:
                (txn / "spare-99-committed").rename(txn / "99-committed")
            said = " ".join(self.run_verb("rollback", "--yes", "--i-know", code=DONE).stdout.split())
            self.assertEqual(f"profile remove --user jo --root {self.root}" in said, is_committed)

    def test_leftovers(self):
        left = "etc/modprobe.d/amdgpu-mtype.conf"
        document = self.recover()
        self.assertEqual((document["leftovers"], document["kept_leftovers"]), ([], [f"/{left}"]))
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
        self.assertEqual(document["next"], document["rests"][0]["way_out"])
        self.assertIn("stays", self.run_verb("recover", "--yes", code=REFUSED).stderr)


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

    def test_is_told_what_it_is_about(self):
        self.recover()
        folder = self.file(f"{STATE}/txn/0001")
        (folder / "90-armed").rename(folder / "spare-90-armed")
        said = self.run_verb("recover", "--yes", code=DONE).stdout
        self.assertIn("Transaction 0001 was interrupted when new modules were in place", said)
        self.assertIn(f"  /lib/modules/{KERNEL}/updates/dkms/amdgpu.ko.zst\n", said)
        self.assertIn("what the interrupted transaction had begun", said)
        self.assertNotIn("no module had to be replaced", said)

    def test_plan_stands_there_before_it_is_done(self):
        """Also in a file, and with --yes."""
        self.break_tool("slow")
        out = self.root.parent / "out"
        with open(out, "wb") as f, subprocess.Popen([BINARY, "recover", "--yes", "--root", self.root],
                                                    stdout=f, stderr=subprocess.DEVNULL) as run:
            while not self.file(MAKE_LOG).exists():
                self.assertIsNone(run.poll())
                time.sleep(0.05)
            self.assertIn("What is going to be done", out.read_text(encoding="utf-8"))
            run.terminate()


if __name__ == "__main__":
    main()
