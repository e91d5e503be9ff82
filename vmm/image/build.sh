#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Make the guest images: kernels, what they start with, and root file systems of Debian programs.
#
#   build.sh OUT INIT [CACHE]     into OUT, from INIT (the static /init) and the packages in CACHE
#                                 (default OUT/cache), fetched if not there:
#       vmlinuz, initrd           the kernel for PCs; an initramfs of INIT, busybox and drivers
#       linux.uml, initrd-uml     the same for User-mode Linux
#       NAME.erofs, NAME.json     for each image the root file system, and what is in it
#
# Needs no root. The network is used for nothing but `apt-get download`, which checks what comes by
# the archive's signed lists; not at all when CACHE holds every package. CACHE/SHA256SUMS has the
# hash of each as it was then, and each build checks them again. Nothing is installed on this
# machine and nothing of it goes into the image.
set -eu
export LC_ALL=C

die() {
	echo "image: $*" >&2
	exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || die "usage: build.sh OUT INIT [CACHE]"
mkdir -p "$1"
out=$(cd "$1" && pwd)
init=$2
mkdir -p "${3:-$out/cache}"
cache=$(cd "${3:-$out/cache}" && pwd)
tree=$out/tree
root=$out/root

for tool in dpkg-deb objdump cpio lz4 mkfs.erofs; do
	command -v $tool >/dev/null ||
		die "$tool is not installed (packages: dpkg binutils cpio lz4 erofs-utils)"
done
[ -x "$init" ] || die "$init: no such program (make builds it first)"

list() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$here/$1"; }

# ---- packages ----

# The newest cached file of package $1; nothing when there is none.
cached() {
	for deb in "$cache/$1"_*.deb; do
		[ -f "$deb" ] && echo "$deb"
	done | sort -V | tail -n 1
}

# The package that really holds the kernel: the name changes with every kernel version.
kernel_package() {
	apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

fetch() {
	missing=
	for p in $(list packages); do
		if [ "$p" = kernel ]; then
			[ -z "$(cached 'linux-image-[0-9]*')" ] || continue
			p=$(kernel_package)
			[ -n "$p" ] || die "apt does not know linux-image-cloud-amd64:" \
				"run 'apt-get update' (as root), on Debian 12 for amd64"
		fi
		[ -n "$(cached "$p")" ] || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	echo "  FETCH $(echo $missing | wc -w) Debian packages for the guest image"
	# As root apt would change to a user who cannot write here, and warn.
	(cd "$cache" && apt-get -qq -o APT::Sandbox::User=root download $missing) ||
		die "apt-get could not download:$missing" \
			"(is there a network? are the lists fresh: apt-get update)"
	(cd "$cache" && sha256sum ./*.deb >SHA256SUMS)
}

# A cache that was filled by an older version of this script has no hashes yet.
verify() {
	ls "$cache"/*.deb >/dev/null 2>&1 || return 0
	(cd "$cache" && { [ -f SHA256SUMS ] || sha256sum ./*.deb >SHA256SUMS; } &&
		sha256sum --check --quiet --strict SHA256SUMS >&2) ||
		die "a package in $cache is not the one that was fetched: delete it and SHA256SUMS"
}

# The cached glob of `cached` needs its pattern unquoted.
cached_kernel() {
	for deb in "$cache"/linux-image-[0-9]*-cloud-amd64_*.deb; do
		[ -f "$deb" ] && echo "$deb"
	done | sort -V | tail -n 1
}

# Unpack every package into $tree, unless the same packages are there already.
unpack() {
	debs=
	for p in $(list packages); do
		if [ "$p" = kernel ]; then
			debs="$debs $(cached_kernel)"
		else
			debs="$debs $(cached "$p")"
		fi
	done
	[ "$(cat "$tree/.debs" 2>/dev/null)" != "$debs" ] || return 0
	rm -rf "$tree"
	mkdir -p "$tree"
	for deb in $debs; do
		dpkg-deb -x "$deb" "$tree" || die "$deb is damaged: delete it and try again"
	done
	version=$(ls "$tree/lib/modules")
	"$tree/bin/busybox" depmod -b "$tree" "$version" || die "depmod failed"
	mkdir -p "$tree/uml/lib"
	mv "$tree/usr/lib/uml/modules" "$tree/uml/lib/modules"
	echo "$debs" >"$tree/.debs"
}

# ---- contents ----

needed() { objdump -p "$1" 2>/dev/null | sed -n 's/^ *NEEDED *//p'; }

# Copy library $1 and those it needs into the image.
add_library() {
	[ ! -e "$root/lib/$1" ] || return 0
	for dir in lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu/frr; do
		[ -e "$tree/$dir/$1" ] || continue
		cp -L "$tree/$dir/$1" "$root/lib/$1"
		chmod 755 "$root/lib/$1"
		for n in $(needed "$root/lib/$1"); do
			add_library "$n"
		done
		return 0
	done
	die "$1 is in none of the packages of vmm/image/packages: add the package that has it"
}

# add_programs LIST: those of the list, with their libraries.
add_programs() {
	mkdir -p "$root/bin" "$root/sbin" "$root/usr/bin" "$root/usr/sbin" "$root/lib" "$root/lib64"
	mkdir -p "$root/usr/lib/x86_64-linux-gnu/xtables" "$root/usr/lib/frr"
	for f in $(list "$1"); do
		[ -f "$tree/$f" ] || die "$f is in none of the packages of vmm/image/packages"
		cp -L "$tree/$f" "$root/$f"
		chmod 755 "$root/$f"
		for n in $(needed "$root/$f"); do
			add_library "$n"
		done
	done
}

# Other names that people know programs by.
add_links() {
	ln -s ../lib/ld-linux-x86-64.so.2 "$root/lib64/ld-linux-x86-64.so.2"
	ln -s dash "$root/bin/sh"
	ln -s nc.openbsd "$root/bin/nc"
	for n in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
		ln -s xtables-legacy-multi "$root/usr/sbin/$n"
	done
	ln -s traceroute.db "$root/usr/bin/traceroute"
}

# Every busybox applet whose name no full program has taken.
add_busybox() {
	mkdir -p "$root/bin" "$root/sbin" "$root/usr/bin" "$root/usr/sbin"
	cp "$tree/bin/busybox" "$root/bin/busybox"
	"$tree/bin/busybox" --list-full | while read -r a; do
		name=${a##*/}
		for dir in bin sbin usr/bin usr/sbin; do
			[ ! -e "$root/$dir/$name" ] && [ ! -L "$root/$dir/$name" ] || continue 2
		done
		ln -s /bin/busybox "$root/$a"
	done
}

# Names of the modules that must be loaded for module $1, dependencies first, $1 last.
module_order() {
	file=$(printf %s "$1" | sed 's/[-_]/[-_]/g')
	line=$(grep -E "(^|/)$file\.ko:" "$from/modules.dep") || return 0
	for m in $(echo "${line#*:}" | tr ' ' '\n' | tac) "${line%%:*}"; do
		echo "$m"
	done
}

# add_modules DIR LIST KIND: the modules of that kind in LIST, of the kernel whose modules are in
# DIR/lib/modules. Drivers live flat in the folder vnet with their load order beside them, where init
# finds them without a search; the others where modprobe looks.
add_modules() {
	version=$(ls "$1/lib/modules")
	from=$1/lib/modules/$version
	to=$root/lib/modules/$version
	mkdir -p "$to"
	list "$2" | while read -r kind name; do
		[ "$kind" = "$3" ] || continue
		paths=$(module_order "$name")
		[ -n "$paths" ] || grep -q "/$name\.ko" "$from/modules.builtin" ||
			die "the kernel has no module $name (vmm/image/$2)"
		names=
		for m in $paths; do
			base=$(basename "$m" .ko)
			names="$names $base"
			[ "$kind" = driver ] && put=vnet || put=$(dirname "$m")
			mkdir -p "$to/$put"
			cp "$from/$m" "$to/$put/"
		done
		[ "$kind" != driver ] || echo "$name$names" >>"$to/vnet/order"
	done
	[ "$3" = driver ] || "$tree/bin/busybox" depmod -b "$root" "$version" || die "depmod failed"
}

# What every root has, the initramfs too.
add_own() {
	cp -R "$here/rootfs/." "$root/"
	: >"$root/etc/resolv.conf"
	mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" "$root/var" "$root/root" \
		"$root/mnt"
	chmod 1777 "$root/tmp"
	ln -s ../run "$root/var/run"
	ln -s /proc/mounts "$root/etc/mtab"
}

same_dates() {
	find "$root" -exec touch -h -d "@$epoch" {} +
}

# The same contents give the same bytes: one date, one order, one owner, one name.
epoch=${SOURCE_DATE_EPOCH:-1700000000}

# pack FILE: an initramfs of what is in $root.
pack() {
	same_dates
	(cd "$root" && find . -print0 | sort -z |
		cpio --quiet --null -o -H newc --reproducible --owner=+0:+0) >"$out/cpio"
	compress <"$out/cpio" >"$1"
	rm -f "$out/cpio"
}

# Of the compressions this kernel can undo, LZ4 boots fastest on an emulated processor (README.md).
compress() { lz4 -q -l -9 -c; }

# image NAME ABOUT LIST...: a root file system of what is in $root, and what there is to say of it.
# Not compressed: only what a guest reads is read, and guests share the host's copy of it.
image() {
	name=$1 about=$2
	shift 2
	same_dates
	rm -f "$out/$name.new"
	mkfs.erofs -T "$epoch" -U 766e6574-0000-4000-8000-000000000000 --all-root --quiet \
		"$out/$name.new" "$root" >/dev/null || die "mkfs.erofs failed"
	tools=$(for l; do list "$l"; done | grep -v '\.so$' |
		sed -e 's|.*/||' -e 's/\.db$//' -e 's/\.openbsd$//' -e 's/^xtables-legacy-multi$/iptables/' |
		sort -u | sed 's/.*/"&"/' | paste -s -d , -)
	printf '{"about":"%s","size":%s,"sha256":"%s","tools":[%s]}\n' "$about" \
		"$(stat -c %s "$out/$name.new")" "$(sha256sum "$out/$name.new" | cut -d ' ' -f 1)" \
		"$tools" >"$out/$name.json"
	mv "$out/$name.new" "$out/$name.erofs"
	echo "  IMAGE $out/$name.erofs ($(du -k "$out/$name.erofs" | cut -f1) KiB)"
}

fresh_root() {
	rm -rf "$root"
	mkdir -p "$root"
}

# In place only when whole, and never into a file that a running guest has open.
place() { mv "$out/$1.new" "$out/$1"; }

# Initramfs archives follow one another in a file, each compressed by itself: what both kernels share,
# and each kernel's drivers.
build_initrds() {
	fresh_root
	add_own
	add_busybox
	cp "$init" "$root/init"
	chmod 755 "$root/init"
	pack "$out/part-common"
	fresh_root
	add_modules "$tree" modules driver
	pack "$out/part-pc"
	fresh_root
	add_modules "$tree/uml" modules-uml driver
	pack "$out/part-uml"
	cat "$out/part-common" "$out/part-uml" >"$out/initrd-uml.new"
	cat "$out/part-common" "$out/part-pc" >"$out/initrd.new"
	rm "$out/part-common" "$out/part-pc" "$out/part-uml"
}

build_images() {
	fresh_root
	add_own
	add_programs files
	add_links
	add_busybox
	add_modules "$tree" modules demand
	add_modules "$tree/uml" modules-uml demand
	image default "the tools of a networking course" files
	add_programs files-frr
	cp -R "$here/rootfs-frr/." "$root/"
	mkdir -p "$root/usr/share/yang"
	image frr "the same, and the routing daemons of FRR" files files-frr
	rm -rf "$root"
}

verify
fetch
unpack
build_initrds
build_images
cp "$tree"/boot/vmlinuz-* "$out/vmlinuz.new"
cp "$tree/usr/bin/linux.uml" "$out/linux.uml.new"
place linux.uml
place initrd-uml
place vmlinuz
place initrd
echo "  IMAGE $out/initrd ($(du -k "$out/initrd" | cut -f1) KiB)," \
	"Linux $(ls "$tree/lib/modules"), User-mode Linux $(ls "$tree/uml/lib/modules")"
