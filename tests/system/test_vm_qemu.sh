#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest under QEMU: its taps, its leases, its agent and console; and a QEMU that we did not start.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need qemu-system-x86_64 tcpdump socat iperf3
[ -f "$O/image/vmlinuz" ] || skip_all "the guest image is not built (make image)"
start_daemon

field() { jctl vm show "$1" | json "$2"; }
is_state() { [ "$(field "$1" "d['state']")" = "$2" ]; }
address() { field "$1" "d['nics'][$2]['address'] or ''"; }
has_address() { [ -n "$(address "$1" "$2")" ]; }
vexec() { local g=$1; shift; vctl vm exec "$g" -- "$@"; }
exits_with() { local want=$1; shift; "$@" >/dev/null 2>&1; [ $? -eq "$want" ]; }
no_guest() { ! vctl vm show "$1" >/dev/null 2>&1; }

check "a host-only network" vctl net add lab mode=host-only subnet=10.0.7.0/24
check "a LAN segment" vctl net add wire mode=lan-segment
refused "a kernel that is not there" "no such file '/nosuch'" \
	vctl vm run web net=lab hypervisor=qemu kernel=/nosuch initrd=/nosuch
check "vm run" vctl vm run web net=lab net=wire,mac=52:54:00:0a:0b:0c memory=192MiB \
	hypervisor=qemu hostname=www
check "it boots" wait_for 120 is_state web running
note "to the agent's answer: $(field web "d['boot_ms']") ms"
equal "QEMU runs it" qemu "$(field web "d['hypervisor']")"

# ---- its NICs are interfaces of the host ----
tap0=$(field web "d['nics'][0]['tap']")
tap1=$(field web "d['nics'][1]['tap']")
check "a tap for its first NIC" ip link show "$tap0"
check "a tap for its second" ip link show "$tap1"
equal "the MAC address asked for" 52:54:00:0a:0b:0c "$(vexec web cat /sys/class/net/eth1/address)"
check "a lease on the host-only network" wait_for 60 has_address web 0
check "the host reaches it" ping -n -q -c 1 -W 3 "$(address web 0)"
tcpdump -Uni "$tap0" -c 4 icmp -w $DIR/tap.pcap 2>/dev/null &
sniffer=$!
sleep 1
ping -n -q -c 2 -W 3 "$(address web 0)" >/dev/null
wait_for 5 gone $sniffer
kill $sniffer 2>/dev/null
equal "tcpdump on the tap sees its questions and answers" 4 \
	"$(tcpdump -nr $DIR/tap.pcap icmp 2>/dev/null | wc -l)"
plug wire peer 10.0.8.1/24
check "an address by hand" vexec web ip addr add 10.0.8.2/24 dev eth1
check "the LAN segment carries it" wait_for 5 ping_ok peer 10.0.8.2
check "8000 bytes in fragments" ping_ok peer 10.0.8.2 -s 8000
check_not "the host is not on the LAN segment" ping -n -q -c 1 -W 1 10.0.8.2

# ---- the agent ----
equal "vm exec gives the output" www "$(vexec web hostname)"
check "and the exit status" exits_with 7 vexec web sh -c 'exit 7'
equal "and standard error" oops "$(vexec web sh -c 'echo oops >&2' 2>&1 >/dev/null)"
equal "100,000 bytes of output" 100000 "$(vexec web sh -c 'head -c 100000 /dev/zero | tr "\0" x' | wc -c)"
begin=$SECONDS
vexec web sleep 4 &
slow=$!
check "a second command meanwhile" vexec web true
check "does not wait for the first" test $((SECONDS - begin)) -lt 4
wait $slow
full=$(vexec web sh -c 'for p in tcpdump iperf3 nc nft wget traceroute udhcpc; do
	command -v $p || echo "no $p"; done')
equal "the image has its tools" "" "$(grep ^no <<<"$full")"
vexec web ip -j addr >$DIR/addr.json
equal "ip speaks JSON there" "lo eth0 eth1" "$(json '" ".join(i["ifname"] for i in d)' <$DIR/addr.json)"
check "an iperf3 server" vexec web iperf3 -s -1 -D
check "iperf3 to it" wait_for 10 iperf3 -c "$(address web 0)" -t 1

# ---- the console ----
console() { # TEXT: what the console shows after TEXT is typed, within 3 s
	{ sleep 1; printf '%s\n' "$1"; sleep 2; } |
		socat -T 4 - "EXEC:$VNETCTL -s $SOCK vm console web,pty,setsid,ctty,raw,echo=0" 2>&1
}
check "a shell on the console" grep -q 'is 42' <(console 'echo answer is $((6 * 7))')
check "vm log has what it showed" grep -q 'vnet: ready in' <(vctl vm log web)

# ---- pause, stop ----
check "pause" vctl vm pause web
check_not "a paused guest is silent" ping -n -q -c 1 -W 1 "$(address web 0)"
check "resume" vctl vm resume web
check "and answers again" wait_for 10 ping -n -q -c 1 -W 1 10.0.7.128

# ---- a QEMU of the user's own, on a tap by name ----
check "a port with a tap by name" vctl port add lab own tap=own0 mac=52:54:00:00:00:77
qemu-system-x86_64 -nodefaults -no-user-config -display none -machine q35 -accel tcg -cpu max,-la57 \
	-m 192 -kernel "$O/image/vmlinuz" -initrd "$O/image/initrd" \
	-append "console=ttyS0 quiet cryptomgr.notests vnet.hostname=own" -serial "file:$DIR/own.log" \
	-netdev tap,id=n,ifname=own0,script=no,downscript=no \
	-device virtio-net-pci,netdev=n,mac=52:54:00:00:00:77,romfile= >$DIR/own.err 2>&1 &
own=$!
own_lease() { vctl dhcp list lab | grep -q '52:54:00:00:00:77.*own'; }
check "it gets a lease" wait_for 120 own_lease
own_address=$(jctl dhcp list lab |
	json "[l['address'] for l in d['leases'] if l['mac'] == '52:54:00:00:00:77'][0]")
check "the host reaches it" wait_for 5 ping -n -q -c 1 -W 1 "$own_address"
check "the other guest reaches it" vexec web ping -n -q -c 1 -W 3 "$own_address"
kill $own
wait $own 2>/dev/null
check "its port goes" vctl port del own

# ---- stop ----
pid=$(field web "d['pid']")
begin=${EPOCHREALTIME/[.,]/}
check "vm stop" vctl vm stop web
note "off after $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) ms"
check "its process is gone" gone "$pid"
check "it is off the list" no_guest web
check_not "so is its tap" ip link show "$tap0"
check "a clean end" stop_daemon
equal "no interface is left" "lo" "$(ip -o link | awk -F': ' '{ print $2 }')"
finish
