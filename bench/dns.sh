#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dns.sh - cached answers per second, ours beside dnsmasq, in one run on one machine.  A resolver in a
# namespace knows 1,000 names; both sides are asked for them by dnsperf from a namespace, over and
# over, as fast as they answer.  dnsmasq is measured twice: on a veth pair, which is the best that it
# can have, and as a guest of our switch meets it, behind the host's leg of the same network.
#
#	bench/dns.sh [SECONDS [CLIENTS]]        default: 5 s each, 4 sockets
#
# Needs dnsperf and dnsmasq (dnsmasq-base).  O= is the build.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../tests/system/lib.sh"
new_host "$@"
need dnsperf dnsmasq ip
seconds=${1:-5} clients=${2:-4} names=1000

for i in $(seq $names); do echo "n$i.example.com A"; done >$DIR/names
row() { printf '%-22s %10s %8s %10s %10s\n' "$@"; }
cpu_of() { awk '{ printf "%.2f", ($14 + $15) / 100 }' /proc/$1/stat; }

# measure NS SERVER PID WHO: one row. The first round fills the cache.
measure() {
	local out before after
	ns "$1" dnsperf -s "$2" -d $DIR/names -n 1 -c 1 -q 20 >/dev/null 2>&1
	before=$(cpu_of "$3")
	out=$(ns "$1" dnsperf -s "$2" -d $DIR/names -l "$seconds" -c "$clients" -q 200 2>/dev/null)
	after=$(cpu_of "$3")
	awk -v who="$4" -v cpu="$(echo "$after $before" | awk '{ print $1 - $2 }')" '
		/Queries completed:/ { n = $3 }
		/Queries lost:/ { lost = $4; gsub(/[()]/, "", lost) }
		/Queries per second:/ { qps = $4 }
		/Average Latency/ { lat = $4 }
		END { printf "%-22s %10.0f %8s %10.0f %10.1f\n", who, qps, lost, lat * 1e6,
			n ? cpu * 1e6 / n : 0 }' <<<"$out"
}

# forwarder ARGS...: dnsmasq that asks the resolver outside, as a host's would.
forwarder() {
	dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --bind-interfaces \
		--server=198.51.100.9 --cache-size=10000 --user=root --pid-file= "$@" >/dev/null 2>&1 &
	peer=$!
}

add_outside
nsenter --net=/run/netns/outside -- dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv \
	--no-hosts --address=/example.com/203.0.113.7 --local-ttl=3600 --user=root --pid-file= \
	>/dev/null 2>&1 &
echo "nameserver 198.51.100.9" >$DIR/resolv.conf
mount --bind $DIR/resolv.conf /etc/resolv.conf
start_daemon
vctl net add lan mode=nat subnet=10.0.2.0/24
plug lan guest 10.0.2.9/24

add_ns client
ip link add d0 type veth peer name d1 netns client
ip addr add 10.9.0.1/24 dev d0
ip link set d0 up
ns client ip addr add 10.9.0.2/24 dev d1
ns client ip link set d1 up

echo "$names names, $seconds s each, $clients sockets"
row server answers/s lost "latency us" "cpu us"
for pass in 1 2; do
	measure guest 10.0.2.2 "$DAEMON_PID" "vswitchd ($pass)"
	forwarder --listen-address=10.9.0.1
	wait_for 5 ns client dnsperf -s 10.9.0.1 -d $DIR/names -n 1 -t 1
	measure client 10.9.0.1 $peer "dnsmasq, veth ($pass)"
	kill $peer && wait $peer 2>/dev/null
	forwarder --listen-address=10.0.2.1
	wait_for 5 ns guest dnsperf -s 10.0.2.1 -d $DIR/names -n 1 -t 1
	measure guest 10.0.2.1 $peer "dnsmasq, switch ($pass)"
	kill $peer && wait $peer 2>/dev/null
done
stop_daemon
