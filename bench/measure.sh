# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # variables of the scripts that source this
#
# measure.sh - what switch.sh and nat.sh measure alike. The caller sets, for the one that it measures:
# contender and pass (for the record), near and far (namespaces), address (of far), pids (processes
# that do the work, of those: own CPU and memory), pumps (that stand for VMMs); and TCP_S, TRIAL_S,
# ROUNDS. Each figure becomes a line "PASS CONTENDER FIGURE VALUE" of $DIR/figures.

# CPU ticks (10 ms) that processes took so far.
cpu_of() {
	local pid sum=0 stat
	for pid; do
		read -r -a stat <"/proc/$pid/stat" && sum=$((sum + stat[13] + stat[14]))
	done
	echo $sum
}
rss_of() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
calc() { awk "BEGIN { printf \"%.3f\", $1 }"; }

figure() { echo "$pass $contender $1 $2" >>$DIR/figures; }

# tcp NAME [-R...]: a stream from near to far, or back; adds to own, all (CPU s), gb and retransmits.
tcp() {
	local name=$1 own_0 all_0 gbit rest
	shift
	own_0=$(cpu_of $pids) all_0=$(cpu_of $pids $pumps)
	gbit=$(iperf_gbit $far $near $address $TCP_S "$@")
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
	[ -z "$pids" ] || [ "$gb" = 0.000 ] || figure cpu_own "$(calc "$own / $gb")"
}

measure_frames() {
	local lossless flood p50 p99 heat
	read -r lossless flood <<<"$("$O/bench/frames" rate $near $far $address $TRIAL_S)"
	figure pps "$lossless"
	figure flood "$flood"
	for heat in idle hot; do
		read -r p50 p99 <<<"$("$O/bench/frames" rtt $near $far $address $ROUNDS $heat)"
		figure rtt_$heat "$p50"
		figure rtt_${heat}_p99 "$p99"
	done
}
