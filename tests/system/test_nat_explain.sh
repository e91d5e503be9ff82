#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# explain on a NAT network goes on beyond the gateway, and begins outside when asked: what it says is
# what happens, and asking leaves nothing behind.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3
peers=$TOP/tests/system/nat_peers.py
start_daemon
add_outside
vctl net add n mode=nat subnet=10.0.2.0/24 >/dev/null
plug n a 10.0.2.10/24
ns a ip route add default via 10.0.2.2
ping_ok a 10.0.2.2 >/dev/null
says() { # PATTERN EXPLAIN-ARGS...
	local pattern=$1
	shift
	vctl explain n "$@" >$DIR/said
	cat $DIR/said
	grep -qE -- "$pattern" $DIR/said
}
out="from a.eth0 src 10.0.2.10 proto udp"
# shellcheck disable=SC2086
{
check "no route: told, with the ICMP code" says "no route to 8.8.8.8: ICMP 3/0" $out dst 8.8.8.8 port 53
ip route add default via 198.51.100.9
check "where it would leave, by whom" says "8.8.8.8 leads by up0 \(198.51.100.1\) to next hop 198.51.100.9, MTU 1500; this uplink would be opened" \
	$out dst 8.8.8.8 port 53
check "a new port of the range" says "would get a new port of 198.51.100.1, one of [0-9]+ to 65535 \(endpoint-independent\)" \
	$out dst 8.8.8.8 port 53
check "for how long" says "a new one to 8.8.8.8:53, for 30 s" $out dst 8.8.8.8 port 53
check "limits" says "0 of at most 16384 flows" $out dst 8.8.8.8 port 53
equal "asking has made no flow and no uplink" "0 0" "$(jctl net show n | json "str(d['flows'])+' '+str(len(d['uplinks']))")"
ns outside python3 "$peers" serve 7000 198.51.100.9 >/dev/null 2>&1 &
wait_for 5 ns outside sh -c "ss -Hlun | grep -q 198.51.100.9:7000"
seen=$(ns a python3 "$peers" seen 198.51.100.9 7000 5555)
port=${seen#*:}
check "a mapping that exists is named" says "udp 10.0.2.10:5555 is 198.51.100.1:$port outside" \
	$out sport 5555 dst 198.51.100.9 port 7000
check "and the flow" says "to 198.51.100.9:7000, known for [0-9]+ s, forgotten in [0-9]+ s" \
	$out sport 5555 dst 198.51.100.9 port 7000
check "another peer gets the same" says "leaves by up0 from 198.51.100.1:$port, TTL 63" $out sport 5555 dst 8.8.8.8 port 53
check "the gateway itself" says "no services: ICMP 3/3" $out dst 10.0.2.2 port 53

in="from uplink dst 198.51.100.1 proto udp"
check "from outside: the answer is let in" says "let in: there is a flow with 198.51.100.9:7000" \
	$in src 198.51.100.9 sport 7000 port "$port"
check "and where it goes" says "goes on to 10.0.2.10:5555 by the gateway, TTL 63" \
	$in src 198.51.100.9 sport 7000 port "$port"
check "another port of that peer too, by the filtering rule" says "let in as a new flow with 198.51.100.9:9" \
	$in src 198.51.100.9 sport 9 port "$port"
check_not "a stranger is not: exit status 1" vctl explain n $in src 192.0.2.1 port "$port"
check "and why" says "not let in: no flow with 192.0.2.1:49152, and filtering is address-dependent" \
	$in src 192.0.2.1 port "$port"
check_not "nor anybody at a port that nobody has" vctl explain n $in src 192.0.2.1 port 99
vctl nat forward add n tcp 8080 a:80 >/dev/null
check "a forward" says "a port forward lets everybody in" from uplink dst 198.51.100.1 proto tcp src 192.0.2.1 port 8080
equal "asking has made no flow" 1 "$(jctl net show n | json "d['flows']")"
refused "from uplink without a source" "wants src and dst" vctl explain n $in port 80
refused "from uplink of another kind of network" "no port|uplink" sh -c \
	"'$VNETCTL' -s $SOCK net add i mode=internal && '$VNETCTL' -s $SOCK explain i from uplink dst 10.0.0.1 proto udp port 9"

# ---- IPv6 ----
prefix=$(jctl net show n | json "d['subnet6']"); prefix=${prefix%/64}
six="from a.eth0 src ${prefix}a proto udp"
check "IPv6: no route" says "no route to 2001:db8:9::1: ICMPv6 1/0" $six dst 2001:db8:9::1 port 53
ip -6 addr add 2001:db8:1::1/64 dev up0 nodad
ns outside ip -6 addr add 2001:db8:1::9/64 dev eth0 nodad
ns a ip -6 addr add ${prefix}a/64 dev eth0 nodad
ns a ip -6 route add 2001:db8:1::/64 via ${prefix}2
ip -6 route add default via 2001:db8:1::9
check "where it would leave" says "2001:db8:9::1 leads by up0 \\(2001:db8:1::1\\) to next hop 2001:db8:1::9" $six dst 2001:db8:9::1 port 53
check "a new port" says "would get a new port of 2001:db8:1::1 \\(endpoint-independent\\)" $six dst 2001:db8:9::1 port 53
check "it goes to the router" says "it goes to the router n.gateway" $six dst 2001:db8:9::1 port 53
ns outside python3 "$peers" serve 7100 2001:db8:1::9 >/dev/null 2>&1 &
sees6() { seen=$(ns a python3 "$peers" seen 2001:db8:1::9 7100 5556 2>/dev/null); [ -n "$seen" ]; }
wait_for 5 sees6
port=${seen##*:}
check "a mapping that exists is named" says "\\[${prefix}a\\]:5556 is \\[2001:db8:1::1\\]:$port outside" $six sport 5556 dst 2001:db8:1::9 port 7100
in="from uplink dst 2001:db8:1::1 proto udp"
check "from outside: let in" says "goes on to \\[${prefix}a\\]:5556 by the gateway" $in src 2001:db8:1::9 sport 7100 port "$port"
check_not "a stranger is not" vctl explain n $in src 2001:db8:77::1 port "$port"
check "who is on the link is asked for" says "neighbour solicitation" from a.eth0 dst ${prefix}77 proto icmp
check "the gateway is known" says "${prefix}2 is at .*: it is the network's own n.gateway" from a.eth0 dst ${prefix}2 proto icmp
check "a group needs no asking" says "ff02::1|delivered|flooded" from a.eth0 dst ff02::1 proto icmp
refused "an address of the other family" "of its family" vctl explain n from a.eth0 src 10.0.2.10 dst 2001:db8:9::1
}
check "a clean end" stop_daemon
finish
