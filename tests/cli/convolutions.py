#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The verb test: convolutions.py BINARY SCHEMADIR MODULES

With a torch that fails as it is told to (fake-torch), in the ways in which a card and its software
fail; the kernel log is a pipe in its place. The real torch, on the processor, where it is installed.
"""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BINARY = pathlib.Path(sys.argv[1]).resolve()
SCHEMAS = pathlib.Path(sys.argv[2]).resolve()
MODULES = pathlib.Path(sys.argv[3]).resolve()
TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
import picture  # noqa: E402
import schema  # noqa: E402
FAKE = pathlib.Path(__file__).resolve().parent / "fake-torch"
PYTHON = "/usr/bin/python3"
STAGES = ["import", "device", "conv1x1", "conv3x3-32", "conv3x3-44", "conv7x7-224", "resnet",
          "training"]
NOBODY = 65534
PROFILE = """HSA_OVERRIDE_GFX_VERSION=10.3.0 MIOPEN_DEBUG_CONV_IMPLICIT_GEMM=0 MIOPEN_FIND_ENFORCE=3
    MIOPEN_DEBUG_CONV_WINOGRAD=0 MIOPEN_DEBUG_CONV_DIRECT=0 MIOPEN_LOG_LEVEL=4
    PYTORCH_ROCM_ARCH=gfx1030""".split()  # the recipe's file


def processes(word):
    """How many processes have that word in their command line."""
    found = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += word.encode() in path.read_bytes()
        except OSError:
            pass
    return found


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)

    def python(self, how="", **variables):
        """A Python whose torch is the fake one."""
        path = self.folder / "python"
        lines = [f"export {k}='{v}'" for k, v in
                 {"PYTHONPATH": FAKE, "FAKE_TORCH": how, **variables}.items()]
        path.write_text("\n".join(["#!/bin/sh", *lines, f'exec {PYTHON} "$@"', ""]))
        path.chmod(0o755)
        return str(path)

    def run_test(self, *args, prefix=(), **options):
        return subprocess.run([*prefix, BINARY, "test", *args], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120, check=False, **options)

    def document(self, done):
        document = json.loads(done.stdout)
        self.assertEqual((done.returncode, document["exit_code"]), (document["exit_code"],) * 2)
        try:
            errors = list(schema.errors(SCHEMAS, "test", document))
        except ImportError:
            errors = []  # what can be said without python3-jsonschema is said
        self.assertEqual([e.message for e in errors], [])
        return document

    def fake(self, how, *args, prefix=(), **variables):
        """The document of a test with the fake torch, and the results by stage of its first run."""
        done = self.run_test("--json", "--force", "--python", self.python(how, **variables), *args,
                             prefix=prefix)
        document = self.document(done)
        return document, {s["stage"]: s for s in document["stages"] if s["run"] == 1}

    def results(self, stages, expected):
        self.assertEqual([stages[name]["result"] for name in STAGES], expected)

    def seen(self, document):
        return {c["name"]: c["seen"] for c in document["criteria"]}


class Passing(Case):
    def test_all(self):
        document, stages = self.fake("", "--runs", "3")
        self.assertEqual(document["exit_code"], 0)
        self.results(stages, ["passed"] * 8)
        self.assertEqual([(s["run"], s["stage"]) for s in document["stages"]],
                         [(run, stage) for run in (1, 2, 3) for stage in STAGES])
        self.assertEqual((document["card"], document["arch"], document["torch"]),
                         ("Fake Radeon", "gfx1030", "0.0-fake"))
        watched = document["kernel_log"]["is_watched"]
        self.assertEqual(self.seen(document), {
            "card": "yes", "conv1x1": "yes", "conv3x3": "yes", "conv7x7": "yes", "resnet": "yes",
            "training": "yes", "kernel-log": "yes" if watched else "not-seen"})

    def test_what_the_processor_did_shows_nothing_of_a_card(self):
        document, stages = self.fake("", "--device", "cpu")
        self.assertEqual(document["exit_code"], 0)
        self.assertEqual(set(self.seen(document).values()), {"not-seen"})
        text = self.run_test("--device", "cpu", "--python", self.python())
        self.assertIn(b"says nothing of a", text.stdout)
        self.assertNotIn(b"[x]", text.stdout)

    def test_text(self):
        done = self.run_test("--force", "--python", self.python())
        self.assertEqual(done.returncode, 0)
        for stage in STAGES:
            self.assertRegex(done.stdout.decode(), rf"(?m)^{stage} +1 of 1 .* passed$")
        self.assertIn(b"[x] A training step runs", done.stdout)
        self.assertIn(b"and no", done.stdout)
        self.assertEqual(done.stderr.count(b"\n"), 8)
        self.assertNotIn(b"\r", done.stderr)

    def test_environment(self):
        path = self.folder / "environment"
        os.environ["RD_SECRET"] = "1"
        self.addCleanup(os.environ.pop, "RD_SECRET")
        self.fake("environment@conv1x1", "--profile", "gfx1030", FAKE_FILE=path)
        lines = path.read_text().splitlines()[1:]
        home = pwd.getpwuid(os.getuid()).pw_dir
        self.assertEqual(set(PROFILE) - set(lines), set())
        self.assertIn(f"HOME={home}", lines)
        # What else there is comes from the shell of the wrapper, and from the wrapper itself.
        self.assertEqual({line.split("=")[0] for line in lines} - {v.split("=")[0] for v in PROFILE},
                         {"PATH", "LC_ALL", "HOME", "USER", "LOGNAME", "PWD", "PYTHONPATH",
                          "FAKE_TORCH", "FAKE_FILE"})


class Failing(Case):
    def test_wrong_result_ends_nothing(self):
        for how in ("wrong", "nan"):
            document, stages = self.fake(f"{how}@conv3x3-32")
            self.assertEqual(document["exit_code"], 3)
            self.results(stages, ["passed"] * 3 + ["wrong-result"] + ["passed"] * 4)
            self.assertEqual(self.seen(document)["conv3x3"], "no")
            self.assertEqual(self.seen(document)["training"], "yes")

    def test_exception(self):
        document, stages = self.fake("exception@training", "--runs", "2")
        self.results(stages, ["passed"] * 7 + ["failed"])
        self.assertIn("HIP error: the operation cannot", stages["training"]["reason"])
        self.assertNotIn("not-run", [s["result"] for s in document["stages"]])

    def test_crash_ends_all(self):
        document, stages = self.fake("signal@conv1x1", "--runs", "2")
        self.results(stages, ["passed"] * 2 + ["crashed"] + ["not-run"] * 5)
        self.assertRegex(stages["conv1x1"]["reason"], "signal 6 .*Memory access fault by GPU node-1")
        self.assertEqual({s["result"] for s in document["stages"] if s["run"] == 2}, {"not-run"})
        self.assertEqual(self.seen(document)["conv3x3"], "not-seen")

    def test_hang(self):
        for how in ("hang", "ignore"):
            start = time.monotonic()
            document, stages = self.fake(f"{how}@conv3x3-44", "--time-limit", "3")
            self.assertLess(time.monotonic() - start, 30)
            self.results(stages, ["passed"] * 4 + ["timeout"] + ["not-run"] * 3)
            self.assertIn("killed after 3 s", stages["conv3x3-44"]["reason"])
            self.assertEqual(self.seen(document)["conv3x3"], "no")

    def test_hang_of_a_family(self):
        document, stages = self.fake("family@resnet", "--time-limit", "3")
        self.assertEqual(stages["resnet"]["result"], "timeout")
        self.assertEqual(processes("sleep(987)"), 0)

    def test_import(self):
        document, stages = self.fake("import-error@import")
        self.results(stages, ["failed"] + ["not-run"] * 7)
        self.assertIn("libamdhip64", stages["import"]["reason"])

    def test_no_card(self):
        start = time.monotonic()
        document, stages = self.fake("no-card@device")
        self.assertLess(time.monotonic() - start, 20)
        self.results(stages, ["passed", "failed"] + ["not-run"] * 6)
        self.assertIn("No HIP GPUs are available", stages["device"]["reason"])
        self.assertEqual(self.seen(document)["card"], "no")

    def test_status_and_silence(self):
        self.assertIn("status 42", self.fake("status@conv1x1")[1]["conv1x1"]["reason"])
        _, stages = self.fake("quiet@conv1x1")
        self.assertEqual(stages["conv1x1"]["result"], "failed")
        self.assertIn("without a result", stages["conv1x1"]["reason"])

    def test_noise(self):
        done = self.run_test("--force", "--python", self.python("noise@conv1x1"))
        self.assertEqual(done.returncode, 3)
        self.assertNotIn(b"\033", done.stdout + done.stderr)


class Untried(Case):
    def test_no_python(self):
        for path in ("/nowhere/python3", "nowhere-python3", str(self.folder)):
            done = self.run_test("--device", "cpu", "--python", path)
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertIn(b"Nothing could be tried", done.stdout)

    def test_no_torch(self):
        python = self.folder / "python"
        python.write_text(f"#!/bin/sh\nexec {PYTHON} -S \"$@\"\n")
        python.chmod(0o755)
        done = self.run_test("--device", "cpu", "--json", "--python", python)
        self.assertEqual(done.returncode, 6)
        self.assertIn("has no module torch", self.document(done)["untried"])

    def test_a_path_from_here(self):
        self.python()
        done = self.run_test("--device", "cpu", "--python", "./python", cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stdout)


class Signals(Case):
    def test_stop(self):
        python = self.python("hang@device")
        process = subprocess.Popen([BINARY, "test", "--force", "--python", python],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"Stopped before the end", out)
        self.assertIn(b"stopped by a signal", err)


class Mounting(Case):
    """In a name space of its own, where other things are mounted over this machine's."""

    def prefix(self, *mounts):
        script = "".join(f"mount --bind {source} {target} && " for source, target in mounts)
        prefix = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-m", "sh", "-c",
                  script + 'exec "$@"', "sh"]
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
            self.skipTest("no name space for mounts here")
        return prefix


