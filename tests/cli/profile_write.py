#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The file of a profile, written and taken away: profile_write.py BINARY MODULES SCHEMADIR"""

import os
import pwd
import shutil
import stat
import subprocess
import unittest

import profile_case
from profile_case import FILES, IS_ROOT, KEPT, MARK, PATH, RECIPE, USER, Case, parse_env, run


class Write(Case):
    def test_each_format(self):
        root, home = self.machine()
        for output_format, name in FILES.items():
            with self.subTest(format=output_format):
                self.profile("write", root, "--format", output_format)
                st = os.lstat(home / name)
                self.assertEqual(st.st_uid, USER)
                self.assertEqual(stat.S_IMODE(st.st_mode), 0o755 if output_format == "sh" else 0o644)
                again = self.profile("write", root, "--format", output_format).stdout
                self.assertIn("is that already", again)
                self.profile("remove", root, "--format", output_format)
                self.assertFalse((home / name).exists())
                self.profile("remove", root, "--format", output_format)
        left = [p for p in home.rglob("*") if not p.is_dir()]
        self.assertEqual(left, [])

    def test_for_all_users(self):
        root, _ = self.machine()
        (root / "etc" / "profile.d").mkdir()
        self.profile("write", root, "--format", "profile.d", user=None)
        path = root / "etc" / "profile.d" / "rdna1-doctor.sh"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o644)
        self.profile("remove", root, "--format", "profile.d", user=None)
        self.assertFalse(path.exists())
        self.profile("write", root, "--format", "profile.d", code=2)

    def test_only_on_a_sane_machine(self):
        for machine, word in (("patched-ubuntu-24.04", "put right first"),
                              ("clean-on-disk-patched-running", "reboot first"),
                              ("intel-only", "RDNA1"), ("truncated-module", "could not be read")):
            with self.subTest(machine=machine):
                root, home = self.machine(machine)
                done = self.profile("write", root, code=3)
                self.assertIn(word, done.stderr)
                self.assertIn("Verdict", done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertEqual(os.listdir(home), [])
                done = self.profile("write", root, "--force")
                self.assertIn("--force: written although", done.stderr)
                self.assertTrue((home / FILES["sh"]).exists())
                if machine.startswith("patched"):
                    self.assertIn("RD-DRV-001", done.stderr)

    def test_what_was_there_is_kept(self):
        root, home = self.machine()
        path = self.put(home, FILES["sh"], "export A=1\n")
        self.put(home, FILES["sh"] + KEPT, "older still\n")
        done = self.profile("write", root)
        self.assertIn(KEPT + ".2", done.stdout)
        self.assertEqual((home / (FILES["sh"] + KEPT)).read_text(), "older still\n")
        self.assertEqual((home / (FILES["sh"] + KEPT + ".2")).read_text(), "export A=1\n")
        self.profile("write", root, "--profile", "native")
        self.assertIn("gfx1030", (home / (FILES["sh"] + KEPT + ".3")).read_text())
        self.assertNotIn("export HSA_", path.read_text())

    def test_what_was_changed_by_hand_stays(self):
        root, home = self.machine()
        self.profile("write", root)
        path = home / FILES["sh"]
        mine = path.read_text().replace("FORCE=3", "FORCE=1")
        path.write_text(mine)
        for action in ("write", "remove"):
            done = self.profile(action, root, code=3)
            self.assertIn("changed by hand", done.stderr)
            self.assertEqual(path.read_text(), mine)
        self.profile("write", root, "--force")
        self.assertEqual((home / (FILES["sh"] + KEPT)).read_text(), mine)
        path.write_text(mine)
        self.profile("remove", root, "--force")
        self.assertFalse(path.exists())
        self.assertEqual((home / (FILES["sh"] + KEPT + ".2")).read_text(), mine)

    def test_a_stranger_is_not_removed(self):
        root, home = self.machine()
        path = self.put(home, FILES["sh"], "export A=1\n")
        self.assertIn("not written by this tool", self.profile("remove", root, code=3).stderr)
        self.assertEqual(path.read_text(), "export A=1\n")

    def test_notes(self):
        root, _ = self.machine()
        done = self.profile("write", root)
        for words in ("Chosen because", "contradictory", "no suitable algorithm", "No effect",
                      "crash with torch"):
            self.assertIn("".join(words.split()), "".join(done.stdout.split()))

    def test_users(self):
        root, home = self.machine()
        self.profile("write", root, user="nobody-of-that-name", code=2)
        self.profile("write", root, user="lost", code=1)
        done = run("profile", "write", "--root", root)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--user", done.stderr)

    def test_wrong_use(self):
        for args in (["now"], ["show", "write"], [], ["show", "--force"], ["diff", "--bashrc"],
                     ["write", "--json"], ["write", "--bashrc", "--format", "fish"],
                     ["show", "--profile", "gfx900"], ["show", "--format", "xml"],
                     ["write", "--user", ""], ["remove", "--root", self.folder]):
            with self.subTest(args=args):
                done = run("profile", *args)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn("see 'rdna1-doctor profile --help'", done.stderr)

    @unittest.skipUnless(IS_ROOT, "only root is asked to be it")
    def test_who_called_sudo_is_meant(self):
        nobody = pwd.getpwnam("nobody")
        if os.path.exists(nobody.pw_dir):
            self.skipTest("nobody has a home here")
        for name, value in (("SUDO_UID", str(nobody.pw_uid)), ("PKEXEC_UID", str(nobody.pw_uid)),
                            ("DOAS_USER", "nobody")):
            done = run("profile", "diff", env={"PATH": PATH, "HOME": "/root", name: value})
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"open {nobody.pw_dir}", done.stderr)


