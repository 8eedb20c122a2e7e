#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab's small modules: kfd_crat.c of each form, compiled by gcc and by clang and linked into a small amdgpu with
# the kernel's own makefiles (module/Kbuild). Read by lab.sh.

# shellcheck disable=SC2154  # lab.sh sets them: dir here forms module

# compile COMPILER FOLDER [MAKE-ARGUMENT...]: runs in parallel with others, so it says nothing unless it fails.
compile() {
	local cc=gcc-12 folder=$2
	[ "$1" = gcc ] || cc=$here/module/clang-kernel
	shift 2
	make -s -C "$dir/headers/build" M="$folder" AMD="$amd" CC="$cc" "$@" modules >"$folder/log" 2>&1 && return
	cat "$folder/log" >&2
	return 1
}

# new_folder FOLDER FORM: a small module's sources; FORM may be `stock`.
new_folder() {
	local o
	mkdir -p "$1/amdkfd"
	cp "$here"/module/{Kbuild,main.c,stubs.c} "$1/"
	for o in kfd_flat_memory kfd_interrupt kfd_queue; do
		cp "$amd/amdkfd/$o.c" "$1/amdkfd/"
	done
	if [ "$2" = stock ]; then
		cp "$crat" "$1/amdkfd/kfd_crat.c"
	else
		awk -f "$here/form.awk" "$here/forms/$2.c-fragment" "$crat" >"$1/amdkfd/kfd_crat.c"
	fi
}

# like_stock COMPILER FORM: the same, but all except kfd_crat.o comes ready from the stock module's folder
# (`.o_shipped` is the kernel makefiles' word for that): a second and a half instead of five.
like_stock() {
	local to=$dir/build/$1/$2 from=$dir/build/$1/stock o
	new_folder "$to" "$2"
	for o in main stubs amdkfd/kfd_flat_memory amdkfd/kfd_interrupt amdkfd/kfd_queue; do
		rm "$to/$o.c"
		cp "$from/$o.o" "$to/$o.o_shipped"
		cp "$from/$(dirname $o)/.$(basename $o).o.cmd" "$to/$(dirname $o)/"
	done
	compile "$1" "$to"
}

# install_module BUILT TO: distributions and dkms strip what they install, so do we.
install_module() { strip -g -o "$dir/tmp/$2.ko" "$dir/build/$1/amdgpu.ko"; }

# Forms that change nothing a compiler sees need no module.
module_forms() {
	local f
	while read -r f; do
		[ "$(form_value "$f" module patched)" = none ] || echo "$f"
	done < <(form_names)
}

build_modules() {
	local f
	amd=$dir/source/$(version_of image 6.1)/amd
	crat=$amd/amdkfd/kfd_crat.c
	rm -rf "$dir/build/$1"
	fresh "modules/$1"
	new_folder "$dir/build/$1/stock" stock
	compile "$1" "$dir/build/$1/stock" -j2
	install_module "$1/stock" "modules/$1/stock"
	export -f like_stock new_folder compile
	export dir here amd crat
	module_forms | xargs -P2 -I{} bash -euc "like_stock $1 {}" || die "a form does not compile with $1"
	while read -r f; do
		install_module "$1/$f" "modules/$1/$f"
	done < <(module_forms)
	publish "modules/$1"
}
build_modules_gcc() { build_modules gcc; }
build_modules_clang() { build_modules clang; }

# signature MODULE: what sign-file has appended: the PKCS#7, 12 bytes with its length at the end, a magic of 28.
signature() {
	local len
	len=$(tail -c 32 "$1" | head -c 4 | od -An -tu4 --endian=big)
	tail -c $((len + 12 + 28)) "$1"
}

# What must be no difference (another folder, another order of objects), less than a whole module (stripped
# further), and what nobody can inspect.
build_variants() {
	local m=$dir/modules/gcc v=$dir/tmp/variants b=$dir/tmp/broken f
	amd=$dir/source/$(version_of image 6.1)/amd
	crat=$amd/amdkfd/kfd_crat.c
	fresh variants
	rm -rf "$dir"/build/{elsewhere,relinked,gmc}
	new_folder "$dir/build/elsewhere/much/deeper" stock
	compile gcc "$dir/build/elsewhere/much/deeper" -j2
	install_module elsewhere/much/deeper variants/stock-rebuilt
	new_folder "$dir/build/relinked" stock
	compile gcc "$dir/build/relinked" -j2 LAB_OBJECTS="kfd_queue stubs kfd_crat main kfd_interrupt kfd_flat_memory"
	install_module relinked variants/stock-relinked
	new_folder "$dir/build/gmc" stock
	cp "$here/module/gmc_v10_0.c" "$dir/build/gmc/"
	compile gcc "$dir/build/gmc" -j2 LAB_OBJECTS="main kfd_flat_memory kfd_crat gmc_v10_0 kfd_interrupt kfd_queue stubs"
	install_module gmc variants/gmc-patch

	for f in stock published-applied; do
		strip --strip-unneeded -o "$v/$f-stripped-unneeded.ko" "$m/$f.ko"
		strip -s -o "$v/$f-stripped-all.ko" "$m/$f.ko"
		cp "$dir/build/gcc/$f/amdgpu.ko" "$v/$f-unstripped.ko"
		{ cat "$m/$f.ko"; signature "$dir/stock/debian-6.1/amdgpu.ko"; } >"$v/$f-foreign-signature.ko"
	done
	zstd -q "$m/published-applied.ko" -o "$v/published-applied.ko.zst"
	xz -c --check=crc32 "$m/published-applied.ko" >"$v/published-applied.ko.xz"
	gzip -nc "$m/published-applied.ko" >"$v/published-applied.ko.gz"
	publish variants

	fresh broken
	v=$dir/variants/published-applied.ko
	: >"$b/empty.ko"
	echo "no module" >"$b/text.ko"
	head -c 20000 /dev/zero >"$b/zero.ko"
	head -c 30000 "$m/published-applied.ko" >"$b/truncated.ko"
	for f in xz zst gz; do
		head -c 9000 "$v.$f" >"$b/truncated.ko.$f"
	done
	cp "$dir/build/gcc/stock/main.o" "$b/no-kfd.ko"
	publish broken
}
