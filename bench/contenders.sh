# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # variables that switch.sh reads
#
# contenders.sh - the switches that switch.sh compares.  Each setup_NAME makes namespaces NAMEa
# (ADDRESS.1) and NAMEb (ADDRESS.2) joined by its switch, and sets pids to the processes that do the
# switching (of those: own CPU, memory, wake-ups) and pumps to those that stand for VMMs.  It
# returns 1 and sets why when it cannot be had here.

pids='' pumps='' why=''

# ends NAME: its namespaces, without interfaces.
ends() { add_ns "$1a" && add_ns "$1b"; }

# move_tap IFNAME NS ADDRESS/PLEN: an interface of the switch's becomes the end's eth0.
move_tap() {
	wait_for 5 ip link show "$1" || return 1
	ip link set "$1" netns "$2" && ns "$2" ip link set "$1" name eth0 &&
		ns "$2" ip addr add "$3" dev eth0 && ns "$2" ip link set eth0 up
}

# pump NS ADDRESS/PLEN TAP: a VMM-like process between the namespace and a tap of the switch.
pump() {
	"$O/bench/pump" "$1" eth0 "$2" "$3" 2>>$DIR/pump.log &
	pumps="$pumps $!"
	wait_for 5 ns "$1" ip addr show dev eth0
}

# A Linux bridge; its frames are no business of this host's filters.
bridge_add() {
	ip link add "$1" type bridge && ip link set "$1" up
	echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null
	return 0
}

setup_bridge() { # veths on a Linux bridge: the baseline
	local end
	ends bridge && bridge_add lbr0 || return 1
	for end in a b; do
		ip link add lbv$end type veth peer name eth0 netns bridge$end || return 1
		ip link set lbv$end master lbr0 up
		ns bridge$end ip link set eth0 up
	done
	ns bridgea ip addr add "$1.1/24" dev eth0
	ns bridgeb ip addr add "$1.2/24" dev eth0
}

setup_bridge_tap() { # taps on a Linux bridge, each held by a VMM-like process
	local end nr=0
	ends bridge_tap && bridge_add lbr1 || return 1
	for end in a b; do
		nr=$((nr + 1))
		ip tuntap add dev lbt$end mode tap vnet_hdr || return 1
		ip link set lbt$end master lbr1 up
		pump bridge_tap$end "$1.$nr/24" lbt$end || return 1
	done
}

setup_vswitchd() { # this daemon, ports in namespaces
	start_daemon
	vctl net add vswitchd mode=lan-segment >/dev/null || return 1
	plug vswitchd vswitchda "$1.1/24" >/dev/null && plug vswitchd vswitchdb "$1.2/24" >/dev/null
	pids=$DAEMON_PID
}

setup_vswitchd_tap() { # this daemon, guests' taps, each held by a VMM-like process
	local end nr=0
	ends vswitchd_tap
	# A daemon of its own, so that its memory and CPU are its own.
	SOCK=$DIR/tap.sock STATE=$DIR/tap.state
	start_daemon
	vctl net add vswitchd_tap mode=lan-segment >/dev/null || return 1
	for end in a b; do
		nr=$((nr + 1))
		vctl port add vswitchd_tap guest$end tap=vsg$end >/dev/null || return 1
		pump vswitchd_tap$end "$1.$nr/24" vsg$end || return 1
	done
	pids=$DAEMON_PID
}

setup_ovs() { # Open vSwitch in user space with segmentation offload, internal ports
	local program=/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk end nr=0
	why="package openvswitch-switch-dpdk is not there (try: make setup-bench)"
	[ -x $program ] && command -v ovsdb-server >/dev/null || return 1
	why="Open vSwitch does not start"
	ends ovs
	export OVS_RUNDIR=$DIR/ovs OVS_LOGDIR=$DIR/ovs OVS_DBDIR=$DIR/ovs
	mkdir -p $DIR/ovs
	ovsdb-tool create $DIR/ovs/conf.db /usr/share/openvswitch/vswitch.ovsschema || return 1
	ovsdb-server $DIR/ovs/conf.db --remote=punix:$DIR/ovs/db.sock --no-chdir \
		>$DIR/ovs/db.log 2>&1 &
	wait_for 5 ovs-vsctl --no-wait init || return 1
	ovs-vsctl --no-wait set Open_vSwitch . other_config:userspace-tso-enable=true
	$program unix:$DIR/ovs/db.sock --no-chdir >$DIR/ovs/vswitchd.log 2>&1 &
	pids=$!
	ovs-vsctl -t 10 add-br ovsbr -- set bridge ovsbr datapath_type=netdev || return 1
	for end in a b; do
		nr=$((nr + 1))
		ovs-vsctl -t 10 add-port ovsbr ovs$end -- set interface ovs$end type=internal &&
			move_tap ovs$end ovs$end "$1.$nr/24" || return 1
	done
}

setup_vde() { # vde_switch on two taps
	why="package vde2 is not there (try: make setup-bench)"
	command -v vde_switch >/dev/null || return 1
	why="vde_switch does not start"
	ends vde
	vde_switch -s $DIR/vde.ctl -tap vdea -tap vdeb </dev/null >$DIR/vde.log 2>&1 -d \
		-p $DIR/vde.pid || return 1
	move_tap vdea vdea "$1.1/24" && move_tap vdeb vdeb "$1.2/24" || return 1
	pids=$(cat $DIR/vde.pid)
}
