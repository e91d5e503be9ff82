#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guards of ports against what guests do with ordinary tools: foreign MAC and IP addresses, a DHCP
# server, a router, isolation, and what a promiscuous listener sees.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping arping busybox tcpdump
guard_frames=$(cd "$(dirname "$0")" && pwd)/guard_frames.py
start_daemon
vctl net add seg mode=lan-segment >/dev/null
plug seg a 10.5.0.1/24 && plug seg b 10.5.0.2/24 && plug seg c 10.5.0.3/24

hits() { port_stat "$1" "(d['guard'] or {'hits': {}})['hits'].get('$2', 0)"; }
more_drops() { [ "$(port_stat "$1" "d['drops_total']")" -gt "$2" ]; }
drops() { port_stat "$1" "d['drops'].get('$2', 0)"; }
# reaches NS ADDRESS, silent NS ADDRESS: with an empty ARP cache.
reaches() { ns "$1" ip neigh flush all; ping_ok "$1" "$2"; }
silent() { ns "$1" ip neigh flush all; ! ns "$1" ping -n -q -c 1 -W 0.3 "$2"; }

refused "no such level" "promiscuous.*normal, deny" vctl port set a.eth0 promiscuous=some
refused "no such address" "addresses.*10.5.0" vctl port set a.eth0 addresses=10.5.0
vctl port add seg d >/dev/null
refused "whose MAC?" "macs-allowed" vctl port set d mac-guard=on
vctl port del d

# ---- mac-guard ----
check "without guards a guest may have a second MAC address" sh -c \
	"nsenter --net=/run/netns/a ip link add mv0 link eth0 type macvlan mode bridge &&
	 nsenter --net=/run/netns/a ip link set mv0 up"
ns a ip addr add 10.5.0.11/24 dev mv0
check "and be reached by it" wait_for 3 ns a ping -n -q -c 1 -W 1 -I mv0 10.5.0.2
check "mac-guard" vctl port set a.eth0 mac-guard=on
check_not "the second one is heard no more" ns a ping -n -q -c 1 -W 0.3 -I mv0 10.5.0.2
check "and named" test "$(drops a.eth0 mac-spoofed)" -ge 1 -a "$(hits a.eth0 mac-guard)" -ge 1
ns a ip link del mv0
check "its own goes on" reaches a 10.5.0.2
own=$(ns_mac a)
ns a ip link set eth0 address 02:00:00:00:00:99
check "another instead of its own: nothing" silent a 10.5.0.2
mac=02:00:00:00:00:99
check "macs-allowed" vctl port set a.eth0 macs-allowed=$mac
check "allows it" reaches a 10.5.0.2
ns a ip link set eth0 address "$own"
vctl port set a.eth0 macs-allowed=none >/dev/null

# ---- address-guard, addresses given ----
check "address-guard" vctl port set a.eth0 address-guard=on addresses=10.5.0.1,fd05::1
check "the given address" reaches a 10.5.0.2
ns a ip addr add 10.5.0.77/24 dev eth0
seen=$(ns a arping -c 1 -w 1 -S 10.5.0.77 -i eth0 10.5.0.2 2>&1)
check "ARP with another is not answered" grep -q "0 packets received" <<<"$seen"
check_not "nor a ping" ns a ping -n -q -c 1 -W 0.3 -I 10.5.0.77 10.5.0.2
check "both are named" test "$(drops a.eth0 address-spoofed)" -ge 2
ns a ip addr add fd05::1/64 dev eth0 nodad
ns a ip addr add fd05::2/64 dev eth0 nodad
ns b ip addr add fd05::b/64 dev eth0 nodad
check "IPv6: the given address" wait_for 3 ns a ping -n -q -c 1 -W 1 -I fd05::1 fd05::b
check_not "and no other" ns a ping -n -q -c 1 -W 0.3 -I fd05::2 fd05::b
link_b=$(ns b ip -o -6 addr show dev eth0 scope link | awk '{ sub("/.*", "", $4); print $4 }')
check "its link-local one" wait_for 3 ns a ping -n -q -c 1 -W 1 "$link_b%eth0"
before=$(hits a.eth0 address-guard)
ns a "$guard_frames" ra eth0 na
more_hits() { [ "$(hits "$1" "$2")" -gt "$3" ]; }
check "somebody else's neighbour advertisement is refused" wait_for 2 \
	more_hits a.eth0 address-guard "$before"
ns a ip addr del 10.5.0.77/24 dev eth0

# ---- the daemon dies ----
kill_daemon
start_daemon
check "after kill -9 and a restart, its own address" wait_for 5 reaches a 10.5.0.2
ns a ip addr add 10.5.0.77/24 dev eth0
check_not "and no other" ns a ping -n -q -c 1 -W 0.3 -I 10.5.0.77 10.5.0.2
equal "settings are shown" "10.5.0.1,fd05::1" "$(port_stat a.eth0 "d['settings']['addresses']")"
check "all off again" vctl port set a.eth0 mac-guard=off address-guard=off addresses=none
check "and everything passes" ns a ping -n -q -c 1 -W 2 -I 10.5.0.77 10.5.0.2
ns a ip addr del 10.5.0.77/24 dev eth0

