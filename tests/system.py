# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole machine of the lab (tests/real/lab-system.sh), unpacked into a folder, to be worked on.

Programs run in it by chroot, with mounts that nobody else sees. What a picture of it holds, and so
what two of them can differ in, is all that stat and read tell: type, mode, owners, times of change,
content, extended attributes; not inode numbers, access times and links between files.
"""

import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME": "/root", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
IN_ROOT = ("mount -t proc proc \"$1/proc\" && mount --bind \"$1/proc/sys\" \"$1/proc/sys\" && "
           "mount -t tmpfs tmpfs \"$1/run\" && exec chroot \"$@\"")
# Ours, and dkms' key, which any of its builds may make.
APART = ("var/lib/rdna1-doctor", "var/lib/dkms/mok.key", "var/lib/dkms/mok.pub")
SCRATCH = ("tmp", "var/tmp", "var/lib")  # whose times any program changes, or what is apart
FIELDS = ("type", "mode", "uid", "gid", "mtime", "content", "xattrs")
TOOL = "usr/local/bin/rdna1-doctor"


class Unavailable(Exception):
    """What this machine lacks to work on a whole one: a test skips."""


def folder():
    return pathlib.Path(os.environ.get("RDNA1_LAB", "/nonexistent"), "system")


def need():
    """Raises Unavailable where there are no machines, or nobody may work on them."""
    if not (folder() / "debian-12.tar").exists():
        raise Unavailable("RDNA1_LAB names no lab with whole machines: made as root, with mmdebstrap")
    if os.geteuid():
        raise Unavailable("not root: no chroot")
    for program in ("unshare", "tar"):
        if not shutil.which(program):
            raise Unavailable(f"no {program}")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False).returncode:
        raise Unavailable("no mount namespaces here")


class Failed(Exception):
    """A program that should have done its work."""


def scratch(name, size=4 << 30):
    """A new folder: in memory where that much is free and programs run, as these trees are large."""
    memory = "/dev/shm"
    with contextlib.suppress(OSError, StopIteration, ValueError):
        st = os.statvfs(memory)
        available = next(int(line.split()[1]) << 10 for line in open("/proc/meminfo", encoding="ascii")
                         if line.startswith("MemAvailable:"))
        refused = st.f_flag & (os.ST_NOEXEC | os.ST_NODEV | os.ST_NOSUID | os.ST_RDONLY)
        if not refused and min(st.f_bavail * st.f_frsize, available - (2 << 30)) >= size:
            return pathlib.Path(tempfile.mkdtemp(prefix=f"rdna1-doctor-{name}-", dir=memory))
    return pathlib.Path(tempfile.mkdtemp(prefix=f"rdna1-doctor-{name}-"))


class System:
    """A machine in a folder; `root` is its top."""

    def __init__(self, root, name="debian-12"):
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-C", self.root, "--numeric-owner", "--xattrs", "-xf",
                        folder() / f"{name}.tar"], check=True)
        self.version = (folder() / "amdgpu").read_text(encoding="utf-8").strip()
        self.source = self.root / f"usr/src/amdgpu-{self.version}"
        self.crat = self.source / "amd/amdkfd/kfd_crat.c"
        self.tree = self.root / "var/lib/dkms/amdgpu"

    def releases(self):
        return sorted(path.name for path in (self.root / "usr/lib/modules").iterdir())

    def modules(self, release):
        return self.root / "usr/lib/modules" / release

    def image(self, release):
        return self.root / f"boot/initrd.img-{release}"

    def remove(self):
        """Never into something that is mounted there."""
        subprocess.run(["rm", "-rf", "--one-file-system", self.root], check=True)

    def command(self, *words):
        """The words of a program in the machine, for subprocess."""
        return ["unshare", "--mount", "--pid", "--fork", "sh", "-c", IN_ROOT, "sh", self.root, *words]

    def inside(self, *words, fails=False, **options):
        """Runs a program in the machine; its output, both kinds together."""
        run = subprocess.run(self.command(*words), env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", check=False, **options)
        if (run.returncode != 0) != fails:
            raise Failed(f"{' '.join(map(str, words))}: exit {run.returncode}\n{run.stdout}")
        return run.stdout

    def install(self, program):
        """Our program, which finds its libraries in the machine's packages."""
        shutil.copy(program, self.root / TOOL)
        try:
            self.inside(f"/{TOOL}", "--version")
        except Failed as e:
            raise Unavailable(f"the program does not run in Debian 12: {e}") from e

    def picture(self):
        """{path: what it is}; the hard way, by reading all of it."""
        found = {}
        top = os.fsencode(self.root)
        for here, folders, files in os.walk(top):
            for name in folders + files:
                path = os.path.join(here, name)
                relative = os.fsdecode(os.path.relpath(path, top))
                if relative in SCRATCH:
                    found[relative] = without_time(describe(path))
                elif relative not in APART:
                    found[relative] = describe(path)
            folders[:] = [name for name in folders if os.fsdecode(
                os.path.relpath(os.path.join(here, name), top)) not in APART]
        return found

    @contextlib.contextmanager
    def experiment(self):
        """What is done to modules, dkms and /boot within is undone after it."""
        parts = [self.root / name for name in ("var/lib/dkms", "usr/lib/modules", "boot", "usr/src")]
        times = {part.parent: os.stat(part.parent) for part in parts}
        for part in parts:
            subprocess.run(["cp", "-a", part, f"{part}.kept"], check=True)
        try:
            yield
        finally:
            for part in parts:
                shutil.rmtree(part)
                os.rename(f"{part}.kept", part)
            for path, was in times.items():
                os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def describe(path):
    st = os.lstat(path)
    kind, content = stat.S_IFMT(st.st_mode), ""
    if stat.S_ISLNK(st.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(st.st_mode):
        with open(path, "rb") as f:
            content = hashlib.file_digest(f, "sha256").hexdigest()
    elif not stat.S_ISDIR(st.st_mode):
        content = st.st_rdev
    attributes = tuple((name, os.getxattr(path, name, follow_symlinks=False))
                       for name in sorted(os.listxattr(path, follow_symlinks=False)))
    return (kind, stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns, content, attributes)


def without_time(what):
    at = FIELDS.index("mtime")
    return what[:at] + (0,) + what[at + 1:]


def differences(before, after):
    """One line for each path in which two pictures differ."""
    lines = []
    for path in sorted(set(before) | set(after)):
        was, now = before.get(path), after.get(path)
        if was == now:
            continue
        if not was or not now:
            lines.append(f"{path}: {'new' if now else 'gone'}")
            continue
        lines.append(f"{path}: " + ", ".join(
            f"{name} {a} -> {b}" for name, a, b in zip(FIELDS, was, now) if a != b))
    return lines


def dkms_status(system):
    """[(version, kernel or None, what dkms says)] of amdgpu."""
    out = []
    for line in system.inside("dkms", "status").splitlines():
        found = re.match(r"amdgpu/([^,:]+)(?:, ([^,]+), [^:]+)?: (.*)$", line)
        if found:
            out.append((found[1], found[2], found[3]))
    return out
