#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Outside addresses beside the host's own: static maps (all protocols, both ways, whoever speaks first)
# and pools; ARP for them, who has them already, restart, kill -9, and nothing left.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 nft ss
peers=$TOP/tests/system/nat_peers.py
protos=$TOP/tests/system/nat_protos.py
seen() { ns "$1" python3 "$peers" seen "$2" 7000; }
active() { vctl -j nat map list n | json "[m['active'] for m in d['maps'] if m['address'] == '$1'] == [True]" | grep -q True; }
pool_active() { vctl -j net show n | json "sum(p['active'] for p in d['pool'])" | grep -qx "$1"; }
arp_mac() { ns outside ip neigh flush dev eth0; ns outside ping -c 1 -W 1 "$1" >/dev/null; ns outside ip neigh show "$1" | grep -oE '([0-9a-f]{2}:){5}[0-9a-f]{2}'; }
start_daemon
add_outside
ip route add default via 198.51.100.9
ns outside ip addr add 198.51.100.60/24 dev eth0
nft list ruleset >$DIR/nft.before
vctl net add n mode=nat subnet=10.0.2.0/24 >/dev/null
for g in a b; do
	plug n $g "10.0.2.1$([ $g = a ] && echo 0 || echo 1)/24"
	ns $g ip route add default via 10.0.2.2
	ping_ok $g 198.51.100.9 >/dev/null
	ns $g python3 "$peers" serve 7000 "10.0.2.1$([ $g = a ] && echo 0 || echo 1)" >/dev/null 2>&1 &
done
ns outside python3 "$peers" serve 7000 198.51.100.9 >/dev/null 2>&1 &
wait_for 5 ns outside sh -c "ss -Hltn | grep -q :7000"
wait_for 5 ns a sh -c "ss -Hltn | grep -q :7000"

# ---- refused ----
refused "the host's own address" "198.51.100.1 is the host's own address" vctl nat map add n 198.51.100.1 a
refused "an inside address" "10.0.2.77 is inside" vctl nat map add n 10.0.2.77 a
refused "no address" "no IPv4 address" vctl nat map add n 224.0.0.1 a
refused "no guest's" "no guest of" vctl nat map add n 198.51.100.50 10.9.9.9

# ---- a map ----
live=$DIR/live
ns a python3 "$peers" live 198.51.100.9 7000 "$(($(date +%s) + 7))" >$live 2>&1 &
living=$!
sleep 0.3
check "a map, to a guest by its name" vctl nat map add n 198.51.100.50 a
refused "twice" "mapped already" vctl nat map add n 198.51.100.50 b
within 8 "nobody has it: it is taken after 3 s of asking," active 198.51.100.50
equal "ARP for it is answered with the host's MAC" "$(cat /sys/class/net/up0/address)" "$(arp_mac 198.51.100.50)"
equal "out: the guest is seen as it, with its own port" 198.51.100.50:5555 \
	"$(ns a python3 "$peers" seen 198.51.100.9 7000 5555)"
equal "another guest is seen as the host" 198.51.100.1 "$(seen b 198.51.100.9 | cut -d: -f1)"
check "in: ping" ping_ok outside 198.51.100.50
equal "in: TCP, nobody has asked for" 5 "$(ns outside python3 "$peers" flows 198.51.100.50 7000 5)"
equal "in: UDP, the guest sees who it is" 198.51.100.9 "$(seen outside 198.51.100.50 | cut -d: -f1)"
nsenter --net=/run/netns/a python3 "$protos" serve sctp >$DIR/served &
wait_for 5 grep -q ready $DIR/served
equal "in: SCTP" "seen 198.51.100.9 hello" "$(ns outside python3 "$protos" ask sctp 198.51.100.50)"
equal "errors: a closed port" "icmp 3/3" "$(ns outside python3 "$protos" ask udplite 198.51.100.50)"
equal "from another guest by the outside address" 198.51.100.1 "$(seen b 198.51.100.50 | cut -d: -f1)"
equal "from the guest itself" 198.51.100.50 "$(seen a 198.51.100.50 | cut -d: -f1)"
check "list" sh -c "'$VNETCTL' -s $SOCK nat map list n | grep -E '198.51.100.50 +a +10.0.2.10 +up0 +[0-9.]+ [kKB]'"
check "explain: out" sh -c "'$VNETCTL' -s $SOCK explain n from a.eth0 src 10.0.2.10 dst 198.51.100.9 proto tcp | grep '10.0.2.10 is 198.51.100.50 outside, whole, by a static map'"
check "explain: in" sh -c "'$VNETCTL' -s $SOCK explain n from uplink src 192.0.2.1 dst 198.51.100.50 proto tcp | grep '198.51.100.50.* is 10.0.2.10 inside, whole'"
echo 1 >/proc/sys/net/ipv4/ip_forward
sniff outside eth0 $DIR/forwarded "arp and src host 198.51.100.1"
ns outside ping -c 2 -i 0.2 -W 1 198.51.100.50 >/dev/null
equal "a host that forwards does not send it on" 0 "$(sniffed $DIR/forwarded "arp host 198.51.100.50")"
sniff_end
echo 0 >/proc/sys/net/ipv4/ip_forward

