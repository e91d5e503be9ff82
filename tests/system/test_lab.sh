#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Labs of namespaces: up, status, check, exec, graph, down; failures undo what was made; negative
# checks are worth something.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox
start_daemon

interfaces() { ip -o link | awk -F'[:@] *' '{ print $2 }' | sort; }
left >$DIR/before

cat >$DIR/two.yaml <<'Y'
version: 1
name: two
title: Two hosts
networks:
  sw: {mode: lan-segment}
  adm: {mode: host-only, subnet: 192.168.77.0/24}
nodes:
  h1: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.1/24}]}
  h2:
    kind: namespace
    interfaces: [{network: sw, address: 10.0.0.2/24}, {network: adm}]
    run:
      - ip link show eth0
      - "mount -t tmpfs x /mnt && echo hi >/mnt/index.html && exec busybox httpd -f -p 80 -h /mnt &"
  far:
    kind: namespace
    interfaces: [{veth: far0, address: 198.51.100.1/24, host-address: 198.51.100.2/24}]
checks:
  - {id: wire, title: h1 reaches h2, ping: {from: h1, to: h2}, within: 5s, points: 2}
  - {id: web, http: {from: h1, url: "http://h2/", output: "^hi$"}, points: 1, needs: wire}
  - {id: open, tcp: {from: h1, to: h2, port: 80}, needs: wire}
  - {id: shut, tcp: {from: h1, to: h2, port: 81}, expect: fail, needs: open}
  - {id: lease, lease: {node: h2, nic: eth1}}
  - {id: there, address: {node: h2, nic: eth1, in: 192.168.77.128/25}, needs: lease}
  - {id: host, ping: {from: host, to: h2.eth1}, needs: lease}
  - {id: far, ping: {from: host, to: far}}
  - {id: apart, ping: {from: h1, to: h2.eth1}, needs: [wire, lease], expect: fail}
  - {id: words, exec: {node: h1, command: "echo {h2.eth0.mac} {h2.ip}", output: "^52:54:00:.* 10.0.0.2$"}}
  - {id: status, exec: {node: h1, command: "exit 3", status: 3}}
Y
check "the file is well formed" vctl lab validate $DIR/two.yaml
vctl lab check two >/dev/null 2>&1
equal "check of a lab that is not up" 4 $?
check "up" vctl lab up $DIR/two.yaml
check "a second up of the same lab finds it whole" grep -q "two is up already, and whole" <<<"$(vctl lab up $DIR/two.yaml)"
check "it is listed" grep -q "^two " <<<"$(vctl lab list)"
equal "status has a row for each NIC" 4 "$(jctl lab status two | json "len(d['nics'])")"
check "with its address" grep -Eq "h1 +namespace +up +eth0 +sw +lan-segment +10.0.0.1/24" \
	<<<"$(vctl lab status)"
check "every check passes" vctl lab check two
equal "as JSON too" "11 0 3" "$(jctl lab check | json "'%d %d %d' % (d['passed'], d['failed'], d['points'])")"
check "status shows the lease" grep -Eq "192.168.77.1[2-9][0-9]" <<<"$(vctl lab status two)"
vctl lab exec two h1 -- sh -c 'echo out; echo err >&2; exit 7' >$DIR/o 2>$DIR/e
equal "exec passes the status on" 7 $?
equal "and stdout and stderr apart" "out err" "$(cat $DIR/o) $(cat $DIR/e)"
equal "several words are one command" "a  b" "$(vctl lab exec two h1 -- echo 'a  b')"
equal "one word is shell text" "2" "$(vctl lab exec two h1 -- 'echo $((1+1))')"
refused "an unknown node" "no node 'h9'" vctl lab exec two h9 -- true
check "a namespace's console is a shell" grep -q "shell-works" \
	<<<"$( (sleep 0.5; echo 'echo shell-"works"; exit'; sleep 1) | timeout 8 "$VNETCTL" -s $SOCK lab console two h1)"
check "a picture as text" grep -q "h1.eth0  10.0.0.1/24" <<<"$(vctl lab graph two)"
check "and for dot" grep -q '"node h1" -- "net sw"' <<<"$(vctl lab graph $DIR/two.yaml format=dot)"
check "and for Mermaid" grep -q 'node_h1 ---|"eth0<br>10.0.0.1/24' <<<"$(vctl lab graph two --format mermaid)"
if command -v neato >/dev/null; then
	check "and as SVG" grep -q '<svg' <<<"$(vctl lab graph two --format svg)"
else
	skip "and as SVG" "graphviz is not there"
fi

# What must fail fails, what could not be tried does not pass.
check "h2's cable is pulled" vctl port down h2.eth0
vctl lab check two >$DIR/out 2>&1
equal "a failed check gives status 1" 1 $?
check "it is named" grep -q "^FAIL  h1 reaches h2" $DIR/out
check "negative checks do not pass for want of it" eval 'grep -A 1 "^FAIL  apart" $DIR/out | grep -q "not tried"'
check "down" vctl lab down two
check "nothing is left" nothing_left
check "down again is no failure" vctl lab down two
check "down by file" vctl lab down $DIR/two.yaml
equal "no process is left" "" "$(pgrep -f 'httpd -f -p 80' || true)"

# A sender without an address proves nothing.
cat >$DIR/mute.yaml <<'Y'
version: 1
name: mute
networks: {sw: {mode: internal}}
nodes:
  h1: {kind: namespace, interfaces: [{network: sw, address: none}]}
  h2: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.2/24}]}
