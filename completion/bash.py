# SPDX-License-Identifier: GPL-2.0-or-later
"""Completion for bash: two tables as case statements, and one function that walks the line."""

import usage

SCRIPT = r"""# bash completion for rdna1-doctor, made from the program's tables  -*- shell-script -*-
# SPDX-License-Identifier: GPL-2.0-or-later

# Sets words and kind to what can follow the option $2 of the verb $1; false if nothing does.
_rdna1_doctor_value()
{
	case "$1 $2" in
@VALUES@
	*) return 1 ;;
	esac
}

# The same for the argument of the verb $1 that has $2 others before it; true.
_rdna1_doctor_argument()
{
	case "$1 $2" in
@ARGUMENTS@
	esac
}

_rdna1_doctor_options()
{
	case $1 in
@OPTIONS@
	esac
}

_rdna1_doctor_runs_command()
{
	case $1 in
	@RUNNERS@) ;;
	*) return 1 ;;
	esac
}

# Fills COMPREPLY with what begins as $cur does, after $prefix.
_rdna1_doctor_reply()
{
	local IFS=$'\n' line

	case $kind in
	file | folder) compopt -o filenames 2>/dev/null ;;
	esac
	while read -r line; do
		COMPREPLY+=("$prefix$line")
	done < <(
		IFS=' '
		compgen -W "$words" -- "$cur"
		case $kind in
		file) compgen -f -- "$cur" ;;
		folder) compgen -d -- "$cur" ;;
		user) compgen -u -- "$cur" ;;
		kernel) compgen -W "$(command ls /lib/modules 2>/dev/null)" -- "$cur" ;;
		transaction) compgen -W "$(command ls /var/lib/rdna1-doctor/txn 2>/dev/null)" -- "$cur" ;;
		finding) compgen -W '@FINDINGS@' -- "$cur" ;;
		esac
	)
}

# The command line from word $1 on, by the completion of that command if bash-completion is there.
_rdna1_doctor_command()
{
	if declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$1"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif ((COMP_CWORD == $1)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		kind=file _rdna1_doctor_reply
	fi
}

_rdna1_doctor()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
	local words='' kind='' prefix='' option='' start='' word i n=0

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		words='@VERBS@'
		[[ $cur != -* ]] || words='@PROGRAM_OPTIONS@'
		_rdna1_doctor_reply
		return
	fi

	# --format=json is one word or three, by COMP_WORDBREAKS.
	case $cur in
	=) option=$prev cur='' ;;
	--*=*) option=${cur%%=*} prefix=$option= cur=${cur#*=} ;;
	*) option=$prev ;;
	esac
	[[ $prev != = ]] || option=${COMP_WORDS[COMP_CWORD - 2]}

	for ((i = 2; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -- ]]; then
			((n += COMP_CWORD - i - 1))
			option='' start=$((i + 1))
			break
		elif [[ $word == -* ]]; then
			_rdna1_doctor_value "$verb" "$word" || continue
			((i++))
			[[ ${COMP_WORDS[i]} != = ]] || ((i++))
		elif _rdna1_doctor_runs_command "$verb"; then
			option='' start=$i
			break
		else
			((n++))
		fi
	done

	words='' kind=''
	if [[ $option == --?* ]] && _rdna1_doctor_value "$verb" "$option"; then
		_rdna1_doctor_reply
	elif [[ $cur == -* && ! $start ]]; then
		words=$(_rdna1_doctor_options "$verb")
		_rdna1_doctor_reply
	elif _rdna1_doctor_runs_command "$verb"; then
		_rdna1_doctor_command "${start:-$COMP_CWORD}"
	else
		_rdna1_doctor_argument "$verb" "$n"
		_rdna1_doctor_reply
	fi
}

complete -F _rdna1_doctor rdna1-doctor
"""


def assign(value):
    return f"words='{' '.join(value.words)}' kind={value.kind or ''}".rstrip()


def values(verbs):
    return [f"\t'{verb.name} {option.name}') {assign(option.value)} ;;"
            for verb in verbs for option in verb.options if option.arg]


def arguments(verbs):
    lines = []
    for verb in verbs:
        for place, value in enumerate(verb.slots):
            pattern = f"'{verb.name} {place}'"
            if verb.repeats and place == len(verb.slots) - 1:
                pattern = f"'{verb.name} '*"
            lines.append(f"\t{pattern}) {assign(value)} ;;")
    return lines


def script(verbs, findings):
    options = [f"\t{verb.name}) echo '{' '.join(o.name for o in verb.options)}' ;;"
               for verb in verbs]
    text = SCRIPT
    for name, lines in {
        "VALUES": values(verbs),
        "ARGUMENTS": arguments(verbs),
        "OPTIONS": options,
        "VERBS": [" ".join(verb.name for verb in verbs)],
        "PROGRAM_OPTIONS": [" ".join(usage.PROGRAM_OPTIONS)],
        "RUNNERS": [" | ".join(v.name for v in verbs if v.runs_command) or "''"],
        "FINDINGS": [" ".join(finding for finding, _ in findings)],
    }.items():
        text = text.replace(f"@{name}@", "\n".join(lines))
    return text
