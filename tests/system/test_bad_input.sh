#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bad input: each mistake gives one clear line and exit status 1, and leaves nothing half-made.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need socat
start_daemon

interfaces() { ip -o link | awk -F': ' '{ print $2 }' | sort; }
# What there is and in which state; not what passed, which is the host's own chatter.
objects() {
	local list
	for list in net port vm lab; do
		jctl $list list | json "[(o['name'], o.get('state'), o.get('ports')) for o in d]"
	done
	interfaces
}
before=$(objects)

# Networks
refused "unknown mode" "natt.*(nat|bridge)" vctl net add n1 mode=natt
usage_error "no mode" "mode" vctl net add n1
usage_error "unknown setting" "colour" vctl net add n1 mode=internal colour=red
refused "bad subnet" "10.0.2.0/33" vctl net add n1 mode=nat subnet=10.0.2.0/33
refused "a name that is a path" "\.\./n1" vctl net add ../n1 mode=internal
refused "LAN segments have no DHCP" "dhcp|DHCP" vctl net add n1 mode=lan-segment dhcp=on
refused "bridge without a card" "nic" vctl net add n1 mode=bridge
refused "bridge on a card that is not there" "nosuch0" vctl net add n1 mode=bridge nic=nosuch0
refused "an unknown network" "nowhere" vctl net del nowhere
refused "a port on an unknown network" "nowhere" vctl port add nowhere p1
refused "an unknown port" "p9" vctl port del p9
equal "nothing was made" "$before" "$(objects)"

check "a first NAT network" vctl net add n1 mode=nat subnet=10.0.2.0/24
refused "the same name again" "n1" vctl net add n1 mode=internal
refused "overlapping subnets" "10.0.2.0/24.*n1|n1.*10.0.2.0/24" \
	vctl net add n2 mode=host-only subnet=10.0.2.128/25
ip link add up0 type veth peer name up1
ip addr add 192.168.50.1/24 dev up0
ip link set up0 up
ip link set up1 up
refused "a subnet that the host has already" "192.168.50.0/24" \
	vctl net add n2 mode=host-only subnet=192.168.50.0/24
refused "a gateway outside of its subnet" "10.9.9.9" \
	vctl net add n2 mode=nat subnet=10.0.3.0/24 gateway=10.9.9.9
refused "a DHCP range outside of its subnet" "10.9.9.1" \
	vctl net add n2 mode=nat subnet=10.0.3.0/24 dhcp=10.9.9.1-10.9.9.9

# Guests
with_n1=$(objects)
refused "a kernel file that is not there" "/nonexistent" \
	vctl vm run g1 net=n1 kernel=/nonexistent
refused "a kernel that is none" "kernel" vctl vm run g1 net=n1 kernel=/etc/passwd
refused "a guest on an unknown network" "nowhere" vctl vm run g1 net=nowhere
refused "too many CPUs" "cpus|CPU" vctl vm run g1 net=n1 cpus=99
refused "memory without a unit" "memory" vctl vm run g1 net=n1 memory=256
refused "memory that the host does not have" "memory" vctl vm run g1 net=n1 memory=900GiB
refused "an unknown hypervisor" "xen" vctl vm run g1 net=n1 hypervisor=xen
refused "the same MAC address twice" "52:54:00:00:00:01" vctl vm run g1 \
	net=n1,mac=52:54:00:00:00:01 net=n1,mac=52:54:00:00:00:01
refused "a multicast MAC address" "01:00:5e" vctl vm run g1 net=n1,mac=01:00:5e:00:00:01
refused "a guest that is not there" "g9" vctl vm stop g9
equal "no guest, port or tap was left" "$with_n1" "$(objects)"

# Ports run out with a clear line.
check "an internal network" vctl net add many mode=internal
max=$(jctl net show many | json "d['ports_max']")
made=$(for i in $(seq "$max"); do
	echo "{\"jsonrpc\":\"2.0\",\"id\":$i,\"method\":\"port.add\",\"params\":{\"net\":\"many\",\"name\":\"m$i\"}}"
done | socat -t 60 - UNIX-CONNECT:$SOCK | grep -c '"result"')
equal "a network takes its $max ports" "$max" "$made"
refused "no free port" "many.*$max|$max.*many" vctl port add many one-more
check "the network with all its ports goes" vctl net del many

