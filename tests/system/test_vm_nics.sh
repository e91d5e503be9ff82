#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What ports can do, with NICs of real guests at their ends: trunks, guards, pulled cables, moves, a
# physical network with its own DHCP server. HYPERVISOR=kvm runs them on the embedded VMM; not uml,
# whose NICs have no carrier and keep their address while they are up.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping dnsmasq tcpdump busybox dig
hypervisor=${HYPERVISOR:-qemu}
[ -f "$O/image/vmlinuz" ] || skip_all "the guest image is not built (make image)"
start_daemon

run() { vctl vm run "$@" memory=160MiB hypervisor="$hypervisor"; }
is_running() { [ "$(jctl vm show "$1" | json "d['state']")" = running ]; }
nic() { jctl vm show "$1" | json "d['nics'][$2]['$3'] or ''"; }
has_address() { [[ $(nic "$1" "$2" address) == $3* ]]; }
inside() { local g=$1; shift; vctl vm exec "$g" -- "$@"; }
carrier_is() { [ "$(inside "$1" cat "/sys/class/net/$2/carrier")" = "$3" ]; }
drops() { port_stat "$1" "d['drops'].get('$2', 0)"; }

# The physical network: nic0 is the host's card, "lan" has its DHCP server.
add_ns lan
ip link add nic0 type veth peer name eth0 netns lan
ip link set nic0 up
ip addr add 203.0.113.50/24 dev nic0
ns lan ip addr add 203.0.113.1/24 dev eth0
ns lan ip link set eth0 up
ns lan dnsmasq --no-daemon --conf-file=/dev/null --port=0 --interface=eth0 --bind-interfaces \
	--dhcp-range=203.0.113.100,203.0.113.120,600 --dhcp-leasefile=$DIR/leases --user=root \
	--pid-file= >$DIR/dnsmasq.log 2>&1 &
vctl net add br mode=bridge nic=nic0
vctl net add red mode=lan-segment vlan=10
vctl net add blue mode=lan-segment vlan=20
vctl net add one mode=internal subnet=10.1.0.0/24 dhcp=on
vctl net add two mode=host-only subnet=10.2.0.0/24

check "a guest with a trunk and a NIC on the LAN" run r net=red,trunk=red+blue net=br
check "a guest with a lease and a mac-guard" run pc net=one,mac-guard=on net=red
check "both boot" wait_for 60 is_running r
check "the second too" wait_for 60 is_running pc

# ---- the LAN ----
check "a lease from the DHCP server behind the host's card" wait_for 20 has_address r 1 203.0.113.1
check "which that server wrote down" grep -qi "$(nic r 1 mac)" $DIR/leases
lease=$(nic r 1 address)
check "the LAN reaches the guest" ns lan ping -n -q -c 1 -W 3 "$lease"
check "the host reaches the guest" ping -n -q -c 1 -W 3 "$lease"
check "the guest reaches the host" inside r ping -n -q -c 1 -W 3 203.0.113.50

# ---- a router on one trunk ----
plug red x 10.10.0.1/24
plug blue y 10.20.0.1/24
ns x ip route add default via 10.10.0.254
ns y ip route add default via 10.20.0.254
check "802.1Q interfaces in the guest" inside r "ip addr flush dev eth0
	for v in 10 20; do
		ip link add link eth0 name eth0.\$v type vlan id \$v && ip link set eth0.\$v up &&
		ip addr add 10.\$v.0.254/24 dev eth0.\$v || exit 1
	done; echo 1 >/proc/sys/net/ipv4/ip_forward"
check "it routes between the segments of its trunk" wait_for 5 ping_ok x 10.20.0.1 -W 1
check "hop by hop" test "$(ns x ping -n -c 1 -W 3 10.20.0.1 | grep -o 'ttl=[0-9]*')" = ttl=63
check "a guest on red asks it" inside pc "ip addr add 10.10.0.2/24 dev eth1 &&
	ping -n -q -c 1 -W 3 10.10.0.254"

