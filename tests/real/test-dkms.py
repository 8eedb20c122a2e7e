#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What check says of trees that dkms itself makes, against `dkms status`: test-dkms.py PROGRAM [DKMS]

dkms(8) builds a small module called amdgpu with the kernel headers of the lab ($RDNA1_LAB) into a
tree, a source folder and a lib/modules below a root of their own; after each step both are asked.
Exit 0 agreed, 1 did not, 77 skipped: no lab, not root (which dkms install wants), no dkms, or one
before 3.0, which runs make mrproper in the headers.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
KERNEL, ARCH = "6.1.0-1-lab", "x86_64"
STATUS = re.compile(r"^(?P<name>[^/,]+)/(?P<version>[^,:]+)(?:, (?P<kernel>[^,]+), [^:]+)?: "
                    r"(?P<state>[a-z]+)(?P<more>.*)$")
SOURCE = """\
#include <linux/module.h>
MODULE_LICENSE("GPL");
MODULE_VERSION("{version}");
int lab_{name}_{tag}(void);
int lab_{name}_{tag}(void) {{ return 1; }}
"""
CONF = """\
PACKAGE_NAME="amdgpu"
PACKAGE_VERSION="{version}"
AUTOINSTALL="{autoinstall}"
BUILT_MODULE_NAME[0]="amdgpu"
DEST_MODULE_LOCATION[0]="/kernel/drivers/gpu/drm/amd/amdgpu"
BUILT_MODULE_NAME[1]="amdkcl"
DEST_MODULE_LOCATION[1]="/kernel/drivers/gpu/drm/amd/amdkcl"
MAKE[0]="make -C {headers} M=$dkms_tree/$module/$module_version/build modules CC=gcc-12"
CLEAN="true"
"""


