#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a bridged network may hang on: a NIC that may use one MAC address only (as with Wi-Fi), a
# Linux bridge of the host's, several NICs at once, and a NIC that changes its name.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping dnsmasq busybox iperf3 tcpdump nft python3

# lan NIC NS: NIC of the host is plugged into a switch in NS, which has 192.0.2.1 and a DHCP server.
lan() {
	add_ns "$2"
	ip link add "$1" type veth peer name p0 netns "$2"
	ip link set "$1" up
	ns "$2" ip link add br0 type bridge
	ns "$2" ip link set p0 master br0 up
	ns "$2" ip addr add 192.0.2.1/24 dev br0
	ns "$2" ip addr add 2001:db8::1/64 dev br0 nodad
	ns "$2" ip link set br0 up
	ns "$2" dnsmasq --no-daemon --conf-file=/dev/null --port=0 --interface=br0 \
		--dhcp-range=192.0.2.100,192.0.2.150,300 --dhcp-leasefile="$DIR/leases.$2" \
		--dhcp-range=2001:db8::,ra-only --enable-ra >"$DIR/dnsmasq.$2" 2>&1 &
}
address() { ns "$1" ip -o -4 addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }'; }
fact() { jctl net show "$1" | json "d['$2']"; }
is() { [ "$(fact "$1" "$2")" = "$3" ]; }

start_daemon
lan wlan0 ap
# The access point: who has not associated is not heard.
nic_mac=$(ip -o link show dev wlan0 | sed 's/.*link.ether \([^ ]*\).*/\1/')
ns ap nft "table bridge ap { chain in { type filter hook prerouting priority 0;
	iifname p0 ether saddr != $nic_mac counter drop; }; }"
refused_frames() { ns ap nft list table bridge ap | sed -n 's/.*packets \([0-9]*\) bytes.*/\1/p'; }

# ---- one MAC address ----
check "a plain bridge on such a NIC" vctl net add plain mode=bridge nic=wlan0 uplink=plain
plug plain x 192.0.2.60/24
check_not "does not get through" ping_ok x 192.0.2.1 -W 1
counted() { ping_ok x 192.0.2.1 -W 1; [ "$(refused_frames)" -gt 0 ]; }
check "because the access point drops the guest's frames" wait_for 4 counted
vctl port del x.eth0; vctl net del plain
ns ap nft 'reset counters' >/dev/null; ns ap nft flush table bridge ap
ns ap nft "add rule bridge ap in iifname p0 ether saddr != $nic_mac counter drop"

refused "uplink=several" "plain or single-mac" vctl net add w mode=bridge nic=wlan0 uplink=several
refused "uplink= without a bridge" "uplink" vctl net add w mode=internal uplink=plain
check "uplink=single-mac" vctl net add w mode=bridge nic=wlan0 uplink=single-mac
equal "is told" single-mac "$(fact w uplink)"
check "the NIC is not promiscuous" sh -c "ip -d link show wlan0 | grep -q 'promiscuity 0'"
plug w a && plug w b
check "a gets a lease from the DHCP server behind the access point" \
	sh -c "[ -n '$(dhcp_get a | sed -n 's/^ip=//p')' ]"
dhcp_get b >/dev/null
a=$(address a) b=$(address b)
check_not "b gets another one" test "$a" = "$b"
check "the server tells them apart by chaddr" sh -c \
	"grep -q '$(ns_mac a)' $DIR/leases.ap && grep -q '$(ns_mac b)' $DIR/leases.ap"
