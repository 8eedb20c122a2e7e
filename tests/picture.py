#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Unpacks a manifest into a picture of a machine: picture.py [--modules DIR] MANIFEST TARGET

The format is described in tests/golden/README. TARGET must be absent or empty. Used as a module by
tests/golden/run.py, as a program by ./bootstrap check and by people. DIR holds the modules that
`ninja pictures` builds (BUILD/tests/modules).
"""

import argparse
import gzip
import hashlib
import io
import lzma
import os
import pathlib
import re
import ssl
import struct
import subprocess
import sys
import tarfile

TESTS = pathlib.Path(__file__).resolve().parent
FORMS = TESTS / "real" / "forms"
SKELETON = TESTS / "golden" / "kfd_crat.skeleton"
DATA = TESTS.parent / "data"
NT_GNU_BUILD_ID = 3
SHT_NOTE = 7


class PictureError(Exception):
    """A manifest that cannot be unpacked; the text names the file and the line."""


class Unavailable(Exception):
    """Something that this machine lacks, not a fault of the manifest: a test skips."""


def unescape(text):
    """File names may hold \\xHH; what comes back is bytes."""
    return re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]),
                  text.encode("utf-8"))


def compress(data, suffix):
    if suffix == ".xz":
        return lzma.compress(data, check=lzma.CHECK_CRC32)  # what the kernel's decoder knows
    if suffix == ".gz":
        return gzip.compress(data, mtime=0)
    if suffix == ".zst":
        try:
            return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE,
                                  check=True).stdout
        except FileNotFoundError as e:
            raise Unavailable("zstd(1) is missing") from e
    return data


def module(modules, name):
    """The bytes of a module as it would lie on disk: NAME or NAME.xz, .zst, .gz."""
    stem, suffix = os.path.splitext(name)
    if suffix not in (".xz", ".zst", ".gz"):
        stem, suffix = name, ""
    path = modules and modules / f"{stem}.ko"
    if not path or not path.parent.is_dir() or not any(path.parent.glob("*.ko")):
        raise Unavailable("the modules of the pictures were not built (ninja pictures)")
    return compress(path.read_bytes(), suffix)


def build_id_note(data):
    """The build-id note of an ELF64 little-endian file, as sysfs shows it."""
    shoff, = struct.unpack_from("<Q", data, 40)
    shentsize, shnum = struct.unpack_from("<HH", data, 58)
    for i in range(shnum):
        kind, _, _, offset, size = struct.unpack_from("<IQQQQ", data, shoff + i * shentsize + 4)
        if kind == SHT_NOTE and struct.unpack_from("<I", data, offset + 8)[0] == NT_GNU_BUILD_ID:
            return data[offset:offset + size]
    raise PictureError("no build-id note")


def fragment(form):
    """The hunks of tests/real/forms/FORM.c-fragment as (how, anchor, lines)."""
    hunks = []
    for line in (FORMS / f"{form}.c-fragment").read_text(encoding="utf-8").splitlines():
        if line.startswith("//@ "):
            _, how, anchor = line.split(" ", 2)
            hunks.append((how, anchor.strip(), []))
        elif hunks:
            hunks[-1][2].append(line)
    return hunks


def stock_function(name):
    """Its lines, without the comment above it."""
    stock = (DATA / f"{name}.stock").read_text(encoding="utf-8")
    return stock[stock.index("\nstatic ") + 1:].splitlines()


def crat_source(form, first_line):
    """A kfd_crat.c: our skeleton around the stock functions, with the hunks of a form put in.
    kfd_parse_subtype_mem() starts at @first_line where that is given, so that places read as on
    real trees."""
    lines = []
    for line in SKELETON.read_text(encoding="utf-8").splitlines():
        if line == "@kfd_parse_subtype_mem@":
            lines += [""] * (first_line - 1 - len(lines))
        lines += stock_function(line.strip("@")) if line.startswith("@") else [line]
    for how, anchor, text in fragment(form) if form != "stock" else []:
        at = [line.strip() for line in lines].index(anchor)
        lines[at:at + 1] = lines[at:at + 1] + text if how == "after" else text
    return "\n".join(lines) + "\n"


def cpio(members):
    """An archive in the newc format (linux buffer-format.rst) of (path, bytes)."""
    out = b""
    for number, (path, data) in enumerate([*members, ("TRAILER!!!", b"")], 1):
        name = path.encode() + b"\0"
        fields = (number, 0o100644 if data else 0, 0, 0, 1, 0, len(data), 8, 1, 0, 0, len(name), 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


def initramfs_members(members, modules):
    """PATH=MODULE, or PATH==LINE for a file of one line."""
    for member in members:
        path, name = member.split("=", 1)
        yield path, f"{name[1:]}\n".encode() if name.startswith("=") else module(modules, name)


def initramfs(suffix, members, modules):
    """Microcode first, padding, then the system; SUFFIX . is no compression."""
    early = cpio([("kernel/x86/microcode/AuthenticAMD.bin", b"not really microcode")])
    system = cpio([("init", b"#!/bin/sh\n"), *initramfs_members(members, modules)])
    return early + b"\0" * (-len(early) % 512) + compress(system, suffix)


def unified(sections):
    """A PE file for UEFI of (name, bytes), by the PE Format page: DOS header, COFF header, the optional
    header of PE32+ up to its data directories, the section table; sections at multiples of 512."""
    table, bodies = b"", b""
    start = -(-(64 + 4 + 20 + 112 + 40 * len(sections)) // 512) * 512
    for number, (name, data) in enumerate(sections, 1):
        padded = data + b"\0" * (-len(data) % 512)
        table += struct.pack("<8sIIIIIIHHI", name.encode(), len(data), 0x100000 * number, len(padded),
                             start + len(bodies), 0, 0, 0, 0, 0x40000040)
        bodies += padded
    dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, 112, 0x22e)
    optional = struct.pack("<H", 0x20b) + bytes(110)
    return (dos + coff + optional + table).ljust(start, b"\0") + bodies


def uki(release, suffix, members, modules):
    """As systemd's ukify puts one together."""
    return unified([
        (".osrel", b"ID=picture\n"),
        (".cmdline", b"quiet"),
        (".uname", release.encode()),
        (".linux", b"not really a kernel"),
        (".initrd", initramfs(suffix, members, modules)),
    ])


