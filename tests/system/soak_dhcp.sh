#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Not a part of `make check`: MINUTES (15) of DHCP clients that come, renew, reboot, release, decline and
# vanish, while ports and networks come and go, somebody watches, the lease file is removed and the
# daemon ends, cleanly or by kill -9. Nobody may get another's address, memory must stay bounded, and
# the lease file must hold what the daemon knows. Worth most with sanitizers:
#	make SAN=1 O=build-san all; O=build-san tests/system/soak_dhcp.sh
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 busybox sqlite3
MANY="/usr/bin/python3 $TOP/tests/system/dhcp_many.py"
# What is freed must be seen to come back.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:quarantine_size_mb=4:exitcode=99}
seconds=$((${MINUTES:-15} * 60))
began=$(date +%s)
left() { echo $((began + seconds - $(date +%s))); }
rss() { awk '/^VmRSS/ { print $2 }' /proc/"$DAEMON_PID"/status; }
fds() { find /proc/"$DAEMON_PID"/fd -mindepth 1 | wc -l; }

START_LIMIT=30
start_daemon
vctl net add lan mode=internal subnet=10.9.0.0/21 dhcp=10.9.1.0-10.9.6.255 lease=90s >/dev/null
ports="big c1 c2 c3"
for p in $ports; do plug lan $p; done
check "one port has many clients" vctl port set big.eth0 leases=any

# churn: clients on every port for $1 seconds, in the background; what they hold is kept in files.
churn() {
	local p n
	churners=
	for p in $ports; do
		n=6
		[ $p != big ] || n=800
		ns $p $MANY churn eth0 10.9.7.254 $DIR/held.$p $n "$1" >>$DIR/churn.$p 2>&1 &
		churners="$churners $!"
	done
}

# visit: a port, or a network with one, comes, gets a lease and goes, perhaps before it gets it.
visits=0 visit_leases=0
visit() {
	local net=lan
	visits=$((visits + 1))
	if [ $((visits % 3)) = 0 ]; then
		net=short
		vctl net add short mode=internal subnet=10.10.0.0/24 dhcp=on lease=60s >/dev/null || return
	fi
	plug $net v >/dev/null
	if [ $((visits % 4)) = 1 ]; then
		ns v timeout 1 $MANY starve eth0 20 >/dev/null
	else
		dhcp_get v | grep -q ^ip= && visit_leases=$((visit_leases + 1))
	fi
	[ $((visits % 5)) != 2 ] || vctl dhcp reserve lan 52:54:00:00:00:77 10.9.0.77 >/dev/null
	[ $((visits % 5)) != 4 ] || vctl dhcp release lan 10.9.0.77 >/dev/null
	if [ $net = short ]; then vctl net del short; else vctl port del v.eth0; fi >/dev/null
	ip netns del v
	rm -f $DIR/check.out
}

# round SECONDS: everything at once for so long, watched.
round() {
	local end=$(($(date +%s) + $1))
	watch $DIR/watched dhcp watch lan
	churn "$1"
	while [ "$(date +%s)" -lt $end ]; do visit; done
	# shellcheck disable=SC2086
	wait $churners
	watch_end
}

# What the daemon says is bound, and what the file holds in force, for more than $1 seconds.
in_memory() {
	jctl dhcp list lan | json "'\n'.join(sorted(l['address'] for l in d['leases']
		if l['state'] == 'bound' and l['expires_s'] > $1))"
}
in_file() {
	sqlite3 $STATE/leases.db "SELECT (addr >> 24) || '.' || (addr >> 16 & 255) || '.' || (addr >> 8 & 255)
		|| '.' || (addr & 255) FROM leases WHERE net = 'lan' AND expires_s > strftime('%s') + $1" | sort
}
# Leases run out while one is read and then the other, which takes seconds on a busy machine: what has
# 25 s left in the one must be in the other.
agree() {
	in_file 25 >$DIR/f25 && in_memory 0 | sort >$DIR/m0 && in_memory 25 | sort >$DIR/m25 && in_file 0 >$DIR/f0 &&
		cat <(comm -23 $DIR/f25 $DIR/m0 | sed 's/$/ is in the file only/') \
			<(comm -23 $DIR/m25 $DIR/f0 | sed 's/$/ is in memory only/') >$DIR/diff && [ ! -s $DIR/diff ]
}

# The first part: with ends of the daemon.
ends=0 bad=0
while [ "$(left)" -gt $((seconds * 4 / 10)) ]; do
	round 20
	wait_for 3 agree || { bad=$((bad + 1)); note "$(head -5 $DIR/diff)"; }
	case $((ends % 3)) in
	0) stop_daemon || { bad=$((bad + 1)); note "the daemon ended with an error"; } ;;
	1) kill_daemon ;;
	2) rm -f $STATE/leases.db $STATE/leases.db-wal; round 5; stop_daemon || bad=$((bad + 1)) ;;
	esac
	ends=$((ends + 1))
	start_daemon
	wait_for 3 agree || { bad=$((bad + 1)); note "after a restart: $(head -5 $DIR/diff)"; }
done
equal "$ends ends of the daemon: the file held what it knew, each time" 0 $bad

# The second: one daemon, which must not grow.
round 45
rss_before=$(rss) fds_before=$(fds)
while [ "$(left)" -gt 25 ]; do round 20; done
rss_after=$(rss)
check "$visits ports and networks came and went, $visit_leases got a lease" test $visits -gt 20
for p in $ports; do
	check "clients on $p: $(tail -n 1 $DIR/churn.$p)" grep -q "doubled 0" $DIR/churn.$p
	check_not "none of them got another's address" grep -q "doubled [1-9]" $DIR/churn.$p
done
check "somebody watched" grep -qi decline $DIR/watched
equal "descriptors before and after" "$fds_before" "$(fds)"
check "memory: $rss_before to $rss_after KiB" test $((rss_after - rss_before)) -lt 16384
check "the file holds what the daemon knows" wait_for 3 agree
in_memory 25 | sort >$DIR/known
kill_daemon
start_daemon
equal "and after kill -9 it knows all of it" "" "$(in_memory 0 | sort | comm -23 $DIR/known -)"
check "a clean end, without a word of the sanitizers" stop_daemon
check_not "nothing was found by a sanitizer" grep -qE "Sanitizer|runtime error" $DIR/daemon.log
finish
