#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom, and what no file under src/ may call: layers.py ROOT

The table is the one of the design: everything under src/ only reads, what is pure gets bytes and
never a path, and a library stays in the layer that knows it.
"""

import fnmatch
import re

import lint

# layer: (the project's layers it may use, headers of libraries it may use)
LAYERS = {
    "base": ((), ()),
    "model": (("base",), ()),
    "inspect": (("base", "model"), (
        "capstone/*", "libelf.h", "gelf.h", "lzma.h", "openssl/*", "zlib.h", "zstd.h", "zstd_errors.h",
        "bzlib.h", "lz4.h", "lz4frame.h")),
    "rules": (("base", "model"), ()),
    "render": (("base", "model"), ("json-c/*",)),
    "system": (("base",), ()),
    "probe": (("base", "model", "inspect", "system"), (
        "libkmod.h", "libudev.h", "sqlite3.h", "pci/*", "systemd/*")),
    "recovery": (("base", "model", "inspect", "system", "probe"), (
        "openssl/*", "grp.h", "pwd.h", "systemd/sd-bus.h", "systemd/sd-journal.h")),
    "cli": (("base", "model", "inspect", "rules", "render", "system", "probe", "recovery"), ()),
}

LIBC = """
    assert.h byteswap.h ctype.h dirent.h elf.h endian.h errno.h fcntl.h fnmatch.h getopt.h glob.h
    grp.h inttypes.h langinfo.h libgen.h limits.h locale.h poll.h pthread.h pwd.h regex.h sched.h
    search.h setjmp.h signal.h stdalign.h
    stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h sys/*
    time.h uchar.h unistd.h wchar.h wctype.h linux/* x86intrin.h immintrin.h
""".split()

# Layers that take bytes and give evidence: no path, no descriptor is opened there.
PURE = ("base", "model", "inspect", "rules", "render")
OPENS = "open open64 openat openat2 opendir fopen freopen scandir nftw fts_open stat lstat access"

# Under src/ nothing is written, nothing is run, nothing is asked of the kernel but to read.
WRITES = """
    creat write pwrite writev pwritev pwritev2 sendfile splice copy_file_range ftruncate truncate
    fallocate posix_fallocate unlink unlinkat rmdir remove rename renameat renameat2 link linkat
    symlink symlinkat mkdir mkdirat mkfifo mkfifoat mknod mknodat chmod fchmod fchmodat chown fchown
    lchown fchownat utime utimes utimensat futimens setxattr fsetxattr lsetxattr removexattr mount
    umount umount2 tmpfile mkstemp mkostemp mkdtemp sync fsync fdatasync reboot init_module
    finit_module delete_module pci_write_byte pci_write_word pci_write_long pci_write_block
    kmod_module_insert_module kmod_module_remove_module kmod_module_probe_insert_module
""".split()
RUNS = """
    system popen execl execlp execle execv execvp execvpe execve execveat fexecve posix_spawn
    posix_spawnp fork vfork clone clone3 dlopen wordexp
""".split()
OPEN_FLAGS = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE")
SYSCALLS = ("SYS_openat2", "SYS_keyctl")  # what syscall(2) may be used for
KEYCTLS = ("KEYCTL_READ",)  # and keyctl(2): the others link, search or change keys


def layer_of(path):
    """The layer of a file of the project, or None: src/probe/x.c, include/probe/x.h, recovery/x.c."""
    parts = path.parts
    if parts[0] == "recovery":
        return "recovery"
    return parts[1] if parts[0] in ("src", "include") and len(parts) > 2 else None


def check_includes(root, name, layer, text):
    own, libraries = LAYERS[layer]
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">\n]+)[">]', text, re.M):
        where = f"{name}:{lint.line_of(text, match.start())}"
        header = match.group(2)
        if match.group(1) == "<":
            if not any(fnmatch.fnmatch(header, p) for p in (*LIBC, *libraries)):
                yield f"{where}: layer {layer} may not include <{header}>"
        elif "/" not in header:
            if not (root / name.parent / header).exists():
                yield f"{where}: \"{header}\" is no private header beside the file"
        elif header.split("/")[0] not in (*own, layer):
            yield f"{where}: layer {layer} may not include \"{header}\""


def check_calls(name, layer, text):
    forbidden = dict.fromkeys(WRITES, "writes") | dict.fromkeys(RUNS, "runs or spawns")
    if layer in PURE:
        forbidden |= dict.fromkeys(OPENS.split(), "opens a path in a pure layer")
    for match in re.finditer(r"(?<![\w.>])(\w+)\s*\(", text):
        if match.group(1) in forbidden:
            yield (f"{name}:{lint.line_of(text, match.start())}: {match.group(1)}() "
                   f"{forbidden[match.group(1)]}")
    for match in re.finditer(r"\b(O_[A-Z]+|SYS_\w+|__NR_\w+)\b", text):
        word = match.group(1)
        if word in OPEN_FLAGS or not word.startswith("O_") and word not in SYSCALLS:
            yield f"{name}:{lint.line_of(text, match.start())}: {word} in code that only reads"
    for match in re.finditer(r"\bKEYCTL_\w+|\bSYS_keyctl\s*,\s*(?!KEYCTL_)\w+", text):
        if match.group() not in KEYCTLS:
            yield f"{name}:{lint.line_of(text, match.start())}: {match.group()} in code that only reads"


def check_fopen(name, text):
    for match in re.finditer(r'\b(?:fopen|freopen|fdopen|fopencookie)\s*\([^;]*?"([^"]*)"\s*\)', text):
        if re.search(r"[wa+]", match.group(1)):
            yield f"{name}:{lint.line_of(text, match.start())}: a stream opened for writing"


def check(root):
    complaints = []
    for path in lint.files(root, ".c", ".h"):
        name = path.relative_to(root)
        layer = layer_of(name)
        if name.parts[0] not in ("src", "include", "recovery"):
            continue
        if layer not in LAYERS:
            complaints.append(f"{name}: in no layer of the table")
            continue
        with_strings = lint.strip_c(lint.read(path), strings=False)
        complaints += check_includes(root, name, layer, with_strings)
        if layer != "recovery":
            complaints += check_calls(name, layer, lint.strip_c(with_strings))
            complaints += check_fopen(name, with_strings)
    return complaints


def one(name, line):
    return {name: f"{line}\n"}


WRONG = {
    "layer model may not include \"probe/": one("src/model/a.c", '#include "probe/probe.h"'),
    "layer base may not include \"model/": one("include/base/a.h", '#include "model/copy.h"'),
    "layer rules may not include <libkmod.h>": one("src/rules/a.c", "#include <libkmod.h>"),
    "layer probe may not include <capstone/": one("src/probe/a.c", "# include <capstone/capstone.h>"),
    "layer cli may not include <json-c/": one("src/cli/a.c", "#include <json-c/json.h>"),
    "layer recovery may not include \"cli/": one("recovery/a.c", '#include "cli/cli.h"'),
    "layer probe may not include \"recovery/": one("src/probe/b.c", '#include "recovery/write.h"'),
    "no private header": one("src/model/a.c", '#include "elsewhere.h"'),
    "in no layer": one("src/misc/a.c", ""),
    "unlink() writes": one("src/system/a.c", "int f(void) { return unlink (p); }"),
    "rename() writes": one("src/cli/a.c", 'void f(void) { rename("//", "b"); }'),
    "fork() runs": one("src/probe/a.c", "int f(void) { return fork(); }"),
    "execve() runs": one("src/probe/a.c", "int f(void) { return (execve)(a, b, c), execve(a, b, c); }"),
    "open() opens a path": one("src/inspect/a.c", "int f(void) { return open(p, O_RDONLY); }"),
    "O_CREAT in code": one("src/system/a.c", "int flags = O_CLOEXEC | O_CREAT;"),
    "SYS_renameat2 in code": one("src/system/a.c", "long r = syscall(SYS_renameat2);"),
    "KEYCTL_UNLINK in code": one("src/probe/a.c", "long r = syscall(SYS_keyctl, KEYCTL_UNLINK, a, b);"),
    "SYS_keyctl, 9 in code": one("src/probe/a.c", "long r = syscall(SYS_keyctl, 9, a, b);"),
    "for writing": one("src/cli/a.c", 'FILE *f = fopen(p, "we");'),
}

if __name__ == "__main__":
    lint.main(check, WRONG)
