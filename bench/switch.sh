#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# switch.sh - this switch beside others, in one run on one machine: a Linux bridge on veths (the
# baseline), one on taps, Open vSwitch in user space, vde_switch.  What is not installed is named
# and left out.  Each pass measures all of them one after the other; what counts is the median of
# the passes' ratios, since a figure alone says more about the machine and its other work.
#
#	bench/switch.sh [quick|full] [CONTENDER...]
#
# quick (the default) takes less than two minutes, full about six.  PASSES, TCP_S, TRIAL_S, ROUNDS
# and IDLE_S may be set; FIGURES=FILE keeps what was measured.  O= is the build.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../tests/system/lib.sh"
new_host "$@"
need iperf3 python3 "$O/bench/frames" "$O/bench/pump"
# shellcheck source=bench/contenders.sh
. "$TOP/bench/contenders.sh"
# shellcheck source=bench/measure.sh
. "$TOP/bench/measure.sh"

mode=quick
case ${1:-} in quick | full) mode=$1; shift ;; esac
if [ $mode = quick ]; then
	: "${PASSES:=3}" "${TCP_S:=1}" "${TRIAL_S:=0.12}" "${ROUNDS:=1500}" "${IDLE_S:=1}"
else
	: "${PASSES:=3}" "${TCP_S:=3}" "${TRIAL_S:=0.5}" "${ROUNDS:=10000}" "${IDLE_S:=4}"
fi
[ $# -gt 0 ] || set -- bridge bridge_tap vswitchd vswitchd_tap ovs vde

# Times that a process went to sleep, all threads.
sleeps_of() { cat /proc/"$1"/task/*/status | awk '/^voluntary/ { n += $2 } END { print n + 0 }'; }

measure_idle() {
	local cpu sleeps
	[ -n "$pids" ] || return
	sleep 0.3
	cpu=$(cpu_of $pids) sleeps=$(sleeps_of $pids)
	sleep $IDLE_S
	figure idle_cpu "$(calc "($(cpu_of $pids) - $cpu) * 10 / $IDLE_S")"
	figure idle_wakeups "$(calc "($(sleeps_of $pids) - $sleeps) / $IDLE_S")"
}

declare -A all_pids all_pumps addresses
ready='' nr=0
for contender; do
	nr=$((nr + 1)) pids="" pumps="" why="it does not come up"
	addresses[$contender]=10.78.$nr
	if setup_$contender 10.78.$nr >>$DIR/setup.log 2>&1 &&
		wait_for 5 ping_ok ${contender}a 10.78.$nr.2 >>$DIR/setup.log 2>&1; then
		ready="$ready $contender" all_pids[$contender]=$pids all_pumps[$contender]=$pumps
	else
		echo "skipped: $contender: $why"
		[ -z "${TEST_VERBOSE:-}" ] || note "$(tail -n 20 $DIR/setup.log)"
	fi
done

for pass in $(seq $PASSES); do
	for contender in $ready; do
		pids=${all_pids[$contender]} pumps=${all_pumps[$contender]}
		address=${addresses[$contender]}.2 near=${contender}a far=${contender}b
		measure_tcp
		[ -z "$pids" ] || figure rss "$(rss_of $pids)"
		measure_frames
		measure_idle
	done
done
[ -z "${FIGURES:-}" ] || cp $DIR/figures "$FIGURES"
/usr/bin/python3 -B "$TOP/bench/report.py" $DIR/figures
