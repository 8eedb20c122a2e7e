#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What check says of running code, in a booted guest: run.py BINARY SCENARIO [FOLDER]

Needs QEMU, busybox and the lab (RDNA1_LAB); skips with a message where one is missing. A
scenario is a machine and what must be answered about it, known from how the modules were made. Where
it fails, the folder with the console's log and the answers stays.
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile

import guest

SKIP = 77
SECONDS = 300  # of a guest, on a machine with other work; alone it takes 15 to 50
INTREE = "kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko"
DKMS = "updates/dkms/amdgpu.ko"


class Lab:
    """Files of the lab for one kernel."""

    def __init__(self, kernel):
        self.folder = pathlib.Path(os.environ["RDNA1_LAB"])
        self.stock = self.folder / "stock" / f"debian-{kernel}"
        self.kernel = self.stock / "vmlinuz"
        self.release = (self.stock / "version").read_text(encoding="utf-8").split()[1]

    def amdgpu(self):
        return (self.stock / "amdgpu.ko").read_bytes()

    def small(self, form):
        """kfd_crat.c of a form of the patch, linked into a small amdgpu."""
        return (self.folder / "modules" / "gcc" / f"{form}.ko").read_bytes()

    def needed(self):
        """Names and contents of the modules that amdgpu needs, in order."""
        folder = self.folder / "guest" / self.stock.name
        return [(name, (folder / name).read_bytes())
                for name in (folder / "order").read_text(encoding="utf-8").split()]

    def own(self, name):
        return (self.folder / "guest-modules" / name).read_bytes()


def machine(binary, lab, path, module):
    """A machine with amdgpu at that place below lib/modules."""
    image = guest.Image()
    image.program("bin/rdna1-doctor", binary)
    modules = f"lib/modules/{lab.release}"
    image.file(f"{modules}/{path}", module)
    image.file(f"{modules}/modules.dep", f"{path}:\n".encode())
    return image


def answers(result):
    """The JSON of each answer that has one, with the exit code that came with it."""
    out = {}
    for name, (text, code) in result.items():
        if text.startswith("{"):
            out[name] = json.loads(text)
            assert out[name]["exit_code"] == code, (name, code)
    return out


def running(answer):
    return next(copy for copy in answer["copies"] if copy["kind"] == "running")


def has_evidence(answer, kind, word):
    """Whether the running copy's evidence has an item of that kind with a word in it."""
    return any(item["kind"] == kind and word in item["where"] + " " + item["detail"]
               for item in running(answer)["evidence"])


def expect(name, answer, exit_code, verdict):
    found = answer["exit_code"], running(answer)["verdict"]
    assert found == (exit_code, verdict), (
        f"{name}: {found}, not {(exit_code, verdict)}: {answer['sentence']}\n"
        + json.dumps([running(answer)["evidence"][:10],
                      [f for f in answer["findings"] if f["result"] not in ("pass", "na")]], indent=1))


def expect_stock(name, answer, exit_code):
    """No alarm, and both comparisons of the running code were made."""
    expect(name, answer, exit_code, "no-sign")
    assert has_evidence(answer, "coverage", "pr_debug sites that run"), name
    assert not any(finding["result"] == "fail" for finding in answer["findings"]), name


CHECK = """
answer {0} rdna1-doctor check --json
answer {0}-deep rdna1-doctor check --deep --json
"""


def stock(binary, kernel, folder, card):
    """Debian's own amdgpu, with all that it needs."""
    lab = Lab(kernel)
    image = machine(binary, lab, INTREE, lab.amdgpu())
    names = []
    for name, data in lab.needed():
        image.file(f"given/{name}", data)
        names.append(f"insmod /given/{name}\n")
    if card:
        image.file("given/card.ko", lab.own("card.ko"))
        names.append("insmod /given/card.ko\n")
    image.script("".join(names) + f"insmod /lib/modules/{lab.release}/{INTREE}\n"
                 + CHECK.format("stock"))
    found = answers(guest.boot(lab.kernel, image, folder, SECONDS, memory=1536))
    for name in ("stock", "stock-deep"):
        expect_stock(name, found[name], 0 if card else 5)
    assert has_evidence(found["stock-deep"], "coverage", "in memory too"), running(found["stock-deep"])
    assert len(found["stock"]["gpus"]) == card


def edited(module, old, new):
    """The file after somebody edited it: its build-id stays."""
    assert module.count(old) and len(old) == len(new)
    return module.replace(old, new)


def edited_code(module):
    """Another register in the first `mov %rdi,%rbx` of the file: one function, unlike any patch."""
    at = module.index(bytes.fromhex("4889fb"))
    return module[:at] + bytes.fromhex("4889f3") + module[at + 3:]


