#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# IGMP and MLD snooping: real joins by the kernel's own IGMPv3 and MLDv2; only members get a
# group once a querier speaks, everybody does before.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need tcpdump ping /usr/bin/python3
start_daemon
mc() { local n=$1; shift; ns "$n" /usr/bin/python3 "$TOP/tests/system/multicast.py" "$@"; }

check "a network" vctl net add n mode=lan-segment
i=0
for h in s m o r; do
	i=$((i + 1))
	plug n $h 10.4.0.$i/24
	ns $h ip route add 224.0.0.0/4 dev eth0
done
settled() { ! ns $1 ip -6 addr show dev eth0 tentative | grep -q inet6; }
for h in s m o r; do wait_for 5 settled $h; done

# member NS GROUP: joins in the background, says what it got in $DIR/NS.
member() {
	mkfifo $DIR/stop.$1
	mc $1 join eth0 $2 <$DIR/stop.$1 >$DIR/$1 2>&1 &
	exec {fd}>$DIR/stop.$1
	eval stop_$1=$fd
	wait_for 5 grep -q joined $DIR/$1
}
leave() { local v=stop_$1 fd; fd=${!v}; exec {fd}>&-; rm $DIR/stop.$1; }
got() { [ "$(grep -c got $DIR/$1)" -ge $2 ]; }
# seen NS GROUP: 5 datagrams are sent to the group; how many of them come out at NS?
seen() {
	sniff $1 eth0 $DIR/cap udp port 5000
	mc s send eth0 $2 5
	sniff_end
	sniffed $DIR/cap
}
groups() { jctl group list n | json "[(g['group'], p['port']) for g in d['groups'] for p in g['ports'] if g['group'] == '$1']"; }
listed() { [ "$(groups $1)" = "[('$1', '$2')]" ]; }

for family in 4 6; do
	if [ $family = 4 ]; then
		group=239.1.2.3 querier=10.4.0.4 other=239.1.2.4
	else
		group=ff05::1:3 other=ff05::1:4
		querier=$(ns r ip -6 -o addr show dev eth0 scope link | sed 's/.*inet6 \([^/]*\).*/\1/')
	fi
	check "IPv$family: m joins $group" member m $group
	check "the switch has heard it" wait_for 5 listed $group m.eth0
	equal "without a querier everybody gets it" 5 "$(seen o $group)"
	check "a router asks" mc r query eth0 $querier
	sure() { jctl group list n | json "[q['unknown_groups'] for q in d['queriers'] if q['family'] == 'ipv$family'][0]"; }
	is_sure() { [ "$(sure)" = routers ]; }
	equal "for a while all is flooded still" flooded "$(sure)"
	check "then the table decides" wait_for 5 is_sure
	: >$DIR/m
	equal "now o does not get it" 0 "$(seen o $group)"
	check "m does" wait_for 2 got m 5
	equal "the router does" 5 "$(seen r $group)"
	equal "what nobody joined goes to the router" 5 "$(seen r $other)"
	equal "and not to m" 0 "$(seen m $other)"
	[ $family = 6 ] || check "a group of the link is flooded as ever" test "$(seen o 224.0.0.200)" = 5
	note "$(vctl group list n)"
	check "m leaves" leave m
	not_listed() { [ "$(groups $group)" = "[]" ]; }
	check "and is forgotten" wait_for 10 not_listed
	equal "and gets no more" 0 "$(seen m $group)"
done
check "neighbours are found as ever" ping_ok s "$(ns o ip -6 -o addr show dev eth0 scope link | sed 's/.*inet6 \([^/]*\).*/\1/')%eth0"
check "snooping off" vctl net set n snooping=off
equal "floods again" 5 "$(seen o 239.1.2.3)"
check "the list says so" grep -q "snooping is off" <(vctl group list n)
kill_daemon
start_daemon
equal "a restart keeps it off" False "$(jctl group list n | json "d['snooping']")"
check "a clean end" stop_daemon
finish
