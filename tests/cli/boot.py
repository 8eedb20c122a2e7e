#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""boot-report on pictures of machines: boot.py BINARY MODULES

What is left in a picture is read by what reads it in the field, as far as that can be had here; what
a picture cannot show (the journal's socket, a full disk) is tried as root below another root.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

BINARY = pathlib.Path(sys.argv[1]).resolve()
MODULES = pathlib.Path(sys.argv[2]).resolve()
TESTS = pathlib.Path(__file__).resolve().parent.parent
DATA = TESTS.parent / "data"
sys.path.insert(0, str(TESTS))
import picture  # noqa: E402
import schema  # noqa: E402
import transaction  # noqa: E402

THIS_BOOT = "11111111-2222-3333-4444-555555555555"
USER = "ann"
ARMED_BOOT = "99999999-8888-7777-6666-555555555555"
KERNEL = "6.1.0-50-amd64"
OTHER_ID = "fedcba9876543210fedcba9876543210fedcba98"
HEALTHY = "healthy-debian-12"
MACHINES = (HEALTHY, "patched-ubuntu-24.04", "hostile-names", "clean-on-disk-patched-running",
            "intel-only", "truncated-module", "mounted-disk-patched")
ROOT = os.geteuid() == 0


def health_schema():
    """That of the health file and the one it rests on, as one that allows nothing else."""
    check = schema.load(DATA, "check")
    health = schema.close(json.loads((DATA / "health.schema.json").read_text("utf-8")))
    check["properties"] |= health["properties"]
    check["required"] = sorted({*check["required"], *health["required"]})
    return check


def build_id(module):
    """As readelf(1) says it."""
    done = subprocess.run(["readelf", "-n", MODULES / f"{module}.ko"], capture_output=True,
                          text=True, check=True)
    return re.search(r"Build ID: ([0-9a-f]+)", done.stdout)[1]


def files(root):
    return {str(p.relative_to(root)): p.lstat().st_mtime_ns for p in root.rglob("*")
            if not p.is_dir() or p.is_symlink()}


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.root = self.folder / "picture"

    def unpack(self, machine=HEALTHY):
        manifest = self.folder / "manifest"
        manifest.write_text(f"include {TESTS}/golden/{machine}/manifest\nat /\n"
                            f"file 0444 proc/sys/kernel/random/boot_id {THIS_BOOT}\n"
                            "dir 0755 var/lib\n", encoding="utf-8")
        try:
            picture.unpack(manifest, self.root, MODULES)
        except picture.Unavailable as e:
            self.skipTest(str(e))

    def command(self, verb, *options):
        return subprocess.run([BINARY, verb, "--root", "picture", *options], cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False)

    def report(self, *options, code=0, said=""):
        done = self.command("boot-report", *options)
        self.assertEqual((done.returncode, done.stderr != ""), (code, said != ""), done.stderr)
        self.assertIn(said, done.stderr)
        return done.stdout

    def health(self):
        return json.loads((self.root / "run/rdna1-doctor/health.json").read_text("utf-8"))

    def motd(self):
        """In one line."""
        return " ".join((self.root / "run/motd.d/rdna1-doctor").read_text("utf-8").split())

    def history(self):
        text = (self.root / "var/lib/rdna1-doctor/boots").read_text("utf-8")
        return transaction.read(text, "boots")

    def arm(self, number=1, **notes):
        notes = {"boot-id": ARMED_BOOT, f"build-id.{KERNEL}": build_id("debian")} | notes
        return transaction.arm(self.root, notes, number)


class Report(Case):
    def test_is_what_check_says(self):
        for machine in MACHINES:
            with self.subTest(machine=machine):
                shutil.rmtree(self.root, ignore_errors=True)
                self.unpack(machine)
                check = json.loads(self.command("check", "--json").stdout)
                before = files(self.root)
                printed = json.loads(self.report("--json"))
                health = self.health()
                self.assertEqual(printed, health)
                boot = health.pop("boot")
                self.assertEqual(health, check | {"verb": "boot-report"})
                self.assertEqual((boot["id"], boot["recovery"]), (THIS_BOOT, None))
                after = files(self.root)
                self.assertEqual({p: after.get(p) for p in before}, before)
                self.assertEqual(sorted(set(after) - set(before)),
                                 ["run/motd.d/rdna1-doctor"] * (check["verdict"] != "no-gpu") +
                                 ["run/rdna1-doctor/health.json", "var/lib/rdna1-doctor/boots",
                                  "var/lib/rdna1-doctor/lock"])

    def test_fits_its_schema(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest("python3-jsonschema is missing")
        jsonschema.Draft202012Validator.check_schema(health_schema())
        self.unpack()
        self.report()
        jsonschema.validate(self.health(), health_schema(), cls=jsonschema.Draft202012Validator)
        self.arm(**{"profile-user": USER})
        self.report("--commit")
        jsonschema.validate(self.health(), health_schema(), cls=jsonschema.Draft202012Validator)

    def test_message_of_the_day(self):
        for machine, words in ((HEALTHY, "rdna1-doctor: sane, but not proven: "),
                               ("patched-ubuntu-24.04", "rdna1-doctor: unsafe: .* Next: ")):
            with self.subTest(machine=machine):
                shutil.rmtree(self.root, ignore_errors=True)
                self.unpack(machine)
                text = self.report()
                self.assertRegex(self.motd(), words)
                self.assertEqual(" ".join(text.split()), self.motd())
                for line in text.splitlines():
                    self.assertLessEqual(len(line), 80)
                mode = (self.root / "run/motd.d/rdna1-doctor").stat().st_mode
                self.assertEqual(mode & 0o777, 0o644)

    def test_kernels_that_are_not_there(self):
        self.unpack()
        done = self.command("check", "--kernel", "nosuch")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("there is no kernel nosuch below /lib/modules, but: 6.1.0-49-amd64, "
                      "6.1.0-50-amd64\n", done.stderr)

    def test_roots_without_a_system(self):
        for verb in "check", "boot-report":
            self.root.mkdir(exist_ok=True)
            done = self.command(verb)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("no system below picture: is it mounted?", done.stderr)
            self.assertEqual(list(self.root.iterdir()), [])

    @unittest.skipUnless(ROOT, "needs root")
    def test_a_root_that_may_not_be_entered(self):
        closed = self.folder / "closed"
        closed.mkdir(mode=0o700)
        self.folder.chmod(0o755)
        program = shutil.copy(BINARY, self.folder)
        done = subprocess.run([program, "check", "--root", closed], capture_output=True, text=True,
                              check=False, user=65534, group=65534, extra_groups=[])
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"open root {closed}: Permission denied", done.stderr)
        self.assertNotIn("openat2", done.stderr)

    def test_a_command_is_never_broken(self):
        """So that it can be copied: wherever the disk is mounted."""
        place = "a-disk-that-is-mounted/" + "far/" * 20
        self.unpack("patched-ubuntu-24.04")
        (self.folder / place).mkdir(parents=True)
        (self.folder / place).rmdir()
        self.root.rename(self.folder / place)
        for verb in "check", "boot-report":
            done = subprocess.run([BINARY, verb, "--root", place], cwd=self.folder, text=True,
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False)
            self.assertIn(f"Next: sudo rdna1-doctor recover --root {place}\n", done.stdout)

    def test_history(self):
        self.unpack()
        for n in (1, 2, 2):
            boot = self.root / "proc/sys/kernel/random/boot_id"
            boot.chmod(0o644)
            boot.write_text(f"boot-{n}\n", encoding="utf-8")
            self.report()
        self.assertEqual([line[:1] + line[2:] for line in self.history()],
                         [[f"boot-{n}", KERNEL, "sane", "no-sign", build_id("debian"), "", ""]
                          for n in (1, 2)])
        self.assertEqual([b["boot_id"] for b in self.health()["boot"]["history"]],
                         ["boot-1", "boot-2"])

    def test_of_no_boot(self):
        """A mounted disk: no boot is told of, all else is."""
        self.unpack("mounted-disk-patched")
        (self.root / "proc/sys/kernel/random/boot_id").unlink()
        self.report()
        self.assertIsNone(self.health()["boot"]["id"])
        self.assertFalse((self.root / "var/lib/rdna1-doctor/boots").exists())

    def test_of_no_system(self):
        self.unpack()
        (self.root / "var/lib").rmdir()
        self.report(code=1, said="this is no system")
        self.assertEqual(self.health()["verdict"], "sane")
        self.assertIn("sane", self.motd())

    def test_beside_a_run_that_holds_the_lock(self):
        import fcntl
        self.unpack()
        self.report()
        with open(self.root / "var/lib/rdna1-doctor/lock", "r+", encoding="utf-8") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            shutil.rmtree(self.root / "run")
            self.report("--commit", code=1, said="another run is in progress")
        self.assertEqual(self.health()["verdict"], "sane")

    def test_beside_a_recovery_in_progress(self):
        import fcntl
        self.unpack()
        folder = self.arm()
        (folder / "90-armed").rename(folder / "spare-90-armed")
        self.assertIn("a recovery was cut off", self.command("check").stdout)
        with open(self.root / "var/lib/rdna1-doctor/lock", "w", encoding="utf-8") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            print(4711, file=f, flush=True)
            done = self.command("check")
            self.report("--commit", code=1, said="another run is in progress (pid 4711)")
        self.assertEqual(done.returncode, 6)
        self.assertIn("transaction 0001 is in progress (pid 4711)", done.stdout)
        self.assertNotIn("cut off", done.stdout)
        self.assertEqual(self.health()["verdict"], "undetermined")
        self.assertEqual(self.health()["recovery"]["in_progress"], 1)
        self.assertIn("a recovery is in progress", self.motd())

    def test_wrong_use(self):
        for args in (["now"], ["--format", "nagios"], ["--force"], ["--commit=yes"]):
            with self.subTest(args=args):
                done = subprocess.run([BINARY, "boot-report", "--root", "/nowhere", *args],
                                      capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn("see 'rdna1-doctor boot-report --help'", done.stderr)


class Confirm(Case):
    def recovery(self):
        return self.health()["boot"]["recovery"]

    def is_committed(self, number=1):
        return (self.root / f"var/lib/rdna1-doctor/txn/{number:04}/99-committed").exists()

    def expect(self, outcome, committed, motd):
        recovery = self.recovery()
        self.assertEqual((recovery["outcome"], recovery["is_committed"]), (outcome, committed))
        self.assertEqual(self.is_committed(), committed)
        self.assertIn(motd, self.motd())
        self.assertEqual(self.history()[-1][6:], ["0001", outcome])

    def test_a_boot_into_the_good_module(self):
        self.unpack()
        self.arm()
        self.report()
        self.expect("confirmed", False, "recovery 0001 can be confirmed: ")
        self.assertEqual(self.health()["recovery"]["armed"], 1)
        self.report("--commit")
        self.expect("confirmed", True, "rdna1-doctor: ")
        self.assertIsNone(self.health()["recovery"]["armed"])
        self.report("--commit")
        self.expect("confirmed", True, "rdna1-doctor: ")

    def test_who_follows_the_advice_confirms(self):
        """check names the command where no unit runs it, and that command is the one that helps."""
        self.unpack()
        self.arm(**{"boot-id": THIS_BOOT})
        self.assertIn("Next: nothing to do\n", self.command("check").stdout)
        shutil.rmtree(self.root / "var/lib/rdna1-doctor")
        self.arm()
        said = self.command("check", "--verbose").stdout
        self.assertIn("transaction 0001 is done, and waits for a boot", said)
        advice = json.loads(self.command("check", "--json").stdout)["next"].split()
        self.assertEqual(advice, "sudo rdna1-doctor boot-report --root picture --commit".split())
        self.assertEqual(self.command(*[w for w in advice[2:] if w not in ("--root", "picture")])
                         .returncode, 0)
        self.expect("confirmed", True, "rdna1-doctor: sane")
        self.assertEqual(self.health()["next"], "nothing to do")
        self.assertNotIn("waits", self.health()["sentence"])
        self.assertIn("Next: nothing to do\n", self.command("check").stdout)

    def test_a_unit_needs_no_advice(self):
        self.unpack()
        self.arm()
        unit = self.root / "etc/systemd/system/multi-user.target.wants/rdna1-doctor-commit.service"
        unit.parent.mkdir(parents=True)
        unit.touch()
        self.assertIn("Next: nothing to do\n", self.command("check").stdout)

    def test_into_another_one(self):
        self.unpack()
        self.arm(**{f"build-id.{KERNEL}": OTHER_ID})
        self.report("--commit", code=3)
        self.expect("other-module", False, f"recovery 0001 is NOT confirmed: kernel {KERNEL} runs "
                    f"an amdgpu with build-id {build_id('debian')[:12]}..., and the one that was "
                    f"installed has {OTHER_ID[:12]}....")
        self.report()

    def test_of_the_same_boot(self):
        self.unpack()
        self.arm(**{"boot-id": THIS_BOOT})
        self.report("--commit")
        self.expect("same-boot", False, "recovery 0001 waits for a reboot: ")

    def test_without_amdgpu(self):
        self.unpack()
        shutil.rmtree(self.root / "sys/module/amdgpu")
        self.arm()
        self.report("--commit")
        self.expect("not-loaded", False, "recovery 0001 waits to be confirmed: amdgpu is not loaded")

    def test_of_a_later_kernel(self):
        self.unpack()
        folder = self.arm()
        (folder / "armed").write_text(transaction.record(
            "notes", ("note", "boot-id", ARMED_BOOT), ("note", "build-id.6.1.0-49-amd64",
                                                       build_id("debian-older"))), "utf-8")
        self.report("--commit")
        self.expect("confirmed", True, "rdna1-doctor: sane")

    def home(self):
        """Of a user of that system, as far as this one lets us have another's."""
        uid = 1000 if ROOT else os.getuid()
        home = self.root / "home" / USER
        home.mkdir(parents=True)
        os.chown(home, uid, uid if ROOT else os.getgid())
        gid = uid if ROOT else os.getgid()
        (self.root / "etc/passwd").write_text(f"{USER}:x:{uid}:{gid}::/home/{USER}:/bin/sh\n",
                                              "utf-8")
        return home

    def test_the_promised_profile_is_written_after_the_commit(self):
        self.unpack()
        profile = self.home() / "rocm_rdna1_env.sh"
        folder = self.arm(**{"profile-user": USER})
        self.report()
        self.assertFalse(profile.exists())
        self.assertIn(f"the profile of {USER} is written", self.report("--commit"))
        self.assertTrue(self.is_committed())
        self.assertIn("HSA_OVERRIDE_GFX_VERSION=10.3.0", profile.read_text("utf-8"))
        self.assertEqual(profile.stat().st_uid, profile.parent.stat().st_uid)
        self.assertFalse((folder / "profile-due").exists())
        profile.unlink()
        self.report("--commit")
        self.assertFalse(profile.exists(), "it was promised once")

    def test_no_profile_without_a_commit(self):
        self.unpack()
        profile = self.home() / "rocm_rdna1_env.sh"
        self.arm(**{"profile-user": USER, f"build-id.{KERNEL}": OTHER_ID})
        self.report("--commit", code=3)
        self.assertFalse(profile.exists())

    def test_a_profile_that_cannot_be_written_keeps_no_recovery(self):
        self.unpack()
        profile = self.home() / "rocm_rdna1_env.sh"
        profile.symlink_to("/etc/passwd")
        self.arm(**{"profile-user": USER})
        self.report("--commit")
        self.assertTrue(self.is_committed())
        self.assertIn(f"the profile of {USER} was not written: ", self.motd())

    def test_a_promise_survives_a_crash_after_the_commit(self):
        self.unpack()
        profile = self.home() / "rocm_rdna1_env.sh"
        folder = self.arm(**{"profile-user": USER})
        (folder / "profile-due").write_text(
            transaction.record("notes", ("note", "profile-user", USER)), "utf-8")
        (folder / "spare-99-committed").rename(folder / "99-committed")
        self.report("--commit")
        self.assertTrue(profile.exists())
        self.assertFalse((folder / "profile-due").exists())

    def test_with_something_bad_that_can_load(self):
        self.unpack("patched-older-kernel")
        kernel = json.loads(self.command("check", "--json").stdout)["running"]
        self.arm(**{f"build-id.{kernel['kernel']}": kernel["build_id"]})
        self.report("--commit", code=3)
        self.expect("bad-copy", False, "recovery 0001 is NOT confirmed: ")

    def test_platform_warnings_do_not_matter(self):
        """No card is seen, and check does not answer 0: the driver is what counts."""
        self.unpack()
        shutil.rmtree(self.root / "sys/devices")
        self.assertNotEqual(self.command("check").returncode, 0)
        self.arm()
        self.report("--commit")
        self.assertTrue(self.is_committed())

    def test_an_interrupted_recovery(self):
        self.unpack()
        folder = self.arm()
        (folder / "90-armed").rename(folder / "spare-90-armed")
        self.report("--commit", code=3)
        self.expect("unfinished", False, "recovery 0001 is NOT finished: ")

    def test_a_damaged_journal(self):
        self.unpack()
        folder = self.arm()
        (folder / "00-intent").write_text("rdna1-doctor: plan 1\n", "utf-8")
        self.report("--commit", code=1, said="0001: 00-intent: line")
        self.assertFalse(self.is_committed())
        self.assertEqual(self.health()["verdict"], "sane")

    def test_a_rescue_system_confirms_nothing(self):
        """Below its /mnt it mounts its own /proc, in which another kernel runs."""
        if not ROOT or not shutil.which("unshare"):
            self.skipTest("wants root and unshare(1)")
        self.unpack()
        self.arm()
        shutil.rmtree(self.root / "proc")
        (self.root / "proc").mkdir()
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", 'mount -t proc proc picture/proc || exit 77; '
             'exec "$0" boot-report --commit --root picture', BINARY], cwd=self.folder,
            capture_output=True, text=True, check=False)
        if done.returncode == 77:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.recovery()["outcome"], "unknown")
        self.assertIsNone(self.health()["boot"]["id"])
        self.assertFalse(self.is_committed())


