#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# TCP between two namespaces: ports of an internal network against veths on a Linux bridge, in the
# same run, one after the other and again.  Ratios mean something, figures only on this machine.
#
#	bench/switch.sh [PASSES [SECONDS]]
. "$(dirname "$0")/../tests/system/lib.sh"
new_host "$@"
need iperf3
passes=${1:-3} seconds=${2:-3}
start_daemon
vctl net add n1 mode=internal >/dev/null
plug n1 a 10.0.0.1/24 >/dev/null && plug n1 b 10.0.0.2/24 >/dev/null
linux_bridge
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
cpu_ticks() { awk '{ print $14 + $15 }' /proc/$DAEMON_PID/stat; }

printf '%-6s %-5s %10s %10s %7s %12s\n' pass dir vswitchd bridge ratio 'CPU s/GB'
for pass in $(seq "$passes"); do
	for dir in up down; do
		reverse=; [ $dir = up ] || reverse=-R
		before=$(cpu_ticks)
		ours=$(iperf_gbit b a 10.0.0.2 "$seconds" $reverse)
		ticks=$(($(cpu_ticks) - before))
		theirs=$(iperf_gbit lb2 lb1 10.77.0.2 "$seconds" $reverse)
		ratio=$(awk "BEGIN { printf \"%.2f\", $ours / $theirs }")
		echo "$ratio" >>$DIR/ratio.$dir
		printf '%-6s %-5s %10s %10s %7s %12s\n' "$pass" $dir "$ours" "$theirs" "$ratio" \
			"$(awk "BEGIN { printf \"%.2f\", $ticks / 100 / ($ours * $seconds / 8) }")"
	done
done
printf 'median ratio: up %s, down %s\n' "$(median <$DIR/ratio.up)" "$(median <$DIR/ratio.down)"
printf 'super-frames: %s of %s frames\n' \
	"$(port_stat a.eth0 "d['rx']['gso']")" "$(port_stat a.eth0 "d['rx']['frames']")"
stop_daemon
