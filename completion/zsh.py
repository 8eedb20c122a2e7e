# SPDX-License-Identifier: GPL-2.0-or-later
"""Completion for zsh: one call of _arguments for each verb."""

import re

import usage

HEAD = r"""#compdef rdna1-doctor
# zsh completion for rdna1-doctor, made from the program's tables
# SPDX-License-Identifier: GPL-2.0-or-later

# The names in the folder that is the last argument; before it stand options of compadd.
_rdna1-doctor_names() {
	local -a names=($argv[-1]/*(N:t))
	compadd "$@[1,-2]" -a names
}
"""

KINDS = {
    "file": "_files",
    "folder": "_path_files -/",
    "user": "_users",
    "kernel": "_rdna1-doctor_names /lib/modules",
    "transaction": "_rdna1-doctor_names /var/lib/rdna1-doctor/txn",
    "finding": "_rdna1-doctor_findings",
    None: " ",
}


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def escape(text):
    return re.sub(r"([\\\[\]:])", r"\\\1", text)


def action(value):
    """What _arguments does for a value; fixed words win over a kind."""
    if value.words:
        return f"({' '.join(value.words)})"
    return KINDS[value.kind]


def option_spec(option):
    spec = f"{option.name}{'=' if option.arg else ''}[{escape(option.help)}]"
    if option.arg:
        spec += f":{option.arg}:{action(option.value)}"
    return quote(spec)


def argument_specs(verb):
    for place, value in enumerate(verb.slots):
        is_last = verb.repeats and place == len(verb.slots) - 1
        where = "*" if is_last else place + 1
        yield quote(f"{where}:argument:{action(value)}")
    if verb.runs_command:
        yield from ("'(-)1:command:_command_names -e'", "'(-)*::argument:_normal'")


def described(name, pairs):
    yield f"_rdna1-doctor_{name}() {{"
    yield "\tlocal -a texts=("
    yield from (f"\t\t{quote(word.replace(':', chr(92) + ':') + ':' + text)}"
                for word, text in pairs)
    yield "\t)"
    yield f"\t_describe -t {name} {name} texts"
    yield "}\n"


def script(verbs, findings):
    lines = [HEAD, *described("verbs", [(verb.name, verb.help) for verb in verbs]),
             *described("findings", findings)]
    lines += ["_rdna1-doctor() {", "\tlocal context state state_descr line",
              "\ttypeset -A opt_args", "", "\t_arguments -C \\"]
    lines += [f"\t\t'(- *){name}[{text}]' \\" for name, text in usage.PROGRAM_OPTIONS.items()]
    lines += ["\t\t'1: :_rdna1-doctor_verbs' '*:: :->arguments'",
              "\t[[ $state == arguments ]] || return", "", "\tcase $words[1] in"]
    for verb in verbs:
        specs = [option_spec(option) for option in verb.options] + list(argument_specs(verb))
        lines += [f"\t{verb.name})", "\t\t_arguments -S \\",
                  " \\\n".join(f"\t\t\t{spec}" for spec in specs), "\t\t;;"]
    lines += ["\tesac", "}", "", '_rdna1-doctor "$@"']
    return "\n".join(lines) + "\n"
