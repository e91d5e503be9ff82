#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Real clients through their whole life on leases of 20 s: first lease, renewal, a daemon that was
# killed meanwhile, reboot with a known lease, release.
# (test_dhcp.sh has DECLINE with udhcpc and the NAK of a wrong subnet with dhclient.)
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox ip
for d in /var/lib/dhcp /var/lib/dhcpcd; do [ ! -d $d ] || mount -t tmpfs tmpfs $d; done
start_daemon
check "a network with short leases" vctl net add short mode=internal subnet=10.0.3.0/24 dhcp=on lease=20s
check "that are renewed soon" vctl dhcp set short t1=4s t2=8s

count() { jctl dhcp list short | json "d['counts']['$1']"; }
more() { [ "$(count "$1")" -gt "$2" ]; }
state() { jctl dhcp list short "port=$1.eth0" | json "' '.join(l['state'] for l in d['leases'])"; }
is_state() { [ "$(state "$1")" = "$2" ]; }
addr_of() { ns "$1" ip -4 -o addr show dev eth0 | awk '{sub("/.*", "", $4); print $4; exit}'; }
has() { [ -n "$(addr_of "$1")" ]; }

plug short u
cat >$DIR/u.sh <<-'E'
	#!/bin/sh
	echo "$1 $ip" >>/run/t/u.log
	case $1 in
	bound | renew) ip addr replace "$ip/24" dev "$interface" ;;
	deconfig) ip addr flush dev "$interface" ;;
	esac
E
chmod 755 $DIR/u.sh
ns u busybox udhcpc -f -i eth0 -R -p $DIR/u.pid -s $DIR/u.sh >/dev/null 2>&1 &
check "udhcpc: first lease" wait_for 5 is_state u bound
check "udhcpc: renews" wait_for 10 grep -q renew $DIR/u.log

if command -v dhclient >/dev/null; then
	plug short d
	cat >$DIR/d.sh <<-'E'
		#!/bin/sh
		echo "$reason $new_ip_address" >>/run/t/d.log
		case $reason in
		BOUND | RENEW | REBIND | REBOOT) ip addr replace "$new_ip_address/24" dev "$interface" ;;
		EXPIRE | FAIL | RELEASE | STOP) ip addr flush dev "$interface" ;;
		esac
	E
	chmod 755 $DIR/d.sh
	dhcl() { ns d dhclient -4 -q -sf $DIR/d.sh -lf $DIR/d.leases -pf $DIR/d.pid "$@" eth0 >/dev/null 2>&1; }
	: >$DIR/d.leases
	dhcl
	check "dhclient: first lease" wait_for 5 grep -q BOUND $DIR/d.log
	kept=$(addr_of d)
	check "dhclient: renews" wait_for 12 grep -q RENEW $DIR/d.log
	dhcl -x
	ns d ip addr flush dev eth0
	dhcl
	check "dhclient: reboot with a known lease" wait_for 5 grep -q "REBOOT $kept" $DIR/d.log
	dhcl -r
	check "dhclient: releases" wait_for 5 is_state d expired
else
	skip "dhclient" "not installed"
fi

if command -v dhcpcd >/dev/null; then
	plug short p
	ns p timeout 30 dhcpcd -4 -1 -q -A -t 20 -c /bin/true --noipv4ll eth0 >$DIR/dhcpcd.log 2>&1
	check "dhcpcd: first lease" is_state p bound
else
	skip "dhcpcd" "not installed"
fi

kill_daemon
start_daemon
check "after a killed daemon udhcpc's lease is renewed" wait_for 15 more ack 0
equal "as it was" bound "$(state u)"
kill -TERM "$(cat $DIR/u.pid)"
check "udhcpc: releases" wait_for 5 is_state u expired
check "the daemon stops cleanly" stop_daemon
finish
