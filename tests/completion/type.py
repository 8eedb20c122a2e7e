#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Types at a real shell and presses tab: type.py bash|fish|zsh BINARY SCRIPTDIR GENERATOR

The shell runs on a terminal of its own, with a stub in place of the program that writes down the
arguments it got. What there is to complete is taken from the program: its --help, and what it
accepts. A made-up table has what no verb has yet. Skipped (77) without the shell
or a terminal.
"""

import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SKIP = 77
TIME_LIMIT = 20
STUB = '#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done >"$SEEN.new"; mv "$SEEN.new" "$SEEN"\n'

# How each shell is started without anybody's settings, and told of a completion.
START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source {}/rdna1-doctor"),
    "fish": (["fish", "--no-config", "--interactive"], "source {}/rdna1-doctor.fish"),
    "zsh": (["zsh", "-f", "-i"],
            "fpath=({} $fpath); autoload -U compinit; compinit -D; setopt no_beep"),
}

TABLE = """\
verb\tprofile\tshow|write|diff|remove\t\tthe profile
option\tprofile\tmethod\tMETHOD\tsource intree package\thow
option\tprofile\tuser\tUSER\t\twhose
option\tprofile\tnew\tTHING\t\tof an unknown kind
verb\tbackups\t[ACTION] [ID...]\tlist verify prune\tthe copies
verb\trun\tCMD...\t\truns
option\trun\tprofile\tNAME\tgfx1030 native\twhich
option\trun\tquiet\t\t\tsays less
"""

# typed (up to the tab): the arguments that the program then gets
MADE_UP = {
    "prof": ["profile"],
    "profile wr": ["profile", "write"],
    "profile show wr": ["profile", "show", "wr"],
    "profile --method int": ["profile", "--method", "intree"],
    "profile --method intree rem": ["profile", "--method", "intree", "remove"],
    "profile --user roo": ["profile", "--user", "root"],
    "profile --new wr": ["profile", "--new", "wr"],
    "backups ver": ["backups", "verify"],
    "backups verify ver": ["backups", "verify", "ver"],
    "run --profile nat": ["run", "--profile", "native"],
    "run --qui": ["run", "--quiet"],
    "run a-comma": ["run", "a-command-of-others"],
    "run -- a-comma": ["run", "--", "a-command-of-others"],
    "run --quiet --profile native a-comma":
        ["run", "--quiet", "--profile", "native", "a-command-of-others"],
    "run --quiet -- a-comma": ["run", "--quiet", "--", "a-command-of-others"],
    "run a-command-of-others --qui": ["run", "a-command-of-others", "--qui"],
    "run md5sum a\\ mod": ["run", "md5sum", "a module.ko"],
    "run -- md5sum a\\ mod": ["run", "--", "md5sum", "a module.ko"],
    "run --profile native md5sum a\\ mod":
        ["run", "--profile", "native", "md5sum", "a module.ko"],
}

FILES = {
    "inspect a\\ mod": ["inspect", "a module.ko"],
    "inspect x y a\\ mod": ["inspect", "x", "y", "a module.ko"],
    "compare x a\\ mod": ["compare", "x", "a module.ko"],
    "compare x y a\\ mod": ["compare", "x", "y", "a mod"],
    "inspect --reference a\\ mod": ["inspect", "--reference", "a module.ko"],
    "check --root a\\ fol": ["check", "--root", "a folder"],
    "check --root a\\ mod": ["check", "--root", "a mod"],
    "check a\\ mod": ["check", "a mod"],
    "inspect --packa": ["inspect", "--packa"],
    "inspect -- --verbos": ["inspect", "--", "--verbos"],
    "explain RD-DRV-001 RD": ["explain", "RD-DRV-001", "RD"],
}


class Shell:
    def __init__(self, name, folder):
        command, self.setup = START[name]
        self.folder, self.seen = folder, folder / "seen"
        stub = folder / "bin" / "rdna1-doctor"
        stub.parent.mkdir(parents=True)
        for program in (stub, stub.with_name("a-command-of-others")):
            program.write_text(STUB, encoding="utf-8")
            program.chmod(0o755)
        for path in ("a module.ko", "a folder/x"):
            (folder / "files" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "files" / path).touch()
        environment = {"PATH": f"{stub.parent}:{os.environ['PATH']}", "HOME": str(folder),
                       "TERM": "vt100", "LC_ALL": "C.UTF-8", "SEEN": str(self.seen), "PS1": "$ "}
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            os.chdir(folder / "files")
            os.execvpe(command[0], command, environment)
        os.set_blocking(self.terminal, False)
        self.screen = b""

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def look(self):
        """What the shell prints must be taken off its terminal, or it stops."""
        try:
            self.screen += os.read(self.terminal, 65536)
        except (BlockingIOError, OSError):
            time.sleep(0.005)

    def run(self, line):
        """The arguments of the stub after that line; the key of tab is in it."""
        self.seen.unlink(missing_ok=True)
        self.screen = b""
        os.write(self.terminal, line.encode() + b"\r")
        end = time.monotonic() + TIME_LIMIT
        while not self.seen.exists():
            self.look()
            if time.monotonic() > end:
                sys.exit(f"{line!r}: the shell ran nothing, and shows:\n{self.screen!r}")
        return self.seen.read_text(encoding="utf-8").splitlines()

    def load(self, scripts):
        assert self.run(self.setup.format(scripts) + "; rdna1-doctor ready") == ["ready"]


def scripts_of_table(generator, folder):
    table = folder / "table"
    table.write_text(TABLE, encoding="utf-8")
    folder = folder / "made-up"
    folder.mkdir()
    for shell, name in (("bash", "rdna1-doctor"), ("fish", "rdna1-doctor.fish"),
                        ("zsh", "_rdna1-doctor")):
        made = subprocess.run([sys.executable, generator, shell, table], check=True,
                              stdout=subprocess.PIPE)
        (folder / name).write_bytes(made.stdout)
    return folder


def help_of(binary, *args):
    return subprocess.run([binary, *args, "--help"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def accepts(binary, verb, option, value):
    """Whether the program takes that value: it would refuse it before it prints its help."""
    return not subprocess.run([binary, verb, option, value, "--help"], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def of_program(binary, tables):
    """All that --help tells of, as arguments that a tab behind all but the last letter brings."""
    wanted = []
    for verb in re.findall(r"^  ([a-z][a-z-]+) ", help_of(binary), re.M):
        wanted.append([verb])
        wanted += [[verb, option]
                   for option in re.findall(r"^  (--[a-z-]+)", help_of(binary, verb), re.M)]
    rows = [line.split("\t") for line in tables.read_text(encoding="utf-8").splitlines()]
    wanted += [[row[1], word] for row in rows if row[0] == "verb"
               for word in re.findall(r"[a-z]+", row[2]) + row[3].split()]
    for _, verb, name, _, choices, _ in (row for row in rows if row[0] == "option" and row[4]):
        option = f"--{name}"
        assert not accepts(binary, verb, option, "no-such-choice")
        for word in choices.split():
            assert accepts(binary, verb, option, word), (verb, option, word)
            wanted += [[verb, option, word], [verb, f"{option}={word}"]]
    findings = subprocess.run([binary, "explain"], stdout=subprocess.PIPE, text=True, check=True)
    wanted += [["explain", finding]
               for finding in re.findall(r"^RD-[A-Z]+-\d+", findings.stdout, re.M)]
    if os.path.isdir("/lib/modules"):
        wanted += [["check", "--kernel", release] for release in os.listdir("/lib/modules")]
    return FILES | {" ".join(arguments)[:-1]: arguments for arguments in wanted
                    if not is_ambiguous(arguments, wanted)}


def is_ambiguous(arguments, others):
    """Whether one of the others begins as these do without their last letter."""
    *before, last = arguments
    return any(other[:-1] == before and other[-1] != last and other[-1].startswith(last[:-1])
               for other in others)


def try_all(shell, wanted):
    failures = tried = 0
    for typed, arguments in wanted.items():
        got = shell.run(f"rdna1-doctor {typed}\t")
        tried += 1
        if [word.rstrip("=/") for word in got] != arguments:
            failures += 1
            print(f"not ok: {typed!r} became {got}, not {arguments}")
    print(f"{tried} lines typed, {failures} wrong")
    return failures


def main(name, binary, scripts, generator):
    if not shutil.which(name):
        print(f"no {name}")
        return SKIP
    try:
        for end in pty.openpty():
            os.close(end)
    except OSError as e:
        print(f"no terminal to be had: {e}")
        return SKIP
    scripts, failures = pathlib.Path(scripts).resolve(), 0
    binary = pathlib.Path(binary).resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        made_up = scripts_of_table(generator, folder)
        for where, wanted in ((scripts, of_program(binary, scripts / "tables")),
                              (made_up, MADE_UP)):
            shell = Shell(name, folder / f"home-of-{where.name}")
            try:
                shell.load(where)
                failures += try_all(shell, wanted)
            finally:
                shell.close()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
