#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What one guest costs: seconds from `vm run` to the first command that runs in it, and memory, of the
# host (proportional set size of all its processes) and in the guest (available, of 128 MiB).
#
#   bench/guests.sh [PASSES] [IMAGE_DIR...]     with further folders of images to compare with
. "$(cd "$(dirname "$0")" && pwd)/../tests/system/lib.sh"
new_host "$@"
passes=${1:-3}
shift
dirs=("$O/image" "$@")

field() { jctl vm show "$1" | json "$2"; }
is_state() { [ "$(field "$1" "d['state']")" = "$2" ]; }
# The process and all that come from it.
tree() { local p; echo "$1"; for p in $(cat "/proc/$1/task/"*/children 2>/dev/null); do tree "$p"; done; }
pss() { for p in $(tree "$1"); do cat "/proc/$p/smaps_rollup" 2>/dev/null; done | awk '/^Pss:/ { s += $2 } END { print int(s / 1024) }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
now() { echo "${EPOCHREALTIME/[.,]/}"; }

guest() { # HYPERVISOR: milliseconds, MiB of the host, MiB available inside
	local begin
	begin=$(now)
	vctl vm run g net=n memory=128MiB hypervisor="$1" 2>/dev/null || return 1
	wait_for 60 is_state g running && vctl vm exec g -- true || return 1
	echo "$((($(now) - begin) / 1000)) $(pss "$(field g "d['pid']")") $(vctl vm exec g -- \
		"awk '/^MemAvailable/ { print int(\$2 / 1024) }' /proc/meminfo")"
	vctl vm kill g
}

namespace() {
	local begin
	begin=$(now)
	vctl lab up "$DIR/one.yaml" >/dev/null && vctl lab exec one h -- true || return 1
	echo "$((($(now) - begin) / 1000)) 0 -"
	vctl lab down one >/dev/null
}

cat >"$DIR/one.yaml" <<'END'
version: 1
name: one
networks: {sw: {mode: lan-segment}}
nodes: {h: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.1/24}]}}
END
echo "load average $(cut -d ' ' -f 1 /proc/loadavg), medians of $passes"
printf '%-12s %-30s %10s %12s %12s\n' node images "ready, s" "host, MiB" "left, MiB"
for dir in "${dirs[@]}"; do
	start_daemon --image "$dir"
	vctl net show n >/dev/null 2>&1 || vctl net add n mode=host-only subnet=10.0.0.0/24
	for kind in kvm uml qemu namespace; do
		for ((i = 0; i < passes; i++)); do
			if [ $kind = namespace ]; then namespace; else guest $kind; fi
		done >"$DIR/runs"
		[ -s "$DIR/runs" ] || continue
		printf '%-12s %-30s %10s %12s %12s\n' $kind "$(basename "$(dirname "$dir")")/$(basename "$dir")" \
			"$(cut -d ' ' -f 1 "$DIR/runs" | median | awk '{ printf "%.1f", $1 / 1000 }')" \
			"$(cut -d ' ' -f 2 "$DIR/runs" | median)" "$(cut -d ' ' -f 3 "$DIR/runs" | median)"
	done
	stop_daemon
done
