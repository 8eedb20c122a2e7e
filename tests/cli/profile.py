#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""profile: profile.py BINARY MODULES SCHEMADIR

Each format is read by the program that it is for, and what that has in its environment then is
compared with the list of the recipe. Files are written into pictures of machines, as root with
users of their own in them; what only root can set up is left out without.
"""

import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import unittest

BINARY, MODULES, SCHEMAS = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
import picture  # noqa: E402

IS_ROOT = os.geteuid() == 0
USER, OTHER = (4242, 4243) if IS_ROOT else (os.geteuid(), None)
PATH = "/usr/local/bin:/usr/bin:/bin"

# What the recipe's own script writes, in its order.
RECIPE = {
    "HSA_OVERRIDE_GFX_VERSION": "10.3.0",
    "MIOPEN_DEBUG_CONV_IMPLICIT_GEMM": "0",
    "MIOPEN_FIND_ENFORCE": "3",
    "MIOPEN_DEBUG_CONV_WINOGRAD": "0",
    "MIOPEN_DEBUG_CONV_DIRECT": "0",
    "MIOPEN_LOG_LEVEL": "4",
    "PYTORCH_ROCM_ARCH": "gfx1030",
}
NOT_NATIVE = ("HSA_OVERRIDE_GFX_VERSION", "MIOPEN_FIND_ENFORCE", "PYTORCH_ROCM_ARCH")
NATIVE = {name: value for name, value in RECIPE.items() if name not in NOT_NATIVE}

FILES = {
    "sh": "rocm_rdna1_env.sh",
    "fish": ".config/fish/conf.d/rdna1-doctor.fish",
    "csh": "rocm_rdna1_env.csh",
    "environment.d": ".config/environment.d/50-rdna1-doctor.conf",
    "dotenv": "rocm_rdna1.env",
    "json": "rocm_rdna1_env.json",
}
KEPT = ".before-rdna1-doctor"
MARK = "# rdna1-doctor profile"


def run(*args, **options):
    options.setdefault("env", {"PATH": PATH, "LC_ALL": "C.UTF-8"})
    return subprocess.run([BINARY, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False, **options)


def ours(environment):
    return {name: value for name, value in environment.items()
            if re.match("HSA_|MIOPEN_|PYTORCH_", name)}


def parse_env(output):
    return ours(dict(line.split("=", 1) for line in output.splitlines() if "=" in line))


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


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)

    def machine(self, name="healthy-debian-12"):
        """A picture with a user and a home."""
        root = self.folder / name
        manifest = picture.Manifest(MODULES)
        manifest.read(TESTS / "golden" / name / "manifest")
        try:
            manifest.unpack(root)
        except picture.Unavailable as e:
            self.skipTest(str(e))
        (root / "etc").mkdir(exist_ok=True)
        (root / "etc" / "passwd").write_text(
            f"root:x:0:0::/root:/bin/sh\nsomebody:x:{USER}:{os.getegid() if not IS_ROOT else USER}"
            "::/home/somebody:/bin/sh\nlost:x:4244:4244::/home/LOST:/bin/sh\n")
        home = root / "home" / "somebody"
        home.mkdir(parents=True)
        self.give(home)
        return root, home

    def give(self, path, user=USER):
        if IS_ROOT:
            os.chown(path, user, user, follow_symlinks=False)

    def put(self, home, name, text, user=USER):
        path = home / name
        path.write_text(text)
        self.give(path, user)
        return path

    def profile(self, action, root, *options, code=0, user="somebody", **more):
        named = ["--user", user] if user else []
        done = run("profile", action, "--root", root, *named, *options, **more)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done


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


def close(node):
    if isinstance(node, dict):
        if "properties" in node:
            node.setdefault("additionalProperties", False)
        for value in node.values():
            close(value)
    elif isinstance(node, list):
        for value in node:
            close(value)
    return node


class Show(Case):
    def validate(self, output):
        document = json.loads(output)
        try:
            import jsonschema
        except ImportError:
            self.skipTest("python3-jsonschema is missing")
        schema = close(json.loads((SCHEMAS / "profile.schema.json").read_text(encoding="utf-8")))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)
        return document

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

    def test_diff_reads_every_format(self):
        root, _ = self.machine()
        for profile, wanted in (("gfx1030", RECIPE), ("native", NATIVE)):
            for output_format in FILES:
                with self.subTest(format=output_format, profile=profile):
                    self.profile("write", root, "--format", output_format, "--profile", profile)
                    self.profile("diff", root, "--format", output_format, "--profile", profile,
                                 env={"PATH": PATH, **wanted})


class Write(Case):
    def test_each_format(self):
        root, home = self.machine()
        for output_format, name in FILES.items():
            with self.subTest(format=output_format):
                self.profile("write", root, "--format", output_format)
                st = os.lstat(home / name)
                self.assertEqual(st.st_uid, USER)
                self.assertEqual(stat.S_IMODE(st.st_mode), 0o755 if output_format == "sh" else 0o644)
                again = self.profile("write", root, "--format", output_format).stdout
                self.assertIn("is that already", again)
                self.profile("remove", root, "--format", output_format)
                self.assertFalse((home / name).exists())
                self.profile("remove", root, "--format", output_format)
        left = [p for p in home.rglob("*") if not p.is_dir()]
        self.assertEqual(left, [])

    def test_for_all_users(self):
        root, _ = self.machine()
        (root / "etc" / "profile.d").mkdir()
        self.profile("write", root, "--format", "profile.d", user=None)
        path = root / "etc" / "profile.d" / "rdna1-doctor.sh"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o644)
        self.profile("remove", root, "--format", "profile.d", user=None)
        self.assertFalse(path.exists())
        self.profile("write", root, "--format", "profile.d", code=2)

    def test_only_on_a_sane_machine(self):
        for machine, word in (("patched-ubuntu-24.04", "put right first"),
                              ("clean-on-disk-patched-running", "reboot first"),
                              ("intel-only", "RDNA1"), ("truncated-module", "could not be read")):
            with self.subTest(machine=machine):
                root, home = self.machine(machine)
                done = self.profile("write", root, code=3)
                self.assertIn(word, done.stderr)
                self.assertIn("Verdict", done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertEqual(os.listdir(home), [])
                done = self.profile("write", root, "--force")
                self.assertIn("--force: written although", done.stderr)
                self.assertTrue((home / FILES["sh"]).exists())
                if machine.startswith("patched"):
                    self.assertIn("RD-DRV-001", done.stderr)

    def test_what_was_there_is_kept(self):
        root, home = self.machine()
        path = self.put(home, FILES["sh"], "export A=1\n")
        self.put(home, FILES["sh"] + KEPT, "older still\n")
        done = self.profile("write", root)
        self.assertIn(KEPT + ".2", done.stdout)
        self.assertEqual((home / (FILES["sh"] + KEPT)).read_text(), "older still\n")
        self.assertEqual((home / (FILES["sh"] + KEPT + ".2")).read_text(), "export A=1\n")
        self.profile("write", root, "--profile", "native")
        self.assertIn("gfx1030", (home / (FILES["sh"] + KEPT + ".3")).read_text())
        self.assertNotIn("export HSA_", path.read_text())

    def test_what_was_changed_by_hand_stays(self):
        root, home = self.machine()
        self.profile("write", root)
        path = home / FILES["sh"]
        mine = path.read_text().replace("FORCE=3", "FORCE=1")
        path.write_text(mine)
        for action in ("write", "remove"):
            done = self.profile(action, root, code=3)
            self.assertIn("changed by hand", done.stderr)
            self.assertEqual(path.read_text(), mine)
        self.profile("write", root, "--force")
        self.assertEqual((home / (FILES["sh"] + KEPT)).read_text(), mine)
        path.write_text(mine)
        self.profile("remove", root, "--force")
        self.assertFalse(path.exists())
        self.assertEqual((home / (FILES["sh"] + KEPT + ".2")).read_text(), mine)

    def test_a_stranger_is_not_removed(self):
        root, home = self.machine()
        path = self.put(home, FILES["sh"], "export A=1\n")
        self.assertIn("not written by this tool", self.profile("remove", root, code=3).stderr)
        self.assertEqual(path.read_text(), "export A=1\n")

    def test_notes(self):
        root, _ = self.machine()
        done = self.profile("write", root)
        for words in ("Chosen because", "contradictory", "no suitable algorithm", "No effect",
                      "crash with torch"):
            self.assertIn("".join(words.split()), "".join(done.stdout.split()))

    def test_users(self):
        root, home = self.machine()
        self.profile("write", root, user="nobody-of-that-name", code=2)
        self.profile("write", root, user="lost", code=1)
        done = run("profile", "write", "--root", root)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--user", done.stderr)

    def test_wrong_use(self):
        for args in (["now"], ["show", "write"], [], ["show", "--force"], ["diff", "--bashrc"],
                     ["write", "--json"], ["write", "--bashrc", "--format", "fish"],
                     ["show", "--profile", "gfx900"], ["show", "--format", "xml"],
                     ["write", "--user", ""], ["remove", "--root", self.folder]):
            with self.subTest(args=args):
                done = run("profile", *args)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertIn("see 'rdna1-doctor profile --help'", done.stderr)


class Bashrc(Case):
    def reads(self, home):
        done = subprocess.run(["bash", "--rcfile", home / ".bashrc", "-ic", "env"], text=True,
                              capture_output=True, check=False, stdin=subprocess.DEVNULL,
                              env={"PATH": PATH, "HOME": str(home)})
        return parse_env(done.stdout)

    def test_line_comes_and_goes(self):
        for text in ("", "alias l=ls\n", "alias l=ls", "# rdna1-doctor profile of mine\nA=1\n"):
            with self.subTest(text=text):
                root, home = self.machine()
                path = self.put(home, ".bashrc", text)
                path.chmod(0o600)
                self.profile("write", root, "--bashrc")
                self.assertTrue(path.read_text().startswith(text))
                self.assertEqual(path.read_text().count(MARK + "\n"), 1)
                self.assertEqual((stat.S_IMODE(path.stat().st_mode), path.stat().st_uid),
                                 (0o600, USER))
                self.assertEqual(self.reads(home), RECIPE)
                once = path.read_text()
                self.profile("write", root, "--bashrc")
                self.assertEqual(path.read_text(), once)
                (home / FILES["sh"]).rename(home / "away")
                self.assertEqual(self.reads(home), {})
                (home / "away").rename(home / FILES["sh"])
                self.profile("remove", root, "--bashrc")
                self.assertEqual(path.read_text().rstrip("\n"), text.rstrip("\n"))
                self.assertFalse((home / FILES["sh"]).exists())
                shutil.rmtree(root)

    def test_one_is_made(self):
        root, home = self.machine()
        self.profile("write", root, "--bashrc")
        self.assertEqual(self.reads(home), RECIPE)
        self.assertEqual((home / ".bashrc").stat().st_uid, USER)

    def test_a_link_is_refused_and_the_line_told(self):
        root, home = self.machine()
        target = self.put(home, "dotfiles", "A=1\n")
        (home / ".bashrc").symlink_to("dotfiles")
        done = self.profile("write", root, "--bashrc", code=3)
        self.assertIn(MARK, done.stderr)
        self.assertEqual(target.read_text(), "A=1\n")


@unittest.skipUnless(IS_ROOT, "only root has several users")
class Hostile(Case):
    """A home whose owner wants root to write, or to read, elsewhere."""

    def setUp(self):
        super().setUp()
        self.root, self.home = self.machine()
        self.victim = self.root / "etc" / "victim"
        self.victim.write_text("precious\n")

    def unharmed(self):
        self.assertEqual(self.victim.read_text(), "precious\n")
        st = self.victim.stat()
        self.assertEqual((st.st_uid, stat.S_IMODE(st.st_mode)), (0, 0o644))

    def test_links(self):
        path = self.home / FILES["sh"]
        for target in ("/etc/victim", "../../etc/victim", "nowhere", "/etc/new", FILES["sh"]):
            for action in ("write", "remove", "diff"):
                with self.subTest(target=target, action=action):
                    path.symlink_to(target)
                    force = [] if action == "diff" else ["--force"]
                    done = self.profile(action, self.root, *force, code=3)
                    self.assertIn("a link", done.stderr)
                    self.assertTrue(path.is_symlink())
                    path.unlink()
                    self.unharmed()
                    self.assertFalse((self.root / "etc" / "new").exists())

    def test_what_is_no_file(self):
        path = self.home / FILES["sh"]
        for make in (os.mkfifo, os.mkdir, lambda p: os.mknod(p, stat.S_IFCHR | 0o666, 0x103)):
            make(path)
            self.give(path)
            self.assertIn("no plain file", self.profile("write", self.root, code=3).stderr)
            self.assertIn("no plain file", self.profile("diff", self.root, code=3).stderr)
            (path.rmdir if path.is_dir() else path.unlink)()

    def test_foreign_owners(self):
        for owner in (0, OTHER):
            path = self.put(self.home, FILES["sh"], "theirs\n", owner)
            done = self.profile("write", self.root, "--force", code=3)
            self.assertIn("somebody else", done.stderr)
            self.profile("remove", self.root, "--force", code=3)
            self.assertEqual(path.read_text(), "theirs\n")
            path.unlink()

    def test_a_hard_link_to_a_file_of_roots(self):
        os.link(self.victim, self.home / FILES["sh"])
        self.profile("write", self.root, "--force", code=3)
        self.profile("remove", self.root, "--force", code=3)
        self.unharmed()

    def test_a_hard_link_to_a_file_of_the_users_is_no_way_out(self):
        elsewhere = self.put(self.home, "elsewhere", "mine\n")
        os.link(elsewhere, self.home / FILES["sh"])
        self.profile("write", self.root)
        self.assertEqual(elsewhere.read_text(), "mine\n")

    def test_folders_on_the_way(self):
        for name in (".config", ".config/fish"):
            for kind in ("link", "link in the home", "file", "foreign"):
                with self.subTest(name=name, kind=kind):
                    path = self.home / name
                    path.parent.mkdir(exist_ok=True)
                    self.give(path.parent)
                    inside = self.home / "inside"
                    if kind == "link":
                        path.symlink_to("/etc")
                    elif kind == "link in the home":
                        inside.mkdir()
                        self.give(inside)
                        path.symlink_to(inside)
                    elif kind == "file":
                        self.put(self.home, name, "")
                    else:
                        path.mkdir()
                        path.chmod(0o777)
                    self.profile("write", self.root, "--format", "fish", code=3)
                    self.assertFalse((self.root / "etc" / "conf.d").exists())
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
                    shutil.rmtree(inside, ignore_errors=True)
                    if name != ".config":
                        shutil.rmtree(self.home / ".config")

    def test_the_home_itself(self):
        home = self.home
        moved = self.root / "srv" / "somebody"
        moved.parent.mkdir()
        home.rename(moved)
        # A link of the administrator's is a home like others, if it leads to one.
        home.symlink_to("/srv/somebody")
        self.profile("write", self.root)
        self.assertTrue((moved / FILES["sh"]).exists())
        home.unlink()
        home.symlink_to("/etc")
        self.profile("write", self.root, code=3)
        self.assertFalse((self.root / "etc" / FILES["sh"]).exists())
        home.unlink()
        home.symlink_to(self.folder)  # out of the root, which it may not leave
        self.profile("write", self.root, code=1)
        self.assertFalse((self.folder / FILES["sh"]).exists())
        home.unlink()
        home.mkdir()
        os.chown(home, OTHER, OTHER)
        self.profile("write", self.root, code=3)
        self.give(home)
        home.chmod(0o777)
        self.profile("write", self.root, code=3)
        home.chmod(0o555)
        self.profile("write", self.root, code=1)  # not even root's rights help: it has none
        self.assertEqual(os.listdir(home), [])

    def test_names_that_are_taken(self):
        new = self.home / ".rdna1-doctor.new"
        for kind in ("link", "folder", "fifo", "file"):
            with self.subTest(kind=kind):
                if kind == "link":
                    new.symlink_to("/etc/victim")
                elif kind == "folder":
                    new.mkdir()
                    (new / "link").symlink_to("/etc/victim")
                    self.give(new)
                elif kind == "fifo":
                    os.mkfifo(new)
                else:
                    os.link(self.victim, new)
                self.profile("write", self.root)
                self.assertFalse(os.path.lexists(new))
                self.unharmed()
                (self.home / FILES["sh"]).unlink()
        self.put(self.home, FILES["sh"], "mine\n")
        (self.home / (FILES["sh"] + KEPT)).symlink_to("/etc/victim")
        (self.home / (FILES["sh"] + KEPT + ".2")).mkdir()
        self.profile("write", self.root)
        self.assertEqual((self.home / (FILES["sh"] + KEPT + ".3")).read_text(), "mine\n")
        self.unharmed()

    def test_large_files(self):
        path = self.put(self.home, FILES["sh"], "")
        os.truncate(path, 1 << 40)
        self.assertIn("too large", self.profile("write", self.root, code=3).stderr)
        self.assertIn("too large", self.profile("diff", self.root, code=3).stderr)

    def test_a_lock_is_no_hang(self):
        import fcntl
        fd = os.open(self.home, os.O_RDONLY)
        fcntl.flock(fd, fcntl.LOCK_EX)
        self.assertIn("another run", self.profile("write", self.root, code=1).stderr)
        os.close(fd)

    def test_races(self):
        """Names that change while root looks at them, for some seconds."""
        stop = threading.Event()
        path, config = self.home / FILES["sh"], self.home / ".config"

        def swap():
            while not stop.is_set():
                for make in (lambda p: p.symlink_to("/etc/victim"), lambda p: os.mkfifo(p),
                             lambda p: os.link(self.victim, p), lambda p: p.symlink_to("/etc")):
                    for name in (path, config):
                        try:
                            name.unlink()
                        except OSError:
                            shutil.rmtree(name, ignore_errors=True)
                        try:
                            make(name)
                        except OSError:
                            pass
        thread = threading.Thread(target=swap)
        thread.start()
        try:
            for i in range(60):
                action = ("write", "remove", "diff")[i % 3]
                kind = ("sh", "fish")[i // 3 % 2]
                force = [] if action == "diff" else ["--force"]
                done = run("profile", action, "--root", self.root, "--user", "somebody",
                           "--format", kind, *force)
                self.assertIn(done.returncode, (0, 1, 3), done.stderr)
                self.unharmed()
        finally:
            stop.set()
            thread.join()
        self.assertFalse((self.root / "etc" / "fish").exists())
        self.assertEqual([name for name in os.listdir(self.root / "etc") if "rdna1" in name], [])

    def test_passwd_of_the_root(self):
        """Lines that are none give nobody, and no other user's number."""
        for line in ("somebody:x:0x10:1::/home/somebody:/bin/sh", "somebody:x:-1:1::/home/X:",
                     "somebody:x:4294967295:1::/home/somebody:", "somebody:x:4242",
                     "somebody:x:4242:4242:::", "somebody:x:4242:4242::relative:"):
            with self.subTest(line=line):
                (self.root / "etc" / "passwd").write_text(line + "\n")
                done = run("profile", "write", "--root", self.root, "--user", "somebody")
                self.assertIn(done.returncode, (1, 2))
                self.assertEqual(os.listdir(self.home), [])


@unittest.skipUnless(IS_ROOT, "only root can mount")
class FullDisk(Case):
    def test_old_stays(self):
        root, home = self.machine()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,uid={USER},mode=755",
                                "none", home], capture_output=True, check=False)
        if mount.returncode:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", home], check=False)
        self.put(home, FILES["sh"], "export A=1\n")
        with open(home / "ballast", "wb", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(bytes(4096))
        done = self.profile("write", root, "--bashrc", code=1)
        self.assertIn("No space left", done.stderr)
        self.assertEqual(sorted(os.listdir(home)), ["ballast", FILES["sh"]])
        self.assertEqual((home / FILES["sh"]).read_text(), "export A=1\n")
        (home / "ballast").unlink()
        self.profile("write", root)
        self.assertIn("HSA_OVERRIDE", (home / FILES["sh"]).read_text())


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
    os.umask(0o022)
    unittest.main(argv=sys.argv[:1], verbosity=1)
