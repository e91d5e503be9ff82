# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# lib.sh - what the system tests share.  Source it, call new_host, test, end with `finish`:
#
#	. "$(dirname "$0")/lib.sh"
#	new_host "$@"
#	start_daemon
#	check "a network is made" vctl net add n1 mode=internal
#	finish
#
# new_host runs the rest of the script as root of a little host of its own: new network, mount and
# PID namespaces, an empty /run, its own /sys.  Whatever happens in there, also `kill -9` of the
# script, every process, interface, namespace and file of the test dies with it and nothing of the
# machine was touched.  Lines are TAP: "ok N - text", "not ok N - text", "ok N - text # SKIP why".
#
# Variables: O (build folder, default "build"), VSWITCHD, VNETCTL, VMM (the programs), DIR (scratch),
# SOCK and STATE (of the daemon), TEST_VERBOSE=1 (show the daemon's log always).

set -u
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
O=${O:-build}
case $O in /*) ;; *) O=$TOP/$O ;; esac
VSWITCHD=${VSWITCHD:-$O/bin/vswitchd}
VNETCTL=${VNETCTL:-$O/bin/vnetctl}
VMM=${VMM:-$O/bin/vnet-vmm}
DIR=/run/t
SOCK=$DIR/control.sock
STATE=$DIR/state
DAEMON_PID=
n_tests=0 n_failed=0 n_skipped=0

# ---- results ---------------------------------------------------------------------------------

pass() { n_tests=$((n_tests + 1)); echo "ok $n_tests - $*"; }
fail() { n_tests=$((n_tests + 1)); n_failed=$((n_failed + 1)); echo "not ok $n_tests - $*"; }
# skip TEXT WHY
skip() { n_tests=$((n_tests + 1)); n_skipped=$((n_skipped + 1)); echo "ok $n_tests - $1 # SKIP $2"; }
note() { echo "$*" | sed 's/^/# /'; }
skip_all() { echo "1..0 # SKIP $*"; exit 0; }

# check TEXT COMMAND...: passes when the command succeeds; shows its output when it does not.
check() {
	local text=$1
	shift
	# Not in a subshell: the command may be a function that sets variables or waits for a child.
	if "$@" >$DIR/check.out 2>&1; then
		pass "$text"
	else
		fail "$text"
		note "\$ $*"
		note "$(cat $DIR/check.out)"
	fi
}

# check_not TEXT COMMAND...: passes when the command fails.
check_not() {
	local text=$1 out
	shift
	if out=$("$@" 2>&1); then fail "$text"; note "\$ $* (succeeded)"; note "$out"; else pass "$text"; fi
}

# refused TEXT PATTERN COMMAND...: passes when the command ends with status 1 and says, in one
# line on stderr, something that matches the extended regular expression.
refused() {
	local text=$1 pattern=$2 out rc
	shift 2
	out=$("$@" 2>&1 >/dev/null)
	rc=$?
	if [ $rc -eq 1 ] && [ "$(wc -l <<<"$out")" -eq 1 ] && grep -qE -- "$pattern" <<<"$out"; then
		pass "$text: $out"
	else
		fail "$text (status $rc, wanted 1 and /$pattern/)"
		note "$out"
	fi
}

# usage_error TEXT PATTERN COMMAND...: as refused, for wrong usage: status 2, and the usage shown.
usage_error() {
	local text=$1 pattern=$2 out rc
	shift 2
	out=$("$@" 2>&1 >/dev/null)
	rc=$?
	if [ $rc -eq 2 ] && grep -qE -- "$pattern" <<<"$out" && grep -q '^usage: ' <<<"$out"; then
		pass "$text: $(head -n 1 <<<"$out")"
	else
		fail "$text (status $rc, wanted 2 and /$pattern/)"
		note "$out"
	fi
}

# equal TEXT WANTED GOT
equal() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1: wanted '$2', got '$3'"; fi; }

finish() {
	echo "1..$n_tests"
	[ $n_skipped -eq 0 ] || note "$n_skipped skipped"
	[ $n_failed -eq 0 ] && exit 0
	note "$n_failed of $n_tests failed"
	exit 1
}

# ---- the little host -------------------------------------------------------------------------

# new_host "$@": everything after this line runs inside.
new_host() {
	if [ -z "${IN_NEW_HOST:-}" ]; then
		[ "$(id -u)" = 0 ] || skip_all "needs root"
		unshare --net --mount --pid true 2>/dev/null || skip_all "may not make namespaces"
		IN_NEW_HOST=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc \
			--propagation private bash "$0" "$@"
	fi
	unset IN_NEW_HOST
	mount -t tmpfs -o mode=755 tmpfs /run
	mount -t sysfs sysfs /sys 2>/dev/null
	mkdir -p $DIR /run/netns /run/lock
	chmod 755 $DIR
	ip link set lo up
	trap new_host_end EXIT
	trap 'exit 1' INT TERM HUP
}

new_host_end() {
	local rc=$?
	if { [ $rc -ne 0 ] || [ -n "${TEST_VERBOSE:-}" ]; } && [ -s $DIR/daemon.log ]; then
		note "the daemon's log:"
		note "$(tail -n 60 $DIR/daemon.log)"
	fi
	# The namespaces' last process is this shell: the kernel ends all others and unmounts.
	exit $rc
}

# host_state [OUR-INTERFACES]: what is the host's: rules, routes, interfaces, addresses, settings. Random
# numbers and counters of the kernel are nobody's setting.
host_state() {
	nft list ruleset
	ip -4 rule
	ip -6 rule
	ip route show table all | grep -v "dev ${1:-none}" | grep -v "^local\|^broadcast\|^multicast\|^ff00\|^fe80"
	ip -o link | grep -v " ${1:-none}[:@]" | sed 's/^[0-9]*: //; s/qlen [0-9]*//'
	ip -o addr | grep -v " ${1:-none} " | grep -v 'scope link' | sed 's/^[0-9]*: //; s/valid_lft.*//'
	sysctl -a 2>/dev/null | grep -v "\.${1:-none}\." |
		grep -vE 'nf_conntrack_count|random|tcp_fastopen_key|netdev_rss_key|base_reachable_time|stat_refresh' |
		grep -vE '^(fs\.|kernel\.(ns_last_pid|pty|perf_|random|sched|cad_pid|tainted)|vm\.|user\.)'
}

