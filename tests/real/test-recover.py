#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""recover and rollback on whole machines, with their real tools: test-recover.py PROGRAM SCENARIO...

Each scenario unpacks a machine of the lab on which the recipe was followed, changes what is special
about it, recovers, and asks others: the package's own source byte for byte, a build of it by dkms
for the modules, dkms itself, modinfo, the initramfs' own tools for what is inside. Then all is rolled
back, and the whole tree must be what it was. SCENARIO may be `all`. A failed scenario leaves its
folder, whose name is printed. Exit 0 passed, 1 failed, 77 skipped.
"""

import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import system  # noqa: E402  # the tests' own

SKIP = 77
INTREE = "kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko"
SET = ("amdgpu", "amdkcl", "amdttm")


class Wrong(Exception):
    """What was seen is not what should be; all of it in the text."""


def expect(is_so, text, *seen):
    if not is_so:
        raise Wrong("\n".join([text, *map(str, seen)]))


class Machine(system.System):
    """A machine and our program, from outside (--root) or from within (chroot)."""

    def __init__(self, program, root, name):
        super().__init__(root, name)
        self.program, self.is_inside = program, False
        self.install(program)

    def run(self, *words, **options):
        """The finished process of the program: both outputs apart."""
        if self.is_inside:
            command = self.command(f"/{system.TOOL}", *words)
        else:
            command = [self.program, *words[:1], "--root", self.root, *words[1:]]
        return subprocess.run([str(word) for word in command], env=system.ENVIRONMENT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, errors="replace", check=False, **options)

    def tool(self, *words, code=0):
        """Runs it, and wants that exit code; what it printed on stdout."""
        start = time.monotonic()
        run = self.run(*words)
        print(f"    {' '.join(map(str, words))}: exit {run.returncode}, {time.monotonic() - start:.1f} s")
        expect(run.returncode == code, f"{' '.join(words)}: exit {run.returncode}, not {code}",
               run.stdout, run.stderr)
        return run.stdout

    def check(self, code):
        return json.loads(self.tool("check", "--json", code=code))

    def recover(self, *options, code=0):
        """The JSON of a run with consent."""
        return json.loads(self.tool("recover", "--yes", "--json", *options, code=code))

    def resolved(self, release):
        """The file that modprobe loads as amdgpu, below lib/modules/RELEASE."""
        path = self.inside("modinfo", "-k", release, "-n", "amdgpu").strip()
        return path.split(f"/lib/modules/{release}/")[1]

    def unpacked_image(self, release, to):
        """The image's contents in a folder, by the tool that made it."""
        shutil.rmtree(self.root / to, ignore_errors=True)
        if (self.root / "usr/bin/unmkinitramfs").exists():
            self.inside("unmkinitramfs", f"/boot/initrd.img-{release}", f"/{to}")
        else:
            (self.root / to).mkdir()
            self.inside("sh", "-c", f"cd /{to} && lsinitrd --unpack /boot/initrd.img-{release}")
        return self.root / to

    def in_image(self, release):
        """The amdgpu modules inside the initramfs, plain: [bytes]."""
        folder = self.unpacked_image(release, "tmp/image")
        found = sorted(folder.rglob("amdgpu.ko*"))
        contents = [plain(path) for path in found]
        shutil.rmtree(folder)
        return contents


def plain(path):
    """A module's content, by the compressor's own program."""
    command = {".zst": ["zstd", "-dcq"], ".xz": ["xz", "-dc"], ".gz": ["gzip", "-dc"]}.get(path.suffix)
    if not command:
        return path.read_bytes()
    return subprocess.run([*command, path], stdout=subprocess.PIPE, check=True).stdout


def one(paths):
    found = list(paths)
    expect(len(found) == 1, "not one file", found)
    return found[0]


# --- What must be so ------------------------------------------------------------------------------


def copies_that_load(answer):
    return [copy for copy in answer["copies"] if copy["is_loadable"]]


def is_unsafe(machine):
    """What the recipe leaves, as check must see it: source, built, installed, initramfs."""
    answer = machine.check(3)
    patched = {copy["kind"] for copy in answer["copies"] if copy["verdict"] == "patched"}
    expect(answer["verdict"] == "unsafe" and patched == {"source", "built", "installed", "initramfs"},
           "the recipe's machine is not seen as it is", patched, answer["sentence"])


