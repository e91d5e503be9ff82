#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Guests as User-mode Linux: from the boot to every kind of end, and what they can't reach.
. "$(dirname "$0")/lib.sh"
new_host "$@"
need ping socat
# Its keeper can't be traced, also not by a leak detector at its end.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
[ -x "$O/image/linux.uml" ] || skip_all "the guest image is not built (make image)"

field() { jctl vm show "$1" | json "$2"; }
is_state() { [ "$(field "$1" "d['state']")" = "$2" ]; }
has_lease() { [[ $(field "$1" "d['nics'][0]['address']") == 10.0.0.* ]]; }
run() { vctl vm run "$@" memory=160MiB hypervisor=uml; }
inside() { vctl vm exec "$1" -- "${@:2}"; }
processes() { pgrep -cf '^/proc/self/fd/[0-9]+ mem='; }

start_daemon
check "a network whose guests the host reaches" vctl net add n mode=host-only subnet=10.0.0.0/24
check "two guests" eval "run a net=n,mac=52:54:00:00:00:0a && run b net=n net=n"
equal "a command for one that boots waits until it is up" "$(printf '%s\n' a b)" \
	"$(inside a hostname; inside b hostname)"
for g in a b; do check "$g has booted" is_state $g running; done
for g in a b; do check "$g has a lease" wait_for 5 has_lease $g; done
check "a kernel of its own" test "$(inside a uname -r)" != "$(uname -r)"
check "its NIC has the address it was given" inside a "ip link show eth0 | grep -qi 52:54:00:00:00:0a"
check "the second NIC too" inside b "ip link show eth1"
check "guest to guest, by name" inside a ping -c 2 b
check "host to guest" ping -n -q -c 2 -W 3 "$(field a "d['nics'][0]['address']")"
check "tap, port and address as elsewhere" eval "vctl port show a.eth0 | grep -q vs-a-eth0"
inside a "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE" &&
	check "it can translate addresses" inside a "iptables -t nat -L POSTROUTING -n | grep -q MASQ"
check "and tag frames" inside a "ip link add link eth0 name eth0.5 type vlan id 5"
check "the host's files may be asked for" inside a "mount -t hostfs none /mnt -o /"
check_not "and can't be listed" inside a "ls /mnt/etc"
check_not "nor read" inside a "cat /mnt/etc/passwd"
check_not "nor made" inside a "echo >/mnt/tmp/file"
inside a "umount /mnt"
check "its card takes super-frames" inside a "ethtool -k eth0 | grep -q 'tcp-segmentation-offload: on'"

# ---- the card is set down and up ----
pings() { inside a "ping -c 1 -W 2 b" >/dev/null; }
check "down" inside a "ip link set eth0 down"
check_not "then b does not answer" pings
check "and up" inside a "ip link set eth0 up"
check "then b answers" wait_for 10 pings
inside a "for i in 1 2 3 4 5 6 7 8 9 10; do ip link set eth0 down; ip link set eth0 up; done"
check "ten times more" wait_for 10 pings
check "another MAC address" inside a "ip link set eth0 down && ip link set eth0 address 02:00:00:00:00:0c && ip link set eth0 up"
check "b answers that one" wait_for 10 pings
check "the switch has learnt it" eval "vctl mac list n | grep -q '^02:00:00:00:00:0c .* a.eth0 '"
inside a "ip link set eth0 down && ip link set eth0 address 52:54:00:00:00:0a && ip link set eth0 up"
check "and its own again" wait_for 10 pings
equal "it is nobody on the host" 0 "$(ps -o uid= -C vnet-uml | awk '$1 == 0' | wc -l)"

# ---- what it can be told ----
check "pause" vctl vm pause a
check_not "then nothing answers" ping -n -q -c 1 -W 1 "$(field a "d['nics'][0]['address']")"
check "resume" vctl vm resume a
check "and it does again" wait_for 3 ping -n -q -c 1 -W 1 "$(field a "d['nics'][0]['address']")"
kill_daemon
start_daemon
check "the daemon was killed: a runs on" is_state a running
check "and takes commands" wait_for 3 inside a true
check "a move to another network" eval "vctl net add m mode=internal subnet=10.7.0.0/24 dhcp=on &&
	vctl port move b.eth0 m"
