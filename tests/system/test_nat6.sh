#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# IPv6 of a NAT network: guests make themselves an address and get out under the host's.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping traceroute iperf3 tcpdump nft python3
[ -e /proc/sys/net/ipv6 ] || skip_all "the kernel has no IPv6"
peers=$TOP/tests/system/nat_peers.py
peer() { local n=$1; shift; ns "$n" python3 "$peers" "$@"; }
start_daemon

add_outside
ip -6 addr add 2001:db8:1::1/64 dev up0 nodad
ns outside ip -6 addr add 2001:db8:1::9/64 dev eth0 nodad
ns outside ip -6 addr add 2001:db8:9::1/128 dev lo nodad
ns outside sysctl -qw net.ipv6.conf.all.forwarding=1
peer outside serve 7000 2001:db8:1::9 2001:db8:9::1 >/dev/null 2>&1 &

check "a NAT network has a prefix of its own" vctl net add n mode=nat subnet=10.0.2.0/24
prefix=$(jctl net show n | json "d['subnet6']")
check "a unique local one: $prefix" grep -q '^fd.*::/64$' <<<"$prefix"
gw=${prefix%/64}2
a6() { ns "$1" ip -o -6 addr show dev eth0 scope global | awk '!/tentative/ { sub("/.*", "", $4); print $4 }' | grep "^${prefix%::/64}" | head -n 1; }
has6() { [ -n "$(a6 "$1")" ]; }
plug n a
plug n a2
check "a guest makes itself an address" wait_for 8 has6 a
a=$(a6 a)
check "it reaches the gateway" ping_ok a "$gw"
check "and the host's leg" ping_ok a "${prefix%/64}1"
check_not "there is no way out yet, and so no default route" \
	sh -c "nsenter --net=/run/netns/a ip -6 route | grep -q ^default"
ip -6 route add default via 2001:db8:1::9
has_default() { ns a ip -6 route | grep -q '^default via fe80'; }
check "the host gets one: guests too" wait_for 8 has_default
sniff outside eth0 $DIR/up.pcap
check "ping out" wait_for 5 ping_ok a 2001:db8:9::1
check "with 1400 bytes" ping_ok a 2001:db8:9::1 -s 1400
check "with 4000 bytes, in fragments" ping_ok a 2001:db8:9::1 -s 4000
watch $DIR/flows nat watch n "address=$a" proto=udp
s1=$(peer a seen 2001:db8:9::1 7000 5555)
s2=$(peer a seen 2001:db8:1::9 7000 5555)
check "the outside sees the host's address: $s1" test "${s1%:*}" = 2001:db8:1::1
equal "and the same port at every peer" "$s1" "$s2"
check "nat watch narrows to an IPv6 address" wait_for 3 grep -q "created udp  *\[$a\]:5555" $DIR/flows
check "and ends" watch_end
equal "100 connections at once" 100 "$(peer a flows 2001:db8:9::1 7000 100)"
hops=$(ns a traceroute -6 -n -q 1 -w 2 2001:db8:9::1)
check "traceroute shows the gateway, then the peer" sh -c \
	"echo '$hops' | awk 'NR==2 && \$2==\"$gw\" {g=1} NR==3 && \$2==\"2001:db8:9::1\" {p=1} END {exit !(g&&p)}'"
refused_port() { ns a python3 -c 'import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.settimeout(3)
s.connect(("2001:db8:9::1", 9))
s.send(b"x")
try: s.recv(1)
except ConnectionRefusedError: print("refused")'; }
equal "an ICMPv6 error comes in translated" refused "$(refused_port)"
check "nat list tells of it" sh -c "'$VNETCTL' -s $SOCK nat list n | grep -q '\[$a\]:5555 .*2001:db8:1::1'"
check "and narrows" test "$(jctl nat list n "address=$a" proto=udp | json "len(d['flows']) > 0")" = True
tcp() { [ "$(iperf_gbit outside a 2001:db8:9::1 1 "$@")" != 0 ]; }
check "bulk up" tcp
check "bulk down" tcp -R
sniff_end
equal "not one inside address on the uplink" 0 "$(sniffed $DIR/up.pcap ip6 net "$prefix")"
equal "not one RST from the host's own stack" 0 \
	"$(sniffed $DIR/up.pcap 'ip6 src host 2001:db8:1::1 and ip6[6] == 6 and ip6[53] & 4 != 0 and not tcp port 5201')"
check_not "nobody outside gets in" ping_ok outside "$a" -W 1

# ---- from outside, from the host, and from guest to guest ----
peer a serve 7000 "$a" >/dev/null 2>&1 &
wait_for 5 ns a sh -c "ss -Hltn | grep -q :7000"
check "a port to a guest by name" vctl nat forward add n both '[::]:8080' a.eth0:7000
check "one of one address, and a range, to a guest's address" \
	vctl nat forward add n tcp '[2001:db8:1::1]:8100-8101' "[$a]:6999"
check "shows where it leads" test "$(jctl nat forward list n | json "d['forwards'][0]['to_address']")" = "$a"
equal "TCP from outside" 20 "$(peer outside flows 2001:db8:1::1 8080 20)"
equal "by the range" 5 "$(peer outside flows 2001:db8:1::1 8101 5)"
from_outside() { [ "$(peer outside seen 2001:db8:1::1 8080 5557)" = 2001:db8:1::9:5557 ]; }
check "UDP from outside: the guest sees who it is" wait_for 3 from_outside
equal "from the host itself" 5 "$(python3 "$peers" flows 2001:db8:1::1 8080 5)"
has_a2() { a2=$(a6 a2); [ -n "$a2" ]; }
wait_for 8 has_a2
hairpinned() { peer a2 seen 2001:db8:1::1 8080 5558 | grep -q '^2001:db8:1::1:'; }
check "from another guest, which comes as the host (hairpin)" wait_for 5 hairpinned
check_not "an IPv6 port leads to no IPv4 address" vctl nat forward add n tcp '[::]:8200' 10.0.2.9:80
vctl nat forward add n tcp '[::]:8300' "[${prefix%::/64}::77]:80" >/dev/null
check "a guest that nobody has heard of is waited for" test "$(jctl nat forward list n |
	json "'nobody has been heard of' in str(d['forwards'][2]['reason'])")" = True
