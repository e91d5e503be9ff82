#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bridged networks. The NIC is one end of a veth pair, the physical network is a Linux bridge in
# namespace "lan" with a router that has a real DHCP server and a second station.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping busybox iperf3 tcpdump ethtool nft tc
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
facts() { # the NIC, and all that could be left
	ip -d link show nic0; tc qdisc show dev nic0; tc filter show dev nic0 ingress
	ethtool -k nic0; nft list ruleset | sed 's/vswitchd-[0-9a-f]*/OURS/'; ip -o link | awk -F': ' '{ print $2 }'
}
wait_for 3 sh -c "ip -o link show nic0 | grep -q 'state UP'"
facts >$DIR/before
check "a bridged network" vctl net add br mode=bridge nic=nic0
refused "the same NIC again" "nic0.*br" vctl net add br2 mode=bridge nic=nic0
check "the NIC is promiscuous" sh -c "ip -d link show nic0 | grep -q 'promiscuity 1'"
vctl net del br
back() { facts >$DIR/after; cmp -s $DIR/before $DIR/after; }
check "deleted, the NIC is as it was" wait_for 3 back
vctl net add br mode=bridge nic=nic0
kill_daemon
sed -i '/^table inet OURS/,/^}/d' $DIR/before # with the daemon, its own table goes
check "after a crash, the NIC is as it was" wait_for 3 back
[ -z "$(diff $DIR/before $DIR/after)" ] || note "$(diff $DIR/before $DIR/after)"
start_daemon
check "and the network comes back" test "$(jctl net show br | json "d['nic_state']")" = up
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
		"[ $(iperf_gbit station a 203.0.113.9 1 -u -b 50M) != 0 ] && [ $(iperf_gbit station a 203.0.113.9 1 -u -b 50M -R) != 0 ]"
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

# ---- host and guests over the NIC ----
check "net show: the host can be reached" test "$(jctl net show br | json "d['host_reach']['ok']")" = True
check "a guest reaches the host" ping_ok a 203.0.113.50
check "the host reaches a guest" ping -c 1 -W 3 "$b"
check "the host sees it on the NIC, under its own address" sh -c \
	"ip neigh show dev nic0 | grep -qi '$(ns_mac b)'"
check "IPv6 too, by multicast" ping_ok a "$(ip -o -6 addr show dev nic0 scope link | awk '{ sub("/.*", "", $4); print $4 }')%eth0"
from_host() { # Gbit/s of TCP between guest a and the host
	iperf3 -s -1 -B 203.0.113.50 >/dev/null 2>&1 &
	wait_for 3 sh -c "ss -Hltn | grep -q :5201"
	ns a timeout 8 iperf3 -c 203.0.113.50 -t 1 -J "$@" >$DIR/iperf.json
	json "'%.2f' % (d['end']['sum_received']['bits_per_second'] / 1e9)" <$DIR/iperf.json
}
up=$(from_host) down=$(from_host -R)
note "guest and host: TCP up $up down $down Gbit/s"
check "TCP to the host" awk "BEGIN { exit !(0$up > 0.05) }"
check "TCP from the host" awk "BEGIN { exit !(0$down > 0.05) }"
# A firewall of the host's on its NIC judges guests like anybody else outside.
nft 'table ip fw { chain in { type filter hook input priority 0; iifname nic0 icmp type echo-request drop; }; }'
check_not "the host's firewall holds for guests" ping_ok a 203.0.113.50 -W 1
nft delete table ip fw
sniff a eth0 $DIR/own.pcap
ns a busybox arping -c 1 -w 1 -I eth0 203.0.113.201 >/dev/null
sniff_end
equal "a guest's broadcast does not come back to it" 1 "$(sniffed $DIR/own.pcap arp and host 203.0.113.201)"
equal "nor is it taken for an echo of the network's" 0 "$(port_stat br.nic "d['drops'].get('spoofed', 0)")"
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
no_tap() { ! ip link show vs-br-nic; }
check "a crash leaves no interface of ours" wait_for 3 no_tap
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
