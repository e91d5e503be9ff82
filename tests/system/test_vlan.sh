#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# VLANs: access ports, a trunk over a real veth to another switch, trunks of LAN segments, cables
# between networks. Where the kernel's bridge filters VLANs, it is the other end of a trunk too.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping iperf3 tcpdump
start_daemon

# ---- access ports and a trunk over a veth ----
ip link add t0 type veth peer name t1
ip link set t0 up && ip link set t1 up
for s in s1 s2; do vctl net add $s mode=lan-segment; done
vctl port add s1 up1 nic=t0
vctl port add s2 up2 nic=t1
plug s1 a10 10.0.0.1/24; plug s1 a20 10.0.0.1/24; plug s1 a1 10.0.0.1/24
plug s2 b10 10.0.0.2/24; plug s2 b20 10.0.0.2/24; plug s2 b1 10.0.0.2/24
for p in a10 b10; do check "$p is in VLAN 10" vctl port set $p.eth0 vlan=10; done
for p in a20 b20; do check "$p is in VLAN 20" vctl port set $p.eth0 vlan=20; done
for p in up1 up2; do check "$p is a trunk" vctl port set $p trunk=10,20; done
refused "no such id" "1 to 4094" vctl port set a10.eth0 vlan=4095
refused "access and trunk at once" "don't go together" vctl port set a10.eth0 vlan=3 trunk=4
refused "a network that is not there" "no network .*green" vctl port set a10.eth0 trunk=green
equal "and nothing has changed" 10 "$(port_stat a10.eth0 "d['settings']['vlan']")"

sniff host t0 $DIR/trunk.pcap
check "VLAN 10 across the trunk" ping_ok a10 10.0.0.2
check "VLAN 20 across the trunk, with the same addresses" ping_ok a20 10.0.0.2
check_not "VLAN 1 is not on this trunk" ns a1 ping -n -q -c 1 -W 1 10.0.0.2
sniff_end
check "tcpdump sees VLAN 10 on the veth" test "$(sniffed $DIR/trunk.pcap vlan 10 and icmp)" -ge 2
check "and VLAN 20" test "$(sniffed $DIR/trunk.pcap vlan 20 and icmp)" -ge 2
equal "and nothing untagged of theirs" 0 "$(sniffed $DIR/trunk.pcap icmp)"
equal "mac list tells the VLANs" "10 20" "$(jctl mac list s2 |
	json "' '.join(map(str,sorted({m['vlan'] for m in d if m['vlan'] in (10,20)})))")"
check "native=1 lets VLAN 1 through too" vctl port set up1 native=1
vctl port set up2 native=1
check "untagged" wait_for 5 ping_ok a1 10.0.0.2 # whose address was asked for in vain before

gbit=$(iperf_gbit b10 a10 10.0.0.2 1)
check "TCP across the trunk ($gbit Gbit/s)" test "$gbit" != 0
check "super-frames crossed it whole" test "$(port_stat up1 "d['tx']['gso']")" -gt 10
equal "none was cut for it" 0 "$(port_stat up1 "d['soft']['gso']")"

# ---- who hears a broadcast ----
sniff a20 eth0 $DIR/a20.pcap arp
ns a10 ping -n -q -c 1 -W 1 10.0.0.99 >/dev/null
sniff_end
equal "VLAN 20 hears nothing of VLAN 10" 0 "$(sniffed $DIR/a20.pcap arp and host 10.0.0.99)"

# ---- a restart ----
check "a trunk becomes an access port again" vctl port set b20.eth0 trunk=30,40
vctl port set b20.eth0 native=30
vctl port set b20.eth0 vlan=20
kill_daemon
start_daemon
equal "settings are back" "10,20 1" \
	"$(port_stat up1 "d['settings']['trunk'] + ' ' + d['settings']['native']")"
check "and work" ping_ok a10 10.0.0.2
equal "also of a port that was a trunk between" "{'vlan': '20'}" "$(port_stat b20.eth0 "d['settings']")"

