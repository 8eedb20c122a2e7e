# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest under QEMU: an initramfs made of this machine's programs, booted, and what it said.

Everything is emulated (TCG), as a KVM device may be there and still not work. The guest has two
serial lines: the first is the console, which the kernel fills with its messages, and goes to a log;
on the second the guest's own script answers, undisturbed. A guest that has not powered itself off
in time is killed.

The archive is the cpio format "newc" (linux Documentation/driver-api/early-userspace/
buffer-format.rst), written here: so no root is needed, and nothing is left to clean away.
"""

import os
import pathlib
import re
import shutil
import stat
import subprocess

QEMU = "qemu-system-x86_64"
BUSYBOX = "busybox"

# What each script starts with: mounts, and answers on the second serial line.
PROLOGUE = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tmpfs tmpfs /tmp
echo 1 >/proc/sys/kernel/printk
stty -F /dev/ttyS1 raw -echo
exec 3>/dev/ttyS1
# answer NAME COMMAND...: what it printed, its errors on the console, then its exit code
answer() {
	name=$1
	shift
	echo "=== $name" >&3
	"$@" >&3
	echo "=== exit $?" >&3
}
"""

EPILOGUE = """
echo "=== end" >&3
sync
poweroff -f
"""


class Failed(Exception):
    """A guest that did not come to its end; the message names the log."""


def missing():
    """What this machine lacks to run a guest, or None."""
    for program in (QEMU, BUSYBOX):
        if not shutil.which(program):
            return program
    return None


class Image:
    """An initramfs in the making: paths without a leading slash."""

    def __init__(self):
        self._entries = {}
        for folder in ("bin", "dev", "proc", "sys", "tmp"):
            self.folder(folder)
        self.program("bin/busybox", shutil.which(BUSYBOX))

    def _add(self, path, mode, data):
        parent = os.path.dirname(path)
        if parent and parent not in self._entries:
            self.folder(parent)
        self._entries[path] = (mode, data)

    def folder(self, path):
        self._add(path, stat.S_IFDIR | 0o755, b"")

    def file(self, path, data, mode=0o644):
        self._add(path, stat.S_IFREG | mode, data)

    def link(self, path, target):
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def program(self, path, source):
        """A program of this machine, with the libraries that it loads (a static one has none)."""
        self.file(path, pathlib.Path(source).read_bytes(), 0o755)
        found = subprocess.run(["ldd", source], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, check=False).stdout
        for library in re.findall(r"(/\S+) \(0x", found):
            self.file(library.lstrip("/"), pathlib.Path(library).read_bytes(), 0o755)

    def script(self, lines):
        """What the guest does: shell lines between the prologue and power off."""
        self.file("init", (PROLOGUE + lines + EPILOGUE).encode(), 0o755)

    def write(self, to):
        with open(to, "wb") as f:
            for number, (path, (mode, data)) in enumerate(self._entries.items(), 1):
                self._member(f, path, (number, mode, len(data)), data)
            self._member(f, "TRAILER!!!", (0, 0, 0), b"")

    @staticmethod
    def _member(f, path, numbers, data):
        name = path.encode() + b"\0"
        inode, mode, size = numbers
        fields = (inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        f.write(head + bytes(-len(head) % 4))
        f.write(data + bytes(-len(data) % 4))


def boot(kernel, image, folder, seconds, memory=1024, append=""):
    """Boots; returns {name: (text, exit code)} of the script's answers. Logs stay in folder."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    initrd, console, answers = (folder / name for name in ("initrd", "console.log", "answers"))
    image.write(initrd)
    command = [
        QEMU, "-accel", "tcg", "-cpu", "max", "-m", str(memory), "-display", "none", "-no-reboot",
        "-nodefaults", "-serial", f"file:{console}", "-serial", f"file:{answers}",
        "-kernel", kernel, "-initrd", initrd, "-append", f"console=ttyS0 panic=-1 quiet {append}",
    ]
    try:
        subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, timeout=seconds,
                       check=True)
    except subprocess.TimeoutExpired as e:
        raise Failed(f"not done after {seconds} s, see {console}") from e
    except subprocess.CalledProcessError as e:
        raise Failed(f"{QEMU} ended with {e.returncode}, see {console}") from e
    finally:
        initrd.unlink()
    text = answers.read_text(errors="replace").replace("\r\n", "\n")
    if not text.endswith("=== end\n"):
        raise Failed(f"the guest stopped before its end, see {console} and {answers}")
    found = re.findall(r"^=== (\S+)\n(.*?)^=== exit (\d+)$", text, re.M | re.S)
    return {name: (output, int(code)) for name, output, code in found}
