#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The host as neighbour of the guests of a NAT network: it reaches them on its leg, they reach each
# other, and at the gateway's address its services, as far as nat-host= lends them.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 ss
peers=$TOP/tests/system/nat_peers.py
flows() { local n=$1; shift; ns "$n" timeout 5 python3 "$peers" flows "$@" 2>/dev/null || echo 0; }
seen() { local n=$1; shift; ns "$n" timeout 3 python3 "$peers" seen "$@" 2>/dev/null; }
start_daemon
vctl net add n mode=nat subnet=10.0.2.0/24 >/dev/null
for g in a b; do
	plug n $g "10.0.2.1$([ $g = a ] && echo 0 || echo 1)/24"
	ns $g ip route add default via 10.0.2.2
done
python3 "$peers" serve 7000 >/dev/null 2>&1 &
python3 - >/dev/null 2>&1 <<-'PY' &
	import socket, threading
	def echo(c):
	    while d := c.recv(4096):
	        c.sendall(d)
	    c.close()
	s = socket.create_server(("127.0.0.1", 7100))
	while True:
	    threading.Thread(target=echo, args=(s.accept()[0],)).start()
PY
ns b python3 "$peers" serve 7000 >/dev/null 2>&1 &
wait_for 5 sh -c "ss -Hltn | grep -q :7100 && ss -Hltn | grep -q :7000"
wait_for 5 ns b sh -c "ss -Hltn | grep -q :7000"
sysctls() { sysctl -a 2>/dev/null | grep -E '^net\.ipv4\.(conf\.(all|default|lo)|ip_)' | sort; }
before=$(sysctls)

equal "guest to guest" 5 "$(flows a 10.0.2.11 7000 5)"
equal "host to guest, on its leg" 5 "$(python3 "$peers" flows 10.0.2.11 7000 5)"
equal "which sees the leg's address" 10.0.2.1 "$(python3 "$peers" seen 10.0.2.11 7000 | cut -d: -f1)"
equal "guest to host, at the leg's address" 5 "$(flows a 10.0.2.1 7000 5)"

# ---- off ----
check "off: the gateway answers ping" ping_ok a 10.0.2.2
equal "and nothing else" 0 "$(flows a 10.0.2.2 7000 1)"
equal "a closed door, not a hole: port unreachable" ECONNREFUSED "$(ns a python3 - <<-'PY'
	import errno, socket
	s = socket.socket()
	s.settimeout(2)
	print(errno.errorcode[s.connect_ex(("10.0.2.2", 7000))])
	PY
)"

# ---- services ----
refused "a word that there is not" "nat-host=on: wants off, services or loopback" vctl net set n nat-host=on
check "services" vctl net set n nat-host=services
equal "TCP to the gateway reaches the host's service" 50 "$(flows a 10.0.2.2 7000 50)"
equal "UDP too; the host sees the gateway" 10.0.2.2 "$(seen a 10.0.2.2 7000 5555 | cut -d: -f1)"
check "nat list shows it like any flow" sh -c \
	"'$VNETCTL' -s $SOCK nat list n proto=udp | grep -q '10.0.2.10:5555 .*10.0.2.2:6.* 10.0.2.1:7000'"
check "a datagram to a closed port: told by the gateway" sh -c "nsenter --net=/run/netns/a python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect((\"10.0.2.2\", 9))
s.send(b\"x\")
try:
    s.recv(1)
except ConnectionRefusedError:
    print(\"told\")
' | grep -q told"
equal "but not what listens on loopback" 0 "$(flows a 10.0.2.2 7100 1)"
check_not "nor by a frame for 127.0.0.1 to the leg" ns a sh -c \
	"ip route add 127.1.2.3/32 via 10.0.2.1 dev eth0 2>/dev/null && ping -c1 -W1 127.1.2.3"

# ---- loopback ----
check "loopback" vctl net set n nat-host=loopback
equal "now also that" 5 "$(flows a 10.0.2.2 7100 5)"
equal "and the others" 5 "$(flows a 10.0.2.2 7000 5)"
equal "also by UDP" 10.0.2.2 "$(seen b 10.0.2.2 7000 | cut -d: -f1)"
check "a megabyte through" test "$(ns a python3 - <<-'PY'
	import socket, threading
	s = socket.create_connection(("10.0.2.2", 7100), 5)
	threading.Thread(target=lambda: (s.sendall(b"x" * 1048576), s.shutdown(1))).start()
	n = 0
	while d := s.recv(65536):
	    n += len(d)
	print(n)
	PY
)" = 1048576
equal "no switch of the host is touched, but the leg's own" "$before" "$(sysctls)"
check "the host still reaches its guests" ping -c 1 -W 2 10.0.2.10
check "and pings the gateway" ping -c 1 -W 2 10.0.2.2

# ---- restart, off ----
kill_daemon
start_daemon
check "killed and started again: it is as it was" wait_for 3 eval '[ "$(flows a 10.0.2.2 7100 1)" = 1 ]'
check "off again" vctl net set n nat-host=off
equal "shuts the door" 0 "$(flows a 10.0.2.2 7000 1)"
equal "and the leg's switch" 0 "$(cat /proc/sys/net/ipv4/conf/vs-n/route_localnet)"
check "a network that is made so" vctl net add m mode=nat subnet=10.0.3.0/24 nat-host=services
check "net del" vctl net del m
check "a clean end" stop_daemon
finish
