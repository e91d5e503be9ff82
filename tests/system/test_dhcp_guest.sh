#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The DHCP client of the guest image (udhcpc) in a real guest, through its life on leases of 20 s: first
# lease, renewal, a boot with a lease that is known, a lease taken away (NAK), another network, release.
. "$(dirname "$0")/lib.sh"
new_host "$@"
# Its keeper can't be traced, also not by a leak detector at its end.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
[ -x "$O/image/linux.uml" ] || skip_all "the guest image is not built (make image)"
start_daemon
check "a network with short leases" vctl net add short mode=internal subnet=10.0.3.0/24 dhcp=on lease=20s
check "that are renewed soon" vctl dhcp set short t1=3s t2=6s
check "and another" vctl net add other mode=internal subnet=10.0.4.0/24 dhcp=on
watch $DIR/short.said -j dhcp watch short
watch $DIR/other.said -j dhcp watch other
said() { cat $DIR/*.said | grep -q "$1"; }
address() { jctl vm show g | json "d['nics'][0]['address']"; }
run() { vctl vm run g net=short memory=160MiB hypervisor=uml; }
has() { [[ $(address) == "$1"* ]]; }
inside() { vctl vm exec g -- "$@"; }
released() { [ "$(jctl dhcp list "$1" "address=$2" | json "d['leases'][0]['state']")" = expired ]; }

check "a guest" run
check "first lease" wait_for 15 said '"state":"selecting".*"answer":"ack"'
check "it has the address" wait_for 5 has 10.0.3.
first=$(address)
check "renewal" wait_for 15 said '"state":"renewing".*"answer":"ack"'
check "it is killed, and boots anew" eval "vctl vm kill g && run"
check "its lease is known: it gets the same address" wait_for 15 said '"answer":"offer".*"reason":"\(leased\|had-before\)"'
check "and has it" wait_for 5 has "$first"
check "its lease is taken away" vctl dhcp release short "$first"
check "so its renewal is refused" wait_for 15 said '"answer":"nak"'
check "and it begins anew" wait_for 10 has 10.0.3.
check "it is plugged into another network, and gets an address of that" eval \
	"vctl port move g.eth0 other && wait_for 10 has 10.0.4."
second=$(address)
inside sh -c 'kill -USR2 $(pidof udhcpc)'
check "it gives it back" wait_for 5 released other "$second"
finish
