#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# IPv6 addresses of guests: router advertisements and DHCPv6, by real clients.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping tcpdump nft
[ -e /proc/sys/net/ipv6 ] || skip_all "the kernel has no IPv6"
start_daemon

# ---- the kernel's own SLAAC, on a network without a router ----
check "an internal network with IPv6" vctl net add i mode=internal ipv6=on subnet6=fd00:1:2:3::/64
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
check "net show tells who uses a's address" heard "$(a6 a)" a.eth0

# ---- DHCPv6 by real clients, all at once, each through its whole life ----
check "a stateful network" vctl net add s mode=host-only subnet=10.0.8.0/24 subnet6=fd00:1:2:4::/64 lease=16s ipv6=stateful
state() { jctl dhcp list s | json "[l['state'] for l in d['leases6'] if l['address'] == '$1']"; }
is_state() { [ "$(state "$1")" = "['$2']" ]; }
# hears NS: write down what NS sends. said NS TEXT [N]: that was said (N times).
hears() {
	nsenter --net=/run/netns/$1 -- tcpdump -Q out -lvni eth0 udp port 547 >$DIR/$1.said 2>$DIR/$1.said.log &
	wait_for 5 grep -q "listening on" $DIR/$1.said.log
}
said() { [ "$(grep -c "dhcp6 $2 " $DIR/$1.said)" -ge "${3:-1}" ]; }
# No Renew (5) leaves NS any more, so that its client has to rebind.
no_renew() {
	ns "$1" nft "add table netdev f; add chain netdev f e { type filter hook egress device eth0 priority 0; }; add rule netdev f e udp dport 547 @th,64,8 5 drop"
}
has() { ns "$1" ip -o -6 addr show dev eth0 scope global -tentative | grep -q " $2/"; }
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
c_start() { ns c dhclient -6 -nw -cf /dev/null -sf $DIR/dhclient.sh -lf $DIR/c.leases -pf $DIR/c.pid "$@" eth0; }
c_release() { ns c dhclient -6 -r -cf /dev/null -sf $DIR/dhclient.sh -lf $DIR/c.leases -pf $DIR/c.pid eth0; }

c_crash() { kill -KILL "$(cat $DIR/c.pid)"; }

# dhcpcd, with files of its own.
mkdir -p $DIR/dhcpcd
[ ! -d /var/lib/dhcpcd ] || mount -t tmpfs tmpfs /var/lib/dhcpcd
printf '%s\n' duid noipv4 noipv6rs ia_na 'nohook resolv.conf, hostname, ntp.conf, timesyncd.conf, yp' \
	'script /bin/true' >$DIR/dhcpcd.conf
d_start() { ns d dhcpcd -6 -q -f $DIR/dhcpcd.conf eth0; }
d_crash() { kill -KILL $(pidof dhcpcd); }
d_release() { ns d dhcpcd -6 -k eth0; wait_for 5 no_dhcpcd; }
no_dhcpcd() { ! pidof dhcpcd; }

# systemd-networkd, with a /run of its own and a /sys that is read only: there is no udev here.
networkd=/usr/lib/systemd/systemd-networkd
cat >$DIR/e.network <<'END'
[Match]
Name=eth0
[Network]
DHCP=ipv6
LinkLocalAddressing=ipv6
IPv6AcceptRA=yes
[DHCPv6]
UseDNS=no
END
e_start() {
	nsenter --net=/run/netns/e -- unshare --mount sh -c "mkdir -p $DIR/e.run && mount -t sysfs -o ro sysfs /sys &&
		mkdir -p $DIR/e.run/systemd/network $DIR/e.run/systemd/netif/links $DIR/e.run/systemd/netif/leases $DIR/e.run/systemd/netif/lldp &&
		cp $DIR/e.network $DIR/e.run/systemd/network/ && mount --bind $DIR/e.run/systemd /run/systemd && exec $networkd" \
		>>$DIR/networkd.log 2>&1 &
	e_pid=$!
}
e_release() { kill "$e_pid"; wait "$e_pid" 2>/dev/null; ns e ip -6 addr flush dev eth0 scope global; }
mkdir -p /run/systemd

