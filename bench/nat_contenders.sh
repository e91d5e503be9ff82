# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # variables that nat.sh reads
#
# nat_contenders.sh - the translators that nat.sh compares. Each setup_NAME makes the namespace NAME
# of a guest that reaches `outside` at $address through it, and sets pids to the processes that do
# the translating and pumps to those that stand for VMMs. It returns 1 and sets why when it cannot be
# had here.

# Not by ping: not all of them translate it.
reaches_outside() { [ "$("$O/bench/frames" rtt $near outside $address 5 idle)" != "0 0" ]; }

setup_vswitchd() { # the guest is a port in a namespace
	start_daemon
	vctl net add n mode=nat subnet=10.9.1.0/24 dhcp=off || return 1
	plug n vswitchd 10.9.1.10/24 || return 1
	ns vswitchd ip route add default via 10.9.1.2
	for i in $(seq 11 33); do
		ns vswitchd ip addr add 10.9.1.$i/24 dev eth0
	done
	pids=$DAEMON_PID
}

# router NS NR: a namespace that forwards from eth0 (10.9.NR.1) to outside and masquerades.
router() {
	address=198.51.10$2.9
	ip link add vr"$2" type veth peer name eth"$2" netns outside || return 1
	ip link set vr"$2" netns "$1" name eth1
	ns outside ip addr add $address/24 dev eth"$2"
	ns outside ip link set eth"$2" up
	ns "$1" ip addr add 198.51.10"$2".1/24 dev eth1
	ns "$1" ip link set eth1 up
	ns "$1" ip addr add 10.9."$2".1/24 dev eth0
	ns "$1" ip link set eth0 up
	ns "$1" sysctl -qw net.ipv4.ip_forward=1
	ns "$1" nft -f - <<-'RULES'
		table ip nat {
			chain post {
				type nat hook postrouting priority 100;
				oifname "eth1" masquerade
			}
		}
	RULES
}

setup_kernel_tap() { # forwarding and masquerade, the guest's tap worked by a process
	add_ns kernel_tap && add_ns router2 || return 1
	# Not by ns(): of the process itself, not of a shell that waits for it, the CPU time is asked.
	nsenter --net=/run/netns/router2 -- "$O/bench/pump" kernel_tap eth0 10.9.2.2/24 eth0 2>>$DIR/pump.log &
	pumps=$!
	wait_for 5 ns kernel_tap ip addr show dev eth0 && wait_for 5 ns router2 ip link show eth0 ||
		return 1
	router router2 2
	wait_for 5 ns kernel_tap ip route add default via 10.9.2.1
}

setup_kernel() { # the same with the guest on a veth: no process at all
	add_ns kernel && add_ns router3 || return 1
	ip link add vk type veth peer name eth0 netns kernel
	ip link set vk netns router3 name eth0
	router router3 3
	ns kernel ip addr add 10.9.3.2/24 dev eth0
	ns kernel ip link set eth0 up
	ns kernel ip route add default via 10.9.3.1
}

setup_pasta() { # at the MTU that it chooses itself
	why="package passt is not there (try: make setup-bench)"
	command -v pasta >/dev/null || return 1
	why="pasta does not start"
	add_ns pasta
	pasta -f -q --runas 0 --config-net -4 -t none -u none -T none -U none -m 65520 -i up0 \
		-a 10.9.4.2 -n 24 -g 10.9.4.1 --netns /run/netns/pasta </dev/null &
	pids=$!
	wait_for 5 ns pasta ip route get 198.51.100.9
}

setup_slirp() { # likewise
	why="package slirp4netns is not there (try: make setup-bench)"
	command -v slirp4netns >/dev/null || return 1
	why="slirp4netns does not start"
	add_ns slirp
	slirp4netns --configure --mtu=65520 --disable-dns --cidr=10.9.5.0/24 --netns-type=path \
		/run/netns/slirp tap0 </dev/null &
	pids=$!
	wait_for 5 ns slirp ip route get 198.51.100.9
}
