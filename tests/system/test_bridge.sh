#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bridged networks. The NIC is one end of a veth pair, the physical network is a Linux bridge in
# namespace "lan" with a router that has a real DHCP server and a second station.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping busybox iperf3 tcpdump ethtool
start_daemon

add_ns lan
add_ns station
make_lan() {
	ip link add nic0 type veth peer name p0 netns lan
	ns lan ip link set p0 master br0 up
	ip link set nic0 up
}
ns lan ip link add br0 type bridge
ns lan ip addr add 203.0.113.1/24 dev br0
ns lan ip link set br0 up
make_lan
ns lan ip link add p1 type veth peer name eth0 netns station
ns lan ip link set p1 master br0 up
ns station ip addr add 203.0.113.9/24 dev eth0
ns station ip link set eth0 up
cat >$DIR/udhcpd.conf <<-EOF
	start 203.0.113.100
	end 203.0.113.120
	interface br0
	lease_file $DIR/udhcpd.leases
	pidfile $DIR/udhcpd.pid
	option subnet 255.255.255.0
	option router 203.0.113.1
	option lease 600
EOF
: >$DIR/udhcpd.leases
ns lan busybox udhcpd -f $DIR/udhcpd.conf >/dev/null 2>&1 &

refused "no NIC" "nic=IFNAME.*nic0" vctl net add br mode=bridge
refused "a NIC that is not there lists those that are" "nic9.*nic0" vctl net add br mode=bridge nic=nic9
refused "the loopback" "loopback" vctl net add br mode=bridge nic=lo
refused "auto without a default route" "default route" vctl net add br mode=bridge nic=auto
refused "a subnet" "subnet" vctl net add br mode=bridge nic=nic0 subnet=10.0.0.0/24
check "a bridged network" vctl net add br mode=bridge nic=nic0
refused "the same NIC again" "nic0.*br" vctl net add br2 mode=bridge nic=nic0
check "the NIC is promiscuous" sh -c "ip -d link show nic0 | grep -q 'promiscuity 1'"
plug br a && plug br b
said=$(dhcp_get a)
check "a gets a lease from the DHCP server outside" grep -qE "^ip=203\.0\.113\.1[012]" <<<"$said"
check "with its router" grep -qx "router=203.0.113.1" <<<"$said"
dhcp_get b >/dev/null
a=$(ns a ip -o -4 addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }')
b=$(ns b ip -o -4 addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }')
check "a reaches the router" ping_ok a 203.0.113.1
check "a reaches the station" ping_ok a 203.0.113.9
check "the station reaches b" ping_ok station "$b"
check "a reaches b" ping_ok a "$b"
mac_a=$(ns_mac a)
check "outside, a has its own MAC address" sh -c \
	"nsenter --net=/run/netns/station ip neigh | grep -q '$mac_a' ||
	 { nsenter --net=/run/netns/station ping -c1 -W2 $a; nsenter --net=/run/netns/station ip neigh | grep -q '$mac_a'; }"

# ---- checksums and super-frames, with and without offloads on the way ----
for tx in on off; do
	ethtool -K nic0 tx $tx >/dev/null
	ns station ethtool -K eth0 tx $tx >/dev/null
	ns lan ethtool -K p0 tx $tx >/dev/null
	up=$(iperf_gbit station a 203.0.113.9 1)
	down=$(iperf_gbit station a 203.0.113.9 1 -R)
	note "offload $tx: TCP up $up down $down Gbit/s"
	check "TCP up, offload $tx" awk "BEGIN { exit !(0$up > 0.2) }"
	check "TCP down, offload $tx" awk "BEGIN { exit !(0$down > 0.2) }"
	check "UDP both ways, offload $tx" sh -c \
		"[ $(iperf_gbit station a 203.0.113.9 1 -u -b 50M) = 0.05 ] && [ $(iperf_gbit station a 203.0.113.9 1 -u -b 50M -R) = 0.05 ]"
