#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The control socket, the state store, namespaces and captures: what the daemon does for its
# clients, with clients that behave and clients that don't.
. "$(dirname "$0")/lib.sh"
new_host "$@"

# client TEST...: run tests of control.py and count them as ours.
client() {
	local line
	while IFS= read -r line; do
		case $line in
		"ok "*" # SKIP "*) line=${line#ok * - }; skip "${line%% # SKIP *}" "${line##* # SKIP }" ;;
		"ok "*) pass "${line#ok * - }" ;;
		"not ok "*) fail "${line#not ok * - }" ;;
		*) note "$line" ;;
		esac
	done < <(${AS:-} /usr/bin/python3 "$TOP/tests/system/control.py" $SOCK "$@" 2>&1 || echo "status $?")
}

# ---- start -------------------------------------------------------------------------------------
"$VSWITCHD" --socket $SOCK --state $STATE --log-level info
equal "as a daemon it returns when it is ready" 0 $?
check "and answers at once" vctl status
DAEMON_PID=$(jctl status | json "d['pid']")
equal "its socket is for root and its group" "660" "$(stat -c %a $SOCK)"
# chown, dac_override, kill, setgid, setuid, net_bind_service, net_admin, net_raw, sys_ptrace, sys_admin
equal "it keeps no right that it does not need" 0 \
	$((0x$(awk '/^CapEff/ { print $2 }' /proc/"$DAEMON_PID"/status) & ~0x2c34e3))
refused "a second one on the same state is refused" "pid $DAEMON_PID" \
	"$VSWITCHD" --foreground --socket $DIR/other.sock --state $STATE
refused "and one on the same socket" "$SOCK" \
	"$VSWITCHD" --foreground --socket $SOCK --state $DIR/other
check "the first is unharmed" vctl status
for bad in "--nosuch" "--log-level loud" "extra"; do
	# shellcheck disable=SC2086
	"$VSWITCHD" $bad >/dev/null 2>&1
	equal "wrong usage ($bad) is status 2" 2 $?
done
check "--version" "$VSWITCHD" --version
check "--help" "$VSWITCHD" --help

client wire many slow events

# ---- who may -----------------------------------------------------------------------------------
chgrp 4242 $SOCK
mkdir -m 700 $DIR/secret
cp /bin/true $DIR/secret/vmlinuz
AS="setpriv --reuid=4001 --regid=4242 --clear-groups" client uid
check_not "others can't even connect" setpriv --reuid=4001 --regid=4001 --clear-groups \
	socat -u OPEN:/dev/null UNIX-CONNECT:$SOCK

# ---- descriptors, namespaces -------------------------------------------------------------------
client capture slow_capture netns

# ---- what a crash and a stop leave -------------------------------------------------------------
vctl net add keep mode=nat subnet=10.0.9.0/24 >/dev/null
vctl net add wire mode=internal >/dev/null
vctl nat forward add keep tcp 8080 10.0.9.130:80 >/dev/null
vctl dhcp reserve keep 52:54:00:aa:bb:cc 10.0.9.140 >/dev/null
vctl port add wire spare >/dev/null
vctl port down spare >/dev/null
vctl port add wire byname tap=tap-x >/dev/null
plug wire n1 10.5.0.1/24
objects() {
	jctl net list | json "sorted((n['name'], n['mode'], n['subnet'], n['gateway']) for n in d)"
	jctl port list | json "sorted((p['name'], p['net'], p['carrier'], p['admin'], p['state']) for p in d)"
	jctl nat forward list keep | json "[(f['proto'], f['bind'], f['to']) for f in (d if isinstance(d, list) else d['forwards'])]"
	jctl dhcp list keep | json "sorted(l['address'] for l in d['leases'])"
}
before=$(objects)
instance=$(jctl hello 2>/dev/null | json "d['instance']" 2>/dev/null || jctl status | json "d['instance']")
kill -KILL "$DAEMON_PID"
wait_for 5 gone "$DAEMON_PID"
check "a stale socket is left" test -S $SOCK
ip tuntap add stray mode tap
ip link set stray alias "vswitchd:$instance:stray"
ip tuntap add other mode tap
ip link set other alias "vswitchd:00000000:other"
start_daemon
equal "after a crash everything is back" "$before" "$(objects)"
check "an interface that nobody knows is removed" wait_for 5 sh -c '! ip link show stray'
check "one of another daemon is not" ip link show other
ip link del other
check "the daemon stops" stop_daemon
check_not "its socket is gone" test -e $SOCK
equal "so are its interfaces" "lo" "$(ip -o link | awk -F': ' '{ print $2 }')"
equal "and its nft tables" "" "$(nft list tables)"
start_daemon
equal "after a stop networks and ports are back too" "$before" "$(objects)"
check "a tap by name is there" ip link show tap-x
check "it is deleted" vctl port del byname
check "with its interface" wait_for 5 sh -c '! ip link show tap-x'

# ---- what can't come back ----------------------------------------------------------------------
stop_daemon
ip link add up0 type veth peer name up1
ip addr add 10.0.9.7/24 dev up0
ip link set up0 up
ip link set up1 up
start_daemon
check "it starts although a network's subnet is taken now" vctl net show wire
check "and says so" grep -q 'keep.*10.0.9.0/24' $DIR/daemon.log
check "such a network can be deleted" vctl net del keep
stop_daemon
ip link del up0
start_daemon
check_not "and stays deleted" vctl net show keep

# ---- damage ------------------------------------------------------------------------------------
stop_daemon
cp $STATE/state.db $DIR/good.db
rm -f $STATE/state.db-*
head -c 8192 /dev/urandom >$STATE/state.db
refused "a damaged state file is named" "state.db" \
	"$VSWITCHD" --foreground --socket $SOCK --state $STATE
cp $DIR/good.db $STATE/state.db
start_daemon
check "a good copy is taken" vctl net show wire
check "it tells a service manager when it is ready" sh -c "
	rm -f $DIR/notify; socat -u UNIX-RECV:$DIR/notify CREATE:$DIR/notified & s=\$!
	while [ ! -S $DIR/notify ]; do sleep 0.05; done
	NOTIFY_SOCKET=$DIR/notify '$VSWITCHD' --socket $DIR/n.sock --state $DIR/n
	sleep 0.2; kill \$s; kill \$(cat $DIR/n/lock); grep -q READY=1 $DIR/notified"
check "the daemon stops cleanly" stop_daemon
finish
