#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs check on pictures of machines: run.py [--update] [--trace] PROGRAM MODULES MACHINE...

Unpacks tests/golden/MACHINE/manifest, runs PROGRAM on it, and judges the answer twice: against
`expect`, written by hand from the definitions, and against the reviewed output in `text` and
`json`, which --update rewrites. README says what else must hold. --trace runs the program under
strace(1) too. Exit 0 passed, 1 failed, 77 skipped.
"""

import argparse
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import picture  # noqa: E402
import schema  # noqa: E402

SCHEMAS = HERE.parent.parent / "data"
NOBODY = 65534
TIME_LIMIT = 5
TRACE_TIME_LIMIT = 60
SKIP = 77

# What a release or another compiler changes; as many N take its place as it had digits.
VARYING = re.compile(r"""
    (?<=^rdna1-doctor[ ])[0-9.]+
    | (?<=\+0x)[0-9a-f]+\b
    | (?<=\.rodata\.str1\.)[0-9]
    | [0-9]+(?=[ ]instructions|[ ]data[ ]objects)
    | [0-9]+(?=[ ]functions[ ]and|[ ]objects[ ]are) | (?<=size[ ]0x)[0-9a-f]+ | (?<=not[ ]0x)[0-9a-f]+
    | (?<=headers[ ]lie[ ]at[ ])[0-9]+ | (?<=the[ ]file[ ]ends[ ]at[ ])[0-9]+
    """, re.VERBOSE)


class Expectation:
    """tests/golden/MACHINE/expect."""

    def __init__(self, path):
        self.verdict = None
        self.exit_code = None
        self.gpus, self.copies, self.maybes, self.findings = [], [], [], []
        self.texts, self.no_texts = [], []
        self.as_nobody = self.only_pass = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                self.statement(f"{path}:{number}", *line.split(" ", 1))

    def statement(self, place, word, rest=""):
        if word == "verdict":
            self.verdict = rest
        elif word == "exit":
            self.exit_code = int(rest)
        elif word == "gpu":
            self.gpus.append(rest)
        elif word in ("copy", "maybe"):
            kind, verdict, path = rest.split(" ", 2)
            (self.copies if word == "copy" else self.maybes).append((kind, verdict, path))
        elif word == "finding":
            self.findings.append(tuple(rest.split()))
        elif word == "text":
            self.texts.append(rest)
        elif word == "no-text":
            self.no_texts.append(rest)
        elif word == "run-as-nobody":
            self.as_nobody = True
        elif word == "only-pass":
            self.only_pass = True
        else:
            sys.exit(f"{place}: unknown statement {word}")


def matches(expected, copy):
    kind, verdict, path = expected
    return (copy["kind"] == kind and copy["verdict"] in verdict.split("|") and
            (path == "*" or fnmatch.fnmatchcase(copy["path"] or "", path)))


def check_copies(expect, copies):
    """Each expected copy is there once, and no other."""
    left = list(copies)
    for expected in expect.copies + expect.maybes:
        found = next((c for c in left if matches(expected, c)), None)
        if found:
            left.remove(found)
        elif expected in expect.copies:
            yield f"no copy {' '.join(expected)}"
    for copy in left:
        yield f"unexpected copy {copy['kind']} {copy['verdict']} {copy['path']}"


def gpu_line(gpu):
    """The words of a `gpu` statement; the name only where our own table has one."""
    words = [gpu["slot"], f"{gpu['vendor']}:{gpu['device']}".replace("0x", ""),
             gpu["driver"] or "-"]
    return " ".join(words + ([gpu["name"]] if gpu["name"] else []))


def check_gpus(expect, gpus):
    lines = [gpu_line(gpu) for gpu in gpus]
    for expected in expect.gpus:
        found = next((x for x in lines if x == expected or
                      (expected.count(" ") == 2 and x.startswith(expected + " "))), None)
        if found:
            lines.remove(found)
        else:
            yield f"no gpu {expected}"
    for line in lines:
        yield f"unexpected gpu {line}"


def check_findings(expect, findings):
    results = {f["id"]: f["result"] for f in findings}
    for result, rule in expect.findings:
        if results.get(rule) != result:
            yield f"{rule} is {results.get(rule)}, not {result}"
    failed = [rule for rule, result in results.items() if result == "fail"]
    if expect.verdict in ("sane", "no-gpu", "reboot-required") and failed:
        yield f"failed findings on a machine that is {expect.verdict}: {failed}"
    if expect.verdict == "unsafe" and not failed:
        yield "no failed finding on an unsafe machine"
    if expect.only_pass:
        for rule, result in results.items():
            if result not in ("pass", "na"):
                yield f"{rule} is {result} on a machine without a fault"


def check_text(expect, text):
    """Where a line is broken does not matter."""
    flat = "".join(text.split())
    for wanted in expect.texts:
        if "".join(wanted.split()) not in flat:
            yield f"the text lacks: {wanted}"
    for unwanted in expect.no_texts:
        if "".join(unwanted.split()) in flat:
            yield f"the text has: {unwanted}"
    for line in text.splitlines():
        if len(line) > 80 and not line.startswith("Next: "):  # a command is one line
            yield f"wider than 80 columns: {line}"


def check_schema(document):
    try:
        errors = schema.errors(SCHEMAS, "check", document)
    except ImportError:
        print("# python3-jsonschema is missing: the JSON was not validated")
        return
    for error in errors:
        yield f"schema: {error.json_path}: {error.message}"


def check_bytes(name, output):
    """Nothing that a terminal acts on may pass, however it came in."""
    text = output.decode("utf-8", "surrogateescape")
    for char in sorted(set(re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e"
                                      "\u2066-\u2069\udc80-\udcff]", text))):
        yield f"{name} has the character {char!a}"


def snapshot(root):
    """What every entry is: a run may change nothing, times included."""
    seen = {}
    for folder, folders, files in os.walk(os.fsencode(root)):
        for name in folders + files + [b"."]:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            digest = None
            if stat.S_ISREG(st.st_mode) and st.st_size < 1 << 24 and os.access(path, os.R_OK):
                with open(path, "rb") as f:
                    digest = hashlib.sha256(f.read()).digest()
            seen[path] = (st.st_mode, st.st_uid, st.st_size, st.st_mtime_ns, st.st_ino, digest)
    return seen


class Names:
    """Placeholders for what differs from compiler to compiler."""

    def __init__(self, modules, entries):
        self.build_ids, self.digests, self.key_ids = {}, {}, {}
        found = modules.glob("*.ko") if modules else []
        for path in sorted(found, key=lambda p: (len(p.stem), p.stem)):
            try:
                note = picture.build_id_note(path.read_bytes())
            except (picture.PictureError, ValueError, OSError, picture.struct.error):
                continue
            self.build_ids.setdefault(note[16:].hex(), path.stem)
        for path in modules.glob("*.pem") if modules else []:
            self.key_ids[picture.key_id(modules, path.stem)] = path.stem
        for source, data in entries:
            self.digests[hashlib.sha256(data).hexdigest()] = source

    def hex_token(self, match):
        """As many characters as stood there, so that tables keep their shape."""
        token = match[0]
        for kind, known in (("build-id", self.build_ids), ("sha256", self.digests),
                            ("key-id", self.key_ids)):
            for value, name in known.items():
                if value == token:
                    return f"<{kind}:{name}>"
                if value.startswith(token):
                    return f"<{name[:len(token) - 2]}>".ljust(len(token), ".")
        return token

    def normalise(self, text):
        text = re.sub(r"(?<![0-9a-zA-Z])[0-9a-f]{7,64}(?![0-9a-zA-Z])", self.hex_token, text)
        text = re.sub(r'("tool":"rdna1-doctor",\s*"version":)"[^"]*"', r'\1"<version>"', text)
        return VARYING.sub(lambda m: "N" * len(m[0]), text)

    def foreign_names(self, text):
        """Other cards than RDNA1 are named by this machine's pci.ids, if it has one."""
        text = re.sub(r'("is_rdna1":false,\s*"name":)(?:"[^"]*"|null)', r'\1"<name>"', text)
        return re.sub(r"^(GPU \S+) (?:(?!\n\S|\n\n).)*not RDNA1$", r"\1 <not RDNA1>", text,
                      flags=re.M | re.S)


