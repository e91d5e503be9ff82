#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the DHCP server does when the world around it fails: the lease file, the clock, descriptors,
# interfaces, clients that want everything.  Ends with a table of what each fault gave.  STARVE is the
# number of made-up clients of the starvation attack (1000000 for the long way).

. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox ip python3 prlimit sqlite3
STARVE=${STARVE:-20000}
MANY="/usr/bin/python3 $TOP/tests/system/dhcp_many.py"
mkdir -p $STATE
mount -t tmpfs -o size=3m,mode=750 tmpfs $STATE
start_daemon
vctl net add lan mode=internal subnet=10.0.2.0/24 dhcp=on
for n in a b c; do plug lan $n; done

addr_of() { ns "$1" ip -4 -o addr show dev eth0 | awk '{sub("/.*", "", $4); print $4; exit}'; }
got() { dhcp_get "$@" | grep -q ^ip=; }
lease() { jctl dhcp list lan | json "{l['address']: l for l in d['leases']}.get('$1', {}).get('$2', 'none')"; }
bound() { jctl dhcp list lan | json "sorted((l['address'], l['mac']) for l in d['leases'] if l['state'] == 'bound')"; }
count() { jctl dhcp stats lan | json "d['counts']['$1']"; }
store_is() { [ "$(jctl status | json "d['leases']['state']")" = "$1" ]; }
rows=()
# gave FAULT WHAT: a line of the table.
gave() { rows+=("$(printf '# %-34s %s' "$1" "$2")"); }

# ---- the file system is full -----------------------------------------------------------------

got a
before=$(bound)
stop_daemon
start_daemon # the log of the store is gone: there is no room in it to write over
watch $DIR/events events
events=$watcher
dd if=/dev/zero of=$STATE/filler bs=4096 2>/dev/null
check_not "full disk: nobody is promised an address" got b eth0 -t 2
check "full disk: status says so" store_is failing
check "full disk: doctor says so, and what to do" grep -q "can't be written.*full" <<<"$(vctl doctor)"
check "full disk: an event says so" wait_for 3 grep -q dhcp.store $DIR/events
check "full disk: stats say so" grep -q "can't be written" <<<"$(vctl dhcp stats lan)"
equal "full disk: leases stay" "$before" "$(bound)"
rm $STATE/filler
check "full disk: it serves when there is room" got b
check "full disk: and says so" store_is working
gave "lease file system full" "no ACK, $(count store-failed) refused and told; went on when there was room"
watcher=$events watch_end

# ---- the lease file is torn, or garbage ------------------------------------------------------

before=$(bound)
kill_daemon
cp $STATE/leases.db $DIR/sound.db
cp $STATE/leases.db-wal $DIR/sound.wal 2>/dev/null
truncate -s -5000 $STATE/leases.db-wal 2>/dev/null # the last commits are torn off
start_daemon
check "torn log: it starts" vctl status
check "torn log: a client keeps its address" got a
equal "torn log: the same" 10.0.2.128 "$(addr_of a)"
gave "torn write-ahead log" "whole commits kept, clients came back to their addresses"
got b
stop_daemon
sqlite3 $STATE/leases.db "PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null
dd if=/dev/urandom of=$STATE/leases.db bs=100 count=1 seek=40 conv=notrunc 2>/dev/null
start_daemon
check "torn file: it starts" vctl status
check "torn file: a client keeps its address" got b
gave "lease file torn in the middle" "$(grep -o 'damaged: .*' $DIR/daemon.log | tail -n 1 | cut -c1-60)"
stop_daemon
head -c 9000 /dev/urandom >$STATE/leases.db
rm -f $STATE/leases.db-*
start_daemon
check "garbage: it starts and says what was lost" grep -q "damaged: 0 leases.*kept as.*leases.db.damaged" $DIR/daemon.log
check "garbage: doctor shows it" grep -q "was damaged.*kept as" <<<"$(vctl doctor)"
check "garbage: the bad file is kept" ls $STATE/leases.db.damaged-*
check "garbage: clients get their addresses again" got a
equal "garbage: the same that they had" 10.0.2.128 "$(addr_of a)"
gave "lease file is garbage" "put aside, said; a client that asked for its address got it"
got b
check "no address is there twice" test "$(addr_of a)" != "$(addr_of b)"

# ---- the lease file goes bad while it is in use ----------------------------------------------

