#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real DHCP clients (udhcpc, dhclient, dhcpcd) in namespace ports: lease, renewal, release,
# reservation, a wrong network, conflicts, an exhausted pool, kill -9 of the daemon, a full disk.

. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox ip python3
# What clients keep of leases stays in here.
for d in /var/lib/dhcp /var/lib/dhcpcd; do [ ! -d $d ] || mount -t tmpfs tmpfs $d; done
# A state directory that can fill up.
mkdir -p $STATE
mount -t tmpfs -o size=3m,mode=750 tmpfs $STATE
start_daemon

# lease NET ADDRESS KEY: one fact of an address; "none" when the server knows nothing of it.
lease() {
	jctl dhcp list "$1" | json "{l['address']: l for l in d['leases']}.get('$2', {}).get('$3', 'none')"
}
count() { jctl dhcp list "$1" | json "d['counts']['$2']"; }
# addr_of NS: the address that the client has set.
addr_of() { ns "$1" ip -4 -o addr show dev eth0 | awk '{sub("/.*", "", $4); print $4; exit}'; }
released() { [ "$(count lan release)" -ge 1 ]; }
# Its process in the background may not have written its number yet.
gives_back() { kill -TERM "$(cat $DIR/udhcpc.pid)"; released; }
# release NS: get the lease again, then give it back as a client that shuts down does.
release() {
	ns "$1" busybox udhcpc -i eth0 -R -p $DIR/udhcpc.pid -s $DIR/udhcpc.sh >/dev/null 2>&1
	wait_for 3 gives_back
}
value() { sed -n "s/^$1=//p"; }

# ---- udhcpc ----------------------------------------------------------------------------------

vctl net add lan mode=internal subnet=10.0.2.0/24 dhcp=on dns=10.0.2.53 router=10.0.2.2
plug lan a
plug lan b
out=$(dhcp_get a)
equal "udhcpc gets the first address of the pool" 10.0.2.128 "$(value ip <<<"$out")"
equal "it is told the server" 10.0.2.254 "$(value serverid <<<"$out")"
equal "it is told mask, router and DNS" "24 10.0.2.2 10.0.2.53" \
	"$(value mask <<<"$out") $(value router <<<"$out") $(value dns <<<"$out")"
equal "the lease is one hour" 3600 "$(value lease <<<"$out")"
equal "the server has it on record" bound "$(lease lan 10.0.2.128 state)"
dhcp_get b >/dev/null
equal "a second client gets the next" 10.0.2.129 "$(addr_of b)"
check "they reach each other" ping_ok a 10.0.2.129
check "the server answers a ping" ping_ok a 10.0.2.254
equal "net show counts them" 2 "$(jctl net show lan | json "d['dhcp']['leases']")"

release a
released() { [ "$(lease lan 10.0.2.128 state)" = expired ]; }
check "a released address is free" wait_for 2 released
plug lan c
dhcp_get c >/dev/null
equal "a newcomer does not get it while others are free" 10.0.2.130 "$(addr_of c)"
watch $DIR/seen capture a.eth0 udp port 67
dhcp_get a >/dev/null
equal "its client gets it again" 10.0.2.128 "$(addr_of a)"
check "a capture tells the OFFER in words, and why" wait_for 3 grep -q \
	"dhcp: OFFER of 10.0.2.128 to $(ns_mac a) for 3600 s by 10.0.2.254: it had this address before" $DIR/seen
check "and the ACK" wait_for 3 grep -q "dhcp: ACK of 10.0.2.128 .*: it takes what was offered" $DIR/seen
watch_end

mac_c=$(ns c ip -o link show dev eth0 | sed 's/.*ether \([^ ]*\).*/\1/')
refused "an address in use can't be reserved" "leased to.*release" vctl dhcp reserve lan "$mac_c" 10.0.2.129
check "an address is reserved" vctl dhcp reserve lan "$mac_c" 10.0.2.77
dhcp_get c >/dev/null
equal "its client gets it" 10.0.2.77 "$(addr_of c)"
check "the reservation is released" vctl dhcp release lan 10.0.2.77
refused "twice is refused" "no lease or reservation" vctl dhcp release lan 10.0.2.77

# ---- conflicts -------------------------------------------------------------------------------

plug lan squatter 10.0.2.131/24
plug lan d
dhcp_get d >/dev/null
equal "an address that a stranger uses is not offered" 10.0.2.132 "$(addr_of d)"
equal "it is put away" declined "$(lease lan 10.0.2.131 state)"
ns d ip addr flush dev eth0
ns squatter ip addr add 10.0.2.132/24 dev eth0
dhcp_get d eth0 -a >/dev/null # known to be d's, so it is offered; d's own probe finds the squatter
equal "a declined address is put away" declined "$(lease lan 10.0.2.132 state)"
equal "and the client gets another" 10.0.2.133 "$(addr_of d)"
equal "by DECLINE" 1 "$(count lan decline)"

# ---- dhclient --------------------------------------------------------------------------------

