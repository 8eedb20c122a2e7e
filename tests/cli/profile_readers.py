#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a profile is, shown and read: profile_readers.py BINARY MODULES SCHEMADIR

Each format is read by the program that it is for, and what that has in its environment then is
compared with the list of the recipe.
"""

import json
import os
import re
import shutil
import subprocess

import profile_case
from profile_case import FILES, KEPT, NATIVE, NOT_NATIVE, PATH, RECIPE, Case, parse_env, run


def env_file(text):
    """docker run --env-file, as its documentation has it: # at the start of a line is a comment,
    NAME=VALUE sets, a NAME alone passes the one of the host on; nothing is taken off or put in."""
    found = {}
    for line in text.splitlines():
        line = line.lstrip()
        if not line or line.startswith("#"):
            continue
        name, sign, value = line.partition("=")
        if not sign or not name or name != name.rstrip():
            raise ValueError(line)
        found[name] = value
    return found


class Readers(Case):
    """Values where they arrive."""

    def file(self, output_format, profile, suffix=""):
        text = run("profile", "show", "--profile", profile, "--format", output_format).stdout
        path = self.folder / f"file{suffix}"
        path.write_text(text)
        return path

    def read_by(self, program, command, output_format):
        """@command is run by @program, with the file as its first argument."""
        if not shutil.which(program):
            self.skipTest(f"{program} is missing")
        stale = {name: "stale" for name in NOT_NATIVE}
        for profile, wanted in (("gfx1030", RECIPE), ("native", NATIVE)):
            path = self.file(output_format, profile)
            done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False,
                                  env={"PATH": PATH, "HOME": str(self.folder), **stale})
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(parse_env(done.stdout), wanted)

    def test_sh(self):
        for shell in ("dash", "bash", "zsh", "busybox"):
            with self.subTest(shell=shell):
                names = ["busybox", "sh"] if shell == "busybox" else [shell]
                for output_format in ("sh", "profile.d"):
                    self.read_by(shell, [*names, "-euc", '. "$1"; env', "sh"], output_format)

    def test_fish(self):
        self.read_by("fish", ["fish", "--no-config", "-c", "source $argv[1]; env"], "fish")

    def test_csh(self):
        for shell in ("csh", "tcsh"):
            with self.subTest(shell=shell):
                # csh has no arguments to -c: the file is named in the environment
                self.read_by(shell, ["sh", "-c", f"F=$1 exec {shell} -fc 'source $F; env'", "sh"],
                             "csh")

    def test_environment_d(self):
        generator = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
        if not os.path.exists(generator):
            self.skipTest("systemd's environment.d generator is missing")
        for profile, wanted in (("gfx1030", RECIPE), ("native", NATIVE)):
            path = self.folder / FILES["environment.d"]
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.file("environment.d", profile), path)
            done = subprocess.run([generator], capture_output=True, text=True, check=False,
                                  env={"PATH": PATH, "HOME": str(self.folder)})
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(parse_env(done.stdout), wanted)

    def test_dotenv(self):
        for profile, wanted in (("gfx1030", RECIPE), ("native", NATIVE)):
            self.assertEqual(env_file(self.file("dotenv", profile).read_text()), wanted)

    def test_json(self):
        for profile, wanted in (("gfx1030", RECIPE), ("native", NATIVE)):
            document = json.loads(self.file("json", profile).read_text())
            self.assertEqual(document["environment"], wanted)
            self.assertEqual(list(document["environment"]), list(wanted))
            self.assertEqual(set(document["unset"]), set(RECIPE) - set(wanted))

    def test_the_file_can_be_executed_and_is_plain(self):
        text = self.file("sh", "gfx1030").read_text()
        self.assertTrue(text.startswith("#!/bin/sh\n"))
        for line in text.splitlines():
            self.assertRegex(line, r"\A(#.*|export [A-Z0-9_]+=[a-z0-9.]+|)\Z")
            self.assertLessEqual(len(line), 80 + len(KEPT))
        if shutil.which("shellcheck"):
            done = subprocess.run(["shellcheck", "-"], input=text, capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.stdout, "")

    def test_the_order_is_the_recipes(self):
        names = re.findall(r"^export (\w+)=", self.file("sh", "gfx1030").read_text(), re.M)
        self.assertEqual(names, list(RECIPE))


class Show(Case):
    def test_tells_what_each_does(self):
        for machine in ("healthy-debian-12", "rdna1-and-apu"):
            root, _ = self.machine(machine)
            text = self.profile("show", root).stdout
            for name in RECIPE:
                self.assertIn(name, text)
            document = self.validate(self.profile("show", root, "--json").stdout)
            self.assertEqual(document["profile"], "gfx1030")
            self.assertIn("no PyTorch", document["reason"])
            self.assertEqual(self.profile("show", root, "--format", "json").stdout,
                             self.profile("show", root, "--json").stdout)

    def test_diff(self):
        root, home = self.machine()
        done = self.profile("diff", root, "--json", code=3)
        document = self.validate(done.stdout)
        self.assertIsNone(document["file"])
        self.profile("write", root)
        environment = {"PATH": PATH, **RECIPE}
        done = self.profile("diff", root, "--json", env=environment)
        self.assertTrue(self.validate(done.stdout)["is_equal"])
        self.profile("diff", root, env=environment)
        self.profile("diff", root, "--profile", "native", code=3, env=environment)
        environment["HSA_OVERRIDE_GFX_VERSION"] = "11.0.0"
        done = self.profile("diff", root, "--json", code=3, env=environment)
        rows = {row["name"]: row for row in self.validate(done.stdout)["variables"]}
        self.assertEqual([name for name, row in rows.items() if not row["is_equal"]],
                         ["HSA_OVERRIDE_GFX_VERSION"])
        self.assertEqual(rows["HSA_OVERRIDE_GFX_VERSION"]["environment"], "11.0.0")
        with open(home / FILES["sh"], "a") as file:
            file.write("MIOPEN_LOG_LEVEL='7'; export HSA_OVERRIDE_GFX_VERSION_1=$(x)\n")
        done = self.profile("diff", root, "--json", code=3, env=environment)
        rows = {row["name"]: row for row in self.validate(done.stdout)["variables"]}
        self.assertEqual(rows["MIOPEN_LOG_LEVEL"]["file"], "7")
        self.assertTrue(rows["HSA_OVERRIDE_GFX_VERSION_1"]["file_is_open"])

    def test_elsewhere(self):
        """All files that the manuals name are looked into, and no line of them acts on a terminal."""
        root, home = self.machine()
        for path in (home / ".bashrc", home / ".config/fish/config.fish", home / ".zshrc",
                     home / ".config/environment.d/90.conf", root / "etc/environment",
                     root / "etc/profile.d/rocm.sh", root / "etc/security/pam_env.conf",
                     root / "etc/systemd/system.conf.d/rocm.conf",
                     root / "etc/systemd/system/x.service.d/y.conf"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("A=1\nMIOPEN_LOG_LEVEL=7 \033[31m\n")
        done = self.profile("diff", root, "--json", code=3)
        elsewhere = self.validate(done.stdout)["elsewhere"]
        self.assertEqual(len(elsewhere), 9)
        self.assertEqual({entry["line"] for entry in elsewhere}, {2})
        self.assertNotIn("\033", done.stdout)
        for action in ("diff", "write"):
            done = self.profile(action, root, code=3 if action == "diff" else 0)
            self.assertEqual(done.stdout.count("MIOPEN_LOG_LEVEL=7"), 9)
            self.assertNotIn("\033", done.stdout)
        self.assertEqual(self.profile("diff", root, code=3).stdout.count(FILES["sh"] + ":"), 0)

    def test_diff_reads_every_format(self):
        root, _ = self.machine()
        for profile, wanted in (("gfx1030", RECIPE), ("native", NATIVE)):
            for output_format in FILES:
                with self.subTest(format=output_format, profile=profile):
                    self.profile("write", root, "--format", output_format, "--profile", profile)
                    self.profile("diff", root, "--format", output_format, "--profile", profile,
                                 env={"PATH": PATH, **wanted})


class TwoCards(Case):
    """The override is for one card, and a machine may have more."""

    def node(self, root, number, location, domain=0):
        folder = root / "sys/class/kfd/kfd/topology/nodes" / str(number)
        folder.mkdir(parents=True)
        (folder / "properties").write_text(
            f"cpu_cores_count 0\nsimd_count 80\nlocation_id {location}\ndomain {domain}\n")

    def test_by_node(self):
        root, _ = self.machine("rdna1-and-apu")
        slots = [gpu["slot"] for gpu in json.loads(
            run("check", "--json", "--root", root).stdout)["gpus"] if gpu["is_rdna1"]]
        bus, device = (int(part, 16) for part in re.match(r"0000:(\w+):(\w+)\.0", slots[0]).groups())
        document = json.loads(self.profile("show", root, "--json").stdout)
        self.assertNotIn("HSA_OVERRIDE_GFX_VERSION", document["environment"])
        self.assertIn("is not known", document["remark"])
        self.node(root, 0, 0)
        self.node(root, 2, bus << 8 | device << 3)
        self.node(root, 1, bus + 1 << 8)
        self.node(root, 3, bus << 8 | device << 3, domain=1)
        wanted = {"HSA_OVERRIDE_GFX_VERSION_2": "10.3.0", **RECIPE}
        del wanted["HSA_OVERRIDE_GFX_VERSION"]
        document = json.loads(self.profile("show", root, "--json").stdout)
        self.assertEqual(document["environment"], wanted)
        self.assertIn("HSA_OVERRIDE_GFX_VERSION", document["unset"])
        done = subprocess.run(
            ["sh", "-c", self.profile("show", root, "--format", "sh").stdout + "\nenv"],
            capture_output=True, text=True, check=False,
            env={"PATH": PATH, "HSA_OVERRIDE_GFX_VERSION": "9.0.0"})
        self.assertEqual(parse_env(done.stdout), wanted)


if __name__ == "__main__":
    profile_case.main()