done
csum_errors() { ns "$1" awk '/^(Tcp|Udp):/ { if (!($1 in h)) { h[$1] = $0; split($0, k); next }
	split($0, v); for (i in k) if (k[i] ~ /InCsumErrors/) s += v[i] } END { print s + 0 }' /proc/net/snmp; }
equal "no bad checksum reached a" 0 "$(csum_errors a)"
equal "nor the station" 0 "$(csum_errors station)"

# ---- what is not for guests ----
sniff b eth0 $DIR/b.pcap
ns lan ip neigh replace 203.0.113.77 lladdr 02:00:00:00:00:77 dev br0
ns lan ping -c 2 -i 0.2 -W 1 203.0.113.77 >/dev/null
ns station ping -c 1 -W 2 203.0.113.1 >/dev/null
ns station busybox arping -c 1 -w 1 -I eth0 203.0.113.200 >/dev/null
ns a ping -c 1 -W 2 203.0.113.9 >/dev/null
sniff_end
equal "unicast to an unknown address is not flooded to guests" 0 \
	"$(sniffed $DIR/b.pcap ether host 02:00:00:00:00:77)"
equal "nor is another guest's" 0 "$(sniffed $DIR/b.pcap ether dst "$mac_a")"
check "a broadcast comes in" test "$(sniffed $DIR/b.pcap arp and host 203.0.113.200)" -ge 1
check "the drops have a name" test "$(port_stat br.nic "d['drops'].get('not-for-us', 0)")" -ge 2
ip addr add 203.0.113.50/24 dev nic0
sniff b eth0 $DIR/b2.pcap
check "the host itself still uses its NIC" ping -c 1 -W 3 203.0.113.9
sniff_end
equal "its unicast is not seen by guests" 0 "$(sniffed $DIR/b2.pcap icmp)"
ip addr del 203.0.113.50/24 dev nic0

# The kernel takes the tag out before a packet socket sees the frame; it must be put back.
frames=$(cd "$(dirname "$0")" && pwd)/frames.py
sniff b eth0 $DIR/tag.pcap
sniff_in=$sniffer
sniff lan p0 $DIR/tag-out.pcap
ns station "$frames" tagged eth0 42 tagged
ns a "$frames" tagged eth0 43 tagged
sniff_end
sniffer=$sniff_in
sniff_end
equal "a tagged frame from outside keeps its tag" 1 "$(sniffed $DIR/tag.pcap vlan 42)"
equal "and one from a guest" 1 "$(sniffed $DIR/tag-out.pcap vlan 43)"

# ---- the NIC goes and comes ----
nic_state() { [ "$(jctl net show br | json "d['nic_state']")" = "$1" ]; }
ip link set nic0 down
check "NIC down: the network says so" wait_for 3 nic_state down
equal "its port has not failed" up "$(port_stat br.nic "d['state']")"
ip link set nic0 up
check "NIC up: it goes on" wait_for 5 ping_ok a 203.0.113.9 -W 1
ip link del nic0
check "NIC removed: the network says so" wait_for 3 nic_state missing
equal "its port has failed" failed "$(port_stat br.nic "d['state']")"
check "guests still reach each other" ping_ok a "$b"
make_lan
check "NIC back: the network says so" wait_for 3 nic_state up
check "and goes on" wait_for 5 ping_ok a 203.0.113.9 -W 1
ip link set nic0 down
ip link set nic0 address 02:00:00:00:00:50
ip link set nic0 up
check "a new MAC address of the NIC is followed" wait_for 5 ping_ok a 203.0.113.9 -W 1

kill_daemon
ip link set nic0 name away0
start_daemon
check "a network waits for a NIC that is not there after a restart" nic_state missing
check "its guests reach each other" wait_for 3 ping_ok a "$b" -W 1
ip link set away0 down
ip link set away0 name nic0
ip link set nic0 up
check "and goes on when it comes" wait_for 5 ping_ok a 203.0.113.9 -W 1

vctl port del a.eth0; vctl port del b.eth0
check "net del" vctl net del br
check "ends promiscuous mode" wait_for 2 sh -c "ip -d link show nic0 | grep -q 'promiscuity 0'"
check "a clean end" stop_daemon
finish
