#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A tap that another VMM opens by name, and that the host's own stack does not see.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping busybox
frames=$(cd "$(dirname "$0")" && pwd)/frames.py
start_daemon

ip link add up0 type veth peer name up1
ip addr add 198.51.100.1/24 dev up0
ip link set up0 up
ip link set up1 up
check "a LAN segment" vctl net add w mode=lan-segment
plug w a 10.0.2.15/24
check "a port with a tap by name" vctl port add w q tap=qtap0 mac=02:00:00:00:00:01
check "the tap is an interface of the host" ip link show qtap0
check "it says whose it is" sh -c "ip link show qtap0 | grep -q 'alias vswitchd:.*:q'"
equal "it has no IPv6 address" "" "$(ip -o -6 addr show dev qtap0)"
refused "the same tap again" "qtap0" vctl port add w q2 tap=qtap0
refused "somebody else's interface" "up0" vctl port add w q2 tap=up0

ns a busybox arping -c 1 -w 1 -I eth0 10.0.2.99 >/dev/null
check "frames to a tap that nobody has opened are told" test \
	"$(port_stat q "d['drops'].get('link-down', 0)")" -ge 1

# ---- the host does not answer, the network hears ----
sniff a eth0 $DIR/a.pcap
"$frames" tapguest qtap0 1.5 198.51.100.1 127.0.0.1 10.0.2.15 >$DIR/back
sniff_end
mac_a=$(ns_mac a)
equal "only the guest that was asked answers ARP" "$mac_a 0806" \
	"$(grep 0806 $DIR/back | sort -u | paste -sd';')"
equal "the host answers no ping" 0 "$(grep -c "^$(cat /sys/class/net/qtap0/address) " $DIR/back)"
check "the network heard the ARP requests" test \
	"$(sniffed $DIR/a.pcap arp host 198.51.100.1)" -ge 1

# ---- a guest that does not read ----
"$frames" hold qtap0 3 >$DIR/held &
wait_for 3 grep -q held $DIR/held
sleep 0.2
ns a "$frames" send eth0 flood 700
check "a guest that does not read loses frames by name" test \
	"$(port_stat q "d['drops'].get('queue-full', 0)")" -ge 500
equal "frames sent and lost make all" "ok" "$(port_stat q \
	"'ok' if d['tx']['frames'] + d['drops_total'] >= 2100 else d")"
wait $!

# ---- QEMU ----
if command -v qemu-system-x86_64 >/dev/null; then
	# QEMU's own user network is the guest: 10.0.2.2 answers ARP and ping behind the tap.
	qemu-system-x86_64 -machine none -nographic -monitor none -serial none \
		-netdev user,id=u -netdev hubport,id=h0,hubid=0,netdev=u \
		-netdev tap,id=t,ifname=qtap0,script=no,downscript=no \
		-netdev hubport,id=h1,hubid=0,netdev=t >$DIR/qemu.log 2>&1 &
	qemu=$!
	check "QEMU opens the tap by name and is reached" wait_for 10 ping_ok a 10.0.2.2 -W 1
	check "8000 bytes in fragments" ping_ok a 10.0.2.2 -s 8000
	kill_daemon
	check "a crash of the daemon leaves the tap" ip link show qtap0
	start_daemon
	check "a restarted daemon carries on with the same QEMU" wait_for 3 ping_ok a 10.0.2.2 -W 1
	kill $qemu
	wait $qemu 2>/dev/null
	check "the tap stays when QEMU ends" ip link show qtap0
else
	skip "QEMU opens the tap by name" "qemu-system-x86_64 is not there"
fi
check "port del" vctl port del q
no_tap() { ! ip link show qtap0; }
check "takes the tap along" wait_for 2 no_tap
check "a clean end" stop_daemon
finish
