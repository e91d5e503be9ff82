#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dhcp.sh - DHCP exchanges (DISCOVER, OFFER, REQUEST, ACK) per second, ours beside Kea, dnsmasq and
# ISC dhcpd, in one run on one machine.  For each server the highest rate of a ladder is looked for, by
# halving, that loses less than 1 % of the exchanges, with 250 clients and with a /16 that has 60,000
# leases, in turns; the medians of the passes count.  Then each is asked at 200/s, for its latency with
# nothing else to do, and ours at the rate of the goal.  Every measurement meets a fresh server whose
# lease file, on a disk and not in memory, knows the clients already: so nobody waits for anybody's probes.
#
# What perfdhcp's own socket had no room for is lost, too, and shown: then it was perfdhcp, or a machine
# that had something else to do, which was too slow, and no server.
#
#	bench/dhcp.sh [PASSES]        default: 3 passes, 7 minutes on a machine that does nothing else
#
# Environment: CLIENTS ("250 60000"), SERVERS ("vswitchd kea dnsmasq isc"), SECONDS_EACH (2), RATES
# (a ladder for all), O (the build).  Needs perfdhcp (package kea-admin); peers that are not there are
# left out.  The goals: 5,000 exchanges a second, and 1.25 times Kea.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../tests/system/lib.sh"
new_host "$@"
need perfdhcp ip python3
passes=${1:-3}
SECONDS_EACH=${SECONDS_EACH:-2}
GOAL=5000
# Leases go where /var/tmp is: a disk, unlike /run.
store=$(mktemp -d /var/tmp/bench-dhcp-XXXXXX)
trap 'rm -rf "$store" "$store".*' EXIT
mkdir -p /run/kea

