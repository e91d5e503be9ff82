#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Malformed frames and floods (badframes.py) at a NAT, from outside as well as from a guest, with port
# forwards and the host's services open to them: no crash, no growth, and a ping through within a
# second after each. LOOPS=100 for the whole number of rounds (default 2).
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping tcpdump
LOOPS=${LOOPS:-2}
bad=$TOP/tests/system/badframes.py
start_daemon
add_outside
ns outside ip link set eth0 mtu 9200
vctl net add n mode=nat subnet=10.0.2.0/24 nat-host=services nat-filtering=endpoint-independent >/dev/null
plug n good 10.0.2.51/24
plug n evil 10.0.2.50/24
ns evil ip link set eth0 mtu 9200
for n in good evil; do
	ns $n ip route add default via 10.0.2.2
	wait_for 5 ping_ok $n 198.51.100.9
done
check "forwards of the ports that are aimed at" eval \
	"vctl nat forward add n both 9 good:9 && vctl nat forward add n both 80 good:80"
up=$(cat /sys/class/net/up0/address)
gateway=$(ns evil ip neigh show 10.0.2.2 | sed 's/.*lladdr \([^ ]*\).*/\1/')

through() { wait_for 1 ping_ok good 198.51.100.9 -W 1; }
catalogue() { # TIMES
	ns outside "$bad" send eth0 198.51.100.9 all "$1" "$up/198.51.100.1" "$up/10.0.2.51" &&
		ns evil "$bad" send eth0 10.0.2.50 all "$1" "$gateway/198.51.100.9" "$gateway/198.51.100.1" \
			"$gateway/10.0.2.2"
}
flood() { # KIND COUNT
	ns outside "$bad" flood eth0 198.51.100.9 "$1" "$2" 50000 "$up/198.51.100.1" &&
		ns evil "$bad" flood eth0 10.0.2.50 "$1" "$2" 50000 "$gateway/10.0.2.2"
}

sniff good eth0 $DIR/good.pcap ether src "$gateway" and src host 198.51.100.9
sent=$(catalogue 1 | awk '{ n += $1 } END { print n }')
check "the catalogue was sent, $sent frames" test "${sent:-0}" -gt 10000
check "a ping through within a second" through
sniff_end
check "only valid packets came in" "$bad" check $DIR/good.pcap 198.51.100.9
for kind in frag mac arp syn udp; do flood $kind 10000 >/dev/null; done
before=$(rss_at_rest)
check "$LOOPS rounds" eval "catalogue $LOOPS >/dev/null"
check "a ping through within a second" through
for kind in frag mac arp syn udp; do
	flood $kind 10000 >/dev/null
	check "a ping through within a second after a flood of $kind" through
done
after=$(rss_at_rest)
grew_at_most 1024 $before $after
check "a clean end" stop_daemon
finish
