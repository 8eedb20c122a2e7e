#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes packages by Python's own tar: deb-fixture.py FOLDER

FORMAT[.COMPRESSION].deb for each tar format and compression, with three files:
  ./usr/src/x-1/LONG  (a name of more than 100 bytes)     "long\\n"
  ./lib/modules/k/a.ko                                     600 bytes of "a"
  ./lib/modules/k/link.ko                                  a link
and files that are nearly packages. Also FORMAT[.COMPRESSION].pkg: the tar alone, as pacman has it.
"""

import bz2
import gzip
import io
import lzma
import pathlib
import subprocess
import sys
import tarfile

LONG = "/".join(["a-folder-with-a-name-of-some-length"] * 8) + "/file.c"
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


COMPRESSIONS = {
    "": lambda data: data,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    ".zst": zstd,
}


def ar_member(name, data):
    """ar(5)."""
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
    return header + data + b"\n" * (len(data) % 2)


def deb(name, data, version=b"2.0\n"):
    return (b"!<arch>\n" + ar_member("debian-binary", version) +
            ar_member("control.tar.gz", gzip.compress(b"\0" * 1024, mtime=0)) +
            ar_member(name, data))


def add(archive, name, data=None, **fields):
    member = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(member, field, value)
    member.size = len(data or b"")
    archive.addfile(member, io.BytesIO(data or b""))


def tar(form):
    out = io.BytesIO()
    long, target = f"./usr/src/x-1/{LONG}", LONG
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        add(archive, "./usr/", type=tarfile.DIRTYPE)
        add(archive, "./other", b"x" * 100000)
        if form == tarfile.USTAR_FORMAT:  # whose names have 255 bytes: cut at a slash
            long, target = "./usr/src/x-1/" + "/".join(LONG.split("/")[3:]), "a.ko"
        add(archive, long, b"long\n")
        add(archive, "./lib/modules/k/link.ko", type=tarfile.SYMTYPE, linkname=target)
        add(archive, "./lib/modules/k/a.ko", b"a" * 600)
        add(archive, "./lib/modules/k/a.ko.xz", b"b")
    return out.getvalue()


def main(folder):
    files = {}
    for format_name, form in FORMATS.items():
        plain = tar(form)
        for suffix, compress in COMPRESSIONS.items():
            packed = compress(plain)
            files[f"{format_name}{suffix}.deb"] = deb(f"data.tar{suffix}", packed)
            files[f"{format_name}{suffix}.pkg"] = packed
    good = files["gnu.deb"]
    at = good.index(b"./lib/modules/k/a.ko\0")
    files["no-magic.deb"] = good[1:]
    files["version-3.deb"] = deb("data.tar", tar(tarfile.GNU_FORMAT), b"3.0\n")
    files["no-data.deb"] = deb("data.rar", tar(tarfile.GNU_FORMAT))
    files["cut.deb"] = good[:at + 700]
    files["cut-stream.deb"] = deb("data.tar.xz", lzma.compress(tar(tarfile.GNU_FORMAT))[:-90])
    files["other-compression.deb"] = deb("data.tar.xz", gzip.compress(tar(tarfile.GNU_FORMAT)))
    files["checksum.deb"] = good[:at + 110] + b"7" + good[at + 111:]
    for name, data in files.items():
        pathlib.Path(folder, name).write_bytes(data)
    pathlib.Path(folder, "deb-fixtures").write_text(f"{LONG}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