# ---- pulled cables ----
check "port down" vctl port down pc.eth1
check "the guest has no carrier" wait_for 3 carrier_is pc eth1 0
check "port up" vctl port up pc.eth1
check "and has it again" wait_for 3 carrier_is pc eth1 1
check "a cable that is pulled later" vctl port impair pc.eth1 at=1s down=2s
check "the guest sees it pulled" wait_for 4 carrier_is pc eth1 0
check "and plugged in again" wait_for 5 carrier_is pc eth1 1
check "frames pass" wait_for 5 inside pc ping -n -q -c 1 -W 1 10.10.0.1
check "a slow cable" vctl port impair pc.eth1 delay=100ms
check "is slow for the guest" test "$(inside pc ping -n -c 1 -W 3 10.10.0.1 |
	sed -n 's/.*time=\([0-9]*\).*/\1/p')" -ge 200
vctl port impair pc.eth1 none

# ---- guards ----
check "a lease on an internal network" wait_for 20 has_address pc 0 10.1.0.
plug one neighbour
dhcp_get neighbour >/dev/null
check "where the guest finds a neighbour by its name" inside pc ping -q -c 1 -W 3 neighbour
check "and by the whole of it" inside pc ping -q -c 1 -W 3 neighbour.one.vnet
equal "which knows the guest by name" "$(nic pc 0 address)" \
	"$(ns neighbour dig +short +time=3 @10.1.0.254 pc.one.vnet)"
mac=$(nic pc 0 mac)
check "another MAC address in the guest" inside pc "ip link set eth0 address 02:00:00:00:00:99"
inside pc "ping -n -q -c 1 -W 1 10.1.0.254" >/dev/null 2>&1
check "its frames are dropped as $(jctl port show pc.eth0 | json "', '.join(d['drops'])")" \
	test "$(drops pc.eth0 mac-spoofed)" -gt 0
equal "and leave no trace in the MAC table" 0 "$(jctl mac list one | json "sum(m['mac'] == '02:00:00:00:00:99' for m in d)")"
inside pc "ip link set eth0 address $mac"
ns x ping -n -q -c 1 -W 3 10.10.0.2 >/dev/null
# heard: how many questions of x to the router the other guest sees.
heard() {
	inside pc rm -f /run/heard.err
	inside pc "timeout 60 tcpdump --immediate-mode -lni eth1 icmp and host 10.10.0.254 >/run/heard 2>/run/heard.err" &
	wait_for 5 inside pc "grep -q listening /run/heard.err"
	ns x ping -n -q -c 2 -i 0.2 -W 1 10.10.0.254 >/dev/null
	sleep 1
	inside pc 'kill $(pidof tcpdump)'
	wait $!
	inside pc grep -c "echo request" /run/heard
}
equal "others' unicast is not shown to a guest" 0 "$(heard)"
check "unless it may listen" vctl port set pc.eth1 promiscuous=all
check "then it hears it" test "$(heard)" -ge 1

# ---- a move ----
check "a NIC moves to another network" vctl port move pc.eth0 two
check "its DHCP client asks again and has a lease there" wait_for 20 has_address pc 0 10.2.0.
check "so says the guest" inside pc "ip -4 -o addr show dev eth0 | grep -q ' 10.2.0.'"
check "the host reaches it there" ping -n -q -c 1 -W 3 "$(nic pc 0 address)"
kill_daemon
start_daemon
equal "the daemon was killed: guests, their ports and settings are as before" "two on red,blue all" \
	"$(port_stat pc.eth0 "d['net'] + ' ' + d['settings']['mac-guard']") $(port_stat r.eth0 \
	"d['settings']['trunk']") $(port_stat pc.eth1 "d['settings']['promiscuous']")"
check "and the router routes" wait_for 5 ping_ok x 10.20.0.1 -W 1
check "and the LAN is there" wait_for 5 ns lan ping -n -q -c 1 -W 1 "$lease"
check "the guests are ended" vctl vm kill r
check "both" vctl vm kill pc
check "a clean end" stop_daemon
equal "no interface is left" "lo nic0" "$(ip -o link | awk -F'[:@] *' '{ print $2 }' | xargs)"
finish
