#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package from what is committed: deb.py ROOT BUILD MODULES

meson dist gives the source, dpkg-buildpackage the package, lintian its opinion. The package is then
installed into an empty root with dpkg, run on a picture of a broken machine, removed and purged,
over a state as recover leaves it. Skipped (77) without the tools, or outside of a git clone.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

SKIP = 77
STATE = "var/lib/rdna1-doctor"
TOOLS = ("dpkg-buildpackage", "dh", "lintian", "git", "meson")
MACHINE = "patched-ubuntu-24.04"

# Patterns below the root; each must have a file, and a file that is in none has been misplaced.
PLACES = [r"usr/bin/rdna1-doctor", r"usr/share/man/man8/rdna1-doctor\.8\.gz",
          r"usr/share/man/man7/rdna1-doctor-findings\.7\.gz",
          r"usr/share/rdna1-doctor/[\w.-]+\.schema\.json",
          r"usr/share/rdna1-doctor/workload\.py",
          r"usr/share/bash-completion/completions/rdna1-doctor",
          r"usr/share/fish/vendor_completions\.d/rdna1-doctor\.fish",
          r"usr/share/zsh/vendor-completions/_rdna1-doctor",
          r"usr/share/doc/rdna1-doctor/(NEWS|README\.md|changelog)\.gz",
          r"usr/share/doc/rdna1-doctor/copyright",
          r"usr/share/lintian/overrides/rdna1-doctor"]
CATALOG = r"usr/lib/systemd/catalog/rdna1-doctor\.catalog"
UNIT = r"(usr/)?lib/systemd/system/{}"

# What an installation may enable: a report, which only reads, and what acts on armed repairs alone.
MAY_BE_ENABLED = {"rdna1-doctor-report.service": "ProtectSystem=strict",
                  "rdna1-doctor-commit.service": "ConditionPathExistsGlob=/var/lib/rdna1-doctor/"}
# Debian's note of what is enabled: a setting, which purge takes away.
ENABLED = ("etc/systemd/system/", "var/lib/systemd/deb-systemd-helper-enabled/")

# transaction: the marks it has (include/recovery/plan.h), and what is said of it when it stays
UNFINISHED, WAITING = "NOT FINISHED", "not yet confirmed by a boot"
TRANSACTIONS = {
    "0001": (("00-intent", "10-backup", "90-armed", "99-committed"), "carried out"),
    "0002": (("00-intent", "96-undo", "98-rolled-back"), None),
    "0003": (("00-intent", "10-backup", "96-undo", "98-rolled-back"), "rolled back"),
    "0004": (("00-intent", "10-backup", "30-built"), UNFINISHED),
    "0005": (("00-intent", "10-backup", "90-armed"), WAITING),
    "0006": ((), None),
    "0007": (("00-intent",), UNFINISHED),
    "0008": (("00-intent", "10-backup", "90-armed", "96-undo"), UNFINISHED),
}
PROFILE = "etc/profile.d/rdna1-doctor.sh"  # what `profile write` was asked for is no state


def skip(reason):
    print(reason)
    sys.exit(SKIP)


def run(*command, **options):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          stdin=subprocess.DEVNULL, **options)


def must(*command, **options):
    done = run(*command, **options)
    if done.returncode:
        sys.exit(f"{command[0]} failed ({done.returncode}):\n{done.stdout[-6000:]}")
    return done.stdout


def check_tools(root):
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        skip(f"missing: {' '.join(missing)}")
    if not (root / ".git").exists():
        skip("no git clone: meson dist packs what is committed")
    unmet = run("dpkg-checkbuilddeps", cwd=root)
    if unmet.returncode:
        skip(unmet.stdout.strip())


def unpack_dist(build, folder):
    """The source as meson dist packs it, from a folder whose path stays (for ccache)."""
    must("meson", "dist", "-C", build, "--no-tests", "--formats", "xztar", "--allow-dirty")
    dist = max((build / "meson-dist").glob("*.tar.xz"), key=lambda p: p.stat().st_mtime)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tarfile.open(dist) as tar:
        tar.extractall(folder)
    return next(folder.iterdir())


