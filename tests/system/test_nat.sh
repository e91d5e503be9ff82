#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# NAT networks: out under the host's address, nobody in, and the host none the wiser.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping traceroute iperf3 tcpdump nft busybox python3
peers=$TOP/tests/system/nat_peers.py
peer() { local n=$1; shift; ns "$n" python3 "$peers" "$@"; }
start_daemon

# up0 leads to a router (outside), behind which is the Internet (203.0.113.1).
add_outside
ns outside ip addr add 203.0.113.1/32 dev lo
forward_before=$(cat /proc/sys/net/ipv4/ip_forward)
rules_before=$(nft list ruleset | grep -v "table inet vswitchd" | grep -c "^table")
peer outside serve 7000 198.51.100.9 203.0.113.1 >/dev/null 2>&1 &

# A host like many: a firewall that forwards nothing and lets nothing in that was not asked for.
nft -f - <<-'RULES'
	table inet firewall {
		chain forward { type filter hook forward priority 0; policy drop; }
		chain input {
			type filter hook input priority 0; policy drop;
			ct state established,related accept
			iifname "lo" accept
			ip protocol icmp accept
		}
	}
RULES

# A service of the host in the range of ports that translation uses, there before us.
python3 -c 'import socket
s = socket.create_server(("", 62000))
while True: s.accept()[0].close()' &
wait_for 3 sh -c "ss -Hltn | grep -q :62000"
nft add rule inet firewall input tcp dport 62000 accept

# ---- a guest gets in ----
check "a NAT network" vctl net add n mode=nat subnet=10.0.2.0/24
plug n a
said=$(dhcp_get a)
check "a guest gets a lease" grep -qE "^ip=10\.0\.2\.1(2[89]|[3-9].)$" <<<"$said"
check "that names the gateway as router" grep -q "^router=10.0.2.2$" <<<"$said"
a=$(sed -n 's/^ip=//p' <<<"$said")
check "it reaches the gateway" ping_ok a 10.0.2.2
check "and the host's leg" ping_ok a 10.0.2.1
check_not "without a route of the host nothing is reached" ping_ok a 203.0.113.1 -W 1
check "which is told: net unreachable" sh -c \
	"nsenter --net=/run/netns/a ping -c1 -W1 203.0.113.1 | grep -q 'Net Unreachable'"

# ---- out ----
ip route add 203.0.113.0/24 via 198.51.100.9
sniff host up0 $DIR/up0.pcap
check "ping out, as soon as the host has a route" wait_for 2 ping_ok a 203.0.113.1 -W 1
check "ping with 3000 bytes, in fragments" ping_ok a 203.0.113.1 -s 3000
equal "a 9000-byte datagram and its echo" same "$(peer a udp 203.0.113.1 7000 9000)"
hops=$(ns a traceroute -n -q 1 -w 2 203.0.113.1)
check "traceroute shows the gateway, then the peer" sh -c \
	"echo '$hops' | awk 'NR==2 && \$2==\"10.0.2.2\" {g=1} NR==3 && \$2==\"203.0.113.1\" {p=1} END {exit !(g&&p)}'"
check "tracepath finds a path" sh -c "nsenter --net=/run/netns/a traceroute -n --mtu 203.0.113.1 | grep -q 203.0.113.1"
s1=$(peer a seen 203.0.113.1 7000 5555)
s2=$(peer a seen 198.51.100.9 7000 5555)
check "the outside sees the host's address" test "${s1%:*}" = 198.51.100.1
equal "and the same port at every peer (RFC 4787 REQ-1)" "$s1" "$s2"
equal "200 connections at once" 200 "$(peer a flows 203.0.113.1 7000 200)"
watch $DIR/watch nat watch n
check "nat list tells who opened a flow, and narrows and sorts" sh -c \
	"'$VNETCTL' -s $SOCK nat list n proto=udp sort=sent | grep -q 'udp .*$a:5555 .*the guest spoke first'"
