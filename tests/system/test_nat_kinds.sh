#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A stranger names the kinds of NAT: coturn's turnutils_natdiscovery (RFC 5780) against its STUN server
# with two addresses and two ports outside, for each mapping and each filtering.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need turnserver turnutils_natdiscovery
start_daemon
add_outside
ns outside ip addr add 198.51.100.10/24 dev eth0
vctl net add n mode=nat subnet=10.0.2.0/24 >/dev/null
plug n a 10.0.2.10/24
ns a ip route add default via 10.0.2.2
ns outside turnserver -n -L 198.51.100.9 -L 198.51.100.10 -p 3478 --stun-only --no-tls --no-dtls --no-cli \
	--log-file=$DIR/turn.log --simple-log --pidfile=$DIR/turn.pid >/dev/null 2>&1 &
check "a STUN server outside" wait_for 10 ns outside sh -c "ss -Hlun | grep -q 198.51.100.10:3479"
check "reached" wait_for 5 ping_ok a 198.51.100.9

# discover OPTION: what it calls the NAT.
discover() { ns a timeout 30 turnutils_natdiscovery "$1" -L 10.0.2.10 198.51.100.9 >$DIR/said 2>&1; }
# The tool shouts each verdict; words may be split by spaces or dashes.
verdict() { sed -nE "s/.*NAT with (.*) $1!?.*/\1/Ip" $DIR/said | tail -n 1; }
is_called() { # OPTION WHAT WORD
	discover "$1"
	[ "$(verdict "$2" | tr 'A-Z-' 'a-z ')" = "$(tr 'A-Z-' 'a-z ' <<<"$3")" ]
}
for kind in endpoint-independent address-dependent address-and-port-dependent; do
	vctl net set n nat-mapping=$kind nat-filtering=endpoint-independent
	check "mapping $kind is called so" is_called -m mapping "$kind"
done
vctl net set n nat-mapping=endpoint-independent
for kind in endpoint-independent address-dependent address-and-port-dependent; do
	vctl net set n nat-filtering=$kind
	check "filtering $kind is called so" is_called -f filtering "$kind"
done
kill "$(cat $DIR/turn.pid 2>/dev/null)" 2>/dev/null
check "a clean end" stop_daemon
finish
