#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The same lab several times at once: the same addresses on networks of every mode, no crosstalk;
# and what can't be the same, said in words.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox nft curl
start_daemon
ip netns add inet
ip link add up0 type veth peer name eth0 netns inet
ip addr add 203.0.113.1/24 dev up0
ip link set up0 up
ip -n inet addr add 203.0.113.9/24 dev eth0
ip -n inet link set eth0 up
ip route add default via 203.0.113.9
ip netns exec inet busybox httpd -p 80 -h /etc
cat >$DIR/all.yaml <<'Y'
version: 1
name: all
networks:
  out: {mode: nat, subnet: 10.9.0.0/24, host: off, probe: on}
  lan: {mode: internal, subnet: 10.1.0.0/24, dhcp: on, probe: on}
  adm: {mode: host-only, probe: on}
  sw: {mode: lan-segment, probe: 10.2.0.99/24}
defaults: {kind: namespace}
nodes:
  a:
    interfaces: [{network: out, address: 10.9.0.5/24, gateway: 10.9.0.2}, {network: lan, address: 10.1.0.5/24}, {network: adm}, {network: sw, address: 10.2.0.5/24}]
    run: [mkdir -p /srv/w, "hostname >/dev/null; cat /proc/sys/kernel/random/uuid >/srv/w/index.html", busybox httpd -p 80 -h /srv/w &]
  b: {interfaces: [{network: lan}, {network: sw, address: 10.2.0.6/24}]}
checks:
  - {id: out, ping: {from: a, to: 203.0.113.9}, within: 5s}
  - {id: nat, nat: {network: out, node: a}, needs: out}
  - {id: lan, ping: {from: b, to: a.eth1}, within: 5s}
  - {id: lease, lease: {node: b}}
  - {id: sw, ping: {from: probe.sw, to: a}, within: 5s}
  - {id: back, tcp: {from: probe.out, to: a, port: 80}, within: 5s}
Y
n=${COPIES:-3}
rc=0
for i in $(seq "$n"); do vctl lab up $DIR/all.yaml --name c$i >$DIR/up.$i 2>&1 || { rc=1; cat $DIR/up.$i; }; done
equal "$n copies are up" 0 $rc
for i in $(seq "$n"); do check "c$i passes" vctl lab check c$i; done
page() { vctl lab exec "c$1" b -- busybox wget -q -O - "http://$2/"; }
equal "the same addresses are $n machines" "$n" "$(for i in $(seq "$n"); do page "$i" 10.2.0.5; done | sort -u | wc -l)"
equal "also in internal networks" "$n" "$(for i in $(seq "$n"); do page "$i" 10.1.0.5; done | sort -u | wc -l)"
for i in $(seq "$n"); do
	vctl lab exec c$i a -- 'for k in 1 2 3 4 5; do busybox wget -q -O - http://203.0.113.9/hostname || exit; done' >$DIR/page.$i &
	pids[i]=$!
done
rc=0
for p in "${pids[@]}"; do wait "$p" || rc=1; done
equal "all reach the outside at once, from the same address" "0 $((5 * n))" "$rc $(cat $DIR/page.* | grep -c .)"
vctl lab link c1 a.eth3 down >/dev/null
check_not "a cable that is pulled in one" vctl lab check c1 --id sw
check "is not in the other" vctl lab check c2 --id sw
vctl lab link c1 a.eth3 up >/dev/null
check_not "the host has no address of them" sh -c "ip -4 addr show | grep -q 'inet 10[.]9[.]'"
kill_daemon
start_daemon
check "they live on when the daemon was killed" eval "vctl lab check c1 && vctl lab check c$n"
check_not "still without an address of the host's" sh -c "ip -4 addr show | grep -q 'inet 10[.]9[.]'"
for i in $(seq "$n"); do vctl lab down c$i >/dev/null; done

# ---- what can't be the same ----
sed 's/, host: off//' $DIR/all.yaml >$DIR/leg.yaml
check "one with a leg of the host's" vctl lab up $DIR/leg.yaml --name one
vctl lab up $DIR/leg.yaml --name two >/dev/null 2>$DIR/err
equal "a second one is refused" 1 $?
check "with what to change" grep -q "subnet 10.9.0.0/24 is in use: network one.out has 10.9.0.0/24.*say host=off" $DIR/err
check "one without a leg may be beside it" vctl lab up $DIR/all.yaml --name two
check "and works" vctl lab check two
check "as the first does" vctl lab check one
vctl lab down one >/dev/null
vctl lab down two >/dev/null
sed 's/adm: {mode: host-only/adm: {mode: host-only, host: off/' $DIR/all.yaml >$DIR/bad.yaml
vctl lab validate $DIR/bad.yaml 2>$DIR/err
check "host-only without the host is another mode" grep -q "without the host it is mode: internal" $DIR/err
refused "by hand too" "host= does not go with mode=host-only" vctl net add x mode=host-only host=off
equal "nothing is left" "[] []" "$(jctl net list) $(jctl lab list)"
check "the daemon stops cleanly" stop_daemon
finish
