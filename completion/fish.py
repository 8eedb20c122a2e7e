# SPDX-License-Identifier: GPL-2.0-or-later
"""Completion for fish: a line for each verb, option and argument, with its condition."""

import usage

HEAD = r"""# fish completion for rdna1-doctor, made from the program's tables
# SPDX-License-Identifier: GPL-2.0-or-later

# Whether the verb is $argv[1] and, with more arguments, at least $argv[2] and at most $argv[3] of
# its own arguments stand before the cursor.
function __rdna1_doctor_at
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $argv[1]; or return 1
    test (count $argv) -gt 1; or return 0
    set -l n 0
    set -l is_value 0
    for word in $words[3..-1]
        if test $is_value = 1
            set is_value 0
        else if contains -- $word @WITH_VALUE@
            set is_value 1
        else if not string match -q -- '-*' $word
            set n (math $n + 1)
        end
    end
    test $n -ge $argv[2] -a $n -le $argv[3]
end

# What can follow in the command line that stands behind the verb and our options.
function __rdna1_doctor_command
    set -l words (commandline -opc)
    set -e words[1..2]
    while string match -q -- '-*' $words[1]
        set -l word $words[1]
        set -e words[1]
        test $word = --; and break
        contains -- $word @WITH_VALUE@; and set -e words[1]
    end
    # In one word with its option: what is typed may look like an option itself.
    complete -C(string join ' ' -- (string escape -- $words) (commandline -ct))
end

function __rdna1_doctor_names
    for path in $argv[1]/*
        basename $path
    end
end

complete -c rdna1-doctor -f
"""

KINDS = {
    "file": "-F",
    "folder": "-a '(__fish_complete_directories)'",
    "user": "-a '(__fish_complete_users)'",
    "kernel": "-a '(__rdna1_doctor_names /lib/modules)'",
    "transaction": "-a '(__rdna1_doctor_names /var/lib/rdna1-doctor/txn)'",
    "finding": "-a '(__rdna1_doctor_findings)'",
    None: "",
}
MANY = 999


def quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def line(condition, *words):
    return " ".join(["complete -c rdna1-doctor -n", quote(condition), *filter(None, words)])


def option_line(verb, option):
    value = option.value
    words = ["-l", option.name[2:], "-d", quote(option.help)]
    if option.arg:
        words += ["-r" if value.kind == "file" else "-x", KINDS[value.kind]]
        if value.words:
            words += ["-a", quote(" ".join(value.words))]
    before = " 0 0" if verb.runs_command else ""
    return line(f"__rdna1_doctor_at {verb.name}{before}", *words)


def argument_lines(verb):
    for place, value in enumerate(verb.slots):
        last = MANY if verb.repeats and place == len(verb.slots) - 1 else place
        condition = f"__rdna1_doctor_at {verb.name} {place} {last}"
        if value.words:
            yield line(condition, "-a", quote(" ".join(value.words)))
        if value.kind:
            yield line(condition, KINDS[value.kind])
    if verb.runs_command:
        yield line(f"__rdna1_doctor_at {verb.name}", "-x", "-a '(__rdna1_doctor_command)'")


def script(verbs, findings):
    with_value = sorted({o.name for verb in verbs for o in verb.options if o.arg})
    lines = [HEAD.replace("@WITH_VALUE@", " ".join(with_value)),
             "function __rdna1_doctor_findings"]
    lines += [f"    printf '%s\\t%s\\n' {name} {quote(title)}" for name, title in findings]
    lines += ["end", ""]
    first = "test (count (commandline -opc)) -eq 1"
    lines += [line(first, "-a", verb.name, "-d", quote(verb.help)) for verb in verbs]
    lines += [line(first, "-l", name[2:], "-d", quote(text))
              for name, text in usage.PROGRAM_OPTIONS.items()]
    for verb in verbs:
        lines += [option_line(verb, option) for option in verb.options]
        lines += argument_lines(verb)
    return "\n".join(lines) + "\n"
