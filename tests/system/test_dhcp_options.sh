#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# DHCP options as people set them: by network, subnet, class and client; told by list and explain;
# kept over a crash, taken back exactly; several subnets on one wire.

. "$(dirname "$0")/lib.sh"
new_host "$@"
need busybox ip
start_daemon

# told NS OPTION ARGS...: what udhcpc's script is told when it asks for option number OPTION.
told() {
	local n=$1 opt=$2
	shift 2
	cat >$DIR/told.sh <<-'E'
		#!/bin/sh
		[ "$1" = bound ] && env | grep -E '^(ip|router|ntpsrv|lease|search|staticroutes|opt[0-9]+|boot_file|siaddr|serverid)='
		exit 0
	E
	chmod 755 $DIR/told.sh
	ns "$n" busybox udhcpc -i eth0 -n -q -f -t 8 -T 1 -O "$opt" -s $DIR/told.sh "$@" 2>/dev/null
}
value() { sed -n "s/^$1=//p"; }
rules() { jctl dhcp options lan | json "sorted((o['layer'], o['name'] or '', o['option'], o['value']) for o in d['options'])"; }

check "a network" vctl net add lan mode=internal subnet=10.0.2.0/24 dhcp=on
plug lan a
plug lan web
before=$(rules)
check "options of the network" vctl dhcp set lan router=10.0.2.9 ntp=10.0.2.3,10.0.2.4 lease=2h \
	search=a.example,b.a.example routes="10.8.0.0/16 via 10.0.2.8" option:224:hex=01:02:ff
out=$(told a ntpsrv)
equal "a client is told the router" 10.0.2.9 "$(value router <<<"$out")"
equal "and the lease" 7200 "$(value lease <<<"$out")"
equal "and what it asks for" "10.0.2.3 10.0.2.4" "$(value ntpsrv <<<"$out")"
equal "not what it does not ask for" "" "$(value opt224 <<<"$out")"
equal "a list of domains" "a.example b.a.example" "$(told a search | value search)"
equal "routes, and the way out that they would take away" \
	"10.8.0.0/16 10.0.2.8 0.0.0.0/0 10.0.2.9" "$(told a staticroutes | value staticroutes)"
equal "an option by number" 0102ff "$(told a 224 | value opt224)"
check "forced" vctl dhcp set lan force:option:224:hex=0a
equal "it comes unasked" 0a "$(told a ntpsrv | value opt224)"

check "a class" vctl dhcp class add lan pxe "vendor=PXEClient*"
check "its options" vctl dhcp set lan class=pxe bootfile=pxelinux.0 next-server=10.0.2.7
equal "a client of the class gets them" "pxelinux.0 10.0.2.7" \
	"$(told a bootfile -V PXEClient:Arch:00007 | sed -n 's/^\(boot_file\|siaddr\)=//p' | sort -r | tr '\n' ' ' | sed 's/ $//')"
equal "another does not" "" "$(told a bootfile -V other | value boot_file)"
check "an address for a guest that is not there yet" vctl dhcp reserve lan later:0 10.0.2.50
check "options of a client" vctl dhcp set lan client=later lease=20s router=none
plug lan later
out=$(told later ntpsrv)
equal "it comes and gets its address" 10.0.2.50 "$(value ip <<<"$out")"
equal "its lease, and no router" "20 " "$(value lease <<<"$out") $(value router <<<"$out")"
equal "list knows its port" later.eth0 "$(jctl dhcp list lan port=later.eth0 | json "d['leases'][0]['port']")"
equal "list filters" 1 "$(jctl dhcp list lan address=10.0.2.50 | json "len(d['leases'])")"
check "explain says why" sh -c "'$VNETCTL' -s $SOCK dhcp explain lan 10.0.2.50 | grep -q 'gets 10.0.2.50: it is reserved'"
equal "and which setting an option is from" port \
	"$(jctl dhcp explain lan 10.0.2.50 | json "[o['layer'] for o in d['options'] if o['option'] == 'lease'][0]")"