moved() { inside b "ip -4 addr show eth0" | grep -q ' 10\.7\.'; }
check "its DHCP client asks there" wait_for 10 moved

# ---- ends ----
boot_of() { inside "$1" "cat /proc/sys/kernel/random/boot_id"; }
again() { local now; now=$(boot_of "$1") && [ -n "$now" ] && [ "$now" != "$before" ]; }
before=$(boot_of a)
inside a "(sleep 0.2; reboot) &" >/dev/null
check "a reboot" wait_for 15 again a
check "both are asked to stop" eval "vctl vm stop a && vctl vm stop b"
check "three more" eval "run c net=n && run d net=n && run e net=n"
for g in c d e; do check "$g boots" wait_for 10 is_state $g running; done
kill -9 "$(field c "d['pid']")"
check "its keeper is killed: the guest is gone" wait_for 3 is_state c failed
check "kill" vctl vm kill d
run f net=n
vm_request() { printf '{"jsonrpc":"2.0","id":%d,"method":"vm.%s","params":{"vm":"f"%s}}\n' "$@"; }
{
	vm_request 1 exec ',"command":"true"'
	vm_request 2 kill ''
	wait_for 5 grep -q '"id": *2' $DIR/said
} | socat -t 10 - UNIX-CONNECT:$SOCK >$DIR/said
check "one that boots is killed: what waited for it is told" grep -q 'it has ended' $DIR/said
inside e "(sleep 0.2; poweroff) &" >/dev/null
check "a power-off" wait_for 10 is_state e stopped
check "says who did it" eval "field e \"d['reason']\" | grep -q 'powered off by the guest'"
check "one more" run e net=n
check "it boots" wait_for 10 is_state e running
inside e "(sleep 0.2; echo c >/proc/sysrq-trigger) &" >/dev/null
check "a panic ends it" wait_for 10 is_state e failed
no_process() { [ "$(processes)" = 0 ]; }
check "no process of them is left" wait_for 3 no_process

# ---- a disk of its own ----
truncate -s 16M $DIR/disk.img
mkfs.ext4 -q $DIR/disk.img
chmod 600 $DIR/disk.img
check "a guest with a disk, which nobody else may read" run g disk=$DIR/disk.img
check "writes there" inside g "mount /dev/vda /mnt && echo kept >/mnt/file && umount /mnt"
inside g "mount /dev/vda /mnt"
check "another with the same disk" run h disk=$DIR/disk.img
check_not "can't have it while g uses it" inside h "mount /dev/vda /mnt"
check "both are ended" eval "vctl vm kill h; vctl vm stop g"
check "one more" run g disk=$DIR/disk.img
equal "what was written is there" kept "$(inside g "mount /dev/vda /mnt && cat /mnt/file && umount /mnt")"
before=$(boot_of g)
inside g "(sleep 0.2; reboot) &" >/dev/null
still() { [ "$(inside g "mount /dev/vda /mnt && cat /mnt/file && umount /mnt")" = kept ]; }
again_g() { local now; now=$(boot_of g) && [ -n "$now" ] && [ "$now" != "$before" ]; }
check "a reboot" wait_for 15 again_g
check "it is there" still
check "stop" vctl vm stop g

# ---- what it refuses ----
: >$DIR/d.qcow2
refused "a disk of another format" "raw disks only: .qemu-img convert" vctl vm run g disk=$DIR/d.qcow2 hypervisor=uml
refused "two CPUs" "one CPU" vctl vm run f net=n cpus=2 hypervisor=uml
refused "a kernel for PCs" "no kernel for PCs" vctl vm run f kernel=$O/image/vmlinuz hypervisor=uml
check "a clean end" stop_daemon
check "no interface is left" eval "! ip -br link | grep -q vs-"
finish