PATCHED_SCRIPT = """
insmod /given/card.ko
load() { rmmod amdgpu 2>/dev/null; insmod /given/$1.ko; }
install() { cp /given/$1.ko $disk; }

load published-applied
install published-applied
{patched}
install stock
{replaced}

load no-pr-debug
{silent}
load gfx-version
{shape}

load stock
{clean}
install edited-sites
{edited-sites}
install edited-code
{edited-code}
install stock

cd /sys/kernel/debug/tracing
echo ':mod:amdgpu' >set_ftrace_filter
echo function >current_tracer
at=8
until echo "p:crat amdgpu:kfd_create_crat_image_virtual+$at" >kprobe_events; do at=$((at + 1)); done
echo 1 >events/kprobes/crat/enable
cat /sys/kernel/debug/kprobes/list
answer hooks cat enabled_functions
{traced}
echo 0 >events/kprobes/crat/enable
echo >kprobe_events
echo nop >current_tracer
cd /

insmod /given/livepatch.ko
{livepatched}
"""


def check_patched(found):
    """On disk, then with every file replaced: only the running code can tell then."""
    for name in ("patched", "patched-deep"):
        expect(name, found[name], 3, "patched")
    for name in ("replaced", "replaced-deep"):
        expect(name, found[name], 4, "patched")
        assert found[name]["verdict"] == "reboot-required"
        assert has_evidence(found[name], "dyndbg", "kfd_parse_subtype_mem"), running(found[name])
    assert has_evidence(found["replaced-deep"], "instruction", "731f"), running(found["replaced-deep"])
    assert not has_evidence(found["replaced"], "instruction", "731f")


def check_silent(found):
    """A patch without a message, and one without an id: memory alone tells, if it is asked."""
    expect("silent", found["silent"], 4, "unknown")
    expect("silent-deep", found["silent-deep"], 4, "patched")
    assert has_evidence(found["silent-deep"], "instruction", "731f"), running(found["silent-deep"])
    expect("shape", found["shape"], 4, "unknown")
    expect("shape-deep", found["shape-deep"], 4, "modified")
    assert has_evidence(found["shape-deep"], "function", "kfd_parse_crat_table")


def check_clean(found):
    """The stock form; then hooked by tracers, which is no fault; then with another file on disk."""
    for name in ("clean", "clean-deep", "traced", "traced-deep"):
        expect_stock(name, found[name], 0)
    for name in ("clean-deep", "traced-deep"):
        assert has_evidence(found[name], "coverage", "in memory too"), running(found[name])
    assert has_evidence(found["traced-deep"], "limit", "with a probe"), running(found["traced-deep"])
    expect("edited-sites", found["edited-sites"], 4, "modified")
    assert has_evidence(found["edited-sites"], "dyndbg", "kfd_populated_cu_info_cpu")
    expect("edited-code", found["edited-code"], 0, "no-sign")
    expect("edited-code-deep", found["edited-code-deep"], 4, "modified")
    expect("livepatched", found["livepatched"], 6, "unknown")
    assert has_evidence(found["livepatched"], "limit", "livepatch")


def small(binary, folder):
    """The small real module, patched and not, on a machine with a card."""
    lab = Lab("6.1")
    clean = lab.small("stock")
    image = machine(binary, lab, DKMS, clean)
    for form in ("published-applied", "no-pr-debug", "gfx-version", "stock"):
        image.file(f"given/{form}.ko", lab.small(form))
    image.file("given/edited-sites.ko", edited(clean, b"CU CPU: cores=%d", b"CU CPU: cores=%u"))
    image.file("given/edited-code.ko", edited_code(clean))
    for name in ("card.ko", "livepatch.ko"):
        image.file(f"given/{name}", lab.own(name))
    script = PATCHED_SCRIPT
    for name in ("patched", "replaced", "silent", "shape", "clean", "edited-sites", "edited-code",
                 "traced", "livepatched"):
        script = script.replace("{" + name + "}", CHECK.format(name))
    image.script(f"disk=/lib/modules/{lab.release}/{DKMS}\n{script}")
    result = guest.boot(lab.kernel, image, folder, SECONDS)
    assert result["hooks"][0].count("[amdgpu]") or "kfd_" in result["hooks"][0], result["hooks"]
    found = answers(result)
    check_patched(found)
    check_silent(found)
    check_clean(found)


SCENARIOS = {
    "small": small,
    "stock-5.10": lambda binary, folder: stock(binary, "5.10", folder, False),
    "stock-6.1": lambda binary, folder: stock(binary, "6.1", folder, True),
    "stock-6.12": lambda binary, folder: stock(binary, "6.12", folder, False),
}


def main(binary, name, folder=None):
    if "RDNA1_LAB" not in os.environ:
        print("RDNA1_LAB is not set")
        return SKIP
    if guest.missing():
        print(f"{guest.missing()} is missing")
        return SKIP
    kept = pathlib.Path(folder or tempfile.mkdtemp(prefix=f"rdna1-doctor-vm-{name}-"))
    try:
        SCENARIOS[name](binary, kept)
    except (guest.Failed, AssertionError, KeyError) as e:
        print(f"{name}: {type(e).__name__}: {e}")
        print(f"logs: {kept}")
        console = kept / "console.log"
        if console.exists():
            print("\n".join(console.read_text(errors="replace").splitlines()[-40:]))
        return 1
    if not folder:
        shutil.rmtree(kept)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