class Machine:
    """A root that dkms works on and check looks at."""

    def __init__(self, root, program, dkms, headers):
        self.root, self.program, self.headers = pathlib.Path(root), program, headers
        self.tree = self.root / "var/lib/dkms"
        self.lib = self.root / "lib/modules" / KERNEL
        for folder in (self.tree, self.root / "usr/src", self.root / "etc", self.lib):
            folder.mkdir(parents=True)
        shutil.copy("/etc/os-release", self.root / "etc/os-release")
        (self.lib / "modules.dep").write_text("")
        (self.lib / "build/include").mkdir(parents=True)
        self.command = [dkms, "--dkmstree", self.tree, "--sourcetree", self.root / "usr/src",
                        "--installtree", self.root / "lib/modules", "--no-depmod"]
        self.on_kernel = ["--kernelsourcedir", headers, "-k", KERNEL, "-a", ARCH]

    def add(self, version, autoinstall="yes"):
        folder = self.root / f"usr/src/amdgpu-{version}"
        folder.mkdir()
        for name in ("amdgpu", "amdkcl"):
            (folder / f"{name}.c").write_text(
                SOURCE.format(name=name, version=version, tag=version.replace(".", "_")))
        (folder / "Kbuild").write_text("obj-m := amdgpu.o amdkcl.o\n")
        (folder / "dkms.conf").write_text(
            CONF.format(version=version, autoinstall=autoinstall, headers=self.headers))
        self.dkms("add", f"amdgpu/{version}", on_kernel=False)
        # Inside the root the link of dkms leads nowhere.
        link = self.tree / "amdgpu" / version / "source"
        link.unlink()
        link.symlink_to(f"../../../../../usr/src/amdgpu-{version}")
        return folder

    def dkms(self, *words, fails=False, on_kernel=True):
        run = subprocess.run([*self.command, *words, *(self.on_kernel if on_kernel else [])],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if (run.returncode != 0) != fails:
            sys.exit(f"dkms {' '.join(words)}: {run.returncode}\n{run.stdout}")
        return run.stdout

    def status(self):
        """{(version, kernel): state}, in our words; several where dkms has one word for them."""
        states = {}
        for line in self.dkms("status", on_kernel=False).splitlines():
            found = STATUS.match(line)
            if not found:
                continue
            state = {found["state"]}
            if re.search("Diff", found["more"]):
                state = {"differs", "absent"}
            elif re.search("issing", found["more"]):
                state = {"broken"}
            states[found["version"], found["kernel"]] = state
        return states

    def check(self):
        run = subprocess.run([self.program, "check", "--root", self.root, "--json"],
                             stdout=subprocess.PIPE, text=True, check=False)
        return json.loads(run.stdout)

    def amdgpu(self, *parts):
        """The file in a folder, as it is compressed there."""
        return next(self.root.joinpath(*parts).glob("amdgpu.ko*"))


def compare(machine, step):
    """Where dkms has one word for the whole version, no build of ours may say more than that."""
    ours = machine.check()
    theirs = machine.status()
    wrong = []
    for package in ours["dkms"]:
        version = package["version"]
        builds = {(version, b["kernel"]): b["state"] for b in package["builds"]}
        whole = theirs.pop((version, None), None)
        for key, state in builds.items():
            expected = theirs.pop(key, {"added", "broken"} if whole else set())
            if state not in expected:
                wrong.append(f"{step}: {key} is {state}, dkms: {expected}")
    wrong += [f"{step}: nothing of {key}: {state}" for key, state in theirs.items()]
    print(f"{'not ok' if wrong else 'ok'} - {step}")
    print("".join(f"# {line}\n" for line in wrong), end="")
    return not wrong, ours


def expect(step, is_so):
    print(f"{'ok' if is_so else 'not ok'} - {step}")
    return is_so


def autoinstall_of(ours):
    return next(k["autoinstall"] for k in ours["kernels"] if k["release"] == KERNEL)


def life_of_a_version(machine):
    """Every step that dkms knows, and what people do to its files."""
    machine.add("1.0")
    good, ours = compare(machine, "added")
    yield good
    yield expect("added: it will come", autoinstall_of(ours) == "amdgpu/1.0")
    machine.dkms("build", "amdgpu/1.0")
    yield compare(machine, "built")[0]
    machine.dkms("install", "amdgpu/1.0")
    good, ours = compare(machine, "installed")
    yield good
    yield expect("installed: nothing will come", autoinstall_of(ours) is None)
    installed = machine.amdgpu(machine.lib, "updates/dkms")
    content = installed.read_bytes()
    installed.write_bytes(content + b"x")
    yield compare(machine, "the installed file was changed")[0]
    installed.unlink()
    yield compare(machine, "the installed file was deleted")[0]
    installed.write_bytes(content)
    yield compare(machine, "the installed file was put back")[0]
    built = machine.amdgpu(machine.tree, "amdgpu/1.0", KERNEL, ARCH, "module")
    built.rename(f"{built}.away")
    yield compare(machine, "the built file was moved away")[0]
    pathlib.Path(f"{built}.away").rename(built)
    machine.dkms("uninstall", "amdgpu/1.0")
    good, ours = compare(machine, "uninstalled")
    yield good
    expected = autoinstall_of(ours)
    machine.dkms("autoinstall")
    good, ours = compare(machine, "installed by autoinstall")
    yield good and expect("autoinstall did what was foretold", expected == "amdgpu/1.0" and
                          ours["dkms"][0]["builds"][0]["state"] == "installed")


def two_versions(machine):
    machine.add("2.0")
    machine.dkms("install", "amdgpu/2.0")
    yield compare(machine, "a newer version over the older one")[0]
    machine.dkms("remove", "amdgpu/1.0", "--all", on_kernel=False)
    yield compare(machine, "the older version removed")[0]


def failing_build(machine):
    folder = machine.add("3.0")
    (folder / "amdgpu.c").write_text("#error no such luck\n")
    machine.dkms("build", "amdgpu/3.0", fails=True)
    good, ours = compare(machine, "a build that fails")
    yield good
    build = next(p for p in ours["dkms"] if p["version"] == "3.0")["builds"]
    yield expect("its first error is known", build and "no such luck" in (build[0]["error"] or ""))


def nobody_wants_it(machine):
    machine.dkms("remove", "amdgpu/3.0", "--all", on_kernel=False)
    machine.dkms("uninstall", "amdgpu/2.0")
    conf = machine.root / "usr/src/amdgpu-2.0/dkms.conf"
    conf.write_text(conf.read_text().replace('AUTOINSTALL="yes"', 'AUTOINSTALL=""'))
    good, ours = compare(machine, "without AUTOINSTALL")
    yield good
    yield expect("without AUTOINSTALL nothing will come", autoinstall_of(ours) is None)
    machine.dkms("autoinstall")
    yield compare(machine, "autoinstall did nothing")[0]


def compressed(machine):
    """dkms compresses as the kernel's own modules are; up to 3.0 it asks the machine's, not ours."""
    machine.dkms("remove", "amdgpu/2.0", "--all", on_kernel=False)
    (machine.lib / "modules.dep").write_text("kernel/x.ko.xz:\n")
    (machine.lib / "kernel").mkdir()
    (machine.lib / "kernel/x.ko.xz").write_text("x")
    machine.add("4.0")
    machine.dkms("install", "amdgpu/4.0")
    yield compare(machine, f"as {machine.amdgpu(machine.lib, 'updates/dkms').name}")[0]


def is_usable(dkms):
    if not shutil.which(dkms):
        return False
    version = subprocess.run([dkms, "--version"], stdout=subprocess.PIPE, text=True, check=False)
    found = re.search(r"(\d+)\.\d+", version.stdout)
    return found and int(found[1]) >= 3


def main(program, dkms="dkms"):
    headers = pathlib.Path(os.environ.get("RDNA1_LAB", "/nonexistent")) / "headers/build"
    if not headers.exists() or os.geteuid() or not is_usable(dkms):
        print("1..0 # SKIP no lab, no dkms since 3.0, or not root")
        return SKIP
    results = []
    with tempfile.TemporaryDirectory(prefix="rdna1-doctor-dkms-") as root:
        machine = Machine(pathlib.Path(root) / "root", program, dkms, headers)
        for part in (life_of_a_version, two_versions, failing_build, nobody_wants_it, compressed):
            results += part(machine)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
