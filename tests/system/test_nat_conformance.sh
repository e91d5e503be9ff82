#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each requirement of RFC 4787, 5382, 5508 and 7857 that can be seen from outside, with raw packets
# from both sides, one line each; the kernel's masquerade beside it in the same run.  What takes
# hours on a real clock is asked of the unit tests, whose clock is stepped, and of the kernel's
# settings.  With DOC=FILE the table is also written as doc/nat-conformance.md.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3 nft
here=$TOP/tests/system
export PYTHONDONTWRITEBYTECODE=1

# A namespace whose eth0 has no IP stack at work.
quiet() {
	ns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.conf.all.arp_ignore=8 2>/dev/null
	ns "$1" ip link set eth0 up
}

pool_in_use() { jctl net show np | json "sum(p['active'] for p in d['pool'])" | grep -qx 2; }

# ---- ours ----
start_daemon
add_ns out
ip link add up0 mtu 1400 type veth peer name eth0 netns out
ip addr add 198.51.100.1/24 dev up0
ip link set up0 up
quiet out
# Ports of the translator's range that programs of the host have open.
cat >$DIR/hold.py <<-'HOLD'
	import signal, socket, sys
	held = []
	for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
	    for port in range(61100, 61140):
	        s = socket.socket(socket.AF_INET, kind)
	        s.bind(("0.0.0.0", port))
	        held.append(s)
	open(sys.argv[1], "w")
	signal.pause()
HOLD
python3 $DIR/hold.py $DIR/held &
wait_for 5 test -e $DIR/held
check "a NAT network" vctl net add n mode=nat subnet=10.0.2.0/24 dhcp=off nat-max-guest=3000
for g in ga gb; do plug n $g >/dev/null && quiet $g; done
check "and one that leaves by a pool" vctl net add np mode=nat subnet=10.0.3.0/24 dhcp=off \
	nat-pool=198.51.100.70-198.51.100.71 nat-pooling=paired
for g in gc gd; do plug np $g >/dev/null && quiet $g; done
wait_for 8 pool_in_use
/usr/bin/python3 $here/nat_requirements.py "" 10.0.2.2 198.51.100.1 >$DIR/ours 2>$DIR/ours.err &
ours=$!

# ---- the kernel's, in a host of its own ----
add_ns khost
for i in 0 1; do
	ns khost ip link add br$i type bridge
	ns khost ip addr add 10.0.$((2 + i)).2/24 dev br$i
	ns khost ip link set br$i up
done
for g in ga gb gc gd; do
	case $g in ga | gb) br=br0 ;; *) br=br1 ;; esac
	add_ns ${g}k
	ns khost ip link add $g type veth peer name eth0 netns ${g}k
	ns khost ip link set $g master $br up
	quiet ${g}k
done
add_ns outk
ns khost ip link add up0 mtu 1400 type veth peer name eth0 netns outk
for a in 1 70 71; do ns khost ip addr add 198.51.100.$a/24 dev up0; done
ns khost ip link set up0 up
quiet outk
ns khost python3 $DIR/hold.py $DIR/kheld &
wait_for 5 test -e $DIR/kheld
ns khost sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=0 2>/dev/null
: >$DIR/kernel
if ns khost nft -f - <<-'RULES'; then
	table ip nat {
		chain post {
			type nat hook postrouting priority 100
			oifname "up0" ip saddr 10.0.3.0/24 snat to 198.51.100.70-198.51.100.71 persistent
			oifname "up0" masquerade
		}
	}
RULES
	/usr/bin/python3 $here/nat_requirements.py k 10.0.2.2 198.51.100.1 >$DIR/kernel 2>$DIR/kernel.err ||
		note "$(tail -n 5 $DIR/kernel.err)"
else
	note "the kernel has no masquerade here: its column is empty"
fi
wait $ours || note "$(tail -n 5 $DIR/ours.err)"

# ---- by the clock ----
for t in nat_udp nat_xlate nat_limits nat_icmp nat_tcp nat_frag nat_rows nat6 nat6_frag; do
	CMOCKA_MESSAGE_OUTPUT=STDOUT "$O/tests/unit/test_$t" 2>&1 | sed -n 's/^\[       OK \] \([a-z0-9_]*\).*/\1/p'
done >$DIR/units
# clock ID RFC TEXT UNIT-TEST [SYSCTL AT-LEAST]
clock() {
	local verdict=FAIL said="unit test $4" kernel=-
	! grep -qx "$4" $DIR/units || verdict=PASS
	if [ -n "${5:-}" ] && [ -s $DIR/kernel ]; then
		kernel=$(ns khost cat "/proc/sys/net/netfilter/nf_conntrack_$5" 2>/dev/null)
		if [ "${kernel:-0}" -ge "$6" ]; then kernel=PASS; else kernel=FAIL; fi
	fi
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" $verdict "$said" >>$DIR/ours
	printf '%s\t%s\t%s\t%s\t\n' "$1" "$2" "$3" "$kernel" >>$DIR/kernel
}
clock U5 "4787 REQ-5" "UDP: a mapping lives 2 min at least, 5 min by default" \
	u5_udp_times_out_at_300_s udp_timeout 120
clock U6 "4787 REQ-6" "outbound packets refresh a mapping, inbound ones do not" u6_outbound_refreshes
clock T5 "5382 REQ-5" "TCP: established lives 2 h 4 min at least" \
	t5_established_lives_2_h_4_min tcp_timeout_established 7440
