# SPDX-License-Identifier: GPL-2.0-or-later
"""Transactions on a picture of a machine, as recovery/record.c, plan.c and journal.c define them."""

import hashlib
import re

PLAIN = re.compile(r"[^A-Za-z0-9/._+:=,@~-]")
STEPS = ("10-backup", "60-initramfs", "90-armed")
SPARE = ("96-undo", "98-rolled-back", "99-committed")


def field(text):
    return PLAIN.sub(lambda m: "".join(f"%{b:02x}" for b in m[0].encode()), text) or "%"


def record(kind, *lines):
    """Lines of fields, between the line that says what they are and the one that seals them."""
    text = f"rdna1-doctor: {kind} 1\n" + "".join(
        " ".join(map(field, line)) + "\n" for line in lines)
    return text + f"end {len(lines)} {hashlib.sha256(text.encode()).hexdigest()}\n"


def read(text, kind):
    """The lines of such a text; an error if it is not whole."""
    *lines, end = text.splitlines()
    body = "".join(line + "\n" for line in lines)
    if lines[0] != f"rdna1-doctor: {kind} 1" or end != (
            f"end {len(lines) - 1} {hashlib.sha256(body.encode()).hexdigest()}"):
        raise ValueError(f"no {kind}")
    return [["" if f == "%" else re.sub("%(..)", lambda m: chr(int(m[1], 16)), f)
             for f in line.split(" ")] for line in lines[1:]]


def arm(root, notes, number=1):
    """A recovery that waits for a boot; its folder."""
    folder = root / "var/lib/rdna1-doctor/txn" / f"{number:04}"
    folder.mkdir(parents=True)
    for part in (folder, folder.parent, folder.parent.parent):
        part.chmod(0o700)
    (folder / "00-intent").write_text(
        record("plan", ("point", "60-initramfs"), ("phase", "60-initramfs", "tool"),
               ("writes", "boot/initrd.img-6.1.0-50-amd64")), encoding="utf-8")
    for name in STEPS + tuple(f"spare-{step}" for step in SPARE):
        (folder / name).write_text(record("step"), encoding="utf-8")
    (folder / "armed").write_text(record("notes", *(("note", *note) for note in notes.items())),
                                  encoding="utf-8")
    return folder
