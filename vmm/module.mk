# SPDX-License-Identifier: GPL-2.0-or-later
vmm-srcs := vmm/main.c vmm/vm.c vmm/cpu.c vmm/cpuid.c vmm/memory.c vmm/bus.c vmm/loop.c \
	vmm/boot.c vmm/acpi.c vmm/aml.c vmm/pci.c vmm/virtio_pci.c vmm/virtqueue.c \
	vmm/virtio_net.c vmm/virtio_blk.c vmm/virtio_rng.c vmm/virtio_balloon.c vmm/serial.c vmm/stream.c vmm/ctl.c \
	vmm/sandbox.c vmm/probe.c vmm/options.c vmm/vm_ctl.c \
	vmm/landlock.c
uml-srcs := vmm/uml/main.c vmm/uml/uml.c vmm/uml/line.c vmm/loop.c vmm/stream.c vmm/ctl.c \
	vmm/options.c vmm/landlock.c

unit-tests += virtqueue
test_virtqueue-objs := vmm/virtqueue.c vmm/memory.c lib
virtio-world := tests/unit/virtio_world.c vmm/virtio_pci.c vmm/virtqueue.c vmm/memory.c \
	vmm/pci.c vmm/bus.c vmm/loop.c lib
unit-tests += virtio_pci virtio_net
test_virtio_pci-objs := $(virtio-world)
test_virtio_net-objs := vmm/virtio_net.c $(virtio-world)
unit-tests += virtio_blk virtio_balloon serial boot
test_virtio_blk-objs := vmm/virtio_blk.c $(virtio-world)
test_virtio_balloon-objs := vmm/virtio_balloon.c $(virtio-world)
test_serial-objs := vmm/serial.c
test_boot-objs := vmm/boot.c vmm/acpi.c vmm/aml.c vmm/memory.c vmm/bus.c lib

fuzz-targets += virtqueue pci bzimage
fuzz_virtqueue-objs := vmm/virtqueue.c vmm/memory.c lib
fuzz_pci-objs := vmm/virtio_rng.c vmm/virtio_balloon.c $(virtio-world)
fuzz_bzimage-objs := vmm/boot.c vmm/memory.c lib