check "and taken away" vctl nat forward del n 3
check "the port is the host's again" vctl nat forward del n 1
closed() { ! peer outside flows 2001:db8:1::1 8080 1 >/dev/null 2>&1; }
check "and closed" wait_for 3 closed

# ---- paths that are narrow, flows that end ----
ns outside ip link add narrow type veth peer name narrow2
ns outside ip link set narrow2 up mtu 1280
ns outside ip link set narrow up mtu 1280
ns outside ip -6 route add 2001:db8:8::/64 dev narrow
check "packet too big comes back to who sent it" sh -c \
	"nsenter --net=/run/netns/a ping -6 -n -c 2 -W 1 -M do -s 1400 2001:db8:8::1 | grep -qi 'too big.*1280'"
peer a await 2001:db8:1::9 7000 >$DIR/w &
wait_for 5 grep -q ready $DIR/w
ip -6 addr del 2001:db8:1::1/64 dev up0
ip -6 addr add 2001:db8:1::77/64 dev up0 nodad
check "the host's address changes: a connection that only waits is reset" \
	wait_for 3 grep -q "tcp ConnectionResetError" $DIR/w
ip -6 route replace default via 2001:db8:1::9
seen_new() { [ "$(peer a seen 2001:db8:9::1 7000 5556)" != "" ] && peer a seen 2001:db8:9::1 7000 5556 | grep -q ^2001:db8:1::77; }
within 2 "new flows leave by the new address" seen_new

# ---- hostile ----
forge() { ns a python3 "$TOP/tests/system/nat6_forge.py" eth0 "$@"; }
gwmac=$(ns a ip -6 neigh show "$gw" | sed -n 's/.*lladdr \([^ ]*\).*/\1/p')
sniff outside eth0 $DIR/forged.pcap
forge "$gwmac" 2001:db8:7::1 2001:db8:9::1
forge "$gwmac" "$gw" 2001:db8:9::1
ns a timeout 2 python3 "$TOP/tests/system/nat6_forge.py" eth0 "$gwmac" noise 2001:db8:9::1
sniff_end
equal "forged sources do not leave" 0 "$(sniffed $DIR/forged.pcap ip6 src host 2001:db8:7::1 or src net "$prefix")"
check "after 2 s of half-right frames it still answers" ping_ok a 2001:db8:9::1

# ---- settings ----
check "ipv6=off" vctl net add m mode=nat subnet=10.0.3.0/24 ipv6=off
plug m b 10.0.3.10/24
equal "has no prefix" None "$(jctl net show m | json "d.get('subnet6')")"
check "a prefix of one's own" vctl net add o mode=nat subnet=10.0.4.0/24 subnet6=fd12:3456:789a:1::/64 nat-max=20
plug o c
prefix=fd12:3456:789a:1::/64
check "is what guests use" wait_for 8 has6 c
check "and get out by" wait_for 5 ping_ok c 2001:db8:9::1 -W 1
equal "b has heard of no router" "" "$(ns b ip -6 route | grep ^default)"
ns c python3 -c 'import socket
for i in range(40):
	s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
	s.setblocking(False)
	try: s.sendto(b"x", ("2001:db8:9::1", 7000))
	except OSError: pass'
most=$(jctl net show o | json "d['flows6']")
check "a guest gets half of its table of 20: $most flows" test "$most" -ge 8 -a "$most" -le 11
check_not "the size is changed only when it is empty" vctl net set o nat-max=100
before=$(nft list tables | wc -l)
kill_daemon
check "kill -9 leaves no rule behind" test "$(nft list tables | wc -l)" -lt "$before"
start_daemon
check "and the next daemon serves the same prefix" wait_for 5 ping_ok c 2001:db8:9::1 -W 1
check "the daemon ends" stop_daemon
finish