checks:
  - {id: ok, exec: {node: h1, command: "true"}}
  - {id: neg, ping: {from: h1, to: h2}, expect: fail, needs: ok, within: 1s}
Y
check "a lab with a node without address" vctl lab up $DIR/mute.yaml
check "a negative check from it does not pass" grep -q "h1 has no address" <<<"$(vctl lab check)"
check "down" vctl lab down

# Cables between networks: a triangle.
cat >$DIR/loops.yaml <<'Y'
version: 1
name: loops
title: three switches in a triangle, and spanning tree
networks:
  a: {mode: lan-segment, stp: on, stp-priority: 4096} # the root
  b: {mode: lan-segment, stp: on}
  c: {mode: lan-segment, stp: on}
cables:
  ab: {between: [a, b]}
  bc: {between: [b, c]}
  ca: {between: [c, a], link: {delay: 5ms}} # the longer way
nodes:
  h1: {kind: namespace, interfaces: [{network: a, address: 10.0.0.1/24}]}
  h2: {kind: namespace, interfaces: [{network: b, address: 10.0.0.2/24}]}
  h3: {kind: namespace, interfaces: [{network: c, address: 10.0.0.3/24}]}
checks:
  - {id: near, title: h1 reaches h2, ping: {from: h1, to: h2}, within: 20s}
  - {id: far, title: h1 reaches h3, ping: {from: h1, to: h3}, within: 20s}
  - {id: across, title: h2 reaches h3, ping: {from: h2, to: h3}, within: 20s}
Y
check "a lab with a loop of cables" vctl lab up $DIR/loops.yaml
check "its checks pass" vctl lab check loops
resting() { for n in a b c; do jctl stp show $n; done | grep -c '"role": "alternate"'; }
equal "one end of one cable rests" 1 "$(resting)"
equal "a cable's link: is on its first end" "delay=5ms" "$(port_stat ca.c "d['impair']['words']")"
check "it is in the picture" grep -q '^c --- a  cable ca' <<<"$(vctl lab graph loops)"
ns loops.h1 ping -n -q -i 0.02 -c 100 -W 1 10.0.0.2 >$DIR/pings 2>&1 &
pings=$!
check "a cable is pulled" vctl port down ab.a
wait $pings
check "and the next takes over at once" test "$(sed -n 's/.* \([0-9]*\) received.*/\1/p' $DIR/pings)" -ge 80
check "and everybody still reaches everybody" vctl lab check loops
check "down" vctl lab down loops
check "nothing is left" nothing_left

# Two at once: one wins, and the other undoes nothing of it.
for i in 1 2 3; do
	vctl lab up $DIR/two.yaml >$DIR/a 2>&1 &
	first=$!
	vctl lab up $DIR/two.yaml >$DIR/b 2>&1
	second=$?
	wait $first
	failures=$(($? + second))
	# The later one is refused, or finds the lab whole when the first was done.
	check "one of two simultaneous ups wins ($i)" test $failures -le 1
	[ $failures = 0 ] || check "the other is told why ($i)" grep -q "somebody else is at it" $DIR/a $DIR/b
	check "and its checks pass ($i)" vctl lab check two
	vctl lab down two >/dev/null
done
check "nothing is left of either" nothing_left

# All or nothing
cat >$DIR/half.yaml <<'Y'
version: 1
name: half
networks: {a: {mode: internal}, b: {mode: bridge, nic: nosuch0}}
nodes: {h1: {kind: namespace, interfaces: [{network: a}, {veth: v0}]}}
Y
refused "a card that is not there" "half.*nosuch0" vctl lab up $DIR/half.yaml
check "nothing is left of it" nothing_left
cat >$DIR/half.yaml <<'Y'
version: 1
name: half
networks: {a: {mode: internal}}
nodes: {h1: {kind: namespace, interfaces: [{network: a, address: 10.0.0.1/24}], run: ["echo sorry >&2; exit 9"]}}
Y
refused "a command that fails" "h1.*status 9: sorry" vctl lab up $DIR/half.yaml
check "nothing is left of it either" nothing_left
cat >$DIR/half.yaml <<'Y'
version: 1
name: half
networks: {a: {mode: internal}}
nodes: {g1: {kernel: nosuch, interfaces: [{network: a}]}}
Y
refused "a kernel that is not there" "half.yaml:4:22.*nosuch" vctl lab up $DIR/half.yaml
check "nothing is left of that" nothing_left

# Ctrl-C while it comes up
cat >$DIR/slow.yaml <<'Y'
version: 1
name: slow
networks: {a: {mode: internal}}
nodes: {h1: {kind: namespace, interfaces: [{network: a, address: 10.0.0.1/24}], run: ["sleep 5"]}}
Y
"$VNETCTL" -s $SOCK lab up $DIR/slow.yaml >$DIR/out 2>&1 &
slow=$!
wait_for 5 grep -q namespace $DIR/out
sleep 0.3
kill -TERM $slow
wait $slow
equal "an interrupted up fails" 1 $?
check "and leaves nothing" nothing_left

vctl lab validate "$TOP/labs/five-networks.yaml" >$DIR/out 2>&1
equal "the lab that ships is well formed" 0 $?
check "the daemon stops cleanly" stop_daemon
finish
