#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Probes: a machine of the switch's own on networks of all modes, asked and asking, in checks and by
# hand; and nodes that lie to it, or for it.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox curl python3
start_daemon

# ---- by hand: one on each kind of network ----
ip link add up0 type veth peer name up1
ip link set up0 up
ip link set up1 up
check "five networks" eval "vctl net add nn mode=nat subnet=10.1.0.0/24 &&
	vctl net add bb mode=bridge nic=up0 && vctl net add hh mode=host-only subnet=10.3.0.0/24 &&
	vctl net add ii mode=internal subnet=10.4.0.0/24 dhcp=on && vctl net add ll mode=lan-segment"
check_not "nobody is at .3 unless asked for" ping -c 1 -W 1 10.3.0.3
refused "nor can one be asked" 'network "ll" has no probe: .*probe=ADDR/PLEN' vctl net probe ll ping 10.5.0.1
check "probes where there is a subnet" eval "for n in nn hh ii; do vctl net set \$n probe=on || exit; done"
refused "elsewhere it is told which" 'no subnet: say probe=ADDR/PLEN' vctl net set ll probe=on
check "and is there then" eval "vctl net set ll probe=10.5.0.99/24 && vctl net set bb probe=10.2.0.99/24"
refused "it is never the network's own" "the network's own" vctl net set nn probe=10.1.0.2/24
refused "nor one that a guest may get" "range of the DHCP server" vctl net set ii probe=10.4.0.200/24
vctl dhcp subnet add ii 10.44.0.0/24 range=10.44.0.20-10.44.0.29
refused "nor one of a further subnet that a guest may get" "range of the DHCP server" vctl net set ii probe=10.44.0.29/24
check "others of that are free" vctl net set ii probe=10.44.0.30/24
vctl net set ii probe=on && vctl dhcp subnet del ii 10.44.0.0/24
ip netns add n-early
vctl port add ii g-early netns=n-early ifname=eth0 >/dev/null
vctl dhcp reserve ii "$(ip -n n-early -j link show eth0 | json "d[0]['address']")" 10.4.0.50 >/dev/null
check "a guest has its address by DHCP" ip netns exec n-early busybox udhcpc -i eth0 -n -q -t 8 -T 1 -s /bin/true
refused "nor one that a guest has" "leased to" vctl net set ii probe=10.4.0.50/24
vctl port del g-early && ip netns del n-early
refused "nor nonsense" "wants off, on, ADDR/PLEN" vctl net set ll probe=10.5.0.0/24
refused "its router is on its network" "another address of the probe's subnet" vctl net set ll probe=10.5.0.99/24,10.6.0.1
equal "what is set is what was" "10.5.0.99/24" "$(jctl net show ll | json "d['settings']['probe']")"
for n in nn:10.1.0 bb:10.2.0 ii:10.4.0 ll:10.5.0 hh:10.3.0; do
	net=${n%:*} at=${n#*:}
	ip netns add n-$net
	vctl port add $net g-$net netns=n-$net ifname=eth0 >/dev/null
	ip -n n-$net addr add $at.77/24 dev eth0
	address=$at.3
	case $net in bb | ll) address=$at.99 ;; esac
	in_n() { ip netns exec n-$net "$@"; }
	check "$net: it answers ping" in_n ping -n -q -c 2 -i 0.2 -W 2 $address
	equal "$net: and gives a page that says who asked" "you are $at.77" "$(in_n curl -sm 5 http://$address/ | tail -n 1)"
	equal "$net: at any port" "you are $at.77" "$(in_n curl -sm 5 http://$address:8080/x | tail -n 1)"
	check "$net: it pings" vctl net probe $net ping $at.77
	equal "$net: says when a port is closed" refused "$(jctl net probe $net tcp $at.77 9 | json "d['result']")"
	equal "$net: when nobody is there" nobody "$(jctl net probe $net ping $at.78 timeout_ms=400 | json "d['result']")"
done
in_n() { ip netns exec n-ll "$@"; }
equal "a datagram at port 7 comes back" hello "$(in_n python3 -c 'import socket as s; u = s.socket(s.AF_INET, s.SOCK_DGRAM); u.settimeout(2); u.sendto(b"hello", ("10.5.0.99", 7)); print(u.recv(9).decode())')"
in_n busybox httpd -p 80 -h $TOP/doc
check "it fetches pages" eval "vctl net probe ll http 10.5.0.77 text=/vnet-lab.5 | grep -q 'status 200'"
equal "also one that is not there" 404 "$(jctl net probe ll http 10.5.0.77 text=/nothing | json "d['status']")"
check "a connection" vctl net probe ll tcp 10.5.0.77 80
equal "what is far without a router goes nowhere" no-route "$(jctl net probe ll ping 8.8.8.8 | json "d['result']")"
equal "with a router that is none" nobody "$(vctl net set ll probe=10.5.0.99/24,10.5.0.1; jctl net probe ll ping 8.8.8.8 timeout_ms=300 | json "d['result']")"
kill_daemon
start_daemon
check "it survives a daemon that is killed" in_n ping -n -q -c 1 -W 2 10.5.0.99
check "and is gone when it is switched off" eval "vctl net set ll probe=off && ! vctl port show ll.probe"
check_not "then nobody answers" in_n ping -n -q -c 1 -W 1 10.5.0.99
for n in nn bb ii ll hh; do vctl port del g-$n; vctl net del $n; ip netns del n-$n; done