vctl dhcp reserve lan 52:54:00:77:77:77 10.0.2.77 >/dev/null
reserved() { jctl dhcp list lan | json "sorted(l['address'] for l in d['leases'] if l['reserved'])"; }
rebuilt() { [ "$(grep -c "dhcp.store.*rebuilt" $DIR/bad)" -ge "$1" ]; }
# all_there TEXT: what memory has, a daemon that was killed finds in the file.
all_there() {
	local all
	all=$(bound)$(reserved)
	kill_daemon
	start_daemon
	equal "$1: after kill -9 all leases and reservations are there" "$all" "$(bound)$(reserved)"
}
watch $DIR/bad events
rm $STATE/leases.db $STATE/leases.db-wal
check "file removed: a client gets its lease" wait_for 5 got a
check "file removed: an event says that it was written anew" wait_for 5 rebuilt 1
check "file removed: doctor says so" grep -q "written anew from memory" <<<"$(vctl doctor)"
watch_end
all_there "file removed"
sqlite3 $STATE/leases.db "PRAGMA wal_checkpoint(TRUNCATE)" >/dev/null # else the log would mend it
watch $DIR/bad events
dd if=/dev/urandom of=$STATE/leases.db bs=4096 count=1 conv=notrunc 2>/dev/null
got a
check "file overwritten: it was written anew" wait_for 5 rebuilt 1
check "file overwritten: a client gets its lease" wait_for 5 got b
watch_end
all_there "file overwritten"
gave "removed, overwritten while in use" "noticed, written anew from memory, nothing lost"

# ---- the disk is busy ------------------------------------------------------------------------

# Somebody holds the file's lock until he is told to let it go.
mkfifo $DIR/say
sqlite3 $STATE/leases.db <$DIR/say >/dev/null &
exec 9>$DIR/say
printf '%s\n' ".timeout 5000" "BEGIN IMMEDIATE; CREATE TABLE held (x);" >&9
held() { ! sqlite3 $STATE/leases.db "BEGIN IMMEDIATE; ROLLBACK" 2>/dev/null; }
on_file() { [ "$(sqlite3 $STATE/leases.db "SELECT count(*) FROM reserved WHERE addr = 167772750")" = "$1" ]; }
wait_for 5 held
people() {
	vctl dhcp reserve lan 52:54:00:88:88:88 10.0.2.78 && vctl net add short mode=internal subnet=10.7.0.0/24 &&
		plug short s1 && vctl port del s1.eth0 && vctl net del short
}
check "busy disk: reservations, ports and networks come and go" people
check "busy disk: and did not wait for it" on_file 0
echo "ROLLBACK;" >&9
exec 9>&-
check "busy disk: on record when it rests" wait_for 5 on_file 1
check "busy disk: and all is well" wait_for 5 store_is working
gave "disk busy" "reservations, ports, networks come and go at once, on record later"

# ---- the clock -------------------------------------------------------------------------------

fake=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1
if [ -e $fake ] && ! grep -qa __asan_init "$VSWITCHD"; then
	left() { lease 10.0.2.128 expires_s; }
	near_hour() { [ "$(left)" -gt 3400 ] && [ "$(left)" -le 3600 ]; }
	on_record() { # seconds that the record has left by the clock as set; the daemon's log may lag
		echo $(($(sqlite3 $STATE/leases.db "SELECT expires_s FROM leases WHERE addr = 167772800") - $(date +%s) - $1))
	}
	moved() { local r; r=$(on_record "$1"); [ "$r" -gt 3400 ] && [ "$r" -le 3602 ]; }
	stop_daemon
	echo +0 >$DIR/faketime
	export LD_PRELOAD=$fake FAKETIME_TIMESTAMP_FILE=$DIR/faketime FAKETIME_NO_CACHE=1 \
		FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_RESET=1
	"$VSWITCHD" --foreground --socket $SOCK --state $STATE >>$DIR/daemon.log 2>&1 &
	DAEMON_PID=$!
	unset LD_PRELOAD
	wait_for 10 vctl status
	got a
	for by in 86400 -86400; do
		echo "$by" | sed 's/^[0-9]/+&/' >$DIR/faketime
		check "clock set by $by s: the records follow" wait_for 5 moved $by
		check "clock set by $by s: the lease ends when it should" near_hour
		check "clock set by $by s: it renews" got a
	done
	equal "clock: and has its address" 10.0.2.128 "$(addr_of a)"
	stop_daemon # the clock goes back by itself while no daemon runs
	start_daemon
	check "clock set while no daemon ran: the lease ends when it should" near_hour
	check "clock: it was noticed" test "$(grep -c "clock was set by" $DIR/daemon.log)" -ge 3
	gave "clock +1 day, -1 day" "leases end when they should; records follow, with and without a daemon"
