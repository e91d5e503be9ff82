#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The life of a guest, a test of the system suite, with its guests on the embedded VMM and a real KVM.
here=$(cd "$(dirname "$0")" && pwd)
export O=${O:-$(cd "$here/../.." && pwd)/build}

# shellcheck source=tests/nested/real_kvm.sh
. "$here/real_kvm.sh"
with_real_kvm "$0" "$@"
HYPERVISOR=kvm exec bash "$here/../system/test_vm.sh"
