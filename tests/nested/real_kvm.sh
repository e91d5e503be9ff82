# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For tests that need a kernel that this machine may not have: source it, then
#
#	with_real_kvm "$0" "$@"
#
# goes on where KVM is real, else runs the script again in the outer machine (outer.sh) and ends
# with its result;
#
#	with_debian_kernel "$0" "$@"
#
# always does that: the machine has all modules of Debian's kernel. O must be an absolute path.

in_outer_machine() {
	local status
	# Everything there takes ten times as long.
	START_LIMIT=60 INSIDE_OUTER=1 "$(dirname "${BASH_SOURCE[0]}")/outer.sh" -t "${OUTER_LIMIT:-900}" bash "$@"
	status=$?
	[ $status = 77 ] && { echo "1..0 # SKIP no such machine can be made here"; exit 0; }
	exit $status
}

with_debian_kernel() {
	[ -z "${INSIDE_OUTER:-}" ] || return 0
	[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
	[ -s "$O/image/vmlinuz" ] || { echo "1..0 # SKIP no $O/image: run 'make image'"; exit 0; }
	in_outer_machine "$@"
}

with_real_kvm() {
	local probe
	[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
	[ -x "$O/bin/vnet-vmm" ] || { echo "1..0 # SKIP no $O/bin/vnet-vmm"; exit 0; }
	[ -s "$O/image/vmlinuz" ] || { echo "1..0 # SKIP no $O/image: run 'make image'"; exit 0; }
	probe=$("$O/bin/vnet-vmm" --probe)
	case $probe in
	*'"kvm":"ok"'*) return 0 ;;
	esac
	[ -z "${INSIDE_OUTER:-}" ] || { echo "1..0 # SKIP in the outer machine: $probe"; exit 0; }
	in_outer_machine "$@"
}