equal "nothing is like what is not there" 0 "$(jctl nat list n peer=192.0.2.1 | json "len(d['flows'])")"
refused "a filter that is no address" "not an IP address" vctl nat list n peer=1.2
usage_error "an order that there is not" "sort= takes" vctl nat list n sort=colour
check "nat guests adds up" test "$(jctl nat guests n | json "d['guests'][0]['flows']")" -ge 200
watched() { grep -qE "$1" $DIR/watch; }
check "nat watch tells of a flow as it is made" wait_for 5 eval \
	"peer a seen 203.0.113.1 7000 5557 >/dev/null; watched 'created udp +$a:5557 .*the guest spoke first'"
check "and when it is answered" wait_for 5 watched "changed udp +$a:5557 .*replied"
check "nat list names the flow" sh -c "'$VNETCTL' -s $SOCK nat list n | grep -q '$a:5555 .*$s1'"
check "net show names the uplink" test "$(jctl net show n | json "d['uplinks'][0]['ifname']")" = up0
check_not "nobody outside gets in" ping_ok outside "$a" -W 1
sniff_end
inside=$(tcpdump -nr $DIR/up0.pcap net 10.0.2.0/24 2>/dev/null | wc -l)
equal "not one inside address on the uplink" 0 "$inside"
resets=$(tcpdump -nr $DIR/up0.pcap 'src host 198.51.100.1 and tcp[tcpflags] & tcp-rst != 0' 2>/dev/null | wc -l)
equal "not one RST from the host" 0 "$resets"
refusals=$(tcpdump -nr $DIR/up0.pcap 'src host 198.51.100.1 and icmp[icmptype] == 3' 2>/dev/null | wc -l)
equal "not one ICMP unreachable from the host" 0 "$refusals"

# ---- the host is left alone ----
equal "ip_forward is as it was" "$forward_before" "$(cat /proc/sys/net/ipv4/ip_forward)"
equal "no table but our own and the firewall's" $((rules_before + 2)) "$(nft list tables | wc -l)"
check "the host itself gets out" ping -n -c 1 -W 2 203.0.113.1
equal "also by UDP" 198.51.100.1 "$(python3 $peers seen 203.0.113.1 7000 | cut -d: -f1)"
check "its service on a port of our range is still there" \
	ns outside busybox nc -w 2 198.51.100.1 62000 </dev/null
check_not "the host's own address is no way into the host" ping_ok a 198.51.100.1 -W 1

# The guests' interface names are their own: one may be named like the uplink.
plug n z "" up0
dhcp_get z up0 >/dev/null
check "a guest whose NIC is named like the uplink" ping_ok z 203.0.113.1
vctl port del z.up0

# ---- two networks ----
check "a second NAT network" vctl net add m mode=nat subnet=10.0.3.0/24
plug m b
check "its guest gets a lease" dhcp_get b
b=$(ns b ip -o -4 addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }')
check "and out" ping_ok b 203.0.113.1
check_not "the two do not reach each other" ping_ok a "$b" -W 1
check_not "nor one the other's leg" ping_ok a 10.0.3.1 -W 1
p1=$(peer a seen 203.0.113.1 7000 6666)
p2=$(peer b seen 203.0.113.1 7000 6666)
check "they share the address but no port" test "$p1" != "$p2" -a "${p1%:*}" = "${p2%:*}"

# ---- a port forward ----
ns a python3 "$peers" serve 7000 >/dev/null 2>&1 &
wait_for 3 ns a sh -c "ss -Hltn | grep -q :7000"
check "a port forward" vctl nat forward add n tcp 8080 "$a:7000"
equal "lets the outside in" 5 "$(peer outside flows 198.51.100.1 8080 5)"
refused "the same port again" "8080" vctl nat forward add n tcp 8080 "$a:22"
python3 -c 'import socket,time; s=socket.create_server(("",8081)); time.sleep(60)' &
wait_for 3 sh -c "ss -Hltn | grep -q :8081"
refused "a port that the host uses" "host itself uses" vctl nat forward add n tcp 8081 "$a:22"
refused "a guest address that is none" "10.9.9.9|no guest" vctl nat forward add n tcp 8082 10.9.9.9:22
check "forward list" sh -c "'$VNETCTL' -s $SOCK nat forward list n | grep -q 8080"
check "forward del" vctl nat forward del n 1
equal "shuts the door" 0 "$(peer outside flows 198.51.100.1 8080 1 2>/dev/null || echo 0)"

check "nat watch told why its flows ended" wait_for 5 watched "ended .*its port forward changed"