def names(copies):
    return [f"{copy['kind']} {copy['path']}: {copy['verdict']}: "
            + "; ".join(item["detail"] for item in copy["evidence"][:3]) for copy in copies]


def is_good_on_disk(machine, is_proven=False):
    """A reboot is all that is missing; with is_proven, all that can load is more than without a sign."""
    answer = machine.check(4)
    expect(answer["verdict"] == "reboot-required", answer["verdict"], answer["sentence"])
    bad = [copy for copy in answer["copies"] if copy["verdict"] in ("patched", "modified", "unknown")
           and copy["kind"] != "backup"]
    expect(not bad, "copies are left that are not good", *names(bad))
    unproven = {copy["kind"] for copy in copies_that_load(answer) if copy["verdict"] != "clean"}
    expect(not is_proven or not unproven, "not proven clean", *names(copies_that_load(answer)))
    return answer


def source_is_stock(machine):
    stock = (system.folder() / "kfd_crat.c").read_bytes()
    expect(machine.crat.read_bytes() == stock, "the source is not the package's, byte for byte")


def equals(machine, content, reference, what):
    """Function for function, by compare."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "amdgpu.ko")
        path.write_bytes(content)
        run = subprocess.run([machine.program, "compare", path, reference], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, check=False)
    expect(run.returncode == 0, f"{what} differs from {reference}", run.stdout)


def clean(release, name="amdgpu"):
    return system.folder() / "clean" / release / f"{name}.ko"


def dkms_set_is_clean(machine, release, suffix=""):
    """The set is installed, indexed and in the image, and is what dkms builds of the clean source."""
    folder = machine.modules(release) / "updates/dkms"
    expect(sorted(path.name for path in folder.iterdir()) ==
           sorted(f"{name}.ko{suffix}" for name in SET), "not the set", sorted(folder.iterdir()))
    for name in SET:
        equals(machine, plain(folder / f"{name}.ko{suffix}"), clean(release, name), name)
        built = machine.tree / machine.version / release / "x86_64/module" / f"{name}.ko{suffix}"
        expect(built.read_bytes() == (folder / built.name).read_bytes(),
               f"built and installed {name} differ")
    expect(machine.resolved(release) == f"updates/dkms/amdgpu.ko{suffix}", machine.resolved(release))
    inside = machine.in_image(release)
    expect(len(inside) == 1, f"{len(inside)} amdgpu in the initramfs")
    equals(machine, inside[0], clean(release), "amdgpu in the initramfs")


def dkms_says(machine, states):
    """{kernel: state}, without a warning."""
    seen = {kernel: state for _, kernel, state in system.dkms_status(machine)}
    expect(seen == states, f"dkms status: {seen}, not {states}", machine.inside("dkms", "status"))


def intree_has_taken_over(machine, release, suffix=""):
    """The distribution's own, in the index and in the image; nothing of the set is left."""
    folder = machine.modules(release)
    left = [path for path in folder.rglob("*") if re.match("(amdgpu|amdttm|amdkcl)[.]ko", path.name)
            and "updates" in path.parts]
    expect(not left, "modules of the set are left", left)
    expect(machine.resolved(release) == INTREE + suffix, machine.resolved(release))
    inside = machine.in_image(release)
    expect(inside == [plain(folder / (INTREE + suffix))],
           "the initramfs has not the distribution's own amdgpu, byte for byte", len(inside))


def autoinstall_brings_no_patch(machine):
    """What the next upgrade of a kernel does; undone again."""
    with machine.experiment():
        for release in machine.releases():
            link = machine.modules(release) / "build"
            if not link.is_symlink():
                link.symlink_to(f"/usr/src/linux-headers-{release}")
            try:
                said = machine.inside("dkms", "autoinstall", "-k", release)
            except system.Failed as e:  # of a source that does not build
                said = str(e)
            print("    autoinstall: " + " ".join(said.split())[-70:])
        for release in machine.releases():
            if machine.image(release).exists():
                remake_image(machine, release)
        is_good_on_disk(machine)


