#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A lab's schedule: nodes go off and on, stop and go on, at their times; shown, restored by reset, and
# carried on by a daemon that was killed.
. "$(dirname "$0")/lib.sh"
new_host "$@"
# The daemon's steps are made by this, which ends them late where there is a file "hold".
mkdir $DIR/bin
ln -s "$O"/bin/* $DIR/bin/
rm $DIR/bin/vswitchd $DIR/bin/vnetctl
cp "$VSWITCHD" $DIR/bin/
cat >$DIR/bin/vnetctl <<END
#!/bin/sh
"$VNETCTL" "\$@"
status=\$?
while [ -e $DIR/hold ]; do
	: >$DIR/held
	sleep 0.1
done
exit \$status
END
chmod 755 $DIR/bin/vnetctl
own=$VSWITCHD
VSWITCHD=$DIR/bin/vswitchd
start_daemon
lab() { # STEPS
	cat >$DIR/s.yaml <<-Y
	version: 1
	name: s
	networks: {sw: {mode: lan-segment}}
	nodes:
	  h1: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.1/24}], run: [sleep 5001 &]}
	  h2: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.2/24}], run: [sleep 5002 &]}
	schedule: [$1]
	checks:
	  - {id: wire, given: true, ping: {from: h1, to: h2}, within: 20s}
	Y
}
state_of() { jctl lab status s | json "[n['state'] for n in d['nics'] if n['node'] == '$1'][0]"; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }
done_steps() { [ "$(jctl lab status s | json "d['schedule']['done']")" -ge "$1" ]; }
stopped() { grep -q '^State:.T' "/proc/$(pgrep -fx "sleep 5001")/status"; }
whole() { vctl lab check s; }

# ---- off, on, pause, resume ----
lab "{at: 1s, off: h2}, {at: 2s, on: h2}, {at: 3s, pause: h1}, {at: 4s, resume: h1}"
vctl events lab.step >$DIR/events 2>&1 &
watcher=$!
vctl lab up $DIR/s.yaml >$DIR/out
check "up tells of the schedule" grep -q "schedule  4 steps" $DIR/out
vctl lab status s >$DIR/out
check "status shows what will be" grep -Eq '1 s +off +h2 +(in|now)' $DIR/out
check "h2 goes off" wait_for 10 is_state h2 off
check "diff says why" sh -c "'$VNETCTL' -s $SOCK lab diff s | grep -q 'h2 .*off by schedule'"
check_not "nothing of it runs" pgrep -f "sleep 5002"
check "and comes back, with what runs in it" wait_for 10 is_state h2 up
check "h1 stops" wait_for 10 stopped
check "and goes on" wait_for 10 done_steps 4
check_not "its processes run" stopped
check "the lab is whole" whole
vctl lab status s >$DIR/out
check "status shows what was" grep -Eq '4 s +resume +h1 +done' $DIR/out
check "diff finds nothing" vctl lab diff s
kill $watcher
wait $watcher 2>/dev/null
check "each step was an event" test "$(grep -c lab.step $DIR/events)" = 4

# ---- reset, apply, by hand ----
lab "{at: 1s, off: h2}"
check_not "diff with a file of another schedule" sh -c "'$VNETCTL' -s $SOCK lab diff s $DIR/s.yaml >$DIR/out"
check "says so" grep -q "schedule .*changed" $DIR/out
check "apply begins it" vctl lab apply s $DIR/s.yaml
check "which is carried out" wait_for 10 is_state h2 off
vctl lab up $DIR/s.yaml >$DIR/out
check "up again leaves off what the schedule has off" grep -q "h2 is off by the lab's schedule" $DIR/out
equal "it is" off "$(state_of h2)"
check "power on goes before it" vctl lab power s h2 on
equal "h2 is up" up "$(state_of h2)"
kill -KILL "$(ip netns pids s.h2 | xargs ps -o pid=,comm= -p | awk '$2 == "vnet-nsinit" { print $1 }')"
check "on by hand, it dies: that is not the schedule" wait_for 5 sh -c "'$VNETCTL' -s $SOCK lab diff s | grep -q 'h2 .*failed'"
vctl lab up $DIR/s.yaml >$DIR/out
check "and up mends it" grep -q "h2 is failed: made again" $DIR/out
check "reset makes all nodes new" vctl lab reset s
check "and begins the schedule again" wait_for 10 is_state h2 off
touch $DIR/hold
vctl lab reset s >/dev/null
check "a step is made, and has not ended" wait_for 10 test -e $DIR/held
vctl lab up $DIR/s.yaml >$DIR/out
check "up does not undo it" grep -q "h2 is off by the lab's schedule" $DIR/out
check_not "and takes it for nothing that was interrupted" grep -q interrupted $DIR/out
rm $DIR/hold
check "it ends" wait_for 10 done_steps 1
vctl lab selftest $DIR/s.yaml --name t >$DIR/out 2>&1
equal "selftest leaves nothing of it" "s" "$(jctl lab list | json "' '.join(l['name'] for l in d)")"
check "down" vctl lab down s
check_not "the schedule is forgotten" vctl lab status s

# ---- the daemon is killed in between, and in a step ----
lab "{at: 500ms, off: h2}, {at: 2500ms, on: h2}"
vctl lab up $DIR/s.yaml >/dev/null
wait_for 10 is_state h2 off
kill_daemon
VSWITCHD=$own # whose steps are vnetctl itself: it is gone as soon as its daemon is
start_daemon
check "after kill -9 of the daemon the schedule goes on" wait_for 10 is_state h2 up
check "to its end" wait_for 10 done_steps 2
check "the lab is whole" whole
vctl lab reset s >/dev/null
wait_for 10 sh -c "pgrep -f 'lab power s h[2]' >/dev/null"
kill_daemon
start_daemon
check "killed in a step, it makes that again" wait_for 15 done_steps 2
check "and the lab is whole" wait_for 5 whole
check "down" vctl lab down s
equal "nothing is left" "" "$(ls /run/netns; ls -d $STATE/netns-* 2>/dev/null)"
# ---- what a step leaves behind ----
# The daemon's vnetctl is ours for a while, in this mount namespace only.
DOES=$(dirname "$VSWITCHD")/vnetctl
cp "$VNETCTL" $DIR/vnetctl
VNETCTL=$DIR/vnetctl
cat >$DIR/does <<-S
#!/bin/sh
echo \$\$ >>$DIR/began
. $DIR/step
S
chmod +x $DIR/does
mount --bind $DIR/does "$DOES"
# call METHOD PARAMS [LOCKED]: with LOCKED the daemon can't write its state meanwhile.
call() {
	/usr/bin/python3 -E - $SOCK $STATE/state.db "$@" <<-'P'
	import json, socket, sqlite3, sys
	db = sqlite3.connect(sys.argv[2], isolation_level=None)
	if sys.argv[5:]:
	    db.execute("BEGIN IMMEDIATE")
	s = socket.socket(socket.AF_UNIX)
	s.connect(sys.argv[1])
	s.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": sys.argv[3], "params": json.loads(sys.argv[4])}).encode() + b"\n")
	answer = s.makefile().readline()
	print(answer)
	sys.exit("error" in json.loads(answer))
	P
}
in_state() { # SQL
	/usr/bin/python3 -E -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
print(*(row[0] for row in db.execute(sys.argv[2])))' $STATE/state.db "$1"
}
began() { [ "$(wc -l <$DIR/began)" -ge 1 ] && child=$(tail -n 1 $DIR/began); }
child_gone() { [ ! -d "/proc/$child" ]; }
sed -i '/^schedule/d' $DIR/s.yaml
vctl lab up $DIR/s.yaml >/dev/null
echo "while [ ! -e $DIR/go ]; do sleep 0.1; done; echo late >&2; touch $DIR/ended" >$DIR/step
: >$DIR/began
now='{"name": "s", "steps": [{"at_ms": 0, "do": "off", "node": "h2"}]}'
check "a schedule is given" call lab.schedule "$now"
check "its step begins" wait_for 10 began
check_not "another that can't be recorded is refused" \
	call lab.schedule '{"name": "s", "steps": [{"at_ms": 0, "do": "on", "node": "h1"}]}' locked
equal "and the one before stays" h2 "$(jctl lab status s | json "d['schedule']['steps'][0]['node']")"
check "it is taken back in the middle of the step" call lab.schedule '{"name": "s", "steps": []}'
touch $DIR/go
check "the command ends by itself, and can still say something" wait_for 5 test -e $DIR/ended
check "no zombie is left of it" wait_for 5 child_gone

echo "exit 1" >$DIR/step
: >$DIR/began
call lab.schedule "$now" >/dev/null
check "a step fails" wait_for 10 began
check "and waits for the next try" wait_for 5 child_gone
kill_daemon
umount "$DOES"
in_state >/dev/null "UPDATE object SET doc = json_set(doc, '$.state', 'changing') WHERE kind = 'lab'"
in_state >/dev/null "INSERT INTO object(kind, name, doc) SELECT kind, 'ghost', doc FROM object WHERE kind = 'labsched'"
start_daemon
check "killed between two tries, the daemon makes the step again" wait_for 10 is_state h2 off
equal "a schedule whose lab is gone is dropped" s "$(in_state "SELECT name FROM object WHERE kind = 'labsched'")"
check "down" vctl lab down s
equal "no schedule is recorded" "" "$(in_state "SELECT name FROM object WHERE kind = 'labsched'")"
lab "{at: 5s, off: h3}"
vctl lab validate $DIR/s.yaml >$DIR/out 2>&1
check "mistakes are shown" grep -q "no node 'h3'" $DIR/out
finish
