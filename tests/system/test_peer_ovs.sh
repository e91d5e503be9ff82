#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Open vSwitch (its user space data path) at the other end of two cables: rapid spanning tree with
# an implementation that is not ours, and VLANs on a trunk.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ovsdb-tool ovsdb-server ovs-vsctl ovs-appctl ping
for ovs in /usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk /usr/sbin/ovs-vswitchd; do
	[ ! -x $ovs ] || break
done
need $ovs
start_daemon

export OVS_RUNDIR=$DIR/ovs OVS_LOGDIR=$DIR/ovs OVS_DBDIR=$DIR/ovs
mkdir -p $DIR/ovs
vsctl() { ovs-vsctl -t 10 --db=unix:$DIR/ovs/db.sock "$@"; }
ovsdb-tool create $DIR/ovs/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server $DIR/ovs/conf.db --remote=punix:$DIR/ovs/db.sock --no-chdir >$DIR/ovs/db.log 2>&1 &
wait_for 5 vsctl --no-wait init || skip_all "Open vSwitch's database does not start"
$ovs unix:$DIR/ovs/db.sock --unixctl=$DIR/ovs/ctl --no-chdir >$DIR/ovs/switch.log 2>&1 &
vsctl add-br ob -- set bridge ob datapath_type=netdev || skip_all "Open vSwitch does not start"
for i in 1 2; do
	ip link add ours$i type veth peer name theirs$i
	ip link set ours$i up && ip link set theirs$i up
	vsctl add-port ob theirs$i
done
# station NAME ADDRESS [COLUMN=VALUE]: a namespace on Open vSwitch.
station() {
	add_ns "$1"
	ip link add "v$1" type veth peer name eth0 netns "$1"
	ip link set "v$1" up
	vsctl add-port ob "v$1" ${3:+"$3"} -- set port "v$1" other_config:rstp-port-admin-edge=true
	ns "$1" ip addr add "$2" dev eth0
	ns "$1" ip link set eth0 up
}

# ---- rapid spanning tree ----
vsctl set bridge ob rstp_enable=true other_config:rstp-priority=4096
station o 10.1.0.2/24
check "a network with spanning tree" vctl net add t mode=lan-segment stp=on
check "one cable" vctl port add t c1 nic=ours1
check "a second" vctl port add t c2 nic=ours2
plug t a 10.1.0.1/24
in_tree() { jctl stp show t | json "[p['role'] + ' ' + p['state'] for p in d['ports'] if p['port'] == '$1'][0]"; }
# Which of the two is spare depends on how Open vSwitch numbers its ports.
one_each() {
	lead=c1 spare=c2
	is_in c1 "root forwarding" || { lead=c2 spare=c1; is_in c2 "root forwarding"; } || return 1
	is_in $spare "alternate discarding"
}
theirs() { ovs-appctl -t $DIR/ovs/ctl rstp/show ob; }
we_lead() { theirs | grep -q "theirs1 *Root *Forwarding" && theirs | grep -q "theirs2 *Alternate *Discarding"; }
is_in() { [ "$(in_tree "$1")" = "$2" ]; }
check "one cable is the way to the root, the other is blocked" wait_for 10 one_each
equal "the root is Open vSwitch" 4096 "$(jctl stp show t | json "d['root'].split('.')[0]")"
equal "both speak the rapid protocol" "rstp rstp" \
	"$(jctl stp show t | json "' '.join(p['protocol'] for p in d['ports'] if p['port'] in ('c1', 'c2'))")"
check "a reaches o" wait_for 10 ping_ok a 10.1.0.2 -W 1
note "$(vctl stp show t)"
begin=${EPOCHREALTIME/[.,]/}
check "the cable is cut" vctl port down $lead
check "the other takes over at once" wait_for 2 is_in $spare "root forwarding"
check "and a reaches o" wait_for 10 ping_ok a 10.1.0.2 -W 1
note "reached again after $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) ms"
vctl port up $lead
check "back on the first" wait_for 10 is_in $spare "alternate discarding"
check "we become the root" vctl net set t stp-priority=0
check "Open vSwitch follows, and blocks one cable" wait_for 10 we_lead
check "a reaches o again" wait_for 10 ping_ok a 10.1.0.2 -W 1
note "$(theirs)"
vctl net del t
vsctl set bridge ob rstp_enable=false -- del-port theirs2

# ---- VLANs ----
vsctl set port theirs1 trunks=10,20
station o10 10.2.0.2/24 tag=10
station o20 10.2.0.2/24 tag=20
vctl net add v mode=lan-segment
vctl port add v up nic=ours1
check "our trunk" vctl port set up trunk=10,20
plug v a10 10.2.0.1/24 && vctl port set a10.eth0 vlan=10
plug v a20 10.2.0.1/24 && vctl port set a20.eth0 vlan=20
for i in 10 20; do
	check "VLAN $i to Open vSwitch" wait_for 5 ping_ok a$i 10.2.0.2 -W 1
	check "VLAN $i from Open vSwitch" ping_ok o$i 10.2.0.1
done
equal "the answers came from two stations" "$(ns_mac o10) $(ns_mac o20)" "$(for i in 10 20; do
	ns a$i ip neigh show 10.2.0.2 | sed 's/.*lladdr \([^ ]*\).*/\1/'; done | xargs)"
check "a clean end" stop_daemon
finish
