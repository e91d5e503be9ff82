#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Protocols without ports through a NAT network: one guest for each with each peer, the host's own
# always first, errors translated, and nothing left on the host.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 nft
protos=$TOP/tests/system/nat_protos.py
ask() { local n=$1; shift; ns "$n" python3 "$protos" ask "$@"; }
# A process that says when it is ready; its id is in $!.
background() { # FILE COMMAND...
	local file=$1
	shift
	"$@" >"$file" 2>&1 &
	wait_for 5 grep -q ready "$file"
}
dropped() { port_stat n.gateway "d['drops'].get('$1', 0)"; }
flows_of() { jctl nat list n "proto=$1" | json "d['matched']"; }
pairs() { nft list ruleset | tr '\n' ' ' | grep -oE '"up0" \. 198\.51\.100\.1 \. [a-z0-9]+ \. [0-9]+\.[0-9.]+' | wc -l; }
start_daemon
add_outside
ip route add default via 198.51.100.9
ns outside ip addr add 203.0.113.9/32 dev eth0
nft list ruleset >$DIR/nft.before
vctl net add n mode=nat subnet=10.0.2.0/24 >/dev/null
for g in a b; do
	plug n $g "10.0.2.1$([ $g = a ] && echo 0 || echo 1)/24"
	ns $g ip route add default via 10.0.2.2
	ping_ok $g 198.51.100.9 >/dev/null
done
background $DIR/served nsenter --net=/run/netns/outside python3 "$protos" serve gre esp ah sctp udplite 200

# ---- each ----
for p in gre esp ah sctp 200; do
	equal "$p: there and back, its bytes as they were" "seen 198.51.100.1 hi-$p" "$(ask a $p 198.51.100.9 hi-$p)"
done
equal "UDP-Lite, with a checksum of its header alone" "seen 198.51.100.1 hello" "$(ask a udplite 198.51.100.9)"
check "list: a guest, an address outside, a peer, no ports" \
	sh -c "'$VNETCTL' -s $SOCK nat list n | grep -E 'gre +10.0.2.10 +198.51.100.1 +198.51.100.9 +replied'"
equal "by protocol" "10.0.2.10 198.51.100.1 198.51.100.9" \
	"$(jctl nat list n proto=ip-200 | json "' '.join(d['flows'][0][k] for k in ('inside', 'outside', 'peer'))")"
equal "totals of the guest" 6 "$(jctl nat guests n | json "[g['others'] for g in d['guests'] if g['address'] == '10.0.2.10'][0]")"

# ---- one guest for each peer ----
watch $DIR/events -j events nat.taken
equal "another guest, same protocol, same peer: told by ICMP" "icmp 3/13" "$(ask b gre 198.51.100.9)"
equal "and counted by name" True "$([ "$(dropped proto-taken)" -ge 1 ] && echo True)"
wait_for 5 grep -q nat.taken $DIR/events
watch_end
check "an event says who has it" grep -q '"holder": *"10.0.2.10"' $DIR/events
equal "same protocol, another peer" "seen 198.51.100.1 hello" "$(ask b gre 203.0.113.9)"
equal "the first guest's goes on" "seen 198.51.100.1 hello" "$(ask a gre 198.51.100.9)"
check "explain names who has it" sh -c \
	"'$VNETCTL' -s $SOCK explain n from b.eth0 src 10.0.2.11 dst 198.51.100.9 proto gre | grep 'proto-taken: 10.0.2.10 has gre with 198.51.100.9: ICMP 3/13'"
check "explain from outside" sh -c \
	"'$VNETCTL' -s $SOCK explain n from uplink src 198.51.100.9 dst 198.51.100.1 proto gre | grep 'gre 198.51.100.1 is 10.0.2.10 inside'"
vctl net set n nat-other-timeout=3s >/dev/null
ask a gre 198.51.100.9 >/dev/null # from now on
equal "when it has been silent for its time, the other may" "seen 198.51.100.1 hello" "$(
	wait_for 8 sh -c "! '$VNETCTL' -s $SOCK -j nat list n proto=gre | grep -q 10.0.2.10"
	ask b gre 198.51.100.9)"

# ---- the host ----
equal "what nobody serves: the far end's error comes through" "icmp 3/2" "$(ask a 201 198.51.100.9)"
equal "the gateway speaks no such protocol" "icmp 3/2" "$(ask a 47 10.0.2.2)"
equal "nobody has it: the host's own stack answers" "icmp 3/2" "$(ask outside 202 198.51.100.1)"
background $DIR/kept python3 "$protos" keep esp 203.0.113.9
keeper=$!
sleep 1.1 # what the host uses is looked up once a second
equal "a pair of the host's own is not for guests" "icmp 3/13" "$(ask a esp 203.0.113.9)"
equal "and counted by name" True "$([ "$(dropped proto-host)" -ge 1 ] && echo True)"
equal "with another peer it is" "seen 198.51.100.1 hello" "$(ask a esp 198.51.100.9)"
kill $keeper
sleep 1.1
equal "and with that one when the host has let go" "seen 198.51.100.1 hello" "$(ask a esp 203.0.113.9)"
watch $DIR/flows nat watch n proto=sctp
ask a sctp 198.51.100.9 >/dev/null
background $DIR/kept python3 "$protos" keep sctp
keeper=$!
(for _ in 1 2 3 4; do ask a sctp 198.51.100.9 >/dev/null; sleep 0.5; done) &
wait_for 8 grep -q "the host itself uses this protocol" $DIR/flows
watch_end
check "the host begins to use what a guest has: the guest's flow ends, and why is told" \
	grep -E "ended +sctp +10.0.2.10 .*the host itself uses this protocol" $DIR/flows
kill $keeper
equal "no more than a rule for each pair" "$(jctl nat guests n | json "sum(g['others'] for g in d['guests'])")" "$(pairs)"
if ip link add gre-t type gre local 198.51.100.1 remote 203.0.113.9 2>/dev/null; then
	ip link set gre-t up
	sleep 1.1
	equal "a tunnel of the host's" "icmp 3/13" "$(ask b gre 203.0.113.9)"
	ip link del gre-t
else
	skip "a tunnel of the host's" "this kernel has no GRE"
fi

# ---- the end ----
wait_for 15 sh -c "[ \$('$VNETCTL' -s $SOCK -j nat list n | grep -c sctp) = 0 ]"
ask a gre 198.51.100.9 >/dev/null
check "there is a rule" sh -c "nft list ruleset | grep -q '198.51.100.1 . gre . 198.51.100.9'"
kill_daemon
nft list ruleset >$DIR/nft.after
check "kill -9: no rule is left" diff $DIR/nft.before $DIR/nft.after
start_daemon
wait_for 5 ping_ok a 198.51.100.9
equal "a restarted daemon carries on" "seen 198.51.100.1 hello" "$(ask a gre 198.51.100.9)"
check "a clean end" stop_daemon
nft list ruleset >$DIR/nft.after
check "no rule is left" diff $DIR/nft.before $DIR/nft.after
finish
