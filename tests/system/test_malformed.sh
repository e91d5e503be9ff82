#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs alone: it floods.
# Malformed frames and floods (badframes.py), from guests and from the NIC side of a bridged network:
# the daemon stays up, its memory does not grow, only valid packets leave by NAT, and the others go
# on: they answer within a second after each flood, and keep their rate while it lasts.
#
# LOOPS=100 sends the catalogue a hundred times over (default 2), each flood a tenth as often, but
# once at least.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping iperf3 tcpdump busybox
LOOPS=${LOOPS:-2}
FLOODS=$(((LOOPS + 9) / 10))
RATE_FLOODS="mac syn arp" # those during which another network's rate is measured
badframes=$(cd "$(dirname "$0")" && pwd)/badframes.py

add_outside
start_daemon
ip link add nic0 type veth peer name eth0
add_ns station
ip link set eth0 netns station
ip link set nic0 up mtu 1500
ns station ip addr add 203.0.113.9/24 dev eth0
ns station ip link set eth0 up
ip route replace default via 198.51.100.9
vctl net add home mode=nat subnet=10.0.2.0/24 >/dev/null
vctl net add br mode=bridge nic=nic0 >/dev/null
vctl net add seg mode=lan-segment >/dev/null
plug home bad 10.0.2.50/24 && plug home good 10.0.2.51/24
plug br bgood 203.0.113.51/24 && plug br bbad 203.0.113.50/24
plug seg s1 10.5.0.1/24 && plug seg s2 10.5.0.2/24
for n in bad good; do ns $n ip route add default via 10.0.2.2; done
# So that too long frames can be sent at all.
for n in bad bbad station; do ns $n ip link set eth0 mtu 9200; done

check "guests reach the outside" wait_for 5 ping_ok good 198.51.100.9
check "and the station" wait_for 5 ping_ok bgood 203.0.113.9
ping_ok bad 10.0.2.2 >/dev/null; ping_ok bad 10.0.2.51 >/dev/null
gateway=$(ns bad ip neigh show 10.0.2.2 | sed 's/.*lladdr \([^ ]*\).*/\1/')
to_nat="$gateway/198.51.100.9 $gateway/10.0.2.2 $(ns_mac good)/10.0.2.51"
to_lan="$(ns_mac station)/203.0.113.9 $(ns_mac bgood)/203.0.113.51"
from_lan="$(ns_mac bgood)/203.0.113.51 ff:ff:ff:ff:ff:ff/203.0.113.255"

# A switch without guards lets neighbours lie to each other's ARP caches, and to itself about who is
# where: the victims know each other's address for good, and the station speaks first.
ns station ip neigh replace 203.0.113.51 lladdr "$(ns_mac bgood)" nud permanent dev eth0
ns bgood ip neigh replace 203.0.113.9 lladdr "$(ns_mac station)" nud permanent dev eth0
# Everybody else is fine, at once: a second, three where the machine is busy with other things. What
# it took is in $DIR/took.
others_now() {
	ns station ping -n -q -c 1 -W 0.3 203.0.113.51
	ns good ping -n -q -c 1 -W 0.3 198.51.100.9 && ns bgood ping -n -q -c 1 -W 0.3 203.0.113.9 &&
		ns s1 ping -n -q -c 1 -W 0.3 10.5.0.2 && timeout 1 "$VNETCTL" -s $SOCK status
}
others() {
	local start=${EPOCHREALTIME/[.,]/}
	wait_for 3 others_now || others_now || return 1
	echo "$(((${EPOCHREALTIME/[.,]/} - start) / 1000)) ms" >$DIR/took
}
send_catalogue() { # TIMES [GROUPS]
	local groups=${2:-all}
	# shellcheck disable=SC2086
	{
		ns bad "$badframes" send eth0 10.0.2.50 "$groups" "$1" $to_nat &&
			ns bbad "$badframes" send eth0 203.0.113.50 "$groups" "$1" $to_lan &&
			ns station "$badframes" send eth0 203.0.113.9 "$groups" "$1" $from_lan
	} | awk '{ n += $1 } END { print n; exit n < 1000 }'
}
flood() { # KIND COUNT
	ns bad "$badframes" flood eth0 10.0.2.50 "$1" "$2" 50000 "$gateway/198.51.100.9" &&
		ns bbad "$badframes" flood eth0 203.0.113.50 "$1" "$2" 50000 "${to_lan%% *}" &&
		ns station "$badframes" flood eth0 203.0.113.9 "$1" "$2" 50000 "${from_lan%% *}"
}

