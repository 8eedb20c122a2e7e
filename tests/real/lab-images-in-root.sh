#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the images of lab-images.sh: lab-images-in-root.sh RELEASE, inside the small system, as root.
#
# The compressors run at their fastest: their format is what is wanted. The small images have amdgpu and what it needs;
# it-most has all that initramfs-tools would put in by itself, and is made with its defaults.

set -euo pipefail

kernel=$1
cd /images

# list_it NAME: what initramfs-tools' own programs say of it.
list_it() {
	lsinitramfs "$1.img" >"$1.list"
	unmkinitramfs "$1.img" "$1.d"
	(cd "$1.d" && find . -name 'amdgpu.ko*' -exec sha256sum {} +) >"$1.modules"
	rm -r "$1.d"
}

# list_dracut NAME FILE: lsinitrd takes a file out by its path only.
list_dracut() {
	local path
	lsinitrd "$2" >"$1.list" 2>/dev/null
	awk '$NF ~ "/amdgpu[.]ko" { print $NF }' "$1.list" | while read -r path; do
		echo "$(lsinitrd -f "$path" "$2" 2>/dev/null | sha256sum | cut -d' ' -f1)  $path"
	done >"$1.modules"
}

# it NAME COMPRESSOR [LEVEL]
it() {
	COMPRESSLEVEL=${3-} mkinitramfs -c "$2" -o "it-$1.img" "$kernel"
	list_it "it-$1"
}

dracut_image() {
	local file=$1
	shift
	dracut -q --no-hostonly --early-microcode --modules "base kernel-modules" --drivers amdgpu \
		--kver "$kernel" "$@" "$file"
}

# dr NAME COMMAND
dr() {
	dracut_image "dr-$1.img" --compress "$2"
	list_dracut "dr-$1" "dr-$1.img"
}

all_it() {
	it gzip gzip 1
	it bzip2 bzip2 1
	it lz4 lz4 1
	it lzma lzma 0
	it lzop lzop 1
	it xz xz 0
	it zstd zstd 1
}

all_dracut() {
	dr gzip "gzip -1"
	dr bzip2 "bzip2 -1"
	dr lz4 "lz4 -l -1"
	dr lzma "lzma -0"
	dr lzo "lzop -1"
	dr xz "xz --check=crc32 -0"
	dr zstd "zstd -1"
	dr none cat
	dracut_image dr-unified.efi --compress "zstd -1" --uefi --kernel-image "/boot/vmlinuz-$kernel" \
		--uefi-stub /usr/lib/systemd/boot/efi/linuxx64.efi.stub
	list_dracut dr-unified dr-unified.efi
}

# both FUNCTION FUNCTION: at the same time.
both() {
	local other
	"$1" &
	other=$!
	"$2"
	wait "$other"
}

patched_it() { it patched zstd 1; }
patched_dracut() { dr patched "xz --check=crc32 -0"; }

depmod "$kernel"
echo amdgpu >>/etc/initramfs-tools/modules
it most zstd
echo MODULES=list >/etc/initramfs-tools/conf.d/list
both all_it all_dracut

# The recipe's module, where dkms puts it: depmod prefers it, and the stock one stays.
mkdir -p "/lib/modules/$kernel/updates/dkms"
mv patched.ko "/lib/modules/$kernel/updates/dkms/amdgpu.ko"
depmod "$kernel"
both patched_it patched_dracut