# ---- leases ----
vctl net add home mode=internal subnet=10.0.3.0/24 dhcp=on >/dev/null
plug home x && plug home y 10.0.3.9/24
check "address-guard where our server leases" vctl port set x.eth0 address-guard=on
ns x ip addr add 10.0.3.7/24 dev eth0
check "an address of one's own making" silent x 10.0.3.9
ns x ip addr flush dev eth0
leased=$(dhcp_get x | sed -n 's/^ip=//p')
check "a lease ($leased) opens the way" reaches x 10.0.3.9
kill_daemon
start_daemon
check "also after a restart" wait_for 5 reaches x 10.0.3.9
vctl dhcp release home "$leased" >/dev/null
check "until it ends" silent x 10.0.3.9
check "which explain tells" sh -c "'$VNETCTL' -s $SOCK explain home from x.eth0 dst 10.0.3.9 src $leased |
	grep -q 'neither leased nor given'"

# From a server outside of ours: a real one, in namespace b of the segment.
cat >$DIR/udhcpd.conf <<-END
	start 10.5.0.100
	end 10.5.0.120
	interface eth0
	lease_file $DIR/udhcpd.leases
	pidfile $DIR/udhcpd.pid
	option subnet 255.255.255.0
	option lease 600
END
: >$DIR/udhcpd.leases
ns b busybox udhcpd -f $DIR/udhcpd.conf >/dev/null 2>&1 &
plug seg n && vctl port set n.eth0 address-guard=on >/dev/null
leased=$(dhcp_get n | sed -n 's/^ip=//p')
check "a lease from another server ($leased)" reaches n 10.5.0.2
equal "is shown" "$leased" "$(port_stat n.eth0 "d['guard']['learnt'][0]['address']")"

# ---- dhcp-guard ----
check "dhcp-guard at the rogue server's port" vctl port set b.eth0 dhcp-guard=on
plug seg m
check_not "nobody gets a lease from it" ns m timeout 4 busybox udhcpc -i eth0 -n -q -f -t 2 -T 1 -s /bin/true
check "which is named" test "$(drops b.eth0 rogue-dhcp)" -ge 1 -a "$(hits b.eth0 dhcp-guard)" -ge 1
vctl port set b.eth0 dhcp-guard=off >/dev/null
check "off: it serves again" ns m timeout 9 busybox udhcpc -i eth0 -n -q -f -t 8 -T 1 -s /bin/true

# ---- router-guard ----
ns c sysctl -qw net.ipv6.conf.eth0.accept_ra=2
rogue_default() { ns c ip -6 route show default | grep -q ra; }
for how in plain ext; do
	ns a "$guard_frames" ra eth0 $how
	check "a router advertisement ($how) makes a default route" wait_for 3 rogue_default
	ns c ip -6 route flush proto ra
	ns c ip -6 route del default 2>/dev/null
done
check "router-guard" vctl port set a.eth0 router-guard=on
for how in plain ext frag; do
	before=$(port_stat a.eth0 "d['drops_total']")
	ns a "$guard_frames" ra eth0 $how
	check "it is dropped: $how" wait_for 2 more_drops a.eth0 "$before"
done
check_not "and makes no route" rogue_default
check "by its name" test "$(drops a.eth0 rogue-ra)" -ge 2 -a "$(drops a.eth0 unchecked)" -ge 1

# ---- isolated ----
vctl port set a.eth0 isolated=on >/dev/null
vctl port set c.eth0 isolated=on >/dev/null
check "isolated ports don't reach each other" silent a 10.5.0.3
check "but others" reaches a 10.5.0.2
check "and others them" reaches b 10.5.0.3
vctl port set c.eth0 isolated=off >/dev/null
check "when one is no longer, they do" reaches a 10.5.0.3
vctl port set a.eth0 isolated=off router-guard=off >/dev/null

# ---- promiscuous ----
# overhears LEVEL: how many echo requests between a and b does tcpdump at c see?
overhears() {
	vctl port set c.eth0 "promiscuous=$1" >/dev/null
	reaches a 10.5.0.2 >/dev/null
	sniff c eth0 $DIR/p.pcap icmp
	ns a ping -n -q -c 3 -i 0.1 -W 2 10.5.0.2 >/dev/null
	sniff_end
	sniffed $DIR/p.pcap 'icmp[icmptype] = icmp-echo'
}
equal "normal: others' unicast is not seen" 0 "$(overhears normal)"
equal "all: it is" 3 "$(overhears all)"
equal "guests: between guests it is" 3 "$(overhears guests)"
equal "deny: it is not" 0 "$(overhears deny)"
unknown() { # LEVEL: frames to an address that nobody has
	vctl port set c.eth0 "promiscuous=$1" >/dev/null
	ns a ip neigh replace 10.5.0.88 lladdr 02:00:00:00:00:88 dev eth0
	sniff c eth0 $DIR/u.pcap icmp
	ns a ping -n -q -c 3 -i 0.1 -W 0.1 10.5.0.88 >/dev/null
	sniff_end
	sniffed $DIR/u.pcap icmp
}
equal "normal: a frame to an unknown address is flooded" 3 "$(unknown normal)"
equal "deny: it is not shown" 0 "$(unknown deny)"
check "a listener at deny is reached all the same" reaches b 10.5.0.3

# ---- told ----
watch $DIR/events -j events
vctl port set a.eth0 mac-guard=on >/dev/null
ns a ip link set eth0 address 02:00:00:00:00:98
ns a busybox arping -c 2 -w 2 -I eth0 10.5.0.2 >/dev/null
check "an event names it" wait_for 3 grep -q '"guard.hit".*02:00:00:00:00:98\|02:00:00:00:00:98.*"guard.hit"' $DIR/events
watch_end
check "a clean end" stop_daemon
finish