# ladder SERVER CLIENTS: rates around what the servers reach.
ladder() {
	case ${RATES:-}/$1/$2 in
	/vswitchd/* | /kea/*) seq 2000 1000 17000 ;;
	/dnsmasq/250) echo 250 500 750 1000 1250 1500 2000 ;;
	/isc/250) echo 200 400 600 800 1000 1200 1500 ;;
	/dnsmasq/*) echo 10 20 50 100 200 300 400 ;;
	/*) echo 100 200 300 400 500 600 700 ;;
	*) echo "$RATES" ;;
	esac
}

# ---- leases that the servers find ------------------------------------------------------------

# preload SERVER CLIENTS: a lease file in $store.  perfdhcp adds the client's number to the last
# octets of 00:0c:01:02:03:04, without carry, and sends a client identifier of type 1 with it.
preload() {
	python3 - "$1" "$2" "$store" <<-'P'
		import sys, time, sqlite3
		server, n, store = sys.argv[1], int(sys.argv[2]), sys.argv[3]
		end = int(time.time()) + 86400
		def clients():
		    for i in range(n):
		        mac = bytearray.fromhex("000c01020304")
		        r, at = i, 5
		        while True:
		            mac[at] = (mac[at] + r) & 255
		            if r < 256:
		                break
		            r, at = r >> 8, at - 1
		        yield 0x0a080100 + i, bytes(mac)
		def dotted(a): return ".".join(str(a >> s & 255) for s in (24, 16, 8, 0))
		def colons(m): return ":".join("%02x" % b for b in m)
		if server == "vswitchd":
		    db = sqlite3.connect(store + "/vswitchd/leases.db")
		    db.executemany("INSERT INTO leases VALUES ('n', ?, ?, ?, x'', ?, 86400)",
		                   ((a, b"\1\1" + m, m, end) for a, m in clients()))
		    db.commit()
		elif server == "kea":
		    with open(store + "/kea.csv", "w") as f:
		        f.write("address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n")
		        for a, m in clients():
		            f.write(f"{dotted(a)},{colons(m)},01:{colons(m)},86400,{end},1,0,0,,0,\n")
		elif server == "dnsmasq":
		    with open(store + "/dnsmasq.leases", "w") as f:
		        for a, m in clients():
		            f.write(f"{end} {colons(m)} {dotted(a)} * 01:{colons(m)}\n")
		else:
		    t = lambda s: time.strftime("%w %Y/%m/%d %H:%M:%S", time.gmtime(s))
		    with open(store + "/isc.leases", "w") as f:
		        for a, m in clients():
		            f.write(f"lease {dotted(a)} {{ starts {t(end - 86400)}; ends {t(end)}; "
		                    f"binding state active; hardware ethernet {colons(m)}; "
		                    f"uid 01:{colons(m)}; }}\n")
	P
}

# ---- servers ---------------------------------------------------------------------------------

# A cable for a peer: it has d0, its clients d1 in a namespace.
cable() {
	ip netns add client 2>/dev/null
	ip link add d0 type veth peer name d1 netns client
	ip addr add 10.8.255.254/16 dev d0
	ip link set d0 up
	ns client ip addr add 10.8.255.253/16 dev d1
	ns client ip link set d1 up
}

# The network, and its leases, are made once for a number of clients and copied.
start_vswitchd() {
	STATE=$store/vswitchd
	if [ ! -d "$store.$1" ]; then
		start_daemon
		vctl net add n mode=host-only subnet=10.8.0.0/16 dhcp=10.8.1.0-10.8.250.255 lease=86400s
		stop_daemon
		preload vswitchd "$1"
		cp -a "$STATE" "$store.$1"
	fi
	rm -rf "$STATE"
	cp -a "$store.$1" "$STATE"
	start_daemon
	pid=$DAEMON_PID client=() card=vs-n
}

start_kea() {
	preload kea "$1"
	cat >$DIR/kea.json <<-E
		{"Dhcp4": {"interfaces-config": {"interfaces": ["d0"], "re-detect": false},
		 "lease-database": {"type": "memfile", "persist": true, "name": "$store/kea.csv",
		                    "lfc-interval": 0},
		 "valid-lifetime": 86400,
		 "subnet4": [{"id": 1, "subnet": "10.8.0.0/16",
		              "pools": [{"pool": "10.8.1.0 - 10.8.250.255"}]}],
		 "loggers": [{"name": "kea-dhcp4", "severity": "ERROR",
		              "output_options": [{"output": "$DIR/kea.log"}]}]}}
	E
	KEA_PIDFILE_DIR=/run/kea KEA_LOCKFILE_DIR=/run/kea kea-dhcp4 -c $DIR/kea.json >/dev/null 2>&1 &
	pid=$!
}

start_dnsmasq() {
	preload dnsmasq "$1"
	dnsmasq -k -p 0 --no-ping -C /dev/null -i d0 --bind-interfaces --dhcp-lease-max=100000 -u root \
		--dhcp-range=10.8.1.0,10.8.250.255,255.255.0.0,86400 \
		--dhcp-leasefile="$store/dnsmasq.leases" -x $DIR/dnsmasq.pid >/dev/null 2>&1 &
	pid=$!
}

start_isc() {
	preload isc "$1"
	cat >$DIR/dhcpd.conf <<-E
		default-lease-time 86400; max-lease-time 86400; authoritative; ping-check false;
		subnet 10.8.0.0 netmask 255.255.0.0 { range 10.8.1.0 10.8.250.255; }
	E
	dhcpd -4 -f -q -cf $DIR/dhcpd.conf -lf "$store/isc.leases" -pf $DIR/dhcpd.pid d0 >/dev/null 2>&1 &
	pid=$!
}

# begin SERVER CLIENTS; end SERVER
begin() {
	[ "$1" = vswitchd ] || { cable; client=(ip netns exec client) card=d1; }
	"start_$1" "$2"
	wait_for 20 answers # it may have 60,000 leases to read
}
# The last of the three may end before its ACK: perfdhcp does not wait for it.
answers() {
	"${client[@]}" perfdhcp -4 -r 10 -n 3 -R 1 -l $card -W 100000 10.8.255.254 |
		grep -A 2 'REQUEST-ACK' | grep -q 'received packets: [1-9]'
}
end() {
	if [ "$1" = vswitchd ]; then
		stop_daemon
	else
		kill "$pid"
		wait "$pid" 2>/dev/null
		ip link del d0
	fi
	rm -rf "${store:?}"/*
}

# ---- measuring -------------------------------------------------------------------------------

# CPU milliseconds that process $1 took so far.
cpu_of() { awk '{ printf "%d", ($14 + $15) * 10 }' "/proc/$1/stat"; }

# overflows: answers that perfdhcp's socket had no room for, so far.
overflows() { "${client[@]}" awk '/^Udp: [0-9]/ { print $6 }' /proc/net/snmp; }

# rung SERVER CLIENTS RATE: "DONE LOST% OFFER-MS ACK-MS CPU-US-EACH OWN%": exchanges a second, how
# many were lost, and how many answers came too fast for perfdhcp. What was not even asked is lost as
# well: perfdhcp fell behind.
rung() {
	local cpu0 cpu1 over0 over1
	begin "$1" "$2"
	cpu0=$(cpu_of "$pid") over0=$(overflows)
	"${client[@]}" perfdhcp -4 -r "$3" -R "$2" -p "$SECONDS_EACH" -l $card -W 300000 10.8.255.254 \
		>$DIR/perfdhcp.out 2>&1
	cpu1=$(cpu_of "$pid") over1=$(overflows)
	end "$1"
	awk -v cpu=$((cpu1 - cpu0)) -v secs="$SECONDS_EACH" -v over=$((over1 - over0)) -v asked="$3" '
		/^sent packets:/ { if (!sent) sent = $3 }
		/^received packets:/ { got = $3 }
		/^drops ratio:/ { if ($3 + 0 > lost) lost = $3 + 0 }
		/^avg delay:/ { d[n++] = $3 + 0 }
		END {
			behind = 100 * (1 - sent / asked / secs)
			if (behind > 3 && lost < behind) lost = behind
			printf "%d %.2f %s %s %d %.2f\n", got / secs, lost, (n > 0 ? d[0] : "-"),
				(n > 1 ? d[1] : "-"), (got ? cpu * 1000 / got : 0), (sent ? 100 * over / sent : 0)
		}' $DIR/perfdhcp.out
}

# climb SERVER CLIENTS: the highest rung that lost at most 1 %.
climb() {
	local rates low=-1 high mid best="0 - - - - -" result lost
	mapfile -t rates < <(ladder "$1" "$2" | tr ' ' '\n')
	high=${#rates[@]}
	while [ $((high - low)) -gt 1 ]; do
		mid=$(((low + high) / 2))
		result=$(rung "$1" "$2" "${rates[mid]}")
		lost=$(cut -d' ' -f2 <<<"$result")
		echo "  $2 $1 ${rates[mid]}: $result" >&2
		if awk "BEGIN { exit !($lost <= 1) }"; then
			best=$result low=$mid
		else
			high=$mid
		fi
	done
	echo "$best"
}

present=()
for s in ${SERVERS:-vswitchd kea dnsmasq isc}; do
	case $s in kea) p=kea-dhcp4 ;; isc) p=dhcpd ;; dnsmasq) p=dnsmasq ;; *) p=$VSWITCHD ;; esac
	if command -v $p >/dev/null; then present+=("$s"); else echo "left out: $p is not installed"; fi
done
for clients in ${CLIENTS:-250 60000}; do
	for ((pass = 1; pass <= passes; pass++)); do
		for s in "${present[@]}"; do
			echo "best $clients $s $(climb "$s" "$clients")" >>$DIR/results
			[ "$s" != vswitchd ] || echo "goal $clients $s $(rung "$s" "$clients" $GOAL)" >>$DIR/results
		done
	done
	for s in "${present[@]}"; do echo "calm $clients $s $(rung "$s" "$clients" 200)" >>$DIR/results; done
done

python3 - $DIR/results $GOAL <<'P'
import os, statistics, sys
rows, goal = {}, int(sys.argv[2])
for line in open(sys.argv[1]):
    kind, clients, server, *v = line.split()
    rows.setdefault((kind, int(clients), server), []).append([float(x) if x != "-" else 0 for x in v])
def med(key, i): return statistics.median(x[i] for x in rows[key])
def table(head, body):
    w = [max(len(str(r[i])) for r in [head] + body) for i in range(len(head))]
    for r in [head, ["-" * x for x in w]] + body:
        print("| " + " | ".join(str(c).ljust(x) if i < 2 else str(c).rjust(x)
                                for i, (c, x) in enumerate(zip(r, w))) + " |")
body = []
for (kind, clients, server), v in rows.items():
    if kind != "best":
        continue
    key, kea, calm = (kind, clients, server), (kind, clients, "kea"), ("calm", clients, server)
    ratio = "x%.2f" % (med(key, 0) / med(kea, 0)) if kea in rows and med(kea, 0) else "-"
    body.append([f"{clients:,}", server, f"{med(key, 0):,.0f}", ratio, f"{med(key, 2):.2f}",
                 f"{med(key, 3):.2f}", f"{med(calm, 2):.2f}", f"{med(calm, 3):.2f}", f"{med(key, 4):.0f}"])
passes = max(len(v) for v in rows.values())
print(f"\nmedians of {passes} passes, load average {os.getloadavg()[0]:.1f} at the end\n")
table(["clients", "server", "exchanges/s, < 1 % lost", "of Kea", "OFFER ms", "ACK ms", "OFFER at 200/s",
       "ACK at 200/s", "own CPU us each"], body)
print("\n| goal | what was seen | |\n| --- | --- | --- |")
for clients in sorted({c for _, c, _ in rows}):
    best, at, kea = (("best", clients, "vswitchd"), ("goal", clients, "vswitchd"), ("best", clients, "kea"))
    if best not in rows:
        continue
    print(f"| {goal:,}/s, {clients:,} clients, < 1 % lost | {med(at, 1):.2f} % lost at {goal:,}/s, "
          f"{med(at, 5):.2f} % by perfdhcp's own socket; OFFER {med(at, 2):.2f} ms, ACK {med(at, 3):.2f} ms; "
          f"best {med(best, 0):,.0f}/s | {'met' if med(at, 1) < 1 else 'missed'} |")
    if kea in rows and med(kea, 0):
        r = med(best, 0) / med(kea, 0)
        print(f"| 1.25 x Kea, {clients:,} clients | x{r:.2f} | {'met' if r >= 1.25 else 'missed'} |")
P
