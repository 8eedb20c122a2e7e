#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fuzzers of packages start from: seeds-packages.py FOLDER

A .deb, a tar; dpkg's list, status and diversions; pacman's list; a header of rpm.
"""

import gzip
import io
import pathlib
import struct
import sys
import tarfile

MD5 = "900150983cd24fb0d6963f7d28e17f72"
SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def tar():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("./" + "long-name/" * 30 + "x", "./lib/modules/k/a.ko"):
            member = tarfile.TarInfo(name)
            member.size = 600
            archive.addfile(member, io.BytesIO(b"a" * 600))
    return out.getvalue()


def deb(data):
    out = b"!<arch>\n"
    for name, part in (("debian-binary", b"2.0\n"), ("control.tar", b"\0" * 1024), ("data.tar.gz", data)):
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(part):<10}`\n".encode()
        out += part + b"\n" * (len(part) % 2)
    return out


def rpm_header():
    """rpm's format_header.md: tag, type, offset, count of each, then the values."""
    tags = (
        (1000, 6, 1, b"kernel\0"), (1001, 6, 1, b"6.9\0"), (1002, 6, 1, b"1\0"),
        (1116, 4, 2, struct.pack(">2I", 0, 0)), (1117, 8, 2, b"b.ko\0a.ko\0"),
        (1118, 8, 1, b"/lib/modules/k/\0"), (1035, 8, 2, b"\0" + SHA256.encode() + b"\0"),
        (5011, 4, 1, struct.pack(">I", 8)), (1029, 1, 2, b"\0\0"),
    )
    index, values = b"", b""
    for tag, kind, count, value in tags:
        index += struct.pack(">4I", tag, kind, len(values), count)
        values += value
    return struct.pack(">2I", len(tags), len(values)) + index + values


def main(folder):
    plain = tar()
    seeds = {
        "package.deb": deb(gzip.compress(plain, mtime=0)),
        "package.tar": plain,
        "md5sums": f"{MD5}  etc/x\n{MD5}  usr/lib/modules/k/a.ko\n".encode(),
        "status": b"Package: linux-image-k\nStatus: install ok installed\nArchitecture: amd64\n"
                  b"Version: 1:2-3\nDescription: x\n more\n\nPackage: y\nVersion: 1\n",
        "diversions": b"/a\n/a.distrib\n:\n/lib/modules/k/a.ko\n/usr/lib/modules/k/a.ko\nx\n",
        "mtree": f"#mtree\n/set type=file\n./usr/lib/modules/k/a.ko time=1.0 sha256digest={SHA256}\n"
                 .encode(),
        "rpm-header": rpm_header(),
    }
    for name, data in seeds.items():
        pathlib.Path(folder, name).write_bytes(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
