#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The VMM with an unmodified Debian kernel: boot, network, console, agent, pause, reboot, power-off,
# with one and two CPUs. Where this host's KVM is not a real one it runs in the outer machine.
#
#   test_debian.sh [one_cpu] [two_cpus]
set -u
here=$(cd "$(dirname "$0")" && pwd)
export O=${O:-$(cd "$here/../.." && pwd)/build}
export PYTHONDONTWRITEBYTECODE=1

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
[ -x "$O/bin/vnet-vmm" ] || { echo "1..0 # SKIP no $O/bin/vnet-vmm"; exit 0; }
[ -s "$O/image/vmlinuz" ] || { echo "1..0 # SKIP no $O/image: run 'make image'"; exit 0; }

probe=$("$O/bin/vnet-vmm" --probe)
case $probe in
*'"kvm":"ok"'*)
	# A network namespace of its own, so that nothing of the host's is touched.
	exec unshare -n sh -c 'ip link set lo up; exec python3 "$@"' sh "$here/debian_checks.py" "$@"
	;;
esac
[ -z "${INSIDE_OUTER:-}" ] || { echo "1..0 # SKIP in the outer machine: $probe"; exit 0; }
INSIDE_OUTER=1 "$here/outer.sh" -t 600 "$0" "$@"
status=$?
[ $status = 77 ] && { echo "1..0 # SKIP no machine with a real KVM can be made here"; exit 0; }
exit $status