# The control socket
garbage() { printf "$1" | timeout 5 socat -t 2 - UNIX-CONNECT:$SOCK; }
check "garbage is answered by a parse error" grep -q -- -32700 <<<"$(garbage 'hello?\n')"
check "binary garbage as well" grep -q -- -32700 <<<"$(garbage '\001\377{\002\n')"
check "an unknown method is named" grep -q 'net.explode' \
	<<<"$(garbage '{"jsonrpc":"2.0","id":1,"method":"net.explode"}\n')"
check "an unknown parameter is named" grep -q 'colour' \
	<<<"$(garbage '{"jsonrpc":"2.0","id":1,"method":"net.list","params":{"colour":1}}\n')"
head -c 3000000 /dev/zero | tr '\0' x | timeout 10 socat -t 2 - UNIX-CONNECT:$SOCK >/dev/null 2>&1
head -c 300000 /dev/urandom | timeout 10 socat -t 2 - UNIX-CONNECT:$SOCK >/dev/null 2>&1
printf '{"jsonrpc":"2.0","id":1,"meth' | timeout 5 socat -t 1 - UNIX-CONNECT:$SOCK >/dev/null
check "the daemon still answers" vctl status
check "and the network is as it was" vctl net show n1
refused "a second daemon on the same state" "$STATE|another" \
	"$VSWITCHD" --foreground --socket $DIR/second.sock --state $STATE

# Topology files
lab() { cat >$DIR/lab.yaml; }
refused_lab() { # TEXT PATTERN, file on stdin; a second line may be the corrected one
	lab
	vctl lab up $DIR/lab.yaml >/dev/null 2>$DIR/lab.err
	equal "$1: status" 1 $?
	check "$1" grep -qE -- "$2" $DIR/lab.err
}
labs_before=$(objects)
refused_lab "YAML that is none" "lab.yaml:3:[0-9]+: " <<'Y'
version: 1
name: x
networks: {sw: {mode: lan-segment}
Y
refused_lab "an unknown mode in a file" "lab.yaml:3:[0-9]+: .*did you mean 'bridge'" <<'Y'
version: 1
name: x
networks: {sw: {mode: bridged}}
nodes: {h1: {interfaces: [{network: sw, address: none}]}}
Y
refused_lab "an unknown key with its neighbour" "lab.yaml:4:[0-9]+: .*interfaces" <<'Y'
version: 1
name: x
networks: {sw: {mode: lan-segment}}
nodes: {h1: {interface: [{network: sw}]}}
Y
refused_lab "overlapping subnets in a file" "lab.yaml:5:[0-9]+: .*10.0.3" <<'Y'
version: 1
name: x
networks:
  a: {mode: host-only, subnet: 10.0.3.0/24}
  b: {mode: host-only, subnet: 10.0.3.0/25}
nodes: {h1: {interfaces: [{network: a}]}}
Y
refused_lab "the same address twice" "lab.yaml:6:[0-9]+: .*10.0.0.1" <<'Y'
version: 1
name: x
networks: {sw: {mode: lan-segment}}
nodes:
  h1: {interfaces: [{network: sw, address: 10.0.0.1/24}]}
  h2: {interfaces: [{network: sw, address: 10.0.0.1/24}]}
Y
refused "a file that is not there" "nosuch.yaml" vctl lab up $DIR/nosuch.yaml
equal "no lab left anything" "$labs_before" "$(objects)"

lab <<'Y'
version: 1
name: twice
networks: {sw: {mode: lan-segment}}
nodes:
  h1: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.1/24}]}
  h2: {kind: namespace, interfaces: [{network: sw, address: 10.0.0.2/24}]}
checks:
  - {id: wire, title: h1 reaches h2, ping: {from: h1, to: h2}, within: 5s}
Y
check "a lab goes up" vctl lab up $DIR/lab.yaml
sed "s/^name: twice$/&\ntitle: changed/" $DIR/lab.yaml >$DIR/other.yaml
refused "a second lab of the same name" "twice.*is up already, of another text" vctl lab up $DIR/other.yaml
check "the first one is unharmed" vctl lab check twice
check "it goes down" vctl lab down twice
equal "and nothing of it is left" "$labs_before" "$(objects)"

check "the daemon stops cleanly" stop_daemon
finish
