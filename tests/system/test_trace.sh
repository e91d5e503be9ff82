#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The life of a frame in words: traces of frames that pass, explanations of frames that are only
# described, and mirrors of ports with tcpdump at the monitor.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need tcpdump python3
start_daemon

vctl net add n1 mode=lan-segment >/dev/null
for h in a b c; do
	plug n1 $h
	ns $h sysctl -qw net.ipv6.conf.all.disable_ipv6=1
done
vctl port add n1 late >/dev/null
ns a ip addr add 10.9.0.1/24 dev eth0
ns b ip addr add 10.9.0.2/24 dev eth0
A=$(ns_mac a) B=$(ns_mac b) C=$(ns_mac c)
ns a ip neigh replace 10.9.0.2 lladdr "$B" dev eth0
ns b ip neigh replace 10.9.0.1 lladdr "$A" dev eth0
ping1() { ping_ok a 10.9.0.2 >/dev/null; }
# They know each other: after their cable was out a's or b's kernel may still lose what they send.
acquaint() { wait_for 5 ping_ok a 10.9.0.2 -W 0.5; }
try1() { ns a ping -n -q -c 1 -W 0.2 10.9.0.2 >/dev/null; }

# ---- traces ----

# traced COUNT FILTER COMMAND...: the steps of COUNT frames that COMMAND makes pass, to $DIR/trace.
traced() {
	local count=$1 filter=$2 tracer
	shift 2
	rm -f $DIR/trace.err
	timeout 10 "$VNETCTL" -s $SOCK trace n1 -c "$count" "$filter" >$DIR/trace 2>$DIR/trace.err &
	tracer=$!
	wait_for 5 grep -q "^watching" $DIR/trace.err
	"$@"
	wait $tracer
}
# step TEXT LINE: does the trace have the line?
step() {
	grep -qF -- "$2" $DIR/trace && pass "trace: $1" && return
	fail "trace: $1: wanted '$2'"
	note "$(cat $DIR/trace.err $DIR/trace)"
}

vctl mac flush n1 >/dev/null
traced 2 icmp ping1
sed -i 's/^[0-9][0-9:.]* //; s/, length [0-9]*:.*ICMP/ ICMP/; s/, id .*//' $DIR/trace
cat >$DIR/want <<-EOT
	a.eth0 in $A > $B, ethertype IPv4 (0x0800) ICMP echo request
	    ingress  by a.eth0 of network n1 (lan-segment), 98 bytes
	    learn    $A is new: learnt, it is behind a.eth0
	    table    nobody has heard of $B: to all ports, to find it
	    sent     by b.eth0
	    sent     by c.eth0
	    sent     by late
	  = learnt $A on a.eth0; flooded to 3 ports
	b.eth0 in $B > $A, ethertype IPv4 (0x0800) ICMP echo reply
	    ingress  by b.eth0 of network n1 (lan-segment), 98 bytes
	    learn    $B is new: learnt, it is behind b.eth0
	    table    $A is behind a.eth0
	    sent     by a.eth0
	  = learnt $B on b.eth0; delivered to a.eth0
EOT
check "a trace, word for word" diff $DIR/want $DIR/trace