# What labs could leave behind, on the host and in the daemon: `left >$DIR/before` at the beginning,
# `check "nothing is left" nothing_left` at the end.
nothing_left() { left >$DIR/after; diff $DIR/before $DIR/after; }
left() {
	# (our table of rules is there as long as the daemon, once there was a NAT network: what is in it counts)
	host_state | awk '/^table inet vswitchd/ { ours = 1 } !ours || /elements/; /^}/ { ours = 0 }'
	jctl net list; jctl port list; jctl lab list; jctl vm list
	ls /run/netns
	awk '{ print $2, $3 }' /proc/self/mounts
	find $STATE -mindepth 1 -maxdepth 1 ! -name vm ! -name 'state.db*' ! -name 'leases*' | sort
	ls -A $STATE/vm 2>/dev/null
	ps -eo comm= | grep -vxE 'bash|sh|ps|grep|python3|vnetctl' | sort
}

# need PROGRAM...: skip the whole script when one is missing.
need() {
	local p
	for p; do
		command -v "$p" >/dev/null || [ -x "$p" ] || skip_all "$p is not there"
	done
}

# wait_for SECONDS COMMAND...: until the command succeeds; fails when the time is over. The seconds
# are what a machine takes that does nothing else, with room; one that is busy gets PATIENCE times as
# many before that is called a failure.
PATIENCE=${PATIENCE:-5}
wait_for() {
	local begin=${EPOCHREALTIME/[.,]/} end
	end=$((begin + $1 * PATIENCE * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/[.,]/}" -lt $end ] || return 1
		rest "$begin"
		begin=${EPOCHREALTIME/[.,]/}
	done
}

# rest BEGIN: between two tries, of which the last began then: as long as it took, 50 ms at least and 1 s at
# most. Where programs start slowly (an emulated processor: seconds) asking would else keep the one
# processor from what is waited for.
rest() {
	local us=$((${EPOCHREALTIME/[.,]/} - $1)) text
	us=$((us < 50000 ? 50000 : us > 1000000 ? 1000000 : us))
	printf -v text '%d.%06d' $((us / 1000000)) $((us % 1000000))
	sleep "$text"
}

# within SECONDS TEXT COMMAND...: check that the command succeeds in that time, for bounds that are a
# promise. What counts is time in which nobody here waited for a processor (the kernel's figures of
# pressure, Documentation/accounting/psi.rst): a machine at rest has SECONDS and no more, a busy one what it
# was kept waiting in addition, up to PATIENCE times as much. The text says what it was.
within() {
	local limit=$1 text=$2 begin=${EPOCHREALTIME/[.,]/} stalled took busy
	shift 2
	stalled=$(cpu_stalled)
	while true; do
		"$@" >$DIR/check.out 2>&1 && break
		took=$((${EPOCHREALTIME/[.,]/} - begin)) busy=$(($(cpu_stalled) - stalled))
		[ $((took - busy)) -lt $((limit * 1000000)) ] && [ $took -lt $((limit * PATIENCE * 1000000)) ] || {
			fail "$text within $limit s"
			note "not in $((took / 1000)) ms, $((busy / 1000)) ms of which somebody waited for a processor"
			note "\$ $*"
			note "$(cat $DIR/check.out)"
			return
		}
		sleep 0.05
	done
	took=$((${EPOCHREALTIME/[.,]/} - begin)) busy=$(($(cpu_stalled) - stalled))
	pass "$text within $limit s (took $((took / 1000)) ms, $((busy / 1000)) of them on a busy machine)"
}
# Microseconds in which somebody waited for a processor; for ever 0 where the kernel does not count.
cpu_stalled() {
	local total=0
	[ ! -r /proc/pressure/cpu ] || total=$(sed -n 's/^some.*total=//p' /proc/pressure/cpu)
	echo "${total:-0}"
}

# ---- the daemon ------------------------------------------------------------------------------

vctl() { "$VNETCTL" -s $SOCK "$@"; }
# jctl ARGS...: the JSON of a command, for jq-less picking with json().
jctl() { "$VNETCTL" -s $SOCK -j "$@"; }
# json EXPRESSION: evaluate Python on the JSON from stdin, called d. Without the machine's site packages, of
# which it needs none and which take a third of the time.
json() { /usr/bin/python3 -S -E -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

# start_daemon [ARGS...]: run vswitchd until it answers. Its output is in $DIR/daemon.log.
start_daemon() {
	need "$VSWITCHD" "$VNETCTL"
	"$VSWITCHD" --foreground --socket $SOCK --state $STATE "$@" >>$DIR/daemon.log 2>&1 &
	DAEMON_PID=$!
	if ! wait_for "${START_LIMIT:-10}" vctl status; then
		fail "vswitchd starts"
		finish
	fi
}

# stop_daemon: a clean end. Fails when there is none to wait for or the status is not 0 (which is also
# how a sanitizer says that it has found something).
stop_daemon() {
	[ -n "$DAEMON_PID" ] || return 0
	kill -TERM "$DAEMON_PID"
	wait_for 10 gone "$DAEMON_PID" || return 1
	wait "$DAEMON_PID" 2>/dev/null
	local rc=$?
	DAEMON_PID=
	return $rc
}

# watch FILE ARGS...: `vnetctl ARGS`, which tells until it is ended, into FILE; returns when it misses
# nothing any more. watch_end: ends it as Ctrl-C does.
watch() {
	local file=$1
	shift
	"$VNETCTL" -s $SOCK "$@" >"$file" 2>"$file.log" &
	watcher=$!
	wait_for 5 grep -q watching "$file.log"
}
watch_end() { kill -INT "$watcher"; wait "$watcher"; }

# kill_daemon: kill -9, as a crash would.
kill_daemon() {
	kill -KILL "$DAEMON_PID"
	wait "$DAEMON_PID" 2>/dev/null
	DAEMON_PID=
}

# rss_at_rest: KiB that the daemon keeps. The least of a few seconds: packet buffers give theirs back
# when nothing has passed for one.
rss_at_rest() {
	local i
	for i in 1 2 3 4 5 6; do
		sleep 0.6
		awk '/^VmRSS/ { print $2 }' /proc/"$DAEMON_PID"/status
	done | sort -n | head -n 1
}

# grew_at_most KIB BEFORE AFTER: a check of what the daemon keeps; both in KiB. A sanitizer keeps what
# was freed, so it can't be asked.
grew_at_most() {
	case $O in
	*san*) skip "memory does not grow" "sanitizers keep what was freed" ;;
	*) check "memory: $2 to $3 KiB" test $(($3 - $2)) -le "$1" ;;
	esac
}