class FullDisk(Case):
    def on_full(self, place):
        """Below a tmpfs that is full."""
        self.unpack()
        self.arm()
        (self.root / place).mkdir(parents=True, exist_ok=True)
        script = (f"set -e; cp -a picture/{place} kept; "
                  f"mount -t tmpfs -o size=64k,mode=755 tmpfs picture/{place} || exit 77; "
                  f"cp -a kept/. picture/{place}; "
                  f"dd if=/dev/zero of=picture/{place}/fill bs=4k 2>/dev/null || :; "
                  'code=0; "$0" boot-report --commit --root picture || code=$?; '
                  f"rm picture/{place}/fill; rm -r kept; cp -a picture/{place} kept; "
                  f"umount picture/{place}; cp -a kept/. picture/{place}; exit $code")
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, BINARY], cwd=self.folder,
                              capture_output=True, text=True, check=False)
        if done.returncode == 77:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("No space left on device", done.stderr)
        self.assertEqual(list(self.root.glob("**/.rdna1-doctor.new")), [])

    def setUp(self):
        super().setUp()
        if not ROOT or not shutil.which("unshare"):
            self.skipTest("wants root and unshare(1)")

    def test_of_the_state(self):
        """A recovery is confirmed there all the same, for its mark is a rename."""
        self.on_full("var/lib/rdna1-doctor")
        self.assertTrue((self.root / "var/lib/rdna1-doctor/txn/0001/99-committed").exists())
        self.assertTrue(self.health()["boot"]["recovery"]["is_committed"])

    def test_of_run(self):
        self.on_full("run")
        self.assertTrue((self.root / "var/lib/rdna1-doctor/txn/0001/99-committed").exists())
        self.assertEqual(self.history()[-1][6:], ["0001", "confirmed"])
        self.assertFalse((self.root / "run/rdna1-doctor/health.json").exists())


