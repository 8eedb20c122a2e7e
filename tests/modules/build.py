#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds one module of the pictures: build.py --cc CC --objcopy OBJCOPY [--sign PEM]
[--strip OPT] [--mangle HOW] OUTPUT.ko SOURCES --cflags FLAGS

The steps are those of a kernel build: compile, ld -r --build-id, strip, sign. --mangle then does
what a bad disk or another architecture does: "truncate" keeps two thirds of the file, "machine"
names AArch64 in the ELF header, "flip" changes a bit that no reader of ELF looks at, "trailer" lets
the signature claim to be longer than the file. PEM: signer.py made it.
"""

import argparse
import pathlib
import struct
import subprocess
import sys
import tempfile

CFLAGS = ("-O2", "-ffreestanding", "-mcmodel=kernel", "-fno-pic", "-fno-pie", "-mno-red-zone",
          "-mno-sse", "-mno-mmx", "-fno-stack-protector", "-fcf-protection=none",
          "-fno-asynchronous-unwind-tables", "-fno-strict-aliasing", "-fno-common", "-Wall")
EM_AARCH64 = 183
EI_PAD_END = 15  # elf.h: the last byte of e_ident, padding
SIG_LEN = -len(b"~Module signature appended~\n") - 4  # module_signature.h: where sig_len stands
PKEY_ID_PKCS7 = 2  # include/linux/module_signature.h


def run(*command):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{command[0]}: exit {done.returncode}\n{done.stdout}")


def sign(module, signer, scratch):
    """Appends what scripts/sign-file does: PKCS#7, struct module_signature, the marker."""
    p7 = scratch / "sig.p7"
    run("openssl", "cms", "-sign", "-binary", "-noattr", "-nocerts", "-nosmimecap", "-md",
        "sha256", "-in", module, "-signer", signer, "-inkey", signer, "-outform", "DER", "-out", p7)
    signature = p7.read_bytes()
    trailer = struct.pack(">5B3xI", 0, 0, PKEY_ID_PKCS7, 0, 0, len(signature))
    with module.open("ab") as f:
        f.write(signature + trailer + b"~Module signature appended~\n")


def mangle(module, how):
    data = bytearray(module.read_bytes())
    if how == "truncate":
        del data[len(data) * 2 // 3:]
    elif how == "machine":
        struct.pack_into("<H", data, 18, EM_AARCH64)
    elif how == "flip":
        data[EI_PAD_END] ^= 1
    elif how == "trailer":
        struct.pack_into(">I", data, len(data) + SIG_LEN, 0xfffffff0)
    module.write_bytes(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cc", required=True)
    parser.add_argument("--objcopy", required=True)
    parser.add_argument("--sign", metavar="PEM")
    parser.add_argument("--strip", default="--strip-debug")
    parser.add_argument("--mangle", choices=("truncate", "machine", "flip", "trailer"))
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("sources", nargs="+", type=pathlib.Path)
    parser.add_argument("--cflags", nargs=argparse.REMAINDER, default=[])
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        objects = []
        for source in args.sources:
            objects.append(scratch / f"{source.stem}.o")
            run(args.cc, *CFLAGS, *args.cflags, "-c", source, "-o", objects[-1])
        linked = scratch / "amdgpu.ko"
        run(args.cc, "-nostdlib", "-r", "-Wl,--build-id=sha1", *objects, "-o", linked)
        run(args.objcopy, args.strip, linked)
        if args.sign:
            sign(linked, args.sign, scratch)
        if args.mangle:
            mangle(linked, args.mangle)
        args.output.write_bytes(linked.read_bytes())


if __name__ == "__main__":
    main()
