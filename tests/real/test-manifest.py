#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The real binary over every fixture of the lab: test-manifest.py PROGRAM (with $RDNA1_LAB)

MANIFEST.tsv says what each module and source is and which verdict is right; that was written by the
scripts that built them, not by the program. Then compare: what must be identical, and the patched
build, which must differ from the clean one where the patch is and nowhere else.
"""

import csv
import json
import os
import pathlib
import re
import subprocess
import sys

BY_REFERENCE = "no-sign-but-modified-by-reference"
EXIT_CODES = {"clean": 0, "no-sign": 0, "patched": 3, "modified": 3, "unknown": 6}
failed = passed = 0


def judge(is_right, what):
    global failed, passed
    if is_right:
        passed += 1
    else:
        failed += 1
        print("wrong:", what)


def run(program, *args):
    done = subprocess.run([program, *args], stdout=subprocess.PIPE, check=False)
    return done.returncode, json.loads(done.stdout)


def inspect(program, path, *options):
    code, answer = run(program, "inspect", "--json", *options, str(path))
    return code, answer["copies"][0]["verdict"]


def check_row(program, lab, row):
    path, wanted = lab / row["path"], row["verdict"]
    code, verdict = inspect(program, path)
    plain = "no-sign" if wanted == BY_REFERENCE else wanted
    judge(verdict == plain, f"{row['path']}: {verdict}, not {plain}")
    judge(code == EXIT_CODES[verdict], f"{row['path']}: {verdict} with exit code {code}")
    if wanted == BY_REFERENCE:
        reference = re.match(r"reference (\S+):", row["notes"])[1]
        code, verdict = inspect(program, path, "--reference", str(lab / reference))
        judge((code, verdict) == (3, "modified"), f"{row['path']} by {reference}: {verdict}")


def differing(program, lab, a, b):
    code, answer = run(program, "compare", "--json", str(lab / a), str(lab / b))
    names = {item["name"] for item in answer["differences"]}
    judge(code == (3 if names else 0), f"compare {a} {b}: exit code {code}")
    return names


def check_compare(program, lab):
    stock = "modules/gcc/stock.ko"
    pairs = [(stock, "variants/stock-rebuilt.ko"), (stock, "variants/stock-relinked.ko"),
             ("stock/debian-6.1/amdgpu.ko", "stock/debian-6.1/amdgpu.ko.zst"),
             ("stock/debian-6.1/amdgpu.ko", "full/clean/amdgpu.ko"),
             ("full/clean/amdgpu.ko", "full/reordered/amdgpu.ko")]
    for a, b in pairs:
        if (lab / b).exists():
            names = differing(program, lab, a, b)
            judge(not names, f"compare {a} {b}: {sorted(names)}")

    home = {"kfd_parse_crat_table", "kfd_parse_crat_table.cold"}
    for clean, patched in ((stock, "modules/gcc/unconditional.ko"),
                           ("full/clean/amdgpu.ko", "full/patched/amdgpu.ko")):
        if (lab / patched).exists():
            names = differing(program, lab, clean, patched)
            judge("kfd_parse_crat_table" in names and names <= home,
                  f"compare {clean} {patched}: {sorted(names)}")


def main():
    program = os.path.abspath(sys.argv[1])
    if "RDNA1_LAB" not in os.environ:
        print("RDNA1_LAB is not set: tests/real/lab.sh makes a lab")
        sys.exit(77)
    lab = pathlib.Path(os.environ["RDNA1_LAB"])
    rows = 0
    with open(lab / "MANIFEST.tsv", encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            check_row(program, lab, row)
            rows += 1
    check_compare(program, lab)
    print(f"{rows} fixtures, {passed} answers right, {failed} wrong")
    sys.exit(1 if failed or not rows else 0)


if __name__ == "__main__":
    main()
