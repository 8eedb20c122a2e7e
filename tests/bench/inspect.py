#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long `inspect` takes, as a ratio to the tool that does the least one could: inspect.py RDNA1-DOCTOR

RDNA1_LAB names the folder of real modules (tests/real); without it the benchmark is skipped. The two commands of a
pair take turns, and the best of all turns counts: what disturbs a run only ever makes it slower.
"""

import os
import pathlib
import sys
import time

RUNS = 25
SKIPPED = 77

# suffix of the module, what it is measured against, goal (ratio, or milliseconds), memory goal in MiB
GOALS = (
    ("", ["cat"], ("ms", 8), 20),
    ("", ["modinfo"], None, 20),
    (".zst", ["zstd", "-dcq"], ("ratio", 1.15), 64),
    (".xz", ["xz", "-dc"], ("ratio", 1.10), 64),
    (".gz", ["gzip", "-dc"], None, 64),
)


def run(argv):
    """Wall time in ms, processor time in ms, peak memory in MiB."""
    start = time.perf_counter()
    pid = os.fork()
    if not pid:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.execvp(argv[0], argv)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 3, 6):
        sys.exit(f"{argv} failed")
    return wall * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss / 1024


def best(pair):
    """The best figures of each command, run in turns."""
    runs = [[], []]
    for _ in range(RUNS):
        for which, argv in enumerate(pair):
            runs[which].append(run(argv))
    return [tuple(min(column) for column in zip(*figures)) for figures in runs]


def have(program):
    return any(os.access(os.path.join(folder, program), os.X_OK)
               for folder in os.environ.get("PATH", "").split(os.pathsep))


def measure(doctor, module, against, goal, memory):
    ours, theirs = best(([doctor, "inspect", str(module)], against + [str(module)]))
    ratio = ours[0] / theirs[0]
    met = ours[2] <= memory
    if goal:
        met &= (ratio if goal[0] == "ratio" else ours[0]) <= goal[1]
    aim = f"{goal[1]} {'ms' if goal[0] == 'ms' else 'x'}, " if goal else ""
    print(f"{module.parent.name}/{module.name:14} {ours[0]:7.1f} ms ({ours[1]:.1f} of processor), "
          f"{ours[2]:5.1f} MiB; {' '.join(against):9} {theirs[0]:7.1f} ms; {ratio:5.2f} x; "
          f"goal {aim}{memory} MiB: {'met' if met else 'missed'}")


def main(doctor):
    lab = os.environ.get("RDNA1_LAB")
    if not lab:
        print("RDNA1_LAB is not set: no real modules to measure with")
        return SKIPPED
    for suffix, against, goal, memory in GOALS:
        for module in sorted(pathlib.Path(lab).glob("stock/*/amdgpu.ko" + suffix)):
            if have(against[0]):
                measure(doctor, module, against, goal, memory)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: inspect.py RDNA1-DOCTOR")
    sys.exit(main(sys.argv[1]))
