#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# demo.sh - the main job, as a student would see it: real Linux guests on all five kinds of
# network, every claim checked, and nothing left behind.
#
# It runs in network, mount and process namespaces of its own: no packet can leave the machine,
# and even a demo that is killed takes everything with it. What the host looks like is recorded
# before and compared after.
set -u
cd "$(dirname "$0")/.." || exit 1
O=${O:-build}
[[ $O == /* ]] || O=$PWD/$O
lab=${LAB:-labs/five-networks.yaml}

if [ "$(id -u)" != 0 ]; then
	echo "demo: this makes network interfaces and needs root: sudo make demo" >&2
	exit 1
fi

# What must be the same afterwards.
snapshot() {
	echo "interfaces:"
	ip -o link | awk -F': ' '{ print "  " $2 }'
	echo "namespaces:"
	ip netns list | sed 's/^/  /'
	echo "nft tables:"
	nft list tables 2>/dev/null | sed 's/^/  /'
	echo "processes of the demo:"
	pgrep -fa "${state:-/tmp/vswitchd-demo\\.}" | grep -v tools/demo.sh | sed 's/^/  /'
	echo "files:"
	find /run/netns /run/vswitchd /var/lib/vswitchd /tmp/vswitchd-demo.* -maxdepth 1 2>/dev/null |
		sort | sed 's/^/  /'
	echo "sysctl: ip_forward=$(cat /proc/sys/net/ipv4/ip_forward)"
}

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
[ -t 1 ] || step() { printf '\n== %s\n' "$*"; }

inside() {
	local state=$1 result=0
	# A host of its own: nothing but a loopback interface.
	ip link set lo up
	mount -t tmpfs tmpfs /run
	mkdir /run/netns
	export VNET_SOCKET=$state/control.sock
	PATH=$O/bin:$PATH

	step "vswitchd: the daemon"
	vswitchd --socket "$VNET_SOCKET" --state "$state/state" || return 1
	vnetctl status
	step "vnetctl doctor: what this machine can do"
	vnetctl doctor
	step "vnetctl lab up $lab"
	vnetctl lab up "$lab" || result=1
	if [ $result = 0 ]; then
		step "vnetctl vm list: the guests"
		vnetctl vm list
		step "vnetctl lab status: guests, network cards, modes, addresses"
		vnetctl lab status
		step "ip link: one tap for each network card of a guest"
		ip -br link | grep -E '^vs-'
		step "vnetctl lab check: every claim of the five modes"
		vnetctl lab check || result=1
		step "vnetctl lab down"
		vnetctl lab down "$lab" || result=1
	fi
	step "vswitchd stops"
	pkill -TERM -x vswitchd
	for _ in $(seq 100); do
		pgrep -x vswitchd >/dev/null || break
		sleep 0.1
	done
	pgrep -a 'vswitchd|vnet-vmm|qemu-system' 2>/dev/null && result=1
	left=$(ip -o link | grep -vcE '^[0-9]+: lo:')
	left_ns=$(find /run/netns -mindepth 1 | wc -l)
	left_nft=$(nft list tables | wc -l)
	echo "left in the demo's host: $left interfaces, $left_ns namespaces, $left_nft nft tables"
	[ "$left$left_ns$left_nft" = 000 ] || result=1
	return $result
}

if [ "${1-}" = --inside ]; then
	inside "$2"
	exit
fi

begin=$SECONDS
before=$(snapshot)
state=$(mktemp -d /tmp/vswitchd-demo.XXXXXX)
trap 'rm -rf "$state"' EXIT
unshare --net --mount --pid --fork --kill-child --mount-proc "$0" --inside "$state"
status=$?
[ $status = 0 ] || { echo; echo "the daemon's log:"; tail -n 20 "$state"/state/*.log 2>/dev/null; }
rm -rf "$state"

step "before and after"
after=$(snapshot)
new=$(diff <(echo "$before") <(echo "$after") | grep '^>')
if [ -z "$new" ]; then
	echo "nothing is left: no interface, namespace, nft table, process or file that was not there before"
else
	printf 'LEFT BEHIND:\n%s\n' "$new"
	status=1
fi
echo
if [ $status = 0 ]; then
	echo "demo: PASS in $((SECONDS - begin)) s"
else
	echo "demo: FAIL in $((SECONDS - begin)) s"
fi
exit $status
