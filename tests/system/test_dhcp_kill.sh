#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kill -9 of the daemon while it gives leases as fast as it can: what clients hold is compared with
# what the store holds.  None lost, none doubled.  ROUNDS=100 for the long way.

. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 ip
ROUNDS=${ROUNDS:-3}
MANY="/usr/bin/python3 $TOP/tests/system/dhcp_many.py"
start_daemon
vctl net add n mode=host-only subnet=10.8.0.0/20 dhcp=10.8.1.0-10.8.15.0 lease=1d

# compare: the clients' last ACKs against the server's list.
compare() {
	vctl -j dhcp list n >$DIR/list.json
	/usr/bin/python3 - $DIR/held $DIR/list.json <<-'P'
		import json, sys
		held = {}
		for line in open(sys.argv[1]):
		    mac, addr = line.split()
		    held[":".join(mac[i:i + 2] for i in range(0, 12, 2))] = addr
		store = {l["address"]: l["mac"] for l in json.load(open(sys.argv[2]))["leases"]
		         if l["state"] == "bound"}
		lost = [(m, a) for m, a in held.items() if store.get(a) != m]
		twice = len(held) - len(set(held.values()))
		print("held %d, on record %d, lost %d, doubled %d" % (len(held), len(store), len(lost), twice))
		if lost or twice:
		    print(lost[:5])
		    sys.exit(1)
	P
}

total=0 bad=0
for ((round = 1; round <= ROUNDS; round++)); do
	wait_for 5 ip link show vs-n
	$MANY storm vs-n 10.8.15.254 $DIR/held 3000 5 >$DIR/storm.out &
	storm=$!
	sleep "0.$((RANDOM % 60 + 30))"
	kill_daemon
	wait $storm
	acks=$(sed -n 's/^acks \([0-9]*\),.*/\1/p' $DIR/storm.out)
	total=$((total + ${acks:-0}))
	grep -q "doubled 0" $DIR/storm.out || { bad=$((bad + 1)); note "$(cat $DIR/storm.out)"; }
	start_daemon
	compare >$DIR/compare.out || { bad=$((bad + 1)); note "round $round: $(cat $DIR/compare.out)"; }
done
check "there was something to lose: $total ACKs" test $total -ge $((ROUNDS * 10))
equal "$ROUNDS times kill -9 under load, none lost, none doubled: $(tail -n 1 $DIR/compare.out)" 0 $bad
check_not "and the lease file is sound" grep -q damaged $DIR/daemon.log
finish
