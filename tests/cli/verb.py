# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the verbs that change machines share: run one, compare trees, read its answer."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import schema  # noqa: E402

DONE, FAILED, USAGE, REFUSED = 0, 1, 2, 3
STATE = "var/lib/rdna1-doctor"


def tree(root, without=STATE):
    """All below a root but the folder of the tool, which lies in var/lib."""
    found = {}
    for folder, names, files in os.walk(root):
        names[:] = [n for n in names if os.path.relpath(f"{folder}/{n}", root) != without]
        for path in [folder, *(f"{folder}/{n}" for n in files + names)]:
            name = os.path.relpath(path, root)
            st = os.lstat(path)
            content = os.readlink(path) if os.path.islink(path) else ""
            if os.path.isfile(path) and not content:
                content = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
            time = st.st_mtime_ns if name != "var/lib" or not without else 0
            found[name] = (st.st_mode, st.st_uid, st.st_gid, time, content)
    return found


templates = {}


def copy_of(name, make, root):
    """A machine that make(PATH) makes, once for all tests, at a path."""
    if name not in templates:
        templates[name] = tempfile.TemporaryDirectory()
        make(pathlib.Path(templates[name].name) / "root")
    subprocess.run(["cp", "-a", f"{templates[name].name}/root", root], check=True)


class Case(unittest.TestCase):
    """A machine at self.root, which was as self.before."""

    maxDiff = None
    binary = schemas = root = before = None

    def file(self, path):
        return self.root / path

    def run_verb(self, *args, code=None, **options):
        done = subprocess.run([self.binary, *args, "--root", self.root], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=60, check=False, **options)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def refused(self, *args, words=(), code=REFUSED):
        """Nothing is done; the reason is told."""
        was = tree(self.root)
        done = self.run_verb(*args, code=code)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(tree(self.root), was)
        return done

    def answer(self, *args, code=DONE):
        """The document of a verb, as its schema has it."""
        done = self.run_verb(*args, "--json", code=code)
        document = json.loads(done.stdout)
        self.assertEqual(document["verb"], args[0])
        try:
            errors = list(schema.errors(self.schemas, args[0], document))
        except ImportError:
            return document
        self.assertEqual([e.message for e in errors], [])
        return document

    def is_as_before(self):
        self.assertEqual(tree(self.root), self.before)
