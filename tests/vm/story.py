#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's whole story on a machine that boots: story.py BUILD STORY [FOLDER]

BUILD is a build folder, whose `meson install` is used, or the package (.deb). Each story is a disk
with the machine on which the recipe was followed, and some boots of it (disk.py); what each boot
answered is printed and held against what must be so. A story that fails leaves its folder: the disk,
and of each boot the console's log, the script and the answers. README says how to go on by hand.
Wants the lab (RDNA1_LAB) with whole machines, root, QEMU; skips with the reason without them.
"""

import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(TESTS), str(TESTS / "package")]
import deb  # noqa: E402
import disk  # noqa: E402
import guest  # noqa: E402
import system  # noqa: E402

SKIP = 77
SECONDS = 400  # of a boot that only looks; emulated, on a machine with other work
BUILDING = 900  # of one that builds
INTREE = "kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko"
DKMS = "updates/dkms/amdgpu.ko"

LOOK = """
answer check rdna1-doctor check --json
answer status dkms status
answer uptime cat /proc/uptime
answer modinfo modinfo -n amdgpu
answer build-id sh -c 'od -An -v -tx1 -j16 /sys/module/amdgpu/notes/.note.gnu.build-id | tr -d " \\n"; echo'
answer marks sh -c 'cd /var/lib/rdna1-doctor/txn && ls -d */[0-9]*-*'
answer failed systemctl list-units --failed --plain --no-legend
"""

# What boot-report has left: the units run it, once the machine is up.
REPORT = """
answer health cat /run/rdna1-doctor/health.json
answer motd sh -c 'cat /run/motd.d/*'
answer journal journalctl -b -o cat -t rdna1-doctor
answer committing systemctl show -P Result -P ExecMainStatus -P ConditionResult rdna1-doctor-commit.service
answer profile stat -c '%U %a' /home/user/rocm_rdna1_env.sh
"""

UNITS = "rdna1-doctor-report.service rdna1-doctor-commit.service"

# What systemd itself says of the units.
ANALYZE = f"""
answer verify systemd-analyze verify --man=no {UNITS}
answer security systemd-analyze security --no-pager {UNITS}
"""


class Wrong(Exception):
    """What was seen is not what should be."""


def expect(is_so, text, *seen):
    if not is_so:
        raise Wrong("\n".join([text, *map(str, seen)]))


class Story:
    """A machine's disk, and what its boots said."""

    def __init__(self, build, folder):
        self.build, self.folder = build, pathlib.Path(folder)
        self.disk = None
        self.release = None

    def begin(self, name="debian-12", change=None):
        is_package = str(self.build).endswith(".deb")

        def prepare(machine):
            self.release = machine.releases()[0]
            if not is_package:
                machine.inside("systemctl", "enable", *UNITS.split())
            if change:
                change(machine)
        self.disk = disk.Disk(self.folder / "disk", self.folder)
        disk.make(self.disk.path, self.build, name, prepare)

    def boot(self, what, script, release=None, seconds=SECONDS, **options):
        print(f"  {what}", flush=True)
        answers = self.disk.boot(release or self.release, REPORT + script, seconds, **options)
        for name, (text, code) in answers.items():
            lines = text.strip().splitlines()
            if name.startswith(("check", "recover", "health")):
                lines = seen(text)
            print("".join(f"      {name} ({code}): {line}\n" for line in lines[:12]), end="", flush=True)
        return answers


def seen(text):
    """The lines of a JSON answer that matter."""
    try:
        answer = json.loads(text)
    except ValueError:
        return text.strip().splitlines()
    if answer.get("verb") == "recover":
        return [f"{answer['result']}, resumed: {answer['resumed']}"] + [
            f"{kernel['release']}: {kernel['method']}" for kernel in answer["kernels"]]
    lines = [answer.get("sentence") or ""]
    lines += [f"{copy['kind']} {copy['verdict']} {copy['path']}" for copy in answer.get("copies", [])]
    return lines + [f"{f['result']} {f['id']} {f['title']}" for f in answer.get("findings", [])
                    if f["result"] not in ("pass", "na")]


def checked(answers, name="check"):
    text, code = answers[name]
    try:
        answer = json.loads(text)
    except ValueError as e:
        raise Wrong(f"{name} did not answer in JSON, but with {code}: {text[:2000]}") from e
    expect(answer["exit_code"] == code, f"{name}: {answer['exit_code']} in JSON, exit {code}")
    return answer


