#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# labs/five-networks.yaml with real guests, on whatever hypervisor this host has.
. "$(dirname "$0")/lib.sh"
new_host "$@"
[ -s "$O/image/vmlinuz" ] && [ -s "$O/image/initrd" ] || skip_all "no guest image in $O/image: make image"
start_daemon
[ "$(jctl status | json "d['hypervisor']")" != none ] || skip_all "no hypervisor: neither KVM nor QEMU"

before="$(ip -o link | wc -l) $(ls /run/netns | wc -l)"
note "hypervisor: $(jctl status | json "d['hypervisor']")"
check "the lab comes up" vctl lab up "$TOP/labs/five-networks.yaml"
note "$(vctl lab status)"
jctl lab check five-networks >$DIR/checks.json
while IFS=$'\t' read -r result text; do
	if [ "$result" = pass ]; then pass "$text"; else fail "$text"; fi
done < <(json "'\n'.join(c['result'] + '\t' + c['title'] + ('' if c['result'] == 'pass' else ': ' + c['detail']) for c in d['checks'])" \
	<$DIR/checks.json)
equal "exec in a guest" client "$(vctl lab exec five-networks client -- hostname)"
vctl lab exec five-networks client -- 'echo out; echo err >&2; exit 9' >$DIR/o 2>$DIR/e
equal "exec gives the guest's status" 9 $?
equal "and its stdout and stderr apart" "out err" "$(cat $DIR/o) $(cat $DIR/e)"
check "the console answers" grep -q "console-works" \
	<<<"$( (sleep 1; echo; echo 'echo console-"works"'; sleep 3) | timeout 8 "$VNETCTL" -s $SOCK lab console five-networks client)"
check "the lab goes down" vctl lab down five-networks
equal "no interface, no namespace is left" "$before" "$(ip -o link | wc -l) $(ls /run/netns | wc -l)"
check "the daemon stops cleanly" stop_daemon
finish