vctl port set a.eth0 mac-guard=on address-guard=on addresses=10.9.0.1 >/dev/null
traced 1 'icmp[0] = 8' ping1
step "a guard that agrees" "guard    address-guard: source 10.9.0.1 is given to this port"
vctl port set a.eth0 addresses=10.9.0.77 >/dev/null
traced 1 'icmp[0] = 8' try1
step "a guard that does not" "= dropped: address-spoofed: address-guard:"
vctl port set a.eth0 mac-guard=off address-guard=off addresses=none >/dev/null
vctl port set a.eth0 vlan=10 >/dev/null
vctl port set b.eth0 vlan=10 >/dev/null
traced 1 'icmp[0] = 8' ping1
step "a VLAN" "vlan     untagged, so it is in VLAN 10"
vctl port set a.eth0 vlan=none >/dev/null
vctl port set b.eth0 vlan=none >/dev/null
vctl port impair a.eth0 delay=1ms >/dev/null
traced 1 'icmp[0] = 8' ping1
step "a cable" "cable    in by a.eth0's cable: delay=1ms"
vctl port impair a.eth0 none >/dev/null
vctl port set a.eth0 storm-broadcast=1 >/dev/null
storm() { ns a ping -n -q -b -c 8 -i 0.01 -W 0.1 10.9.0.255 >/dev/null 2>&1; }
traced 8 'ether broadcast' storm
step "a storm" "storm    a.eth0 lets 1 broadcast frames a second in, and this is one more"
vctl port set a.eth0 storm-broadcast=off >/dev/null
vctl net set n1 stp=on >/dev/null
traced 1 'icmp[0] = 8' try1
step "spanning tree" "loops    spanning tree: port a.eth0 is designated, discarding"
vctl net set n1 stp=off >/dev/null
vctl port set c.eth0 mirror=a.eth0 >/dev/null
traced 1 'icmp[0] = 8' ping1
step "a mirror" "mirror   a copy to c.eth0"
vctl port set c.eth0 mirror=none >/dev/null

# ---- explanations ----

# says STATUS TEXT EXPLAIN-ARGS...: exit status and a line of the explanation.
says() {
	local want=$1 text=$2 rc
	shift 2
	vctl explain "$@" >$DIR/e 2>&1
	rc=$?
	if [ $rc -eq "$want" ] && grep -qF -- "$text" $DIR/e; then
		pass "explain $*: $text"
	else
		fail "explain $* (status $rc): wanted $want and '$text'"
		note "$(cat $DIR/e)"
	fi
}
acquaint
state() { jctl port list n1 | json "[(p['rx'], p['tx'], p['drops']) for p in d]"; }
macs() { jctl mac list n1 | json "sorted((m['mac'], m['port']) for m in d)"; }
before=$(state) known=$(macs)
says 0 "= delivered to b.eth0" n1 from a.eth0 dst "$B"
says 0 "to all ports, to find it" n1 from a.eth0 dst 02:00:00:00:00:77
says 1 "= dropped: too-big: longer than" n1 from a.eth0 dst "$B" len 1600
says 1 "= dropped: reserved-mac" n1 from a.eth0 dst 01:80:c2:00:00:0e
says 1 "= dropped: hairpin" n1 from a.eth0 dst "$A" src 02:00:00:00:00:55
says 1 "= dropped: bad-src-mac" n1 from a.eth0 dst "$B" src ff:ff:ff:ff:ff:ff
says 0 "must answer an ARP request first; that is" n1 from a.eth0 dst 10.9.0.77
says 0 "moved to c.eth0" n1 from c.eth0 dst "$B" src "$A"
equal "asking counts nothing" "$before" "$(state)"
equal "and learns nothing" "$known" "$(macs)"

vctl port set a.eth0 mac-guard=on address-guard=on addresses=10.9.0.1 >/dev/null
says 1 "= dropped: mac-spoofed" n1 from a.eth0 dst "$B" src 02:00:00:00:00:55
says 1 "that is dropped: address-spoofed" n1 from a.eth0 dst 10.9.0.2 src 10.9.0.9
refused "a sender without a receiver" "wants a destination address" \
	vctl explain n1 from a.eth0 dst "$B" src 10.9.0.9