def remake_image(machine, release):
    if (machine.root / "usr/sbin/update-initramfs").exists():
        machine.inside("update-initramfs", "-u", "-k", release)
    else:
        machine.inside("dracut", "-q", "--force", "--kver", release)


def backups_are_whole(machine):
    machine.tool("backups", "verify")


def rolls_back_to(machine, before):
    """Reinstating a patched module wants --i-know; then every byte is back."""
    machine.tool("rollback", "--yes", code=3)
    machine.tool("rollback", "--yes", "--i-know")
    expect_same(before, machine.picture(), "after rollback")


def expect_same(before, after, when):
    lines = system.differences(before, after)
    expect(not lines, f"{len(lines)} paths differ {when}", *lines[:40])


def methods_of(answer):
    return {kernel["release"]: kernel["method"] for kernel in answer["kernels"]}


# --- Changes to the machine before ----------------------------------------------------------------


def compress(machine, suffix):
    """As other distributions have their modules: all of them, the built ones too."""
    command = {".zst": ["zstd", "-q", "--rm", "-3"], ".xz": ["xz", "--check=crc32", "-1"]}[suffix]
    for release in machine.releases():
        folder = machine.modules(release)
        built = machine.tree / machine.version / release
        found = [*folder.rglob("*.ko"), *built.rglob("*.ko")]
        subprocess.run([*command, *found], check=True)
        machine.inside("depmod", release)
        remake_image(machine, release)


def break_build(machine):
    """A file of the driver that no compiler takes."""
    with open(machine.source / "amd/amdgpu/stubs.c", "a", encoding="utf-8") as f:
        f.write("#error no such luck\n")


# --- Scenarios --------------------------------------------------------------------------------------


def recovers(machine, *options, method="source", suffix="", code=0):
    """The whole way: unsafe, recovered by that method for each kernel, proven, rolled back."""
    before = machine.picture()
    is_unsafe(machine)
    answer = machine.recover(*options, code=code)
    releases = machine.releases()
    expect(methods_of(answer) == dict.fromkeys(releases, method), "method", json.dumps(answer, indent=1))
    proves(machine, method, suffix)
    rolls_back_to(machine, before)


def proves(machine, method, suffix=""):
    # Where no package knows the source, nothing that is built from it is proven.
    is_known = (machine.root / "var/lib/dpkg/info/amdgpu-dkms.md5sums").exists()
    is_good_on_disk(machine, method in ("source", "intree") and is_known)
    source_is_stock(machine)
    for release in machine.releases():
        if method == "intree":
            intree_has_taken_over(machine, release, suffix)
        else:
            dkms_set_is_clean(machine, release, suffix)
    dkms_says(machine, {None: "added"} if method == "intree" else
              dict.fromkeys(machine.releases(), "installed"))
    backups_are_whole(machine)
    autoinstall_brings_no_patch(machine)


def check_only(machine):
    """The machine itself: what all the others begin with."""
    is_unsafe(machine)
    for release in machine.releases():
        equals_not = machine.in_image(release)
        expect(len(equals_not) == 1, "the image has no amdgpu, or several")
        expect(machine.resolved(release).startswith("updates/dkms/amdgpu.ko"), machine.resolved(release))
    dkms_says(machine, dict.fromkeys(machine.releases(), "installed"))
    before = machine.picture()
    with machine.experiment():
        for release in machine.releases():
            (machine.modules(release) / "updates/dkms/amdgpu.ko").unlink()
    expect_same(before, machine.picture(), "after an experiment")


def source(machine):
    recovers(machine, "--method", "source")


def inside(machine):
    machine.is_inside = True
    recovers(machine)


def intree(machine):
    recovers(machine, "--method", "intree", method="intree")


def intree_inside(machine):
    machine.is_inside = True
    recovers(machine, "--method", "intree", method="intree")


def compressed_zst(machine):
    compress(machine, ".zst")
    recovers(machine, suffix=".zst")


def compressed_xz(machine):
    compress(machine, ".xz")
    recovers(machine, suffix=".xz")


