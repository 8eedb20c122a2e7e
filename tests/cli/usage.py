#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line as a user meets it: usage.py BINARY SCHEMADIR

Wrong use, exit codes, files of every kind, output that cannot be written, and the JSON of each verb
against its schema. Needs no module and no card; the answers on machines are tests/golden's.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BINARY = pathlib.Path(sys.argv[1]).resolve()
SCHEMAS = pathlib.Path(sys.argv[2]).resolve()
TIME_LIMIT = 20
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import schema  # noqa: E402


def run(*args, **options):
    return subprocess.run([BINARY, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=TIME_LIMIT, check=False, **options)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, content=b""):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def validate(self, verb, output):
        document = json.loads(output)
        self.assertEqual(document["verb"], verb)
        try:
            errors = list(schema.errors(SCHEMAS, verb, document))
        except ImportError:
            self.skipTest("python3-jsonschema is missing")
        self.assertEqual([e.message for e in errors], [])
        return document


class WrongUse(Case):
    def refused(self, args, *words, verb=""):
        done = run(*args)
        message = done.stderr.decode()
        self.assertEqual(done.returncode, 2, message)
        self.assertEqual(done.stdout, b"")
        for word in words:
            self.assertIn(word, message)
        self.assertIn(f"see 'rdna1-doctor{' ' if verb else ''}{verb} --help'", message)

    def test_of_the_program(self):
        self.refused(["frobnicate"], "unknown verb 'frobnicate'")
        self.refused(["--frobnicate"], "unknown option '--frobnicate'")
        self.refused([""], "unknown verb ''")
        done = run()
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn(b"usage:", done.stderr)

    def test_of_a_verb(self):
        for args, words in (
                (["check", "now"], ["'now'"]),
                (["check", "--frobnicate"], ["'--frobnicate'"]),
                (["check", "-x"], ["-x"]),
                (["check", "--root"], ["'--root' needs a value"]),
                (["check", "--root="], ["--root cannot be ''"]),
                (["check", "--kernel=../etc"], ["--kernel cannot be '../etc'"]),
                (["check", "--format=xml"], ["--format cannot be 'xml'"]),
                (["check", "--color", "mauve"], ["--color cannot be 'mauve'"]),
                (["check", "--json=yes"], ["--json=yes"]),
                (["check", "--force"], ["'--force'"]),
                (["inspect"], ["FILE..."]),
                (["compare", "a.ko"], ["A B"]),
                (["compare", "a.ko", "b.ko", "c.ko"], ["'c.ko'"]),
                (["explain", "RD-NON-999"], ["'RD-NON-999'"]),
                (["explain", "RD-GPU-001", "RD-GPU-002"], ["'RD-GPU-002'"])):
            with self.subTest(args=args):
                self.refused(args, *words, verb=args[0])

    def test_messages_are_escaped(self):
        done = run("explain", "\033[31m\n")
        self.assertNotIn(b"\033", done.stderr)
        self.assertIn(b"\\x1b[31m\\x0a", done.stderr)

    def test_two_dashes_end_the_options(self):
        done = run("inspect", "--", "--json", cwd=self.folder)
        self.assertEqual(done.returncode, 6)
        self.assertIn(b"--json: unknown", done.stdout)

    def test_options_may_follow_arguments(self):
        done = run("inspect", "missing", "--json", cwd=self.folder)
        self.assertEqual(done.returncode, 6)
        self.assertEqual(json.loads(done.stdout)["copies"][0]["path"], "missing")


class Help(Case):
    def test_goes_to_stdout(self):
        for args in (["--help"], ["-h"], ["--version"], ["check", "--help"], ["inspect", "-h"],
                     ["boot-report", "--help"], ["compare", "--help"], ["explain", "--help"],
                     ["test", "--help"]):
            with self.subTest(args=args):
                done = run(*args)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                for line in done.stdout.decode().splitlines():
                    self.assertLessEqual(len(line), 90)

    def test_explain_lists_what_it_explains(self):
        ids = [line.split()[0] for line in run("explain").stdout.decode().splitlines()
               if line.startswith("RD-")]
        self.assertGreater(len(ids), 10)
        for rule in ids:
            done = run("explain", rule)
            self.assertEqual(done.returncode, 0)
            self.assertIn(b"What to do", done.stdout)


