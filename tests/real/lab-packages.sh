#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The lab's packages: which there are, through an apt configuration of our own, and what is taken out of them.
# Read by lab.sh, which sets $dir and the small functions.

# shellcheck disable=SC2154  # lab.sh sets them: dir here forms module

suites="bookworm bookworm-backports bullseye trixie trixie-backports sid"
security="bookworm-security bullseye-security"
mirror=${RDNA1_LAB_MIRROR:-http://deb.debian.org}

# apt with its lists, caches and sources below DIR. The machine's other settings (a proxy) stay in force.
private() {
	"$@" -o Dir::State::Lists="$dir/apt/lists" -o Dir::State::status="$dir/apt/status" \
		-o Dir::Etc::sourcelist="$dir/apt/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o Dir::Cache="$dir/apt/cache" \
		-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin \
		-o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Sandbox::User=root \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64,arm64
}

# source_line SUITE: its line for sources.list. arm64 is wanted of one suite only: lists are slow to read.
source_line() {
	local archive=debian arch=amd64
	case " $security " in *" $1 "*) archive=debian-security ;; esac
	case $1 in bookworm-security) arch=amd64,arm64 ;; esac
	echo "deb [arch=$arch signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror/$archive $1 main"
}

# A suite that has gone (backports of an old release) costs only itself.
update_lists() {
	local suite
	mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
	: >"$dir/apt/status"
	for suite in $suites $security; do source_line "$suite"; done >"$dir/apt/sources.list"
	private apt-get -qq update >"$dir/tmp/apt.log" 2>&1 && return
	for suite in $suites $security; do
		source_line "$suite" >"$dir/apt/sources.list"
		if private apt-get -qq -o APT::Get::List-Cleanup=0 update >>"$dir/tmp/apt.log" 2>&1; then
			source_line "$suite" >>"$dir/apt/reached"
		else
			say "suite $suite: not reachable"
		fi
	done
	[ -s "$dir/apt/reached" ] || return 1
	mv "$dir/apt/reached" "$dir/apt/sources.list"
	private apt-get -qq update >>"$dir/tmp/apt.log" 2>&1
}

# newest PACKAGE VERSION-REGEX: of what apt-cache madison has said in tmp/madison.
newest() {
	awk -F ' *[|] *' -v p="$1" -v r="$2" '{ sub(/^ */, "", $1) } $1 == p && $2 ~ r { print $2 }' \
		"$dir/tmp/madison" | sort -Vu | tail -n 1
}

# release_of META VERSION: the kernel release that a meta package of that version stands for.
release_of() {
	private apt-cache show "$1=$2" |
		sed -n 's/^Depends:.*linux-image-\([0-9][^ ,]*\) (=.*/\1/p' | head -n 1
}

# DIR/versions has, one a line:
#	image  MAJOR VERSION RELEASE	stock kernels: the newest of each major; 6.1 and 6.12 as bookworm has them
#	arm64  MAJOR VERSION RELEASE
#	source MAJOR VERSION		linux-source packages, the newest of each major, and those of the images
build_versions() {
	local start=$SECONDS p major v
	update_lists || { tail -n 3 "$dir/tmp/apt.log" >&2; say "no package lists: skipped"; exit 77; }
	mapfile -t p < <(private apt-cache search --names-only '^linux-source-[0-9.]+$' | sed 's/ .*//' | sort -u)
	private apt-cache madison linux-image-amd64 linux-image-arm64:arm64 "${p[@]}" >"$dir/tmp/madison"
	{
		for major in 5.10 6.1 6.12 7.3; do
			case $major in
			6.1) v=$(newest linux-image-amd64 '^6[.]1[.][0-9]+-[0-9]+$') ;;
			6.12) v=$(newest linux-image-amd64 '^6[.]12[.].*(~bpo12|~deb12)') ;;
			*) v=$(newest linux-image-amd64 "^${major/./[.]}[.]") ;;
			esac
			[ -z "$v" ] || echo "image $major $v $(release_of linux-image-amd64 "$v")"
		done
		v=$(newest linux-image-arm64:arm64 '^6[.]1[.][0-9]+-[0-9]+$')
		[ -z "$v" ] || echo "arm64 6.1 $v $(release_of linux-image-arm64:arm64 "$v")"
		for p in "${p[@]}"; do
			for v in "$(newest "$p" '^[0-9.]+-[0-9]+$')" "$(newest "$p" '~bpo|~deb12')"; do
				[ -z "$v" ] || echo "source ${p#linux-source-} $v"
			done
		done
	} >"$dir/tmp/versions"
	grep -q '^image 6.1 ' "$dir/tmp/versions" || { say "no linux-image of 6.1: skipped"; exit 77; }
	mv "$dir/tmp/versions" "$dir/versions"
	say "versions: $((SECONDS - start)) s"
}

