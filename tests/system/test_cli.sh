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
for noun in $(vctl -j help | json "' '.join(n['noun'] for n in d['nouns'])"); do
	check "help of $noun" grep -q "vnetctl $noun" <<<"$(vctl help $noun)"
done
equal_help() { [ "$(vctl "${@:2}" | grep -c "^  vnetctl")" = 1 ] && vctl "${@:2}" | grep -q "^  vnetctl $1"; }
check "help of a verb, and of no other" equal_help "lab up" help lab up
check "--help behind its words" equal_help "lab up" lab up x.yaml --help
check "-h behind a verb" equal_help "port move" port move -h
check "help behind a noun" grep -q "^  vnetctl vm run" <<<"$(vctl vm help)"
check_not "--help of a command that is run elsewhere is not ours" vctl vm exec g -- ls --help
check "help tells every verb" grep -qw selftest <<<"$(vctl help)"
equal "and fits 80 columns" "" "$(vctl help | grep -E '.{81}')"
check "the overview is short" [ "$(vctl | wc -l)" -le 32 ]
check "--help after a noun" grep -q "net add NET" <<<"$(vctl net --help)"
check "--version" vctl --version
usage "unknown noun with its neighbour" "did you mean 'port'" vctl prot list
usage "unknown verb with its neighbour" "did you mean 'list'" vctl net lst
usage "a noun without a verb" "Verbs: list show add" vctl net
usage "an unknown option" "usage" vctl -x
usage "an option with its neighbour" "did you mean '--json'" vctl --jsno
usage "an option without its value" "wants a value" vctl -s
usage "a colour that is none" "always or never" vctl --color=blue net list
usage "help of an unknown noun" "did you mean 'lab'" vctl help labs
usage "help of an unknown verb" "did you mean 'check'" vctl help lab chek
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
# offers WORD COMMAND...: would WORD complete the command?
offers() { grep -qx -- "$1" <<<"$(vctl complete -- "${@:2}")"; }
check "each argument in its place" offers n1 port move p1
check_not "and nothing else" offers p1 port move p1
check "settings of a network" offers hub= net set n1
check_not "each once" offers hub= net set n1 hub=on
check "choices of a setting" offers mode=internal net add x
check "verbs of a verb" offers list nat forward
check "networks for these" offers n1 nat forward list
check "values of an option" offers junit lab check --format
cat >$DIR/l.yaml <<-EOF
	version: 1
	name: l
	networks: {sw: {mode: lan-segment}}
	nodes:
	  h1: {kind: namespace, interfaces: [{network: sw}]}
	stages: [{id: first, title: t, text: t}]
	checks: [{id: there, title: t, exec: {node: h1, command: "true"}}]
EOF
vctl lab up $DIR/l.yaml >/dev/null
check "labs" offers l lab down
check "nodes of a lab" offers h1 lab power l
check "NICs of nodes" offers h1.eth0 lab link l
check "stages" offers first lab check --stage
check "checks" offers there lab check l --id
vctl lab down l >/dev/null
# in_bash WANTED WORD...: what bash makes of the last word.
in_bash() {
	equal "bash completes ${*:2}" "$1" "$(bash -c "vnetctl() { '$VNETCTL' -s $SOCK \"\$@\"; }
		. '$TOP/tools/completion/vnetctl.bash'
		COMP_WORDS=(vnetctl \"\$@\") COMP_CWORD=\$#; _vnetctl; echo \"\${COMPREPLY[*]}\"" bash "${@:2}")"
}
in_bash check lab ch
in_bash "mode=internal" net add n mode=int
in_bash internal net add n mode = int
in_bash tabbed net show tab
if command -v zsh >/dev/null; then
	out=$(timeout 60 zsh -f "$TOP/tests/system/completion.zsh" "$TOP" "$VNETCTL" $SOCK)
	for typed in "lab check" "mode=internal" "net show tabbed"; do
		check "zsh completes to $typed" grep -q "$typed" <<<"$out"
	done
else
	skip "zsh completes" "zsh is not installed"
fi
check "without arguments: what to do next" grep -q "vnetctl net list" <<<"$(vctl)"
check "the daemon stops cleanly" stop_daemon
finish