check "and what is free" sh -c "'$VNETCTL' -s $SOCK dhcp explain lan 10.0.2.250 | grep -q 'it is free'"

refused "an option that there is not" 'did you mean "router"' vctl dhcp set lan rooter=10.0.2.1
refused "a value that is none" "not a number" vctl dhcp set lan mtu=big
refused "a class that there is not" "no class" vctl dhcp set lan class=nix mtu=1400
refused "a class without a mark" "known by" vctl dhcp class add lan all
refused "an option that is the server's" "the server fills it in" vctl dhcp set lan option:54:ip=10.0.2.1
refused "a subnet that is there" "has 10.0.2.0/24 already" vctl dhcp subnet add lan 10.0.2.0/25
usage_error "a word that is no option" "is not OPTION=VALUE" vctl dhcp set lan router

check "a second subnet on the wire" vctl dhcp subnet add lan 10.0.3.0/24 range=10.0.3.10-10.0.3.11
check "with a router of its own" vctl dhcp set lan subnet=10.0.3.0/24 router=10.0.3.1
check "an address there for a client" vctl dhcp reserve lan web 10.0.3.20
out=$(told web ntpsrv)
equal "it gets it, from the server's address there, with the router there" "10.0.3.20 10.0.3.254 10.0.3.1" \
	"$(value ip <<<"$out") $(value serverid <<<"$out") $(value router <<<"$out")"
ns web ip addr add 10.0.3.20/24 dev eth0
check "the server answers a ping there" ping_ok web 10.0.3.254

set=$(rules)
kill_daemon
start_daemon
equal "all of it is there after a crash" "$set" "$(rules)"
equal "the leases of the second subnet too" bound \
	"$(jctl dhcp list lan address=10.0.3.20 | json "d['leases'][0]['state']")"
check "taken back: the subnet" vctl dhcp subnet del lan 10.0.3.0/24
check "the class" vctl dhcp class del lan pxe
check "the options" vctl dhcp set lan router=default ntp=default lease=default search=default \
	routes=default option:224:hex=default
check "the client's" vctl dhcp set lan client=later:0 lease=default router=default
equal "nothing is left of it" "$before" "$(rules)"

# A pool for each subnet: the second is for those whom the first has no room for.
check "a small network" vctl net add tiny mode=internal subnet=10.0.4.0/24 dhcp=10.0.4.10-10.0.4.10
check "with more room elsewhere" vctl dhcp subnet add tiny 10.0.5.0/24
plug tiny t1
plug tiny t2
equal "the first comes here" 10.0.4.10 "$(told t1 router | value ip)"
equal "the second goes there" 10.0.5.128 "$(told t2 router | value ip)"

# The same in a topology file.
cat >$DIR/lab.yaml <<'E'
version: 1
name: opts
networks:
  o:
    mode: internal
    subnet: 10.7.0.0/24
    dhcp:
      range: 10.7.0.10-10.7.0.20
      options: {ntp: [10.7.0.3, 10.7.0.4], wpad: "http://w/"}
      subnets: [{subnet: 10.8.0.0/24, options: {router: 10.8.0.1}}]
      classes: {pxe: {vendor: "PXEClient*", options: {bootfile: pxelinux.0}}}
      clients: {h1: {address: 10.7.0.77, options: {lease: 30s}}}
nodes:
  h1: {kind: namespace, interfaces: [{network: o}]}
checks:
  - {id: addr, title: h1 has what is reserved for it, address: {node: h1, in: 10.7.0.77/32}, within: 20s}
E
check "a lab with options comes up" vctl lab up $DIR/lab.yaml
check "and its check passes" vctl lab check opts
equal "with what the file says" "['class', 'client', 'network', 'network', 'subnet']" \
	"$(jctl dhcp options opts.o | json "sorted(o['layer'] for o in d['options'])")"
check "it goes down" vctl lab down opts

vctl net add seg mode=lan-segment >/dev/null
refused "never on a LAN segment" "addresses are the guests' own" vctl net add seg2 mode=lan-segment dhcp=on
refused "nor options for it" "has no DHCP server" vctl dhcp set seg dns=1.1.1.1
finish
