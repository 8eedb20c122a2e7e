#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check for those who watch many machines: monitoring.py BINARY MODULES

The answers are read by what reads them in the field: the parser of the Prometheus project, promtool
where it is installed or RDNA1_LAB has it, and the rules of the Monitoring Plugins Development
Guidelines.
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
MODULES = pathlib.Path(sys.argv[2]).resolve()
TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
import picture  # noqa: E402

# machine: the exit code of a plugin and its word; the rest stands in the machine's `expect`
MACHINES = {
    "healthy-debian-12": (0, "OK"),
    "patched-ubuntu-24.04": (2, "CRITICAL"),
    "hostile-names": (2, "CRITICAL"),
    "clean-on-disk-patched-running": (1, "WARNING"),
    "intel-only": (3, "UNKNOWN"),
    "truncated-module": (3, "UNKNOWN"),
}

# Guidelines, "Plugin Output for Nagios" and "Performance data".
FIRST_LINE = re.compile(r"RDNA1 (OK|WARNING|CRITICAL|UNKNOWN) - [^|]+ \|((?: '[^'=]+'=\d+;;;0)+)")


def run(*args):
    return subprocess.run([BINARY, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def check(self, machine, output_format):
        root = self.folder / machine
        try:
            picture.unpack(TESTS / "golden" / machine / "manifest", root, MODULES)
        except picture.Unavailable as e:
            self.skipTest(str(e))
        return run("check", "--root", str(root), "--format", output_format)


def expected(machine, word):
    """The statement of that word in tests/golden/MACHINE/expect."""
    text = (TESTS / "golden" / machine / "expect").read_text(encoding="utf-8")
    return re.search(rf"^{word} (.*)$", text, re.M)[1]


class Prometheus(Case):
    def test_machines(self):
        try:
            from prometheus_client.parser import text_string_to_metric_families
        except ImportError:
            self.skipTest("python3-prometheus-client is missing")
        for machine in MACHINES:
            with self.subTest(machine=machine):
                state, code = expected(machine, "verdict"), int(expected(machine, "exit"))
                done = self.check(machine, "prometheus")
                self.assertEqual((done.returncode, done.stderr), (code, b""))
                families = {f.name: f for f in
                            text_string_to_metric_families(done.stdout.decode())}
                self.assertEqual([f.type for f in families.values()], ["gauge"] * len(families))
                states = {s.labels["state"]: s.value
                          for s in families["rdna1_doctor_state"].samples}
                self.assertEqual([s for s, value in states.items() if value], [state])
                self.assertEqual(len(states), 5)
                results = [s.labels["result"] for s in families["rdna1_doctor_finding"].samples]
                self.assertEqual("fail" in results, "finding fail" in
                                 (TESTS / "golden" / machine / "expect").read_text("utf-8"))
                copies = families["rdna1_doctor_copies"].samples
                series = [tuple(sorted(s.labels.items())) for s in copies]
                self.assertEqual(len(series), len(set(series)))

    def test_promtool(self):
        tool = shutil.which("promtool", path=os.pathsep.join(
            [os.environ["PATH"], os.path.join(os.environ.get("RDNA1_LAB", "/nowhere"), "tools")]))
        if not tool:
            self.skipTest("promtool is missing, here and in RDNA1_LAB")
        for machine in MACHINES:
            with self.subTest(machine=machine):
                done = subprocess.run([tool, "check", "metrics"], capture_output=True,
                                      input=self.check(machine, "prometheus").stdout, check=False)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))


class Nagios(Case):
    def test_machines(self):
        for machine, (code, word) in MACHINES.items():
            with self.subTest(machine=machine):
                done = self.check(machine, "nagios")
                first, *more = done.stdout.decode().splitlines()
                self.assertEqual((done.returncode, done.stderr), (code, b""))
                self.assertRegex(first, FIRST_LINE)
                self.assertEqual(FIRST_LINE.match(first)[1], word)
                self.assertNotIn("|", "".join(more))
                self.assertTrue(word != "CRITICAL" or more[0].startswith("fail RD-"))

    def test_failures_are_unknown(self):
        for args in (["--root", "/nowhere/at/all"], ["--bogus"], ["now"]):
            with self.subTest(args=args):
                done = run("check", "--format", "nagios", *args)
                self.assertEqual(done.returncode, 3)
                self.assertTrue(done.stdout.startswith(b"RDNA1 UNKNOWN - "), done.stdout)
                self.assertEqual(done.stdout.count(b"\n"), 1)
                self.assertNotEqual(done.stderr, b"")


class OtherVerbs(Case):
    def test_do_not_answer_so(self):
        for verb in ("inspect", "compare"):
            done = run(verb, "--format", "nagios", "a", "b")
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertIn(b"--format cannot be 'nagios'", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
