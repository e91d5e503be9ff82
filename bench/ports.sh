#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ports.sh [N] - N ports (1,000) made, listed, moved and deleted, by carrier, beside what the kernel
# alone takes for as many taps in the same run; then what a frame costs with 10 addresses in the table
# and with 100,000.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../tests/system/lib.sh"
new_host "$@"
need python3
ports=${1:-1000} frames=${FRAMES:-100000}
ticks() { awk '{ print $14 + $15 }' "/proc/$DAEMON_PID/stat"; }

# What is measured shall be the only traffic.
quiet() { "$@" sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.all.disable_ipv6=1; }
quiet env
add_ns crowd && quiet ns crowd

ns crowd python3 "$TOP/bench/ports.py" $SOCK 0 kernel "$ports"
start_daemon
echo "| carrier | made ms | ports/s | reached by a broadcast | KiB each | list ms | show us | moved ms | deleted ms | gone s |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for carrier in dummy netns tap; do
	python3 "$TOP/bench/ports.py" $SOCK "$DAEMON_PID" $carrier "$ports"
done

# cost TEXT COUNT: CPU time of the daemon for a frame between two namespaces, COUNT addresses on
# either side. The best of three: other work on the machine only adds to it.
cost() {
	local best=999999 before took
	# b's addresses are to be known before.
	ns b python3 "$TOP/tests/system/macs.py" eth0 "$2" "02:b0/$2" 02:a0:00:00:00:00 >/dev/null
	for _ in 1 2 3; do
		before=$(ticks)
		ns a python3 "$TOP/tests/system/macs.py" eth0 "$frames" "02:a0/$2" "02:b0/$2" >/dev/null
		took=$((($(ticks) - before) * 10000000 / frames))
		[ $took -ge $best ] || best=$took
	done
	echo "$1: $best ns of CPU a frame"
}
vctl net add lan mode=lan-segment macs=250000 >/dev/null
plug lan a >/dev/null && plug lan b >/dev/null
for n in a b; do quiet ns $n; ns $n ip link set eth0 txqueuelen 10000; done
cost "2 ports, 10 addresses" 10
cost "2 ports, 100,000 addresses on either side" 100000
