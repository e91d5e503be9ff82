#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every lesson that ships: its checks are worth something, and each wrong solution is found.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox nft
start_daemon
before=$(ip -o link | wc -l)
for file in "$TOP"/labs/*/lab.yaml; do
	name=$(basename "$(dirname "$file")")
	begin=$SECONDS
	check "$name: selftest" vctl lab selftest "$file"
	note "$name: selftest took $((SECONDS - begin)) s"
	check "$name: is neat" vctl lab fmt --check "$file"
	check "$name: has tasks" grep -q . <<<"$(vctl lab tasks "$file")"
done
equal "nothing is left" "$before 0" "$(ip -o link | wc -l) $(ls /run/netns | wc -l)"
check "the daemon stops cleanly" stop_daemon
finish