# ---- the four kinds of textbooks ----
ns outside ip addr add 198.51.100.10/24 dev eth0
peer outside serve 7100 198.51.100.9 198.51.100.10 >/dev/null 2>&1 &
wait_for 5 ns outside sh -c "ss -Hlun | grep -q 198.51.100.10:7100"
same_port() {
	[ "$(peer a seen 198.51.100.9 7100 5600)" = "$(peer a seen 198.51.100.10 7100 5600)" ]
}
check "by default one outside port for all peers" same_port
check "symmetric, while it runs" vctl net set n nat-type=symmetric nat-udp-timeout=2m
check_not "another port for each peer" same_port
check "net show names it" sh -c "'$VNETCTL' -s $SOCK net show n | grep -q nat-mapping=address-and-port-dependent"
check "full cone" vctl net set n nat-type=full-cone
check "one port again" same_port
equal "two settings, and only what is not usual is kept" "nat-filtering nat-udp-timeout" \
	"$(jctl net show n | json "' '.join(sorted(d['settings']))")"
refused "a time without a unit" "nat-udp-timeout=5: wants a time" vctl net set n nat-udp-timeout=5
refused "a setting of NAT on another mode" "no setting of networks of mode internal" \
	sh -c "'$VNETCTL' -s $SOCK net add i mode=internal nat-type=symmetric"
check "as it was" vctl net set n nat-type=restricted-cone nat-udp-timeout=5m

# ---- change ----
rss() { awk '/VmRSS/ { print $2 }' "/proc/$DAEMON_PID/status"; }
ip addr del 198.51.100.1/24 dev up0
ip addr add 198.51.100.2/24 dev up0
ip route replace 203.0.113.0/24 via 198.51.100.9
check "nat watch told that the way out is gone" wait_for 5 watched "ended .*the way out is gone"
check "nat watch ends with status 0" watch_end
within 2 "another uplink address: works again" ping_ok a 203.0.113.1 -W 1
check "under the new address" sh -c \
	"nsenter --net=/run/netns/a python3 $peers seen 203.0.113.1 7000 | grep -q '^198.51.100.2:'"
ip link set up0 down
check_not "uplink down: no way out" ping_ok a 203.0.113.1 -W 1
ip link set up0 up
ip route replace 203.0.113.0/24 via 198.51.100.9
within 2 "and up: works again" ping_ok a 203.0.113.1 -W 1
sleep 1.1 # the kernel takes no second answer for a neighbour within a second (locktime)
ns outside ip link set eth0 address 02:00:00:00:00:99
ns outside busybox arping -q -U -c 2 -I eth0 198.51.100.9
within 2 "the router tells of another MAC: followed" ping_ok a 203.0.113.1 -W 1

# ---- a hostile guest ----
plug n evil
dhcp_get evil >/dev/null
e=$(ns evil ip -o -4 addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4 }')
ping_ok evil 10.0.2.2 >/dev/null
gw=$(ns evil ip neigh show 10.0.2.2 dev eth0 | sed -n 's/.*lladdr \([^ ]*\).*/\1/p')
sniff host up0 $DIR/up1.pcap
before=$(rss) limit=16384
# A sanitizer keeps what was freed, 256 MiB of it, and its own books.
ldd "$VSWITCHD" | grep -q libasan && limit=327680
for seed in 1 2 3; do
	peer evil noise eth0 1.5 $seed "$gw" "$e" >/dev/null
done
check "random frames of a guest: the daemon lives" vctl status
check "others get out" ping_ok a 203.0.113.1
check "memory: $before to $(rss) KiB" test "$(rss)" -lt $((before + limit))
sniff_end
equal "no false or inside source on the uplink" 0 \
	"$(tcpdump -nr $DIR/up1.pcap ip and src net not 198.51.100.0/24 and src host not 203.0.113.1 2>/dev/null | wc -l)"

# ---- life ----
kill_daemon
start_daemon
within 2 "killed and started again: traffic" ping_ok a 203.0.113.1 -W 1
vctl port del a.eth0; vctl port del b.eth0; vctl port del evil.eth0
check "net del" vctl net del m
check "and the other" vctl net del n
check "a clean end" stop_daemon
equal "leaves only the firewall's table" "table inet firewall" "$(nft list tables)"
finish