def build_package(source):
    environment = os.environ | {"DEB_BUILD_OPTIONS": f"nocheck parallel={os.cpu_count()}"}
    if shutil.which("ccache"):  # debhelper gives the build a home of its own
        environment["CCACHE_DIR"] = must("ccache", "--get-config", "cache_dir").strip()
    must("dpkg-buildpackage", "-us", "-uc", cwd=source, env=environment)
    changes = next(source.parent.glob("*.changes"))
    done = run("lintian", "--fail-on", "error", "--display-info", "--allow-root", changes)
    print(f"lintian: {done.stdout.strip() or 'nothing to say'}")
    if done.returncode:
        sys.exit("lintian found errors")
    return next(p for p in source.parent.glob("rdna1-doctor_*.deb"))


class Root:
    """An empty root with dpkg's data base; maintainer scripts run outside of it, with DPKG_ROOT."""

    def __init__(self, folder):
        self.folder = folder
        for path in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "usr/bin", "tmp"):
            (folder / path).mkdir(parents=True)
        (folder / "var/lib/dpkg/status").touch()

    def dpkg(self, *arguments):
        fake = [] if os.geteuid() == 0 else ["fakeroot"]
        return must(*fake, "dpkg", f"--root={self.folder}", f"--log={self.folder}/tmp/log",
                    "--force-script-chrootless", "--force-not-root", "--force-depends",
                    "--force-bad-path", *arguments)

    def files(self):
        """Everything that is not a folder, without dpkg's own."""
        return {str(p.relative_to(self.folder)) for p in self.folder.rglob("*")
                if (p.is_symlink() or not p.is_dir())
                and not str(p.relative_to(self.folder)).startswith(("var/lib/dpkg/", "tmp/"))}


def check_units(root, files):
    """What is enabled runs boot-report, and has what makes that harmless; nothing is started."""
    enabled = {pathlib.Path(f).name for f in files if f.startswith(ENABLED[0])}
    assert enabled <= MAY_BE_ENABLED.keys(), enabled
    for name in enabled:
        unit = next(root.folder.glob(f"**/lib/systemd/system/{name}")).read_text()
        commands = re.findall(r"^Exec\w+=(.*)$", unit, re.M)
        assert all(c.startswith("/usr/bin/rdna1-doctor boot-report") for c in commands), commands
        assert MAY_BE_ENABLED[name] in unit, unit
    scripts = (root.folder / "var/lib/dpkg/info").glob("rdna1-doctor.*")
    assert not any("deb-systemd-invoke" in s.read_text() for s in scripts)
    return enabled


def check_places(files, units):
    places = PLACES + [UNIT.format(re.escape(unit)) for unit in units]
    patterns = [re.compile(place) for place in places + [CATALOG] * bool(units)]
    files = {f for f in files if not f.startswith(ENABLED)}
    for pattern in patterns:
        assert any(pattern.fullmatch(f) for f in files), f"not installed: {pattern.pattern}"
    misplaced = [f for f in files if not any(p.fullmatch(f) for p in patterns)]
    assert not misplaced, f"misplaced: {misplaced}"


def check_program(root, deb, program, modules):
    version = re.search(r"version: '([^']+)'", (root / "meson.build").read_text()).group(1)
    assert f"_{version}_" in deb.name, "debian/changelog has another version"
    assert must(program, "--version") == f"rdna1-doctor {version}\n"
    with tempfile.TemporaryDirectory() as folder:
        picture = run(sys.executable, root / "tests" / "picture.py", "--modules", modules,
                      root / "tests" / "golden" / MACHINE / "manifest", f"{folder}/machine")
        if picture.returncode:
            print(f"not run on a picture: {picture.stdout.strip()}")
            return
        done = run(program, "check", "--root", f"{folder}/machine")
        assert done.returncode == 3 and "unsafe" in done.stdout, done.stdout


