#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A frame sent on one network is seen on no other, in no mode, nor by the host: broadcast,
# multicast and unknown unicast, with a listener on every interface there is.
. "$(dirname "$0")/lib.sh"
new_host "$@"
frames=$(cd "$(dirname "$0")" && pwd)/frames.py
start_daemon

# The host's uplink (for NAT) and its NIC (for the bridge), each with a neighbour.
for n in wan lan; do
	add_ns $n
	ip link add $n type veth peer name eth0 netns $n
	ip link set $n up
	ns $n ip link set eth0 up
done
ip addr add 198.51.100.1/24 dev wan
ns wan ip addr add 198.51.100.9/24 dev eth0
ip route add default via 198.51.100.9

nets="nat bridge hostonly internal segment internal2 segment2"
check "nat" vctl net add nat mode=nat subnet=10.1.0.0/24
check "bridge" vctl net add bridge mode=bridge nic=lan
check "host-only" vctl net add hostonly mode=host-only subnet=10.3.0.0/24
check "internal" vctl net add internal mode=internal
check "a second internal" vctl net add internal2 mode=internal
check "lan-segment" vctl net add segment mode=lan-segment
check "a second lan-segment" vctl net add segment2 mode=lan-segment
for n in $nets; do
	plug $n ${n}1 && plug $n ${n}2 || fail "guests on $n"
done

# ---- listen everywhere, speak everywhere ----
# listen NS-OR-HOST IFNAME FILE: what is heard there, into FILE; all_listen: everybody does.
listen() {
	local via=""
	[ "$1" = host ] || via="nsenter --net=/run/netns/$1 --"
	$via "$frames" listen "$2" 120 >"$3" 2>"$3.ready" &
}
all_listen() { ! grep -L listening $DIR/*.ready | grep -q .; }
nobody_listens() { ! pgrep -f 'frames.py listen'; }
# heard COUNT FILE: so many frames; then a moment for what must not come.
heard() { [ "$(wc -l <"$2")" -ge "$1" ] && sleep 0.5; }
for n in $nets; do listen ${n}2 eth0 $DIR/seen.$n; done
for n in wan lan; do listen $n eth0 $DIR/seen.$n; done
listen host "" $DIR/seen.host
check "everybody listens" wait_for 5 all_listen
for n in $nets; do ns ${n}1 "$frames" send eth0 "from-$n"; done
"$frames" send wan from-host
heard_by_all() {
	local n
	for n in $nets wan lan; do [ "$(wc -l <$DIR/seen.$n)" -ge 3 ] || return 1; done
	sort -u $DIR/seen.host >$DIR/host.kinds
	heard 5 $DIR/host.kinds
}
wait_for 5 heard_by_all
pkill -f 'frames.py listen'
wait_for 5 nobody_listens

for n in $nets; do
	equal "guests of $n hear all three frames of $n and nothing else" "3 from-$n" \
		"$(sort $DIR/seen.$n | uniq -c | sed 's/^ *//; s/ *$//')"
done
equal "the physical network hears what the bridged guest sends, and nothing else" "3 from-bridge" \
	"$(sort $DIR/seen.lan | uniq -c | sed 's/^ *//; s/ *$//')"
equal "the uplink hears the host, and no network" "3 from-host" \
	"$(sort $DIR/seen.wan | uniq -c | sed 's/^ *//; s/ *$//')"
# Packet sockets show what the host sends too: on the bridge's NIC and on the uplink. The host's stack
# hears the bridge on vs-bridge-nic.
equal "the host hears its own legs and what leaves by its NICs" \
	"from-bridge lan;from-bridge vs-bridge-nic;from-host wan;from-hostonly vs-hostonly;from-nat vs-nat" \
	"$(sort -u $DIR/seen.host | grep -v '^$' | paste -sd';')"

# ---- a port that moves takes nothing along ----
check "port move" vctl port move segment1.eth0 segment2
plugged() { ns segment1 ip -o link show eth0 | grep -q 'state UP'; }
check "its cable is in again" wait_for 3 plugged
rm $DIR/*.ready
for n in segment segment2; do listen ${n}2 eth0 $DIR/moved.$n; done
check "two listen" wait_for 5 all_listen
ns segment1 "$frames" send eth0 moved
wait_for 5 heard 3 $DIR/moved.segment2
equal "its frames are heard on the new network" 3 "$(grep -c moved $DIR/moved.segment2)"
equal "and on the old one no more" 0 "$(grep -c moved $DIR/moved.segment)"
check "a clean end" stop_daemon
finish