clients=c
command -v dhcpcd >/dev/null && clients+=" d" || skip "dhcpcd" "it is not there"
[ -x $networkd ] && clients+=" e" || skip "systemd-networkd" "it is not there"
for n in $clients; do
	plug s $n
	hears $n
	wait_for 5 ll $n
done
for n in $clients; do ${n}_start >/dev/null 2>&1; done
declare -A addr
for n in $clients; do
	check "$n: an address" wait_for 8 has6 $n
	addr[$n]=$(a6 $n)
	check "$n: of the range: ${addr[$n]}" grep -q '^fd00:1:2:4::d:' <<<"${addr[$n]}"
	check "$n: it is on record" is_state "${addr[$n]}" bound
done
# systemd 252 puts its timers off by up to 10 s to save wake-ups: a lease of 16 s may be over by then.
lively=${clients% e}
for n in $lively; do check "$n: renews" wait_for 12 said $n renew; done
for n in $lively; do no_renew $n; done
for n in $lively; do
	check "$n: rebinds when nobody answers" wait_for 12 said $n rebind
	check "$n: and keeps its address" wait_for 3 has "$n" "${addr[$n]}"
	# A reboot with a lease that still holds, so at once: "am I where I was?" (networkd keeps none.)
	ns $n nft delete table netdev f
	${n}_crash
	ns $n ip -6 addr flush dev eth0 scope global
	${n}_start >/dev/null 2>&1
done
for n in $lively; do
	check "$n: confirms its lease after a reboot" wait_for 8 said $n confirm
	check "$n: and has its address again" wait_for 5 has "$n" "${addr[$n]}"
done

# Given back, then taken by a stranger: its client finds that out and gets another one.
# (networkd 252 gives nothing back.)
for n in $lively; do
	${n}_release >/dev/null 2>&1
	check "$n: releases" wait_for 5 said $n release
	check "$n: its address is free" wait_for 3 is_state "${addr[$n]}" expired
done
# The kernel drops such an address at once, and dhcpcd 9.4 and networkd 252 then do not see why.
plug s x
ns x ip -6 addr add "${addr[c]}/64" dev eth0 nodad
c_start >/dev/null 2>&1
other() { local a; a=$(a6 "$1"); [ -n "$a" ] && [ "$a" != "${addr[$1]}" ]; }
check "c: declines an address that a stranger has" wait_for 10 said c decline
check "c: which rests" wait_for 3 is_state "${addr[c]}" declined
check "c: it gets another" wait_for 12 other c

# ---- looking, reserving, and another daemon ----
check "dhcp list has both families" sh -c "'$VNETCTL' -s $SOCK dhcp list s | grep -q 'fd00:1:2:4::d:.*bound'"
plug s r
check "an address is reserved for whoever is behind a port" vctl dhcp reserve s r.eth0 fd00:1:2:4::77
refused "an address of the host's" "can't be a guest's" vctl dhcp reserve s r.eth0 fd00:1:2:4::1
refused "one of elsewhere" "fd00:1:2:4::/96" vctl dhcp reserve s r.eth0 fd09::1
kill_daemon
start_daemon
is_back() { grep -q bound <<<"$(state "$(a6 c)")"; }
check "c's lease outlives a crash of the daemon" wait_for 5 is_back
wait_for 5 ll r
ns r dhclient -6 -nw -cf /dev/null -sf $DIR/dhclient.sh -lf $DIR/r.leases -pf $DIR/r.pid eth0 >/dev/null 2>&1
check "the one who has a reservation gets it" wait_for 8 has r fd00:1:2:4::77
check "ipv6=slaac for the running network" vctl net set s ipv6=slaac
slaac() { ns x ip -6 addr show dev eth0 dynamic | grep -q 'fd00:1:2:4:[^:]'; }
check "others make themselves addresses now" wait_for 8 slaac

check "the daemon ends well" stop_daemon
finish
