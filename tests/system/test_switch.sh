#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# test_switch.sh - settings of ports and networks, a hub and a switch, limits of storms, the table
# of addresses, the MTU: what a student sees, with real tools, and over a kill -9.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ip ping tcpdump

settings() { jctl "$1" show "$2" | json "' '.join('%s=%s' % kv for kv in d['settings'].items())"; }

start_daemon
vctl net add lan mode=lan-segment
check "three stations are plugged in" eval \
	'plug lan a 10.9.0.1/24 && plug lan b 10.9.0.2/24 && plug lan c 10.9.0.3/24'

# ---- a hub, a switch -------------------------------------------------------------------------

# overheard TEXT WANTED: how many of the pings of a to b does c see?
overheard() {
	ping_ok a 10.9.0.2 >/dev/null
	sniff c eth0 $DIR/c.pcap icmp and greater 140
	ns a ping -n -q -c 3 -i 0.05 -s 100 10.9.0.2 >/dev/null
	sniff_end
	equal "$1" "$2" "$(sniffed $DIR/c.pcap icmp)"
}
overheard "on a switch a third station sees none of two others' pings" 0
check "the switch becomes a hub" vctl net set lan hub=on
overheard "on a hub it sees all of them, both ways" 6
equal "a hub learns nothing" "0" "$(jctl mac list lan | json 'len(d)')"
check "net show says that it is a hub" eval 'vctl net show lan | grep -q "hub  .*3 ports"'
check "after kill -9" eval 'kill_daemon; start_daemon'
equal "it is a hub still" "hub=on" "$(settings net lan)"
overheard "and repeats" 6
vctl net set lan hub=off
overheard "a switch again" 0
equal "a setting at its default is not listed" "" "$(settings net lan)"

# ---- what is refused -------------------------------------------------------------------------

refused "a bad value is named with what is accepted" 'hub=maybe: wants on or off' \
	vctl net set lan hub=maybe
usage_error "an unknown setting has its nearest" "did you mean 'hub='" vctl net set lan hug=on
usage_error "and of a port" "did you mean 'mirror='" vctl port set a.eth0 miror=b.eth0
refused "a network that is not there" 'no network' vctl net set nolan hub=on
check_not "a network with a bad setting is not made" vctl net add bad mode=internal hub=perhaps
check_not "and is not there" vctl net show bad

finish
