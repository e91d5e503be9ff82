#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The outside ports of NAT networks: the range and its reservation, the host's own ports in it, and
# several daemons on one host and uplink, of which each has its own.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 nft ss
peers=$TOP/tests/system/nat_peers.py
reserved=/proc/sys/net/ipv4/ip_local_reserved_ports
port_seen() { ns "$1" python3 "$peers" seen 198.51.100.9 7000 | cut -d: -f2; }
in_range() { [ -n "$1" ] && [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }
ports_of() { jctl net show "$1" | json "str(d['nat_ports']) + ' ' + str(d['nat_ports_reserved'])"; }
# other N COMMAND...: with another daemon's socket and state.
other() {
	local SOCK=$DIR/other$1.sock STATE=$DIR/other$1
	shift
	"$@"
}
add_outside
ip route add default via 198.51.100.9
ns outside python3 "$peers" serve 7000 198.51.100.9 >/dev/null 2>&1 &
wait_for 5 ns outside sh -c "ss -Hlun | grep -q 198.51.100.9:7000"
echo "32768 60999" >/proc/sys/net/ipv4/ip_local_port_range
echo 40000,50000-50009 >$reserved
nft list ruleset >$DIR/nft.before

# ---- one daemon ----
start_daemon
vctl net add n mode=nat subnet=10.0.2.0/24 >/dev/null
plug n a 10.0.2.10/24
ns a ip route add default via 10.0.2.2
ping_ok a 198.51.100.9 >/dev/null
check "by itself above the host's own range" in_range "$(port_seen a)" 61000 65535
equal "and nothing is reserved for that" "61000-65535 None 40000,50000-50009" "$(ports_of n) $(cat $reserved)"
check "nat-ports= takes some of the host's" vctl net set n nat-ports=49000-52999
equal "which are reserved, beside what was" "40000,49000-52999" "$(cat $reserved)"
equal "but not what was reserved before" "49000-52999 49000-49999,50010-52999" "$(ports_of n)"
check "a guest gets one of them" in_range "$(port_seen a)" 49000 52999
echo 40000,40001,49000-52999 >$reserved
check "back to auto" vctl net set n nat-ports=auto
equal "what was ours is taken out, and nothing else" "40000-40001,50000-50009" "$(cat $reserved)"
refused "a range that is none" "wants auto, or FIRST-LAST" vctl net set n nat-ports=52999-49000
refused "too few" "64 at least" vctl net set n nat-ports=50000-50001
refused "ports of the system's" "wants auto" vctl net set n nat-ports=80-900
check "two networks: the range is of both" sh -c \
	"'$VNETCTL' -s $SOCK net add m mode=nat subnet=10.0.3.0/24 nat-ports=61000-62000 && '$VNETCTL' -s $SOCK net set n nat-ports=60000-60999"
equal "from the first to the last" "60000-62000 60000-60999" "$(ports_of n)"
vctl net del m >/dev/null
equal "one is deleted: that of the other" "60000-60999 60000-60999" "$(ports_of n)"
kill_daemon
equal "kill -9: the reservation is left" "40000-40001,50000-50009,60000-60999" "$(cat $reserved)"
start_daemon
equal "the next start has it again" "60000-60999 60000-60999" "$(ports_of n)"
check "a guest gets one of them" in_range "$(port_seen a)" 60000 60999
kill_daemon
start_daemon
vctl net set n nat-ports=auto >/dev/null
equal "after the start they can be given back as ever" "40000-40001,50000-50009" "$(cat $reserved)"

# ---- the host's own ports in the range ----
for i in $(seq 0 39); do echo $((61000 + 2 * i)); done >$DIR/taken
python3 -c "
import socket, sys, time
socks = []
for port in open('$DIR/taken'):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('', int(port)))
    socks.append(s)
print('ready', flush=True)
time.sleep(1000)" >$DIR/holder &
holder=$!
wait_for 5 grep -q ready $DIR/holder
vctl net set n nat-ports=61000-61099 >/dev/null
seen=$(for i in $(seq 20); do ns a python3 "$peers" seen 198.51.100.9 7000 $((5000 + 2 * i)); done | cut -d: -f2 | sort -n)
equal "40 ports of the host's: none is given to a guest" "" "$(comm -12 <(sort $DIR/taken) <(sort <<<"$seen"))"
equal "and none is guarded: a rule for each gap" 40 "$(nft list ruleset | tr ',' '\n' | grep -c '198.51.100.1 . udp . 61')"
kill $holder
vctl net set n nat-ports=auto >/dev/null

# ---- many forwards ----
vctl net add m mode=nat subnet=10.0.3.0/24 >/dev/null
plug m c 10.0.3.10/24
ns c ip route add default via 10.0.3.2
ping_ok c 198.51.100.9 >/dev/null
for i in $(seq 34); do
	vctl nat forward add n tcp $((2000 + i)) 10.0.2.10:80 >/dev/null || echo failed
	vctl nat forward add m udp $((2000 + i)) 10.0.3.10:80 >/dev/null || echo failed
done >$DIR/forwards
equal "68 forwards of two networks by one uplink" "" "$(cat $DIR/forwards)"
equal "all are bound" 68 "$( (jctl nat forward list n; jctl nat forward list m) | grep -o '"active": *true' | wc -l)"
check "flows go on" in_range "$(port_seen a)" 61000 65535

# ---- several daemons ----
other 1 start_daemon
other 1 vctl net add n1 mode=nat subnet=10.0.4.0/24 >/dev/null
other 1 plug n1 d 10.0.4.10/24
ns d ip route add default via 10.0.4.2
ping_ok d 198.51.100.9 >/dev/null
check "another daemon on the same uplink has another range" in_range "$(port_seen d)" 55296 60415
equal "reserved of the host's" "55296-60415 55296-60415" "$(other 1 ports_of n1)"
check "and its log says who has the first" grep -qE "outside ports are 55296 to 60415; ports [0-9]+ to [0-9]+ belong to vswitchd, process [0-9]+" $DIR/daemon.log
check "both work at once" in_range "$(port_seen a)" 61000 65535
refused "a range that the other has" "ports 55296 to 56319 belong to vswitchd, process" vctl net set n nat-ports=55000-60000
equal "which changes nothing" "61000-65535 None" "$(ports_of n)"
check "one that is free" other 1 vctl net set n1 nat-ports=20000-24000
refused "now that is the other's" "belong to vswitchd" vctl net set n nat-ports=23000-31000
second=$DAEMON_PID
kill -KILL "$second"
wait "$second" 2>/dev/null
check "it is killed: what it had is free at once" vctl net set n nat-ports=20000-24000
DAEMON_PID=$(jctl status | json "d['pid']")
check "a clean end" stop_daemon
other 1 start_daemon
check "of both" other 1 stop_daemon
equal "what was reserved before is reserved, nothing else" "40000-40001,50000-50009" "$(cat $reserved)"
nft list ruleset >$DIR/nft.after
check "no rule is left" diff $DIR/nft.before $DIR/nft.after
finish
