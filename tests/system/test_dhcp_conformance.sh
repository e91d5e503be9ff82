#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each MUST of RFC 2131's tables 3, 4 and 5 and of its companions that can be seen from outside, with
# raw packets, one line each.  With DOC=FILE the table is also written as doc/dhcp-conformance.md.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need python3
start_daemon
check "a network" vctl net add n mode=internal subnet=10.0.2.0/24 dhcp=on router=10.0.2.9
check "options" vctl dhcp set n option:224:text=x force:option:225:text=y ipv6-only=30m
check "a subnet behind a relay" vctl dhcp subnet add n 10.0.3.0/24 relay=on
plug n c
ns c sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.conf.all.arp_ignore=8 2>/dev/null
plug n squatter 10.0.2.131/24
ns c /usr/bin/python3 "$TOP/tests/system/dhcp_requirements.py" >$DIR/rows 2>$DIR/rows.err ||
	fail "all are asked: $(tail -n 1 $DIR/rows.err)"
while IFS=$'\t' read -r id rfc text verdict said; do
	line=$(printf '%-10s %-13s %-4s %s%s' "$id" "$rfc" "$verdict" "$text" "${said:+ ($said)}")
	if [ "$verdict" = FAIL ]; then fail "$line"; else pass "$line"; fi
done <$DIR/rows
check "every requirement was asked" test "$(wc -l <$DIR/rows)" -ge 65
document() {
	cat <<-'HEAD'
		# DHCP conformance

		Made by `DOC=doc/dhcp-conformance.md tests/system/test_dhcp_conformance.sh`; do not edit. Raw
		packets from a port of the network to its DHCPv4 server, a line for each requirement of RFC 2131's
		tables 3, 4 and 5 and of the RFCs beside it.

		| id | RFC | requirement | verdict | seen |
		| --- | --- | --- | --- | --- |
	HEAD
	while IFS=$'\t' read -r id rfc text verdict said; do
		printf '| %s | %s | %s | %s | %s |\n' "$id" "$rfc" "$text" "$verdict" "$said"
	done <$DIR/rows
}
[ -z "${DOC:-}" ] || document >"$DOC"
check "the daemon stops cleanly" stop_daemon
finish
