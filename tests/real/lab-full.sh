#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab's whole amdgpu (--full): all 695 objects of 6.1 built from linux-source, then linked again with a patched
# kfd_crat.c, and in another order. Ten minutes on two cores. Read by lab.sh.

# shellcheck disable=SC2154  # lab.sh sets them: dir here forms module

# make_full: resumes where an interrupted build stopped.
make_full() {
	nice -n 10 make -s -j"$(nproc)" -C "$dir/headers/build" M="$tree/amdgpu" FULL_AMD_PATH="$tree" CC=gcc-12 \
		modules >"$dir/tmp/full.log" 2>&1 || { tail -n 20 "$dir/tmp/full.log" >&2; die "the whole amdgpu"; }
}

install_full() {
	mkdir -p "$dir/full/$1"
	strip -g -o "$dir/tmp/amdgpu.ko" "$2"
	mv "$dir/tmp/amdgpu.ko" "$dir/full/$1/amdgpu.ko"
}

# put_crat FILE: only if it differs, so that make sees a change when there is one.
put_crat() {
	cmp -s "$1" "$tree/amdkfd/kfd_crat.c" && return
	cp "$1" "$dir/tmp/kfd_crat.c"
	mv "$dir/tmp/kfd_crat.c" "$tree/amdkfd/kfd_crat.c"
}

build_full() {
	local v stock
	v=$(version_of image 6.1)
	stock=$dir/source/$v/kfd_crat.c
	tree=$dir/build/full/amd
	if [ ! -d "$tree" ]; then
		fresh amd
		cp -a "$dir/source/$v/amd/." "$dir/tmp/amd"
		mkdir -p "$dir/build/full"
		mv "$dir/tmp/amd" "$tree"
	fi

	put_crat "$stock"
	make_full
	install_full clean "$tree/amdgpu/amdgpu.ko"

	# Another order, by the linker's two steps as the makefiles do them; the seed makes it the same each time.
	shuf --random-source="$stock" "$tree/amdgpu/amdgpu.mod" >"$dir/tmp/order"
	(
		cd "$dir/headers/build" || exit
		ld -m elf_x86_64 -z noexecstack -r -o "$dir/tmp/amdgpu.o" "@$dir/tmp/order"
		ld -r -m elf_x86_64 -z noexecstack --build-id=sha1 -T arch/x86/module.lds \
			-o "$dir/tmp/reordered.ko" "$dir/tmp/amdgpu.o" "$tree/amdgpu/amdgpu.mod.o"
	)
	install_full reordered "$dir/tmp/reordered.ko"

	awk -f "$here/form.awk" "$here/forms/published-applied.c-fragment" "$stock" >"$dir/tmp/patched.c"
	put_crat "$dir/tmp/patched.c"
	make_full
	install_full patched "$tree/amdgpu/amdgpu.ko"
	put_crat "$stock"
}
