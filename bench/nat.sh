#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A NAT network against forwarding and nft masquerade by the kernel, in the same run, one after the
# other and again: TCP up and down by one stream and by eight, connections a second one after the
# other and by 32 at once, round trip, and at the end 50,000 UDP flows opened with their answers.
# Both guests are namespaces and share one outside.  Ratios mean something, figures only on this
# machine.
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
vctl net add n mode=nat subnet=10.0.2.0/24 dhcp=off nat-max=262144 nat-max-guest=262144 >/dev/null
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
	echo "$ratio" >>"$DIR/ratio.${2//\//-}"
	printf '%-5s %-11s %12s %12s %7s\n' "$1" "$2" "$3" "$4" "$ratio"
}
rtt() { # NS ADDRESS: p50 and p99, us
	ns "$1" ping -n -c 300 -i 0.005 "$2" | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n |
		awk '{ v[NR] = $1 * 1000 } END { print v[int((NR + 1) / 2)], v[int(NR * 0.99)] }'
}
rounds32() { # NS ADDRESS
	local i
	for i in $(seq 32); do ns "$1" python3 "$peers" rounds "$2" 7000 60 & done | awk '{ n += $1 } END { print n }'
}
ticks() { awk '{ print $14 + $15 }' /proc/"$DAEMON_PID"/stat; }
rss() { awk '/^VmRSS/ { print $2 }' /proc/"$DAEMON_PID"/status; }

printf '%-5s %-11s %12s %12s %7s\n' pass what vswitchd masquerade ratio
for pass in $(seq "$passes"); do
	for streams in 1 8; do
		for dir in up down; do
			reverse=; [ $dir = up ] || reverse=-R
			before=$(ticks)
			ours=$(iperf_gbit outside a 198.51.100.9 "$seconds" $reverse -P $streams)
			used=$(($(ticks) - before))
			row "$pass" "tcp-$dir-$streams" "$ours" \
				"$(iperf_gbit outside k 198.51.101.9 "$seconds" $reverse -P $streams)"
			awk "BEGIN { if ($ours > 0) printf \"      own CPU %.2f s/GB\n\", \
				$used / $(getconf CLK_TCK) / ($ours * $seconds / 8) }"
		done
	done
	row "$pass" conns "$(ns a python3 "$peers" rounds 198.51.100.9 7000 2000)" \
		"$(ns k python3 "$peers" rounds 198.51.101.9 7000 2000)"
	row "$pass" conns-32 "$(rounds32 a 198.51.100.9)" "$(rounds32 k 198.51.101.9)"
	read -r p50 p99 <<<"$(rtt a 198.51.100.9)"
	read -r k50 k99 <<<"$(rtt k 198.51.101.9)"
	row "$pass" rtt-p50-us "$p50" "$k50"
	row "$pass" rtt-p99-us "$p99" "$k99"
done

# 50,000 flows: 200 sockets to 250 ports; when all are open the other side speaks to each.
flows() { # NS ADDRESS: sets opened, per_s, heard, grown (KiB)
	local before
	mkfifo "$DIR/$1.serve" "$DIR/$1.open"
	ns outside "$tools/nat_flows" serve 10000 250 <"$DIR/$1.serve" >"$DIR/$1.serve.log" &
	exec 7>"$DIR/$1.serve"
	wait_for 3 grep -q ready "$DIR/$1.serve.log"
	before=$(rss)
	ns "$1" "$tools/nat_flows" open "$2" 10000 250 200 <"$DIR/$1.open" >"$DIR/$1.open.log" &
	exec 8>"$DIR/$1.open"
	wait_for 60 grep -q answered "$DIR/$1.open.log"
	grown=$(($(rss) - before))
	opened=$(sed -n 's/.*answered \([0-9]*\).*/\1/p' "$DIR/$1.open.log")
	per_s=$(sed -n 's/.*per_s //p' "$DIR/$1.open.log")
	echo say >&8
	echo say >&7
	wait_for 60 grep -q heard "$DIR/$1.open.log"
	heard=$(sed -n 's/heard //p' "$DIR/$1.open.log")
	exec 7>&- 8>&-
}
tools=$O/bench
if [ -x "$tools/nat_flows" ]; then
	fds=$(find /proc/"$DAEMON_PID"/fd -mindepth 1 | wc -l)
	flows a 198.51.100.9
	ours="$opened $per_s $heard $grown"
	fds=$(($(find /proc/"$DAEMON_PID"/fd -mindepth 1 | wc -l) - fds))
	flows k 198.51.101.9
	read -r o p h g <<<"$ours"
	row - flows "$o" "$opened"
	row - flows/s "$p" "$per_s"
	row - flows-hold "$h" "$heard"
	echo "      memory grew by $g KiB, $((g * 1024 / (o > 0 ? o : 1))) bytes a flow; descriptors by $fds"
fi
printf 'median ratios:'
for what in tcp-up-1 tcp-down-1 tcp-up-8 tcp-down-8 conns conns-32 rtt-p50-us rtt-p99-us; do
	printf ' %s %s' "$what" "$(median <"$DIR/ratio.$what")"
done
echo
stop_daemon
