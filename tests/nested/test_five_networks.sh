#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# labs/five-networks.yaml with every guest on the embedded VMM and a real KVM; where this host's KVM
# is not a real one, in the outer machine. Every check of the lab is a test here.
here=$(cd "$(dirname "$0")" && pwd)
export O=${O:-$(cd "$here/../.." && pwd)/build}

# shellcheck source=tests/nested/real_kvm.sh
. "$here/real_kvm.sh"
with_real_kvm "$0" "$@"
# shellcheck source=tests/system/lib.sh
. "$here/../system/lib.sh"
new_host "$@"

lab=five-networks
file=$DIR/$lab.yaml
sed 's/^defaults: {/&hypervisor: kvm, /' "$TOP/labs/$lab.yaml" >"$file"
check "the lab's guests are to run on KVM" grep -q 'hypervisor: kvm' "$file"
before=$(ip -o link | wc -l)
start_daemon

begin=$SECONDS
check "lab up" vctl lab up "$file"
note "up in $((SECONDS - begin)) s"
note "$(vctl vm list)"
guests=$(jctl vm list | json 'len(d)')
equal "every guest is on the embedded VMM" "$guests" \
	"$(jctl vm list | json 'sum(v["hypervisor"] == "kvm" and v["state"] == "running" for v in d)')"
equal "one tap for each NIC of a guest" \
	"$(jctl vm list | json 'sum(len(v["nics"]) for v in d)')" \
	"$(jctl vm list | json '"\n".join(n["tap"] for v in d for n in v["nics"])' |
		while read -r tap; do ip link show "$tap" >/dev/null 2>&1 && echo "$tap"; done | wc -l)"
# Booting touches most of their memory; what they do not use then they report.
most_kib() { jctl vm list | json 'max(v["rss_kib"] for v in d)'; }
gave_back() { [ "$(most_kib)" -lt $((100 << 10)) ]; }
check "they give back what they do not use" wait_for 20 gave_back
note "at most $(most_kib) KiB resident"

# The lab's own checks, a test for each.
begin=$SECONDS
jctl lab check $lab >$DIR/check.json
status=$?
while IFS=$'\t' read -r verdict id title; do
	case $verdict in
	pass) pass "$id: $title" ;;
	*) fail "$id: $title ($verdict)" ;;
	esac
done < <(json '"\n".join("\t".join([c["result"], c["id"], c["title"]]) for c in d["checks"])' \
	<$DIR/check.json)
equal "lab check succeeds" 0 $status
note "checked in $((SECONDS - begin)) s"

check "lab down" vctl lab down $lab
equal "no guest is left" 0 "$(jctl vm list | json 'len(d)')"
check "the daemon stops cleanly" stop_daemon
equal "no interface is left" "$before" "$(ip -o link | wc -l)"
equal "no namespace is left" "" "$(ls /run/netns)"
equal "no table is left" "" "$(nft list tables 2>/dev/null)"
finish