# gone PID: no such process, or a zombie that its parent has not asked for yet.
gone() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

# ---- namespaces as guests --------------------------------------------------------------------

add_ns() { ip netns add "$1" && nsenter --net="/run/netns/$1" ip link set lo up; }
ns() { local n=$1; shift; nsenter --net="/run/netns/$n" -- "$@"; }

# A host beyond this one: namespace "outside", 198.51.100.9 on its eth0, reached by up0 (.1).
add_outside() {
	add_ns outside
	ip link add up0 type veth peer name eth0 netns outside
	ip addr add 198.51.100.1/24 dev up0
	ip link set up0 up
	ns outside ip addr add 198.51.100.9/24 dev eth0
	ns outside ip link set eth0 up
}

# sniff NS|host IFNAME FILE [FILTER...]: capture until sniff_end; returns when tcpdump listens. sniffed
# FILE FILTER...: how many frames of it match.
sniff() {
	local n=$1 ifname=$2 file=$3
	shift 3
	rm -f "$file.log"
	# Not by ns(): the process to end is tcpdump itself, not a shell that waits for it.
	local net=/run/netns/$n
	[ "$n" != host ] || net=/proc/self/ns/net
	nsenter --net="$net" -- tcpdump --immediate-mode -Uni "$ifname" -w "$file" "$@" 2>"$file.log" &
	sniffer=$!
	wait_for 5 grep -q "listening on" "$file.log"
	# It says so before its filter is in place, and what comes meanwhile it throws away.
	sleep 0.1
}
sniff_end() {
	sleep 0.2
	wait_for 1 sniff_rests
	kill "$sniffer"
	wait "$sniffer" 2>/dev/null
}
# sniff_rests: tcpdump has taken all that the kernel has for it, and 0.1 s later too.
sniff_rests() {
	local first
	first=$(sniff_taken) && sleep 0.1 && [ "$(sniff_taken)" = "$first" ]
}
sniff_taken() {
	local log n
	log=$(readlink /proc/"$sniffer"/fd/2) n=$(wc -l <"$log")
	kill -USR1 "$sniffer" || return 1
	wait_for 1 eval "[ \$(wc -l <'$log') -gt $n ]"
	tail -n 1 "$log" | awk '{ print $1; exit $1 < $4 }'
}
sniffed() { local f=$1; shift; tcpdump -nr "$f" "$@" 2>/dev/null | grep -c '^[0-9]'; }