def certificate(modules, name):
    """The DER certificate of a signer of tests/modules/meson.build."""
    path = modules and modules / f"{name}.pem"
    if not path or not path.exists():
        raise Unavailable("the keys of the pictures were not made (ninja pictures)")
    return ssl.PEM_cert_to_DER_cert(re.search(r"-----BEGIN CERT.*", path.read_text(), re.S)[0])


def key_id(modules, name):
    """The subject key identifier (RFC 5280, 4.2.1.2): what /proc/keys calls the key by."""
    der = certificate(modules, name)
    start = der.index(bytes.fromhex("0603551d0e04160414")) + 9  # id-ce-subjectKeyIdentifier
    return der[start:start + 20].hex()


def kernel_with_keys(modules, names):
    """What a vmlinux that has these keys built in has of them: system_certificates.S."""
    certificates = [certificate(modules, name) for name in names]
    kernel = b"\177ELF".ljust(4096, b"\x90") + b"".join(certificates)
    kernel += b"\0" * (-len(kernel) % 8)
    return kernel + struct.pack("<QQ", sum(map(len, certificates)), len(certificates[0]))


def kernel_image(modules, names):
    """A bzImage of such a kernel: Documentation/arch/x86/boot.rst."""
    payload = gzip.compress(kernel_with_keys(modules, names), mtime=0)
    head = bytearray(2 * 512)
    head[0x1f1] = 1  # setup_sects
    head[0x1fe:0x208] = b"\x55\xaa\xeb\x66HdrS\x0f\x02"
    struct.pack_into("<II", head, 0x248, 0, len(payload))
    return bytes(head) + payload


def key_serial(ring, name):
    """Any number will do that is the same in both files."""
    return hashlib.md5(f"{ring} {name}".encode()).hexdigest()[:8]


def keyrings(pairs):
    """KEYRING=SIGNER,...: what proc/keys does not tell, as keyring_picture.c reads it."""
    rings = [(ring, names.split(",")) for ring, names in (pair.split("=") for pair in pairs)]
    return "".join(f"{ring} {' '.join(key_serial(ring, n) for n in names if n)}\n"
                   for ring, names in rings).encode()


