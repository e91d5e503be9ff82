#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Not a part of `make check`: GUESTS (24) guests' load through NAT for MINUTES (10) while port
# forwards come and go and other flows open and close all the time. No live flow may be lost,
# nothing may leak. Worth most with sanitizers: make SAN=1 O=build-san all; O=build-san
#	MINUTES=3 tests/system/soak_nat.sh
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 ping
peers=$TOP/tests/system/nat_peers.py
# What is freed must be seen to come back.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:quarantine_size_mb=4:exitcode=99}
lives=
guests=${GUESTS:-24} seconds=$((${MINUTES:-10} * 60))
start_daemon
add_outside
ns outside python3 "$peers" serve 7000 >/dev/null 2>&1 &
check "a network" vctl net add n mode=nat subnet=10.0.2.0/24 dhcp=off
for g in $(seq "$guests"); do
	plug n g"$g" 10.0.2.$((g + 10))/24 >/dev/null
	ns g"$g" ip route add default via 10.0.2.2
done
check "all $guests guests reach the outside" wait_for 10 ping_ok g"$guests" 198.51.100.9

# Each guest has a connection and a UDP flow that live from the first second to the last, asked five
# times a second, and opens another flow each time.
end=$(($(date +%s) + seconds))
for g in $(seq "$guests"); do
	ns g"$g" python3 "$peers" live 198.51.100.9 7000 "$end" >$DIR/live."$g" 2>&1 &
	lives="$lives $!"
done
sleep 5
rss() { awk '/^VmRSS/ { print $2 }' /proc/"$DAEMON_PID"/status; }
fds() { find /proc/"$DAEMON_PID"/fd -mindepth 1 | wc -l; }
rss_before=$(rss) fds_before=$(fds) forwards=0 refused=0
while [ "$(date +%s)" -lt "$end" ]; do
	g=$((RANDOM % guests + 1)) port=$((8000 + RANDOM % 500))
	id=$(vctl -j nat forward add n tcp $port 10.0.2.$((g + 10)):80 2>/dev/null |
		sed -n 's/.*"id": *\([0-9]*\).*/\1/p')
	if [ -n "$id" ]; then
		vctl nat forward del n "$id" >/dev/null || refused=$((refused + 1))
	else
		refused=$((refused + 1))
	fi
	forwards=$((forwards + 1))
	sleep 0.05
done
# shellcheck disable=SC2086
wait $lives
check "$forwards port forwards came and went" test $forwards -gt $((seconds))
equal "none of them was refused" 0 $refused
equal "guests whose flows all lived" "$guests" "$(grep -l "^lived" $DIR/live.* | wc -l)"
note "$(cat $DIR/live.* | sort | uniq -c | sort -rn | head -5)"
equal "descriptors before and after" "$fds_before" "$(fds)"
rss_after=$(rss)
check "memory: $rss_before to $rss_after KiB" test $((rss_after - rss_before)) -lt 16384
check "a clean end, without a word of the sanitizers" stop_daemon
finish