# ns_mac NS [IFNAME]: the MAC address; not from /sys, which shows the little host's.
ns_mac() { ns "$1" ip -o link show dev "${2:-eth0}" | sed 's/.*link.ether \([^ ]*\).*/\1/'; }

# plug NET NS [ADDRESS/PLEN [IFNAME]]: a namespace port NS.IFNAME of NET (the namespace is made
# when there is none), with an address when one is given.
plug() {
	local net=$1 n=$2 addr=${3:-} ifname=${4:-eth0}
	[ -e "/run/netns/$n" ] || add_ns "$n" || return 1
	vctl port add "$net" "$n.$ifname" "netns=$n" "ifname=$ifname" || return 1
	[ -z "$addr" ] || ns "$n" ip addr add "$addr" dev "$ifname"
}

# ping_ok NS ADDRESS [ARGS...]: one answer within 3 s.
ping_ok() { local n=$1 a=$2; shift 2; ns "$n" ping -n -q -c 1 -W 3 "$@" "$a"; }

# port_stat PORT KEY: a number of `port show`, e.g. port_stat a.eth0 "d['rx']['gso']".
port_stat() { jctl port show "$1" | json "$2"; }

# iperf_gbit SERVER_NS CLIENT_NS SERVER_ADDRESS SECONDS [ARGS...]: prints Gbit/s received, "0" when
# the transfer failed.
iperf_gbit() {
	local s=$1 c=$2 a=$3 t=$4 server
	shift 4
	ns "$s" iperf3 -s -1 -B "$a" >/dev/null 2>&1 &
	server=$!
	wait_for 3 ns "$s" sh -c "ss -Hltn | grep -q :5201"
	ns "$c" timeout $((t + 8 * PATIENCE)) iperf3 -c "$a" -t "$t" -J "$@" >$DIR/iperf.json 2>/dev/null
	json "'%.2f' % (d['end']['sum_received']['bits_per_second'] / 1e9)" \
		<$DIR/iperf.json 2>/dev/null || echo 0
	# It ends by itself after one client; after none it would wait for ever.
	kill $server 2>/dev/null
	wait $server 2>/dev/null
}

