#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""recover with its real tools, killed at moments made by chance: test-kills.py PROGRAM [COUNT [SEED]]

On a whole machine of the lab (tests/system.py). Each time the process group of a run is killed at
some moment of the time that an undisturbed one takes, and a tenth more; every other time with it all
that its tools have started. Then the module that loads must be whole, and the image; after another
recover everything must be clean, after rollback every byte as it was. A failure leaves the machine.
"""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import system  # noqa: E402  # the tests' own

SKIP = 77
MARK = b"RDNA1_DOCTOR_ROOT="  # of what tools start: recovery/orphan.c


class Wrong(Exception):
    """What was seen is not what should be."""


def run(program, machine, *words, codes=(0,)):
    done = subprocess.run([program, words[0], "--root", machine.root, *words[1:]], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          errors="replace", check=False)
    if done.returncode not in codes:
        raise Wrong(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.returncode


def marked():
    """Processes that tools of a recover have started."""
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and MARK in (folder / "environ").read_bytes():
                yield int(folder.name)
        except OSError:
            continue


def cut_off(program, machine, seconds, with_tools):
    """Whether it was still at work when it was killed."""
    process = subprocess.Popen([program, "recover", "--root", machine.root, "--yes"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(seconds)
    was_running = process.poll() is None
    tools = list(marked()) if with_tools else []
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    for pid in tools:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()
    return was_running


def is_bootable(program, machine):
    """What loads is a whole module, and the image is one, patched or not."""
    release = machine.releases()[0]
    folder = machine.modules(release)
    line = next(line for line in (folder / "modules.dep").read_text(encoding="ascii").splitlines()
                if line.split(":")[0].endswith("/amdgpu.ko"))
    for path in (folder / line.split(":")[0], machine.image(release)):
        done = subprocess.run([program, "inspect", path], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode not in (0, 3):
            raise Wrong(f"{path} does not load: {done.stdout}")


def same(before, machine, when):
    differing = system.differences(before, machine.picture())
    if differing:
        raise Wrong("\n".join([f"{when}: not as it was:", *differing[:20]]))


def settle(program, machine, before, by_rollback):
    if by_rollback:
        # 3: it was killed before there was anything to roll back.
        run(program, machine, "rollback", "--yes", "--i-know", codes=(0, 3))
    else:
        run(program, machine, "recover", "--yes")
        run(program, machine, "check", codes=(4,))
        run(program, machine, "rollback", "--yes", "--i-know")
    same(before, machine, "after rollback")


def play(program, count, seed):
    machine = system.System(system.scratch("kills") / "root")
    print(f"# seed {seed}, machine {machine.root}", flush=True)
    chance = random.Random(seed)
    before = machine.picture()
    start = time.monotonic()
    run(program, machine, "recover", "--yes")
    whole = time.monotonic() - start
    settle(program, machine, before, True)
    hits = 0
    for n in range(count):
        seconds = chance.uniform(0, 1.1 * whole)
        try:
            hits += cut_off(program, machine, seconds, n % 2 == 1)
            is_bootable(program, machine)
            settle(program, machine, before, n % 4 < 2)
        except (Wrong, OSError, StopIteration) as e:
            print(f"not ok {n + 1} - killed after {seconds:.2f} of {whole:.2f} s: {e}\n"
                  f"# left: {machine.root}")
            return 1
        print(f"ok {n + 1} - killed after {seconds:.2f} of {whole:.2f} s", flush=True)
    print(f"1..{count}\n# {hits} of {count} were still at work")
    machine.remove()
    machine.root.parent.rmdir()
    return 0


def main(program, count="100", seed="1"):
    try:
        system.need()
    except system.Unavailable as e:
        print(f"1..0 # SKIP {e}")
        return SKIP
    return play(os.path.abspath(program), int(count), int(seed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