class Unsafe(Mounting):
    """dkms and its sources are those of a picture: patched, with or without a card."""

    def setUp(self):
        super().setUp()
        root = self.folder / "root"
        try:
            picture.unpack(TESTS / "golden/patched-source-only/manifest", root, MODULES)
        except picture.Unavailable as e:
            self.skipTest(str(e))
        self.mounted = self.prefix((root / "usr/src", "/usr/src"), (root / "var/lib", "/var/lib"))

    def test_is_refused(self):
        done = self.run_test("--json", "--python", self.python(), prefix=self.mounted)
        self.assertEqual((done.returncode, done.stdout), (3, b""))
        self.assertIn(b"refused", done.stderr)
        self.assertIn(b"unsafe", done.stderr)

    def test_is_not_with_force_or_without_a_card(self):
        for args in (["--force"], ["--device", "cpu"]):
            done = self.run_test("--json", "--python", self.python(), *args, prefix=self.mounted)
            self.assertEqual(self.document(done)["exit_code"], 0)


class KernelLog(Mounting):
    """The log is a pipe in packet mode."""

    def log(self):
        path = self.folder / "kmsg"
        os.mkfifo(path)
        path.chmod(0o666)
        return path, self.prefix((path, "/dev/kmsg"))

    def test_fault(self):
        path, prefix = self.log()
        document, stages = self.fake("kernel@conv3x3-44", prefix=prefix, FAKE_FILE=path)
        self.results(stages, ["passed"] * 4 + ["kernel-fault"] + ["not-run"] * 3)
        lines = [(line["signature"], line["line"]) for line in stages["conv3x3-44"]["kernel_log"]]
        self.assertEqual([name for name, _ in lines], ["page-fault", "culprit"])
        self.assertTrue(lines[0][1].endswith("pasid:32863)"), lines)
        self.assertEqual(document["exit_code"], 3)
        self.assertEqual(self.seen(document)["kernel-log"], "no")
        self.assertEqual(self.seen(document)["conv1x1"], "yes")

    def test_that_cannot_be_opened(self):
        path, prefix = self.log()
        path.unlink()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            document, _ = self.fake("", prefix=prefix)
        self.assertFalse(document["kernel_log"]["is_watched"])
        self.assertIn("/dev/kmsg", document["kernel_log"]["reason"])
        self.assertEqual(document["exit_code"], 0)
        self.assertEqual(self.seen(document)["kernel-log"], "not-seen")


