#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every verb of checks in a table: what must pass, what must fail, and with which words.  Each that
# must fail is also asked with `expect: fail`, which then passes.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox nft
start_daemon
ip netns add inet
ip link add up0 type veth peer name eth0 netns inet
ip addr add 203.0.113.1/24 dev up0
ip link set up0 up
ip -n inet addr add 203.0.113.9/24 dev eth0
ip -n inet link set eth0 up
ip route add default via 203.0.113.9

# VERB | a map that passes | one that fails | what it says then
rows=$(cat <<'E2'
ping|{from: pc, to: web}|{from: pc, to: 10.2.0.99}|no answer from 10.2.0.99
tcp|{from: pc, to: web.eth0, port: 80}|{from: pc, to: web.eth0, port: 81}|no answer from 10.2.0.2:81
udp|{from: pc, to: web, port: 5000}|{from: pc, to: deaf.eth1, port: 5000}|it did not reach 10.3.0.9:5000
http|{from: pc, url: "http://web/page", output: "^hello$"}|{from: pc, url: "http://web/page", output: "^bye$"}|says 'hello', wanted /.bye./
dns|{from: gw, name: web.in.verbs.vnet, answer: 10.1.0.3}|{from: gw, name: web.in.verbs.vnet, answer: 10.1.0.4}|web.in.verbs.vnet has another address than 10.1.0.4
dhcp|{node: gw}|{node: web, nic: eth0}|no answer from a DHCP server
lease|{node: gw}|{node: late, nic: eth0}|late.eth0 has no
address|{node: pc, in: 10.1.0.0/24}|{node: pc, in: 10.9.0.0/24}|10.1.0.2 is outside 10.9.0.0/24
route|{node: pc, to: 10.2.0.0/24, via: 10.1.0.1}|{node: pc, to: 10.2.0.0/24, via: 10.1.0.99}|via 10.1.0.1
path|{from: pc, to: web.eth0, through: [gw]}|{from: pc, to: web.eth0, not-through: [gw]}|the way to 10.2.0.2 leads through gw
mac-table|{network: in, node: pc}|{network: in, node: web, nic: eth1, at: pc.eth0}|in knows nothing of
nat|{network: out, node: gw, port: 80}|{network: out, node: gw, port: 81}|0 flows of gw
packets|{at: web.eth0, see: icmp, while: {ping: {from: pc, to: web}}}|{at: web.eth0, see: "udp port 9", for: 200ms}|no frame of .udp port 9. at web.eth0
throughput|{from: pc, to: web, at-least: 1Mbit, for: 500ms}|{from: pc, to: web, at-most: 100kbit, for: 500ms}|Mbit/s
file|{node: web, path: /srv/w/page, output: hello}|{node: web, path: /srv/w/none}|none
exec|{node: pc, command: "echo 7", output: "^7$"}|{node: pc, command: "exit 3"}|status 3, wanted 0
E2
)
cat >$DIR/verbs.yaml <<'Y'
version: 1
name: verbs
networks:
  in: {mode: internal, subnet: 10.1.0.0/24, dhcp: {range: 10.1.0.128-10.1.0.200}}
  dmz: {mode: lan-segment}
  far: {mode: lan-segment}
  out: {mode: nat}
defaults: {kind: namespace}
nodes:
  gw:
    forward: true
    interfaces: [{network: out}, {network: in, address: 10.1.0.1/24}, {network: dmz, address: 10.2.0.1/24}]
  pc: {interfaces: [{network: in, address: 10.1.0.2/24, gateway: 10.1.0.1}], run: [ip route add 10.2.0.0/24 via 10.1.0.1]}
  web:
    interfaces: [{network: dmz, address: 10.2.0.2/24, gateway: 10.2.0.1}, {network: in, address: 10.1.0.3/24}]
    run: [mkdir -p /srv/w, echo hello >/srv/w/page, ip route add 10.1.0.2/32 via 10.2.0.1, busybox httpd -p 80 -h /srv/w &]
  deaf: {interfaces: [{network: dmz, address: 10.2.0.9/24}, {network: far, address: 10.3.0.9/24}]}
  late: {interfaces: [{network: in, address: none}]}
checks:
Y
verbs=
while IFS='|' read -r verb good bad _; do
	verbs+="$verb "
	printf '  - {id: g-%s, %s: %s, within: 2s}\n' "$verb" "$verb" "$good"
	printf '  - {id: b-%s, %s: %s, within: 10ms}\n' "$verb" "$verb" "$bad"
	printf '  - {id: n-%s, %s: %s, expect: fail, needs: g-%s}\n' "$verb" "$verb" "$bad" "$verb"
	case $good in *pc*) printf '  - {id: d-%s, %s: %s, expect: fail, needs: g-%s, hidden: true, fault: {off: pc}}\n' "$verb" "$verb" "$good" "$verb" ;; esac
done <<<"$rows" >>$DIR/verbs.yaml
ip netns exec inet busybox httpd -p 80 -h /etc
check "a lab" vctl lab up $DIR/verbs.yaml
check "the way out is there" wait_for 10 vctl lab exec verbs gw -- busybox wget -q -O /dev/null http://203.0.113.9/hostname
jctl lab check verbs >$DIR/results.json
note "$(json "', '.join(c['id'] + ' %.1f s' % c['seconds'] for c in d['checks'] if c['seconds'] > 1)" <$DIR/results.json)"
json "chr(10).join('|'.join([c['id'], c['result'], c['evidence'], c['detail']]) for c in d['checks'])" <$DIR/results.json >$DIR/results
result() { # ID FIELD: what is in the table of results
	local id word whose detail
	while IFS='|' read -r id word whose detail; do [ "$id" != "$1" ] || echo "${!2}"; done <$DIR/results
}
equal "there are as many verbs as the manual has" 16 "$(wc -l <<<"$rows")"
while IFS='|' read -r verb _ _ words; do
	equal "$verb passes ($(result g-$verb detail))" pass "$(result g-$verb word)"
	equal "$verb fails" fail "$(result b-$verb word)"
	check "$verb says why: $(result b-$verb detail)" grep -qE -- "$words" <<<"$(result b-$verb detail)"
	equal "$verb: expect: fail passes" pass "$(result n-$verb word)"
	case $verb in route | file | exec | address) side=inside ;; *) side=outside ;; esac
	equal "$verb: whose word it is" $side "$(result g-$verb whose)"
done <<<"$rows"
# What expects failure fails when its sender is dead, whatever does not arrive. LONG=1: of all verbs.
for verb in ${LONG:+tcp udp http address route path throughput} exec; do
	vctl lab check verbs --id d-$verb --hidden >$DIR/out
	equal "$verb: a sender that is off proves nothing" 1 $?
done
check "down" vctl lab down verbs
check "the daemon stops cleanly" stop_daemon
finish
