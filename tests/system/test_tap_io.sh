#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How frames get from and to taps, with io_uring and where it is refused: nothing lost, nothing out
# of order, and a port that goes away in the middle of a flood.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 ping iperf3

bursts_arrive() { # PORT
	ns b python3 "$TOP/tests/system/bursts.py" serve "$1" 400 &
	wait_for 3 ns b sh -c "ss -Hlun | grep -q :$1"
	ns a python3 "$TOP/tests/system/bursts.py" send 10.0.0.2 "$1" 400
}
flood() { ns a ping -q -f -w 30 10.0.0.2 >/dev/null 2>&1 & flooder=$!; }
down_is_counted() { [ "$(port_stat b.eth0 "d['drops'].get('link-down', 0)")" -gt 0 ]; }

try() { # HOW
	check "$1: a network" vctl net add n1 mode=internal
	check "$1: two ports" eval "plug n1 a 10.0.0.1/24 && plug n1 b 10.0.0.2/24"
	check "$1: a reaches b" wait_for 3 ping_ok a 10.0.0.2
	check "$1: 9,600 datagrams in bursts, all there, in order" bursts_arrive 7001
	check "$1: TCP passes" test "$(iperf_gbit b a 10.0.0.2 1)" != 0
	flood
	ns b ip link set eth0 down
	ns a ip neigh replace 10.0.0.2 lladdr "$(ns_mac b)" dev eth0 nud permanent
	check "$1: what meets a link that is down is counted" wait_for 5 down_is_counted
	ns b ip link set eth0 up
	check "$1: a port is deleted in the flood" vctl port del b.eth0
	check "$1: and made again" wait_for 3 plug n1 b 10.0.0.2/24
	kill $flooder
	ns a ip neigh flush dev eth0 nud permanent
	check "$1: a reaches b again" wait_for 3 ping_ok a 10.0.0.2
	check "$1: the network is deleted" vctl net del n1
}
uring_fds() { find /proc/$DAEMON_PID/fd -lname '*io_uring*' | wc -l; }

start_daemon
if [ "$(uring_fds)" = 1 ]; then
	try "io_uring"
else
	skip "io_uring" "this kernel does not let us"
fi
check "the daemon ends well" stop_daemon

REAL=$VSWITCHD
cat >$DIR/vswitchd <<-SH
	#!/bin/sh
	exec python3 "$TOP/tests/system/without_io_uring.py" "$REAL" "\$@"
SH
chmod 755 $DIR/vswitchd
VSWITCHD=$DIR/vswitchd
start_daemon
equal "io_uring is refused" 0 "$(uring_fds)"
equal "which is said once" 1 "$(grep -c 'io_uring.*one system call' $DIR/daemon.log)"
try "one by one"
check "the daemon ends well" stop_daemon
finish
