#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Make the default guest image: a Debian kernel, and an initramfs of Debian programs and our init.
#
#   build.sh OUT INIT [CACHE]     OUT/vmlinuz and OUT/initrd, OUT/linux.uml and OUT/initrd-uml, from
#                                 INIT (the static /init) and the packages in CACHE (default
#                                 OUT/cache), fetched if not there
#
# Needs no root. The network is used for nothing but `apt-get download`, and not at all when CACHE
# holds every package. Nothing is installed on this machine and nothing of it goes into the image.
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

for tool in dpkg-deb objdump cpio lz4; do
	command -v $tool >/dev/null || die "$tool is not installed (packages: dpkg binutils cpio lz4)"
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
	for dir in lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu; do
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

add_programs() {
	mkdir -p "$root/bin" "$root/sbin" "$root/usr/bin" "$root/usr/sbin" "$root/lib" "$root/lib64"
	mkdir -p "$root/usr/lib/x86_64-linux-gnu/xtables"
	for f in $(list files); do
		[ -f "$tree/$f" ] || die "$f is in none of the packages of vmm/image/packages"
		cp -L "$tree/$f" "$root/$f"
		chmod 755 "$root/$f"
		for n in $(needed "$root/$f"); do
			add_library "$n"
		done
	done
	ln -s ../lib/ld-linux-x86-64.so.2 "$root/lib64/ld-linux-x86-64.so.2"
	ln -s dash "$root/bin/sh"
	ln -s nc.openbsd "$root/bin/nc"
	ln -s xtables-legacy-multi "$root/usr/sbin/iptables"
	ln -s xtables-legacy-multi "$root/usr/sbin/ip6tables"
	ln -s traceroute.db "$root/usr/bin/traceroute"
	# Every busybox applet whose name no full program has taken.
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

# add_modules DIR LIST: those of LIST, of the kernel whose modules are in DIR/lib/modules. Drivers
# live flat in the folder vnet with their load order beside them, where init finds them without a
# search; the others where modprobe looks.
add_modules() {
	version=$(ls "$1/lib/modules")
	from=$1/lib/modules/$version
	to=$root/lib/modules/$version
	mkdir -p "$to/vnet"
	list "$2" | while read -r kind name; do
		paths=$(module_order "$name")
		[ -n "$paths" ] || grep -q "/$name\.ko" "$from/modules.builtin" ||
			die "the kernel has no module $name (vmm/image/$2)"
		names=
		for m in $paths; do
			base=$(basename "$m" .ko)
			names="$names $base"
			if [ "$kind" = driver ]; then
				cp "$from/$m" "$to/vnet/"
			elif [ ! -e "$to/vnet/$base.ko" ]; then
				mkdir -p "$to/$(dirname "$m")"
				cp "$from/$m" "$to/$m"
			fi
		done
		[ "$kind" != driver ] || echo "$name$names" >>"$to/vnet/order"
	done
	"$tree/bin/busybox" depmod -b "$root" "$version" || die "depmod failed"
}

add_own() {
	cp -R "$here/rootfs/." "$root/"
	cp "$init" "$root/init"
	chmod 755 "$root/init"
	ln -s ../init "$root/sbin/udhcpc-event"
	: >"$root/etc/resolv.conf"
	mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" "$root/var" "$root/root"
	chmod 1777 "$root/tmp"
	ln -s ../run "$root/var/run"
	ln -s /proc/mounts "$root/etc/mtab"
}

# pack FILE: what is in $root. The same contents give the same bytes: one date, one order, one owner.
pack() {
	find "$root" -exec touch -h -d @"${SOURCE_DATE_EPOCH:-1700000000}" {} +
	(cd "$root" && find . -print0 | sort -z |
		cpio --quiet --null -o -H newc --reproducible --owner=+0:+0) >"$out/cpio"
	compress <"$out/cpio" >"$1"
	rm -f "$out/cpio"
}

# Of the compressions this kernel can undo, LZ4 boots fastest on an emulated processor (README.md).
compress() { lz4 -q -l -9 -c; }

fresh_root() {
	rm -rf "$root"
	mkdir -p "$root"
}

# What all kernels share, and for each kernel its modules: initramfs archives follow one another in
# a file, each compressed by itself.
fetch
unpack
fresh_root
add_programs
add_own
pack "$out/part-common"
fresh_root
add_modules "$tree" modules
pack "$out/part-pc"
fresh_root
add_modules "$tree/uml" modules-uml
pack "$out/part-uml"
rm -rf "$root"
cp "$tree"/boot/vmlinuz-* "$out/vmlinuz.new"
mv "$out/vmlinuz.new" "$out/vmlinuz"
cp "$tree/usr/bin/linux.uml" "$out/linux.uml.new"
mv "$out/linux.uml.new" "$out/linux.uml"
cat "$out/part-common" "$out/part-uml" >"$out/initrd-uml"
cat "$out/part-common" "$out/part-pc" >"$out/initrd.new"
rm "$out/part-common" "$out/part-pc" "$out/part-uml"
mv "$out/initrd.new" "$out/initrd"
echo "  IMAGE $out/initrd ($(du -k "$out/initrd" | cut -f1) KiB)," \
	"Linux $(ls "$tree/lib/modules"), User-mode Linux $(ls "$tree/uml/lib/modules")"
