#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run: the command and nothing else: run.py BINARY

What env(1) and a shell do is what is expected: the environment, the exit status, signals, streams.
"""

import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = pathlib.Path(sys.argv[1]).resolve()
PATH = "/usr/local/bin:/usr/bin:/bin"
NATIVE = {"MIOPEN_DEBUG_CONV_IMPLICIT_GEMM": "0", "MIOPEN_DEBUG_CONV_WINOGRAD": "0",
          "MIOPEN_DEBUG_CONV_DIRECT": "0", "MIOPEN_LOG_LEVEL": "4"}


def run(*args, environment=None, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([BINARY, "run", *args], capture_output=True, text=True, timeout=60,
                          check=False, env={"PATH": PATH, **(environment or {})}, **options)


class Environment(unittest.TestCase):
    def test_is_the_callers_and_the_profiles(self):
        done = run("--profile", "native", "env", "-0", environment={
            "A": "b\nc", "MIOPEN_FIND_ENFORCE": "3", "HSA_OVERRIDE_GFX_VERSION": "9.0.0",
            "HSA_OVERRIDE_GFX_VERSION_1": "9.0.0", "HSA_OVERRIDE_GFX_VERSION_10": "9.0.0",
            "HSA_OVERRIDE_GFX_VERSION_X": "kept", "PYTORCH_ROCM_ARCH": "gfx1030",
            "MIOPEN_LOG_LEVEL": "7"})
        found = dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
        self.assertEqual(found, {"PATH": PATH, "A": "b\nc", "HSA_OVERRIDE_GFX_VERSION_X": "kept",
                                 **NATIVE})

    def test_default(self):
        done = run("sh", "-c", "echo $HSA_OVERRIDE_GFX_VERSION")
        self.assertEqual((done.returncode, done.stdout), (0, "10.3.0\n"))

    def test_an_empty_one(self):
        done = subprocess.run([BINARY, "run", "/usr/bin/env"], env={}, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn("HSA_OVERRIDE_GFX_VERSION=10.3.0\n", done.stdout)


class Command(unittest.TestCase):
    def test_status(self):
        for status in (0, 1, 2, 3, 42, 126, 127, 255):
            self.assertEqual(run("sh", "-c", f"exit {status}").returncode, status)

    def test_as_shells_answer(self):
        with tempfile.TemporaryDirectory() as folder:
            plain = pathlib.Path(folder, "plain")
            plain.write_text("")
            for command in ("no-such-command-anywhere", "/no/such/command", "",
                            str(plain), folder, "/etc/passwd/x"):
                with self.subTest(command=command):
                    shell = subprocess.run(["env", command], capture_output=True, check=False,
                                           env={"PATH": PATH})
                    done = run(command)
                    self.assertEqual(done.returncode, shell.returncode, done.stderr)
                    self.assertIn("rdna1-doctor run: ", done.stderr)

    def test_options_after_it_are_its_own(self):
        for args in (["echo", "--profile", "x", "--help"], ["--", "echo", "--profile", "x", "--help"],
                     ["--profile", "native", "--", "echo", "--profile", "x", "--help"]):
            self.assertEqual(run(*args).stdout, "--profile x --help\n")

    def test_wrong_use(self):
        for args in ([], ["--"], ["--profile", "gfx900", "true"], ["--bogus", "true"],
                     ["--root", "/", "true"]):
            done = run(*args)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("see 'rdna1-doctor run --help'", done.stderr)

    def test_it_is_this_process(self):
        with subprocess.Popen([BINARY, "run", "sh", "-c", "echo $$"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            self.assertEqual(process.communicate()[0], f"{process.pid}\n")

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL):
            # A shell starts what is in the background with some of them ignored.
            with subprocess.Popen(["env", "--default-signal", BINARY, "run", "sh", "-c",
                                   "echo; exec sleep 60"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
                process.stdout.readline()
                process.send_signal(number)
                self.assertEqual(process.wait(10), -number)

    def test_what_is_ignored_stays_so_and_nothing_else(self):
        """SIGPIPE above all, which this tool ignores for itself."""
        script = "grep -E '^Sig(Ign|Blk|Cgt)' /proc/self/status"
        for ignored in ("", "trap '' PIPE INT; "):
            ask = ["sh", "-c", f"{ignored}exec \"$@\"", "sh"]
            options = {"capture_output": True, "text": True, "check": False}
            plain = subprocess.run([*ask, "sh", "-c", script], **options)
            under = subprocess.run([*ask, BINARY, "run", "sh", "-c", script], **options)
            self.assertEqual(under.stdout, plain.stdout)

    def test_streams_and_descriptors(self):
        done = run("cat", stdin=None, input="a\0b\n")
        self.assertEqual(done.stdout, "a\0b\n")
        done = run("ls", "/proc/self/fd")
        self.assertEqual(done.stdout.split(), ["0", "1", "2", "3"])  # 3: the folder itself

    def test_it_writes_nothing(self):
        if not shutil.which("strace"):
            self.skipTest("strace is missing")
        with tempfile.NamedTemporaryFile() as log:
            done = subprocess.run(["strace", "-f", "-qq", "-o", log.name, BINARY, "run", "true"],
                                  capture_output=True, text=True, check=False,
                                  env={"PATH": PATH, "ASAN_OPTIONS": "detect_leaks=0"})
            if done.returncode:
                self.skipTest(f"strace does not work here: {done.stderr}")
            calls = pathlib.Path(log.name).read_text().split("execve(")
        self.assertNotRegex(calls[1], r"O_WRONLY|O_RDWR|O_CREAT| (creat|unlink|rename|mkdir|fork)\(")

    def test_it_is_quick(self):
        run("true")
        start = time.monotonic()
        run("true")
        self.assertLess(time.monotonic() - start, 2)


class Terminal(unittest.TestCase):
    def test_says_that_nothing_was_checked(self):
        if os.path.exists("/run/rdna1-doctor/health.json"):
            self.skipTest("this machine was checked")
        said, terminal = pty.openpty()
        subprocess.run([BINARY, "run", "true"], stderr=terminal, check=True)
        self.assertIn(b"nothing has checked this machine", os.read(said, 4096))
        os.close(terminal)
        os.close(said)
        self.assertNotIn("checked", run("true").stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