vctl port set a.eth0 mac-guard=off address-guard=off addresses=none >/dev/null
vctl port set a.eth0 vlan=10 >/dev/null
says 1 "= not delivered to any port: vlan: the port does not carry" n1 from a.eth0 dst "$B"
vctl port set b.eth0 trunk=10,20 >/dev/null
says 0 "= flooded to 1 port" n1 from b.eth0 dst "$A" vlan 10
says 1 "= not delivered to any port: vlan:" n1 from b.eth0 dst "$A" vlan 20
says 1 "= dropped: vlan: the port does not carry" n1 from b.eth0 dst "$A" vlan 30
vctl port set a.eth0 vlan=none >/dev/null
vctl port set b.eth0 trunk=none >/dev/null
acquaint
vctl port impair b.eth0 at=0s down=60s >/dev/null
says 0 "filter   not to b.eth0: the schedule of its cable has pulled it" n1 from a.eth0 dst "$B"
says 1 "= dropped: impair-down" n1 from b.eth0 dst "$A"
vctl port impair b.eth0 none >/dev/null
acquaint
vctl port impair b.eth0 mtu=1000 rate=10Mbit >/dev/null
says 1 "= not delivered to b.eth0: too-big" n1 from a.eth0 dst "$B" len 1200
says 0 "cable    out by b.eth0's cable: rate=10Mbit mtu=1000" n1 from a.eth0 dst "$B"
vctl port impair b.eth0 none >/dev/null
vctl port down b.eth0 >/dev/null
says 1 "= dropped: port-down" n1 from b.eth0 dst "$A"
vctl port up b.eth0 >/dev/null
refused "a port elsewhere" "there is no port" vctl explain n1 from zz dst "$B"
refused "an address that is none" "is not an? " vctl explain n1 from a.eth0 dst 10.9.0.
usage_error "no destination" "wants dst" vctl explain n1 from a.eth0
usage_error "half a pair" "lacks its value" vctl explain n1 from a.eth0 dst
equal "as JSON" "delivered to b.eth0" "$(acquaint; jctl explain n1 from a.eth0 dst "$B" | json "d['verdict']")"

vctl net add home mode=nat subnet=192.168.70.0/24 >/dev/null
plug home g 192.168.70.50/24
says 0 "8.8.8.8 is not in 192.168.70.0/24: it goes to the router 192.168.70.2" \
	home from g.eth0 dst 8.8.8.8 proto udp port 53
says 0 "= delivered to home.gateway" home from g.eth0 dst 8.8.8.8
says 0 "= delivered to home.host" home from g.eth0 dst 192.168.70.1 proto tcp port 22

# ---- mirrors ----

# mirrored N TEXT COMMAND...: N frames of ICMP at the monitor, and no more, while COMMAND runs.
mirrored() {
	local want=$1 text=$2
	shift 2
	sniff c eth0 $DIR/m.pcap icmp
	"$@"
	sniff_end
	equal "mirror: $text" "$want" "$(sniffed $DIR/m.pcap)"
}
ns c ip link set eth0 promisc on
vctl port set c.eth0 mirror=b.eth0 >/dev/null
mirrored 2 "a monitor sees request and reply" ping1
vctl port set c.eth0 mirror-dir=in >/dev/null
mirrored 1 "or what comes in" ping1
check "which is the reply" grep -q "10.9.0.2 > 10.9.0.1" <<<"$(tcpdump -nr $DIR/m.pcap 2>/dev/null)"
vctl port set c.eth0 mirror-dir=out >/dev/null
mirrored 1 "or what goes out" ping1
check "which is the request" grep -q "10.9.0.1 > 10.9.0.2" <<<"$(tcpdump -nr $DIR/m.pcap 2>/dev/null)"
says 1 "= dropped: monitor" n1 from c.eth0 dst "$A" src "$C"
vctl port set c.eth0 mirror=n1 mirror-dir=default >/dev/null
mirrored 2 "of the network each frame once" ping1
kill_daemon
start_daemon
mirrored 2 "after kill -9 and a new start too" ping1
plug n1 d
vctl port set d.eth0 mirror=c.eth0,n1 >/dev/null
vctl port set c.eth0 mirror=d.eth0,b.eth0 >/dev/null
mirrored 2 "monitors of each other make no loop" ping1
vctl port del d.eth0 >/dev/null
vctl port set c.eth0 mirror=b.eth0 >/dev/null
vctl port del b.eth0 >/dev/null
ip netns del b
plug n1 b 10.9.0.2/24
ns a ip neigh replace 10.9.0.2 lladdr "$(ns_mac b)" dev eth0
ns b ip neigh replace 10.9.0.1 lladdr "$A" dev eth0
mirrored 2 "the port goes and comes" ping1
refused "a port is not its own mirror" "its own mirror" vctl port set c.eth0 mirror=c.eth0
refused "nor one that is not there" 'no port "nix" on network "n1"' vctl port set c.eth0 mirror=nix
vctl port set c.eth0 mirror=none >/dev/null
mirrored 0 "and it ends" ping1
check "the daemon ends well" stop_daemon
finish