class Machine:
    def __init__(self, name, program, modules):
        self.folder = HERE / name
        self.expect = Expectation(self.folder / "expect")
        self.program, self.modules = program, modules
        self.failures = []

    def fail(self, message):
        self.failures.append(message)

    def collect(self, messages):
        self.failures.extend(messages)

    def command(self, scratch, *options):
        """Relative names, so that no path of this machine gets into the output."""
        command = ["./rdna1-doctor", "check", "--root", "picture", *options]
        if self.expect.as_nobody and os.geteuid() == 0:
            return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
        return command

    def run(self, scratch, *options, before=(), limit=TIME_LIMIT):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "COLUMNS": "80"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        if before:  # LeakSanitizer cannot work under ptrace(2)
            environment["ASAN_OPTIONS"] = "detect_leaks=0"
        start = time.monotonic()
        try:
            done = subprocess.run([*before, *self.command(scratch, *options)], cwd=scratch,
                                  env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit)
        except subprocess.TimeoutExpired:
            sys.exit(f"not ok: no answer within {limit} s")
        if time.monotonic() - start > limit:
            self.fail(f"took more than {limit} s")
        if done.stderr:
            self.fail(f"stderr: {done.stderr.decode(errors='backslashreplace')}")
        if done.returncode != self.expect.exit_code:
            self.fail(f"exit {done.returncode}, not {self.expect.exit_code}")
        return done.stdout

    def judge_json(self, output):
        self.collect(check_bytes("json", output))
        try:
            document = json.loads(output)
        except ValueError as e:
            self.fail(f"no JSON: {e}")
            return
        self.collect(check_schema(document))
        for key, wanted in (("schema", 1), ("verdict", self.expect.verdict),
                            ("exit_code", self.expect.exit_code)):
            if document.get(key) != wanted:
                self.fail(f"{key} is {document.get(key)}, not {wanted}")
        self.collect(check_copies(self.expect, document["copies"]))
        self.collect(check_gpus(self.expect, document["gpus"]))
        self.collect(check_findings(self.expect, document["findings"]))

    def compare(self, name, output, names, update):
        path = self.folder / name
        text = names.foreign_names(names.normalise(output.decode("utf-8", "surrogateescape")))
        if update:
            path.write_text(text, encoding="utf-8", errors="surrogateescape")
            return
        if not path.exists():
            self.fail(f"{path} is missing: look at the output, then run with --update")
            return
        if path.read_text(encoding="utf-8", errors="surrogateescape") == text:
            return
        diff = subprocess.run(["diff", "-u", str(path), "-"], input=text, text=True,
                              errors="surrogateescape", stdout=subprocess.PIPE)
        self.fail(f"{name} differs:\n{diff.stdout}")

    def trace(self, scratch):
        """One program is executed, the one under test, and nothing is opened for writing."""
        log = scratch / "trace"
        self.run(scratch, before=["strace", "-f", "-qq", "-o", str(log), "-e",
                                  "trace=execve,execveat,open,openat,openat2,creat,unlink,"
                                  "unlinkat,rename,renameat,renameat2,mkdir,mkdirat"],
                 limit=TRACE_TIME_LIMIT)
        calls = log.read_text(encoding="utf-8", errors="replace").splitlines()
        executed = [call for call in calls if " execve" in call and call.endswith(" = 0")]
        if len(executed) != 1:
            self.fail(f"programs executed: {executed}")
        for call in calls:
            if re.search(r"O_WRONLY|O_RDWR|O_CREAT| (creat|unlink|rename|mkdir)", call):
                self.fail(f"writes: {call}")

    def test(self, update, with_trace):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            scratch = pathlib.Path(scratch)
            scratch.chmod(0o755)
            shutil.copy(self.program, scratch / "rdna1-doctor")
            manifest = picture.Manifest(self.modules)
            manifest.read(self.folder / "manifest")
            manifest.unpack(scratch / "picture")
            names = Names(self.modules, manifest.module_files)

            before = snapshot(scratch / "picture")
            text = self.run(scratch)
            document = self.run(scratch, "--json")
            if with_trace:
                self.trace(scratch)
            if snapshot(scratch / "picture") != before:
                self.fail("the picture was changed")

            self.collect(check_bytes("text", text))
            self.collect(check_text(self.expect, text.decode("utf-8", "surrogateescape")))
            self.judge_json(document)
            self.compare("text", text, names, update)
            self.compare("json", document, names, update)
            for folder, folders, _ in os.walk(scratch):
                for name in folders:
                    if not os.path.islink(os.path.join(folder, name)):
                        os.chmod(os.path.join(folder, name), 0o755)
        return not self.failures


