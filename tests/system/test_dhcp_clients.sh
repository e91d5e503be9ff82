#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Four real clients, each through its whole life on leases of 20 s, all at the same time: first
# lease, renewal, rebinding, reboot with a known lease, reboot on another network (NAK), release,
# an address that a stranger has (DECLINE), and a daemon that was killed meanwhile. Client C runs in
# two namespaces: in C it hears its server, in C2 the server is deaf to all that is sent to it alone.
# The last lines are a table of what each client did.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox ip nft
. "$(dirname "$0")/dhcp_clients.sh" 4
start_daemon
check "a network with short leases" vctl net add short mode=internal subnet=10.0.3.0/24 dhcp=on lease=20s
check "that are renewed soon" vctl dhcp set short t1=4s t2=8s
check "and another network" vctl net add other mode=internal subnet=10.0.4.0/24 dhcp=on lease=20s
watch $DIR/short.said -j dhcp watch short
watch $DIR/other.said -j dhcp watch other

# said NS WHAT: the server noted an exchange of NS with WHAT in it.
said() { grep -h "\"port\":\"$1.eth0\"" $DIR/*.said | grep -q "$2"; }
address() { jctl dhcp list short "port=$1.eth0" | json "' '.join(l['address'] for l in d['leases'] if l['state'] == 'bound')"; }
is_state() { [ "$(jctl dhcp list short "address=$1" | json "' '.join(l['state'] for l in d['leases'])")" = "$2" ]; }
has() { ns "$1" ip -4 -o addr show dev eth0 | grep -q " $2"; }
deaf() {
	ns "$1" nft "add table netdev f; add chain netdev f e { type filter hook egress device eth0 priority 0; }; add rule netdev f e ip daddr != 255.255.255.255 udp dport 67 drop"
}

# ---- the clients ----

cat >$DIR/udhcpc.sh <<'E'
#!/bin/sh
case $1 in
bound | renew) ip addr replace "$ip/24" dev "$interface" ;;
deconfig) ip addr flush dev "$interface" ;;
esac
E
# A script that ends with an error has found that somebody else has the address: dhclient declines it.
cat >$DIR/dhclient.sh <<'E'
#!/bin/sh
case $reason in
BOUND) busybox arping -q -D -c 1 -w 1 -I "$interface" "$new_ip_address" || exit 1 ;;
EXPIRE | FAIL | RELEASE | STOP) exec ip addr flush dev "$interface" ;;
esac
[ -z "$new_ip_address" ] || ip addr replace "$new_ip_address/24" dev "$interface"
E
chmod 755 $DIR/udhcpc.sh $DIR/dhclient.sh
udhcpc_start() {
	local n=$1
	shift
	ns "$n" busybox udhcpc -f -a200 -A 1 -i eth0 -R -p "$DIR/$n.pid" -s $DIR/udhcpc.sh "$@" >/dev/null 2>&1 &
}
udhcpc_crash() { kill -KILL "$(cat "$DIR/$1.pid")"; }
udhcpc_release() { kill -TERM "$(cat "$DIR/$1.pid")"; }

printf '%s\n' duid ipv4only noipv4ll 'nohook resolv.conf, hostname, ntp.conf, timesyncd.conf, yp' \
	'script /bin/true' >$DIR/dhcpcd.conf
cat >$DIR/networkd.network <<'E'
[Match]
Name=eth0
[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
[DHCPv4]
UseDNS=no
SendDecline=yes
E
# It remembers its lease for as long as it runs: a cable that is out and in again is a reboot to it.
networkd_crash() { vctl port down "$1.eth0" && wait_for 5 no_carrier "$1"; }
networkd_back() { vctl port up "$1.eth0"; }
no_carrier() { ns "$1" ip -o link show dev eth0 | grep -q NO-CARRIER; }
networkd_release() { ip netns pids "$1" | xargs kill -TERM; }

given_up() { grep -q "address conflict was detected" "$DIR/$1.log"; }
never_has() { ! ns "$1" ip -4 -o addr show dev eth0 -tentative | grep -q " $2"; }

are_there dhclient dhcpcd networkd
clients="udhcpc$found"
declare -A lease

for n in $clients; do
	plug short $n
	plug short ${n}2
	deaf ${n}2
	${n}_start $n
	${n}_start ${n}2
done
for n in $clients; do
	stage $n "first lease" wait_for 10 said $n '"state":"selecting".*"answer":"ack"'
	lease[$n]=$(address $n)
done
for n in $clients; do
	stage $n "renew" wait_for 20 said $n '"state":"renewing".*"answer":"ack"'
	check "$n: has its address" wait_for 10 has $n "${lease[$n]}"
done

# "Am I where I was?", and then the same on another network.
mindful=
for n in $clients; do
	case $n in
	udhcpc) cannot $n reboot "it asks by DISCOVER only" ;;
	*) mindful+=" $n" ;;
	esac
done
back() { [ "$1" = networkd ] && networkd_back "$1" || "${1}_start" "$1"; }
for n in $mindful; do
	${n}_crash $n
	back $n
done
for n in $mindful; do
	stage $n "reboot" wait_for 10 said $n '"state":"init-reboot".*"answer":"ack"'
done
for n in $mindful; do
	${n}_crash $n
	vctl port move $n.eth0 other
	back $n
done
vctl port move udhcpc.eth0 other # it keeps no lease but while it runs: it asks to renew
kill -USR1 "$(cat $DIR/udhcpc.pid)"

# The deaf server.
for n in $clients; do
	stage $n "rebind" wait_for 25 said ${n}2 '"state":"rebinding".*"answer":"ack"'
	lease[${n}2]=$(address ${n}2)
	check "$n: keeps its address" wait_for 10 has ${n}2 "${lease[${n}2]}"
	ns ${n}2 nft delete table netdev f
	${n}_release ${n}2
done
for n in udhcpc $mindful; do
	stage $n "wrong network: NAK" wait_for 15 said $n '"answer":"nak"'
	check "$n: gets an address there" wait_for 10 has $n 10.0.4.
done
plug short stranger
for n in $clients; do
	stage $n "release" wait_for 5 is_state "${lease[${n}2]}" expired
	ns stranger ip addr add "${lease[${n}2]}/24" dev eth0
	${n}_start ${n}2
done
for n in $clients; do
	if [ $n = networkd ]; then
		cannot $n decline "252 sends it from the address that it has dropped; the kernel refuses"
		wait_for 10 given_up ${n}2 && check "$n: leaves the address alone" never_has ${n}2 "${lease[${n}2]}"
	else
		stage $n "decline" wait_for 10 said ${n}2 '"asked":"decline"'
		check "$n: the address rests" wait_for 3 is_state "${lease[${n}2]}" declined
	fi
done

kill_daemon
start_daemon
acks() { jctl dhcp list other | json "d['counts']['ack']"; }
renewed() { [ "$(acks)" -gt 0 ]; }
kill -USR1 "$(cat $DIR/udhcpc.pid)"
check "after a killed daemon a lease is renewed" wait_for 15 renewed
check "the daemon stops cleanly" stop_daemon

tell_stages "$clients" "first lease" renew rebind reboot "wrong network: NAK" decline release
finish
