#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run a command in a machine that has a real KVM, and return its exit status.
#
#   outer.sh [-t SECONDS] [-m MIB] [-o DIR] COMMAND [ARG...]
#
#   -t  time limit, 600 by default; 124 is returned when it is reached
#   -m  memory of the machine, 2048 by default
#   -o  copy what the command leaves in /outer/out to DIR
#   O   (environment) the build folder; `make image` must have been run there
#
# The machine is QEMU's emulation of an AMD processor with SVM, so that kvm-amd in it works as on
# hardware, only slowly: times in it are good as ratios within one run. It shows the host's whole
# file system under an overlay, at the same paths: every program and build folder is there, and
# nothing written there comes back. Its one processor is on purpose: with two, about one guest in
# eight hangs. Only one such machine runs at a time (a lock in TMPDIR), others wait.
#
# Exit status 77: cannot be done here, the reason is on standard error.
set -u

limit=600 memory=2048 out=
while getopts t:m:o: opt; do
	case $opt in
	t) limit=$OPTARG ;;
	m) memory=$OPTARG ;;
	o) out=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { echo "usage: outer.sh [-t SECONDS] [-m MIB] [-o DIR] COMMAND [ARG...]" >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
O=${O:-$top/build}
[[ $O == /* ]] || O=$PWD/$O
image=$O/image tree=$O/image/tree nested=$O/nested
virtiofsd=/usr/lib/qemu/virtiofsd

cannot() {
	echo "outer: $*" >&2
	exit 77
}

[ "$(id -u)" = 0 ] || cannot "needs root: it shows the host's files to the machine"
command -v qemu-system-x86_64 >/dev/null || cannot "qemu-system-x86_64 is not installed"
[ -x $virtiofsd ] || cannot "$virtiofsd is not installed (package qemu-system-common)"
[ -s "$image/vmlinuz" ] && [ -d "$tree/lib/modules" ] || cannot "no $image: run 'make image'"

exec 9>"${TMPDIR:-/tmp}/vswitchd-outer.lock"
flock -n 9 || { echo "outer: waiting for another one to end" >&2; flock 9; }

work=$(mktemp -d "${TMPDIR:-/tmp}/outer.XXXXXX")
pids=()
clean() {
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP

version=$(ls "$tree/lib/modules")

# The paths of the modules needed before any file system of the host is there, in loading order.
boot_modules() {
	local dep=$tree/lib/modules/$version/modules.dep name line m
	for name in virtio_pci virtiofs overlay; do
		line=$(grep "/$name\.ko:" "$dep") || continue
		for m in $(echo "${line#*:}" | tr ' ' '\n' | tac) "${line%%:*}"; do
			echo "$m"
		done
	done | awk '!seen[$0]++'
}

make_initrd() {
	local root=$work/root m
	mkdir -p "$root/bin" "$root/sbin" "$root/lib" "$root/modules" "$nested"
	cp "$tree/bin/busybox" "$root/bin/"
	ln -s ../bin/busybox "$root/sbin/modprobe"
	for m in $(boot_modules); do
		cp "$tree/lib/modules/$version/$m" "$root/modules/"
		basename "$m" >>"$root/modules/order"
	done
	install -m 755 "$here/outer-init.sh" "$root/init"
	(cd "$root" && find . | cpio --quiet -o -H newc -R +0:+0) >"$work/initrd"
}

# What the command finds inside: the same folder and environment.
make_share() {
	mkdir -p "$work/share/out"
	echo "MODULES=$tree/lib/modules" >"$work/share/env"
	{
		export -p | grep -vE ' (TMPDIR|PWD|OLDPWD|SHLVL)='
		# The system's programs before anybody's wrappers of them, which are slow here.
		echo 'PATH=/usr/sbin:/usr/bin:$PATH'
		printf 'cd %q || exit 1\n' "$PWD"
		printf 'exec'
		printf ' %q' "$@"
		echo
	} >"$work/share/run"
}

serve() { # TAG FOLDER CACHE
	$virtiofsd --socket-path="$work/$1.sock" -o source="$2" -o cache="$3" -o sandbox=chroot \
		--thread-pool-size=0 >"$work/$1.log" 2>&1 9>&- &
	pids+=($!)
}

make_initrd
make_share "$@"
# The host's files as they were: nothing is asked twice.
serve host / always
serve share "$work/share" auto
for _ in $(seq 50); do
	[ -S "$work/host.sock" ] && [ -S "$work/share.sock" ] && break
	sleep 0.1
done
[ -S "$work/host.sock" ] || { cat "$work/host.log" >&2; cannot "virtiofsd does not start"; }

# QEMU changes its word of pending interrupts on a VM exit without the lock that a timer takes to set
# a bit there; now and then (one in a few 10,000 exits of a busy guest) the machine's timer
# interrupt is lost so, and with it every later one. Any other interrupt makes the local APIC
# deliver both: a byte on the serial line, five times a second, that nobody reads.
mkfifo "$work/ticks"
exec 8<>"$work/ticks"
(sleep 5; while sleep 0.2; do echo; done) >&8 9>&- &
pids+=($!)

timeout --kill-after=5 "$limit" qemu-system-x86_64 \
	-nodefaults -no-user-config -display none -no-reboot -machine q35,memory-backend=ram \
	-accel tcg,thread=multi -cpu max,+svm,-la57 -smp 1 -m "$memory" \
	-object memory-backend-memfd,id=ram,size="${memory}M",share=on \
	-kernel "$image/vmlinuz" -initrd "$work/initrd" \
	-append "console=ttyS0 panic=-1 quiet tsc=reliable no_timer_check mitigations=off" \
	-chardev socket,id=host,path="$work/host.sock" \
	-device vhost-user-fs-pci,chardev=host,tag=host \
	-chardev socket,id=share,path="$work/share.sock" \
	-device vhost-user-fs-pci,chardev=share,tag=share \
	-chardev stdio,id=out,signal=off -serial file:"$work/kernel.log" -serial chardev:out \
	<&8 2>"$work/qemu.log" 9>&- &
pids+=($!)
wait $!
ended=$?

if [ -n "$out" ]; then
	mkdir -p "$out"
	cp -R "$work/share/out/." "$out/"
	cp "$work/kernel.log" "$out/kernel.log"
fi
if [ -s "$work/share/status" ]; then
	exit "$(cat "$work/share/status")"
fi
if [ $ended = 124 ] || [ $ended = 137 ]; then
	echo "outer: not done within $limit s" >&2
	tail -n 20 "$work/kernel.log" >&2
	exit 124
fi
echo "outer: the machine ended before the command did" >&2
cat "$work/kernel.log" "$work/qemu.log" >&2
exit 125