def kinds(answer, verdict):
    return {copy["kind"] for copy in answer["copies"] if copy["verdict"] == verdict}


def running(answer):
    return next((copy for copy in answer["copies"] if copy["kind"] == "running"), None)


def is_unsafe(answers, name="check"):
    answer = checked(answers, name)
    expect(answer["exit_code"] == 3 and answer["verdict"] == "unsafe", "not unsafe", *seen(answers[name][0]))
    return answer


def is_patched_everywhere(answers, name="check"):
    answer = is_unsafe(answers, name)
    expect(kinds(answer, "patched") == {"running", "installed", "initramfs", "built", "source"},
           "not all five are patched", *seen(answers[name][0]))
    return answer


def wants_reboot(answers, name="check"):
    """The disk is good, and what runs is still the old one."""
    answer = checked(answers, name)
    expect(answer["verdict"] == "reboot-required" and answer["exit_code"] == 4 and
           kinds(answer, "patched") == {"running"}, "not just a reboot that is missing",
           *seen(answers[name][0]))
    return answer


LENGTH = 60  # of recover in a guest, seconds; a cut after its end must do no harm either
UNFINISHED = "RD-REC-001"

EXPOSURE = 4.0  # systemd calls anything below "OK"

# What the card has none of, and so may be warned of: a driver that binds to it.
EXPECTED_WARNINGS = {"RD-GPU-002"}


def is_sane(answers, path, name="check"):
    """Every copy is good, and the one of this file runs."""
    answer = checked(answers, name)
    expect(answer["exit_code"] == 0 and answer["verdict"] == "sane", "not sane", *seen(answers[name][0]))
    bad = kinds(answer, "patched") | kinds(answer, "modified") | kinds(answer, "unknown")
    expect(not bad, "copies that are not good", *seen(answers[name][0]))
    odd = {f["id"] for f in answer["findings"] if f["result"] not in ("pass", "na")} - EXPECTED_WARNINGS
    expect(not odd, f"findings that nobody expects: {odd}", *seen(answers[name][0]))
    expect(answers["modinfo"][0].strip().endswith(path), "another file is resolved", answers["modinfo"])
    # Of several kernels the one that runs.
    installed = [copy["build_id"] for copy in answer["copies"]
                 if copy["kind"] == "installed" and copy["path"] == answers["modinfo"][0].strip()]
    expect([answers["build-id"][0].strip()] == installed, "another build-id runs",
           answers["build-id"], installed)
    return answer


def findings(answer):
    """What must be the same from within a unit's hardening and from outside of it."""
    return ([(f["id"], f["result"]) for f in answer["findings"]],
            [(c["kind"], c["path"], c["verdict"], c["build_id"]) for c in answer["copies"]])


def reported(answers, verdict, told=None):
    """The units have told what check tells; or this of a recovery that did not hold, and one has failed."""
    health, check = json.loads(answered(answers, "health")), checked(answers)
    expect(health["verdict"] == verdict, "health", *seen(answers["health"][0]))
    inside, outside = findings(health), findings(check)
    expect(inside == outside, "what the unit sees is not what check sees", inside, outside)
    motd = " ".join(answered(answers, "motd").split())
    expect((told or check["sentence"]) in motd, "motd", motd)
    expect(check["sentence"] in answered(answers, "journal"), "the journal", answers["journal"])
    last = health["boot"]["history"][-1]
    expect(last["boot_id"] == health["boot"]["id"] and last["verdict"] == verdict, "history", last)
    failed = [line.split()[0] for line in answers["failed"][0].splitlines()]
    expect(failed == (["rdna1-doctor-commit.service"] if told else []), "units that failed", failed)
    return health


def is_committed(answers, boots, profile=True):
    """This boot has confirmed the recovery, and says so everywhere."""
    health = reported(answers, "sane")
    expect("99-committed" in answers["marks"][0], "not committed", answers["marks"])
    recovery = health["boot"]["recovery"]
    expect(recovery["outcome"] == "confirmed" and recovery["is_committed"], "outcome", recovery)
    expect(len(health["boot"]["history"]) == boots, "history", health["boot"]["history"])
    expect("is confirmed" in answers["journal"][0], "the journal does not tell of it", answers["journal"])
    if profile:
        expect(answered(answers, "profile") == "user 755\n", "the profile", answers["profile"])


