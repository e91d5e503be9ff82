#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest without a kernel: its firmware finds one on the network (PXE, iPXE, our TFTP).
. "$(dirname "$0")/lib.sh"
new_host "$@"
need qemu-system-x86_64
[ -f "$O/image/vmlinuz" ] || skip_all "the guest image is not built (make image)"
[ -e /usr/lib/ipxe/qemu/efi-virtio.rom ] || [ -e /usr/share/qemu/efi-virtio.rom ] ||
	skip_all "QEMU's network boot ROMs are not there (ipxe-qemu)"
start_daemon

mkdir -p $DIR/boot
ln "$O/image/vmlinuz" "$O/image/initrd" $DIR/boot 2>/dev/null || cp "$O/image/vmlinuz" "$O/image/initrd" $DIR/boot
cat >$DIR/boot/boot.ipxe <<'END'
#!ipxe
kernel vmlinuz console=ttyS0 quiet panic=-1 cryptomgr.notests tsc=reliable no_timer_check vnet.hostname=diskless initrd=initrd
initrd initrd
boot
END
field() { jctl vm show "$1" | json "$2"; }
is_state() { [ "$(field "$1" "d['state']")" = "$2" ]; }

check "an internal network that gives files" vctl net add i mode=internal subnet=10.0.7.0/24 dhcp=on tftp=$DIR/boot
refused "boot=network with a kernel" "exclude each other" vctl vm run x net=i boot=network kernel=$O/image/vmlinuz
refused "on our own VMM" "no firmware" vctl vm run x net=i boot=network hypervisor=kvm
vctl net del i
# The file's folder has the directory.
cat >$DIR/room.yaml <<'END'
version: 1
name: room
networks:
  lan: {mode: internal, subnet: 10.0.7.0/24, dhcp: on, tftp: boot}
nodes:
  pc: {boot: network, memory: 256MiB, interfaces: [{network: lan}]}
END
watch $DIR/events events tftp
check "a lab with a guest without a kernel: it boots from the network" timeout 150 "$VNETCTL" -s $SOCK lab up $DIR/room.yaml
note "to the agent's answer: $(field room.pc "d['boot_ms']") ms"
equal "it is the kernel that was served" diskless "$(vctl lab exec room pc -- hostname)"
check "the file says what is up" vctl lab diff room $DIR/room.yaml
watch_end
check "the script, the kernel and the initramfs came by TFTP" sh -c \
	"grep -q boot.ipxe $DIR/events && grep -q vmlinuz $DIR/events && grep -q initrd $DIR/events"
check "vm show tells where its kernel is from" sh -c "'$VNETCTL' -s $SOCK vm show room.pc | grep -q 'from the network'"
sed -i 's/tftp: boot/tftp: nowhere/; s/name: room/name: hall/' $DIR/room.yaml
refused "a directory that is not there" "lab 'hall' is not up: network 'lan': .*$DIR/nowhere" vctl lab up $DIR/room.yaml
check "the lab goes down" vctl lab down room
check "the daemon ends well" stop_daemon
finish
