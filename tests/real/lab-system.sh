#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab's whole machine: a small Debian 12 that boots, with the stock 6.1 kernel, its headers, dkms, initramfs-tools,
# and AMD's DKMS package as a small one of our own (dkms/): the true kfd_crat.c of 6.1 in a module that builds in
# seconds. The recipe has been followed on it, as published. Read by lab.sh.
#
#	system/debian-12.tar			the machine: patched source, built, installed, and in the initramfs
#	system/debian-12-dracut.tar		the same with dracut in the place of initramfs-tools
#	system/debian-12-two-kernels.tar	the first with a second kernel (rt), for which dkms has built as well
#	system/clean/RELEASE/*.ko		the set as dkms builds it from the package's own source
#	system/kfd_crat.c			the package's own source
#	system/debs/				the packages of amdgpu-dkms and of the kernel
#	system/amdgpu				its version in dkms
#
# Of the kernel's modules it has what a guest boots with and what amdgpu needs (by dpkg's path-exclude, so a package
# that comes later is cut likewise). It needs root, and mmdebstrap: without, their tests are skipped.

# shellcheck disable=SC2154  # lab.sh sets them: dir here mirror

amdgpu_version=6.16.6-2238411.24.04
amdgpu_package=1:6.16.6.30200000-2238411.24.04
system_packages=dkms,gcc-12,make,busybox,zstd,xz-utils,kmod,udev,systemd-sysv,dbus,pciutils,openssl
system_packages+=,libcapstone4,libelf1,libjson-c5,libsqlite3-0,liblz4-1,libpci3,libudev1,libkmod2,libsystemd0
system_keep=(drivers/gpu/drm/{drm,ttm,amd,display,scheduler,gpu-sched} drivers/{acpi,block,virtio,cdrom}
	drivers/i2c/algos drivers/media/{cec,rc/rc-core} drivers/platform/x86/wmi drivers/scsi/{scsi_mod,sr_mod,sd_mod}
	drivers/ata/{libata,ata_piix,ata_generic} drivers/net/virtio_net fs/{ext4,jbd2,mbcache,fat,nls,isofs,autofs,efivarfs,configfs,fuse,overlayfs}
	crypto arch/x86/crypto lib)

in_system() {
	local root=$1
	shift
	# shellcheck disable=SC2016  # $1 is the shell's in there
	unshare --mount --pid --fork sh -c 'mount -t proc proc "$1/proc" && exec chroot "$@"' sh "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/root \
		DEBIAN_FRONTEND=noninteractive "$@"
}

# amdgpu_tree FOLDER: the package's files; the headers are those that the compiler has asked for
# when the lab's small module was made.
amdgpu_tree() {
	local amd src=$1/usr/src/amdgpu-$amdgpu_version
	amd=$dir/source/$(version_of image 6.1)/amd
	mkdir -p "$src"/{ttm,amd/amdgpu,amd/amdkcl,amd/amdkfd}
	sed -n "s,^  [^ ]*/source/[^/]*/amd/\([^ ]*[.]h\) .*,$amd/\1,p" "$dir/build/gcc/stock/amdkfd/.kfd_crat.o.cmd" |
		xargs realpath --relative-to="$amd" | sort -u | tar -C "$amd" -c -T - | tar -C "$src/amd" -x
	cp "$amd/amdkfd/kfd_crat.c" "$src/amd/amdkfd/"
	sed "s/@VERSION@/$amdgpu_version/" "$here/dkms/dkms.conf" >"$src/dkms.conf"
	cp "$here/dkms/Makefile" "$src/"
	cp "$here/dkms/amdgpu.Kbuild" "$src/amd/amdgpu/Makefile"
	cp "$here"/dkms/main.c "$here"/module/stubs.c "$src/amd/amdgpu/"
	cp "$here/dkms/amdttm.c" "$src/ttm/"
	echo "obj-m := amdttm.o" >"$src/ttm/Makefile"
	cp "$here/dkms/amdkcl.c" "$src/amd/amdkcl/"
	echo "obj-m := amdkcl.o" >"$src/amd/amdkcl/Makefile"
}

# amdgpu_deb FOLDER: the package amdgpu-dkms in a file in that folder, which is all it prints.
amdgpu_deb() {
	local name
	fresh amdgpu-dkms
	amdgpu_tree "$dir/tmp/amdgpu-dkms"
	mkdir "$dir/tmp/amdgpu-dkms/DEBIAN"
	for name in postinst prerm; do
		sed "s/@VERSION@/$amdgpu_version/" "$here/dkms/$name" >"$dir/tmp/amdgpu-dkms/DEBIAN/$name"
	done
	cat >"$dir/tmp/amdgpu-dkms/DEBIAN/control" <<-CONTROL
		Package: amdgpu-dkms
		Version: $amdgpu_package
		Architecture: all
		Maintainer: The lab <lab@localhost>
		Depends: dkms
		Description: amdgpu driver in DKMS format
		 The lab's: kfd_crat.c of amdgpu, alone.
	CONTROL
	chmod -R u=rwX,go=rX "$dir/tmp/amdgpu-dkms"
	chmod 755 "$dir"/tmp/amdgpu-dkms/DEBIAN/{postinst,prerm}
	(cd "$dir/tmp/amdgpu-dkms" && find usr -type f -exec md5sum {} + >DEBIAN/md5sums)
	dpkg-deb -Zxz --root-owner-group -b "$dir/tmp/amdgpu-dkms" "$1" >/dev/null
	rm -r "$dir/tmp/amdgpu-dkms"
}