def failing_build(machine):
    """auto goes on to the distribution's own; source alone changes nothing and shows the error."""
    break_build(machine)
    before = machine.picture()
    run = machine.run("recover", "--yes", "--method", "source")
    expect(run.returncode not in (0, 2), f"--method source: exit {run.returncode}", run.stdout, run.stderr)
    expect("no such luck" in run.stdout + run.stderr, "the log's first error is not shown", run.stderr)
    expect_same(before, machine.picture(), "after a build that failed")
    recovers(machine, method="intree")


def no_headers(machine):
    """Nothing can be built: the distribution's own, and the reason is told."""
    for release in machine.releases():
        (machine.modules(release) / "build").unlink()
    run = machine.run("recover", "--dry-run")
    expect("header" in run.stdout + run.stderr, "the missing headers are not named", run.stdout)
    recovers(machine, method="intree")


def one_kernel(machine):
    """--kernel: the other one stays, and is told of."""
    before = machine.picture()
    first, second = machine.releases()
    machine.recover("--kernel", first)
    dkms_set_is_clean(machine, first)
    answer = machine.check(3)
    bad = {copy["kernel"] for copy in answer["copies"] if copy["verdict"] == "patched"}
    expect(bad == {second}, "not the other kernel alone is patched", bad)
    rolls_back_to(machine, before)


def dry_run_leaves_nothing(machine):
    """Not even a folder of our own."""
    apart, system.APART = system.APART, ()
    try:
        before = machine.picture()
        machine.tool("recover", "--dry-run")
        plan = json.loads(machine.tool("recover", "--dry-run", "--json"))
        expect(set(methods_of(plan)) == set(machine.releases()), json.dumps(plan, indent=1))
        expect_same(before, machine.picture(), "after --dry-run")
    finally:
        system.APART = apart


def refused(machine, *words, code=3, says=""):
    """It refuses, says why on stderr, and all is as it was."""
    run = machine.run(*words)
    print(f"    {' '.join(words)}: exit {run.returncode}: {run.stderr.strip().splitlines()[-1:]}")
    expect(run.returncode == code, f"{' '.join(words)}: exit {run.returncode}, not {code}", run.stdout,
           run.stderr)
    expect(re.search(says, run.stdout + run.stderr), f"{words}: `{says}' is not said", run.stdout, run.stderr)


def changes_nothing(machine):
    """A look ahead, and all that is refused before it begins."""
    dry_run_leaves_nothing(machine)
    before = machine.picture()
    refused(machine, "recover", says="--yes")
    refused(machine, "recover", "--yes", "--method", "wrong", code=2, says="method")
    refused(machine, "recover", "--yes", "--kernel", "6.0.0-0-none", says="6.0.0-0-none")
    refused(machine, "recover", "--yes", "--method", "backup", says="backup|saved|kept")
    refused(machine, "rollback", "--yes")
    expect_same(before, machine.picture(), "after what was refused")


def held(path):
    """A lock as dpkg, apt and debconf take it: fcntl, the whole file."""
    f = open(path, "r+b")
    fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return f


def bad_surroundings(machine):
    """What recover has to find out before it touches anything."""
    root = machine.root
    before = machine.picture()
    for lock in ("var/lib/dpkg/lock-frontend", "var/lib/dpkg/lock"):
        with held(root / lock):
            refused(machine, "recover", "--yes", says="dpkg|package")
    expect_same(before, machine.picture(), "after what was refused")


def half_configured(machine):
    """A package that its manager has not finished with."""
    before = machine.picture()
    status = machine.root / "var/lib/dpkg/status"
    text, times = status.read_bytes(), status.stat()
    status.write_bytes(text.replace(b"Package: dkms\nStatus: install ok installed",
                                    b"Package: dkms\nStatus: install ok half-configured"))
    expect(status.read_bytes() != text, "dpkg's state is not as expected")
    refused(machine, "recover", "--yes", says="half-configured|dpkg --configure")
    status.write_bytes(text)
    os.utime(status, ns=(times.st_atime_ns, times.st_mtime_ns))
    expect_same(before, machine.picture(), "after what was refused")