class Journal(Case):
    """As root, below a root of its own, with a socket there that speaks for the journal."""

    def setUp(self):
        super().setUp()
        if not ROOT:
            self.skipTest("wants root, for chroot(2)")
        linked = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout
        if "libsystemd" not in linked:
            self.skipTest("built without libsystemd")
        if "libasan" in linked:
            self.skipTest("the sanitizers want /proc, which that root has not")
        self.libraries = re.findall(r"(/\S+) \(0x", linked)

    def listen(self):
        path = self.root / "run/systemd/journal"
        path.mkdir(parents=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(str(path / "socket"))
        self.socket.settimeout(0.2)

    def install(self):
        for library in self.libraries:
            target = self.root / library.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, target)
        shutil.copy(BINARY, self.root / "doctor")
        (self.root / "dev").mkdir()
        (self.root / "dev/null").touch()

    def inside(self, *options):
        done = subprocess.run(["chroot", self.root, "/doctor", "boot-report", *options],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode

    def entries(self):
        """Each as a dictionary; systemd.io/JOURNAL_NATIVE_PROTOCOL, no value has a line end."""
        found = []
        while True:
            try:
                lines = self.socket.recv(1 << 16).decode().splitlines()
            except TimeoutError:
                return found
            found.append(dict(line.split("=", 1) for line in lines))

    def message_ids(self):
        stanzas = re.findall(r"^Message: (\S+)\nId: (\S+)\nPriority: (\d)",
                             (DATA / "messages.data").read_text("utf-8"), re.M)
        return {name: (number, priority) for name, number, priority in stanzas}

    def check_entry(self, entry, name, **fields):
        number, priority = self.message_ids()[name]
        wanted = {"MESSAGE_ID": number, "PRIORITY": priority, "SYSLOG_IDENTIFIER": "rdna1-doctor"}
        self.assertEqual({key: entry.get(key) for key in wanted | fields}, wanted | fields)

    def test_states(self):
        for machine, state in ((HEALTHY, "sane"), ("patched-ubuntu-24.04", "unsafe"),
                               ("intel-only", "no-gpu"), ("truncated-module", "undetermined"),
                               ("clean-on-disk-patched-running", "reboot-required")):
            with self.subTest(machine=machine):
                shutil.rmtree(self.root, ignore_errors=True)
                self.unpack(machine)
                self.install()
                self.listen()
                self.assertEqual(self.inside(), 0)
                [entry] = self.entries()
                health = self.health()
                self.check_entry(entry, state, MESSAGE=health["sentence"], AMDGPU_VERDICT=state,
                                 AMDGPU_NEXT=health["next"])
                if state == "unsafe":
                    failed = [f["id"] for f in health["findings"] if f["result"] == "fail"]
                    self.assertEqual(entry["AMDGPU_FINDINGS"], ", ".join(failed))

    def test_recoveries(self):
        self.unpack()
        self.install()
        self.listen()
        folder = self.arm()
        self.assertEqual(self.inside("--commit"), 0)
        [entry] = self.entries()
        self.check_entry(entry, "recovery-confirmed", AMDGPU_RECOVERY="0001", AMDGPU_VERDICT="sane",
                         AMDGPU_PROFILE="none", AMDGPU_BUILD_ID=build_id("debian"),
                         MESSAGE=self.health()["boot"]["recovery"]["sentence"])
        shutil.rmtree(folder)
        folder = self.arm(**{f"build-id.{KERNEL}": OTHER_ID})
        self.assertEqual(self.inside("--commit"), 3)
        [entry] = self.entries()
        self.check_entry(entry, "recovery-not-confirmed", AMDGPU_OUTCOME="other-module",
                         AMDGPU_NEXT="sudo rdna1-doctor check")

    def test_that_amdgpu_is_awaited_is_said_once(self):
        self.unpack()
        self.install()
        self.listen()
        self.arm()
        shutil.rmtree(self.root / "sys/module/amdgpu")
        boot = self.root / "proc/sys/kernel/random/boot_id"
        boot.chmod(0o644)
        for n in (1, 2, 3):
            boot.write_text(f"boot-{n}\n", encoding="utf-8")
            self.assertEqual(self.inside("--commit"), 0)
        [entry] = self.entries()
        self.check_entry(entry, "recovery-waits", AMDGPU_OUTCOME="not-loaded")

    def test_no_journal_is_no_failure(self):
        self.unpack()
        self.install()
        self.assertEqual(self.inside(), 0)

    def test_another_root_is_not_told(self):
        """What a picture says does not belong into this machine's journal."""
        self.unpack()
        self.install()
        self.listen()
        shutil.copytree(self.root / "sys", self.root / "mnt/sys", symlinks=True)
        (self.root / "mnt/var/lib").mkdir(parents=True)
        (self.root / "mnt/etc").mkdir()
        self.assertEqual(self.inside("--root", "/mnt"), 0)
        self.assertEqual(self.entries(), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
