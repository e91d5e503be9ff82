#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A NAT network against forwarding and nft masquerade by the kernel, in the same run, one after the
# other and again: TCP up and down, connections a second, round trip.  Both guests are namespaces
# and share one outside.  Ratios mean something, figures only on this machine.
#
#	bench/nat.sh [PASSES [SECONDS]]
. "$(dirname "$0")/../tests/system/lib.sh"
new_host "$@"
need iperf3 nft python3 ping
passes=${1:-3} seconds=${2:-3}
peers=$TOP/tests/system/nat_peers.py
start_daemon

# Ours: a on network n, out of up0.
add_outside
vctl net add n mode=nat subnet=10.0.2.0/24 dhcp=off >/dev/null
plug n a 10.0.2.9/24 >/dev/null
ns a ip route add default via 10.0.2.2

# Theirs: k behind router r, which masquerades, out of eth1.
add_ns r
add_ns k
ip link add vk type veth peer name eth0 netns k
ip link set vk netns r name eth0
ip link add vr type veth peer name eth1 netns outside
ip link set vr netns r name eth1
ns r ip addr add 10.9.0.1/24 dev eth0
ns r ip addr add 198.51.101.1/24 dev eth1
ns k ip addr add 10.9.0.2/24 dev eth0
ns outside ip addr add 198.51.101.9/24 dev eth1
ns r ip link set eth0 up
ns r ip link set eth1 up
ns k ip link set eth0 up
ns outside ip link set eth1 up
ns k ip route add default via 10.9.0.1
ns r sysctl -qw net.ipv4.ip_forward=1
ns r nft -f - <<-'RULES'
	table ip nat {
		chain post {
			type nat hook postrouting priority 100;
			oifname "eth1" masquerade
		}
	}
RULES

ns outside python3 "$peers" serve 7000 >/dev/null 2>&1 &
ping_ok a 198.51.100.9 >/dev/null || { echo "no way out"; exit 1; }
ping_ok k 198.51.101.9 >/dev/null || { echo "no way out by the kernel"; exit 1; }

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
row() {
	local ratio
	ratio=$(awk "BEGIN { printf \"%.2f\", ($4 > 0) ? $3 / $4 : 0 }")
	echo "$ratio" >>"$DIR/ratio.$2"
	printf '%-5s %-10s %12s %12s %7s\n' "$1" "$2" "$3" "$4" "$ratio"
}
rtt() { ns "$1" ping -n -q -c 200 -i 0.005 "$2" | awk -F/ '/^rtt/ { print $5 * 1000 }'; }

printf '%-5s %-10s %12s %12s %7s\n' pass what vswitchd masquerade ratio
for pass in $(seq "$passes"); do
	for dir in up down; do
		reverse=; [ $dir = up ] || reverse=-R
		row "$pass" "tcp-$dir" "$(iperf_gbit outside a 198.51.100.9 "$seconds" $reverse)" \
			"$(iperf_gbit outside k 198.51.101.9 "$seconds" $reverse)"
	done
	row "$pass" conns "$(ns a python3 "$peers" rounds 198.51.100.9 7000 2000)" \
		"$(ns k python3 "$peers" rounds 198.51.101.9 7000 2000)"
	row "$pass" rtt-us "$(rtt a 198.51.100.9)" "$(rtt k 198.51.101.9)"
done
printf 'median ratio: up %s, down %s, connections %s, round trip %s\n' "$(median <$DIR/ratio.tcp-up)" \
	"$(median <$DIR/ratio.tcp-down)" "$(median <$DIR/ratio.conns)" \
	"$(median <$DIR/ratio.rtt-us)"
stop_daemon
