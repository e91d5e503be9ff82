#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# labs.sh [KIND...] - what each lesson costs on this machine, by kind of its nodes (namespace, uml, qemu,
# kvm, vm; the first three, and kvm where guests run on it, when none is named): seconds from `lab up`
# until all nodes are ready, and memory a node, of its processes and by what a fresh daemon grew, 5 s
# later, when guests have told what they do not use (REST=S). SELFTEST=1 adds how long the selftest takes;
# LABS='01 02' asks for some. Where only KVM's emulation is: tests/nested/outer.sh bench/labs.sh kvm.

# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/../tests/system/lib.sh"
new_host "$@"
REST=${REST:-5}
[ -s "$O/image/initrd" ] || skip_all "no guest image in $O/image: make image"
start_daemon
kinds=("$@")
if [ $# = 0 ]; then
	kinds=(namespace uml qemu)
	[ "$(jctl status | json "d['hypervisor']")" != kvm ] || kinds+=(kvm)
fi

# row FILE: the cells of each kind; "-" where it can't be had.
row() {
	local kind begin
	for kind in "${kinds[@]}"; do
		if lab_cost "$1" --kind "$kind" 2>$DIR/why; then
			read -r took nodes mib <<<"$cost"
			printf ' %s | %s |' "$took" "$mib"
		else
			printf ' - | - |'
			note "$1 ($kind): $(grep -m 1 vnetctl $DIR/why)" >>$DIR/notes
			vctl lab down cost >/dev/null 2>&1
		fi
		[ -n "${SELFTEST:-}" ] || continue
		begin=${EPOCHREALTIME/./}
		vctl lab selftest "$1" --kind "$kind" >$DIR/selftest 2>&1 || echo "$1 ($kind): $(grep -v '^good' $DIR/selftest)" >>$DIR/notes
		awk -v t=$((${EPOCHREALTIME/./} - begin)) 'BEGIN { printf " %.0f |", t / 1e6 }'
	done
}

printf '| lesson | nodes |'
for kind in "${kinds[@]}"; do printf ' %s: up s | MiB a node |' "$kind"; [ -z "${SELFTEST:-}" ] || printf ' selftest s |'; done
printf '\n|---|---|'
for kind in "${kinds[@]}"; do printf -- '---|---|'; [ -z "${SELFTEST:-}" ] || printf -- '---|'; done
echo
: >$DIR/notes
for file in "$TOP"/labs/*/lab.yaml; do
	name=$(basename "$(dirname "$file")")
	[[ " ${LABS:-${name%%-*}} " == *" ${name%%-*} "* ]] || continue
	nodes=$(vctl lab validate "$file" | sed -n 's/.*networks\{0,1\}, \([0-9]*\) guests\{0,1\}, \([0-9]*\) namesp.*/\1 \2/p' | awk '{ print $1 + $2 }')
	printf '| %s | %s |' "$name" "$nodes"
	row "$file"
	echo
done
cat $DIR/notes
