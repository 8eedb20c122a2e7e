# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of profile share: a picture of a machine with a user's home in it, and what the
recipe's own script writes. Their arguments are BINARY MODULES SCHEMADIR.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

BINARY, MODULES, SCHEMAS = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
import picture  # noqa: E402
import schema  # noqa: E402

IS_ROOT = os.geteuid() == 0
USER, OTHER = (4242, 4243) if IS_ROOT else (os.geteuid(), None)
PATH = "/usr/local/bin:/usr/bin:/bin"

# What the recipe's own script writes, in its order.
RECIPE = {
    "HSA_OVERRIDE_GFX_VERSION": "10.3.0",
    "MIOPEN_DEBUG_CONV_IMPLICIT_GEMM": "0",
    "MIOPEN_FIND_ENFORCE": "3",
    "MIOPEN_DEBUG_CONV_WINOGRAD": "0",
    "MIOPEN_DEBUG_CONV_DIRECT": "0",
    "MIOPEN_LOG_LEVEL": "4",
    "PYTORCH_ROCM_ARCH": "gfx1030",
}
NOT_NATIVE = ("HSA_OVERRIDE_GFX_VERSION", "MIOPEN_FIND_ENFORCE", "PYTORCH_ROCM_ARCH")
NATIVE = {name: value for name, value in RECIPE.items() if name not in NOT_NATIVE}

FILES = {
    "sh": "rocm_rdna1_env.sh",
    "fish": ".config/fish/conf.d/rdna1-doctor.fish",
    "csh": "rocm_rdna1_env.csh",
    "environment.d": ".config/environment.d/50-rdna1-doctor.conf",
    "dotenv": "rocm_rdna1.env",
    "json": "rocm_rdna1_env.json",
}
KEPT = ".before-rdna1-doctor"
MARK = "# rdna1-doctor profile"


def run(*args, **options):
    options.setdefault("env", {"PATH": PATH, "LC_ALL": "C.UTF-8"})
    return subprocess.run([BINARY, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False, **options)


def ours(environment):
    return {name: value for name, value in environment.items()
            if re.match("HSA_|MIOPEN_|PYTORCH_", name)}


def parse_env(output):
    return ours(dict(line.split("=", 1) for line in output.splitlines() if "=" in line))


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)

    def machine(self, name="healthy-debian-12"):
        """A picture with a user and a home."""
        root = self.folder / name
        manifest = picture.Manifest(MODULES)
        manifest.read(TESTS / "golden" / name / "manifest")
        try:
            manifest.unpack(root)
        except picture.Unavailable as e:
            self.skipTest(str(e))
        (root / "etc").mkdir(exist_ok=True)
        (root / "etc" / "passwd").write_text(
            f"root:x:0:0::/root:/bin/sh\nsomebody:x:{USER}:{os.getegid() if not IS_ROOT else USER}"
            "::/home/somebody:/bin/sh\nlost:x:4244:4244::/home/LOST:/bin/sh\n")
        home = root / "home" / "somebody"
        home.mkdir(parents=True)
        self.give(home)
        return root, home

    def validate(self, output):
        document = json.loads(output)
        try:
            errors = list(schema.errors(SCHEMAS, "profile", document))
        except ImportError:
            self.skipTest("python3-jsonschema is missing")
        self.assertEqual(errors, [])
        return document

    def give(self, path, user=USER):
        if IS_ROOT:
            os.chown(path, user, user, follow_symlinks=False)

    def put(self, home, name, text, user=USER):
        path = home / name
        path.write_text(text)
        self.give(path, user)
        return path

    def profile(self, action, root, *options, code=0, user="somebody", **more):
        named = ["--user", user] if user else []
        done = run("profile", action, "--root", root, *named, *options, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done


def main():
    os.umask(0o022)
    unittest.main(argv=sys.argv[:1], verbosity=1)
