#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes what the fuzzers start from: seeds.py FOLDER STOCK FRAGMENT MODULE OTHER_MODULE

One file of each kind that the tool reads: a module, plain and compressed; two modules in one file of
equal halves, for compare; initramfs images; a list of pr_debug sites; a kfd_crat.c, stock and patched;
a kernel image with the module that it can vouch for.
"""

import bz2
import gzip
import lzma
import pathlib
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import picture  # noqa: E402


def cpio(*members):
    """A cpio archive, newc: Documentation/driver-api/early-userspace/buffer-format.rst of Linux."""
    out = bytearray()
    for name, data in (*members, ("TRAILER!!!", b"")):
        head = "070701" + "".join(f"{n:08x}" for n in (
            len(out) + 1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0))
        for part in (head.encode() + name.encode() + b"\0", data):
            out += part + b"\0" * (-len(part) % 4)
    return bytes(out)


# What dynamic debug lists of a kernel, with escapes of both kinds and a class.
CONTROL = rb"""# filename:lineno [module]function flags format
drivers/gpu/drm/amd/amdgpu/../amdkfd/kfd_crat.c:958 [amdgpu]kfd_populated_cu_info_gpu =_ "CU GPU: id_base=%d\n"
drivers/gpu/drm/amd/amdgpu/../amdkfd/kfd_crat.c:1038 [amdgpu]kfd_parse_subtype_mem =p "KFD: Enabling fine-grained for RDNA1 0x%x\012"
drivers/gpu/drm/drm_ioctl.c:7 [drm]drm_ioctl =_ "comm=\042%s\042\t%d\n" class:DRM_UT_CORE
"""


def halves(a, b):
    size = max(len(a), len(b))
    return a.ljust(size, b"\0") + b.ljust(size, b"\0")


def signed(image, module):
    """As fuzz-signature.c takes them apart."""
    return struct.pack("<I", len(image)) + image + module


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


def patched(stock, fragment):
    """The stock function with the fragment's lines where its first hunk says."""
    lines = pathlib.Path(fragment).read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("//@ after "))
    anchor = lines[at].removeprefix("//@ after ").strip()
    hunk = "\n".join(line for line in lines[at + 1:] if not line.startswith("//"))
    assert anchor in stock, anchor
    return stock.replace(anchor, f"{anchor}\n{hunk}", 1)


def main(folder, stock, fragment, module, other):
    a, b = pathlib.Path(module).read_bytes(), pathlib.Path(other).read_bytes()
    text = pathlib.Path(stock).read_text(encoding="utf-8")
    image = cpio(("lib/modules/6.1/amdgpu.ko", a), ("lib/modules/6.1/extra/amdgpu.ko.xz",
                                                    lzma.compress(b, check=lzma.CHECK_CRC32)))
    keys = pathlib.Path(module).parent
    small = cpio(("lib/modules/6.1/amdgpu.ko", b"not a module"), ("lib/modules/6.1/modules.dep", b"amdgpu.ko:\n"))
    seeds = {
        "module.ko": a,
        "module.ko.bz2": bz2.compress(a),
        "module.ko.gz": gzip.compress(a, mtime=0),
        "module.ko.xz": lzma.compress(a, check=lzma.CHECK_CRC32),
        "module.ko.zst": zstd(a),
        "patched.ko": b,
        "pair": halves(a, b),
        "signed": signed(picture.kernel_with_keys(keys, ["kernel"]), a),
        "signed.bzimage": signed(picture.kernel_image(keys, ["kernel"]), a),
        "initramfs": image,
        "initramfs.zst": cpio(("kernel/x86/microcode/x.bin", b"x" * 512)) + zstd(image),
        "unified.efi": picture.unified([(".uname", b"6.1"), (".initrd", zstd(image)), (".initrd", small)]),
        "control": CONTROL,
        "stock.c": text.encode(),
        "patched.c": patched(text, fragment).encode(),
    }
    for name, data in seeds.items():
        pathlib.Path(folder, name).write_bytes(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
