#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared libraries with offload bundles, as hipcc leaves them: stack-fixture.py OUTDIR CC...

The bundles are made by clang-offload-bundler where it is installed, and else by the definition in
Clang's documentation; compressed ones by the definition alone (Debian 12's tool does not compress).
"""

import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

OUT, CC = pathlib.Path(sys.argv[1]), sys.argv[2:]
HOST = "host-x86_64-unknown-linux-gnu-"
PAGE = 4096


def target(chip):
    return f"hipv4-amdgcn-amd-amdhsa--{chip}"


def by_definition(chips):
    """Magic, number of entries; of each: offset, size, length of the id, the id; the code."""
    ids = [HOST, *map(target, chips)]
    head = b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", len(ids))
    size = len(head) + sum(24 + len(i) for i in ids)
    offset = -(-size // PAGE) * PAGE
    code = b""
    for number, name in enumerate(ids):
        content = b"" if not number else f"code for {name}".encode() * 700
        head += struct.pack("<QQQ", offset + len(code), len(content), len(name)) + name.encode()
        code += content
    return head.ljust(offset, b"\0") + code


def by_the_tool(tool, chips):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = []
        for number in range(len(chips) + 1):
            files.append(folder / f"in{number}.o")
            files[-1].write_bytes(b"" if not number else f"code {chips[number - 1]}".encode() * 999)
        subprocess.run([tool, "--type=o", "--bundle-align=4096", "-targets=" + ",".join(
            [HOST.rstrip("-"), *map(target, chips)]), *(f"--inputs={f}" for f in files),
            f"--outputs={folder / 'out'}"], check=True)
        return (folder / "out").read_bytes()


def bundle(chips):
    tool = shutil.which("clang-offload-bundler") or shutil.which("clang-offload-bundler-14")
    return by_the_tool(tool, chips) if tool else by_definition(chips)


def compressed(chips, version, method):
    """CCOB, version, method, [size of all], size of the content, digest; the content."""
    content = by_definition(chips)
    if method == 0:
        packed = zlib.compress(content)
    else:
        packed = subprocess.run(["zstd", "-q", "-c"], input=content, check=True,
                                stdout=subprocess.PIPE).stdout
    sizes = {1: ("", "I"), 2: ("I", "I"), 3: ("Q", "Q")}[version]
    length = 8 + sum(map(struct.calcsize, sizes)) + 8 + len(packed)
    values = ([length] if version > 1 else []) + [len(content), 0x123456789ABCDEF]
    return b"CCOB" + struct.pack("<HH" + "".join(sizes) + "Q", version, method, *values) + packed


def library(name, bundles):
    """Each bundle on a page of its own, as the linker puts them together."""
    section = b"".join(b.ljust(-(-len(b) // PAGE) * PAGE, b"\0") for b in bundles)
    data, source = OUT / f"{name}.fatbin", OUT / f"{name}.s"
    data.write_bytes(section)
    source.write_text(f'\t.section .hip_fatbin,"a",@progbits\n\t.p2align 12\n'
                      f'\t.incbin "{data}"\n\t.section .note.GNU-stack,"",@progbits\n')
    subprocess.run([*CC, "-shared", "-nostdlib", "-o", OUT / f"{name}.so", source], check=True)


WHEEL = ["gfx900", "gfx906:xnack-", "gfx90a:xnack+", "gfx1030", "gfx1100"]
OUT.mkdir(exist_ok=True)
library("wheel", [bundle(WHEEL)] * 3)
library("debian", [bundle(["gfx900", "gfx1010", "gfx1030"])] * 2)
library("last", [bundle(WHEEL), bundle(["gfx90a"]), bundle(["gfx1010:xnack-"])])
library("generic", [bundle(["gfx9-generic", "gfx10-1-generic"])])
library("alike", [bundle(["gfx10101", "gfx101", "xgfx1010"])])
library("defined", [by_definition(["gfx1012", "gfx1010"])])
for version in (1, 2, 3):
    for method in (0, 1):
        library(f"packed-{version}-{method}",
                [compressed(WHEEL, version, method), compressed(["gfx1010"], version, method)])
        library(f"packed-without-{version}-{method}", [compressed(WHEEL, version, method)] * 2)
library("broken", [bundle(WHEEL), b"no bundle at all"])
library("found-before-broken", [bundle(["gfx1010"]), b"no bundle at all"])
library("torn", [bundle(WHEEL)[:60]])
library("bad-packed", [compressed(WHEEL, 2, 1)[:40].ljust(5000, b"x")])
