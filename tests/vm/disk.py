# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole machine on a disk, booted under QEMU: systemd, the kernel and initramfs that its /boot has.

The disk is made of a machine of the lab (tests/system.py) by mke2fs -d, with our program installed
as `meson install` does it, or from its package. Before each boot the kernel and the initramfs are
read off the disk as a boot loader reads them, without playing the journal of the file system. What
a boot is to do comes as a script on a second disk; the machine's story.service runs it with bash
when the machine is up. Its answers leave on the second serial line (guest.py); then it powers off.

A power cut is a QEMU that is killed: what the guest has written is there, what it has not is not
(what its kernel had not yet sent to the disk). For that, what the guest flushes need not reach the disk
of this machine: cache=unsafe.
"""

import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import guest  # noqa: E402
import system  # noqa: E402  # the tests' own

SIZE = "1800M"
SCRIPT_MAX = 1 << 20

# The card is there before anything looks for one, as a real one is.
CARD_SERVICE = """[Unit]
Description=The card of the test
DefaultDependencies=no
Before=sysinit.target systemd-modules-load.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'insmod /opt/card/$(uname -r).ko'
[Install]
WantedBy=sysinit.target
"""

STORY_SERVICE = """[Unit]
Description=What the test does in this boot
ConditionPathExists=/dev/disk/by-id/virtio-story
[Service]
Type=exec
ExecStart=/bin/sh -c 'tr -d "\\\\000" </dev/disk/by-id/virtio-story >/run/story && exec bash /run/story'
StandardOutput=file:/dev/ttyS0
StandardError=file:/dev/ttyS0
Environment=HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[Install]
WantedBy=multi-user.target
"""

# What is emulated takes its time: few modules, little compressing, and of the programs that add to
# an image only those without which this machine does not boot.
QUICK_IMAGE = "MODULES=list\nBUSYBOX=y\nCOMPRESS=gzip\nCOMPRESSLEVEL=1\n"
SLOW_HOOKS = ("dmsetup", "fsck", "keymap", "klibc-utils", "resume", "thermal")

PROLOGUE = """
stty -F /dev/ttyS1 raw -echo
exec 3>/dev/ttyS1
# answer NAME COMMAND...: what it printed, its errors on the console, then its exit code
answer() {
	local name=$1
	shift
	echo "=== $name" >&3
	"$@" >&3
	echo "=== exit $?" >&3
}
# mark NAME: for the test, which waits for it
mark() { echo "=== mark $1" >&3; }
systemctl is-system-running --wait >/dev/null
"""

EPILOGUE = """
echo "=== end" >&3
systemctl poweroff
"""

NEEDED = ("mke2fs", "debugfs", "meson", "make", guest.QEMU)


def need():
    system.need()
    for program in NEEDED:
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise system.Unavailable(f"no {program}")


@functools.cache
def accelerator():
    """KVM where a guest comes to its end with it: the device alone says nothing."""
    if not os.access("/dev/kvm", os.W_OK):
        return "tcg"
    image = guest.Image()
    image.script("")
    lab = system.folder().parent
    with tempfile.TemporaryDirectory() as folder:
        initrd = pathlib.Path(folder, "initrd")
        image.write(initrd)
        with contextlib.suppress(subprocess.SubprocessError):
            subprocess.run([guest.QEMU, "-accel", "kvm", "-cpu", "max", "-m", "256", "-display", "none",
                            "-no-reboot", "-nodefaults", "-kernel", lab / "stock/debian-6.1/vmlinuz",
                            "-initrd", initrd, "-append", "panic=-1 quiet"], timeout=8, check=True,
                           stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            return "kvm"
    return "tcg"


def install_tool(machine, build):
    """As `meson install` does; or a package, if that is what build is."""
    if str(build).endswith(".deb"):
        shutil.copy(build, machine.root / "tmp/tool.deb")
        machine.inside("dpkg", "-i", "/tmp/tool.deb")
        (machine.root / "tmp/tool.deb").unlink()
        return
    done = subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", machine.root],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise system.Failed(f"meson install: {done.stdout}")
    machine.inside("rdna1-doctor", "--version")


def install_card(machine):
    """card.c, built for each kernel of the machine."""
    folder = machine.root / "opt/card"
    folder.mkdir(parents=True)
    shutil.copy(pathlib.Path(__file__).with_name("card.c"), folder)
    (folder / "Kbuild").write_text("obj-m := card.o\n")
    for release in machine.releases():
        machine.inside("make", "-s", "-C", f"/lib/modules/{release}/build", "M=/opt/card", "modules")
        (folder / "card.ko").rename(folder / f"{release}.ko")


def make_bootable(machine):
    """What a machine that boots has and a chroot has not."""
    root = machine.root
    (root / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 1\n")
    (root / "etc/hostname").write_text("story\n")
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    units = root / "etc/systemd/system"
    (units / "card.service").write_text(CARD_SERVICE)
    (units / "story.service").write_text(STORY_SERVICE)
    machine.inside("systemctl", "enable", "card.service", "story.service")
    machine.inside("systemctl", "mask", "apt-daily.timer", "apt-daily-upgrade.timer",
                   "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "dpkg-db-backup.timer", "getty@tty1.service")
    machine.inside("systemctl", "set-default", "multi-user.target")
    machine.inside("passwd", "-d", "root")
    machine.inside("useradd", "-m", "-s", "/bin/bash", "user")
    install_card(machine)
    (root / "etc/initramfs-tools/conf.d/story").write_text(QUICK_IMAGE)
    (root / "etc/initramfs-tools/modules").write_text("amdgpu\nvirtio_pci\nvirtio_blk\next4\ncrc32c_generic\n")
    for name in SLOW_HOOKS:
        (root / "usr/share/initramfs-tools/hooks" / name).chmod(0o644)
    for release in machine.releases():
        machine.inside("update-initramfs", "-u", "-k", release)


def make(to, build, name="debian-12", change=None):
    """Writes the disk `to`; change(machine) may alter the machine before."""
    folder = system.scratch("tree")
    try:
        machine = system.System(folder / "root", name)
        install_tool(machine, build)
        make_bootable(machine)
        if change:
            change(machine)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", machine.root, to, SIZE],
                       check=True, env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    finally:
        shutil.rmtree(folder / "root")
        folder.rmdir()


class Disk:
    """A disk and the folder for what its boots leave: console logs and answers, one each."""

    def __init__(self, path, logs):
        self.path, self.logs, self.boots = pathlib.Path(path), pathlib.Path(logs), 0
        self.logs.mkdir(parents=True, exist_ok=True)

    def debugfs(self, request):
        # -n: after a power cut not every checksum is that of its block, and no boot loader asks.
        return subprocess.run(["debugfs", "-n", "-R", request, self.path], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=True,
                              env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}).stdout

    def read(self, path, to):
        said = self.debugfs(f"dump {path} {to}")
        if not os.path.exists(to) or not os.path.getsize(to):
            raise guest.Failed(f"the boot loader finds no {path} on {self.path}: {said}")

    def command(self, release, script, number, others=(), append=""):
        """QEMU's, for this boot; the files it needs lie in the logs' folder."""
        kernel, initrd, story, console, answers = (
            self.logs / f"{number}-{name}" for name in ("vmlinuz", "initrd", "script", "console.log",
                                                        "answers"))
        self.read(f"/boot/vmlinuz-{release}", kernel)
        self.read(f"/boot/initrd.img-{release}", initrd)
        text = (PROLOGUE + script + EPILOGUE).encode()
        assert len(text) < SCRIPT_MAX
        story.write_bytes(text + bytes(-len(text) % 4096))
        drives = [f"file={self.path},if=none,id=d0,format=raw,cache=unsafe"]
        devices = ["virtio-rng-pci", "virtio-blk-pci,drive=d0"]
        for n, path in enumerate(others, 1):
            drives.append(f"file={path},if=none,id=d{n},format=raw,cache=unsafe")
            devices.append(f"virtio-blk-pci,drive=d{n},serial=other{n}")
        drives.append(f"file={story},if=none,id=ds,format=raw,readonly=on")
        devices.append("virtio-blk-pci,drive=ds,serial=story")
        command = [guest.QEMU, "-accel", accelerator(), "-cpu", "max", "-smp", "2", "-m", "1536",
                   "-display", "none", "-no-reboot", "-nodefaults", "-serial", f"file:{console}",
                   "-serial", f"file:{answers}", "-kernel", str(kernel), "-initrd", str(initrd),
                   "-append", "root=/dev/vda rw console=ttyS0 panic=-1 quiet "
                   f"systemd.show_status=false {append}"]
        for drive in drives:
            command += ["-drive", drive]
        for device in devices:
            command += ["-device", device]
        return command, console, answers

    def boot(self, release, script, seconds, cut=None, **options):
        """
        One boot; {name: (text, exit code)}. With cut, a mark of the script and seconds after it:
        the power goes there, and what was answered until then is returned.
        """
        self.boots += 1
        command, console, answers = self.command(release, script, self.boots, **options)
        start = time.monotonic()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as qemu:
            try:
                if cut:
                    self.wait_for(qemu, answers, cut[0], seconds, console)
                    time.sleep(cut[1])
                    qemu.send_signal(signal.SIGKILL)
                    qemu.wait()
                elif qemu.wait(seconds):
                    raise guest.Failed(f"{guest.QEMU} ended with {qemu.returncode}, see {console}")
            except subprocess.TimeoutExpired as e:
                raise guest.Failed(f"not done after {seconds} s, see {console}") from e
            finally:
                qemu.kill()
        print(f"    boot {self.boots} ({release}): {time.monotonic() - start:.0f} s"
              + (", power cut" if cut else ""), flush=True)
        text = answers.read_text(errors="replace").replace("\r\n", "\n")
        if not cut and not text.endswith("=== end\n"):
            raise guest.Failed(f"the guest stopped before its end, see {console} and {answers}")
        found = re.findall(r"^=== (?!exit |mark )(\S+)\n(.*?)^=== exit (\d+)$", text, re.M | re.S)
        return {name: (output, int(code)) for name, output, code in found}

    @staticmethod
    def wait_for(qemu, answers, mark, seconds, console):
        end = time.monotonic() + seconds
        while f"=== mark {mark}" not in (answers.read_text(errors="replace") if answers.exists() else ""):
            if qemu.poll() is not None or time.monotonic() > end:
                raise guest.Failed(f"no mark {mark}, see {console} and {answers}")
            time.sleep(0.05)
