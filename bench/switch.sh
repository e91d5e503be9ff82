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

mode=quick
case ${1:-} in quick | full) mode=$1; shift ;; esac
if [ $mode = quick ]; then
	: "${PASSES:=3}" "${TCP_S:=1}" "${TRIAL_S:=0.12}" "${ROUNDS:=1500}" "${IDLE_S:=1}"
else
	: "${PASSES:=3}" "${TCP_S:=3}" "${TRIAL_S:=0.5}" "${ROUNDS:=10000}" "${IDLE_S:=4}"
fi
[ $# -gt 0 ] || set -- bridge bridge_tap vswitchd vswitchd_tap ovs vde

# CPU ticks (10 ms) that processes took so far.
cpu_of() {
	local pid sum=0 stat
	for pid; do
		read -r -a stat <"/proc/$pid/stat" && sum=$((sum + stat[13] + stat[14]))
	done
	echo $sum
}
# Times that a process went to sleep, all threads.
sleeps_of() { cat /proc/"$1"/task/*/status | awk '/^voluntary/ { n += $2 } END { print n + 0 }'; }
rss_of() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
calc() { awk "BEGIN { printf \"%.3f\", $1 }"; }

# figure NAME VALUE: of this pass and contender.
figure() { echo "$pass $contender $1 $2" >>$DIR/figures; }

# tcp NAME [-R]: one stream from a to b, or back; adds to own, all (CPU s), gb and retransmits.
tcp() {
	local name=$1 own_0 all_0 gbit rest
	shift
	own_0=$(cpu_of $pids) all_0=$(cpu_of $pids $pumps)
	gbit=$(iperf_gbit ${contender}b ${contender}a $address.2 $TCP_S "$@")
	figure $name "$gbit"
	rest=$(json "'%d %.4f %.4f' % (d['end']['sum_sent'].get('retransmits', 0),
		d['end']['sum_received']['bytes'] / 1e9, d['end']['sum_received']['seconds'] / 100 *
		sum(d['end']['cpu_utilization_percent'][k] for k in ('host_total', 'remote_total')))" \
		<$DIR/iperf.json 2>/dev/null) || return
	read -r retr bytes ends_cpu <<<"$rest"
	own=$(calc "$own + $(($(cpu_of $pids) - own_0)) / 100")
	all=$(calc "$all + $(($(cpu_of $pids $pumps) - all_0)) / 100 + $ends_cpu")
	gb=$(calc "$gb + $bytes")
	retransmits=$((retransmits + retr))
}

measure_tcp() {
	own=0 all=0 gb=0 retransmits=0
	tcp up && tcp down -R || return
	[ "$gb" = 0.000 ] || figure cpu_all "$(calc "$all / $gb")"
	figure retransmits $retransmits
	[ -n "$pids" ] || return
	[ "$gb" = 0.000 ] || figure cpu_own "$(calc "$own / $gb")"
	figure rss "$(rss_of $pids)"
}

measure_frames() {
	local lossless flood p50 p99 heat
	read -r lossless flood <<<"$("$O/bench/frames" rate ${contender}a ${contender}b \
		$address.2 $TRIAL_S)"
	figure pps "$lossless"
	figure flood "$flood"
	for heat in idle hot; do
		read -r p50 p99 <<<"$("$O/bench/frames" rtt ${contender}a ${contender}b \
			$address.2 $ROUNDS $heat)"
		figure rtt_$heat "$p50"
		figure rtt_${heat}_p99 "$p99"
	done
}

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
		address=${addresses[$contender]}
		measure_tcp
		measure_frames
		measure_idle
	done
done
[ -z "${FIGURES:-}" ] || cp $DIR/figures "$FIGURES"
/usr/bin/python3 "$TOP/bench/report.py" $DIR/figures
