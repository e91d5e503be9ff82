#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Host-only networks: the host's leg, DHCP without a router, and no way further.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping busybox tcpdump nft
start_daemon

# The host has an outside, and forwards: whoever gets there from a host-only network got out.
add_outside
ns outside ip route add default via 198.51.100.1
echo 1 >/proc/sys/net/ipv4/ip_forward

check "a host-only network" vctl net add h mode=host-only subnet=10.0.7.0/24
equal "the host's leg" "10.0.7.1/24" "$(ip -o -4 addr show dev vs-h | awk '{ print $4 }')"
check "it is told in net show" test "$(jctl net show h | json "d['host']")" = 10.0.7.1
plug h a && plug h b
said=$(dhcp_get a)
check "a gets a lease" grep -qE "^ip=10\.0\.7\.1(2[89]|[3-9].)$" <<<"$said"
check_not "that names no router" grep -q "^router=" <<<"$said"
dhcp_get b >/dev/null
a=$(ns a ip -o -4 addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }')
b=$(ns b ip -o -4 addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }')
check_not "different addresses" test "$a" = "$b"
check "a reaches b" ping_ok a "$b"
check "a reaches the host" ping_ok a 10.0.7.1
check "the host reaches a" ping -c 1 -W 3 "$a"
echo "from the host" >$DIR/reply
busybox nc -l -p 8080 <$DIR/reply >/dev/null 2>&1 &
wait_for 3 sh -c "ss -Hltn | grep -q :8080"
check "TCP from a to the host" sh -c \
	"nsenter --net=/run/netns/a busybox nc -w 3 10.0.7.1 8080 </dev/null | grep -q 'from the host'"

# ---- no way further ----
ns a ip route add default via 10.0.7.1
sniff outside eth0 $DIR/outside.pcap
check_not "a does not get out by the host" ping_ok a 198.51.100.9 -W 1
check_not "nor does the outside get in" ping_ok outside "$a" -W 1
sniff_end
equal "no packet of a left the host" 0 "$(sniffed $DIR/outside.pcap src net 10.0.7.0/24)"
check_not "the host does not answer ARP for its other address" \
	ns a busybox arping -c 1 -w 1 -I eth0 198.51.100.1
equal "no IPv6 address on the leg" "" "$(ip -o -6 addr show dev vs-h)"

# ---- life ----
kill_daemon
check "a crash leaves the leg" ip link show vs-h
start_daemon
check "a restarted daemon carries on" wait_for 2 ping_ok a 10.0.7.1 -W 1
check_not "and still lets nobody out" ping_ok a 198.51.100.9 -W 1
ip link add vs-taken type dummy 2>/dev/null || ip link add vs-taken type veth peer name vs-taken2
refused "an interface name that is taken" "vs-taken" vctl net add taken mode=host-only
refused "a gateway" "gateway" vctl net add h2 mode=host-only gateway=10.0.8.1
refused "a subnet that the host has" "198.51.100.0/24" \
	vctl net add h2 mode=host-only subnet=198.51.100.0/24
refused "a subnet with host bits" "10.0.8.1/24" vctl net add h2 mode=host-only subnet=10.0.8.1/24
check "a network that chooses its subnet" vctl net add h2 mode=host-only
check "two of them do not clash" vctl net add h3 mode=host-only dhcp=off
vctl net del h2; vctl net del h3
vctl port del a.eth0; vctl port del b.eth0
check "net del" vctl net del h
no_leg() { ! ip link show vs-h; }
check "takes the leg along" wait_for 2 no_leg
check "a clean end" stop_daemon
equal "leaves no nftables table" "" "$(nft list tables)"
finish