# ---- restart ----
ns outside python3 - >$DIR/held <<-'PY' &
	import socket, time
	s = socket.create_connection(("198.51.100.50", 7000), 60)
	print("up", flush=True)
	while True:
	    time.sleep(0.2)
	    s.sendall(b"x")
	    print("got", s.recv(1), flush=True)
PY
wait_for 5 grep -q up $DIR/held
kill_daemon
check_not "kill -9: nothing answers for it" ns outside ping -c 1 -W 1 198.51.100.50
nft list ruleset >$DIR/nft.after
check "and no rule is left" diff $DIR/nft.before $DIR/nft.after
start_daemon
check "the next start has it again" wait_for 8 active 198.51.100.50
: >$DIR/held
check "a connection by it outlives that" wait_for 10 grep -q got $DIR/held

# ---- somebody else has it ----
check "an address that another station has" vctl nat map add n 198.51.100.60 b
check "is not taken, and who has it is said" wait_for 8 sh -c "'$VNETCTL' -s $SOCK nat map list n | grep -qE '198.51.100.60 .*$(ns outside ip -br link show eth0 | grep -oE '([0-9a-f]{2}:){5}[0-9a-f]{2}') has that address'"
vctl nat map del n 198.51.100.60 >/dev/null
ip addr add 198.51.100.50/32 dev up0
check "the host takes it: it is the host's" wait_for 8 sh -c "'$VNETCTL' -s $SOCK nat map list n | grep -q 'host'"
equal "and the guest is seen as the host again" 198.51.100.1 "$(seen a 198.51.100.9 | cut -d: -f1)"
ip addr del 198.51.100.50/32 dev up0
check "removed" vctl nat map del n 198.51.100.50
check_not "nothing answers for it" ns outside ping -c 1 -W 1 198.51.100.50
wait $living
check "what the guest had open before the map was not touched" true

# ---- a pool ----
check "a pool" vctl net set n nat-pool=198.51.100.70-198.51.100.71
check "is taken into use" wait_for 8 pool_active 2
a=$(seen a 198.51.100.9 | cut -d: -f1) b=$(seen b 198.51.100.9 | cut -d: -f1)
equal "two guests have one address each" "198.51.100.70 198.51.100.71" "$(printf '%s\n%s\n' "$a" "$b" | sort | xargs)"
equal "paired: a guest has the same for all it does" "$a" \
	"$(for i in 1 2 3 4 5 6 7 8; do seen a 198.51.100.9 | cut -d: -f1; done | sort -u)"
vctl net set n nat-pooling=arbitrary >/dev/null
equal "arbitrary: it may have both" "198.51.100.70 198.51.100.71" \
	"$(for i in 1 2 3 4 5 6 7 8 9 10 11 12; do seen a 198.51.100.9 | cut -d: -f1; done | sort -u | xargs)"
refused "no pool" "wants off, or addresses outside" vctl net set n nat-pool=198.51.100.70-x
check "off" vctl net set n nat-pool=off nat-pooling=paired
equal "the host's again" 198.51.100.1 "$(seen a 198.51.100.9 | cut -d: -f1)"
check "a clean end" stop_daemon
nft list ruleset >$DIR/nft.after
check "no rule is left" diff $DIR/nft.before $DIR/nft.after
finish