clock T5t "5382 REQ-5" "TCP: opening and closing live 4 min at least" \
	t5_opening_and_closing_live_4_min tcp_timeout_syn_sent 240
clock T11r "7857 2" "TCP: after a RST the session is kept 4 min" t11_rst_is_forwarded_and_state_kept \
	tcp_timeout_close 240
clock I2 "5508 REQ-2" "an echo's mapping lives 60 s at least" i2_query_lives_60_s icmp_timeout 60
clock I6 "5508 REQ-6" "ICMP errors neither refresh nor end anything" i6_errors_change_no_timer
clock I8 "5508 REQ-8" "no room: 3/13, and what exists lives on" x1_exhaustion_refuses_only_the_new
clock X2 "6056, 7857 9" "outside ports are random" x2_ports_are_random_and_rest
clock X2h "6888 REQ-8" "an outside port rests 120 s before it is used again" \
	x2_a_port_is_not_reused_for_120_s

clock U6a "4787 REQ-6a" "inbound packets refresh a mapping where a setting wants it" u6a_inbound_refreshes_when_asked
clock U71 "7857 7.1" "errors of the guest's refresh no mapping" i71_errors_out_refresh_nothing
clock T71 "7857 7.1" "nor do its RSTs" t71_resets_out_refresh_nothing
clock N1 "8200 4.5" "IPv6 fragments out, in any order, identifications of our own" fragments_out_in_any_order
clock N1i "8200 4.5" "IPv6 fragments in, in any order" fragments_in_in_any_order
clock N2 "5722" "IPv6 fragments that overlap: nothing more of the packet passes" overlapping_fragments_are_dropped
clock N2c "8200 4.5" "a copy of an IPv6 fragment is dropped alone" copies_are_dropped_alone
clock N3 "4787 REQ-14a" "a flood of IPv6 fragments leaves another guest's alone" fragment_floods_are_bounded
clock N4 "5095" "a source route of IPv6 is not obeyed" headers_that_speak_of_addresses_do_not
clock N5 "8200 4" "IPv6 options pass, and what they stand before is translated" extension_headers_pass
clock N6 "4787 REQ-9" "IPv6 hairpin: guest to guest by the outside address, seen from there" hairpin_has_the_outside_source
clock N7 "4890 4.3" "ICMPv6 errors about a flow come in translated, others do not" errors_come_in_translated
clock N8 "4443 3.2" "IPv6 too big: told with the MTU; no route: told" refusals_are_answered
clock N9 "2827" "IPv6 sources that are not the guest's do not leave" sources_are_checked
clock N10 "6888 REQ-4" "limits count the guest, not its many IPv6 addresses" limits_count_the_guest_not_its_addresses

# ---- the subnet ----
# 4787 REQ-7: the inner network is never the outer one.
r7=PASS said="refused when made; told by event and log when the host gets it later"
! vctl net add r7 mode=nat subnet=198.51.100.0/24 >/dev/null 2>&1 || r7=FAIL
"$VNETCTL" -s $SOCK -j events nat.clash >$DIR/clash 2>/dev/null &
sleep 0.2
ip addr add 10.0.2.77/28 dev up0
wait_for 5 grep -q '"host":"10.0.2.64/28' $DIR/clash || r7=FAIL
printf 'R7\t4787 REQ-7\tan inner network is never that of the outside\t%s\t%s\n' $r7 "$said" >>$DIR/ours
printf 'R7\t\t\t-\t\n' >>$DIR/kernel

# ---- the table ----
kernel_of() { awk -F'\t' -v id="$1" '$1 == id { print $4 }' $DIR/kernel; }
printf '# %-5s %-14s %-6s %-6s %s\n' id RFC ours kernel requirement
while IFS=$'\t' read -r id rfc text verdict said; do
	kernel=$(kernel_of "$id")
	line=$(printf '%-5s %-14s %-6s %-6s %s%s' "$id" "$rfc" "$verdict" "${kernel:--}" "$text" "${said:+ ($said)}")
	if [ "$verdict" = FAIL ]; then fail "$line"; else pass "$line"; fi
done <$DIR/ours
check "every requirement was asked" test "$(wc -l <$DIR/ours)" -ge 93

document() {
	cat <<-'HEAD'
		# NAT conformance

		Made by `DOC=doc/nat-conformance.md tests/system/test_nat_conformance.sh`; do not edit. Raw
		packets from both sides of our translator, and of the kernel's masquerade (with a pool its snat,
		persistent) in the same run; rows
		that take minutes or hours are asked of the unit tests, whose clock is stepped, and of the
		kernel's own settings. INFO: the RFC leaves the choice, and this is what was chosen.

		| id | RFC | requirement | vswitchd | kernel | seen |
		| --- | --- | --- | --- | --- | --- |
	HEAD
	while IFS=$'\t' read -r id rfc text verdict said; do
		kernel=$(kernel_of "$id")
		printf '| %s | %s | %s | %s | %s | %s |\n' "$id" "$rfc" "$text" "$verdict" "${kernel:--}" "$said"
	done <$DIR/ours
}
[ -z "${DOC:-}" ] || document >"$DOC"
check "the daemon stops cleanly" stop_daemon
finish
