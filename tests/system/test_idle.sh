#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A daemon with nothing to do sleeps: no thread of it wakes up, and it takes little memory.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping
sleeps() { cat /proc/$DAEMON_PID/task/*/status | awk '/^voluntary/ { n += $2 } END { print n }'; }
# quiet: nothing woke up for 3 s. The ends' own chatter (IPv6) is over by then.
quiet() {
	local before
	before=$(sleeps)
	sleep 3
	[ "$(sleeps)" = "$before" ]
}
learnt() { [ "$(jctl mac list n1 | json "len(d) if isinstance(d, list) else len(d['macs'])")" -ge 2 ]; }

start_daemon
check "without networks nothing wakes it" wait_for 10 quiet
check "a LAN segment" vctl net add n1 mode=lan-segment
check "two ports" eval "plug n1 a 10.0.0.1/24 && plug n1 b 10.0.0.2/24"
for n in a b; do ns $n sysctl -qw net.ipv6.conf.all.disable_ipv6=1; done
check "frames pass" wait_for 3 ping_ok a 10.0.0.2
check "with two ports and learnt addresses nothing wakes it" wait_for 40 quiet
check "a frame does" ping_ok a 10.0.0.2
check "addresses are known" learnt
check "and it sleeps again" wait_for 40 quiet
rss=$(awk '/^VmRSS/ { print $2 }' /proc/$DAEMON_PID/status)
note "resident: $rss KiB"
check "the daemon ends well" stop_daemon
finish