else
	skip "the clock is set" "libfaketime is not installed, or this is a build for sanitizers"
fi

# ---- few descriptors -------------------------------------------------------------------------

for limit in 16 10; do
	prlimit --pid "$DAEMON_PID" --nofile=$limit:
	dhcp_get a >/dev/null # vnetctl may not get through: no descriptor for its connection
	equal "$limit descriptors: a client is served" 10.0.2.128 "$(addr_of a)"
	prlimit --pid "$DAEMON_PID" --nofile=1024:
	check "$limit descriptors: it answers again when it has more" wait_for 5 timeout 1 "$VNETCTL" -s $SOCK status
done
gave "16 and 10 descriptors" "leases given as always; the control socket answers when it can"

# ---- interfaces ------------------------------------------------------------------------------

ns b ip link set eth0 down && ns b ip link set eth0 up
check "a client whose card was off gets its lease again" got b
vctl port down b.eth0
check_not "cable pulled: nothing comes" got b eth0 -t 1
vctl port up b.eth0
check "cable back: a lease" got b
gave "NIC of the client pulled" "its lease stayed, the same address when it was back"
vctl net add ho mode=host-only subnet=10.0.9.0/24
plug ho h
got h
first=$(addr_of h)
ip link del vs-ho
check "the host's interface is removed: guests are served" got h
equal "with the same address" "$first" "$(addr_of h)"
ip netns del c
vctl port del c.eth0 2>/dev/null
plug lan c
check "a guest's interface is removed and made again: served" got c
gave "interfaces removed, made again" "served on, no restart wanted"

# ---- a client that wants everything ----------------------------------------------------------

vctl port add lan evil.eth0 netns=a ifname=evil0
watch $DIR/refused events
offered() { jctl dhcp stats lan | json "d['leases']['offered']"; }
vctl net set lan leases=3
ns a $MANY starve evil0 300 >/dev/null
equal "leases=3 of the network: that many are offered" 3 "$(offered)"
vctl port set evil.eth0 leases=5
ns a $MANY starve evil0 300 >/dev/null
equal "leases=5 of the port goes before it" 5 "$(offered)"
check "dhcp explain says why there are no more" grep -q "leases= of the port" \
	<<<"$(vctl dhcp explain lan 02:00:00:00:00:99 port=evil.eth0)"
refused "leases=0" "leases" vctl port set evil.eth0 leases=0
stop_daemon
start_daemon
equal "both are kept" "3 5" "$(jctl net show lan | json "d['settings']['leases']") $(port_stat evil.eth0 "d['settings']['leases']")"
vctl port set evil.eth0 leases=default
vctl net set lan leases=8
watch_end
watch $DIR/refused events
ns a $MANY starve evil0 "$STARVE" >$DIR/starve.out
watch_end
check "starvation: $(cat $DIR/starve.out): the port has its share and no more" \
	test "$(jctl dhcp stats lan | json "d['leases']['offered']")" -le 8
check "starvation: others are served" got b
plug lan newcomer
check "starvation: newcomers too" got newcomer
check "starvation: stats say how many got nothing" test "$(count port-limit)" -gt 100
check "starvation: an event names the port and why" grep -q "dhcp.refused.*evil.eth0.*port-limit" $DIR/refused
gave "$STARVE made-up clients" "8 offers, $(count port-limit) refused (port-limit), others served"
vctl net set lan hub=on
ns a $MANY starve evil0 2000 >/dev/null
check "starvation on a hub, where nothing is learnt: the share holds" \
	test "$(jctl dhcp stats lan | json "d['leases']['offered']")" -le 8
vctl net set lan hub=off
vctl port del evil.eth0

# ---- a server that has no business here ------------------------------------------------------

check "a port may have no server" vctl port set c.eth0 dhcp-guard=on
ns c $MANY offer eth0 10.0.2.66 10.66.66.66 >$DIR/offer.out &
sleep 0.3
check "rogue server: the client gets our lease" got b
equal "rogue server: not its" 10.0.2 "$(addr_of b | cut -d. -f1-3)"
rogue_dropped() { [ "$(jctl port show c.eth0 | json "d['drops'].get('rogue-dhcp', 0)")" -ge 1 ]; }
check "rogue server: what it said was dropped and counted" wait_for 5 rogue_dropped
gave "rogue server on a guarded port" "its offers dropped (rogue-dhcp), clients get ours"

check_not "nothing was found by a sanitizer" grep -qE "Sanitizer|runtime error" $DIR/daemon.log
printf '#\n# %-34s %s\n' FAULT "WHAT IT GAVE"
printf '%s\n' "${rows[@]}"
finish