class Bashrc(Case):
    def reads(self, home):
        done = subprocess.run(["bash", "--rcfile", home / ".bashrc", "-ic", "env"], text=True,
                              capture_output=True, check=False, stdin=subprocess.DEVNULL,
                              env={"PATH": PATH, "HOME": str(home)})
        return parse_env(done.stdout)

    def test_line_comes_and_goes(self):
        for text in ("", "alias l=ls\n", "alias l=ls", "# rdna1-doctor profile of mine\nA=1\n"):
            with self.subTest(text=text):
                root, home = self.machine()
                path = self.put(home, ".bashrc", text)
                path.chmod(0o600)
                self.profile("write", root, "--bashrc")
                self.assertTrue(path.read_text().startswith(text))
                self.assertEqual(path.read_text().count(MARK + "\n"), 1)
                self.assertEqual((stat.S_IMODE(path.stat().st_mode), path.stat().st_uid),
                                 (0o600, USER))
                self.assertEqual(self.reads(home), RECIPE)
                once = path.read_text()
                self.profile("write", root, "--bashrc")
                self.assertEqual(path.read_text(), once)
                (home / FILES["sh"]).rename(home / "away")
                self.assertEqual(self.reads(home), {})
                (home / "away").rename(home / FILES["sh"])
                self.profile("remove", root, "--bashrc")
                self.assertEqual(path.read_text().rstrip("\n"), text.rstrip("\n"))
                self.assertFalse((home / FILES["sh"]).exists())
                shutil.rmtree(root)

    def test_one_is_made(self):
        root, home = self.machine()
        self.profile("write", root, "--bashrc")
        self.assertEqual(self.reads(home), RECIPE)
        self.assertEqual((home / ".bashrc").stat().st_uid, USER)

    def test_a_link_is_refused_and_the_line_told(self):
        root, home = self.machine()
        target = self.put(home, "dotfiles", "A=1\n")
        (home / ".bashrc").symlink_to("dotfiles")
        done = self.profile("write", root, "--bashrc", code=3)
        self.assertIn(MARK, done.stderr)
        self.assertEqual(target.read_text(), "A=1\n")


if __name__ == "__main__":
    profile_case.main()
