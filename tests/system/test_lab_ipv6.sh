#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# test_lab_ipv6.sh - labs that speak IPv6: a student's work is kept, checks see it.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need nft ping
start_daemon

# ---- IPv6: what a student sets comes back in place of what the file's commands set ----
cat >$DIR/six.yaml <<'END'
version: 1
name: six
variables: {word: kiwi}
defaults: {kind: namespace}
networks: {l: {mode: lan-segment}, m: {mode: lan-segment}}
nodes:
  pc:
    interfaces: [{network: l}]
    run: [ip -6 addr add fd00:7::1/64 dev eth0 nodad, "ip -6 route add default via fd00:7::9"]
  r:
    interfaces: [{network: l}, {network: m}]
    run: [ip -6 addr add fd00:1::1/64 dev eth0 nodad, ip -6 addr add fd00:2::1/64 dev eth1 nodad]
  s:
    interfaces: [{network: m}]
    run: [ip -6 addr add fd00:2::2/64 dev eth0 nodad, "ip -6 route add default via fd00:2::1"]
stages: [{id: all, file: all.md}]
END
echo 'the word is {word}' >$DIR/all.md
check "a stage's text in a file has the values" grep -q 'word is kiwi' <<<"$(vctl lab tasks $DIR/six.yaml)"
check "a lab of IPv6" vctl lab up $DIR/six.yaml
vctl lab exec six pc -- 'ip -6 addr flush dev eth0 scope global; ip -6 addr add fd00:1::5/64 dev eth0 nodad
	ip -6 route replace default via fd00:1::1; ip -6 neigh add fd00:1::77 lladdr 02:00:00:00:00:01 dev eth0'
vctl lab exec six r -- 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; nft add table ip6 mine'
reached() { vctl lab exec six pc -- ping -6 -c 1 -W 2 fd00:2::2; }
check "pc reaches s" wait_for 5 reached
check "its work is saved" vctl lab save six --out $DIR/six.vlab
vctl lab reset six >/dev/null
check_not "a fresh lab has none of it" reached
check "and is put back" vctl lab restore six $DIR/six.vlab
check "pc reaches s again" wait_for 5 reached
equal "by its own address alone" "fd00:1::5/64" \
	"$(vctl lab exec six pc -- ip -o -6 addr show dev eth0 scope global | awk '{ print $4 }' | xargs)"
check "the fixed neighbour is there" grep -q 02:00:00:00:00:01 <<<"$(vctl lab exec six pc -- ip -6 neigh)"
check "and the table" vctl lab exec six r -- nft list table ip6 mine
vctl lab down six >/dev/null

finish
