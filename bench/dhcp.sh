#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dhcp.sh - DHCP exchanges (DISCOVER, OFFER, REQUEST, ACK) per second, ours beside dnsmasq, in one
# run on one machine.  A rate counts when at most 1 % of the exchanges at it are lost; every rate
# meets a fresh server.  Both keep leases on the same file system.  Ours asks by ARP before it offers
# a new address, as always; dnsmasq does not (--no-ping), or its first offers would take 3 s.
#
#	bench/dhcp.sh [CLIENTS [RATE...]]        default: 250 clients; 500 1000 2000 3000 4000 5000
#
# Needs perfdhcp (package kea-admin); dnsmasq (dnsmasq-base) for the comparison.  O= is the build.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../tests/system/lib.sh"
new_host "$@"
need perfdhcp ip
clients=${1:-250}
shift
[ $# -gt 0 ] || set -- 500 1000 2000 3000 4000 5000
SECONDS_EACH=${SECONDS_EACH:-5}
# Leases go where /var/tmp is: a disk, unlike /run.
store=$(mktemp -d /var/tmp/bench-dhcp-XXXXXX)
trap 'rm -rf "$store"' EXIT

# measure IFNAME SERVER RATE: prints "sent lost% offer-ms ack-ms".
measure() {
	perfdhcp -4 -r "$3" -R "$clients" -p "$SECONDS_EACH" -l "$1" -W 1 "$2" 2>&1 | awk '
		/^sent packets:/ { if (!s) s = $3 }
		/^drops ratio:/ { if ($3 + 0 > l) l = $3 + 0 }
		/^avg delay:/ { d[n++] = $3 + 0 }
		END { printf "%d %.2f %s %s\n", s, l, d[0], d[1] }'
}

row() { printf '%-9s %7s %8s %7s %9s %9s %6s\n' "$@"; }
# CPU seconds that a process took so far.
cpu_of() { awk '{ printf "%.2f", ($14 + $15) / 100 }' /proc/$1/stat; }

ours() {
	STATE=$store/ours
	start_daemon
	vctl net add n mode=host-only subnet=10.8.0.0/14 dhcp=10.8.1.0-10.11.0.0 lease=3600s
	read -r -a measured < <(measure vs-n 10.11.255.254 "$1")
	row vswitchd "$1" "${measured[@]}" "$(cpu_of $DAEMON_PID)"
	stop_daemon
	rm -rf "$store/ours"
}

dnsmasq_side() {
	ip link add d0 type veth peer name d1
	ip addr add 10.9.255.254/14 dev d0
	ip link set d0 up
	ip netns add client 2>/dev/null
	ip link set d1 netns client
	ns client ip addr add 10.9.255.253/14 dev d1
	ns client ip link set d1 up
	dnsmasq -k -p 0 --no-ping -C /dev/null -i d0 --bind-interfaces --dhcp-lease-max=300000 -u root \
		--dhcp-range=10.8.1.0,10.9.250.0,255.252.0.0,3600 \
		--dhcp-leasefile="$store/dnsmasq.leases" -x "$store/pid" >/dev/null 2>&1 &
	server=$!
	sleep 1
	read -r -a measured < <(ns client bash -c "$(declare -f measure); clients=$clients \
		SECONDS_EACH=$SECONDS_EACH measure d1 10.9.255.254 $1")
	row dnsmasq "$1" "${measured[@]}" "$(cpu_of $server)"
	kill $server && wait $server 2>/dev/null
	ip link del d0
	rm -f "$store"/dnsmasq.leases
}

echo "$clients clients, $SECONDS_EACH s each"
row server rate/s sent lost% offer-ms ack-ms cpu-s
for rate; do
	ours "$rate"
	! command -v dnsmasq >/dev/null || dnsmasq_side "$rate"
done
