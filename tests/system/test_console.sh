#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Consoles: what was printed before, several people at one, who only watches, the window's size, and
# how one leaves. HYPERVISOR says of which guests.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3
hypervisor=${HYPERVISOR:-uml}
[ -f "$O/image/default.erofs" ] || skip_all "the guest images are not built (make image)"
field() { jctl vm show "$1" | json "$2"; }
is_state() { [ "$(field "$1" "d['state']")" = "$2" ]; }
# person SIZE WORDS... -- ARGUMENTS of vnetctl
person() {
	local words=()
	while [ "$1" != -- ]; do words+=("$1"); shift; done
	shift
	python3 "$TOP/tests/system/console.py" "${words[@]}" -- "$VNETCTL" -s $SOCK "$@"
}
sized() { [ "$(vctl vm exec pc -- 'stty -F /dev/ttyS0 size')" = "$1" ]; }

start_daemon
check "a guest" vctl vm run pc memory=160MiB hypervisor=$hypervisor
check "that boots while somebody looks" person 24x80 "see:vnet: ready in" "see:# " -- vm console pc
check "is running" wait_for 60 is_state pc running

# ---- names ----
check "completion offers it" grep -qx pc <<<"$(vctl complete -- exec)"
printf 'version: 1\nname: same\nnodes: {pc: {kind: namespace}}\n' >$DIR/same.yaml
check "a lab's node of that name" vctl lab up $DIR/same.yaml
check "a full name is nobody else's" eval "vctl exec pc -- uname -r | grep -qv '^$(uname -r)$'"
check "nor the node's" eval "vctl exec same.pc -- uname -r | grep -q '^$(uname -r)$'"
check "the lab goes" vctl lab down same

# ---- what was there before ----
vctl vm exec pc -- 'printf "earlier\033[6nlines\n" >/dev/console'
check "who comes late sees what was printed" person 24x80 "see:vnet: ready in" "see:earlierlines" -- vm console pc
check "vm log has it as it was" eval "vctl vm log pc | grep -q 'earlier.*6n.*lines'"

# ---- the window ----
check "the window's size reaches the guest" person 33x101 "see:pc:" "key:stty size\n" "see:33 101" -- vm console pc
check "and a change of it, while one is there" person 33x101 "see:pc:" "size:50x132" "key:sleep 1; stty size\n" \
	"see:50 132" -- vm console pc
check "it stays" sized "50 132"
check "a script's console has none" eval "vctl vm console pc </dev/null >/dev/null & sleep 0.3; kill \$!; sized '50 132'"

# ---- several at one ----
person 24x80 "see:pc:" "see:from teacher" "key:echo from \$((40+2)) student\n" "see:from 42 student" -- vm console pc >$DIR/a 2>&1 &
student=$!
watched() { [ "$(jctl vm show pc | json "d['consoles']")" = "$1" ]; }
check "one is there" wait_for 5 watched 1
person 24x80 "see:only to watch, with 1 other" "key:echo never seen\n" "see:from teacher" "see:from 42 student" \
	"not:never seen" -- vm console pc watch >$DIR/b 2>&1 &
watcher=$!
check "two are there" wait_for 5 watched 2
check "a third writes, and sees what the first does" person 24x80 "see:with 2 others" "key:echo from t\"\"eacher\n" \
	"see:from 42 student" -- vm console pc
check "the first saw it" wait $student
check "the watcher saw both, and its keys went nowhere" wait $watcher
check "nobody is left" wait_for 5 watched 0
usage_error "another word than watch" "word watch" vctl vm console pc look
person 24x80 "see:pc:" "key:yes\n" "see:not this" -- vm console pc >/dev/null &
flooded=$!
check "one is there while the guest floods it" wait_for 5 watched 1
sleep 0.3
check "is killed" pkill -9 -P $flooded
wait $flooded
check "and gone" wait_for 5 watched 0
check "leaves the console to others" person 24x80 "see:y" "key:\x03" "see:pc:" "key:echo still \$((6*7))\n" "see:still 42" -- vm console pc
person 24x80 "see:pc:" "key:poweroff\n" end -- vm console pc >$DIR/c 2>&1 &
off=$!
check "when the guest ends, so does its console" wait $off
check "the guest is off" wait_for 10 is_state pc stopped

# ---- namespaces ----
cat >$DIR/two.yaml <<'END'
version: 1
name: two
defaults: {kind: namespace}
networks: {sw: {mode: lan-segment}}
nodes:
  h1: {interfaces: [{network: sw, address: 10.0.0.1/24}]}
  h2: {interfaces: [{network: sw, address: 10.0.0.2/24}]}
END
check "a lab of namespaces" vctl lab up $DIR/two.yaml
check "a console there is a shell" person 24x80 "see:h1:~#" "key:ip -br -4 addr show eth0\n" "see:10.0.0.1" \
	-- lab console two h1
check "of the window's size, and its changes" person 30x90 "see:h1:~#" "size:31x91" "key:sleep 0.5; stty size\n" \
	"see:31 91" -- lab console two h1
# The sleep itself has the terminal when it speaks, so the key is for nobody else.
check "keys are for what runs there" person 24x80 "see:h1:~#" \
	"key:sh -c 'echo st\"\"art; exec sleep 1000'\n" "see:start" "key:\x03" \
	"see:h1:~#" "key:echo \$((6*7))\n" "see:42" -- lab console two h1
check "exit ends it" person 24x80 "see:h1:~#" "key:exit\n" end -- lab console two h1
check "a script's input too" eval "echo 'hostname -I | wc -l; exit' | vctl lab console two h1 | grep -q h1"
no_shell() { [ "$(ip netns pids two.h1 | wc -l)" = 1 ]; } # its first process stays
check "no shell is left" wait_for 3 no_shell
check_not "nobody else's is to be watched" vctl lab console two h1 watch
check "down" vctl lab down two
check "a clean end" stop_daemon
finish
