#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# IPv6 addresses of guests: router advertisements and DHCPv6, by real clients.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping tcpdump
[ -e /proc/sys/net/ipv6 ] || skip_all "the kernel has no IPv6"
start_daemon

# ---- the kernel's own SLAAC, on a network without a router ----
check "an internal network with IPv6" vctl net add i mode=internal ipv6=on subnet6=fd00:1:2:3::/64
plug i a && plug i b
a6() { ns "$1" ip -o -6 addr show dev eth0 scope global | awk '!/tentative/ { sub("/.*", "", $4); print $4; exit }'; }
has6() { [ -n "$(a6 "$1")" ]; }
check "a makes itself an address" wait_for 8 has6 a
check "so does b" wait_for 8 has6 b
check "of the prefix" grep -q '^fd00:1:2:3:' <<<"$(a6 a)"
check "they reach each other" wait_for 4 ping_ok a "$(a6 b)"
check "a reaches the station" wait_for 4 ping_ok a fd00:1:2:3::fe
check_not "nobody is a's way out" sh -c "nsenter --net=/run/netns/a ip -6 route | grep -q ^default"
heard() { jctl net show i | json "[s['port'] for s in d['ipv6']['seen'] if s['address'] == '$1']" | grep -q "$2"; }
check "net show tells who uses a's address" heard "$(a6 a)" a.eth0

check "the daemon ends well" stop_daemon
finish