def is_waiting(answers, outcome):
    """This boot does not confirm the recovery, and says why."""
    health = json.loads(answered(answers, "health"))
    marks = answers["marks"][0]
    expect("90-armed" in marks and "99-committed" not in marks, "marks", marks)
    recovery = health["boot"]["recovery"]
    expect(recovery["outcome"] == outcome and not recovery["is_committed"], "outcome", recovery)
    print(f"      recovery: {recovery['sentence']}")
    expect(recovery["reason"] and recovery["sentence"] in answers["journal"][0],
           "the journal does not say why", answers["journal"], recovery)
    expect(answers["profile"][1], "a profile was written", answers["profile"])


def answered(answers, name, code=0):
    expect(answers[name][1] == code, f"{name}: exit {answers[name][1]}, not {code}", answers[name][0])
    return answers[name][0]


def recovers(story, options=""):
    """Boot 1: unsafe; recovered; to be booted."""
    answers = story.boot("boot 1: the patched driver runs; recover", LOOK + f"""
rdna1-doctor recover --yes --json --profile user {options} >/run/recovered & pid=$!
until systemd-inhibit --list --no-legend | grep rdna1-doctor >/run/inhibited || ! kill -0 $pid; do
	sleep 0.1
done
answer inhibited cat /run/inhibited
wait $pid
echo $? >/run/code
answer recover sh -c 'cat /run/recovered; exit $(cat /run/code)'
answer check-after rdna1-doctor check --json
answer status-after dkms status
""", seconds=BUILDING)
    is_patched_everywhere(answers)
    reported(answers, "unsafe")
    recovered = json.loads(answered(answers, "recover"))
    expect(re.search(r"shutdown:sleep .* block", answered(answers, "inhibited")),
           "the machine could be shut down meanwhile", answers["inhibited"])
    wants_reboot(answers, "check-after")
    expect("WARNING" not in answers["status-after"][0], "dkms warns", answers["status-after"])
    return recovered


def are_good_units(answers):
    """systemd finds nothing wrong with them, and little exposed."""
    answered(answers, "verify")
    for line in answered(answers, "security").splitlines():
        found = re.search(r"Overall exposure level for (\S+): ([\d.]+)", line)
        if found:
            print(f"      {line.strip()}")
            expect(float(found[2]) < EXPOSURE, "exposed", line)


def by_source(story):
    """The whole way, and back again."""
    story.begin()
    recovers(story)
    answers = story.boot("boot 2: the clean driver runs", LOOK + ANALYZE + """
answer rollback rdna1-doctor rollback --yes --i-know
answer check-after rdna1-doctor check --json
""")
    is_sane(answers, DKMS)
    is_committed(answers, 2)
    are_good_units(answers)
    said = answered(answers, "rollback")
    expect("profile remove --user user" in " ".join(said.split()), "the profile is not told of", said)
    is_unsafe(answers, "check-after")
    answers = story.boot("boot 3: the old state runs again", LOOK)
    is_patched_everywhere(answers)
    reported(answers, "unsafe")


def by_intree(story):
    """The distribution's own driver takes over."""
    story.begin()
    recovered = recovers(story, "--method intree")
    expect([kernel["method"] for kernel in recovered["kernels"]] == ["intree"], "method", recovered)
    answers = story.boot("boot 2: the distribution's driver runs", LOOK)
    is_sane(answers, INTREE)
    is_committed(answers, 2)
    expect(": added" in answers["status"][0], "dkms status", answers["status"])


CUT = """
rdna1-doctor recover --yes --json >/run/recover 2>&1 &
until {seen}; do sleep 0.05; done
mark cut
wait
mark done
sleep 600
"""

AFTER_CUT = LOOK + """
answer recover rdna1-doctor recover --yes --json
answer check-after rdna1-doctor check --json
answer marks-after sh -c 'cd /var/lib/rdna1-doctor/txn && ls -d */[0-9]*-*'
"""


def has_mark(mark):
    return f"ls /var/lib/rdna1-doctor/txn/*/{mark} >/dev/null 2>&1"


