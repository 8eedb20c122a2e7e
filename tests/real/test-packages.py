#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds `check` against the real package tools: test-packages.py PROGRAM MODULES

Makes packages with a module of MODULES and installs them into a root with dpkg and rpm, then changes
the file, diverts it, half-installs the package. What check says of package and digest has to be what
`dpkg --verify` and `rpm -V` say. What neither tool is there for is left out; skipped (77) without both.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

KERNEL = "6.1.0-50-amd64"
AMDGPU = f"lib/modules/{KERNEL}/kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko"
ASIDE = f"lib/modules/{KERNEL}/aside/amdgpu.ko"
SKIP = 77

CONTROL = f"""Package: linux-image-{KERNEL}
Version: 1:6.1.160-1
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: a kernel's module
"""

SPEC = f"""Name: kernel-modules-core
Version: 6.1
Release: 50.fc40
Summary: a kernel's module
License: GPL
BuildArch: noarch
%description
%install
mkdir -p %{{buildroot}}/{os.path.dirname(AMDGPU)} %{{buildroot}}/etc
cp %{{module}} %{{buildroot}}/{AMDGPU}
echo other >%{{buildroot}}/etc/amdgpu.ko
%files
/{AMDGPU}
/etc/amdgpu.ko
"""


def run(*command, **options):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)


def must(*command):
    done = run(*command)
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stdout}")
    return done.stdout


class Test:
    def __init__(self, program, folder):
        self.program, self.folder, self.failures = program, folder, 0

    def copy(self, root, path, *options):
        """What check says of the copy at @path."""
        out = subprocess.run([self.program, "check", "--json", "--root", root, *options],
                             stdout=subprocess.PIPE, check=False).stdout
        return next(c for c in json.loads(out)["copies"] if c["path"] == f"/{path}")

    def equal(self, what, found, expected):
        self.failures += found != expected
        print(f"ok: {what}" if found == expected else f"not ok: {what}: {found}, not {expected}")

    def expect(self, what, copy, package, is_packaged):
        self.equal(what, (copy["package"], copy["is_packaged"]), (package, is_packaged))


def change(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def make_deb(folder, module, compression):
    tree = folder / f"deb-{compression}"
    (tree / AMDGPU).parent.mkdir(parents=True)
    shutil.copy(module, tree / AMDGPU)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN" / "control").write_text(CONTROL, encoding="utf-8")
    digest = hashlib.md5((tree / AMDGPU).read_bytes()).hexdigest()
    (tree / "DEBIAN" / "md5sums").write_text(f"{digest}  {AMDGPU}\n", encoding="utf-8")
    package = folder / f"linux-image-{KERNEL}_{compression}.deb"
    must("dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", tree, package)
    return package


def dpkg_root(folder, name):
    root = folder / name
    for path in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/cache/apt/archives", "usr"):
        (root / path).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    return root


def with_dpkg(test, module):
    package = f"linux-image-{KERNEL}"
    for compression in ("none", "gzip", "xz", "zstd"):
        deb = make_deb(test.folder, module, compression)
        root = dpkg_root(test.folder, f"dpkg-{compression}")
        tool = ("dpkg", f"--root={root}", "--force-not-root", "--force-bad-path")
        must(*tool, f"--log={root}/log", "--install", deb)
        assert not must(*tool, "--verify", package)
        test.expect(f"{compression}: as dpkg installed it", test.copy(root, AMDGPU), package, True)
        change(root / AMDGPU)
        assert AMDGPU in run(*tool, "--verify", package).stdout
        test.expect(f"{compression}: changed", test.copy(root, AMDGPU), package, False)

        # How apt calls what it downloads: see apt-pkg/acquire-item.cc.
        archive = f"var/cache/apt/archives/{package}_1%3a6.1.160-1_all.deb"
        shutil.copy(deb, root / archive)
        shutil.copy(module.with_name("debian-signed-anew.ko"), root / AMDGPU)
        copy = test.copy(root, AMDGPU)
        test.equal(f"{compression}: signed anew, the original is cached",
                   (copy["is_packaged"], copy["verdict"]), (False, "clean"))
        assert archive in copy["reference"], copy["reference"]

    divert = ("dpkg-divert", f"--root={root}", "--local", "--no-rename", "--divert", f"/{ASIDE}")
    (root / ASIDE).parent.mkdir()
    shutil.copy(module, root / ASIDE)
    must(*divert, "--add", f"/{AMDGPU}")
    test.expect("diverted by the administrator", test.copy(root, AMDGPU), None, None)
    test.expect("the file that was moved aside", test.copy(root, ASIDE), package, True)


def with_rpm(test, module):
    build, root = test.folder / "build", test.folder / "rpm"
    build.mkdir()
    root.mkdir()
    (build / "k.spec").write_text(SPEC, encoding="utf-8")
    must("rpmbuild", "--define", f"_topdir {build}", "--define", f"module {module}", "--define",
         "__os_install_post %{nil}", "--define", "_build_id_links none", "-bb", build / "k.spec")
    package = next(build.glob("RPMS/*/*.rpm"))
    tool = ("rpm", "--root", root, "--dbpath", "/var/lib/rpm")
    must(*tool, "--initdb")
    must(*tool, "--install", "--nodeps", "--force-debian", package)
    name = "kernel-modules-core"
    test.expect("rpm, not asked", test.copy(root, AMDGPU), None, None)
    assert not run(*tool, "-V", "--nodeps", name).stdout.count("..5")
    test.expect("as rpm installed it", test.copy(root, AMDGPU, "--packages"), name, True)
    change(root / AMDGPU)
    assert "5" in run(*tool, "-V", "--nodeps", name).stdout.split()[0]
    test.expect("changed", test.copy(root, AMDGPU, "--packages"), name, False)
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    test.copy(root, AMDGPU, "--packages")
    test.equal("nothing was written", {p: p.stat().st_mtime_ns for p in root.rglob("*")}, before)


def main(program, modules):
    module = pathlib.Path(modules, "debian.ko").resolve()
    have_dpkg = all(shutil.which(tool) for tool in ("dpkg", "dpkg-deb", "dpkg-divert"))
    have_rpm = all(shutil.which(tool) for tool in ("rpm", "rpmbuild"))
    if not module.exists() or not (have_dpkg or have_rpm):
        print("skipped: no module, or neither dpkg nor rpmbuild")
        return SKIP
    with tempfile.TemporaryDirectory() as folder:
        test = Test(program, pathlib.Path(folder))
        if have_dpkg:
            with_dpkg(test, module)
        if have_rpm:
            with_rpm(test, module)
        return 1 if test.failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