def are_stale(modules):
    """Output recorded from yesterday's modules would be wrong for everybody else."""
    newest = max(p.stat().st_mtime for p in (HERE.parent / "modules").iterdir() if p.is_file())
    return any(p.stat().st_mtime < newest for p in modules.glob("*.ko"))


def main():
    parser = argparse.ArgumentParser(description="Runs check on pictures of machines.")
    parser.add_argument("--update", action="store_true", help="rewrite text and json")
    parser.add_argument("--trace", action="store_true", help="look at the system calls too")
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("modules", type=pathlib.Path)
    parser.add_argument("machine", nargs="+")
    args = parser.parse_args()

    os.umask(0o022)
    if args.trace and not shutil.which("strace"):
        print("skipped: strace(1) is missing")
        sys.exit(SKIP)
    if args.update and are_stale(args.modules):
        sys.exit("the modules are older than their source: run `ninja pictures` first")
    failed = False
    for name in args.machine:
        machine = Machine(name, args.program, args.modules)
        try:
            passed = machine.test(args.update, args.trace)
        except picture.Unavailable as e:
            print(f"skipped: {e}")
            sys.exit(SKIP)
        print(f"{'ok' if passed else 'not ok'}: {name}")
        for message in machine.failures:
            print(f"  {message}")
        failed = failed or not passed
    sys.exit(failed)


if __name__ == "__main__":
    main()
