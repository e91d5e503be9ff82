#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command line itself: usage errors, help, no daemon, exit statuses, JSON of every list, tables
# that fit the terminal.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need "$VNETCTL" "$VSWITCHD"

# usage TEXT PATTERN COMMAND...: status 2, and something on stderr that matches; nothing on stdout.
usage() {
	local text=$1 pattern=$2 out err rc
	shift 2
	err=$("$@" 2>&1 >$DIR/out)
	rc=$?
	out=$(cat $DIR/out)
	if [ $rc -eq 2 ] && [ -z "$out" ] && grep -qE -- "$pattern" <<<"$err"; then
		pass "$text"
	else
		fail "$text (status $rc, wanted 2 and /$pattern/)"
		note "$err"
	fi
}

# Without a daemon
refused "no daemon: what to do" "no vswitchd at $SOCK: start it with" vctl net list
check "the overview needs no daemon" vctl
check "and tells what to do next" grep -q "start it with" <<<"$(vctl)"
check "help needs no daemon" vctl help
for noun in status doctor events net port mac nat dhcp vm lab capture; do
	check "help of $noun" grep -q "vnetctl $noun" <<<"$(vctl help $noun)"
done
check "--help after a noun" grep -q "net add NET" <<<"$(vctl net --help)"
check "--version" vctl --version
usage "unknown noun with its neighbour" "did you mean 'port'" vctl prot list
usage "unknown verb with its neighbour" "did you mean 'list'" vctl net lst
usage "a noun without a verb" "Verbs: list show add" vctl net
usage "an unknown option" "usage" vctl -x
usage "an unknown setting with its neighbour" "did you mean 'mode='" vctl net add n mod=nat
usage "a missing name" "name first" vctl net add mode=nat
usage "a missing mode" "mode" vctl net add n
usage "a setting given twice" "twice" vctl net add n mode=nat mode=nat
usage "a number that is none" "mtu=NUMBER" vctl net add n mode=nat mtu=big
usage "too many arguments" "takes no arguments" vctl net list n
usage "two carriers" "one of" vctl port add n p tap=t nic=e
usage "half a namespace port" "go together" vctl port add n p netns=x
usage "a NIC with a stray word" "mac=" vctl vm run g net=n,foo
usage "exec without a command" "wants -- and a command" vctl vm exec g
usage "a capture without a name" "port or a network" vctl capture

# With one
start_daemon
check "a network" vctl net add n1 mode=host-only subnet=192.168.60.0/24
check "a dummy port" vctl port add n1 p1
check "a namespace port" plug n1 a 192.168.60.9/24
check "ping through it" ping_ok a 192.168.60.1
valid_json() { vctl -j "$@" | json "True"; }
for list in status doctor "net list" "net show n1" "port list" "port list n1" "port show p1" \
	"mac list n1" "dhcp list n1" "vm list" "lab list"; do
	# shellcheck disable=SC2086
	check "JSON of $list" valid_json $list
	# shellcheck disable=SC2086
	check "$list for people" vctl $list
done
check "flush" grep -q forgotten <<<"$(vctl mac flush n1)"
check "port down" vctl port down p1
equal "is shown" "down" "$(jctl port show p1 | json "d['admin']")"
check "port up" vctl port up p1
check "a reservation" vctl dhcp reserve n1 52:54:00:00:00:99 192.168.60.50
check "is listed" grep -q "192.168.60.50.*reserved" <<<"$(vctl dhcp list n1)"
check "and released" vctl dhcp release n1 192.168.60.50
refused "an unknown network by name" "nowhere" vctl net show nowhere

# A terminal of 60 columns: no line is longer.
if command -v script >/dev/null; then
	wide=$(script -qec "stty cols 60; $VNETCTL -s $SOCK net list; $VNETCTL -s $SOCK port list" \
		/dev/null </dev/null | tr -d '\r' | awk '{ if (length($0) > m) m = length($0) } END { print m }')
	if [ "${wide:-0}" -gt 20 ] && [ "$wide" -le 60 ]; then
		pass "tables fit a terminal of 60 columns ($wide)"
	else
		fail "tables fit a terminal of 60 columns (got $wide)"
	fi
else
	skip "tables fit a terminal" "script is not installed"
fi
equal "no colour in a pipe" "" "$(vctl doctor | grep $'\033')"

# Capture
(sleep 0.5; ping_ok a 192.168.60.1 >/dev/null) &
timeout 10 "$VNETCTL" -s $SOCK capture n1 -c 2 -w $DIR/c.pcap icmp 2>$DIR/c.err
equal "capture -c ends by itself" 0 $?
check "with as many packets" grep -q "^2 packets" $DIR/c.err
if command -v tcpdump >/dev/null; then
	equal "tcpdump reads the file" 2 "$(tcpdump -n -r $DIR/c.pcap 2>/dev/null | grep -c ICMP)"
fi
(sleep 0.5; ping_ok a 192.168.60.1 >/dev/null) &
check "capture as text" grep -q "192.168.60.9" \
	<<<"$(timeout 10 "$VNETCTL" -s $SOCK capture a.eth0 -c 2 icmp 2>/dev/null)"
mkdir $DIR/empty
(sleep 0.5; ping_ok a 192.168.60.1 >/dev/null) &
check "capture as text without tcpdump" grep -q "ICMP 192.168.60.9 > 192.168.60.1 type 8" \
	<<<"$(PATH=$DIR/empty timeout 10 "$VNETCTL" -s $SOCK capture a.eth0 -c 2 icmp 2>/dev/null ||
		env -i PATH=$DIR/empty /usr/bin/timeout 10 "$VNETCTL" -s $SOCK capture a.eth0 -c 2 icmp)"
refused "a capture of nothing" "no port and no network 'nix'" vctl capture nix
refused "a filter that is none" "filter|syntax" vctl capture n1 -c 1 this is no filter

# Events
watch $DIR/events events
vctl port add n1 p2
check "an event arrives" wait_for 5 grep -q "port.added.*p2" $DIR/events
watch_end
vctl port del p2

check "completion knows nouns and verbs" grep -qx check <<<"$(vctl complete -- lab)"
check "and the daemon's objects" sh -c "'$VNETCTL' -s $SOCK net add tabbed mode=internal; '$VNETCTL' -s $SOCK complete -- net show | grep -qx tabbed"
check "and what options a verb has" grep -qx -- --watch <<<"$(vctl complete -- lab check)"
check "bash's completion" bash -c "vnetctl() { '$VNETCTL' -s $SOCK \"\$@\"; }; . '$TOP/tools/completion/vnetctl.bash'; COMP_WORDS=(vnetctl lab ch); COMP_CWORD=2; _vnetctl; [ \"\${COMPREPLY[*]}\" = check ]"
check "without arguments: what to do next" grep -q "vnetctl net list" <<<"$(vctl)"
check "the daemon stops cleanly" stop_daemon
finish