def cut_during(story, condition, after):
    """The power goes so long after something is seen; the machine boots, and recover ends it well."""
    story.boot(f"recover, and a power cut {after:.1f} s after: {condition}",
               CUT.format(seen=condition), seconds=BUILDING, cut=("cut", after))
    answers = story.boot("after the cut", AFTER_CUT, seconds=BUILDING)
    answer = checked(answers)
    expect(running(answer), "no driver runs after a power cut", *seen(answers["check"][0]))
    # Before the first mark nothing has been changed, and there is nothing to tell.
    marks = answers["marks"][0]
    is_cut_off = "00-intent" in marks and "90-armed" not in marks and "98-rolled-back" not in marks
    told = {f["id"] for f in answer["findings"] if f["result"] not in ("pass", "na")}
    expect((UNFINISHED in told) == is_cut_off, f"check and the journal do not agree: {marks}",
           *seen(answers["check"][0]))
    answered(answers, "recover")
    answer = checked(answers, "check-after")
    expect(answer["exit_code"] in (0, 4), "not good after the second recover",
           *seen(answers["check-after"][0]))
    answers = story.boot("all is well", LOOK)
    is_sane(answers, answers["modinfo"][0].strip().split(f"{story.release}/")[-1])
    is_committed(answers, 3, profile=False)


def power_cut(story):
    """While the modules and the image are being put in place: the worst moment."""
    story.begin()
    cut_during(story, has_mark("10-backup"), 0.5)


def power_cut_early(story):
    """While dkms builds: nothing has changed yet."""
    story.begin()
    cut_during(story, "grep -qs cc1 /proc/[0-9]*/comm", 5)


def power_cut_late(story):
    """While the image is being made anew."""
    story.begin()
    cut_during(story, has_mark("50-depmod"), 5)


def power_cut_random(story):
    """At any moment of recover; STORY_SEED names the moment again, STORY_CUTS asks for more than one."""
    seed = int(os.environ.get("STORY_SEED") or time.time())
    print(f"  STORY_SEED={seed}")
    moments = random.Random(seed)
    story.begin()
    before = story.folder / "before"
    shutil.copy(story.disk.path, before)
    for _ in range(int(os.environ.get("STORY_CUTS") or 1)):
        shutil.copy(before, story.disk.path)
        cut_during(story, "true", moments.uniform(0, LENGTH))


def rescue(story):
    """The disk in another machine, which is a clean one: --root."""
    story.begin()
    victim = story.folder / "victim"
    shutil.copy(story.disk.path, victim)
    answers = story.boot("boot 1: a rescue system, with the patched disk as its second", """
mkdir -p /mnt
mount /dev/disk/by-id/virtio-other1 /mnt
answer check rdna1-doctor check --json --root /mnt
answer recover rdna1-doctor recover --yes --json --root /mnt
answer check-after rdna1-doctor check --json --root /mnt
umount /mnt
answer unmounted mountpoint -q /mnt
""", seconds=BUILDING, others=[victim])
    is_unsafe(answers)
    answered(answers, "recover")
    answer = checked(answers, "check-after")
    expect(answer["exit_code"] == 4 and not kinds(answer, "patched"), "the second disk is not good",
           *seen(answers["check-after"][0]))
    expect(answers["unmounted"][1] != 0, "something keeps /mnt busy")
    story.disk.path = victim
    answers = story.boot("boot 2: the repaired disk", LOOK)
    is_sane(answers, DKMS)
    is_committed(answers, 1, profile=False)


def another_loads(story):
    """Between recover and the boot somebody puts the old image back."""
    story.begin()
    answers = story.boot("boot 1: recover, then the old image comes back", """
cp /boot/initrd.img-$(uname -r) /opt/old-image
answer recover rdna1-doctor recover --yes --json --method intree --profile user
cp /opt/old-image /boot/initrd.img-$(uname -r)
""")
    answered(answers, "recover")
    answers = story.boot("boot 2: the patched driver runs again", LOOK)
    answer = is_unsafe(answers)
    expect(running(answer)["verdict"] == "patched", "not the old one runs", *seen(answers["check"][0]))
    expect("99-committed" not in answers["marks"][0], "committed all the same", answers["marks"])
    reported(answers, "unsafe", "NOT confirmed")
    is_waiting(answers, "other-module")