def no_space(machine):
    """/boot is a small file system of its own: too small for a second image, or read-only."""
    boot = machine.root / "boot"
    used = sum(path.stat().st_size for path in boot.iterdir())
    image = machine.root.with_name("boot.img")
    for size, options, says in ((used * 5 // 4, "", "MiB are wanted"), (used * 4, "-o ro", "read-only")):
        with open(image, "wb") as f:
            f.truncate(size + (8 << 20))
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-m", "0", "-O", "^has_journal", "-d", boot, image],
                       check=True, env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
        script = f'mount {options} "$1" "$2/boot" && shift 2 && exec "$@"'
        run = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", image, machine.root,
                              machine.program, "recover", "--root", machine.root, "--yes"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        print(f"    recover with such a /boot: exit {run.returncode}: {run.stderr.strip().splitlines()[-1:]}")
        expect(run.returncode == 3 and says in run.stdout + run.stderr, f"{says}: exit {run.returncode}",
               run.stdout, run.stderr)
    image.unlink()


# MACHINE IMAGE COMMAND...: with the image mounted as /boot; then what is on the disk itself, and what
# the file system says is there, go to IMAGE.disk and IMAGE.seen. 98: it was left frozen.
WITH_BOOT = """
root=$1 image=$2
shift 2
mount "$image" "$root/boot" || exit 99
"$@"
code=$?
initrd=$(cd "$root/boot" && ls initrd.img-*)
PATH=$PATH:/usr/sbin:/sbin debugfs -n -R "dump /$initrd $image.disk" "$image" 2>/dev/null
cp "$root/boot/$initrd" "$image.seen"
sleep 0.5
! fsfreeze -u "$root/boot" 2>/dev/null || exit 98
exit $code
"""


def with_boot(machine, image, *command):
    return subprocess.run(["unshare", "--mount", "sh", "-c", WITH_BOOT, "sh", machine.root, image, *command],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)


def separate_boot(machine):
    """/boot is a file system of its own: what a boot loader reads of it is at once what has to boot."""
    boot = machine.root / "boot"
    image = machine.root.with_name("boot.img")
    files = [image, image.with_name("boot.img.disk"), image.with_name("boot.img.seen")]
    size = 8 * sum(path.stat().st_size for path in boot.iterdir()) + (32 << 20)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", boot, image, f"{size >> 20}M"],
                   check=True, env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    recover = [machine.program, "recover", "--root", machine.root, "--yes", "--method", "intree"]
    old = machine.image(one(machine.releases())).read_bytes()
    log = machine.root.with_name("strace.log")
    run = with_boot(machine, image, "strace", "-o", log, "-e", "trace=ioctl", *recover)
    expect(run.returncode == 0, f"recover with such a /boot: exit {run.returncode}", run.stdout)
    disk, seen = (path.read_bytes() for path in files[1:])
    expect(seen not in (b"", old), "the image is not a new one")
    expect(disk == seen, "the disk has another image than the file system, before its journal is played")
    back = [machine.program, "rollback", "--root", machine.root, "--yes", "--i-know"]
    run = with_boot(machine, image, *back)
    expect(run.returncode == 0, f"rollback: exit {run.returncode}", run.stdout)
    expect([path.read_bytes() for path in files[1:]] == [old, old], "the disk has not the old image again")
    # Killed between freezing and thawing.
    calls = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("ioctl(")]
    thaw = next(n for n, line in enumerate(calls, 1) if "FITHAW" in line)
    run = with_boot(machine, image, "strace", "-o", log, "-e", f"inject=ioctl:signal=KILL:when={thaw}", *recover)
    expect(run.returncode in (-9, 137), f"killed before it thaws: exit {run.returncode}", run.stdout)
    expect("FITHAW" in log.read_text(encoding="utf-8"), "killed somewhere else", log.read_text(encoding="utf-8"))
    run = with_boot(machine, image, *recover)
    expect(run.returncode == 0, f"recover after that: exit {run.returncode}", run.stdout)
    run = with_boot(machine, image, machine.program, "check", "--root", machine.root)
    expect(run.returncode == 4, f"check: exit {run.returncode}", run.stdout)
    for path in (*files, log):
        path.unlink()


def unpackaged_source(machine):
    """No package knows the source: the hunk goes by tokens, and the result is stock all the same."""
    (machine.root / "var/lib/dpkg/info/amdgpu-dkms.md5sums").unlink()
    recovers(machine)


def saved_source(machine):
    """What the recipe keeps beside it is a second way back."""
    shutil.copy(system.folder() / "kfd_crat.c", f"{machine.crat}.backup")
    (machine.root / "var/lib/dpkg/info/amdgpu-dkms.md5sums").unlink()
    recovers(machine)


def cache_package(machine, name):
    cache = machine.root / "var/cache/apt/archives"
    cache.mkdir(parents=True, exist_ok=True)
    # apt writes the colon of an epoch so.
    for path in (system.folder() / "debs").glob(f"{name}_*.deb"):
        version = subprocess.run(["dpkg-deb", "-f", path, "Version", "Architecture"], text=True,
                                 stdout=subprocess.PIPE, check=True).stdout
        found = dict(line.split(": ") for line in version.splitlines())
        shutil.copy(path, cache / "{}_{}_{}.deb".format(name, found["Version"].replace(":", "%3a"),
                                                       found["Architecture"]))


def edit_patched_source(machine):
    """The patch, and one more of somebody's own: only the package knows what the file was."""
    with open(machine.crat, "a", encoding="utf-8") as f:
        f.write("void mine(struct kfd_mem_properties *props)\n"
                "{\n\tprops->flags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n}\n")


def packaged_source(machine):
    edit_patched_source(machine)
    cache_package(machine, "amdgpu-dkms")
    recovers(machine)


def publish_package(machine, name):
    """A package in a repository that this machine's apt knows, and no other one."""
    repository = machine.root / "opt/repository"
    repository.mkdir()
    for path in (system.folder() / "debs").glob(f"{name}_*.deb"):
        shutil.copy(path, repository)
    with open(repository / "Packages", "w", encoding="utf-8") as f:
        subprocess.run(["dpkg-scanpackages", "."], cwd=repository, stdout=f, stderr=subprocess.DEVNULL,
                       check=True)
    lists = machine.root / "etc/apt"
    for path in (lists / "sources.list.d").iterdir():
        path.unlink()
    (lists / "sources.list").write_text("deb [trusted=yes] file:/opt/repository ./\n")
    machine.inside("apt-get", "update")


def downloaded_source(machine):
    """As packaged_source, but the package is not in the cache: only if asked to is it fetched."""
    edit_patched_source(machine)
    publish_package(machine, "amdgpu-dkms")
    refused(machine, "recover", "--yes", "--method", "source", says="--download fetches .*amdgpu-dkms")
    recovers(machine, "--download")


def downloaded_module(machine):
    """As packaged_module, likewise. A download that fails changes nothing."""
    release, stock = replace_intree(machine)
    before = machine.picture()
    refused(machine, "recover", "--yes", says=f"--download fetches linux-image-{release}")
    refused(machine, "recover", "--yes", "--download", says="apt-get")
    expect_same(before, machine.picture(), "after a download that failed")
    publish_package(machine, f"linux-image-{release}")
    is_put_back(machine, release, stock, "--download")


def packaged_module(machine):
    """The distribution's own module was replaced; its package is in the cache."""
    release, stock = replace_intree(machine)
    cache_package(machine, f"linux-image-{release}")
    is_put_back(machine, release, stock)


def replace_intree(machine):
    """No dkms, and a patched module in the distribution's place; the release and what was there."""
    machine.inside("dpkg", "--purge", "amdgpu-dkms")
    release = one(machine.releases())
    target = machine.modules(release) / INTREE
    stock = target.read_bytes()
    patched = pathlib.Path(os.environ["RDNA1_LAB"], "modules/gcc/published-applied.ko")
    target.write_bytes(patched.read_bytes())
    machine.inside("depmod", release)
    remake_image(machine, release)
    machine.check(3)
    return release, stock


def is_put_back(machine, release, stock, *options):
    """The module of the package in its place, and in the image."""
    target = machine.modules(release) / INTREE
    before = machine.picture()
    answer = machine.recover(*options)
    expect(methods_of(answer) == {release: "package"}, "method", json.dumps(answer, indent=1))
    expect(target.read_bytes() == stock, "the module is not the package's")
    expect(machine.in_image(release) == [stock], "the image has not the package's module")
    is_good_on_disk(machine)
    backups_are_whole(machine)
    rolls_back_to(machine, before)


def only_the_image(machine):
    """Everything was put right by hand but the initramfs."""
    release = one(machine.releases())
    shutil.copy(system.folder() / "kfd_crat.c", machine.crat)
    machine.inside("dkms", "build", f"amdgpu/{machine.version}", "-k", release, "--force")
    machine.inside("dkms", "install", f"amdgpu/{machine.version}", "-k", release, "--force")
    before = machine.picture()
    machine.check(3)
    answer = machine.recover()
    expect(methods_of(answer) == {release: "image"}, "method", json.dumps(answer, indent=1))
    proves(machine, "image")
    rolls_back_to(machine, before)


def again(machine):
    """A second run finds nothing to do and says so; after rollback it does it all once more."""
    before = machine.picture()
    machine.recover()
    after = machine.picture()
    machine.recover()
    expect_same(after, machine.picture(), "after a second recover")
    rolls_back_to(machine, before)
    machine.recover()
    proves(machine, "source")


def saved_set(machine):
    """The recipe was followed once more: what the first recover has built comes back, uncompiled."""
    release = one(machine.releases())
    patched = [machine.crat, *(machine.modules(release) / "updates/dkms").iterdir(),
               *(machine.tree / machine.version / release / "x86_64/module").iterdir()]
    contents = {path: path.read_bytes() for path in patched}
    machine.recover()
    for path, content in contents.items():
        path.write_bytes(content)
    machine.inside("depmod", release)
    remake_image(machine, release)
    before = machine.picture()
    is_unsafe(machine)
    answer = machine.recover("--method", "backup")
    expect(methods_of(answer) == {release: "backup"}, "method", json.dumps(answer, indent=1))
    proves(machine, "backup")
    rolls_back_to(machine, before)


SCENARIOS = {
    "check": (check_only, "debian-12"),
    "check-dracut": (check_only, "debian-12-dracut"),
    "check-two-kernels": (check_only, "debian-12-two-kernels"),
    "source": (source, "debian-12"),
    "inside": (inside, "debian-12"),
    "intree": (intree, "debian-12"),
    "intree-inside": (intree_inside, "debian-12"),
    "dracut": (recovers, "debian-12-dracut"),
    "dracut-intree": (intree, "debian-12-dracut"),
    "zst": (compressed_zst, "debian-12"),
    "xz": (compressed_xz, "debian-12"),
    "two-kernels": (recovers, "debian-12-two-kernels"),
    "one-kernel": (one_kernel, "debian-12-two-kernels"),
    "failing-build": (failing_build, "debian-12"),
    "no-headers": (no_headers, "debian-12"),
    "changes-nothing": (changes_nothing, "debian-12"),
    "bad-surroundings": (bad_surroundings, "debian-12"),
    "half-configured": (half_configured, "debian-12"),
    "no-space": (no_space, "debian-12"),
    "separate-boot": (separate_boot, "debian-12"),
    "unpackaged-source": (unpackaged_source, "debian-12"),
    "saved-source": (saved_source, "debian-12"),
    "packaged-source": (packaged_source, "debian-12"),
    "packaged-module": (packaged_module, "debian-12"),
    "downloaded-source": (downloaded_source, "debian-12"),
    "downloaded-module": (downloaded_module, "debian-12"),
    "only-the-image": (only_the_image, "debian-12"),
    "saved-set": (saved_set, "debian-12"),
    "again": (again, "debian-12"),
}


def play(program, name):
    scenario, tar = SCENARIOS[name]
    folder = system.scratch(f"recover-{name}")
    start = time.monotonic()
    try:
        machine = Machine(program, folder / "root", tar)
        scenario(machine)
    except (Wrong, system.Failed, OSError, ValueError, KeyError, subprocess.CalledProcessError) as e:
        print(f"not ok - {name}: {type(e).__name__}: {e}\n# left: {folder}", flush=True)
        return False
    machine.remove()
    folder.rmdir()
    print(f"ok - {name} ({time.monotonic() - start:.0f} s)", flush=True)
    return True


def main(program, *names):
    try:
        system.need()
        results = [play(os.path.abspath(program), name)
                   for name in (SCENARIOS if names == ("all",) else names)]
    except system.Unavailable as e:
        print(f"1..0 # SKIP {e}")
        return SKIP
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
