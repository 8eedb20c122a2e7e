#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rollback and backups on a picture of a machine: rollback.py BINARY TRANSACT MODULES SCHEMAS

TRANSACT makes the transactions that recover would make. What must come back is known from the tree
as it was: names, types, rights, owners, times, contents.
"""

import fcntl
import hashlib
import os
import pathlib
import pty
import select
import subprocess
import sys
import tempfile
import unittest

BINARY, TRANSACT, MODULES, SCHEMAS = (pathlib.Path(a).resolve() for a in sys.argv[1:5])
TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
import picture  # noqa: E402
import verb  # noqa: E402
from verb import DONE, FAILED, REFUSED, STATE, USAGE, tree  # noqa: E402

KERNEL = "6.14.0-35-generic"
DRIVER = f"lib/modules/{KERNEL}/updates/dkms/amdgpu.ko.zst"
INTREE = f"lib/modules/{KERNEL}/kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko.zst"
BUILT = f"var/lib/dkms/amdgpu/6.16.6-2238411.24.04/{KERNEL}"
SOURCE = "usr/src/amdgpu-6.16.6-2238411.24.04/amd/amdkfd/kfd_crat.c"
STOCK = f"{SOURCE}.backup"
SETTINGS = "etc/modprobe.d/amdgpu-mtype.conf"
MACHINE = TESTS / "golden/patched-ubuntu-24.04/manifest"


class Case(verb.Case):
    binary, schemas = BINARY, SCHEMAS

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "root"
        try:
            verb.copy_of("patched", lambda at: picture.unpack(MACHINE, at, MODULES), self.root)
        except picture.Unavailable as e:
            self.skipTest(str(e))
        self.before = tree(self.root)

    def transact(self, mode, *changes, is_killed=False):
        done = subprocess.run([TRANSACT, self.root, mode, *changes], check=False, text=True,
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, -9 if is_killed else 0, done.stderr)

    def recover(self, mode="commit", **options):
        """The driver and its source become stock, what dkms built goes."""
        self.transact(mode, f"{DRIVER}={self.root / INTREE}", f"{SOURCE}={self.root / STOCK}",
                      f"{BUILT}=", **options)

    def store(self, content, txn=1, name="old"):
        return self.file(f"{STATE}/txn/{txn:04}/{name}/{hashlib.sha256(content).hexdigest()}")


class Rollback(Case):
    def test_a_patched_driver_wants_to_be_known(self):
        self.recover()
        done = self.refused("rollback", "--yes", words=["is patched", f"/{DRIVER}", "--i-know",
                                                        "0x731f"])
        self.assertIn(f"/{SOURCE}: patched", done.stdout)
        document = self.answer("rollback", "--yes", code=REFUSED)
        self.assertEqual((document["result"], document["brings_back_bad"],
                          document["needs_reboot"]), ("refused", True, False))
        self.assertIn("--i-know", document["reason"])
        self.assertEqual({c["path"]: c["verdict"] for c in document["copies"]},
                         {f"/{DRIVER}": "patched", f"/{SOURCE}": "patched",
                          f"/{BUILT}/x86_64/module/amdgpu.ko.zst": "patched"})

    def test_everything_comes_back(self):
        self.recover()
        self.assertNotEqual(tree(self.root), self.before)
        done = self.run_verb("rollback", "--yes", "--i-know", code=DONE)
        self.is_as_before()
        for word in (f"/{DRIVER}", f"/{SOURCE}", f"/{BUILT}", "Transaction 0001 is rolled back",
                     f"rdna1-doctor check --root {self.root}"[:60]):
            self.assertIn(word, "".join(done.stdout.split("\n    ")).replace("\n", " "))
        self.refused("rollback", "--yes", words=["nothing to roll back"])

    def test_by_program(self):
        self.recover("arm")
        document = self.answer("rollback", "1", "--yes", "--i-know")
        self.is_as_before()
        self.assertEqual((document["result"], document["reason"]), ("done", None))
        self.assertEqual((document["transaction"]["id"], document["transaction"]["state"],
                          document["transaction"]["method"], document["transaction"]["begun_by"]),
                         (1, "armed", "source", "0.0.1"))
        self.assertEqual(set(document["restored"]), {f"/{DRIVER}", f"/{SOURCE}", f"/{BUILT}"})
        self.assertEqual((document["removed"], document["foreign"]), ([], []))
        restored = [self.file(DRIVER), self.file(SOURCE),
                    *(p for p in self.file(BUILT).rglob("*") if p.is_file())]
        self.assertEqual(document["files"], len(restored))
        self.assertEqual(document["size"], sum(p.stat().st_size for p in restored))

    def test_what_was_not_there_goes(self):
        self.transact("commit", f"etc/modprobe.d/new.conf={self.root / SETTINGS}")
        document = self.answer("rollback", "--yes")
        self.is_as_before()
        self.assertEqual(document["removed"], ["/etc/modprobe.d/new.conf"])
        self.assertFalse(document["brings_back_bad"])

    def test_a_driver_without_a_sign_needs_no_knowledge(self):
        os.replace(self.file(STOCK), self.file(SOURCE))
        before = tree(self.root)
        self.transact("commit", f"{SOURCE}={self.root / SETTINGS}")
        self.run_verb("rollback", "--yes", code=DONE)
        self.assertEqual(tree(self.root), before)

    def test_a_driver_that_cannot_be_judged_wants_to_be_known(self):
        self.file(DRIVER).write_bytes(b"\x7fELF")
        self.transact("commit", f"{DRIVER}={self.root / INTREE}")
        self.refused("rollback", "--yes", words=["could not be inspected", "--i-know"])

    def test_the_last_one_first(self):
        self.recover()
        self.transact("commit", f"{SETTINGS}=")
        self.refused("rollback", "1", "--yes", "--i-know", words=["0002", "first"])
        self.run_verb("rollback", "2", "--yes", code=DONE)
        self.refused("rollback", "2", "--yes", words=["0002 is rolled back already"])
        self.run_verb("rollback", "--yes", "--i-know", code=DONE)
        self.is_as_before()

    def test_unknown_and_wrong_numbers(self):
        self.recover()
        self.refused("rollback", "7", "--yes", words=["there is no transaction 0007"])
        for word in ("0", "-1", "x", "1x", "", "99999999999999999999", "100000"):
            self.refused("rollback", "--yes", "--", word, code=USAGE, words=["see 'rdna1-doctor"])
        self.refused("rollback", "1", "2", code=USAGE)

    def test_nothing_was_ever_done(self):
        done = self.refused("rollback", "--yes", words=["nothing to roll back"])
        self.assertFalse(self.file(STATE).exists())
        self.assertEqual(done.stdout, "")
        document = self.answer("rollback", code=REFUSED)
        self.assertIsNone(document["transaction"])


class Unfinished(Case):
    def test_cut_off_before_anything_changed(self):
        self.recover("begin", is_killed=True)
        document = self.answer("rollback", "--yes")
        self.assertEqual(document["transaction"]["state"], "unfinished")
        self.assertEqual((document["restored"], document["brings_back_bad"]), ([], False))
        self.is_as_before()
        self.recover("begin", is_killed=True)
        self.run_verb("rollback", "--yes", code=DONE)
        self.is_as_before()

    def test_cut_off_on_the_way(self):
        for mode in ("early", "late"):
            with self.subTest(mode=mode):
                self.recover(mode, is_killed=True)
                self.refused("rollback", "--yes", words=["--i-know", "recover"])
                self.assertEqual(self.answer("backups")["backups"][-1]["state"], "unfinished")
                self.run_verb("rollback", "--yes", "--i-know", code=DONE)
                self.is_as_before()

    def test_half_undone_goes_on(self):
        self.recover()
        os.rename(self.file(f"{STATE}/txn/0001/spare-96-undo"),
                  self.file(f"{STATE}/txn/0001/96-undo"))
        self.assertEqual(self.answer("backups")["backups"][0]["state"], "half-undone")
        document = self.answer("rollback", "--yes")
        self.assertTrue(document["brings_back_bad"])
        self.is_as_before()


class Others(Case):
    """What others have put in the way is neither what was nor what the transaction left."""

    def test_it_is_kept(self):
        self.recover()
        theirs = b"a module of an upgrade"
        self.file(DRIVER).write_bytes(theirs)
        self.file(BUILT).mkdir()
        self.file(f"{BUILT}/make.log").write_bytes(b"built once more")
        done = self.refused("rollback", "--i-know", words=["--yes"])
        self.assertIn("Changed by others since", done.stdout)
        self.assertFalse(self.file(f"{STATE}/txn/0001/aside").exists())
        done = self.run_verb("rollback", "--yes", "--i-know", code=DONE)
        self.is_as_before()
        self.assertIn("txn/0001/aside", done.stdout)
        self.assertEqual(self.store(theirs, name="aside").read_bytes(), theirs)
        self.assertEqual(self.store(b"built once more", name="aside").read_bytes(),
                         b"built once more")
        saved = self.answer("backups")["backups"][0]
        self.assertEqual(set(saved["aside"]), {f"/{DRIVER}", f"/{BUILT}"})
        # The rest of it is on the machine, and this is not.
        self.refused("backups", "prune", "1", "--yes", "--i-know")
        saved = self.answer("backups", "prune", "1", "--yes", "--i-know",
                            code=REFUSED)["backups"][0]
        self.assertEqual(saved["result"], "stays")
        self.assertIn("what 0001 kept of it", saved["reason"])
        self.store(theirs, name="aside").write_bytes(b"a module of an upgradf")
        self.assertEqual(self.answer("backups", "verify", code=REFUSED)["backups"][0]["damaged"],
                         [f"/{DRIVER}"])

    def test_of_what_is_as_it_was_nothing_is_kept(self):
        self.recover()
        self.file(SOURCE).write_bytes(b"// all mine")
        document = self.answer("rollback", "--yes", "--i-know")
        self.assertEqual(document["foreign"], [f"/{SOURCE}"])
        self.assertEqual(len(list(self.file(f"{STATE}/txn/0001/aside").iterdir())), 1)


class Consent(Case):
    def ask(self, answer):
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        done = subprocess.run([BINARY, "rollback", "--i-know", "--root", self.root], stdin=theirs,
                              stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=False)
        said = b""
        while select.select([ours], [], [], 0.2)[0]:
            said += os.read(ours, 65536)
        os.close(ours)
        os.close(theirs)
        return done.returncode, said

    def test_on_a_terminal(self):
        self.recover()
        after = tree(self.root)
        for answer in (b"\n", b"n\n", b"yesss\n", b"\x04"):
            code, said = self.ask(answer)
            self.assertEqual(code, REFUSED)
            self.assertIn(b"Roll back transaction 0001? [y/N]", said)
            self.assertEqual(tree(self.root), after)
        self.assertEqual(self.ask(b"y\n")[0], DONE)
        self.is_as_before()

    def test_in_a_pipe(self):
        self.recover()
        self.refused("rollback", "--i-know", words=["no terminal", "--yes"])


class Backups(Case):
    def test_there_are_none(self):
        self.assertEqual(self.answer("backups")["backups"], [])
        self.assertIn("no backups", self.run_verb("backups", code=DONE).stdout)
        self.assertEqual(self.answer("backups", "verify")["backups"], [])
        self.assertEqual(self.answer("backups", "prune", "--yes")["backups"], [])
        self.refused("backups", "list", "1", words=["there is no transaction 0001"])
        self.assertFalse(self.file(STATE).exists())

    def test_list(self):
        self.recover()
        self.transact("arm", f"{SETTINGS}=")
        first, second = self.answer("backups", "list")["backups"]
        self.assertEqual((first["id"], first["state"], first["method"], first["kernels"]),
                         (1, "committed", "source", [KERNEL]))
        self.assertEqual((second["id"], second["state"], second["kernels"], second["files"],
                          second["size"]),
                         (2, "armed", [], 1, self.before_size(SETTINGS)))
        text = self.run_verb("backups", code=DONE).stdout
        self.assertIn("0001  ", text)
        self.assertIn("confirmed by a boot", text)
        self.assertIn("waits for the boot", text)
        self.assertEqual([b["id"] for b in self.answer("backups", "list", "2")["backups"]], [2])

    def before_size(self, path):
        return os.stat(self.store_of(path)).st_size

    def store_of(self, path, txn=2):
        real = os.path.relpath(os.path.realpath(self.file(path)), os.path.realpath(self.root))
        return self.file(f"{STATE}/txn/{txn:04}/old/{self.before[real][4]}")

    def test_verify(self):
        self.recover()
        self.assertEqual(self.answer("backups", "verify")["backups"][0]["result"], "whole")
        self.store_of(SOURCE, 1).write_bytes(b"cut")
        self.store_of(DRIVER, 1).unlink()
        saved = self.answer("backups", "verify", "1", code=REFUSED)["backups"][0]
        self.assertEqual(saved["result"], "damaged")
        self.assertEqual(set(saved["damaged"]),
                         {f"/{SOURCE}", f"/{DRIVER}", f"/{BUILT}/x86_64/module/amdgpu.ko.zst"})
        self.refused("rollback", "--yes", "--i-know", words=["damaged", "backups verify 1"])

    def test_the_only_copy_stays(self):
        self.recover()
        saved = self.answer("backups", "prune", "--yes")["backups"][0]
        self.assertEqual(saved["result"], "stays")
        self.assertIn("nothing else has", saved["reason"])
        self.refused("backups", "prune", "1", "--yes", words=["1 of 1 stays"])
        self.refused("backups", "prune", "--yes", "--i-know", code=USAGE, words=["numbers"])
        self.assertTrue(self.file(f"{STATE}/txn/0001").exists())

    def test_a_patched_driver_that_nobody_wants_back(self):
        self.recover()
        self.refused("backups", "prune", "1", "--i-know", words=["--yes"])
        done = self.run_verb("backups", "prune", "1", "--i-know", "--yes", code=DONE)
        self.assertIn("may go: ", done.stdout)
        self.assertIn("gone", done.stdout)
        self.assertFalse(self.file(f"{STATE}/txn/0001").exists())
        self.assertEqual(self.answer("backups")["backups"], [])

    def test_no_more_than_that_goes(self):
        self.transact("commit", f"{DRIVER}={self.root / STOCK}", f"{INTREE}={self.root / STOCK}")
        self.transact("commit", f"{SETTINGS}=")
        self.recover("arm")
        reasons = [b["reason"] for b in self.answer("backups", "prune", "1", "2", "3", "--yes",
                                                    "--i-know", code=REFUSED)["backups"]]
        self.assertIn(f"{INTREE}: nothing else has", reasons[0])
        self.assertIn("not known to be patched", reasons[0])
        self.assertIn("it is no driver", reasons[1])
        self.assertIn("not over yet", reasons[2])

    def test_what_is_on_the_machine_again_may_go(self):
        self.transact("commit", f"{SETTINGS}=")
        self.run_verb("rollback", "--yes", code=DONE)
        saved = self.answer("backups", "prune", "--yes")["backups"][0]
        self.assertEqual((saved["result"], saved["state"]), ("gone", "rolled-back"))
        self.assertFalse(self.file(f"{STATE}/txn/0001").exists())

    def test_the_clean_driver_that_was_rolled_back_stays(self):
        self.recover()
        self.run_verb("rollback", "--yes", "--i-know", code=DONE)
        for args in ([], ["1"], ["1", "--i-know"]):
            saved = self.answer("backups", "prune", *args, "--yes",
                                code=REFUSED if args else DONE)["backups"][0]
            self.assertEqual(saved["result"], "stays")
            self.assertIn(f"/{DRIVER}: nothing else has what 0001 installed there",
                          saved["reason"])

    def test_of_two_that_are_alike_one_stays(self):
        for _ in range(2):
            self.file(SETTINGS).write_bytes(b"# mine")
            self.transact("commit", f"{SETTINGS}=")
        results = [b["result"] for b in self.answer("backups", "prune", "--yes")["backups"]]
        self.assertEqual(results, ["gone", "stays"])

    def test_wrong_use(self):
        for args in (["burn"], ["1"], ["list", "x"], ["prune", "0"], ["list", "--yes"],
                     ["verify", "--i-know"]):
            self.refused("backups", *args, code=USAGE, words=["see 'rdna1-doctor backups --help'"])


class Journal(Case):
    """States that no run of ours leaves, and the rights of others."""

    def write_intent(self, content):
        self.file(f"{STATE}/txn/0001/00-intent").write_bytes(content)

    def test_damaged(self):
        self.recover()
        self.write_intent(b"rdna1-doctor: plan 1\n")
        self.refused("rollback", "--yes", "--i-know", code=FAILED, words=["0001", "cut off"])
        saved = self.answer("backups", code=REFUSED)["backups"][0]
        self.assertEqual(saved["state"], "unreadable")
        self.assertIn("cut off", saved["reason"])
        self.refused("backups", "verify", words=["1 of 1"])
        saved = self.answer("backups", "prune", "1", "--yes", code=REFUSED)["backups"][0]
        self.assertEqual(saved["result"], "stays")

    def test_of_a_later_version(self):
        self.recover()
        self.write_intent(b"rdna1-doctor: plan 2\n")
        self.refused("rollback", "--yes", "--i-know", code=FAILED, words=["version 2"])
        self.assertIn("version 2", self.run_verb("backups", code=REFUSED).stdout)

    def test_hostile_names(self):
        self.recover()
        self.file(f"{STATE}/txn/0001/45-\033[31m").write_bytes(b"")
        for args in (["rollback", "--yes"], ["backups"]):
            done = self.run_verb(*args)
            self.assertNotIn("\033", done.stdout + done.stderr)

    def test_another_run(self):
        self.recover()
        with subprocess.Popen([TRANSACT, self.root, "hold"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as other:
            self.assertEqual(other.stdout.readline(), "held\n")
            for args in (["rollback", "--yes", "--i-know"], ["backups", "prune", "--yes"]):
                self.refused(*args, words=["another run", f"pid {other.pid}"])
            self.run_verb("backups", code=DONE)
            self.run_verb("backups", "verify", code=DONE)
            other.stdin.close()

    def test_the_package_manager_at_work(self):
        self.recover()
        lock = self.file("var/lib/dpkg/lock-frontend")
        lock.parent.mkdir(parents=True, exist_ok=True)
        with open(lock, "w", encoding="ascii") as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            # Reading the lock's file in this process would give it free.
            done = self.run_verb("rollback", "--yes", "--i-know", code=REFUSED)
            self.assertIn("package manager is at work", done.stderr)
        self.run_verb("rollback", "--yes", "--i-know", code=DONE)

    def test_somebody_who_is_not_root(self):
        self.recover()
        options = {"user": 65534} if not os.geteuid() else {}
        if not options:
            self.file(STATE).chmod(0)
        try:
            os.chmod(self.root.parent, 0o755)
            for args in (["rollback", "--yes"], ["backups"], ["backups", "prune"]):
                done = self.run_verb(*args, code=REFUSED, **options)
                self.assertIn("run it as root", done.stderr)
        finally:
            self.file(STATE).chmod(0o700)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
