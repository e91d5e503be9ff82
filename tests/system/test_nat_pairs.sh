#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Packets before and after translation: vnetctl capture NET --pairs, read back by Wireshark's tools.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping nft python3 tshark
peers=$TOP/tests/system/nat_peers.py
start_daemon
add_outside
ip -6 addr add 2001:db8:1::1/64 dev up0 nodad
ns outside ip -6 addr add 2001:db8:1::9/64 dev eth0 nodad
ip route add default via 198.51.100.9
check "a NAT network" vctl net add n mode=nat subnet=10.0.2.0/24 subnet6=fd12:3456:789a:1::/64
plug n a 10.0.2.10/24
ns a ip route add default via 10.0.2.2
ns a ip -6 addr add fd12:3456:789a:1::a/64 dev eth0 nodad
ns a ip -6 route add 2001:db8:1::/64 via fd12:3456:789a:1::2 src fd12:3456:789a:1::a # not one by SLAAC
ns outside python3 "$peers" serve 7000 198.51.100.9 2001:db8:1::9 >/dev/null 2>&1 &
vctl net add l mode=lan-segment
check_not "a LAN segment translates nothing" vctl capture l --pairs -c 1
check_not "nor is it told without a network" vctl capture all --pairs -c 1
check_not "pcap has no place for it" vctl capture n --pairs -F pcap -w $DIR/no.pcap -c 1

watch_pairs() { "$VNETCTL" -s $SOCK capture n --pairs -w $DIR/pairs.pcapng "$@" 2>$DIR/watching & pairs=$!
	wait_for 5 grep -q watching $DIR/watching; }
end_pairs() { kill -INT $pairs; wait $pairs; }
# Rows: packet id, interface, source, destination, comment
rows() { tshark -r $DIR/pairs.pcapng -T fields -e frame.packet_id -e frame.interface_name -e ip.src -e ip.dst \
	-e ipv6.src -e ipv6.dst -e frame.comment -E separator='|' 2>/dev/null; }
has() { rows | grep -qE "$1"; }
watch_pairs
wait_for 5 ping_ok a 198.51.100.9 -W 1
ns a python3 "$peers" seen 198.51.100.9 7000 5555 >/dev/null
sees6() { ns a python3 "$peers" seen 2001:db8:1::9 7000 5556 >/dev/null 2>&1; }
wait_for 5 sees6
ns a ping -c 1 -t 1 -W 1 198.51.100.9 >/dev/null
ns a ping -c 1 -W 1 127.0.0.9 -I eth0 >/dev/null 2>&1
ns a ping -c 1 -W 2 -s 3000 -M dont 198.51.100.9 >/dev/null
check "it ends in order" end_pairs
id=$(rows | sed -n 's/^\([0-9]*\)|n\.gateway|10\.0\.2\.10|198\.51\.100\.9|.*before: leaves as udp.*/\1/p' | head -n 1)
check "a datagram of the guest's as it came: number ${id:-none}" test -n "$id"
check "and as it left, by the same number" has "^$id\\|up0\\|198\\.51\\.100\\.1\\|198\\.51\\.100\\.9\\|.*after: came as udp 10\\.0\\.2\\.10:5555 > 198"
check "its answer, from the uplink" has "\\|up0\\|198\\.51\\.100\\.9\\|198\\.51\\.100\\.1\\|.*before: leaves as udp 198.51.100.9:7000 > 10.0.2.10:5555"
check "and to the guest" has "\\|n\\.gateway\\|198\\.51\\.100\\.9\\|10\\.0\\.2\\.10\\|.*after: came as udp"
check "IPv6 out" has "\\|up0\\|.*\\|2001:db8:1::1\\|2001:db8:1::9\\|.*came as udp \\[fd12:3456:789a:1::a\\]:5556"
check "IPv6 in" has "\\|n\\.gateway\\|.*\\|2001:db8:1::9\\|fd12:3456:789a:1::a\\|.*after"
check "what is dropped, with the reason" has "dropped: ttl-exceeded"
check "and what its sender was told" has "\\|n\\.gateway\\|10\\.0\\.2\\.2(,[0-9.]*)?\\|10\\.0\\.2\\.10.*answer: to icmp 8/0"
check "later fragments" has "up0.*came as fragment at [0-9]+ 10.0.2.10"
equal "every packet that left has its before" "" "$(rows | awk -F'|' '/ before: / { b[$1] = 1 } / after: / && !b[$1]')"
equal "two interfaces" "n.gateway up0" "$(rows | cut -d'|' -f2 | sort -u | xargs)"
watch_pairs host 10.0.2.10 and icmp
ns a ping -c 1 -W 1 198.51.100.9 >/dev/null
ns a python3 "$peers" seen 198.51.100.9 7000 5559 >/dev/null
end_pairs
check "a filter takes both sides when it takes one" test "$(rows | wc -l)" = 4
check "as JSON" sh -c "'$VNETCTL' -s $SOCK -j capture n --pairs -c 2 2>/dev/null >$DIR/json & p=\$!; sleep 0.3
	nsenter --net=/run/netns/a ping -c 2 -i 0.2 198.51.100.9 >/dev/null; wait \$p
	python3 -c 'import json, sys; a, b = [json.loads(l) for l in open(sys.argv[1])]; assert a[\"pair\"] == b[\"pair\"]' $DIR/json"
check "a network that goes ends it" eval 'watch_pairs; vctl port del a.eth0; vctl net del n; wait $pairs'
check "the daemon stops cleanly" stop_daemon
finish
