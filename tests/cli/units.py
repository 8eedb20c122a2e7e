#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is installed beside the program, read by what reads it: units.py BINARY BUILT DATA

systemd-analyze for the units, journalctl for the message catalog, a shell for greenboot's check. What
the units see when they run, the suite vm tells.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY = pathlib.Path(sys.argv[1]).resolve()
BUILT = pathlib.Path(sys.argv[2]).resolve()
DATA = pathlib.Path(sys.argv[3]).resolve()
UNITS = ("rdna1-doctor-report.service", "rdna1-doctor-commit.service")
EXPOSURE = "20"  # of 100; the design's limit
STATES = {"sane", "unsafe", "reboot-required", "no-gpu", "undetermined"}
RECOVERYS = {"recovery-confirmed", "recovery-waits", "recovery-not-confirmed"}


def messages():
    stanzas = re.findall(r"^Message: (\S+)\nId: (\S+)\nPriority: \d\nSubject: (.*)$",
                         (DATA / "messages.data").read_text("utf-8"), re.M)
    return {name: (number, subject) for name, number, subject in stanzas}


class Case(unittest.TestCase):
    tool = None

    def setUp(self):
        if not shutil.which(self.tool):
            self.skipTest(f"{self.tool} is missing")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_tool(self, *args, **options):
        return subprocess.run([self.tool, *args], stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, check=False, **options)


class Units(Case):
    tool = "systemd-analyze"

    def setUp(self):
        super().setUp()
        wants = self.folder / "multi-user.target.wants"
        wants.mkdir()
        for name in UNITS:
            text = (BUILT / name).read_text("utf-8")
            text = re.sub(r"^ExecStart=\S+", f"ExecStart={BINARY}", text, flags=re.M)
            (self.folder / name).write_text(text, "utf-8")
            (wants / name).symlink_to(f"../{name}")

    def test_verify(self):
        """Also enabled: a boot's target must not wait in a circle."""
        environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{self.folder}:"}
        for what in (self.folder / UNITS[0], self.folder / UNITS[1], "multi-user.target"):
            with self.subTest(what=what):
                done = self.run_tool("verify", "--man=no", what, env=environment)
                said = [line for line in done.stderr.splitlines()
                        if "rdna1" in line or "cycle" in line]
                self.assertEqual(said, [])
                if what != "multi-user.target":  # which rests on this machine's units
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_security(self):
        for name in UNITS:
            with self.subTest(unit=name):
                done = self.run_tool("security", "--offline=true", f"--threshold={EXPOSURE}",
                                     self.folder / name)
                if "unrecognized option" in done.stderr:
                    self.skipTest("systemd-analyze is too old for --offline")
                self.assertEqual(done.returncode, 0, done.stdout.splitlines()[-1:])

    def test_nothing_is_hidden(self):
        """Each of these hides files that check reads, or keeps the program from opening any."""
        for name in UNITS:
            text = (self.folder / name).read_text("utf-8")
            for word in ("ProtectKernelModules", "ProtectKernelTunables", "InaccessiblePaths",
                         "TemporaryFileSystem", "ProtectHome=yes", "ProtectHome=tmpfs",
                         "ProcSubset=pid", "RestrictSUIDSGID"):
                self.assertNotIn(f"\n{word}", text)


class Catalog(Case):
    tool = "journalctl"

    def test_compiles_and_explains(self):
        place = self.folder / "usr/lib/systemd/catalog"
        place.mkdir(parents=True)
        (self.folder / "var/lib/systemd/catalog").mkdir(parents=True)
        shutil.copy(BUILT / "rdna1-doctor.catalog", place)
        done = self.run_tool(f"--root={self.folder}", "--update-catalog")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        known = messages()
        self.assertEqual(set(known), STATES | RECOVERYS)
        self.assertEqual(len({number for number, _ in known.values()}), len(known))
        for name, (number, subject) in known.items():
            with self.subTest(message=name):
                done = self.run_tool(f"--root={self.folder}", "--dump-catalog", number)
                self.assertEqual(done.returncode, 0, done.stderr)
                head, _, text = done.stdout.partition("\n\n")
                self.assertIn(f"-- {number}\nSubject: {subject}\n", head + "\n")
                self.assertGreater(len(text.split()), 20)

    def test_fields_are_those_of_the_entry(self):
        """Whose names may have no digit: systemd would not replace them."""
        used = set(re.findall(r"@(\S+)@", (DATA / "messages.data").read_text("utf-8"))) - {"NAME"}
        sent = set(re.findall(r'"(AMDGPU_\w+)"', (DATA.parent / "recovery/announce.c")
                              .read_text("utf-8")))
        self.assertEqual({name for name in used if not re.fullmatch("[A-Z_]+", name)}, set())
        self.assertTrue(used)
        self.assertEqual(used - sent, set())


class Greenboot(Case):
    tool = "sh"

    def test_only_unsafe_is_unhealthy(self):
        program = self.folder / "rdna1-doctor"
        environment = {"PATH": f"{self.folder}:{os.environ['PATH']}"}
        for plugin, wanted in ((0, 0), (1, 0), (2, 1), (3, 0)):
            program.write_text(f'#!/bin/sh\n[ "$*" = "check --format nagios" ] && exit {plugin}\n',
                               "utf-8")
            program.chmod(0o755)
            done = self.run_tool(DATA / "greenboot/50-rdna1-doctor.sh", env=environment)
            self.assertEqual((done.returncode, done.stderr), (wanted, ""))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
