#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab's parts of a guest (tests/vm): for each kernel the modules that amdgpu needs, and the test's own ones.
# Read by lab.sh.

# shellcheck disable=SC2154  # lab.sh sets them: dir here forms module

# modules_of MAJOR RELEASE DEB: a folder of plain modules, with a list `order` in which they can be loaded.
modules_of() {
	local to=$dir/tmp/guest/debian-$1 tree=$dir/tmp/tree path name
	fresh tree
	mkdir -p "$to"
	dpkg-deb --fsys-tarfile "$3" | tar -x -C "$tree" --wildcards ./lib/modules
	/sbin/depmod -b "$tree" "$2"
	/sbin/modprobe -d "$tree" -S "$2" --show-depends amdgpu | awk '$1 == "insmod" { print $2 }' >"$dir/tmp/order"
	while read -r path; do
		name=$(basename "${path%.xz}")
		[ "$name" != amdgpu.ko ] || continue
		case $path in
		*.xz) xz -dc "$path" >"$to/$name" ;;
		*) cp "$path" "$to/$name" ;;
		esac
		echo "$name" >>"$to/order"
	done <"$dir/tmp/order"
	rm -r "$tree"
	[ -s "$to/order" ] || die "amdgpu of $2 needs no module: that cannot be"
}

build_guest() {
	local kind major v release
	fresh guest
	while read -r kind major v release; do
		[ "$kind" = image ] || continue
		case $major in
		5.10 | 6.1 | 6.12) modules_of "$major" "$release" "$(deb "linux-image-$release" "$v")" ;;
		esac
	done <"$dir/versions"
	publish guest
}

# The tests' own kernel modules: for 6.1, whose headers are here.
build_guest_modules() {
	local to=$dir/tmp/guest-modules
	fresh guest-modules
	cp "$here"/../vm/{card,livepatch}.c "$to/"
	echo "obj-m := card.o livepatch.o" >"$to/Kbuild"
	make -s -C "$dir/headers/build" M="$to" CC=gcc-12 modules >"$to/log" 2>&1 ||
		{ cat "$to/log" >&2; die "the modules for the guest"; }
	publish guest-modules
}