if command -v dhclient >/dev/null; then
	cat >$DIR/dhclient.sh <<-'E'
		#!/bin/sh
		echo "$reason $new_ip_address" >>/run/t/dhclient.$interface.log
		case $reason in
		BOUND | RENEW | REBIND | REBOOT)
			ip addr replace "$new_ip_address/24" dev "$interface" ;;
		EXPIRE | FAIL | RELEASE | STOP | NBI) ip addr flush dev "$interface" ;;
		esac
		exit 0
	E
	chmod 755 $DIR/dhclient.sh
	# dhcl NS ARGS...
	dhcl() {
		local n=$1
		shift
		ns "$n" dhclient -4 -q -sf $DIR/dhclient.sh -lf $DIR/dhclient.$n.leases \
			-pf $DIR/dhclient.$n.pid "$@" eth0 >/dev/null 2>&1
	}
	vctl net add short mode=internal subnet=10.0.3.0/24 dhcp=on lease=8s
	plug short e
	cat >$DIR/dhclient.e.leases <<-'E'
		lease {
		  interface "eth0";
		  fixed-address 192.168.99.5;
		  option subnet-mask 255.255.255.0;
		  option dhcp-server-identifier 192.168.99.1;
		  renew never; rebind never; expire never;
		}
	E
	: >$DIR/dhclient.eth0.log
	dhcl e
	check "dhclient with a lease of another network is told no and gets one here" \
		wait_for 10 grep -q "BOUND 10.0.3.128" $DIR/dhclient.eth0.log
	equal "by NAK" 1 "$(count short nak)"
	check "it renews a short lease" wait_for 15 grep -q "RENEW 10.0.3.128" $DIR/dhclient.eth0.log
		dhcl e -r
	check "it releases" wait_for 5 test "$(lease short 10.0.3.128 state)" = expired
else
	skip "dhclient" "not installed"
fi

# ---- dhcpcd ----------------------------------------------------------------------------------

if command -v dhcpcd >/dev/null; then
	plug lan f
	ns f timeout 40 dhcpcd -4 -1 -q -t 30 -c /bin/true --noipv4ll eth0 >$DIR/dhcpcd.log 2>&1
	equal "dhcpcd, with its own ARP checks, gets a lease" 10.0.2.134 "$(addr_of f)"
	equal "it named itself" True "$(jctl dhcp list lan | json "any(l['client_id'] for l in d['leases'] if l['address'] == '10.0.2.134')")"
else
	skip "dhcpcd" "not installed"
fi

# ---- a small pool ----------------------------------------------------------------------------

vctl net add tiny mode=internal subnet=10.0.4.0/24 dhcp=10.0.4.10-10.0.4.11
for n in t1 t2 t3; do plug tiny $n; done
dhcp_get t1 >/dev/null
dhcp_get t2 >/dev/null
equal "the pool is used up" 0 "$(jctl dhcp list tiny | json "d['pool']['free']")"
check_not "the next client gets nothing" grep -q ip= <<<"$(dhcp_get t3 eth0 -t 2)"
check "and it is counted" test "$(count tiny pool-exhausted)" -ge 1
dhcp_get t1 >/dev/null
equal "who has a lease keeps it" 10.0.4.10 "$(addr_of t1)"

# One NIC that plays many clients gets eight addresses, not the pool.
plug lan greedy
for i in 1 2 3 4 5 6 7 8 9; do
	dhcp_get greedy eth0 -x 0x3d:aabb0$i -t 2 >/dev/null
done
equal "a port holds eight addresses at most" 8 \
	"$(jctl dhcp list lan | json "sum(1 for l in d['leases'] if (l['client_id'] or '').startswith('aabb'))")"
check "the log says which port" grep -q "lan: greedy.eth0 asks.*gets none: its port has" $DIR/daemon.log

# ---- crash and full disk ---------------------------------------------------------------------

before=$(jctl dhcp list lan | json "sorted((l['address'], l['mac']) for l in d['leases'] if l['state'] == 'bound')")
kill_daemon
start_daemon
equal "kill -9 loses no lease" "$before" \
	"$(jctl dhcp list lan | json "sorted((l['address'], l['mac']) for l in d['leases'] if l['state'] == 'bound')")"
check "the ports are back" wait_for 5 vctl port show a.eth0
dhcp_get a >/dev/null
equal "a client has its address still" 10.0.2.128 "$(addr_of a)"

plug lan g
stop_daemon
start_daemon # the log of the store is gone: there is no room in it to write over
acks=$(count lan ack)
dd if=/dev/zero of=$STATE/filler bs=4096 2>/dev/null
check_not "on a full disk nobody is promised an address" grep -q ip= <<<"$(dhcp_get g eth0 -t 3)"
equal "no ACK was sent" "$acks" "$(count lan ack)"
check "it is counted" test "$(count lan store-failed)" -ge 1
equal "the log says so, once" 1 "$(grep -c "leases can't be written (.*full)" $DIR/daemon.log)"
rm $STATE/filler
dhcp_get g >/dev/null
check "it serves again when there is room" test -n "$(addr_of g)"
check "and says so" grep -q "leases can be written again" $DIR/daemon.log
addr=$(addr_of g)
kill_daemon
start_daemon
equal "that lease is on record" bound "$(lease lan "$addr" state)"

# A damaged file costs what was damaged, not the service.
stop_daemon
printf garbage | dd of=$STATE/leases.db conv=notrunc 2>/dev/null
start_daemon
check "it starts with a damaged lease file and says so" \
	grep -q "lease file was damaged.*leases.db.damaged" $DIR/daemon.log
dhcp_get a >/dev/null
check "and gives leases" test -n "$(addr_of a)"

for n in t1 t2 t3; do vctl port del $n.eth0; done
vctl net del tiny
vctl net add tiny mode=internal subnet=10.0.4.0/24 dhcp=10.0.4.10-10.0.4.11
equal "a deleted network's leases are forgotten" 2 "$(jctl dhcp list tiny | json "d['pool']['free']")"
finish