def plant(root, path, text="{}"):
    (root.folder / path).parent.mkdir(parents=True, exist_ok=True)
    (root.folder / path).write_text(text)


def check_marks(root):
    """The marks that are planted here, and those that postrm asks for, are the journal's."""
    steps = (root / "src" / "model" / "step.c").read_text()
    asked = set(re.findall(r"/(\d\d-[a-z-]+)", (root / "debian" / "postrm").read_text()))
    planted = {mark for marks, _ in TRANSACTIONS.values() for mark in marks}
    assert asked and not [mark for mark in asked | planted if f'"{mark}"' not in steps]


def plant_state(root):
    """What recover and the boots leave: a history, a lock, logs, transactions of every kind."""
    for path in ("boots/0001.json", "lock", "log/0001"):
        plant(root, f"{STATE}/{path}")
    for name, (marks, _) in TRANSACTIONS.items():
        for mark in (*marks, "spare-99-committed"):
            plant(root, f"{STATE}/txn/{name}/{mark}")
        if "10-backup" in marks:
            plant(root, f"{STATE}/txn/{name}/old/digest", "the only copy of something")
    return {f for f in root.files() if f.startswith(STATE)}


def check_said(said, transactions):
    """Those of them that are told of, each with its words, are all that is."""
    told = dict(re.findall(rf"^  /{STATE}/txn/(\d+) \([\d.]+K, (.*)\)$", said, re.M))
    assert told.keys() == transactions.keys(), said
    for name, how in transactions.items():
        assert how in told[name], (name, said)
    print(said)


def check_purge(root, deb):
    before = plant_state(root)
    plant(root, "run/rdna1-doctor/health.json")
    plant(root, "run/motd.d/rdna1-doctor")
    staying = {name: how for name, (_, how) in TRANSACTIONS.items() if how}
    check_said(root.dpkg("--remove", "rdna1-doctor"),
               {name: how for name, how in staying.items() if how in (UNFINISHED, WAITING)})
    left = {f for f in root.files() if not f.startswith(ENABLED)}
    assert left == before, "remove takes the package's files, and no state"

    root.dpkg("--install", deb)
    plant(root, PROFILE)
    said = root.dpkg("--purge", "rdna1-doctor").split("Purging", 1)[1]
    check_said(said, staying)
    assert f"rm -r /{STATE}" in said and f"/{PROFILE} is kept" in said, said
    wanted = {f for f in before if f.startswith(f"{STATE}/txn/") and f.split("/")[4] in staying}
    assert root.files() == wanted | {PROFILE}, root.files() ^ wanted


def check_purge_to_nothing(root, deb):
    """With no backup there is nothing to keep, and nothing to say."""
    shutil.rmtree(root.folder / STATE)
    (root.folder / PROFILE).unlink()
    root.dpkg("--install", deb)
    plant(root, f"{STATE}/boots/0001.json")
    said = root.dpkg("--purge", "rdna1-doctor")
    assert not root.files() and not (root.folder / STATE).exists()
    assert "kept" not in said, said


def main(root, build, modules):
    root, build = pathlib.Path(root).resolve(), pathlib.Path(build).resolve()
    check_tools(root)
    check_marks(root)
    deb = build_package(unpack_dist(build, build / "tests" / "package" / "deb"))
    with tempfile.TemporaryDirectory() as folder:
        machine = Root(pathlib.Path(folder, "root"))
        machine.dpkg("--install", deb)
        units = {p.stem for p in (root / "data" / "systemd").glob("*.service.in")}
        check_places(machine.files(), units)
        assert check_units(machine, machine.files()) == units
        check_program(root, deb, machine.folder / "usr/bin/rdna1-doctor", modules)
        check_purge(machine, deb)
        check_purge_to_nothing(machine, deb)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
