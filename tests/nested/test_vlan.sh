#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The VLAN test of the system suite on Debian's kernel, which has what others may lack: 802.1Q
# interfaces for a router on one trunk, and a bridge that filters VLANs. So nothing of it is skipped.
here=$(cd "$(dirname "$0")" && pwd)
export O=${O:-$(cd "$here/../.." && pwd)/build}

# shellcheck source=tests/nested/real_kvm.sh
. "$here/real_kvm.sh"
OUTER_LIMIT=300 with_debian_kernel "$0" "$@"
ip link add v0 type bridge vlan_filtering 1 && ip link add link v0 name v0.5 type vlan id 5 ||
	{ echo "1..1"; echo "not ok 1 - Debian's kernel has VLANs"; exit 1; }
ip link del v0
exec bash "$here/../system/test_vlan.sh"
