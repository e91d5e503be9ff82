#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest from vm run to power-off: commands, console, pause, cable, reboot, disk, and the limits of
# its process: on the embedded VMM where KVM is, else in QEMU.  HYPERVISOR says where.
. "$(dirname "$0")/lib.sh"
new_host "$@"
hypervisor=${HYPERVISOR:-auto}
[ -f "$O/image/vmlinuz" ] || skip_all "the guest image is not built (make image)"
start_daemon
# Not of User-mode Linux, which has a script of its own (test_vm_uml.sh).
[ "$hypervisor" != auto ] || hypervisor=$(jctl status | json "'kvm' if d['hypervisor'] == 'kvm' else 'qemu'")

client() {
	local line
	while IFS= read -r line; do
		case $line in
		"ok "*" # SKIP "*) line=${line#ok * - }; skip "${line%% # SKIP *}" "${line##* # SKIP }" ;;
		"ok "*) pass "${line#ok * - }" ;;
		"not ok "*) fail "${line#not ok * - }" ;;
		*) note "$line" ;;
		esac
	done < <(/usr/bin/python3 "$TOP/tests/system/control.py" $SOCK "$@" 2>&1 || echo "status $?")
}
state() { jctl vm show g | json "d['state']"; }
is_state() { [ "$(state)" = "$1" ]; }

vctl net add lab mode=host-only subnet=10.0.7.0/24 >/dev/null
vctl net add wire mode=internal >/dev/null
truncate -s 8M $DIR/disk.img
check "a guest with two NICs and a disk" vctl vm run g net=lab net=wire,mac=52:54:00:01:02:03 \
	memory=192MiB disk=$DIR/disk.img hypervisor=$hypervisor
check "it boots" wait_for 120 is_state running
refused "the same name again" '"g"' vctl vm run g net=lab
pid=$(jctl vm show g | json "d['pid']")

# ---- its process -------------------------------------------------------------------------------
check_not "it does not run as root" test "$(stat -c %u /proc/"$pid")" = 0
equal "it has no capability" 0000000000000000 "$(awk '/^CapPrm/ { print $2 }' /proc/"$pid"/status)"
equal "it can't get any" 1 "$(awk '/^NoNewPrivs/ { print $2 }' /proc/"$pid"/status)"
equal "it has a system call filter" 2 "$(awk '/^Seccomp:/ { print $2 }' /proc/"$pid"/status)"
equal "the kernel would take it before the daemon" 500 "$(cat /proc/"$pid"/oom_score_adj)"
check_not "it holds nothing of the daemon's" sh -c "ls -l /proc/$pid/fd | grep -E 'state.db|leases.db|/lock'"
check "the right MAC is on the second NIC" vctl vm exec g -- grep -qi 52:54:00:01:02:03 /sys/class/net/eth1/address

client exec console
check "its disk can be written" vctl vm exec g -- 'echo marked >/dev/vda && sync'
check "and has it" grep -q marked $DIR/disk.img
client life off

# ---- start and stop ----------------------------------------------------------------------------
check "a stopped guest's name is free" vctl vm run g net=lab memory=192MiB hypervisor=$hypervisor
check "stop does not need a booted guest" timeout 20 "$VNETCTL" -s $SOCK vm stop g timeout=1
check_not "it is gone" vctl vm show g
wait_for 5 sh -c '! ip link show vs-g-eth0'
head -c 600 /dev/zero >$DIR/bad
printf HdrS | dd of=$DIR/bad bs=1 seek=514 conv=notrunc 2>/dev/null
refused "a kernel that is broken" "g" vctl vm run g net=lab kernel=$DIR/bad hypervisor=$hypervisor
check_not "leaves no guest" vctl vm show g
check_not "and no tap" ip link show vs-g-eth0
check_not "and no files" test -e $STATE/vm/g
ip tuntap add vs-g-eth0 mode tap
check "an interface of that name may exist" vctl vm run g net=lab memory=192MiB hypervisor=$hypervisor
check_not "the tap has another one" test "$(jctl vm show g | json "d['nics'][0]['tap']")" = vs-g-eth0
check "killed at once" vctl vm kill g
check "the other's interface is unharmed" ip link show vs-g-eth0
ip link del vs-g-eth0
check "the daemon stops cleanly" stop_daemon
equal "no interface is left" "lo" "$(ip -o link | awk -F': ' '{ print $2 }')"
finish
