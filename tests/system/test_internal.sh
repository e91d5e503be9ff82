#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Internal networks and LAN segments: namespaces as guests, offloads, a port's life.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need iperf3 ping busybox
start_daemon

check "an internal network" vctl net add n1 mode=internal
check "a port in namespace a" plug n1 a 10.0.0.1/24
check "a port in namespace b" plug n1 b 10.0.0.2/24
check "a reaches b" ping_ok a 10.0.0.2
check "b reaches a, 8000 bytes in fragments" ping_ok b 10.0.0.1 -s 8000
equal "the host has no interface on it" "lo" "$(ip -o link | awk -F': ' '{ print $2 }')"
refused "a second eth0 in a" "eth0" vctl port add n1 a.again netns=a ifname=eth0
refused "a namespace that is not there" "nowhere" vctl port add n1 x.eth0 netns=nowhere ifname=eth0

# ---- offloads ----
linux_bridge
for dir in "" -R; do
	ours=$(iperf_gbit b a 10.0.0.2 2 $dir)
	theirs=$(iperf_gbit lb2 lb1 10.77.0.2 2 $dir)
	ratio=$(awk "BEGIN { printf \"%.2f\", $ours / $theirs }")
	note "TCP ${dir:-up}: $ours Gbit/s, Linux bridge $theirs, ratio $ratio"
	check "TCP ${dir:-up} is at least 0.5 of a Linux bridge" awk "BEGIN { exit !($ratio >= 0.5) }"
done
check "super-frames came from a" test "$(port_stat a.eth0 "d['rx']['gso']")" -gt 100
check "and from b" test "$(port_stat b.eth0 "d['rx']['gso']")" -gt 100
equal "none was cut in software" 0 "$(port_stat a.eth0 "d['soft']['gso'] + d['soft']['csum']")"

# ---- a port's life ----
check "port down" vctl port down b.eth0
check_not "nothing passes" ping_ok a 10.0.0.2 -W 1
check "port up" vctl port up b.eth0
check "it passes again" wait_for 3 ping_ok a 10.0.0.2 -W 1
ns b ip link set eth0 down
ns a ping -c 1 -W 1 10.0.0.2 >/dev/null
equal "a link that is down is no failure" up "$(port_stat b.eth0 "d['state']")"
ns b ip link set eth0 up
check "and comes back" wait_for 3 ping_ok a 10.0.0.2 -W 1
ns b ip link del eth0
is_failed() { [ "$(port_stat b.eth0 "d['state']")" = failed ]; }
check "a deleted interface fails its port" wait_for 3 is_failed
check "with a reason" test "$(port_stat b.eth0 "d['reason']")" = "its interface was removed"
cpu() { awk '{ print $14 + $15 }' /proc/$DAEMON_PID/stat; }
before=$(cpu)
sleep 0.5
check "and costs no CPU" test $(($(cpu) - before)) -le 2
check "the port is deleted" vctl port del b.eth0
check "and made again" plug n1 b 10.0.0.2/24
check "a reaches b again" wait_for 3 ping_ok a 10.0.0.2 -W 1

# ---- the daemon's death ----
kill_daemon
equal "a crash leaves the address in place" 1 "$(ns a ip -o -4 addr show dev eth0 | grep -c 10.0.0.1)"
start_daemon
check "a restarted daemon carries on" wait_for 2 ping_ok a 10.0.0.2 -W 1
check "port del" vctl port del b.eth0
gone_in_b() { ! ns b ip link show eth0; }
check "takes the interface along" wait_for 2 gone_in_b

# ---- DHCP ----
check "an internal network with DHCP" vctl net add n2 mode=internal subnet=10.9.0.0/24 dhcp=on
check "a port without an address" plug n2 c
said=$(dhcp_get c)
check "a lease" grep -qx "ip=10.9.0.128" <<<"$said"
check_not "names no router" grep -q "^router=" <<<"$said"
check "the DHCP server answers ping" ping_ok c 10.9.0.254
equal "the host has no interface on it either" 0 "$(ip -o link | grep -c vs-n2)"
check "no address of the host's is on it, and nobody of it is a neighbour" sh -c \
	"! ip addr | grep -q '10\.9\.0\.' && ! ip neigh | grep -q '10\.9\.0\.' && ! ip route show table all | grep -q '10\.9\.0\.'"

# ---- made on first use ----
check "port add internal:NAME makes the network" plug internal:fresh f 10.5.0.1/24
equal "an internal one" internal "$(jctl net show fresh | json "d['mode']")"
check "the second NIC finds it" plug internal:fresh g 10.5.0.2/24
check "they reach each other" ping_ok f 10.5.0.2
refused "of another mode" "lan-segment" sh -c \
	"$VNETCTL -s $SOCK net add seg mode=lan-segment; $VNETCTL -s $SOCK port add internal:seg p1"
refused "a name that can't be one" "is not 1 to 47 letters" vctl port add internal:no/good p1
refused "a misspelt name makes nothing" "no network" vctl port add frehs p1
refused "what fails" "nowhere" vctl port add internal:half p1 netns=nowhere ifname=eth0
check_not "leaves no network" vctl net show half
check "a guest's NIC moves to one that is new" vctl port move g.eth0 internal:newer
equal "which is there then" internal "$(jctl net show newer | json "d['mode']")"
refused "a gateway" "gateway" vctl net add n3 mode=internal gateway=10.9.1.1
refused "a lease time without DHCP" "lease" vctl net add n3 mode=internal lease=60s

# ---- LAN segments ----
check "a LAN segment" vctl net add w mode=lan-segment
plug w d 10.0.0.1/24 && plug w e 10.0.0.2/24
check "d reaches e" ping_ok d 10.0.0.2
refused "a subnet on a LAN segment" "subnet" vctl net add w2 mode=lan-segment subnet=10.8.0.0/24
refused "DHCP on a LAN segment" "dhcp" vctl net add w2 mode=lan-segment dhcp=on
check "a clean end" stop_daemon
equal "removes the interfaces" 0 "$(ns a ip -o link | grep -c eth0)"
finish