def proc_keys(pairs, modules):
    """KEYRING=SIGNER,...: as proc_keys_show() of the kernel prints them."""
    rows = []
    for ring, names in (pair.split("=") for pair in pairs):
        rows.append(f"{key_serial('', ring)} I------     1 perm 1f0b0000     0     0 keyring   {ring}: "
                    f"{len(names.split(',')) if names else 'empty'}")
        for name in filter(None, names.split(",")):
            subject = subprocess.run(
                ["openssl", "x509", "-in", str(modules / f"{name}.pem"), "-noout", "-subject",
                 "-nameopt", "multiline"], stdout=subprocess.PIPE, text=True, check=True).stdout
            common_name = subject.split("commonName")[1].split("=", 1)[1].strip()
            ident = key_id(modules, name)
            rows.append(f"{key_serial(ring, name)} I------     1 perm 1f030000     0     0 asymmetri "
                        f"{common_name}: {ident}: X509.rsa {ident[-8:]} []")
    return "".join(f"{row}\n" for row in sorted(rows)).encode()


def packaged(modules, name):
    """What a list of dpkg has the digest of: a module, or vmlinuz:SIGNER,..."""
    kind, _, rest = name.partition(":")
    return kernel_image(modules, rest.split(",")) if kind == "vmlinuz" else module(modules, name)


def mtree(pairs, modules):
    """What pacman keeps of a package's files: mtree(5), compressed; PATH=NAME..."""
    lines = ["#mtree", "/set type=file uid=0 gid=0 mode=644"]
    for path, name in (pair.split("=") for pair in pairs):
        data = module(modules, name)
        lines.append(f"./{path} time=1762000000.0 size={len(data)} "
                     f"sha256digest={hashlib.sha256(data).hexdigest()}")
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