@unittest.skipUnless(os.geteuid() == 0, "only root becomes somebody else")
class Sudo(Case):
    def sudo(self, uid, how="", **variables):
        return self.run_test("--json", "--device", "cpu", "--python",
                             self.python(how, **variables), env={**os.environ, "SUDO_UID": uid})

    def test_runs_as_the_caller(self):
        if subprocess.run(["setpriv", f"--reuid={NOBODY}", "cat", FAKE / "torch" / "__init__.py"],
                          capture_output=True, check=False).returncode:
            self.skipTest("this tree is not for others to read")
        path = self.folder / "environment"
        path.touch()
        path.chmod(0o666)
        document = self.document(self.sudo(str(NOBODY), "environment@import", FAKE_FILE=path))
        ids, *lines = path.read_text().splitlines()
        user = pwd.getpwuid(NOBODY)
        self.assertEqual((document["user"], document["is_sudo"]), (user.pw_name, True))
        self.assertEqual(ids, f"[{NOBODY}] [{user.pw_gid}]")
        self.assertIn(f"USER={user.pw_name}", lines)
        self.assertIn(f"HOME={user.pw_dir}", lines)
        self.assertIn(f"run as      {user.pw_name}, who called sudo".encode(), self.run_test(
            "--device", "cpu", "--python", self.python(),
            env={**os.environ, "SUDO_UID": str(NOBODY)}).stdout)

    def test_a_caller_that_is_none(self):
        done = self.sudo("3999999999")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"called sudo", done.stderr)