# dhcp_get NS [IFNAME [UDHCPC-ARGS...]]: one lease by busybox's udhcpc; sets the address (and a
# default route when a router is named) and prints what the server said, one NAME=VALUE a line.
dhcp_get() {
	local n=$1 ifname=${2:-eth0}
	shift; shift || true
	cat >$DIR/udhcpc.sh <<-'EOF'
		#!/bin/sh
		[ "$1" = bound ] || [ "$1" = renew ] || exit 0
		ip addr flush dev "$interface" scope global
		ip addr add "$ip/$mask" dev "$interface"
		[ -z "${router:-}" ] || ip route replace default via "$router"
		env | grep -E '^(ip|mask|subnet|router|dns|lease|serverid|domain|mtu)='
	EOF
	chmod 755 $DIR/udhcpc.sh
	ns "$n" busybox udhcpc -i "$ifname" -n -q -f -t 8 -T 1 -s $DIR/udhcpc.sh "$@" 2>/dev/null
}

# linux_bridge: namespaces lb1 and lb2 (10.77.0.1 and .2) on a bridge of the kernel, for ratios.
linux_bridge() {
	ip link add lbr0 type bridge && ip link set lbr0 up
	echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null
	local i
	for i in 1 2; do
		add_ns lb$i
		ip link add lbv$i type veth peer name eth0 netns lb$i
		ip link set lbv$i master lbr0 up
		ns lb$i ip addr add 10.77.0.$i/24 dev eth0
		ns lb$i ip link set eth0 up
	done
}

# ---- what a lab costs ------------------------------------------------------------------------

# all_pss: KiB of all processes of the little host, what they share counted once; also where two are one
# address space (User-mode Linux has such).
all_pss() {
	cat /proc/[0-9]*/smaps_rollup 2>/dev/null |
		awk '/rollup/ { k = $1 } /^Rss:/ { k = k " " $2 } /^Pss:/ && !seen[k " " $2]++ { s += $2 } END { print s + 0 }'
}
# lab_cost FILE [ARGS...]: brings it up and down; says in $cost the seconds until it was ready, its nodes, and
# MiB of memory a node: of its processes, and by what a fresh daemon grew, REST (0) seconds later: guests
# tell what they do not use every two seconds.
lab_cost() {
	local file=$1 before took nodes after
	shift
	stop_daemon && start_daemon
	before=$(all_pss)
	took=$(jctl lab up "$file" --name cost "$@" | json "'%.1f' % d['seconds']") || return 1
	sleep "${REST:-0}"
	after=$(all_pss)
	nodes=$(jctl lab status cost | json "len({n['node'] for n in d['nics']})")
	vctl lab down cost >/dev/null
	cost="$took $nodes $(awk -v k=$((after - before)) -v n="$nodes" 'BEGIN { printf "%.1f", (k > 0 ? k / 1024 / n : 0) }')"
}
