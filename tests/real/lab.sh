#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab: real kernel modules and sources to test `inspect`, `compare` and `check` on, made from Debian's packages.
#
#	tests/real/lab.sh [DIR] [--full]	(DIR: ${XDG_CACHE_HOME:-~/.cache}/rdna1-doctor/lab)
#
# What it makes below DIR (MANIFEST.tsv describes each fixture and the verdict that is right for it):
#	stock/debian-*/		amdgpu as Debian ships it, and the 6.1 one compressed in each way; vmlinuz, md5sums
#	source/VERSION/		kfd_crat.c of every linux-source that apt can reach; the whole amd tree of 6.1
#	sources/VERSION/	each of them with each form of the patch (forms/), FORM.expect says which lines
#	modules/{gcc,clang}/	the 6.1 kfd_crat.c of each form, compiled and linked into a small real amdgpu
#	variants/		the small module relinked, stripped further, compressed
#	broken/			files that nobody can inspect
#	images/			initramfs images by initramfs-tools and dracut (as root only: lab-images.sh)
#	system/			whole machines on which the recipe was followed (as root only: lab-system.sh)
#	guest/debian-*/		the modules that amdgpu needs, plain, and their order
#	guest-modules/		modules of tests/vm, for 6.1
#	tools/			promtool
#	full/			--full only: all of amdgpu 6.1, clean, patched, and with its objects in another order
#
# Nothing outside DIR changes: packages are downloaded through a private apt configuration and unpacked, not
# installed. Any stage that is done is stamped with its inputs, so a second run only looks at stamps, an
# interrupted one resumes, and a changed form rebuilds what depends on it. `rm DIR/versions` looks for newer
# packages. RDNA1_LAB_MIRROR names another mirror.
#
# Assumes (./bootstrap test installs them): apt, dpkg-dev, gcc-12, clang-14, make, bc, binutils, libelf1, gawk or
# mawk, xz-utils, zstd, gzip, util-linux.
# Exit: 0 all there, 77 the packages cannot be had (no network: skip the tests), 1 anything else.

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/rdna1-doctor/lab
full=no
for arg; do
	case $arg in
	--full) full=yes ;;
	-*) echo "usage: lab.sh [DIR] [--full]" >&2; exit 2 ;;
	*) dir=$arg ;;
	esac
done
mkdir -p "$dir/.stamp" "$dir/tmp"
dir=$(cd "$dir" && pwd)

say() { echo "lab: $*" >&2; }
die() { say "$*"; exit 1; }

# One lab has one builder; a second one waits and then finds everything stamped.
exec 9>"$dir/.lock"
flock 9

# stage NAME INPUT...: run build_NAME, unless it has been done for these inputs (files by content).
stage() {
	local name=$1 sum start=$SECONDS
	shift
	sum=$(cat -- "$@" | sha256sum)
	[ "$(cat "$dir/.stamp/$name" 2>/dev/null)" = "$sum" ] && return
	rm -f "$dir/.stamp/$name"
	"build_${name//[-.]/_}"
	echo "$sum" >"$dir/tmp/stamp"
	mv "$dir/tmp/stamp" "$dir/.stamp/$name"
	say "$name: $((SECONDS - start)) s"
}

# fresh PATH: an empty folder to build in; publish PATH: put it where it belongs, in one rename.
fresh() {
	rm -rf "$dir/tmp/$1"
	mkdir -p "$dir/tmp/$1"
}
publish() {
	mkdir -p "$(dirname "$dir/$1")"
	rm -rf "${dir:?}/$1"
	mv "$dir/tmp/$1" "$dir/$1"
}

# The packages that were found, one `KIND KEY VERSION PACKAGE...` a line: see lab-packages.sh.
versions() { awk -v k="$1" '$1 == k { print $2, $3 }' "$dir/versions"; }
version_of() { awk -v k="$1" -v m="$2" '$1 == k && $2 == m { print $3 }' "$dir/versions"; }

# shellcheck disable=SC1091
. "$here/lab-packages.sh"
# shellcheck disable=SC1091
. "$here/lab-sources.sh"
# shellcheck disable=SC1091
. "$here/lab-modules.sh"
# shellcheck disable=SC1091
. "$here/lab-images.sh"
# shellcheck disable=SC1091
. "$here/lab-manifest.sh"
# shellcheck disable=SC1091
. "$here/lab-full.sh"
# shellcheck disable=SC1091
. "$here/lab-guest.sh"
# shellcheck disable=SC1091
. "$here/lab-system.sh"

forms=("$here"/forms/*.c-fragment)
module=("$here"/module/*)

main() {
	[ -s "$dir/versions" ] || build_versions
	stage stock "$dir/versions" "$here/lab-packages.sh"
	stage source "$dir/versions" "$here/lab-packages.sh"
	stage headers "$dir/versions" "$here/lab-packages.sh"
	stage tools "$dir/versions" "$here/lab-packages.sh"
	stage modules-gcc "$dir/versions" "$here/lab-modules.sh" "$here/form.awk" "${forms[@]}" "${module[@]}"
	stage modules-clang "$dir/versions" "$here/lab-modules.sh" "$here/form.awk" "${forms[@]}" "${module[@]}"
	stage variants "$dir/.stamp/modules-gcc" "$here/lab-modules.sh"
	stage guest "$dir/versions" "$here/lab-guest.sh"
	stage guest-modules "$dir/versions" "$here"/../vm/{card,livepatch}.c
	stage images "$dir/versions" "$here"/lab-images*.sh "$dir/modules/gcc/published-applied.ko"
	stage system "$dir/versions" "$here"/lab-system.sh "$here"/dkms/* "$here/module/stubs.c" \
		"$here/form.awk" "$here/forms/published-applied.c-fragment"
	stage sources "$dir/.stamp/source" "$here/lab-sources.sh" "$here/form.awk" "${forms[@]}"
	if [ $full = yes ]; then
		stage full "$dir/versions" "$here/lab-full.sh" "$here/form.awk" "$here/forms/published-applied.c-fragment"
	fi
	stage manifest "$dir"/.stamp/{[!m]*,modules-*} "$here/lab-manifest.sh" "${forms[@]}"
	rm -rf "$dir/deb"
}
main
