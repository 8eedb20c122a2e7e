#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab's sources: every stock kfd_crat.c with every form of the patch put in. Read by lab.sh.

# shellcheck disable=SC2154  # lab.sh sets them: dir here forms module

# form_value FORM NAME DEFAULT: a `//! NAME VALUE` line of a fragment.
form_value() {
	local v
	v=$(sed -n "s,^//! $2 ,,p" "$here/forms/$1.c-fragment")
	echo "${v:-$3}"
}

form_names() {
	local f
	for f in "${forms[@]}"; do
		basename "$f" .c-fragment
	done
}

# FORM.expect: what is right to say about FORM.c, known from the insertion alone.
#	verdict no-sign|patched
#	function NAME				where the flag is set
#	hunk FIRST LAST CODE_FIRST CODE_LAST	see form.awk; the first hunk is the one that sets the flag
build_sources() {
	local v f to
	while read -r _ v; do
		fresh "sources/$v"
		to=$dir/tmp/sources/$v
		cp "$dir/source/$v/kfd_crat.c" "$to/stock.c"
		echo "verdict no-sign" >"$to/stock.expect"
		while read -r f; do
			: >"$to/hunks"
			awk -v expect="$to/hunks" -f "$here/form.awk" "$here/forms/$f.c-fragment" "$to/stock.c" \
				>"$to/$f.c" || die "form $f does not go into kfd_crat.c of $v"
			{
				echo "verdict $(form_value "$f" source patched)"
				echo "function $(form_value "$f" function kfd_parse_subtype_mem)"
				cat "$to/hunks"
			} >"$to/$f.expect"
		done < <(form_names)
		rm "$to/hunks"
		publish "sources/$v"
	done < <(versions source)
}
