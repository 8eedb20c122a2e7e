#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every test in every build, and one sum: everything.py [--quick]   (run by ./bootstrap test)

Stages, each of them timed: the plain build with its suites, the unit tests under valgrind, the
build with AddressSanitizer and UBSan, the fuzzers for a moment, the real kernel modules, recover on
whole machines, booted guests, the benchmarks. A stage that cannot run counts as one failed test,
or, if the reason lies outside (no network for the lab, no clang), as one skipped test with that
reason. What meson ran is counted from its logs: a program that speaks TAP counts by its test
points, any other one as one test.

The last line is `N passed, N failed`, with `, N skipped` if there are any; every test that was
skipped or failed is named before it. The exit code is 0 if something passed and nothing failed.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
SKIP = 77
FAILED = ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS")
TAP_LINE = re.compile(r"^(not )?ok\b(?: \d+)?(?: -)? ?(.*?)(?:\s*# *skip\S* *(.*))?$", re.I)

SANITIZED = {
    # Not strict_string_checks: it wants a NUL behind what strndup(3) takes a part of, and maps
    # and archives have none.
    "ASAN_OPTIONS": "abort_on_error=1:allocator_may_return_null=1:"
                    "detect_stack_use_after_return=1",
    "CK_TIMEOUT_MULTIPLIER": "4",
    "RECOVERY_EVERY": "150",
    "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_stacktrace=1",
}

WITHOUT_LAB = [word for suite in ("real", "recover", "vm", "story") for word in ("--no-suite", suite)]


class Tally:
    """What passed, failed and was skipped, over all stages."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add_tap(self, name, result, output):
        points = [m for m in map(TAP_LINE.match, output.splitlines()) if m]
        failures = 0
        for negated, title, reason in (m.groups() for m in points):
            if reason is not None:
                self.skipped.append(f"{name}: {title}: {reason or 'no reason given'}")
            elif negated:
                failures += 1
                self.failed.append(f"{name}: {title}")
            else:
                self.passed += 1
        if result in FAILED and not failures:
            self.failed.append(f"{name}: {result.lower()} outside its test points")
        plan = re.search(r"^1\.\.0 *(?:# *(?:skip\w*)? *(.*))?$", output, re.M | re.I)
        if not points and result not in FAILED:
            self.skipped.append(f"{name}: {plan and plan.group(1) or 'no test points'}")

    def add(self, stage, entry):
        """One line of meson's JSON log."""
        output = entry.get("stdout", "")
        name = f"{stage}: {entry['name']}"
        if TAP_LINE.search(output) or re.search(r"^1\.\.\d+", output, re.M):
            self.add_tap(name, entry["result"], output)
        elif entry["result"] == "SKIP":
            lines = output.strip().splitlines() or ["no reason given"]
            self.skipped.append(f"{name}: {lines[-1]}")
        elif entry["result"] in FAILED:
            self.failed.append(f"{name}: {entry['result'].lower()}")
        else:
            self.passed += 1

    def print(self):
        for title, names in (("skipped", self.skipped), ("failed", self.failed)):
            for name, n in collections.Counter(names).items():
                print(f"{title}: {name}" + (f" ({n} times)" if n > 1 else ""))
        tail = f", {len(self.skipped)} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {len(self.failed)} failed{tail}", flush=True)
        return 0 if self.passed and not self.failed else 1


class Unavailable(Exception):
    """A stage that cannot run here, for a reason that is no fault of the project."""


class Broken(Exception):
    """A stage that failed before it could run a test."""


def run(args, log=None, **env):
    """Runs a program with stdin closed; its output goes to the file log, or through."""
    out = open(log, "wb") if log else None
    try:
        return subprocess.run([str(a) for a in args], cwd=TOP, env=os.environ | env,
                              stdin=subprocess.DEVNULL, stdout=out,
                              stderr=subprocess.STDOUT if out else None, check=False).returncode
    finally:
        if out:
            out.close()


def build(name, *options, targets=(), **env):
    """Sets a build folder up (again, if its options changed) and builds all, or the targets."""
    folder = TOP / name
    stamp = folder / "everything.options"
    wanted = " ".join(options)
    log = TOP / f"{name}.log"
    if not (folder / "build.ninja").exists():
        setup = ["meson", "setup", *options, folder]
    elif not stamp.exists() or stamp.read_text() != wanted:
        setup = ["meson", "setup", "--reconfigure", *options, folder]
    else:
        setup = None
    for step in filter(None, (setup, [shutil.which("ninja") or "ninja-build", "-C", folder, *targets])):
        if run(step, log=log, **env):
            sys.stdout.write(log.read_text(errors="replace")[-4000:])
            raise Broken(f"building {name}")
    stamp.write_text(wanted)
    log.unlink()
    return folder


