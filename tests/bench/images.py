#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long the verdict on an initramfs image takes, as a ratio to the least one could do: images.py RDNA1-DOCTOR

Three images are made from a real one of initramfs-tools (tests/real/lab-images.sh) and real modules, in the shapes that
images of 60 to 100 MB have:
    one      all in one zstd archive, as on Debian and Fedora with firmware in it
    parted   what is compressed already in a plain archive before the zstd one, as on Ubuntu
    plain    nothing compressed
Goals: one in 1.15 times what `zstd -dc | cat` takes, parted 20 times faster than lsinitramfs, plain in 30 ms. Without
$RDNA1_LAB, or images in it, the benchmark is skipped. Commands take turns, and the best of all turns counts.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import picture  # noqa: E402

RUNS = 9
SKIPPED = 77
PART = 45_000_000  # of bytes that are compressed already, beside 35 MB of the real image
MODULE = "usr/lib/modules/6.1/amdgpu.ko"


def best(*commands):
    """The best time of each in ms, run in turns."""
    times = [[] for _ in commands]
    for _ in range(RUNS):
        for column, command in zip(times, commands):
            start = time.perf_counter()
            code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
            column.append((time.perf_counter() - start) * 1e3)
            if code not in (0, 6):
                sys.exit(f"{command} failed")
    return [min(column) for column in times]


def stuffing(lab):
    """Members that no compressor makes smaller, as firmware and modules are on some distributions."""
    files = sorted(lab.glob("stock/*/amdgpu.ko.*")) + sorted(lab.glob("stock/*/vmlinuz"))
    members, size = [], 0
    for number in range(1000):
        data = files[number % len(files)].read_bytes()
        # Firmware comes in many small files.
        for at in range(0, len(data), 100_000):
            members.append((f"usr/lib/firmware/{number}-{at}.bin", data[at:at + 100_000]))
        size += len(data)
        if size >= PART:
            return members
    sys.exit("no modules in the lab")


def zstd(data):
    return subprocess.run(["zstd", "-q", "-3", "-T0", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def make(lab, folder):
    real = (lab / "images" / "it-most.img").read_bytes()
    archive = subprocess.run(["zstd", "-dcq"], input=real, stdout=subprocess.PIPE, check=True).stdout
    extra = picture.cpio(stuffing(lab))
    module = (lab / "stock" / "debian-6.1" / "amdgpu.ko").read_bytes()
    images = {
        "one": zstd(archive + extra),
        "parted": extra + real,
        "plain": extra + picture.cpio([("init", b"#!/bin/sh\n"), (MODULE, module)]),
    }
    for name, data in images.items():
        (folder / name).write_bytes(data)
        yield folder / name


def report(image, ours, theirs, of, goal, met):
    print(f"{image.name:7} {image.stat().st_size / 1e6:5.1f} MB {ours:7.1f} ms; {of} {theirs:8.1f} ms; "
          f"{ours / theirs:6.3f} x; goal {goal}: {'met' if met else 'missed'}", flush=True)


def main(doctor):
    lab = pathlib.Path(os.environ.get("RDNA1_LAB", "/nonexistent"))
    lister = lab / "images" / "tools" / "lsinitramfs"
    if not lister.exists():
        print("RDNA1_LAB has no images: nothing to measure with")
        return SKIPPED
    os.environ["PATH"] = f"{lister.parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        one, parted, plain = make(lab, pathlib.Path(folder))
        ours, theirs = best([doctor, "inspect", one], ["sh", "-c", f"zstd -dcq {one} | cat"])
        report(one, ours, theirs, "zstd -dc | cat", "1.15 x", ours <= 1.15 * theirs)
        for image in (one, parted, plain):
            start = time.perf_counter()
            subprocess.run(["lsinitramfs", image], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            theirs = (time.perf_counter() - start) * 1e3
            ours, = best([doctor, "inspect", image])
            if image == plain:
                report(image, ours, theirs, "lsinitramfs", "30 ms", ours <= 30)
            elif image == parted:
                report(image, ours, theirs, "lsinitramfs", "0.05 x", ours <= theirs / 20)
            else:
                report(image, ours, theirs, "lsinitramfs", "none", True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: images.py RDNA1-DOCTOR")
    sys.exit(main(sys.argv[1]))