class Files(Case):
    """Whatever a name leads to: unknown with a reason, at once."""

    def inspected(self, path, word):
        done = run("inspect", "--json", path)
        self.assertEqual(done.returncode, 6)
        copy = self.validate("inspect", done.stdout)["copies"][0]
        self.assertEqual(copy["verdict"], "unknown")
        self.assertIn(word, copy["evidence"][0]["detail"])

    def test_inspect(self):
        os.mkfifo(self.folder / "fifo")
        (self.folder / "dangling").symlink_to("nowhere")
        (self.folder / "loop").symlink_to("loop")
        self.inspected(self.folder / "fifo", "regular file")
        self.inspected(self.folder, "regular file")
        self.inspected("/dev/zero", "regular file")
        self.inspected(self.folder / "missing", "No such file")
        self.inspected(self.folder / "dangling", "No such file")
        self.inspected(self.folder / "loop", "symbolic links")
        self.inspected(self.file("empty"), "")
        self.inspected(self.file("noise", os.urandom(10000)), "")
        self.inspected("", "empty")

    def test_names_of_any_bytes(self):
        name = b"\xff\xfe\033[31m\xe2\x80\xae\n.ko"
        for args in ([], ["--json"], ["--verbose"]):
            done = run("inspect", *args, os.fsencode(self.folder) + b"/" + name)
            self.assertEqual(done.returncode, 6)
            self.assertRegex(done.stdout, rb"\A[\n\x20-\x7e]*\Z")
            if "--json" in args:
                self.validate("inspect", done.stdout)

    def test_several(self):
        done = run("inspect", "--json", "missing", self.file("empty"))
        self.assertEqual(len(self.validate("inspect", done.stdout)["copies"]), 2)

    def test_reference_that_is_missing(self):
        done = run("inspect", "--reference", self.folder / "missing", self.file("empty"))
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"--reference", done.stderr)

    def test_compare(self):
        for a, b in (("missing", "missing"), (self.file("a"), self.file("b", b"text")),
                     ("/dev/null", "/")):
            done = run("compare", "--json", a, b)
            self.assertEqual(done.returncode, 6)
            document = self.validate("compare", done.stdout)
            self.assertEqual(document["result"], "not-comparable")
            self.assertTrue(document["reason"])
            self.assertIn(b"Not comparable: ", run("compare", a, b).stdout)


class Check(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "etc").mkdir()

    def test_an_empty_root_is_undetermined(self):
        done = run("check", "--json", "--root", self.folder)
        document = self.validate("check", done.stdout)
        self.assertEqual((done.returncode, document["verdict"]), (6, "undetermined"))
        text = run("check", "--root", self.folder)
        self.assertEqual(text.returncode, 6)
        self.assertIn(b"undetermined", text.stdout)

    def test_this_machine(self):
        done = run("check", "--json")
        document = self.validate("check", done.stdout)
        self.assertEqual(done.returncode, document["exit_code"])

    def test_a_root_that_is_none(self):
        for root in (self.folder / "missing", self.file("file")):
            done = run("check", "--root", root)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(b"rdna1-doctor check: ", done.stderr)

    def test_colour(self):
        self.assertNotIn(b"\033", run("check", "--root", self.folder).stdout)
        self.assertIn(b"\033", run("check", "--color=always", "--root", self.folder).stdout)


class Output(Case):
    """An answer that did not arrive is no answer."""

    def setUp(self):
        super().setUp()
        (self.folder / "etc").mkdir()

    def test_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            for args in (["explain"], ["--help"], ["check", "--json", "--root", self.folder]):
                done = subprocess.run([BINARY, *args], stdout=full, stderr=subprocess.PIPE,
                                      check=False, timeout=TIME_LIMIT)
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"could not be written: No space left on device", done.stderr)
            done = subprocess.run([BINARY, "check", "--format", "nagios", "--root", self.folder],
                                  stdout=full, stderr=subprocess.PIPE, check=False)
            self.assertEqual(done.returncode, 3)  # UNKNOWN, and not WARNING

    def test_a_closed_pipe(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([BINARY, "explain"], stdout=write, stderr=subprocess.PIPE,
                              check=False, timeout=TIME_LIMIT)
        os.close(write)
        self.assertEqual(done.returncode, 1)

    def test_closed_streams(self):
        command = f"exec '{BINARY}' check --root '{self.folder}' <&- >&-"
        done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, check=False,
                              timeout=TIME_LIMIT)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"could not be written", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