# deb PACKAGE VERSION [ARCH]: download it once; prints the file's name.
deb() {
	local file=$dir/deb/$1_${2//:/%3a}
	mkdir -p "$dir/deb"
	if ! compgen -G "${file}_*.deb" >/dev/null; then
		(cd "$dir/deb" && private apt-get -qq download "$1${3:+:$3}=$2") >>"$dir/tmp/apt.log" 2>&1 ||
			{ say "cannot download $1=$2"; exit 77; }
	fi
	compgen -G "${file}_*.deb"
}

# unpack_stock TARGET DEB: amdgpu and the kernel image, flat, and the package's digests.
unpack_stock() {
	dpkg-deb --fsys-tarfile "$2" | tar -x -C "$1" --wildcards --no-anchored --no-wildcards-match-slash \
		--transform='s,.*/,,;s,^vmlinuz-.*,vmlinuz,' 'vmlinuz-*' 'amdgpu.ko*' 2>/dev/null || :
	dpkg-deb -I "$2" md5sums | grep -E '/(amdgpu[.]ko.*|vmlinuz-.*)$' >>"$1/md5sums" || :
}

# recompress MODULE: as other distributions store it (kmod reads no xz but with crc32).
recompress() {
	zstd -q -T2 "$1" -o "$1.zst"
	xz -c -T2 --check=crc32 --lzma2=dict=1MiB "$1" >"$1.xz"
	gzip -n -c "$1" >"$1.gz"
}

build_stock() {
	local kind major v release name p
	while read -r kind major v release; do
		name=stock/debian-$major
		case $kind in
		image) p=$(deb "linux-image-$release" "$v") ;;
		arm64) name=$name-arm64 p=$(deb "linux-image-$release" "$v" arm64) ;;
		*) continue ;;
		esac
		fresh "$name"
		echo "$v $release" >"$dir/tmp/$name/version"
		unpack_stock "$dir/tmp/$name" "$p"
		if ! compgen -G "$dir/tmp/$name/amdgpu.ko*" >/dev/null; then	# since 7.x: a package of its own
			p=$(deb "linux-modules-$release" "$v")
			unpack_stock "$dir/tmp/$name" "$p"
		fi
		[ ! -f "$dir/tmp/$name/amdgpu.ko.xz" ] || xz -dk "$dir/tmp/$name/amdgpu.ko.xz"
		[ -s "$dir/tmp/$name/amdgpu.ko" ] || die "no amdgpu.ko in linux-image-$release"
		[ "$name" != stock/debian-6.1 ] || recompress "$dir/tmp/$name/amdgpu.ko"
		publish "$name"
	done <"$dir/versions"
}

# The tree inside a linux-source package: source_tar MAJOR DEB, a tar on stdout.
source_tar() {
	dpkg-deb --fsys-tarfile "$2" | tar -xO --wildcards "./usr/src/linux-source-$1.tar.xz" | xz -dc -T2
}

build_source() {
	local major v p to amd=drivers/gpu/drm/amd
	while read -r major v; do
		p=$(deb "linux-source-$major" "$v")
		fresh "source/$v"
		to=$dir/tmp/source/$v
		if [ "$v" = "$(version_of image 6.1)" ]; then
			source_tar "$major" "$p" | tar -x -C "$to" --strip-components=4 "linux-source-$major/$amd"
			cp "$to/amd/amdkfd/kfd_crat.c" "$to/"
		else	# tar stops at the file, so those before it get SIGPIPE
			(set +o pipefail; source_tar "$major" "$p" 2>/dev/null | tar -xO --occurrence=1 \
				"linux-source-$major/$amd/amdkfd/kfd_crat.c") >"$to/kfd_crat.c"
		fi
		[ -s "$to/kfd_crat.c" ] || die "no kfd_crat.c in linux-source-$major $v"
		publish "source/$v"
	done < <(versions source)
	[ -d "$dir/source/$(version_of image 6.1)/amd" ] || die "no linux-source of the 6.1 kernel"
}

# A copy of the kernel's headers that a module can be built with where it lies. define_trace.h looks for the driver's
# folder below the common headers.
build_headers() {
	local v release common p
	v=$(version_of image 6.1)
	release=$(awk '$1 == "image" && $2 == "6.1" { print $4 }' "$dir/versions")
	common=linux-headers-${release%-amd64}-common
	fresh headers
	for p in "linux-headers-$release" "$common" linux-kbuild-6.1; do
		p=$(deb "$p" "$v")
		dpkg-deb -x "$p" "$dir/tmp/headers"
	done
	echo "include $dir/headers/usr/src/$common/Makefile" >"$dir/tmp/headers/usr/src/linux-headers-$release/Makefile"
	mkdir -p "$dir/tmp/headers/usr/src/$common/drivers/gpu/drm"
	ln -s "$dir/source/$v/amd" "$dir/tmp/headers/usr/src/$common/drivers/gpu/drm/amd"
	ln -s "usr/src/linux-headers-$release" "$dir/tmp/headers/build"
	publish headers
}

# Programs that read our output in the field, and whose packages are no thing to install for a test: promtool comes with
# a server that starts at once. Without it a test is skipped, not the lab.
build_tools() {
	local v p
	fresh tools
	v=$(private apt-cache madison prometheus | awk -F ' *[|] *' '$3 ~ /bookworm\/main/ { print $2; exit }')
	if [ -n "$v" ] && p=$(deb prometheus "$v"); then
		dpkg-deb --fsys-tarfile "$p" | tar -x -C "$dir/tmp/tools" --strip-components=3 ./usr/bin/promtool
	else
		say "no prometheus: its output is not tried on promtool"
	fi
	publish tools
}
