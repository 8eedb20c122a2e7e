#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real initramfs images against the tools that made them: test-images.py RDNA1-DOCTOR IMAGE-MEMBERS

tests/real/lab-images.sh has made the images below $RDNA1_LAB/images, and written down beside each what
lsinitramfs or lsinitrd says is in it. Every member they list must have been met, and every amdgpu they
take out must be told, with the bytes it has and the verdict that is right for the module that went in.
Speaks TAP.
"""

import json
import os
import pathlib
import subprocess
import sys

REFUSED = ("it-lzop", "dr-lzo")  # lzo: unknown, and the reason names it


def members_of_lsinitrd(text):
    """The paths of `cpio -tv` lines: those between the rules, where they are no heading of lsinitrd's."""
    paths = []
    for line in text.splitlines():
        if line[:1] in "-bcdlps" and line[1:10].strip("-rwxsStT") == "" and len(line.split()) > 8:
            name = line.split(" -> ")[0].split()
            paths.append(name[-1])
    return paths


def complain_about_members(image, members):
    """Order is lost in lsinitrd, which sorts."""
    text = image.with_suffix(".list").read_text(encoding="utf-8")
    said = text.splitlines() if image.stem.startswith("it-") else members_of_lsinitrd(text)
    met = subprocess.run([members, image], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    if image.stem.startswith("dr-"):
        said, met = sorted(said), sorted(met)
    if len(met) < 100:
        yield f"only {len(met)} members"
    if said != met:
        yield f"members: {sorted(set(said) ^ set(met))[:5]} of {len(said)} and {len(met)}"


def modules_of(image):
    """sha256 by member, as the tool took them out."""
    lines = image.with_suffix(".modules").read_text(encoding="utf-8").splitlines()
    modules = dict(reversed(line.split(None, 1)) for line in lines)
    # unmkinitramfs gives each part a folder, if there are several.
    return {path.removeprefix("./").removeprefix("main/"): digest for path, digest in modules.items()}


def complain_about_copies(image, doctor):
    done = subprocess.run([doctor, "inspect", "--json", image], stdout=subprocess.PIPE, text=True, check=False)
    copies = json.loads(done.stdout)["copies"]
    if image.stem in REFUSED:
        if [c["verdict"] for c in copies] != ["unknown"] or "lzo" not in copies[0]["evidence"][0]["detail"]:
            yield f"lzo is not refused by name: {copies}"
        return
    said = modules_of(image)
    told = {c["path"].removeprefix(f"{image}:"): c["sha256"] for c in copies}
    if not said or said != told:
        yield f"modules: {said} against {told}"
    wanted = "patched" if image.stem.endswith("-patched") else "no-sign"
    for copy in copies:
        if copy["verdict"] != wanted:
            yield f"{copy['path']} is {copy['verdict']}, not {wanted}"
        # All these tools run depmod inside the image.
        if not copy["is_resolved"] or not copy["is_loadable"]:
            yield f"{copy['path']} is not what the index inside names"


def main(doctor, members):
    lab = os.environ.get("RDNA1_LAB")
    images = sorted(pathlib.Path(lab, "images").glob("*-*.[ie]*")) if lab else []
    if not images:
        print("1..0 # SKIP RDNA1_LAB names no lab with images: made as root, with mmdebstrap")
        return 0
    failed = 0
    print(f"1..{len(images)}")
    for number, image in enumerate(images, 1):
        complaints = list(complain_about_copies(image, doctor))
        if image.stem not in REFUSED:
            complaints += complain_about_members(image, members)
        for complaint in complaints:
            print(f"# {complaint}")
        failed += bool(complaints)
        print(f"{'not ' if complaints else ''}ok {number} - {image.name}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: test-images.py RDNA1-DOCTOR IMAGE-MEMBERS")
    sys.exit(main(*sys.argv[1:]))
