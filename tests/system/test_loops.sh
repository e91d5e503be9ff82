#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Loops through a real Linux bridge: its spanning tree (802.1D-1998) and ours agree; without one
# the loop guard finds the loop, names it, and the network stays of use.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need tcpdump ping
start_daemon

# linux_switch NS IFNAME...: a bridge of the kernel from these interfaces of NS.
linux_switch() {
	local n=$1 i
	shift
	ns "$n" ip link add br0 type bridge ${stp:-}
	ns "$n" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 2>/dev/null
	for i; do ns "$n" ip link set "$i" master br0 up; done
	ns "$n" ip link set br0 up
}
role() { jctl stp show t | json "[p['role'] + ' ' + p['state'] for p in d['ports'] if p['port'] == '$1'][0]"; }
role_is() { [ "$(role "$1")" = "$2" ]; }

# ---- spanning tree with a Linux bridge ----
# It is the root, with the shortest times that it takes, so that the test is quick.
check "a network with spanning tree" vctl net add t mode=lan-segment stp=on
plug t sw "" e0 && plug t sw "" e1 && plug t a 10.1.0.1/24
stp="stp_state 1 priority 4096 forward_delay 400 max_age 600 hello_time 100"
add_ns b
ip link add h0 netns sw type veth peer name eth0 netns b
ns b ip addr add 10.1.0.2/24 dev eth0
ns b ip link set eth0 up
linux_switch sw e0 e1 h0
one_each() {
	jctl stp show t | json "sorted(p['role'] for p in d['ports'] if p['port'][:2] == 'sw') == \
		['alternate', 'root'] or sys.exit(1)"
}
check "one cable is the way to the root, one is blocked" wait_for 20 one_each
equal "the root is the Linux bridge" "4096.$(ns_mac sw br0)" \
	"$(jctl stp show t | json "d['root']")"
old_protocol() {
	jctl stp show t | json "sorted(p['protocol'] for p in d['ports'])" |
		grep -qF "['rstp', 'stp', 'stp']"
}
check "which speaks the old protocol" wait_for 5 old_protocol
check "a reaches b behind it" wait_for 20 ping_ok a 10.1.0.2 -W 1
check "the port to a is an edge" role_is a.eth0 "designated forwarding"
note "$(vctl stp show t)"
root_port=$(jctl stp show t | json "d['root_port']")
spare=sw.e0
[ "$root_port" = sw.e0 ] && spare=sw.e1
drops() { port_stat $1 "d['drops'].get('$2', 0)"; }
ns b ping -c 2 -i 0.2 -W 1 -b 10.1.0.255 >/dev/null 2>&1
check "what comes by the blocked one is dropped for a reason" \
	test "$(drops $spare stp-blocking)" -gt 0
ns sw ip link set "${root_port#sw.}" down
check "the cable is cut: the other takes over" wait_for 15 role_is $spare "root forwarding"
check "and a reaches b again" wait_for 15 ping_ok a 10.1.0.2 -W 1
check "spanning tree off" vctl net set t stp=off
refused "a priority between the steps" "4096" vctl net set t stp-priority=1000
check "on with a priority" vctl net set t stp=on stp-priority=8192

# ---- two of our networks, two cables, RSTP: no waiting ----
# cable NS: what comes out of e0 goes into e1 and back, BPDUs too, which a bridge would keep.
cable() {
	local from to
	for from in e0 e1; do
		to=$([ $from = e0 ] && echo e1 || echo e0)
		ns "$1" ip link set dev $from up promisc on
		ns "$1" tc qdisc add dev $from ingress
		ns "$1" tc filter add dev $from parent ffff: protocol all u32 match u32 0 0 \
			action mirred egress redirect dev $to
	done
}
vctl net add x mode=lan-segment stp=on stp-priority=4096
vctl net add y mode=lan-segment stp=on
for i in 1 2; do plug x j$i "" e0 && plug y j$i "" e1 && cable j$i; done
plug x p 10.2.0.1/24 && plug y q 10.2.0.2/24
state_in() { jctl stp show "$1" | json "[p['role'] + ' ' + p['state'] for p in d['ports'] if p['port'] == '$2'][0]"; }
is_in() { [ "$(state_in "$1" "$2")" = "$3" ]; }
check "the first cable leads to the root" wait_for 10 is_in y j1.e1 "root forwarding"
check "the second is blocked" wait_for 5 is_in y j2.e1 "alternate discarding"
check "p reaches q" wait_for 10 ping_ok p 10.2.0.2 -W 1
check "the first is cut" vctl port down j1.e1
check "the second takes over at once" wait_for 1 is_in y j2.e1 "root forwarding"
check "p reaches q again" wait_for 3 ping_ok p 10.2.0.2 -W 1
check "the first comes back" vctl port up j1.e1
check "and has its place back" wait_for 5 is_in y j2.e1 "alternate discarding"
check "a cost sends the way over the second" vctl port set j1.e1 stp-cost=50000
check "it does" wait_for 5 is_in y j2.e1 "root forwarding"
note "$(vctl stp show y)"
kill_daemon
start_daemon
equal "a restart keeps the settings" "4096 50000" \
	"$(jctl stp show x | json "d['bridge'].split('.')[0]") $(jctl stp show y | json "[p['cost'] for p in d['ports'] if p['port'] == 'j1.e1'][0]")"
check "and the tree is built again" wait_for 10 is_in y j2.e1 "root forwarding"
vctl net del x
vctl net del y

# ---- no spanning tree: the loop guard ----
check "a network without" vctl net add l mode=lan-segment
plug l c 10.3.0.1/24 && plug l d 10.3.0.2/24
check "c reaches d" ping_ok c 10.3.0.2
plug l lb "" e0 && plug l lb "" e1
watch $DIR/events events
stp=
linux_switch lb e0 e1
found() { jctl stp show l | json "[p for p in d['ports'] if p['blocked']][0]"; }
check "a loop is found" wait_for 15 found
blocked() { jctl stp show l | json "[p['port'] for p in d['ports'] if p['blocked']]"; }
equal "its younger port is blocked" "['lb.e1']" "$(blocked)"
check "an event names both" wait_for 2 grep -q 'loop.found.*lb.e1.*lb.e0' $DIR/events
check "the port says so" test "$(port_stat lb.e1 "d['state'] + ': ' + d['reason']")" = \
	"blocked: loop with port lb.e0"
check "so does the list" grep -q "blocked: loop with port lb.e0" <(vctl port list l)
note "$(vctl stp show l)"
check "and the network is of use" wait_for 5 ping_ok c 10.3.0.2 -W 1
quiet() {
	local x
	x=$(port_stat c.eth0 "d['tx']['frames']")
	sleep 0.5
	[ $(($(port_stat c.eth0 "d['tx']['frames']") - x)) -lt 50 ]
}
check "no storm is going on" quiet
check "the daemon answers" vctl status
ns lb ip link set e1 nomaster
sent=$(port_stat lb.e1 "d['tx']['frames']")
check "port up tries it again" vctl port up lb.e1
equal "it is open" up "$(port_stat lb.e1 "d['state']")"
probed() { [ "$(port_stat lb.e1 "d['tx']['frames']")" -gt $((sent + 1)) ]; }
check "it is probed" wait_for 6 probed
equal "and stays open" up "$(port_stat lb.e1 "d['state']")"
check "the guard can be turned off" vctl port set lb.e1 loop-guard=off
check "a clean end" stop_daemon
finish
