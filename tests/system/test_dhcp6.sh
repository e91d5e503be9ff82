#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# IPv6 addresses of guests: router advertisements and DHCPv6, by real clients.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping dhclient nft
[ -e /proc/sys/net/ipv6 ] || skip_all "the kernel has no IPv6"
start_daemon

# ---- the kernel's own SLAAC, on a network without a router ----
check "an internal network with IPv6" vctl net add i mode=internal ipv6=on subnet6=fd00:1:2:3::/64
watch $DIR/i.said dhcp watch i
plug i a && plug i b
a6() { ns "$1" ip -o -6 addr show dev eth0 scope global | awk '!/tentative/ { sub("/.*", "", $4); print $4; exit }'; }
has6() { [ -n "$(a6 "$1")" ]; }
check "a makes itself an address" wait_for 8 has6 a
check "so does b" wait_for 8 has6 b
check "of the prefix" grep -q '^fd00:1:2:3:' <<<"$(a6 a)"
check "they reach each other" wait_for 4 ping_ok a "$(a6 b)"
check "a reaches the station" wait_for 4 ping_ok a fd00:1:2:3::fe
check_not "nobody is a's way out" sh -c "nsenter --net=/run/netns/a ip -6 route | grep -q ^default"
heard() { jctl net show i | json "[s['port'] for s in d['ipv6']['seen'] if s['address'] == '$1']" | grep -q "$2"; }
check "watch tells of the address that a made" wait_for 3 grep -q "a.eth0 .*has anybody $(a6 a) .*makes itself this address" $DIR/i.said
watch_end
equal "explain, too" slaac "$(jctl dhcp explain i "$(ns_mac a)" | json "d['ipv6']['reason']")"
equal "the list has it" "['$(a6 a)']" "$(jctl dhcp list i port=a.eth0 | json "[l['address'] for l in d['leases6'] if l['state'] == 'slaac']")"
check "net show tells who uses a's address" heard "$(a6 a)" a.eth0

