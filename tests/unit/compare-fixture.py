#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the modules of test-compare.c: one for each EDIT_ macro of compare-one.c, linked in two
orders, and a few that are not comparable.

usage: compare-fixture.py SOURCE-DIR OUTPUT-DIR COMPILER...
"""

import lzma
import pathlib
import re
import subprocess
import sys

source, out = map(pathlib.Path, sys.argv[1:3])
compiler = sys.argv[3:]
# Code as the kernel's Makefiles ask for it, on any distribution's compiler.
flags = ['-std=gnu17', '-O2', '-ffreestanding', '-mcmodel=kernel', '-fno-pic', '-fno-PIE',
         '-fcf-protection=none', '-fno-stack-protector', '-fno-asynchronous-unwind-tables',
         '-fno-unwind-tables', '-fno-ipa-icf', '-fno-builtin', '-fno-inline']


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


def build(file, name, *more):
    result = out / f'compare-{name}.o'
    run(*compiler, *flags, *more, '-c', source / file, '-o', result)
    return result


def link(name, *objects):
    result = out / f'compare-{name}.ko'
    run('ld', '-r', '-o', result, *objects)
    return result


edits = sorted(set(re.findall(r'\bEDIT_\w+', (source / 'compare-one.c').read_text())))
plain, two = build('compare-one.c', 'one'), build('compare-two.c', 'two')
link('plain', plain, two)
link('plain-reordered', two, plain)
link('reordered', two, plain)
link('reordered-reordered', plain, two)
for edit in edits:
    name = edit.removeprefix('EDIT_').lower()
    one = build('compare-one.c', name, '-D' + edit)
    link(name, one, two)
    link(name + '-reordered', two, one)

link('options', build('compare-one.c', 'one-options', '-O0'),
     build('compare-two.c', 'two-options', '-O0'))

(out / 'compare-callee.xz.ko').write_bytes(
    lzma.compress((out / 'compare-callee.ko').read_bytes()))

other = out / 'compare-other.comment'
other.write_bytes(b'Another compiler 1.2\0')
for name, *options in (('stripped', '--strip-all'), ('unneeded', '--strip-unneeded'),
                       ('compiler', f'--update-section=.comment={other}')):
    run('objcopy', *options, out / 'compare-plain.ko', out / f'compare-{name}.ko')
(out / 'compare-fixtures').write_text('\n'.join(edits) + '\n')
