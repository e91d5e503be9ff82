# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For tests that need a real KVM: source it, then
#
#	with_real_kvm "$0" "$@"
#
# goes on where KVM is real, else runs the script again in the outer machine (outer.sh) and ends
# with its result. O must be an absolute path.

with_real_kvm() {
	local probe status
	[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
	[ -x "$O/bin/vnet-vmm" ] || { echo "1..0 # SKIP no $O/bin/vnet-vmm"; exit 0; }
	[ -s "$O/image/vmlinuz" ] || { echo "1..0 # SKIP no $O/image: run 'make image'"; exit 0; }
	probe=$("$O/bin/vnet-vmm" --probe)
	case $probe in
	*'"kvm":"ok"'*) return 0 ;;
	esac
	[ -z "${INSIDE_OUTER:-}" ] || { echo "1..0 # SKIP in the outer machine: $probe"; exit 0; }
	# Everything there takes ten times as long.
	START_LIMIT=60 INSIDE_OUTER=1 "$(dirname "${BASH_SOURCE[0]}")/outer.sh" -t "${OUTER_LIMIT:-900}" bash "$@"
	status=$?
	[ $status = 77 ] && { echo "1..0 # SKIP no machine with a real KVM can be made here"; exit 0; }
	exit $status
}