# ---- in a lab: somebody to reach behind a gateway of one's own ----
cat >$DIR/probe.yaml <<'Y'
version: 1
name: probe
networks:
  out: {mode: lan-segment, probe: [192.0.2.99/24, 192.0.2.1]}
  lan: {mode: internal}
defaults: {kind: namespace}
nodes:
  gw:
    forward: true
    interfaces: [{network: out, address: 192.0.2.1/24}, {network: lan, address: 10.0.0.1/24}]
  pc: {interfaces: [{network: lan, address: 10.0.0.2/24, gateway: 10.0.0.1}], run: [busybox httpd -p 80 -h /etc]}
checks:
  - {id: ping, ping: {from: pc, to: probe}, within: 500ms}
  - {id: tcp, tcp: {from: pc, to: probe.out, port: 4242}, within: 500ms}
  - {id: udp, udp: {from: pc, to: probe, port: 5000}, within: 500ms}
  - {id: http, http: {from: pc, url: "http://probe/", output: "you are 10.0.0.2"}, within: 500ms}
  - {id: back, ping: {from: probe, to: pc}, within: 500ms}
  - {id: back-tcp, tcp: {from: probe, to: pc, port: 80}, within: 500ms}
  - {id: back-udp, udp: {from: probe, to: pc, port: 5000}, within: 500ms}
  - {id: back-http, http: {from: probe, url: "http://pc/hosts", output: "localhost"}, within: 500ms}
  - {id: seen, packets: {at: probe, see: "icmp and dst host {probe.ip}", while: {ping: {from: pc, to: probe}}}, within: 500ms}
  - {id: closed, tcp: {from: probe, to: pc, port: 81}, expect: fail, needs: back}
  - {id: cut, ping: {from: probe, to: pc}, fault: {link: pc.eth0, state: down}, expect: fail, needs: back}
Y
check "a lab with a probe" vctl lab up $DIR/probe.yaml
check "status tells where it is" eval "vctl lab status | grep -q 'probe.*192.0.2.99'"
vctl lab check probe >$DIR/out
equal "what is reached, passes" 0 $?
note "$(cat $DIR/out)"
equal "all by what the switch saw" outside "$(jctl lab check probe | json "' '.join(sorted(set(c['evidence'] for c in d['checks'])))")"
fails() { # ID WORDS: check ID fails, and says so
	vctl lab check probe --id $1 >$DIR/out
	equal "$1 fails" 1 $?
	check "and says: $2" grep -q "$2" $DIR/out
}
vctl lab exec probe gw -- 'echo 0 >/proc/sys/net/ipv4/ip_forward'
fails ping "no answer from 192.0.2.99"
fails back-http "the probe asked http://pc/hosts: silent"
vctl lab exec probe gw -- 'echo 1 >/proc/sys/net/ipv4/ip_forward; ip route add blackhole 10.0.0.2'
fails ping "got it and answered, but no answer came back"
vctl lab exec probe gw -- 'ip route del blackhole 10.0.0.2'
# ---- lies ----
vctl lab exec probe gw -- 'ip addr add 192.0.2.99/32 dev lo; busybox httpd -p 80 -h /etc; echo "you are 10.0.0.2" >/etc/index.html'
fails ping "somebody else answers for the probe"
fails http "somebody else answers for the probe"
vctl lab exec probe gw -- 'ip addr del 192.0.2.99/32 dev lo; ip addr add 10.0.0.2/32 dev lo'
fails back "somebody else answers for 10.0.0.2"
vctl lab exec probe gw -- 'ip addr del 10.0.0.2/32 dev lo'
check "probes are in the picture, with their addresses" grep -Eq '^  .-- \(probe\)  (10|192)\.' <<<"$(vctl lab graph probe)"
check "and for dot" grep -q '"probe [a-z]*" -- "net ' <<<"$(vctl lab graph probe --format dot)"
check "and for Mermaid" grep -q 'probe_[a-z]*{{"probe<br>' <<<"$(vctl lab graph probe --format mermaid)"
# A node whose every command says that all is well, and which sends nothing.
vctl lab exec probe pc -- 'ip link set eth0 down; for i in $(seq 1 254); do ip addr add 192.0.2.$i/32 dev lo; done 2>/dev/null; busybox httpd -p 80 -h /etc; echo "you are 10.0.0.2" >/etc/index.html'
check "it says that it pings the probe" vctl lab exec probe pc -- ping -c 1 -W 1 192.0.2.99
fails ping "the node says that 192.0.2.99 answers, but the switch saw no answer"
fails http "no page from"
fails tcp "no answer"
fails back "10.0.0.2 got it, and its answer did not come"
check "down" vctl lab down probe
check "the daemon stops cleanly" stop_daemon
finish
