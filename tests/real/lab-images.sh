#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab's initramfs images: made by initramfs-tools and by dracut, with each compressor they know, in a small Debian
# 12 of their own with the stock 6.1 kernel; beside each image what the tool's own lister says is in it. Read by lab.sh.
#
#	images/NAME.img or .efi		the image; NAME starts with the tool
#	images/NAME.list		what lsinitramfs, or lsinitrd, prints of it
#	images/NAME.modules		sha256 and path of each amdgpu in it, as that tool takes it out
#	images/tools/			lsinitramfs itself, for the benchmark
#
# The system is thrown away when the images are there. It needs root, and mmdebstrap: without, there are no images, and
# their tests are skipped.

# shellcheck disable=SC2154  # lab.sh sets them: dir here mirror

images_packages=initramfs-tools,dracut-core,kmod,cpio,busybox,binutils,systemd-boot-efi,bzip2,xz-utils,zstd,lz4,lzop

in_images_root() {
	chroot "$dir/tmp/images-root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"
}

# A system with both tools: dracut-core does not conflict with initramfs-tools, as dracut does.
make_images_root() {
	local root=$dir/tmp/images-root
	mmdebstrap --quiet --mode=root --variant=minbase --include="$images_packages" \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' bookworm "$root" \
		"deb $mirror/debian bookworm main" "deb $mirror/debian-security bookworm-security main"
	dpkg-deb --fsys-tarfile "$1" | tar -x -C "$root" --keep-directory-symlink ./boot ./lib/modules
	mkdir -p "$root/images" "$root/usr/lib/firmware/amd-ucode"
	cp "$here/lab-images-in-root.sh" "$root/images/"
	cp "$dir/modules/gcc/published-applied.ko" "$root/images/patched.ko"
	echo 'the early part of an image has something of this name' >"$root/usr/lib/firmware/amd-ucode/microcode_amd.bin"
}

build_images() {
	local v release
	fresh images
	if [ "$(id -u)" -ne 0 ] || ! command -v mmdebstrap >/dev/null; then
		say "images: not without root and mmdebstrap"
		publish images
		return
	fi
	rm -rf "$dir/tmp/images-root"
	v=$(version_of image 6.1)
	release=$(awk '$1 == "image" && $2 == "6.1" { print $4 }' "$dir/versions")
	{
		make_images_root "$(deb "linux-image-$release" "$v")"
		in_images_root bash /images/lab-images-in-root.sh "$release"
	} >"$dir/tmp/images.log" 2>&1 || { tail "$dir/tmp/images.log" >&2; die "initramfs images"; }
	cp "$dir"/tmp/images-root/images/*.{img,efi,list,modules} "$dir/tmp/images/"
	mkdir "$dir/tmp/images/tools"
	cp "$dir"/tmp/images-root/usr/bin/{lsinitramfs,unmkinitramfs} "$dir/tmp/images/tools/"
	chmod -R a+rX "$dir/tmp/images"
	rm -rf "$dir/tmp/images-root"
	publish images
}
