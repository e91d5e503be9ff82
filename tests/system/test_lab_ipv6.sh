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
    run:
      - ip -6 addr add fd00:2::2/64 dev eth0 nodad && ip -6 route add default via fd00:2::1
      - mkdir -p /srv/www && echo hello >/srv/www/index.html
      - exec busybox httpd -f -p 80 -h /srv/www &
stages: [{id: all, file: all.md}]
checks:
  - {id: ping, ping: {from: pc, to: "fd00:2::2", at-most: 2s}}
  - {id: tcp, tcp: {from: pc, to: "fd00:2::2", port: 80}}
  - {id: http, http: {from: pc, url: "http://[fd00:2::2]:80/", output: hello}}
  - {id: path, path: {from: pc, to: "fd00:2::2", through: r}}
  - {id: default, route: {node: pc, to: default, via: "fd00:1::1"}}
  - {id: get, route: {node: pc, to: "fd00:2::2", via: "fd00:1::1"}}
  - {id: prefix, route: {node: pc, to: "fd00:1::/64", dev: eth0}}
  - {id: address, address: {node: pc, in: "fd00:1::/64"}}
  - {id: closed, tcp: {from: pc, to: "fd00:2::2", port: 81}, expect: fail, needs: ping}
  - {id: pulled, ping: {from: pc, to: "fd00:2::2"}, expect: fail, needs: ping, fault: {link: s.eth0, state: down}}
END
echo 'the word is {word}' >$DIR/all.md
check "a stage's text in a file has the values" grep -q 'word is kiwi' <<<"$(vctl lab tasks $DIR/six.yaml)"
check "a lab of IPv6" vctl lab up $DIR/six.yaml
vctl lab exec six pc -- 'ip -6 addr flush dev eth0 scope global; ip -6 addr add fd00:1::5/64 dev eth0 nodad
	ip -6 route replace default via fd00:1::1; ip -6 neigh add fd00:1::77 lladdr 02:00:00:00:00:01 dev eth0'
vctl lab exec six r -- 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; nft add table ip6 mine'
reached() { vctl lab exec six pc -- ping -6 -c 1 -W 2 fd00:2::2; }
check "pc reaches s" wait_for 5 reached
vctl lab exec six pc -- 'ip link add br7 type bridge; : >/etc/rc.local; chmod 755 /etc/rc.local' # which a namespace does not run
vctl lab save six --out $DIR/six.vlab >$DIR/out 2>&1
equal "its work is saved" 0 $?
check "and what is lost is named" grep -q 'not saved pc: the interface br7' $DIR/out
vctl lab reset six >/dev/null
check_not "a fresh lab has none of it" reached
check "and is put back" vctl lab restore six $DIR/six.vlab
check "pc reaches s again" wait_for 5 reached
equal "by its own address alone" "fd00:1::5/64" \
	"$(vctl lab exec six pc -- ip -o -6 addr show dev eth0 scope global | awk '{ print $4 }' | xargs)"
check "the fixed neighbour is there" grep -q 02:00:00:00:00:01 <<<"$(vctl lab exec six pc -- ip -6 neigh)"
check "and the table" vctl lab exec six r -- nft list table ip6 mine

# ---- checks: each passes now, and fails where nobody set anything ----
vctl lab check six >$DIR/out
check "all checks pass" test $? -eq 0 -a "$(grep -c '^PASS' $DIR/out)" -eq 10
equal "the switch saw what is traffic" 6 "$(grep -c '^PASS.*outside' $DIR/out)"
vctl lab reset six >/dev/null
sed -i '/^  - {id: /s/}$/, within: 1s}/' $DIR/six.yaml
vctl lab apply six $DIR/six.yaml >/dev/null
vctl lab check six >$DIR/out
equal "none does in a fresh lab" 0 "$(grep -c '^PASS  [^p]' $DIR/out)"
check "a page's refusal is said" grep -q 'no page from http://\[fd00:2::2\]:80/: no answer' $DIR/out
check "a missing address, too" grep -q 'pc.eth0 has no address in fd00:1::/64' $DIR/out
vctl lab down six >/dev/null

finish
