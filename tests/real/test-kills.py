#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""recover with its real tools, killed at moments made by chance: test-kills.py PROGRAM [COUNT [SEED]]

On a whole machine of the lab (tests/system.py). Each time a step of the transaction is drawn, the long
ones and the short ones alike, and the process group of a run is killed so long after the mark of that
step as is drawn from the time which an undisturbed run had for it; every other time with it all that
its tools have started. A run that had ended by then is looked at too, but does not count. Then the
module that loads must be whole, and the image; after another recover everything must be clean, after
rollback every byte as it was. A failure leaves the machine.
"""

import collections
import contextlib
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
STATE = "var/lib/rdna1-doctor/txn"
START = "the start"
POLL = 0.0005  # seconds
PATIENCE = 300  # seconds, until a step must have been seen


class Wrong(Exception):
    """What was seen is not what should be."""


def run(program, machine, *words, codes=(0,)):
    done = subprocess.run([program, words[0], "--root", machine.root, *words[1:]], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          errors="replace", check=False)
    if done.returncode not in codes:
        raise Wrong(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.returncode


def started(machine):
    """Processes that tools of a recover of this machine have started, by the mark of recovery/orphan.c."""
    st = os.stat(machine.root)
    mark = f"RDNA1_DOCTOR_ROOT={st.st_dev:x}:{st.st_ino:x}".encode()
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)
        except OSError:
            continue


def newest(machine):
    """The folder of the last transaction."""
    state = machine.root / STATE
    return max((path for path in state.iterdir() if path.name.isdigit()), default=None) \
        if state.is_dir() else None


def steps(machine, start, end):
    """[(mark, seconds until the next one)] of the transaction that just went through."""
    marks = sorted((path.stat().st_ctime, path.name) for path in newest(machine).iterdir()
                   if path.is_file() and path.name[:2].isdigit() and "." not in path.name)
    moments = [(start, START), *marks, (end, None)]
    return [(mark, after - at) for (at, mark), (after, _) in zip(moments, moments[1:])]


def wait_for(process, machine, mark, last):
    """Until a transaction after the last one has this mark, or the run is over."""
    deadline = time.monotonic() + PATIENCE
    while mark != START and process.poll() is None:
        folder = newest(machine)
        if folder != last and (folder / mark).exists():
            return
        if time.monotonic() > deadline:
            raise Wrong(f"no {mark} in {PATIENCE} s")
        time.sleep(POLL)


def cut_off(program, machine, mark, seconds, with_tools):
    """Whether it was still at work when it was killed, so long after this mark."""
    last = newest(machine)
    process = subprocess.Popen([program, "recover", "--root", machine.root, "--yes"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    wait_for(process, machine, mark, last)
    time.sleep(seconds)
    was_running = process.poll() is None
    tools = list(started(machine)) if with_tools else []
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pid in tools:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
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
    print(f"1..{count}\n# seed {seed}, machine {machine.root}", flush=True)
    chance = random.Random(seed)
    before = machine.picture()
    start = time.time()
    run(program, machine, "recover", "--yes")
    moments = steps(machine, start, time.time())
    settle(program, machine, before, True)
    hits, tries = collections.Counter(), 0
    while hits.total() < count:
        mark, length = chance.choice(moments)
        what = f"killed {(seconds := chance.uniform(0, length)):.3f} s after {mark}"
        tries += 1
        try:
            if tries > 3 * count:
                raise Wrong(f"only {hits.total()} of {tries} runs were still at work")
            was_running = cut_off(program, machine, mark, seconds, tries % 2 == 1)
            is_bootable(program, machine)
            settle(program, machine, before, tries % 4 < 2)
        except (Wrong, OSError, StopIteration) as e:
            print(f"not ok {hits.total() + 1} - {what}: {e}\n# left: {machine.root}")
            return 1
        hits[mark] += was_running
        print(f"ok {hits.total()} - {what}" if was_running else f"# {what}: had ended", flush=True)
    print(f"# {tries} runs, of which were still at work: " +
          ", ".join(f"{hits[mark]} after {mark}" for mark, _ in moments))
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
