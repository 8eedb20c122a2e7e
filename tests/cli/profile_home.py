#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Homes that are not as they should be: profile_home.py BINARY MODULES SCHEMADIR

Traps of their owners for a tool that root runs, and a full disk. What only root can set up is left
out without.
"""

import os
import shutil
import stat
import subprocess
import threading
import unittest

import profile_case
from profile_case import FILES, IS_ROOT, KEPT, OTHER, USER, Case, run


@unittest.skipUnless(IS_ROOT, "only root has several users")
class Hostile(Case):
    """A home whose owner wants root to write, or to read, elsewhere."""

    def setUp(self):
        super().setUp()
        self.root, self.home = self.machine()
        self.victim = self.root / "etc" / "victim"
        self.victim.write_text("precious\n")

    def unharmed(self):
        self.assertEqual(self.victim.read_text(), "precious\n")
        st = self.victim.stat()
        self.assertEqual((st.st_uid, stat.S_IMODE(st.st_mode)), (0, 0o644))

    def test_links(self):
        path = self.home / FILES["sh"]
        for target in ("/etc/victim", "../../etc/victim", "nowhere", "/etc/new", FILES["sh"]):
            for action in ("write", "remove", "diff"):
                with self.subTest(target=target, action=action):
                    path.symlink_to(target)
                    force = [] if action == "diff" else ["--force"]
                    done = self.profile(action, self.root, *force, code=3)
                    self.assertIn("a link", done.stderr)
                    self.assertTrue(path.is_symlink())
                    path.unlink()
                    self.unharmed()
                    self.assertFalse((self.root / "etc" / "new").exists())

    def test_what_is_no_file(self):
        path = self.home / FILES["sh"]
        for make in (os.mkfifo, os.mkdir, lambda p: os.mknod(p, stat.S_IFCHR | 0o666, 0x103)):
            make(path)
            self.give(path)
            self.assertIn("no plain file", self.profile("write", self.root, code=3).stderr)
            self.assertIn("no plain file", self.profile("diff", self.root, code=3).stderr)
            (path.rmdir if path.is_dir() else path.unlink)()

    def test_foreign_owners(self):
        for owner in (0, OTHER):
            path = self.put(self.home, FILES["sh"], "theirs\n", owner)
            done = self.profile("write", self.root, "--force", code=3)
            self.assertIn("somebody else", done.stderr)
            self.profile("remove", self.root, "--force", code=3)
            self.assertEqual(path.read_text(), "theirs\n")
            path.unlink()

    def test_a_hard_link_to_a_file_of_roots(self):
        os.link(self.victim, self.home / FILES["sh"])
        self.profile("write", self.root, "--force", code=3)
        self.profile("remove", self.root, "--force", code=3)
        self.unharmed()

    def test_a_hard_link_to_a_file_of_the_users_is_no_way_out(self):
        elsewhere = self.put(self.home, "elsewhere", "mine\n")
        os.link(elsewhere, self.home / FILES["sh"])
        self.profile("write", self.root)
        self.assertEqual(elsewhere.read_text(), "mine\n")

    def test_folders_on_the_way(self):
        for name in (".config", ".config/fish"):
            for kind in ("link", "link in the home", "file", "foreign"):
                with self.subTest(name=name, kind=kind):
                    path = self.home / name
                    path.parent.mkdir(exist_ok=True)
                    self.give(path.parent)
                    inside = self.home / "inside"
                    if kind == "link":
                        path.symlink_to("/etc")
                    elif kind == "link in the home":
                        inside.mkdir()
                        self.give(inside)
                        path.symlink_to(inside)
                    elif kind == "file":
                        self.put(self.home, name, "")
                    else:
                        path.mkdir()
                        path.chmod(0o777)
                    self.profile("write", self.root, "--format", "fish", code=3)
                    self.assertFalse((self.root / "etc" / "conf.d").exists())
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
                    shutil.rmtree(inside, ignore_errors=True)
                    if name != ".config":
                        shutil.rmtree(self.home / ".config")

    def test_the_home_itself(self):
        home = self.home
        moved = self.root / "srv" / "somebody"
        moved.parent.mkdir()
        home.rename(moved)
        # A link of the administrator's is a home like others, if it leads to one.
        home.symlink_to("/srv/somebody")
        self.profile("write", self.root)
        self.assertTrue((moved / FILES["sh"]).exists())
        home.unlink()
        home.symlink_to("/etc")
        self.profile("write", self.root, code=3)
        self.assertFalse((self.root / "etc" / FILES["sh"]).exists())
        home.unlink()
        home.symlink_to(self.folder)  # out of the root, which it may not leave
        self.profile("write", self.root, code=1)
        self.assertFalse((self.folder / FILES["sh"]).exists())
        home.unlink()
        home.mkdir()
        os.chown(home, OTHER, OTHER)
        self.profile("write", self.root, code=3)
        self.give(home)
        home.chmod(0o777)
        self.profile("write", self.root, code=3)
        home.chmod(0o555)
        self.profile("write", self.root, code=1)  # not even root's rights help: it has none
        self.assertEqual(os.listdir(home), [])

    def test_names_that_are_taken(self):
        new = self.home / ".rdna1-doctor.new"
        for kind in ("link", "folder", "fifo", "file"):
            with self.subTest(kind=kind):
                if kind == "link":
                    new.symlink_to("/etc/victim")
                elif kind == "folder":
                    new.mkdir()
                    (new / "link").symlink_to("/etc/victim")
                    self.give(new)
                elif kind == "fifo":
                    os.mkfifo(new)
                else:
                    os.link(self.victim, new)
                self.profile("write", self.root)
                self.assertFalse(os.path.lexists(new))
                self.unharmed()
                (self.home / FILES["sh"]).unlink()
        self.put(self.home, FILES["sh"], "mine\n")
        (self.home / (FILES["sh"] + KEPT)).symlink_to("/etc/victim")
        (self.home / (FILES["sh"] + KEPT + ".2")).mkdir()
        self.profile("write", self.root)
        self.assertEqual((self.home / (FILES["sh"] + KEPT + ".3")).read_text(), "mine\n")
        self.unharmed()

    def test_large_files(self):
        path = self.put(self.home, FILES["sh"], "")
        os.truncate(path, 1 << 40)
        self.assertIn("too large", self.profile("write", self.root, code=3).stderr)
        self.assertIn("too large", self.profile("diff", self.root, code=3).stderr)

    def test_a_lock_is_no_hang(self):
        import fcntl
        fd = os.open(self.home, os.O_RDONLY)
        fcntl.flock(fd, fcntl.LOCK_EX)
        self.assertIn("another run", self.profile("write", self.root, code=1).stderr)
        os.close(fd)

    def test_races(self):
        """Names that change while root looks at them, for some seconds."""
        stop = threading.Event()
        path, config = self.home / FILES["sh"], self.home / ".config"

        def swap():
            while not stop.is_set():
                for make in (lambda p: p.symlink_to("/etc/victim"), lambda p: os.mkfifo(p),
                             lambda p: os.link(self.victim, p), lambda p: p.symlink_to("/etc")):
                    for name in (path, config):
                        try:
                            name.unlink()
                        except OSError:
                            shutil.rmtree(name, ignore_errors=True)
                        try:
                            make(name)
                        except OSError:
                            pass
        thread = threading.Thread(target=swap)
        thread.start()
        try:
            for i in range(60):
                action = ("write", "remove", "diff")[i % 3]
                kind = ("sh", "fish")[i // 3 % 2]
                force = [] if action == "diff" else ["--force"]
                done = run("profile", action, "--root", self.root, "--user", "somebody",
                           "--format", kind, *force)
                self.assertIn(done.returncode, (0, 1, 3), done.stderr)
                self.unharmed()
        finally:
            stop.set()
            thread.join()
        self.assertFalse((self.root / "etc" / "fish").exists())
        self.assertEqual([name for name in os.listdir(self.root / "etc") if "rdna1" in name], [])

    def test_passwd_of_the_root(self):
        """Lines that are none give nobody, and no other user's number."""
        for line in ("somebody:x:0x10:1::/home/somebody:/bin/sh", "somebody:x:-1:1::/home/X:",
                     "somebody:x:4294967295:1::/home/somebody:", "somebody:x:4242",
                     "somebody:x:4242:4242:::", "somebody:x:4242:4242::relative:"):
            with self.subTest(line=line):
                (self.root / "etc" / "passwd").write_text(line + "\n")
                done = run("profile", "write", "--root", self.root, "--user", "somebody")
                self.assertIn(done.returncode, (1, 2))
                self.assertEqual(os.listdir(self.home), [])


@unittest.skipUnless(IS_ROOT, "only root can mount")
class FullDisk(Case):
    def test_old_stays(self):
        root, home = self.machine()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,uid={USER},mode=755",
                                "none", home], capture_output=True, check=False)
        if mount.returncode:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", home], check=False)
        self.put(home, FILES["sh"], "export A=1\n")
        with open(home / "ballast", "wb", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(bytes(4096))
        done = self.profile("write", root, "--bashrc", code=1)
        self.assertIn("No space left", done.stderr)
        self.assertEqual(sorted(os.listdir(home)), ["ballast", FILES["sh"]])
        self.assertEqual((home / FILES["sh"]).read_text(), "export A=1\n")
        (home / "ballast").unlink()
        self.profile("write", root)
        self.assertIn("HSA_OVERRIDE", (home / FILES["sh"]).read_text())


if __name__ == "__main__":
    profile_case.main()
