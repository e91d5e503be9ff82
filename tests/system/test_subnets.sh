#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Addresses that somebody has already: the host's routes of both families, other networks, further
# subnets; and what of a network's addresses can be changed while it runs.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ip busybox
ip link add d0 type dummy 2>/dev/null || ip link add d0 type veth peer name d1
ip link set d0 up
ip addr add 192.168.77.1/24 dev d0
ip route add 10.99.0.0/16 via 192.168.77.9
ip -6 addr add fd77::1/64 dev d0 nodad
ip -6 route add fd88:8::/32 dev d0
ip -6 route add unreachable fd90::/16
start_daemon

# ---- the host's routes -----------------------------------------------------------------------

refused "a subnet the host has a way to" "10.99.3.0/24 is in use: the host has 10.99.0.0/16 dev d0" \
	vctl net add x mode=host-only subnet=10.99.3.0/24
refused "a prefix that the host has an address in" "fd77::/64 is in use: the host has fd77::.* dev d0" \
	vctl net add x mode=host-only subnet6=fd77::/64
refused "one that it has a route to" "fd88:8:0:1::/64 is in use: the host has fd88:8::/32 dev d0" \
	vctl net add x mode=host-only subnet6=fd88:8:0:1::/64
check "a route that says \"nothing there\" is no use" vctl net add r mode=host-only subnet6=fd90:0:0:1::/64
ip -6 route add fd00::/8 dev d0
check "a network whose prefix nobody chose, beside a route to half the world" vctl net add h mode=host-only subnet=10.50.0.0/24
check_not "but a chosen one there is refused" vctl net add x mode=host-only subnet6=fd12:3:4:5::/64

# ---- further subnets -------------------------------------------------------------------------

refused "a further subnet the host has a way to" "10.99.4.0/24 is in use: the host has 10.99.0.0/16 dev d0" \
	vctl dhcp subnet add h 10.99.4.0/24
refused "one that the host is in" "192.168.77.0/25 is in use: the host has 192.168.77.* dev d0" \
	vctl dhcp subnet add h 192.168.77.0/25
refused "one of another network" "10.50.0.0/25 is in use: network h has 10.50.0.0/24" \
	sh -c "'$VNETCTL' -s $SOCK net add o mode=host-only subnet=10.51.0.0/24 >/dev/null && '$VNETCTL' -s $SOCK dhcp subnet add o 10.50.0.0/25"
check "one behind a relay may be another network's" vctl dhcp subnet add o 10.50.0.0/24 relay=on
check "a free one" vctl dhcp subnet add h 10.52.0.0/24
refused "which no other network gets" "10.52.0.0/16 is in use: network h has 10.52.0.0/24" \
	vctl net add x mode=host-only subnet=10.52.0.0/16
refused "nor as a further one" "10.52.0.0/24 is in use: network h has 10.52.0.0/24" vctl dhcp subnet add o 10.52.0.0/24
check "a network in which the host has no address may have any" eval \
	"vctl net add i mode=internal subnet=10.54.0.0/24 dhcp=on && vctl dhcp subnet add i 10.99.4.0/24"
printf 'version: 1\nname: l\nnetworks:\n  n: {mode: host-only, subnet: 10.53.0.0/24, dhcp: {subnets: [{subnet: 10.99.5.0/24}]}}\nnodes:\n  a: {kind: namespace, interfaces: [{network: n}]}\n' >$DIR/l.yaml
check_not "a topology file whose further subnet is the host's" vctl lab up $DIR/l.yaml
vctl lab up $DIR/l.yaml >$DIR/l.out 2>&1
check "says which route" grep -q "10.99.5.0/24 is in use: the host has 10.99.0.0/16 dev d0" $DIR/l.out
equal "and leaves no network" "" "$(jctl net list | json "' '.join(n['name'] for n in d if n['name'] == 'n')")"
kill_daemon
start_daemon
check "after a crash the further subnet is there" sh -c "'$VNETCTL' -s $SOCK dhcp options h | grep -q 10.52.0.0/24"

# ---- lease times of a network that runs ------------------------------------------------------

plug h c
lease() { dhcp_get c | sed -n 's/^lease=//p'; }
left() { jctl dhcp list h port=c.eth0 | json "d['leases'][0]['expires_s']"; }
dhcp_get c >/dev/null
check "a lease of the usual hour" [ "$(left)" -gt 3500 ]
check "shorter leases from now on" vctl net set h lease=2m
dhcp_get c >/dev/null
check "the next is short" [ "$(left)" -le 120 ]
equal "show tells it" 120 "$(jctl net show h | json "d['dhcp']['lease_s']")"
equal "and explain of both families" "120 s" "$(vctl net set h ipv6=stateful >/dev/null; jctl dhcp explain h "$(ns_mac c)" |
	json "'%d s' % d['lease_s'] if d['lease_s'] == d['ipv6']['lease_s'] else d")"
kill_daemon
start_daemon
equal "it survives a crash" 120 "$(jctl net show h | json "d['dhcp']['lease_s']")"
refused "no time at all" "unit" vctl net set h lease=5
refused "a subnet does not change" "said when a network is made" vctl net set h subnet=10.60.0.0/24
refused "the range neither, but there is a way" "dhcp subnet add h" vctl net set h dhcp=10.50.0.10-10.50.0.20
refused "nor the router, but there is a way" "dhcp set h router=" vctl net set h router=10.50.0.3
refused "all or nothing" "said when" vctl net set h lease=1h mode=nat
equal "nothing was changed" 120 "$(jctl net show h | json "d['dhcp']['lease_s']")"
check "the daemon ends cleanly" stop_daemon
finish
