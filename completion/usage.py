# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of verbs and options as src/cli/tables.c prints them, and what can stand where.

The arguments of a verb are told by its usage text: words in lower case are typed as they stand
("show|write"), those in upper case name a kind of value ("FILE..."); ACTION is one of the verb's
own words, and CMD the start of another program's command line. Slots are what can stand at the
first place, at the second, and so on.
"""

import dataclasses
import re

# What a value is, by its name in the usage texts; unknown names are not completed.
KINDS = {
    "A": "file", "B": "file", "FILE": "file", "PATH": "file", "IMAGE": "file",
    "DIR": "folder", "FOLDER": "folder",
    "CMD": "command", "COMMAND": "command",
    "ID": "transaction", "RELEASE": "kernel", "USER": "user",
}
# Where the name alone does not tell.
SPECIAL = {("--root", "PATH"): "folder", ("explain", "ID"): "finding"}

# What the program has before any verb, and so in no table; tests/lint/verbs.py compares.
PROGRAM_OPTIONS = {"--help": "help, of the program or of a verb", "--version": "the version"}


@dataclasses.dataclass
class Value:
    """What can stand in one place: fixed words, and one kind of value (or None)."""

    words: list
    kind: str = None


@dataclasses.dataclass
class Option:
    name: str  # with its dashes
    arg: str  # "" if it takes none
    value: Value
    help: str


class Verb:
    def __init__(self, name, usage, actions, text):
        self.name, self.help, self.options = name, text, []
        self.slots, self.repeats = parse_usage(name, usage, actions.split())
        self.runs_command = bool(self.slots) and self.slots[0].kind == "command"
        if self.runs_command:
            self.slots = []


def kind_of(where, name):
    return SPECIAL.get((where, name), KINDS.get(name))


def parse_usage(verb, usage, actions):
    """The slots, and whether the last one holds for all that follow."""
    slots = []
    for alternative in re.sub(r"[][]|--", "", usage).split("|"):
        for place, token in enumerate(alternative.split()):
            name = token.removesuffix("...")
            if not name:
                continue
            while place >= len(slots):
                slots.append(Value([]))
            if name.islower():
                slots[place].words.append(name)
            elif name == "ACTION":
                slots[place].words += actions
            else:
                slots[place].kind = kind_of(verb, name)
    return slots, "..." in usage


def read(path):
    """The verbs, in order, and the findings as (id, title)."""
    verbs, findings = {}, []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            kind, *fields = line.rstrip("\n").split("\t")
            if kind == "verb":
                verbs[fields[0]] = Verb(*fields)
            elif kind == "option":
                verb, name, arg, choices, text = fields
                value = Value(choices.split(), None if choices else kind_of(f"--{name}", arg))
                verbs[verb].options.append(Option(f"--{name}", arg, value, text))
            else:
                findings.append(tuple(fields))
    return list(verbs.values()), findings
