#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# layers.sh - who may include whom. Each row: a folder, then the folders its files may name in
# #include "...". A mode may include nothing of another mode.
set -u
cd "$(dirname "$0")/../.." || exit 1

bad=0
check() {
	local dir=$1 file line target ok allowed
	shift
	while IFS=: read -r file line target; do
		target=${target#*\"}
		target=${target%%\"*}
		ok=0
		for allowed in "$@"; do
			[[ $target == "$allowed"/* ]] && ok=1
		done
		if [ $ok = 0 ]; then
			echo "$file:$line: $dir must not include \"$target\" (may include: $*)"
			bad=1
		fi
	done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' "$dir" --include='*.[ch]')
}

check lib lib
check dhcp dhcp lib
check dns dns lib
check tftp tftp lib
check probe probe lib
check vmm vmm lib
check nsinit nsinit lib
check vswitchd vswitchd dhcp dns tftp probe lib
check vswitchd/switch vswitchd/switch lib
check vswitchd/host vswitchd/host vswitchd/switch lib
check vswitchd/carrier vswitchd/carrier vswitchd/host vswitchd/switch lib
check client client lib
check lab lab client lib
check vnetctl vnetctl client lab lib
for mode in nat bridge hostonly internal lansegment; do
	check "modes/$mode" "modes/$mode" vswitchd dhcp dns lib
done
# The daemon names the modes in one place only.
if grep -rnE '\bmode_(nat|bridge|hostonly|internal|lansegment)\b' vswitchd --include='*.[ch]' |
	grep -vE '^vswitchd/(mode_array\.c|switch/mode\.h):'; then
	echo "vswitchd: a mode is named outside of mode_array.c"
	bad=1
fi
exit $bad
