#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of a daemon that translates under load, with forwards, lent services and several networks:
# what is the host's is as it was. Rules and sockets are gone at once; the legs of networks, which are
# the daemon's own, stay for its next start, which serves new flows at once; and after `net del` all
# is as if there had been nothing. ROUNDS=20 for more (default 2).
. "$(dirname "$0")/lib.sh"
new_host "$@"
need nft python3 ss
ROUNDS=${ROUNDS:-2}
peers=$TOP/tests/system/nat_peers.py
add_outside
ip route add default via 198.51.100.9
ip -6 addr add 2001:db8:1::1/64 dev up0 nodad
ns outside ip -6 addr add 2001:db8:1::9/64 dev eth0 nodad
ip -6 route add default via 2001:db8:1::9
nft -f - <<-'RULES'
	table inet firewall {
		chain input { type filter hook input priority 0; policy accept; }
	}
RULES

host_state >$DIR/bare

start_daemon
check "two networks, forwards, lent services" eval "
	vctl net add n mode=nat subnet=10.0.2.0/24 subnet6=fd12:3456:789a:1::/64 nat-host=loopback && vctl net add m mode=nat subnet=10.0.3.0/24 &&
	plug n a 10.0.2.10/24 && plug m b 10.0.3.10/24 &&
	vctl nat forward add n both 8000-8010 a:7000 && vctl nat forward add n tcp [::]:8011 [fd12:3456:789a:1::a]:7000 && vctl nat forward add m tcp 127.0.0.1:8080 b.eth0:7000"
ns a ip route add default via 10.0.2.2
ns a ip -6 addr add fd12:3456:789a:1::a/64 dev eth0 nodad
ns a ip -6 route add default via fd12:3456:789a:1::2
ns b ip route add default via 10.0.3.2
ns outside python3 "$peers" serve 7000 198.51.100.9 2001:db8:1::9 >/dev/null 2>&1 &
ns a python3 "$peers" serve 7000 >/dev/null 2>&1 &
wait_for 5 ns a sh -c "ss -Hltn | grep -q :7000"

# Load: bulk of one guest, many new flows of the other, and connections by a forward.
load() {
	local n
	for n in a b; do
		ns $n sh -c "while :; do timeout 5 python3 $peers flows 198.51.100.9 7000 100; done" >/dev/null 2>&1 &
	done
	ns outside sh -c "while :; do timeout 5 python3 $peers flows 198.51.100.1 8000 50; done" >/dev/null 2>&1 &
	ns a sh -c "while :; do timeout 5 python3 $peers flows 10.0.2.2 7000 5; done" >/dev/null 2>&1 &
	ns a sh -c "while :; do timeout 5 python3 $peers flows 2001:db8:1::9 7000 50; done" >/dev/null 2>&1 &
}
served() { [ "$(ns "$1" timeout 3 python3 "$peers" flows "$2" "$3" 5 2>/dev/null)" = 5 ]; }
flows_now() { [ "$(jctl net show n | json "d['flows']")" -ge 50 ]; }
check "flows of a and b" eval "wait_for 5 served a 198.51.100.9 7000 && wait_for 5 served a 2001:db8:1::9 7000 && wait_for 5 served b 198.51.100.9 7000"
load
check "the load runs" wait_for 10 flows_now

same() { diff "$1" "$2"; }
for round in $(seq "$ROUNDS"); do
	sleep 0.$((RANDOM % 10))
	kill_daemon
	host_state 'vs-[nm]' >$DIR/dead
	check "round $round: killed under load, the host is as without us" same $DIR/bare $DIR/dead
	equal "and nothing of ours listens" 0 "$(ss -Hltun | grep -cE ':(80[01][0-9]|8011|8080)')"
	start_daemon
	begin=${EPOCHREALTIME/[.,]/}
	check "started again: new flows at once" wait_for 3 served b 198.51.100.9 7000
	note "after $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) ms"
	check "and the forwards" wait_for 5 served outside 198.51.100.1 8000
	check "IPv6 both ways" eval "wait_for 5 served a 2001:db8:1::9 7000 && wait_for 5 served outside 2001:db8:1::1 8011"
done
# shellcheck disable=SC2046
kill $(jobs -p | grep -vx "$DAEMON_PID") 2>/dev/null
vctl port del a.eth0; vctl port del b.eth0
check "the networks are deleted" eval "vctl net del n && vctl net del m"
check "the daemon stops cleanly" stop_daemon
host_state >$DIR/after
check "all is as before the first start" same $DIR/bare $DIR/after
finish
