#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The ways out of a NAT network: tunnels without Ethernet, several at once, and what guests are told
# when one goes away.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping iperf3 tcpdump nft python3
peers=$TOP/tests/system/nat_peers.py
peer() { local n=$1; shift; ns "$n" python3 "$peers" "$@"; }
flow() { vctl nat list n | grep -qE "$1"; }
start_daemon

# ---- a tunnel: no Ethernet, no neighbours ----
add_ns far
python3 "$TOP/tests/system/tun_pair.py" far tun0 &
wait_for 5 ns far ip link show tun0 || skip_all "no tun devices here"
ip addr add 192.0.2.1 peer 192.0.2.2 dev tun0
ip link set tun0 up mtu 1420
ns far ip addr add 192.0.2.2 peer 192.0.2.1 dev tun0
ns far ip link set tun0 up mtu 1420
ns far ip addr add 203.0.113.1/32 dev lo
ip route add default dev tun0
peer far serve 7000 192.0.2.2 203.0.113.1 >/dev/null 2>&1 &
peer far flows 127.0.0.1 7000 1 >/dev/null
check "a NAT network" vctl net add n mode=nat subnet=10.0.2.0/24
plug n a 10.0.2.10/24
ns a ip route add default via 10.0.2.2
sniff far tun0 $DIR/tun.pcap
check "ping out by a tun device" wait_for 3 ping_ok a 203.0.113.1 -W 1
equal "the peer sees the tunnel's own address" 192.0.2.1 "$(peer a seen 203.0.113.1 7000 5555 | cut -d: -f1)"
equal "a 9000-byte datagram and its echo, in fragments" same "$(peer a udp 203.0.113.1 7000 9000)"
equal "100 connections at once" 100 "$(peer a flows 203.0.113.1 7000 100)"
sniff_end
equal "not one inside address in the tunnel" 0 \
	"$(tcpdump -nr $DIR/tun.pcap net 10.0.2.0/24 2>/dev/null | wc -l)"
equal "nor a RST or refusal of the host's own" 0 "$(tcpdump -nr $DIR/tun.pcap \
	'src host 192.0.2.1 and (tcp[tcpflags] & tcp-rst != 0 or icmp[icmptype] == 3)' 2>/dev/null | wc -l)"
mss() { tcpdump -vnr $DIR/tun.pcap "tcp[tcpflags] & tcp-syn != 0 and src host $1" 2>/dev/null |
	grep -o 'mss [0-9]*' | sort -u | tr '\n' ' '; }
equal "SYNs out announce what fits into the tunnel" "mss 1380 " "$(mss 192.0.2.1)"
check "a bulk transfer up, super-frames and all" test "$(iperf_gbit far a 192.0.2.2 1)" != 0
check "and down" test "$(iperf_gbit far a 192.0.2.2 1 -R)" != 0
check "nat-mss is a setting" vctl net set n nat-mss=1000
peer a flows 203.0.113.1 7000 1 >/dev/null
check "that net show tells" sh -c "'$VNETCTL' -s $SOCK net show n | grep -qE 'nat-mss[ =:]+1000'"
refused "and that wants a sense" "clamp, off|nat-mss" vctl net set n nat-mss=7
if ip link add wg0 type wireguard 2>/dev/null; then
	ip link del wg0
else
	skip "WireGuard as the way out" "the kernel has no wireguard"
fi

# ---- several ways out ----
add_outside
ns outside ip addr add 203.0.113.1/32 dev lo
peer outside serve 7000 198.51.100.9 203.0.113.1 >/dev/null 2>&1 &
seen() { [ "$(peer a seen 203.0.113.1 7000 5556 | cut -d: -f1)" = "$1" ]; }
ip route replace default dev tun0 metric 100
ip route del default dev tun0 metric 0 2>/dev/null
check "the better of two default routes is taken" wait_for 3 seen 192.0.2.1
ip route add default via 198.51.100.9 metric 50
within 2 "a route with a better metric" seen 198.51.100.1
ip route del default metric 50
check "and back" wait_for 2 seen 192.0.2.1
ip route add default via 198.51.100.9 table 77
ip rule add to 203.0.113.1 lookup 77
within 2 "a policy rule leads elsewhere" seen 198.51.100.1
equal "while others go on as before" 192.0.2.1 "$(peer a seen 192.0.2.2 7000 5556 | cut -d: -f1)"
ip rule del to 203.0.113.1 lookup 77

# ---- a way out goes away ----
# waiter LOG: a connection that only waits for what the peer sends, and a UDP socket beside it.
waiter() { peer a await 198.51.100.9 7000 >"$1" & }
told() { grep -q "^$2" "$1"; }
waiter $DIR/w1
wait_for 5 told $DIR/w1 ready || note "$(cat $DIR/w1)"
watch $DIR/watch nat watch n
ip addr del 198.51.100.1/24 dev up0
ip addr add 198.51.100.77/24 dev up0
check "the host's address changes: a connection that only waits is reset" \
	wait_for 3 told $DIR/w1 "tcp ConnectionResetError"
check "and UDP hears of it" wait_for 3 told $DIR/w1 "udp OSError\|udp ConnectionRefused"
check "the flow ended with its reason" wait_for 3 grep -qE "ended +tcp .*the way out is gone" $DIR/watch
watch_end
seen_new() { [ "$(peer a seen 198.51.100.9 7000 5556 | cut -d: -f1)" = 198.51.100.77 ]; }
within 2 "new flows leave by the new address" seen_new
waiter $DIR/w2
wait_for 5 told $DIR/w2 ready
ip link set up0 down
ip route flush dev tun0
check "no way out at all: reset too" wait_for 3 told $DIR/w2 "tcp ConnectionResetError"
began=$EPOCHSECONDS
check_not "a new connection is refused" peer a flows 203.0.113.1 7000 1 -W 1
check "at once" test $((EPOCHSECONDS - began)) -le 3
ip link set up0 up
within 2 "the link is back: it works again" seen_new
check "the daemon ends" stop_daemon
finish
