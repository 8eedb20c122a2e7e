#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# MANIFEST.tsv: every fixture of the lab and the verdict that is right for it. Read by lab.sh.
#	path	kind	form	verdict	notes
# kind: module, source. verdict:
#	no-sign		inspected to the end, nothing found (nothing here can prove `clean`)
#	patched		the patch is in it, and its own content says so
#	no-sign-but-modified-by-reference
#			a patch without a constant: `no-sign` alone, `modified` with --reference (notes: which)
#	unknown		it cannot be inspected

# shellcheck disable=SC2154  # lab.sh sets them: dir here forms module

row() { printf '%s\t%s\t%s\t%s\t%s\n' "$@"; }

manifest_stock() {
	local p name
	for p in "$dir"/stock/*/amdgpu.ko*; do
		name=${p#"$dir"/}
		case $name in
		*-arm64/*) row "$name" module stock unknown "not x86-64: machine code is not read" ;;
		*) row "$name" module stock no-sign "as Debian ships it: $(cat "$(dirname "$p")/version")" ;;
		esac
	done
}

manifest_modules() {
	local cc f verdict notes
	for cc in gcc clang; do
		row "modules/$cc/stock.ko" module stock no-sign "the small module, nothing changed"
		while read -r f; do
			verdict=patched
			notes=$(sed -n '1s,^//: ,,p' "$here/forms/$f.c-fragment")
			if [ "$(form_value "$f" module patched)" = reference ]; then
				verdict=no-sign-but-modified-by-reference
				notes="reference modules/$cc/stock.ko: $notes"
			fi
			row "modules/$cc/$f.ko" module "$f" $verdict "$notes"
		done < <(module_forms)
	done
}

manifest_variants() {
	local f verdict
	row variants/stock-rebuilt.ko module stock no-sign \
		"built in another folder: compare finds no difference to modules/gcc/stock.ko"
	row variants/stock-relinked.ko module stock no-sign \
		"objects in another order: compare finds no difference to modules/gcc/stock.ko"
	for f in stock:no-sign published-applied:patched; do
		verdict=${f#*:} f=${f%:*}
		row "variants/$f-foreign-signature.ko" module "$f" "$verdict" \
			"carries Debian's signature of another file: no proof of anything"
		row "variants/$f-unstripped.ko" module "$f" "$verdict" "with debug information"
		row "variants/$f-stripped-unneeded.ko" module "$f" "$verdict" "no local functions: reduced coverage, compare refuses"
		[ "$verdict" = patched ] || verdict=unknown
		row "variants/$f-stripped-all.ko" module "$f" "$verdict" "no symbols: what can still be found is a message"
	done
	row variants/gmc-patch.ko module gmc patched "only the second kernel patch's function and message; kfd_crat.c is stock"
	for f in zst xz gz; do
		row "variants/published-applied.ko.$f" module published-applied patched "compressed"
	done
}

manifest_broken() {
	local p
	for p in "$dir"/broken/*; do
		row "${p#"$dir"/}" module none unknown "cannot be inspected"
	done
}

manifest_sources() {
	local p f
	for p in "$dir"/sources/*/*.c; do
		f=$(basename "$p" .c)
		row "${p#"$dir"/}" source "$f" "$(sed -n 's/^verdict //p' "${p%.c}.expect")" \
			"lines: $(awk '$1 == "hunk" { printf "%s%s-%s", s, $2, $3; s = "," }' "${p%.c}.expect")"
	done
}

manifest_full() {
	[ -f "$dir/.stamp/full" ] || return 0
	row full/clean/amdgpu.ko module stock no-sign "compare finds no difference to stock/debian-6.1/amdgpu.ko"
	row full/reordered/amdgpu.ko module stock no-sign "compare finds no difference to full/clean/amdgpu.ko"
	row full/patched/amdgpu.ko module published-applied patched \
		"compare with full/clean/amdgpu.ko: kfd_parse_crat_table and its .cold alone"
}

build_manifest() {
	{
		row path kind form verdict notes
		manifest_stock
		manifest_modules
		manifest_variants
		manifest_broken
		manifest_sources
		manifest_full
	} >"$dir/tmp/MANIFEST.tsv"
	mv "$dir/tmp/MANIFEST.tsv" "$dir/MANIFEST.tsv"
}