def by_package(story):
    """As a user gets it: installed from the Debian package, which enables the units itself."""
    deb.check_tools(TESTS.parent)
    source = deb.unpack_dist(pathlib.Path(story.build).resolve(), story.folder / "package")
    story.build = deb.build_package(source)
    story.begin()
    recovers(story, "--method intree")
    answers = story.boot("boot 2: the package's units confirm; it is purged", LOOK + ANALYZE + """
answer purge dpkg --purge rdna1-doctor
answer kept ls /var/lib/rdna1-doctor/txn/0001
answer gone test -e /etc/systemd/system/multi-user.target.wants/rdna1-doctor-report.service
""")
    is_sane(answers, INTREE)
    is_committed(answers, 2)
    are_good_units(answers)
    said = answered(answers, "purge")
    expect("/var/lib/rdna1-doctor/txn/0001" in said, "purge does not name what it keeps", said)
    answered(answers, "kept")
    answered(answers, "gone", 1)
    answers = story.boot("boot 3: without the program", "answer modinfo modinfo -n amdgpu\n")
    expect(answers["modinfo"][0].strip().endswith(INTREE), "another file is resolved", answers["modinfo"])


def put_aside(machine):
    """The second kernel is not there yet; all that its package brings lies in /opt."""
    release = next(name for name in machine.releases() if "-rt-" in name)
    machine.inside("dkms", "remove", f"amdgpu/{machine.version}", "-k", release)
    aside = machine.root / "opt/upgrade"
    aside.mkdir()
    machine.modules(release).rename(aside / release)
    for path in (machine.root / "boot").glob(f"*{release}"):
        if path.name.startswith("initrd"):
            path.unlink()
        else:
            path.rename(aside / path.name)


UPGRADE = """
new=$(basename /opt/upgrade/*-rt-*/)
for f in /opt/upgrade/*; do [ -d $f ] || mv $f /boot/; done
new=$(ls -d /opt/upgrade/*/ | xargs basename)
mv /opt/upgrade/$new /lib/modules/
depmod $new
answer hooks env DEB_MAINT_PARAMS="configure" run-parts --report --arg=$new --arg=/boot/vmlinuz-$new /etc/kernel/postinst.d
"""


def upgrade_between(story):
    """A new kernel comes after recover, and is what is booted next: its driver is built of good source."""
    story.begin("debian-12-two-kernels", put_aside)
    answers = story.boot("boot 1: recover, then an upgrade of the kernel", """
answer recover rdna1-doctor recover --yes --json
""" + UPGRADE + """
answer check-after rdna1-doctor check --json
answer status-after dkms status
""", seconds=BUILDING)
    answered(answers, "recover")
    wants_reboot(answers, "check-after")
    new = story.release.replace("-amd64", "-rt-amd64")
    answers = story.boot("boot 2: the new kernel", LOOK, release=new)
    is_sane(answers, DKMS)
    is_committed(answers, 2, profile=False)


STORIES = {
    "by-source": by_source,
    "by-intree": by_intree,
    "by-package": by_package,
    "power-cut": power_cut,
    "power-cut-early": power_cut_early,
    "power-cut-late": power_cut_late,
    "power-cut-random": power_cut_random,
    "rescue": rescue,
    "another-loads": another_loads,
    "upgrade-between": upgrade_between,
}


def main(build, name, folder=None):
    try:
        disk.need()
    except system.Unavailable as e:
        print(e)
        return SKIP
    kept = pathlib.Path(folder) if folder else system.scratch(f"story-{name}")
    kept.mkdir(parents=True, exist_ok=True)
    print(f"{name}: {STORIES[name].__doc__.strip().splitlines()[0]} ({disk.accelerator()})")
    story = Story(build, kept)
    try:
        STORIES[name](story)
    except (Wrong, guest.Failed, system.Failed, KeyError, ValueError, subprocess.CalledProcessError) as e:
        print(f"not ok - {name}: {type(e).__name__}: {e}\nleft: {kept}")
        consoles = sorted(kept.glob("*-console.log"), key=os.path.getmtime)
        if consoles:
            print("\n".join(consoles[-1].read_text(errors="replace").splitlines()[-40:]))
        return 1
    if not folder:
        shutil.rmtree(kept)
    print(f"ok - {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