def deb_package(pairs, modules):
    """A package of Debian with these files, PATH=NAME...: deb(5)."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, name in (pair.split("=") for pair in pairs):
            member = tarfile.TarInfo(f"./{path}")
            content_of = module(modules, name)
            member.size = len(content_of)
            archive.addfile(member, io.BytesIO(content_of))
    out = b"!<arch>\n"
    for name, part in (("debian-binary", b"2.0\n"), ("control.tar.xz", lzma.compress(b"")),
                       ("data.tar.xz", lzma.compress(data.getvalue()))):
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(part):<10}`\n".encode()
        out += part + b"\n" * (len(part) % 2)
    return out


def content(words, modules):
    """What a @directive stands for."""
    name, *args = words.split()
    if name == "@module":
        return module(modules, args[0])
    if name == "@note":
        return build_id_note(module(modules, args[0]))
    if name == "@crat":
        return crat_source(args[0], int(args[1]) if len(args) > 1 else 0).encode()
    if name == "@initramfs":
        return initramfs(args[0], args[1:], modules)
    if name == "@uki":
        return uki(args[0], args[1], args[2:], modules)
    if name == "@certificate":
        return certificate(modules, args[0])
    if name == "@vmlinuz":
        return kernel_image(modules, args)
    if name == "@keys":
        return proc_keys(args, modules)
    if name == "@keyrings":
        return keyrings(args)
    if name == "@md5sums":
        pairs = [pair.split("=") for pair in args]
        return "".join(f"{hashlib.md5(packaged(modules, m)).hexdigest()}  {path}\n"
                       for path, m in pairs).encode()
    if name == "@mtree":
        return mtree(args, modules)
    if name == "@deb":
        return deb_package(args, modules)
    if name == "@hex":
        return bytes.fromhex("".join(args))
    if name == "@empty":
        return b""
    if name == "@sparse":
        return int(args[0])
    raise PictureError(f"unknown directive {name}")


class Manifest:
    """Entries by path; a later line replaces an earlier one of the same path."""

    def __init__(self, modules):
        self.modules = modules
        self.entries = {}
        self.module_files = []  # (NAME as in @module, bytes): who compares output needs digests

    def read(self, path):
        at = b""
        lines = path.read_text(encoding="utf-8").splitlines()
        number = 0
        while number < len(lines):
            line = lines[number]
            number += 1
            if not line.strip() or line.startswith("#"):
                continue
            first = number
            block = []
            while number < len(lines) and lines[number].startswith("\t"):
                block.append(lines[number][1:])
                number += 1
            try:
                at = self.entry(path, at, line, block)
            except (PictureError, ValueError, OSError) as e:
                raise PictureError(f"{path}:{first}: {e}") from e

    def entry(self, path, at, line, block):
        """Takes one entry; what comes back is the folder that names are relative to."""
        kind, _, rest = line.partition(" ")
        if kind == "include":
            self.read(path.parent / rest)
        elif kind == "at":
            return unescape(rest.strip("/"))
        elif kind == "remove":
            gone = os.path.normpath(os.path.join(at, unescape(rest)))
            if not self.remove(gone):
                raise PictureError(f"{rest} is not there")
        elif kind == "link":
            name, target = rest.split(" ")
            self.add(at, name, ("link", 0o777, unescape(target)))
        elif kind in ("dir", "fifo"):
            mode, name = rest.split(" ")
            self.add(at, name, (kind, int(mode, 8), None))
        elif kind == "file":
            mode, name, *text = rest.split(" ", 2)
            if text and text[0].startswith("@md5sums-here "):
                data = self.digests(text[0].split()[1:])
            elif text and text[0].startswith("@"):
                data = content(text[0], self.modules)
                if text[0].startswith("@module "):
                    self.module_files.append((text[0].split()[1], data))
                elif text[0].startswith(("@initramfs ", "@uki ")):
                    names = [word.split("=")[1] for word in text[0].split() if "=" in word]
                    self.module_files += [(n, module(self.modules, n)) for n in names if n]
            else:
                data = "".join(f"{one}\n" for one in text + block).encode()
            self.add(at, name, ("file", int(mode, 8), data))
        else:
            raise PictureError(f"unknown entry {kind}")
        return at

    def digests(self, paths):
        """A list of dpkg with the digests of files as they are in the picture by now."""
        return "".join(f"{hashlib.md5(self.entries[path.encode()][2]).hexdigest()}  {path}\n"
                       for path in paths).encode()

    def add(self, at, name, entry):
        path = os.path.normpath(os.path.join(at, unescape(name)))
        if path.startswith((b"/", b"../")):
            raise PictureError(f"{name} leaves the picture")
        self.entries[path] = entry

    def remove(self, path):
        gone = [p for p in self.entries if p == path or p.startswith(path + b"/")]
        for p in gone:
            del self.entries[p]
        return gone

    def unpack(self, target):
        """Folders first and their modes last, so that a closed folder can be filled."""
        root = os.fsencode(target)
        os.makedirs(root, exist_ok=True)
        if os.listdir(root):
            raise PictureError(f"{target} is not empty")
        for path, (kind, mode, data) in sorted(self.entries.items()):
            full = os.path.join(root, path)
            os.makedirs(full if kind == "dir" else os.path.dirname(full), exist_ok=True)
            if not os.path.realpath(os.path.dirname(full)).startswith(os.path.realpath(root)):
                raise PictureError(f"{path!r} lies behind a link")
            if kind == "link":
                os.symlink(data, full)
            elif kind == "fifo":
                os.mkfifo(full)
            elif kind == "file":
                with open(full, "xb") as f:
                    if isinstance(data, int):
                        f.truncate(data)
                    else:
                        f.write(data)
        for path, (kind, mode, data) in sorted(self.entries.items(), reverse=True):
            if kind != "link":
                os.chmod(os.path.join(root, path), mode)


def unpack(manifest, target, modules=None):
    """Unpacks a manifest; @modules is the folder with the built modules or None."""
    picture = Manifest(modules)
    picture.read(pathlib.Path(manifest))
    picture.unpack(target)


def main():
    parser = argparse.ArgumentParser(description="Unpacks a manifest into a picture of a machine.")
    parser.add_argument("--modules", type=pathlib.Path)
    parser.add_argument("manifest", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    args = parser.parse_args()
    os.umask(0o022)
    try:
        unpack(args.manifest, args.target, args.modules)
    except (PictureError, Unavailable) as e:
        sys.exit(f"picture.py: {e}")


if __name__ == "__main__":
    main()
