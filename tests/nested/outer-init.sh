#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# First process of the outer machine (outer.sh): show the host's file system, writable but without
# effect on the host, and run one command in it. Kernel messages go to ttyS0, output to ttyS1.

busybox=/bin/busybox
$busybox mkdir -p /proc /sys /dev /host /rw /new /share
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sys /sys
$busybox mount -t devtmpfs dev /dev

while read -r module; do
	$busybox insmod "/modules/$module"
done </modules/order

end() {
	[ -z "$1" ] || echo "outer: $1" >/dev/ttyS0
	$busybox sync
	$busybox poweroff -f
}

$busybox mount -t virtiofs -o ro host /host || end "cannot mount the host's file system"
$busybox mount -t virtiofs share /share || end "cannot mount the shared folder"
# shellcheck source=/dev/null
. /share/env # MODULES= PWD_INSIDE=
# The kernel asks for further modules by /sbin/modprobe of this root, not of the one made below.
$busybox ln -s "/host$MODULES" /lib/modules

$busybox mount -t tmpfs -o mode=0755 rw /rw
$busybox mkdir /rw/up /rw/work
$busybox mount -t overlay -o lowerdir=/host,upperdir=/rw/up,workdir=/rw/work overlay /new ||
	end "cannot make the overlay"
$busybox mount -t proc proc /new/proc
$busybox mount -t sysfs sys /new/sys
$busybox mount -t devtmpfs dev /new/dev
$busybox mkdir -p /new/dev/pts /new/dev/shm /new/outer
$busybox mount -t devpts -o ptmxmode=0666 devpts /new/dev/pts
$busybox mount -t tmpfs shm /new/dev/shm
$busybox mount -t tmpfs -o mode=0755 run /new/run
$busybox mount --bind /share /new/outer
$busybox modprobe kvm-amd || echo "outer: no kvm-amd" >/dev/ttyS0
$busybox modprobe tun
# What udev does on Debian.
$busybox ln -s /proc/self/fd /dev/fd
$busybox chroot /new /bin/sh -c "chown root:kvm /dev/kvm; chmod 660 /dev/kvm; chmod 666 /dev/net/tun"
$busybox ifconfig lo up
$busybox hostname outer

$busybox stty -F /dev/ttyS1 raw -echo
# A session of its own, so that job control and "setsid" inside behave as on a real machine.
$busybox setsid $busybox chroot /new /bin/bash /outer/run </dev/null >/dev/ttyS1 2>&1
echo $? >/share/status
end