# ---- DHCPv6 by real clients, all at once, each through its whole life ----
# Each runs in two namespaces: in C it is heard, what C2 sends to its own server alone is lost. The
# last lines are a table of what each client did.
check "a stateful network" vctl net add s mode=host-only subnet=10.0.8.0/24 subnet6=fd00:1:2:4::/64 lease=16s ipv6=stateful
check "and another" vctl net add o mode=host-only subnet=10.0.9.0/24 subnet6=fd00:1:2:5::/64 lease=16s ipv6=stateful
. "$(dirname "$0")/dhcp_clients.sh" 6
watch $DIR/s.said -j dhcp watch s
s_watcher=$watcher
watch $DIR/o.said -j dhcp watch o
state() { jctl dhcp list s | json "[l['state'] for l in d['leases6'] if l['address'] == '$1']"; }
is_state() { [ "$(state "$1")" = "['$2']" ]; }
# said NS WHAT: the server noted an exchange of NS with WHAT in it.
said() { grep -h "\"port\":\"$1.eth0\"" $DIR/*.said | grep '"family":6' | grep -q "$2"; }
address() { jctl dhcp list s "port=$1.eth0" state=bound | json "' '.join(l['address'] for l in d['leases6'])"; }
# No Renew (5) leaves NS, so that its client has to rebind.
no_renew() {
	ns "$1" nft "add table netdev f; add chain netdev f e { type filter hook egress device eth0 priority 0; }; add rule netdev f e udp dport 547 @th,64,8 5 drop"
}
has() { ns "$1" ip -o -6 addr show dev eth0 scope global -tentative | grep -q " $2/"; }
# fresh NS ADDR: its lease has begun anew (dhcpcd gives nothing back before it knows).
fresh() { ns "$1" ip -6 addr show dev eth0 | grep -A 1 " $2/" | grep -qE 'valid_lft (9|1[0-9])sec'; }
ll() { ns "$1" ip -o -6 addr show dev eth0 scope link -tentative | grep -q fe80; }

# dhclient: a script of our own, since the usual one writes the host's resolv.conf. Status 3: the
# address is somebody else's.
cat >$DIR/dhclient.sh <<'END'
#!/bin/sh
[ "$reason" != PREINIT6 ] || exec ip link set eth0 up
case $reason in EXPIRE6 | RELEASE6 | STOP6) exec ip -6 addr del "$old_ip6_address/64" dev eth0 ;; esac
[ -n "$new_ip6_address" ] || exit 0
ip -6 addr replace "$new_ip6_address/64" dev eth0 valid_lft "$new_max_life" preferred_lft "$new_preferred_life"
while ip -6 addr show dev eth0 tentative -dadfailed | grep -q "inet6 $new_ip6_address"; do sleep 0.1; done
# An address that somebody else has is dropped by the kernel.
ip -6 addr show dev eth0 -tentative | grep -q "inet6 $new_ip6_address" || exit 3
END
chmod 755 $DIR/dhclient.sh
printf '%s\n' duid noipv4 noipv6rs ia_na 'nohook resolv.conf, hostname, ntp.conf, timesyncd.conf, yp' \
	'script /bin/true' >$DIR/dhcpcd.conf
cat >$DIR/networkd.network <<'END'
[Match]
Name=eth0
[Network]
DHCP=ipv6
LinkLocalAddressing=ipv6
IPv6AcceptRA=yes
[DHCPv6]
UseDNS=no
END

are_there dhclient dhcpcd networkd
clients=$found lively=${found/ networkd/}
declare -A lease
for n in $clients; do
	for m in $n ${n}2; do plug s $m; done
done
watch $DIR/seen capture dhclient.eth0 udp port 547 or icmp6
capture=$watcher
for n in $clients; do
	for m in $n ${n}2; do
		wait_for 5 ll $m
		[ $m = $n ] || no_renew $m
		${n}_start $m
	done
done
for n in $clients; do
	stage $n "first lease" wait_for 10 said $n '"answer":"reply","address":"fd00'
	lease[$n]=$(address $n)
	check "$n: it has the address: ${lease[$n]}" wait_for 5 has $n "${lease[$n]}"
	check "$n: of the range" grep -q '^fd00:1:2:4::d:' <<<"${lease[$n]}"
done
check "a capture tells the reply in words, and why" wait_for 3 grep -q \
	"dhcp6: REPLY: ${lease[dhclient]} to $(ns_mac dhclient) for 16 s: it takes what was offered" $DIR/seen
check "and what routers advertise" wait_for 10 grep -q \
	"ipv6: router advertisement: fd00:1:2:4::/64; addresses come by DHCPv6; resolver fd00:1:2:4::fe; no way out" $DIR/seen
kill -INT "$capture"
wait "$capture"
for n in $lively; do
	stage $n "renew" wait_for 15 said $n '"asked":"renew".*"reason":"renewed"'
	check "$n: keeps its address" wait_for 3 has $n "${lease[$n]}"
	# "Am I where I was?"
	${n}_crash $n
	ns $n ip -6 addr flush dev eth0 scope global
	${n}_start $n
done
for n in $lively; do
	stage $n "reboot: Confirm" wait_for 8 said $n '"asked":"confirm".*"reason":"back"'
	check "$n: has its address again" wait_for 5 has $n "${lease[$n]}"
	${n}_crash $n
	ns $n ip -6 addr flush dev eth0 scope global
	vctl port move $n.eth0 o
	${n}_start $n
done
for n in $lively; do
	stage $n "wrong link: NotOnLink" wait_for 10 said $n '"asked":"confirm".*"status":"NotOnLink"'
	check "$n: gets an address there" wait_for 10 has $n 'fd00:1:2:5::d:[0-9a-f]*'
done
for n in $lively; do
	stage $n "rebind" wait_for 15 said ${n}2 '"asked":"rebind".*"answer":"reply","address":"fd00'
	lease[${n}2]=$(address ${n}2)
	check "$n: keeps its address, for as long again" wait_for 5 fresh ${n}2 "${lease[${n}2]}"
	ns ${n}2 nft delete table netdev f
	${n}_release ${n}2
	stage $n "release" wait_for 5 said ${n}2 '"asked":"release".*"reason":"released"'
	check "$n: its address is free" wait_for 3 is_state "${lease[${n}2]}" expired
done
# Given back, then taken by a stranger: its client finds that out and gets another one.
plug s x
ns x ip -6 addr add "${lease[dhclient2]}/64" dev eth0 nodad
dhclient_start dhclient2
stage dhclient "decline" wait_for 10 said dhclient2 '"asked":"decline".*"reason":"declined"'
check "dhclient: the address rests" wait_for 3 is_state "${lease[dhclient2]}" declined
other() { local a; a=$(a6 "$1"); [ -n "$a" ] && [ "$a" != "${lease[$1]}" ]; }
check "dhclient: gets another" wait_for 12 other dhclient2
[ "$lively" = " dhclient" ] || cannot dhcpcd decline "9.4 does not see why the kernel drops the address"
if [ "$clients" != "$lively" ]; then
	# Its timers are late by up to 10 s: only with a longer lease is that before the end.
	if [ -n "${LONG:-}" ]; then
		vctl net set s lease=60s
		kill "$s_watcher" # what was said before does not count
		wait "$s_watcher" 2>/dev/null
		watch $DIR/s.said -j dhcp watch s
		for m in networkd networkd2; do networkd_crash $m; networkd_start $m; done
		stage networkd renew wait_for 50 said networkd '"asked":"renew".*"reason":"renewed"'
		stage networkd rebind wait_for 65 said networkd2 '"asked":"rebind".*"reason":"renewed"'
	else
		cannot networkd renew "its timers are up to 10 s late; LONG=1 has longer leases"
		cannot networkd rebind "its timers are up to 10 s late; LONG=1 has longer leases"
	fi
	cannot networkd "reboot: Confirm" "252 begins anew by Solicit"
	cannot networkd "wrong link: NotOnLink" "252 begins anew by Solicit"
	cannot networkd decline "252 does not see why the kernel drops the address"
	cannot networkd release "252 gives nothing back"
fi

# ---- looking, reserving, and another daemon ----
check "explain tells which address one gets and why, and what else" sh -c \
	"'$VNETCTL' -s $SOCK dhcp explain s $(ns_mac dhclient2) | grep -q 'fd00:1:2:4::d:.*it has a lease'"
check "stats count both families" sh -c "'$VNETCTL' -s $SOCK dhcp stats s | grep -q '[1-9].*solicit.*looked for a server'"
check "dhcp list has both families" sh -c "'$VNETCTL' -s $SOCK dhcp list s | grep -q 'fd00:1:2:4::d:.*bound'"
plug s r
check "an address is reserved for whoever is behind a port" vctl dhcp reserve s r.eth0 fd00:1:2:4::77
refused "an address of the host's" "can't be a guest's" vctl dhcp reserve s r.eth0 fd00:1:2:4::1
refused "one of elsewhere" "fd00:1:2:4::/96" vctl dhcp reserve s r.eth0 fd09::1
kill_daemon
start_daemon
is_back() { grep -q bound <<<"$(state "$(a6 dhclient2)")"; }
check "a lease outlives a crash of the daemon" wait_for 5 is_back
wait_for 5 ll r
dhclient_start r
check "the one who has a reservation gets it" wait_for 8 has r fd00:1:2:4::77
check "ipv6=slaac for the running network" vctl net set s ipv6=slaac
slaac() { ns x ip -6 addr show dev eth0 dynamic | grep -q 'fd00:1:2:4:[^:]'; }
check "others make themselves addresses now" wait_for 8 slaac

check "the daemon ends well" stop_daemon
tell_stages "$clients" "first lease" renew rebind "reboot: Confirm" "wrong link: NotOnLink" decline release
finish
