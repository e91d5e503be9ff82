#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nat.sh - this translator beside others, in one run on one machine: forwarding and nft masquerade by
# the kernel with its guest on the same kind of tap (the baseline) and on a veth, pasta, slirp4netns.
# All lead to one outside.  What is not installed is named and left out.  Each pass measures all of
# them one after the other; what counts is the median of the passes' ratios.  Then UDP flows: 50,000
# through each, opened and asked from outside whether they still live; memory by 100,000 and a
# million.
#
#	bench/nat.sh [CONTENDER...]
#
# Less than eight minutes.  PASSES, TCP_S, TRIAL_S and ROUNDS may be set, FLOWS=no leaves the flows
# out; FIGURES=FILE keeps what was measured.  O= is the build.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../tests/system/lib.sh"
new_host "$@"
need iperf3 nft python3 "$O/bench/frames" "$O/bench/pump" "$O/bench/connections" "$O/bench/nat_flows"
# shellcheck source=bench/measure.sh
. "$TOP/bench/measure.sh"
# shellcheck source=bench/nat_contenders.sh
. "$TOP/bench/nat_contenders.sh"
: "${PASSES:=3}" "${TCP_S:=1}" "${TRIAL_S:=0.15}" "${ROUNDS:=2000}" "${FLOWS:=yes}"
[ $# -gt 0 ] || set -- vswitchd kernel_tap kernel pasta slirp
far=outside

# CONNECTIONS that were whole, a second; what failed is told when it was more than a few.
connections() { # AT-ONCE
	local rate failed
	read -r rate failed <<<"$("$O/bench/connections" $near $far $address $TCP_S "$1")"
	figure "crr$1" "${rate:-0}"
	[ "${failed:-0}" -le 20 ] || figure "failed$1" "$failed"
}

# Memory in the first pass, a while after the traffic: what it is then it will stay.
rest_rss() { # FIGURE
	[ -n "$pids" ] && [ "$pass" = 1 ] || return
	sleep 2.5
	figure "$1" "$(rss_of $pids)"
}

measure_pass() {
	measure_tcp
	tcp up8 -P 8
	tcp down8 -P 8 -R
	rest_rss rss
	connections 1
	connections 32
	rest_rss rss_after
	measure_frames
}

# Bytes that the contender's flows take now: of the kernel's, its slabs; of processes, what is resident.
memory_of() {
	case $contender in
	kernel*) awk '/^nf_conntrack / { print $3 * $4 }' /proc/slabinfo ;;
	*) awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$pids/status" ;;
	esac
}
fds_of() { find "/proc/$1/fd" -mindepth 1 | wc -l; }

# flows NAME COUNT SOCKETS SECONDS [FIRST N]: COUNT ports by SOCKETS, beside what is there already.
# Figures: how many are there now, opened a second, bytes each and descriptors for all of them; when
# NAME is 50k, how many still hear the server.
first_port=10000 already=0
flows() {
	local name=$1 count=$2 sockets=$3 seconds=$4 before fds=0 heard
	shift 4
	rm -f $DIR/serve $DIR/open $DIR/open.log
	mkfifo $DIR/serve $DIR/open
	ns $far "$O/bench/nat_flows" serve $first_port "$count" <$DIR/serve >$DIR/serve.log &
	exec 7>$DIR/serve
	wait_for 3 grep -q ready $DIR/serve.log
	before=$(memory_of)
	[ -z "$pids" ] || fds=$(fds_of "$pids")
	ns $near "$O/bench/nat_flows" open $address $first_port "$count" "$sockets" "$seconds" "$@" \
		<$DIR/open >$DIR/open.log &
	exec 8>$DIR/open
	wait_for $((seconds + 10)) grep -q answered $DIR/open.log
	opened=$(sed -n 's/.*answered \([0-9]*\).*/\1/p' $DIR/open.log)
	figure "flows_$name" $((${opened:-0} + already))
	figure "per_s_$name" "$(sed -n 's/.*per_s //p' $DIR/open.log)"
	[ "${opened:-0}" = 0 ] ||
		figure "bytes_$name" $((($(memory_of) - before + opened / 2) / opened))
	[ -z "$pids" ] || figure "fds_$name" $(($(fds_of "$pids") - fds))
	if [ "$name" = 50k ]; then
		echo say >&8
		echo say >&7
		wait_for 30 grep -q heard $DIR/open.log
		heard=$(sed -n 's/heard //p' $DIR/open.log)
		figure held "${heard:-0}"
	fi
	exec 7>&- 8>&-
	wait %?nat_flows 2>/dev/null
	first_port=$((first_port + count))
}

# vswitchd_anew MAX: without flows, with room for so many. The guest keeps its addresses.
vswitchd_anew() {
	kill_daemon
	start_daemon
	pids=$DAEMON_PID
	vctl net set n nat-max="$1" nat-max-guest="$1"
	wait_for 5 reaches_outside
}

measure_flows() {
	pass=1 already=0
	[ $contender != vswitchd ] || vswitchd_anew 131072
	flows 50k 250 200 15
	case $contender in
	kernel_tap) flows 100k 105 960 30 ;;
	vswitchd)
		# A guest gets no more than is left, so a million takes many: addresses here.
		vswitchd_anew 1048576
		flows 100k 105 960 30 10.9.1.10 24
		already=$opened
		flows 1m 938 960 60 10.9.1.10 24
		;;
	esac
}

declare -A all_pids all_pumps addresses
ready=''
add_outside
ip route add default via 198.51.100.9
for contender; do
	pids="" pumps="" why="it does not come up" address=198.51.100.9 near=$contender
	if setup_$contender >>$DIR/setup.log 2>&1 &&
		wait_for 3 reaches_outside >>$DIR/setup.log 2>&1; then
		ready="$ready $contender" addresses[$contender]=$address
		all_pids[$contender]=$pids all_pumps[$contender]=$pumps
	else
		echo "skipped: $contender: $why"
		[ -z "${TEST_VERBOSE:-}" ] || note "$(tail -n 20 $DIR/setup.log)"
	fi
done

# each FUNCTION
each() {
	for contender in $ready; do
		pids=${all_pids[$contender]} pumps=${all_pumps[$contender]}
		address=${addresses[$contender]} near=$contender
		"$1"
	done
}
for pass in $(seq $PASSES); do
	each measure_pass
done
[ "$FLOWS" = no ] || each measure_flows
[ -z "${FIGURES:-}" ] || cp $DIR/figures "$FIGURES"
/usr/bin/python3 -B "$TOP/bench/nat_report.py" $DIR/figures