check "a reaches the outside" ping_ok a 192.0.2.1
ns ap ip neigh flush dev br0
check "the outside reaches b" ping_ok ap "$b"
equal "and sees the NIC's address" 1 "$(ns ap ip neigh show "$b" | grep -c "$nic_mac")"
check "a reaches b" ping_ok a "$b"
has_ra() { ns a ip -o -6 addr show dev eth0 scope global | grep 2001:db8 | grep -qv tentative; }
check "a has an IPv6 address by RA" wait_for 8 has_ra
a6=$(ns a ip -o -6 addr show dev eth0 scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
check "IPv6 out" wait_for 4 ping_ok a 2001:db8::1 -W 1
ns ap ip -6 neigh flush dev br0
check "IPv6 in" ping_ok ap "$a6"
up=$(iperf_gbit ap a 192.0.2.1 1) down=$(iperf_gbit ap a 192.0.2.1 1 -R)
note "single-mac: TCP up $up down $down Gbit/s"
check "TCP both ways, super-frames whole" awk "BEGIN { exit !(0$up > 0.05 && 0$down > 0.05) }"
ip addr add 192.0.2.50/24 dev wlan0
check "the host still uses its NIC" ping -c 1 -W 3 192.0.2.1
check "a reaches the host" ping_ok a 192.0.2.50
check "the host reaches b" ping -c 1 -W 3 "$b"
equal "the access point refused nothing" 0 "$(refused_frames)"
# A host that forwards gets what is for guests, too: their MAC address is its own.
echo 1 >/proc/sys/net/ipv4/ip_forward
ruled() { nft list ruleset | grep -q "\"wlan0\" . $b"; }
check "a private rule keeps the host's stack from what is for guests" wait_for 3 ruled
said=$(ns ap ping -c 3 -i 0.2 -W 2 "$b")
check_not "no packet is delivered twice, nobody is redirected" grep -qiE "dup|redirect" <<<"$said"
check "each once" grep -q " 3 received" <<<"$said"
echo 0 >/proc/sys/net/ipv4/ip_forward
ns b ip addr add 192.0.2.50/24 dev eth0
ns b ping -c 1 -W 1 -I 192.0.2.50 192.0.2.1 >/dev/null 2>&1
check "a guest can't have the host's address" test \
	"$(port_stat w.nic "d['drops'].get('spoofed', 0)")" -gt 0
check "the host's flow goes on" ping -c 1 -W 3 192.0.2.1
frames=$(cd "$(dirname "$0")" && pwd)/frames.py
ns a "$frames" tagged eth0 43 tagged
other() { [ "$(port_stat w.nic "d['drops'].get('proto', 0)")" -gt 0 ]; }
check "what can't be translated is dropped by name" wait_for 2 other
check "net show names the guests" grep -q "$a is $(ns_mac a)" <<<"$(vctl net show w)"
kill_daemon
start_daemon
check "a restarted daemon carries on" wait_for 4 ping_ok a 192.0.2.1 -W 1

# ---- several NICs, and a new name ----
lan nic1 lan1
ip link set nic1 mtu 9000; ns lan1 ip link set p0 mtu 9000; ns lan1 ip link set br0 mtu 9000
check "a second bridge on a second NIC" vctl net add v mode=bridge nic=nic1 mtu=9000
plug v c
check "with the leases of its own LAN" test -n "$(dhcp_get c)"
check "c reaches its LAN" ping_ok c 192.0.2.1
check "jumbo frames pass whole" ping_ok c 192.0.2.1 -M "do" -s 8972
check "and in" ping_ok lan1 "$(address c)" -M "do" -s 8972
watch $DIR/events events
ip link set nic1 down; ip link set nic1 name lan9
check "a NIC that is down: the network says so" wait_for 2 is v nic_state down
check "and why" grep -q "set down" <<<"$(fact v nic_reason)"
check "a NIC with a new name is followed" wait_for 2 is v nic_ifname lan9
ip link set lan9 up
check "and works" wait_for 2 ping_ok c 192.0.2.1 -W 1
told() { grep -q "$1" $DIR/events; }
for e in nic.down nic.renamed nic.up; do check "event $e" wait_for 2 told $e; done
watch_end
vctl port del c.eth0; vctl net del v
ns lan1 pkill dnsmasq

# ---- a Linux bridge of the host's ----
ip addr del 192.0.2.50/24 dev wlan0
ip link add br0 type bridge
ip link set lan9 master br0
ip link set br0 up
ip addr add 192.0.2.70/24 dev br0
bridge_facts() { ip -d -o link show br0; ip -o addr show br0; ip -d -o link show master br0; }
settled() { bridge_facts | grep -q 'br0:.*state UP' && ! bridge_facts | grep -q tentative &&
	bridge_facts | grep -q 'state forwarding'; }
wait_for 5 settled
# Timers run on their own.
still() { bridge_facts | sed 's/_timer *[0-9.]*//g; s/valid_lft.*//'; }
still >$DIR/br.before
refused "nic= of a bridge's port names the bridge" "via=br0" vctl net add u mode=bridge nic=lan9
refused "via= something that is no bridge" "lan9 is no bridge" vctl net add u mode=bridge via=lan9
refused "via= and nic=" "exclude" vctl net add u mode=bridge via=br0 nic=wlan0
check "via=br0" vctl net add u mode=bridge via=br0
equal "our tap is its port" 1 "$(ip -o link show master br0 | grep -c vs-u)"
equal "br0 keeps its address and MTU" "$(sed -n 1p $DIR/br.before | grep -o 'mtu [0-9]*\|ether [^ ]*')" \
	"$(still | sed -n 1p | grep -o 'mtu [0-9]*\|ether [^ ]*')"
plug u d 192.0.2.71/24
check "a guest reaches the LAN" wait_for 4 ping_ok d 192.0.2.1 -W 1
check "and the host" ping_ok d 192.0.2.70
check "and the host it" ping -c 1 -W 3 192.0.2.71
up=$(iperf_gbit lan1 d 192.0.2.1 1) down=$(iperf_gbit lan1 d 192.0.2.1 1 -R)
note "via a Linux bridge: TCP up $up down $down Gbit/s"
check "TCP both ways" awk "BEGIN { exit !(0$up > 0.05 && 0$down > 0.05) }"
kill_daemon
start_daemon
check "a restarted daemon carries on" wait_for 4 ping_ok d 192.0.2.1 -W 1
ip link set vs-u nomaster
member() { ip -o link show master br0 | grep -q vs-u; }
check "taken out of the bridge, it comes back" wait_for 3 member
check "and works" wait_for 4 ping_ok d 192.0.2.1 -W 1
vctl port del d.eth0; vctl net del u
restored() { still >$DIR/br.after; cmp -s $DIR/br.before $DIR/br.after; }
check "br0 is as it was" wait_for 3 restored
[ -z "$(diff $DIR/br.before $DIR/br.after)" ] || note "$(diff $DIR/br.before $DIR/br.after)"
check "a clean end" stop_daemon
finish
