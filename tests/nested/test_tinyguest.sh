#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The VMM with a guest of a few kilobytes, which any /dev/kvm runs in no time, also one that
# interprets its guests: DHCP, pings, pause, reset, power-off, and one run for each attack that a
# hostile guest may try.
set -u
here=$(cd "$(dirname "$0")" && pwd)
export O=${O:-$(cd "$here/../.." && pwd)/build}
[[ $O == /* ]] || O=$PWD/$O
export PYTHONDONTWRITEBYTECODE=1

skip() { echo "1..0 # SKIP $*"; exit 0; }
[ "$(id -u)" = 0 ] || skip "needs root"
[ -x "$O/bin/vnet-vmm" ] || skip "no $O/bin/vnet-vmm"
probe=$("$O/bin/vnet-vmm" --probe)
case $probe in
*'"kvm":"ok"'* | *'"kvm":"interprets"'*) ;;
*) skip "$probe" ;;
esac

guest=$O/nested/tiny-guest
mkdir -p "$O/nested"
(cd "$here/guest" && ${CC:-gcc} -std=gnu17 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Os \
	-ffreestanding -mgeneral-regs-only -mno-red-zone -fno-pic -fno-pie -no-pie -fno-builtin \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -nostdlib -static \
	-Wl,--build-id=none -Wl,-T,guest.ld -Wl,--oformat,binary -o "$guest" \
	head.S main.c virtio.c net.c hostile.c) || { echo "not ok 1 - the guest compiles"; exit 1; }

exec unshare -n sh -c 'ip link set lo up; exec python3 "$@"' sh "$here/tiny_checks.py" "$guest"
