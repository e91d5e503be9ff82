#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Host-only networks: the host's leg, DHCP without a router, and no way further.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping busybox tcpdump nft dnsmasq
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
# ---- IPv6 ----
h6=$(jctl net show h | json "d['host6']")
check "the leg has a unique local address (RFC 4193)" grep -q "^fd.*::1$" <<<"$h6"
equal "it is on the interface, with a link-local one" 2 \
	"$(ip -o -6 addr show dev vs-h | grep -cE "inet6 ($h6|fe80:.*)/64")"
ns a ip addr add "${h6%1}a/64" dev eth0 nodad
check "a guest reaches the host by IPv6" wait_for 4 ping_ok a "$h6" -W 1
check "the host reaches it" ping -c 1 -W 3 "${h6%1}a"
# A guest that says it is the router: the other guest believes it, the host does not.
ns a ip addr add fd66::1/64 dev eth0 nodad
ns a dnsmasq --no-daemon --conf-file=/dev/null --port=0 --interface=eth0 --enable-ra \
	--dhcp-range=fd66::,ra-only >/dev/null 2>&1 &
believer() { ns b ip -6 addr show dev eth0 | grep -q fd66:; }
check "a guest believes another's router advertisement" wait_for 8 believer
check_not "the host does not" sh -c \
	"ip -6 addr show dev vs-h | grep -q fd66: || ip -6 route show default | grep -q vs-h"
kill $!
ip addr add 2001:db8:9::1/64 dev up0 nodad
ns outside ip addr add 2001:db8:9::9/64 dev eth0 nodad
ns outside ip route add "${h6%1}/64" via 2001:db8:9::1
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ns a ip route add default via "$h6"
check_not "IPv6 does not get out by the host either" ping_ok a 2001:db8:9::9 -W 1
check_not "nor in" ping_ok outside "${h6%1}a" -W 1

# ---- life ----
kill_daemon
check "a crash leaves the leg" ip link show vs-h
start_daemon
check "a restarted daemon carries on" wait_for 5 ping_ok a 10.0.7.1 -W 1
equal "with the same IPv6 address" "$h6" "$(jctl net show h | json "d['host6']")"
check "that works" wait_for 4 ping_ok a "$h6" -W 1
check_not "and still lets nobody out" ping_ok a 198.51.100.9 -W 1
ip link add vs-taken type dummy 2>/dev/null || ip link add vs-taken type veth peer name vs-taken2
refused "an interface name that is taken" "vs-taken" vctl net add taken mode=host-only
refused "a gateway" "gateway" vctl net add h2 mode=host-only gateway=10.0.8.1
refused "a subnet that the host has" "198.51.100.0/24" \
	vctl net add h2 mode=host-only subnet=198.51.100.0/24
refused "a subnet with host bits" "10.0.8.1/24" vctl net add h2 mode=host-only subnet=10.0.8.1/24
check "a network that chooses its subnet" vctl net add h2 mode=host-only
check "two of them do not clash" vctl net add h3 mode=host-only dhcp=off
check "and have different IPv6 prefixes" test "$(jctl net show h2 | json "d['host6']")" != \
	"$(jctl net show h3 | json "d['host6']")"
refused "a subnet6 that another network has" "network h has it" \
	vctl net add h4 mode=host-only subnet6="${h6%1}/64"
refused "a subnet6 that the host has" "2001:db8:9::/64.*up0" \
	vctl net add h4 mode=host-only subnet6=2001:db8:9::/64
refused "a subnet6 that is no /64" "64 bits" vctl net add h4 mode=host-only subnet6=fd00::/48
refused "subnet6 elsewhere" "subnet6" vctl net add h4 mode=lan-segment subnet6=fd00:1::/64
check "a subnet6 that is given" vctl net add h4 mode=host-only subnet6=fd00:1:2:3::/64
equal "the prefix that was asked for" fd00:1:2:3::1 "$(jctl net show h4 | json "d['host6']")"
check "ipv6=off" vctl net add h5 mode=host-only ipv6=off
equal "leaves no IPv6 on the leg" "" "$(ip -o -6 addr show dev vs-h5)"
for n in h2 h3 h4 h5; do vctl net del $n; done
vctl port del a.eth0; vctl port del b.eth0
check "net del" vctl net del h
no_leg() { ! ip link show vs-h; }
check "takes the leg along" wait_for 2 no_leg
check "a clean end" stop_daemon
equal "leaves no nftables table" "" "$(nft list tables)"
finish
