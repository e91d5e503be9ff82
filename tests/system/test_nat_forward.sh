#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Port forwards of a NAT network: ports and ranges, from outside, from the host itself, from another
# guest; to a guest by name; while they come and go nobody else's flows are touched.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 nft ss
peers=$TOP/tests/system/nat_peers.py
peer() { local n=$1; shift; ns "$n" python3 "$peers" "$@"; }
flows() { local n=$1; shift; peer "$n" flows "$@" 2>/dev/null || echo 0; }
host_flows() { python3 "$peers" flows "$@" 2>/dev/null || echo 0; }
udp_seen() { timeout 3 python3 "$peers" seen "$@" 2>/dev/null; }
start_daemon
add_outside
ip route add default via 198.51.100.9
vctl net add n mode=nat subnet=10.0.2.0/24 >/dev/null
plug n web 10.0.2.10/24
plug n b 10.0.2.11/24
for g in web b; do
	ns $g ip route add default via 10.0.2.2
	ping_ok $g 198.51.100.9 >/dev/null
done
for port in 7000 7002 7004; do ns web python3 "$peers" serve $port >/dev/null 2>&1 & done
wait_for 5 ns web sh -c "ss -Hltn | grep -q :7004"

# ---- a port ----
check "a port, to a namespace by its name" vctl nat forward add n both 8080 web:7000
equal "from outside" 5 "$(flows outside 198.51.100.1 8080 5)"
equal "from the host itself, to its own address" 5 "$(host_flows 198.51.100.1 8080 5)"
equal "from another guest, to the outside address" 5 "$(flows b 198.51.100.1 8080 5)"
equal "UDP from outside: the guest sees who it is" 198.51.100.9 \
	"$(peer outside seen 198.51.100.1 8080 | cut -d: -f1)"
equal "UDP from the host: the guest sees the host's leg" 10.0.2.1 \
	"$(udp_seen 198.51.100.1 8080 | cut -d: -f1)"
check_not "not by the host's loopback: that was not asked for" \
	python3 -c 'import socket; socket.create_connection(("127.0.0.1", 8080), 1)'
check "the host's other programs see the port as taken" sh -c "ss -Hltn | grep -q '198.51.100.1:8080'"
check "at 127.0.0.1, for the host alone" vctl nat forward add n tcp 127.0.0.1:8080 web:7000
equal "it works" 5 "$(host_flows 127.0.0.1 8080 5)"
equal "a megabyte each way and a half-closed end" 1048576 "$(python3 - <<-'PY'
	import socket, threading
	s = socket.create_connection(("127.0.0.1", 8080), 5)
	def send():
	    s.sendall(b"x" * 1048576)
	    s.shutdown(socket.SHUT_WR)
	threading.Thread(target=send).start()
	n = 0
	while d := s.recv(65536):
	    n += len(d)
	print(n)
	PY
)"

check "a port below 1024" vctl nat forward add n tcp 80 web:7000
equal "is served too" "2 2" "$(flows outside 198.51.100.1 80 2) $(host_flows 198.51.100.1 80 2)"
check "and removed" vctl nat forward del n 3

# ---- a range ----
check "a range, to a port by its name" vctl nat forward add n tcp 8100-8104 web.eth0:7000
equal "its first" 2 "$(flows outside 198.51.100.1 8100 2)"
equal "its last" 2 "$(flows outside 198.51.100.1 8104 2)"
equal "its third, by the host" 2 "$(host_flows 198.51.100.1 8102 2)"
equal "beside it nobody" 0 "$(flows outside 198.51.100.1 8105 1)"
check "the list tells all" eval "vctl nat forward list n | tee $DIR/list; grep -q '8100-8104.*web.eth0:7000.*10.0.2.10' $DIR/list"

# ---- refused ----
refused "a port of a range again" "8102.* forwarded to|8100-8104 is forwarded to" \
	vctl nat forward add n tcp 8102 b:22