def meson_test(tally, stage, folder, *args, **env):
    """meson test with a log of its own, counted."""
    base = f"everything-{stage}"
    log = folder / "meson-logs" / (f"{base}-valgrind.json" if stage == "valgrind" else f"{base}.json")
    log.unlink(missing_ok=True)
    run(["meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs", "--logbase", base,
         "--timeout-multiplier", "4", *args], **({"CK_DEFAULT_TIMEOUT": "30"} | env))
    if not log.exists():
        raise Broken("meson test ran nothing")
    for line in log.read_text(errors="replace").splitlines():
        tally.add(stage, json.loads(line))


def plain(tally):
    folder = build("build", "-Dwerror=true", "-Dtests=enabled")
    meson_test(tally, "plain", folder, *WITHOUT_LAB)


def valgrind(tally):
    if not shutil.which("valgrind"):
        raise Unavailable("no valgrind")
    # Those on megabytes of hostile bytes are for the sanitizers.
    meson_test(tally, "valgrind", TOP / "build", "--suite", "unit", "--no-suite", "slow", "--setup",
               "valgrind",
               "--timeout-multiplier", "20", CK_TIMEOUT_MULTIPLIER="20")


def sanitize(tally):
    folder = build("build-sanitize", "-Dwerror=true", "-Dtests=enabled",
                   "-Db_sanitize=address,undefined", "-Db_lundef=false")
    meson_test(tally, "sanitize", folder, *WITHOUT_LAB, "--no-suite", "lint",
               "--no-suite", "package", **SANITIZED)


def fuzz(tally):
    if not shutil.which("clang"):
        raise Unavailable("no clang")
    folder = build("build-fuzz", "-Dfuzz=enabled", "-Dtests=disabled", "-Dman=disabled",
                   "-Db_sanitize=address,undefined", "-Db_lundef=false", targets=["fuzzers"],
                   CC="clang")
    meson_test(tally, "fuzz", folder, "--suite", "fuzz", **SANITIZED)


def lab_folder():
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("RDNA1_LAB") or pathlib.Path(cache, "rdna1-doctor", "lab"))


def real(tally):
    lab = lab_folder()
    code = run([TOP / "tests" / "real" / "lab.sh", lab])
    if code == SKIP:
        raise Unavailable("the lab's packages cannot be had here")
    if code:
        raise Broken("making the lab")
    meson_test(tally, "real", TOP / "build", "--suite", "real", RDNA1_LAB=str(lab))


def recover(tally):
    """Each of them works on a tree of its own: half a gigabyte, and a build."""
    if not (lab_folder() / "system" / "debian-12.tar").exists():
        raise Unavailable("no lab with whole machines: made as root, with mmdebstrap")
    meson_test(tally, "recover", TOP / "build", "--suite", "recover", "--num-processes", "2",
               RDNA1_LAB=str(lab_folder()))


def vm(tally):
    for program in ("qemu-system-x86_64", "busybox"):
        if not shutil.which(program):
            raise Unavailable(f"no {program}")
    if not (lab_folder() / "MANIFEST.tsv").exists():
        raise Unavailable("no lab")
    meson_test(tally, "vm", TOP / "build", "--suite", "vm", "--num-processes", "2",
               RDNA1_LAB=str(lab_folder()))


def bench(tally):
    meson_test(tally, "bench", TOP / "build", "--benchmark", "--verbose", RDNA1_LAB=str(lab_folder()))


def main():
    parser = argparse.ArgumentParser(prog="./bootstrap test")
    parser.add_argument("--quick", action="store_true",
                        help="one build, no valgrind, no sanitizers, no real modules")
    stages = [plain] if parser.parse_args().quick else [
        plain, valgrind, sanitize, fuzz, real, recover, vm, bench]
    tally = Tally()
    times = []
    for stage in stages:
        name = stage.__name__
        print(f"== {name}", flush=True)
        start = time.monotonic()
        try:
            stage(tally)
        except Broken as e:
            tally.failed.append(f"{name}: {e}")
        except Unavailable as e:
            tally.skipped.append(f"{name}: {e}")
        times.append(f"{name} {time.monotonic() - start:.0f} s")
    print("== sum\n" + ", ".join(times))
    return tally.print()


if __name__ == "__main__":
    sys.exit(main())