# ---- the catalogue once, with listeners ----
listeners=
# shellcheck disable=SC2154 # sniff sets sniffer
listen() { sniff "$@" && listeners="$listeners $sniffer"; }
listen outside eth0 $DIR/outside.pcap ether src "$(cat /sys/class/net/up0/address)" and not arp
listen station eth0 $DIR/station.pcap -Q in
listen s1 eth0 $DIR/s1.pcap not ether proto 0x9000 and not ether src "$(ns_mac s2)" and not ether src "$(ns_mac s1)"
# Without super-frames, which are longer than the MTU by right.
sent=$(send_catalogue 1 l2,arp,ip4,frags,l4,v6,mutate)
check "the catalogue was sent, $sent frames" test "${sent:-0}" -gt 15000
check "the others are well" others
sleep 0.3
# shellcheck disable=SC2086
kill $listeners
# shellcheck disable=SC2086
wait $listeners 2>/dev/null
check "only valid packets left by NAT" "$badframes" check $DIR/outside.pcap 198.51.100.1
equal "a bridge passes nothing that is for one link only" 0 \
	"$(sniffed $DIR/station.pcap 'ether[0:4] = 0x0180c200 and ether[4] = 0 and ether[5] < 16')"
equal "nothing from a group address" 0 "$(sniffed $DIR/station.pcap 'ether[6] & 1 = 1')"
equal "nothing longer than the MTU" 0 "$(sniffed $DIR/station.pcap greater 1519)"
# (few, as one frame from the station's own address makes bbad take its place until it speaks)
check "but what is good" test "$(sniffed $DIR/station.pcap ether src "$(ns_mac bbad)")" -gt 100
equal "nothing on another network" 0 "$(sniffed $DIR/s1.pcap)"
equal "the daemon is the same" 0 "$(kill -0 "$DAEMON_PID"; echo $?)"

# ---- over and over ----
# Tables grow to their full size once.
for kind in frag mac arp syn udp; do flood $kind 20000 >/dev/null; done
send_catalogue 1 >/dev/null
before=$(rss_at_rest)
begin=$SECONDS
sent=$(send_catalogue "$LOOPS")
note "the catalogue $LOOPS times: $sent frames in $((SECONDS - begin)) s"
check "the others are well after $LOOPS rounds" others
for kind in frag mac arp syn udp; do
	for ((i = 0; i < FLOODS; i++)); do
		flood $kind 20000 >$DIR/flood.txt || break
	done
	note "$kind: $(tr '\n' ';' <$DIR/flood.txt)"
	check "the others are well right after the $kind flood" others
	note "after $(cat $DIR/took)"
done
after=$(rss_at_rest)
grew_at_most 1024 $before $after

# ---- the rate of others meanwhile ----
# A hundred Mbit/s, which the machine has to spare; a flood of 20,000 a second for as long.
rate() { iperf_gbit s2 s1 10.5.0.2 2 -u -b 100M -l 1400 | awk '{ print $1 * 1000 }'; }
keeps_rate() { # KIND
	local quiet during flooder try
	for try in 1 2 3; do
		quiet=$(rate)
		ns bad "$badframes" flood eth0 10.0.2.50 "$1" 60000 20000 "$gateway/198.51.100.9" \
			>/dev/null &
		flooder=$!
		during=$(rate)
		kill $flooder 2>/dev/null
		wait $flooder 2>/dev/null
		note "$1, try $try: $quiet Mbit/s, under the flood $during"
		awk "BEGIN { exit !($during >= 0.9 * $quiet && $quiet > 50) }" && return 0
	done
	return 1
}
for kind in $RATE_FLOODS; do
	check "another network keeps its rate during the $kind flood" keeps_rate "$kind"
done
check "a clean end" stop_daemon
finish
