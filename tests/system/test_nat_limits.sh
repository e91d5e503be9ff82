#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NAT when flows and ports run out: who is greedy is refused and named, the others live.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 ping
peers=$TOP/tests/system/nat_peers.py
peer() { local n=$1; shift; ns "$n" python3 "$peers" "$@"; }
start_daemon
add_outside
peer outside serve 7000 >/dev/null 2>&1 &

check "a small table" vctl net add n mode=nat subnet=10.0.2.0/24 dhcp=off nat-max=64 nat-max-guest=48
for g in 1 2 3; do
	plug n g$g 10.0.2.1$g/24 >/dev/null
	ns g$g ip route add default via 10.0.2.2
	check "guest g$g reaches the outside" wait_for 3 ping_ok g$g 198.51.100.9
done
vctl -j events >$DIR/events 2>/dev/null &

# A conversation that must not be hurt, by a guest that wants no more than this.
ns g2 python3 "$peers" await 198.51.100.9 7000 >$DIR/await &
check "a quiet guest has its conversation" wait_for 3 grep -q ready $DIR/await

# flood GUEST N: from N sockets; prints how many were answered.
flood() { peer "$1" flood 198.51.100.9 7000 "$2"; }
n=$(flood g1 200)
check "a greedy guest gets a part of the table, $n flows" test "$n" -ge 10 -a "$n" -le 48
check "what it does not get is counted" sh -c \
	"'$VNETCTL' -s $SOCK port show n.gateway | grep -q table-full"
n2=$(flood g3 200)
check "a second one gets less, $n2" test "$n2" -ge 3 -a "$n2" -lt "$n"
check "the quiet one still opens a flow" peer g2 seen 198.51.100.9 7000
check "and another" peer g2 seen 198.51.100.9 7000
check "the event names the greedy one" wait_for 3 grep -qE 'exhausted.*10[.]0[.]2[.]11|10[.]0[.]2[.]11.*exhausted' $DIR/events
equal "once, not for each packet" 1 "$(grep -c nat.exhausted $DIR/events)"
check "a line in the log" grep -q 'no more flows for 10.0.2.11' $DIR/daemon.log
equal "a refused guest is told: prohibited (3/13)" prohibited "$(peer g1 refused 198.51.100.9 7000)"

# A flood of SYNs, from a guest that answers nothing.
peer g1 syns 198.51.100.9 7001 2000
check "a flood of SYNs: the quiet one opens a flow" peer g2 seen 198.51.100.9 7000
equal "its conversation goes on" ready "$(cat $DIR/await)"

# RFC 6888 REQ-4: ports and mappings a second for each guest, when asked for.
vctl net add m mode=nat subnet=10.0.3.0/24 nat-guest-ports=5 >/dev/null
refused "a limit that is none" "nat-guest-ports" vctl net set m nat-guest-ports=0
plug m h 10.0.3.10/24
ns h ip route add default via 10.0.3.2
wait_for 3 ping_ok h 198.51.100.9
equal "five ports each" 5 "$(flood h 20)"
vctl net set m nat-guest-ports=off nat-guest-rate=4 >/dev/null
n=$(flood h 40)
check "eight at once, then four a second: $n of 40" test "$n" -ge 8 -a "$n" -le 24

check "a clean end" stop_daemon
finish
