#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Signatures of real kernels, checked twice: test-signatures.py PROGRAM; $RDNA1_LAB, made by lab.sh

For each kernel of the lab a root is made with its image, its package's list and its module, compressed
so that the list does not prove it: check must say what openssl(1) says of the same module, with a
certificate that is looked for here in another way. Then with one bit changed, with another kernel's
image, and signed by the kernel's own sign-file with a machine owner's key. Exit 77: nothing to test.
"""

import gzip
import json
import lzma
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

MAGIC = b"~Module signature appended~\n"
SKIP = 77


def run(*command, **keywords):
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **keywords)


def vmlinux(image):
    """What scripts/extract-vmlinux does: the first compressed stream that can be read."""
    for magic, decode in ((b"\x1f\x8b\x08", gzip_from), (b"\xfd7zXZ\0", xz_from),
                          (b"\x28\xb5\x2f\xfd", zstd_from)):
        at = image.find(magic)
        while at >= 0:
            out = decode(image[at:])
            if len(out) > len(image):
                return out
            at = image.find(magic, at + 1)
    return image


def gzip_from(data):
    try:
        return gzip.zlib.decompressobj(31).decompress(data)
    except gzip.zlib.error:
        return b""


def xz_from(data):
    try:
        return lzma.LZMADecompressor().decompress(data)
    except lzma.LZMAError:
        return b""


def zstd_from(data):
    return subprocess.run(["zstd", "-dcq"], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False).stdout


def openssl_verifies(module, kernel, scratch):
    """Whether any certificate of the kernel verifies the module, by openssl(1) alone."""
    body = module[:-len(MAGIC)]
    size, = struct.unpack(">I", body[-4:])
    content, message = body[:-12 - size], body[-12 - size:-12]
    (scratch / "content").write_bytes(content)
    (scratch / "message").write_bytes(message)
    at = kernel.find(b"\x30\x82")
    while at >= 0:
        size = 4 + int.from_bytes(kernel[at + 2:at + 4], "big")
        if kernel[at + 4:at + 5] == b"\x30" and 256 < size < 4096:
            (scratch / "cert.der").write_bytes(kernel[at:at + size])
            made = run("openssl", "x509", "-inform", "DER", "-in", scratch / "cert.der", "-out",
                       scratch / "cert.pem")
            if not made.returncode and not run(
                    "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in",
                    scratch / "message", "-content", scratch / "content", "-certfile",
                    scratch / "cert.pem", "-nointern", "-noverify", "-out", os.devnull).returncode:
                return True
        at = kernel.find(b"\x30\x82", at + 1)
    return False


class Root:
    """A root folder with one kernel."""

    def __init__(self, folder, release):
        self.folder, self.release = folder, release

    def put(self, path, data):
        full = self.folder / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(data)

    def put_module(self, data):
        packed = subprocess.run(["zstd", "-1", "-q", "-c"], input=data, stdout=subprocess.PIPE,
                                check=True).stdout
        self.put(f"lib/modules/{self.release}/kernel/amdgpu.ko.zst", packed)
        self.put(f"lib/modules/{self.release}/modules.dep", b"kernel/amdgpu.ko.zst:\n")

    def check(self, program):
        done = run(program, "check", "--root", self.folder, "--json")
        copies = [c for c in json.loads(done.stdout)["copies"] if c["kind"] == "installed"]
        assert len(copies) == 1, copies
        return copies[0]["verdict"], copies[0]["signature"]


def flipped(module):
    changed = bytearray(module)
    changed[len(module) // 2] ^= 1
    return bytes(changed)


def test_kernel(program, stock, other_image, scratch):
    release = (stock / "version").read_text(encoding="ascii").split()[1]
    module, image = (stock / "amdgpu.ko").read_bytes(), (stock / "vmlinuz").read_bytes()
    root = Root(scratch / "root", release)
    root.put(f"var/lib/dpkg/info/linux-image-{release}.md5sums", (stock / "md5sums").read_bytes())
    root.put(f"boot/vmlinuz-{release}", image)

    if not openssl_verifies(module, vmlinux(image), scratch):
        yield "openssl does not verify it: the lab is not what it should be"
    root.put_module(module)
    if (got := root.check(program)) != ("clean", "valid"):
        yield f"as packaged: {got}"
    root.put_module(flipped(module))
    verdict, signature = root.check(program)
    if verdict == "clean" or signature != "invalid":
        yield f"one bit changed: {verdict}, {signature}"
    root.put_module(module)
    root.put(f"boot/vmlinuz-{release}", other_image)
    verdict, signature = root.check(program)
    if verdict == "clean" or signature != "unchecked":
        yield f"with another kernel's image: {verdict}, {signature}"


def test_owner(program, lab, scratch):
    """Signed by the kernel's own sign-file with a key as dkms makes it: valid, and never clean."""
    tool = next(lab.glob("headers/usr/lib/linux-kbuild-*/scripts/sign-file"), None)
    if not tool:
        print("# the lab has no sign-file")
        return
    module = scratch / "mok.ko"
    shutil.copy(lab / "modules/gcc/stock.ko", module)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        "/CN=owner", "-keyout", scratch / "mok.key", "-outform", "DER", "-out", scratch / "mok.der",
        check=True)
    run(tool, "sha512", scratch / "mok.key", scratch / "mok.der", module, check=True)
    root = Root(scratch / "root", "6.1.0-1-amd64")
    root.put("var/lib/dkms/mok.pub", (scratch / "mok.der").read_bytes())
    root.put_module(module.read_bytes())
    if (got := root.check(program)) != ("no-sign", "valid"):
        yield f"signed by the owner: {got}"
    root.put_module(flipped(module.read_bytes()))
    verdict, signature = root.check(program)
    if verdict == "clean" or signature != "invalid":
        yield f"signed by the owner, then changed: {verdict}, {signature}"


def report(name, complaints):
    complaints = list(complaints)
    print(f"{'not ok' if complaints else 'ok'}: {name}")
    for complaint in complaints:
        print(f"  {complaint}")
    return not complaints


def main(program):
    lab = pathlib.Path(os.environ.get("RDNA1_LAB", "/nonexistent"))
    stocks = [path.parent for path in sorted(lab.glob("stock/*/vmlinuz"))]
    if len(stocks) < 2:
        print("skipped: RDNA1_LAB names no lab with kernel images")
        sys.exit(SKIP)
    passed = True
    for i, stock in enumerate(stocks):
        with tempfile.TemporaryDirectory() as scratch:
            other = (stocks[i - 1] / "vmlinuz").read_bytes()
            passed &= report(stock.name,
                             test_kernel(program, stock, other, pathlib.Path(scratch)))
    with tempfile.TemporaryDirectory() as scratch:
        passed &= report("owner", test_owner(program, lab, pathlib.Path(scratch)))
    sys.exit(not passed)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