refused "a range the wrong way round" "bind: wants" vctl nat forward add n tcp 9010-9000 b:22
refused "ports beyond the last" "to: .*too many" vctl nat forward add n tcp 9000-9010 b:65530
refused "a protocol that there is not" "tcp, udp or both" vctl nat forward add n icmp 9000 b:22
python3 -c 'import socket,time; s=socket.create_server(("",9000)); time.sleep(60)' &
holder=$!
wait_for 3 sh -c "ss -Hltn | grep -q :9000"
refused "a port of the host's, and whose" "host itself uses tcp port 9000 \(python3, process [0-9]+\)" \
	vctl nat forward add n tcp 8999-9001 b:22
check "UDP there is free" vctl nat forward add n udp 9000 b:9000
equal "and the service is still reached from outside" 0 \
	"$(ns outside python3 -c 'import socket; socket.create_connection(("198.51.100.1", 9000), 2); print(0)')"
check "nothing of what was refused is left" test "$(ss -Hltn | grep -cE ':(8999|9001)')" = 0
kill $holder

# ---- come and go ----
ns outside python3 - >$DIR/steady 2>&1 <<-'PY' &
	import socket, time
	a = socket.create_connection(("198.51.100.1", 8080), 5)
	b = socket.create_connection(("198.51.100.1", 8102), 5)
	n, end = 0, time.monotonic() + 60
	b.settimeout(5); a.settimeout(5)
	try:
	    while time.monotonic() < end:
	        a.sendall(b"x"); n += len(a.recv(1))
	        print(n, flush=True)
	        time.sleep(0.02)
	except OSError as e:
	    print("lost", e, flush=True)
	PY
steady=$!
wait_for 5 grep -q 10 $DIR/steady
watch $DIR/watch nat watch n
id_of() { jctl nat forward list n | json "[f['id'] for f in d['forwards'] if f['bind'] == '$1'][0]"; }
gone_again() {
	local i
	for i in $(seq 20); do
		vctl nat forward add n both 8200-8210 b:$((7100 + i * 20)) >/dev/null || return 1
		vctl nat forward del n "$(id_of 8200-8210)" || return 1
	done
}
check "20 others come and go" gone_again
n1=$(tail -n 1 $DIR/steady)
more() { [ "$(tail -n 1 $DIR/steady)" -gt "$n1" ]; }
check "a flow that came by a forward goes on" wait_for 3 more
check "the range is removed" vctl nat forward del n "$(id_of 8100-8104)"
check "its flow ends, with the reason" wait_for 3 grep -q "ended .*10.0.2.10:700.*its port forward changed" $DIR/watch
n1=$(tail -n 1 $DIR/steady)
check "the other's goes on" wait_for 3 more
equal "the host's stack has its ports again" 0 "$(ss -Hltn | grep -c ':810[0-4]')"
watch_end; kill $steady; wait $steady 2>/dev/null

# ---- the guest moves ----
ns web ip addr del 10.0.2.10/24 dev eth0
ns web ip addr add 10.0.2.20/24 dev eth0
ns web ip route add default via 10.0.2.2
ping_ok web 10.0.2.2 >/dev/null
check "with another address the guest takes its forward along" \
	wait_for 5 eval '[ "$(flows outside 198.51.100.1 8080 1)" = 1 ]'
equal "for the host too" 2 "$(host_flows 198.51.100.1 8080 2)"

# ---- restart ----
kill_daemon
check_not "killed: nothing listens any more" sh -c "ss -Hltun | grep -qE ':(8080|9000)'"
start_daemon
ping_ok web 10.0.2.2 >/dev/null
check "started again: the forwards are back" wait_for 5 eval '[ "$(flows outside 198.51.100.1 8080 1)" = 1 ]'
equal "all of them" "127.0.0.1:8080 8080 9000" \
	"$(jctl nat forward list n | json "' '.join(sorted(f['bind'] for f in d['forwards']))")"
equal "from the host" 2 "$(host_flows 127.0.0.1 8080 2)"
vctl net del n
equal "net del closes all" 0 "$(ss -Hltun | grep -cE ':(8080|9000)')"
check "a clean end" stop_daemon
finish
