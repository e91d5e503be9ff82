#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vnet-vmm beside QEMU's microvm, with the same kernel and initrd in the same machine: time to the
# first line of userspace, resident memory beside guest RAM, ping. Medians of N runs, taken in turn.
#
#   compare.sh [N]
set -u
here=$(cd "$(dirname "$0")" && pwd)
export O=${O:-$(cd "$here/../.." && pwd)/build}
export PYTHONDONTWRITEBYTECODE=1

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
[ -x "$O/bin/vnet-vmm" ] || { echo "1..0 # SKIP no $O/bin/vnet-vmm"; exit 0; }
command -v qemu-system-x86_64 >/dev/null || { echo "1..0 # SKIP no qemu-system-x86_64"; exit 0; }
case $("$O/bin/vnet-vmm" --probe) in
*'"kvm":"ok"'*) exec unshare -n python3 "$here/compare_checks.py" "$@" ;;
esac
[ -z "${INSIDE_OUTER:-}" ] || { echo "1..0 # SKIP the outer machine has no KVM"; exit 0; }
INSIDE_OUTER=1 "$here/outer.sh" -t 600 "$0" "$@"
status=$?
[ $status = 77 ] && { echo "1..0 # SKIP no machine with a real KVM can be made here"; exit 0; }
exit $status