class WrongUse(Case):
    def test_values(self):
        for args, word in ((["--runs", "0"], "--runs"), (["--runs", "x"], "--runs"),
                           (["--runs", "1001"], "--runs"), (["--runs", "-1"], "--runs"),
                           (["--device", "gpu"], "--device"), (["--device", "cuda:"], "--device"),
                           (["--device", "cuda:1x"], "--device"), (["--python="], "--python"),
                           (["--time-limit", "0"], "--time-limit"),
                           (["--profile", "fast"], "--profile"), (["--profile="], "--profile"),
                           (["now"], "'now'"), (["--root", "/"], "--root"),
                           (["--format", "nagios"], "--format")):
            with self.subTest(args=args):
                done = self.run_test(*args)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertIn(word, done.stderr.decode())


@unittest.skipUnless(shutil.which(PYTHON) and not subprocess.run(
    [PYTHON, "-c", "import importlib.util as u, sys; sys.exit(not u.find_spec('torch'))"],
    check=False).returncode, "python3-torch is missing")
class RealTorch(Case):
    def test_on_the_processor(self):
        done = self.run_test("--device", "cpu", "--json", "--python", PYTHON)
        document = self.document(done)
        self.assertEqual(document["exit_code"], 0, document)
        for stage in document["stages"][2:]:
            # Single against double precision: never equal, never far.
            self.assertGreater(stage["difference"], 0)
            self.assertLess(stage["difference"], stage["limit"] / 10)

    def test_without_a_card(self):
        if pathlib.Path("/dev/kfd").exists() or pathlib.Path("/dev/nvidia0").exists():
            self.skipTest("there is a card")
        document = self.document(self.run_test("--json", "--force", "--python", PYTHON))
        self.assertEqual(document["exit_code"], 3)
        self.assertRegex(document["stages"][1]["reason"], "built without ROCm|/dev/kfd")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