# make_system ROOT RELEASE PACKAGE...: the machine before the driver's package came.
make_system() {
	local keep root=$1 packages=$system_packages,linux-image-$2,linux-headers-$2 options=(--dpkgopt='path-exclude=/lib/modules/*/kernel/*')
	shift 2
	for keep; do packages+=,$keep; done
	for keep in doc man locale info lintian bug; do
		options+=(--dpkgopt="path-exclude=/usr/share/$keep/*")
	done
	for keep in "${system_keep[@]}"; do
		options+=(--dpkgopt="path-include=/lib/modules/*/kernel/$keep*")
	done
	mmdebstrap --quiet --mode=root --variant=minbase \
		--include="$packages" "${options[@]}" --dpkgopt='path-exclude=*/bin/*lto-dump*' bookworm "$root" \
		"deb $mirror/debian bookworm main" "deb $mirror/debian-security bookworm-security main"
}

# follow_recipe ROOT: what the user did: the patch, a build, and a new initramfs. Before it, the set as its package
# builds it is put away.
follow_recipe() {
	local root=$1 crat=$1/usr/src/amdgpu-$amdgpu_version/amd/amdkfd/kfd_crat.c kernel release
	cp "$dir"/tmp/system/debs/amdgpu-dkms_*.deb "$root/tmp/amdgpu-dkms.deb"
	in_system "$root" dpkg -i /tmp/amdgpu-dkms.deb
	rm "$root/tmp/amdgpu-dkms.deb"
	awk -f "$here/form.awk" "$here/forms/published-applied.c-fragment" "$dir/tmp/system/kfd_crat.c" >"$crat"
	for kernel in "$root"/lib/modules/*/; do
		release=$(basename "$kernel")
		mkdir -p "$dir/tmp/system/clean/$release"
		cp "$kernel"updates/dkms/*.ko "$dir/tmp/system/clean/$release/"
		in_system "$root" dkms build "amdgpu/$amdgpu_version" -k "$release" --force
		in_system "$root" dkms install "amdgpu/$amdgpu_version" -k "$release" --force
	done
}

# machine NAME RELEASE PACKAGE...: one of the machines, from nothing to its archive.
machine() {
	local root=$dir/tmp/$1-root name=$1 release=$2 kernel
	shift 2
	rm -rf "$root"
	make_system "$root" "$release" "$@"
	follow_recipe "$root"
	for kernel in "$root"/lib/modules/*/; do
		kernel=$(basename "$kernel")
		if [ -d "$root/etc/initramfs-tools" ]; then
			echo amdgpu >"$root/etc/initramfs-tools/modules"
			in_system "$root" update-initramfs -u -k "$kernel"
		else
			printf 'hostonly="no"\nadd_drivers+=" amdgpu "\n' >"$root/etc/dracut.conf.d/amdgpu.conf"
			in_system "$root" dracut -q --force --kver "$kernel"
		fi
	done
	rm -f "$root/etc/resolv.conf" "$root"/var/log/{dpkg,alternatives,bootstrap}.log "$root"/var/log/apt/*
	tar -C "$root" --numeric-owner --xattrs -cf "$dir/tmp/system/$name.tar" .
	rm -r "$root"
}

make_machines() {
	local release v rt
	v=$(version_of image 6.1)
	release=$(awk '$1 == "image" && $2 == "6.1" { print $4 }' "$dir/versions")
	rt=${release%-amd64}-rt-amd64
	mkdir -p "$dir/tmp/system/debs"
	amdgpu_deb "$dir/tmp/system/debs"
	cp "$(deb "linux-image-$release" "$v")" "$dir/tmp/system/debs/"
	cp "$dir/source/$v/kfd_crat.c" "$dir/tmp/system/"
	echo "$amdgpu_version" >"$dir/tmp/system/amdgpu"
	machine debian-12-two-kernels "$release" initramfs-tools "linux-image-$rt" "linux-headers-$rt" &
	machine debian-12 "$release" initramfs-tools
	machine debian-12-dracut "$release" dracut
	wait $!
}

build_system() {
	fresh system
	if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
		say "system: not without root and mmdebstrap"
	else
		# Not in a condition, where bash would go on after an error.
		make_machines >"$dir/tmp/system.log" 2>&1 &
		wait $! || { tail -n 20 "$dir/tmp/system.log" >&2; die "the whole machine"; }
	fi
	publish system
}