# ---- segments with an id on one trunk ----
vctl net add red mode=lan-segment vlan=10
vctl net add blue mode=lan-segment vlan=20
plug red r1 10.1.0.1/24; plug blue b1x 10.2.0.1/24
add_ns router
check "a trunk of two segments" vctl port add red router.eth0 netns=router ifname=eth0 trunk=red+blue
check "its part is listed on blue" sh -c "'$VNETCTL' -s $SOCK port list blue | grep -q 'router.eth0.20 .*trunk'"
refused "that part is not the user's to delete" "part of trunk" vctl port del router.eth0.20
sniff router eth0 $DIR/router.pcap
ns r1 ping -n -q -c 1 -W 1 10.1.0.254 >/dev/null
ns b1x ping -n -q -c 1 -W 1 10.2.0.254 >/dev/null
sniff_end
check "red comes tagged 10" test "$(sniffed $DIR/router.pcap vlan 10 and arp)" -ge 1
check "blue comes tagged 20" test "$(sniffed $DIR/router.pcap vlan 20 and arp)" -ge 1
check "blue is deleted" vctl net del blue
kill_daemon
start_daemon
equal "the trunk waits for it, also after a restart" "red,blue" \
	"$(port_stat router.eth0 "d['settings']['trunk']")"
check "blue is made again" vctl net add blue mode=lan-segment vlan=20
check "and carried again" vctl port show router.eth0.20
if ns router ip link add link eth0 name eth0.10 type vlan id 10 2>/dev/null; then
	ns router ip link add link eth0 name eth0.20 type vlan id 20
	ns router ip addr add 10.1.0.254/24 dev eth0.10
	ns router ip addr add 10.2.0.254/24 dev eth0.20
	ns router sh -c "ip link set eth0.10 up; ip link set eth0.20 up; echo 1 >/proc/sys/net/ipv4/ip_forward"
	plug blue b2x 10.2.0.1/24
	ns r1 ip route add default via 10.1.0.254
	ns b2x ip route add default via 10.2.0.254
	check "a router on one trunk joins red and blue" ping_ok r1 10.2.0.1
else
	skip "a router on one trunk joins red and blue" "the kernel has no 802.1Q interfaces"
fi

# ---- a cable between two networks ----
check "one end" vctl port add red red.up patch=s1.up
equal "has no link yet" down "$(port_stat red.up "d['state']")"
check "the other end" vctl port add s1 s1.up patch=red.up
plug red c1 10.0.0.77/24
check "the cable carries frames" ping_ok c1 10.0.0.1
check "one end down" vctl port down s1.up
equal "the other says why" "its other end is set down" "$(port_stat red.up "d['reason']")"
check_not "nothing passes" ns c1 ping -n -q -c 1 -W 1 10.0.0.1
vctl port up s1.up
check "and again" ping_ok c1 10.0.0.1

# ---- said in a topology file ----
cat >$DIR/vlans.yaml <<-'EOT'
	version: 1
	name: vlans
	networks: {sw: {mode: lan-segment}}
	nodes:
	  h1: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.1/24, vlan: 10}]}
	  h2: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.2/24, vlan: 10}]}
	  h3: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.3/24, vlan: 20}]}
	  tap: {kind: namespace, interfaces: [{network: sw, trunk: "10,20"}]}
	checks:
	  - {id: same, title: h1 reaches h2, ping: {from: h1, to: h2}, within: 5s}
	  - {id: other, title: h1 does not reach h3, ping: {from: h1, to: h3}, expect: fail, needs: [same], within: 2s}
EOT
check "lab up" vctl lab up $DIR/vlans.yaml
check "its checks: one VLAN is joined, two are not" vctl lab check $DIR/vlans.yaml
check "lab down" vctl lab down vlans

# ---- the kernel's bridge at the other end of a trunk ----
if ip link add vbr type bridge vlan_filtering 1 2>/dev/null; then
	ip link add k0 type veth peer name k1
	for i in k0 k1 vbr; do ip link set $i up; done
	ip link set k1 master vbr
	bridge vlan add dev k1 vid 10
	add_ns kst
	ip link add kp type veth peer name eth0 netns kst
	ip link set kp master vbr up
	bridge vlan del dev kp vid 1
	bridge vlan add dev kp vid 10 pvid untagged
	ns kst ip addr add 10.0.0.5/24 dev eth0
	ns kst ip link set eth0 up
	vctl port add s1 kup nic=k0 trunk=10
	check "a Linux bridge speaks 802.1Q with us" ping_ok a10 10.0.0.5
	check "both ways" ping_ok kst 10.0.0.1
	check "TCP" test "$(iperf_gbit kst a10 10.0.0.5 1)" != 0
else
	skip "a Linux bridge speaks 802.1Q with us" "the kernel's bridge does not filter VLANs"
fi
check "a clean end" stop_daemon
finish
