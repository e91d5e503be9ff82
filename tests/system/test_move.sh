#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Changes under traffic: a NIC moves to another network and its DHCP client asks again; networks
# and ports come and go, and no packet of another network is lost.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping dhcpcd tcpdump
for d in /var/lib/dhcpcd /var/lib/dhcpcd5; do [ ! -d $d ] || mount -t tmpfs tmpfs $d; done
start_daemon

vctl net add one mode=internal subnet=10.1.0.0/24 dhcp=on
vctl net add two mode=host-only subnet=10.2.0.0/24
vctl net add calm mode=lan-segment
plug one m
plug two peer 10.2.0.9/24
plug calm c 10.3.0.1/24
plug calm d 10.3.0.2/24

has() { ns m ip -o -4 addr show dev eth0 | grep -q " $1"; }
ns m ip -o monitor link dev eth0 >$DIR/links 2>/dev/null &
monitor=$!
mkdir -p /var/run/dhcpcd /run/dhcpcd
ns m dhcpcd -B -4 -A -C resolv.conf -C hostname --noipv4ll --lastlease -t 20 eth0 >$DIR/dhcpcd 2>&1 &
client=$!
check "a DHCP client has an address of the first network" wait_for 10 has 10.1.0.
check "its NIC moves" vctl port move m.eth0 two
check "the client asks again and has one of the second" wait_for 12 has 10.2.0.
check "the old one is gone" sh -c "! nsenter --net=/run/netns/m ip -o -4 addr show dev eth0 | grep -q 10.1.0."
check "it reaches its new neighbours" ping_ok m 10.2.0.9
check "it saw the carrier go" grep -q "NO-CARRIER" $DIR/links
check "and come back" sh -c "tail -n 1 $DIR/links | grep -q LOWER_UP"
check "net, port and state agree" test "$(jctl port show m.eth0 | json "d['net'] + ' ' + d['state']")" = "two up"
kill $monitor
kill_daemon
start_daemon
equal "a restarted daemon remembers the move" two "$(jctl port show m.eth0 | json "d['net']")"
check "and it works" wait_for 5 ping_ok m 10.2.0.9 -W 1
kill $client

# Traffic on a network that nobody touches.
wait_for 3 ping_ok c 10.3.0.2
ns c ping -q -i 0.002 -c 2000 -W 2 10.3.0.2 >$DIR/calm 2>&1 &
calm=$!
add_ns moved
for i in 1 2 3 4 5 6; do
	vctl net add come$i mode="$([ $((i % 2)) = 0 ] && echo internal || echo host-only)"
	vctl port add come$i go$i netns=moved ifname=e$i
	vctl port move go$i one
	vctl port move m.eth0 come$i
	vctl port down go$i
	vctl port move m.eth0 two
	vctl port del go$i
	vctl net del come$i
done
wait $calm
equal "2000 packets of another network, none lost" "2000 packets transmitted, 2000 received, 0% packet loss" \
	"$(grep -o '2000 packets.*loss' $DIR/calm)"
equal "and the networks are those of before" "calm one two" "$(jctl net list | json "' '.join(sorted(n['name'] for n in d))")"
check "a clean end" stop_daemon
finish
