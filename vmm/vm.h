/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm.h - a guest: its memory, CPUs and devices, and its life from start to power-off.
 *
 * Threads. The I/O thread (main) runs the loop and every state change below; one thread a vCPU
 * runs the guest. A vCPU thread that finds that the guest wants a reset or power-off leaves a
 * request, parks, and lets the I/O thread do it.
 *
 *	created --vm_start--> running <--pause/resume--> paused
 *	running|paused --reset--> (CPUs parked, devices and memory as at power-on) --> as before
 *	any --power-off, quit, crash--> the loop ends; vm_run() returns the exit status
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include "vmm/acpi.h"
#include "vmm/boot.h"
#include "vmm/bus.h"
#include "vmm/cpu.h"
#include "vmm/ctl.h"
#include "vmm/options.h"
#include "vmm/loop.h"
#include "vmm/memory.h"
#include "vmm/pci.h"
#include "vmm/serial.h"
#include "vmm/stream.h"
#include "vmm/virtio_blk.h"
#include "vmm/virtio_net.h"
#include "vmm/virtio_balloon.h"
#include "vmm/virtio_rng.h"

enum { VM_CPUS_MAX = 8, VM_NICS_MAX = 16, VM_DISKS_MAX = 4, VM_MEMORY_MIN_MIB = 64 };

/* Exit statuses of the program. */
enum { VM_EXIT_OFF = 0, VM_EXIT_SETUP = 1, VM_EXIT_CRASH = 3, VM_EXIT_INTERNAL = 4 };

enum vm_request { VM_REQUEST_NONE, VM_REQUEST_RESET, VM_REQUEST_POWER_OFF, VM_REQUEST_CRASH };

struct vm_disk_config {
	int fd;
	bool read_only;
};

struct vm_config {
	const char *name;
	uint64_t memory_mib;
	unsigned int n_cpus, n_nics, n_disks;
	struct boot_source boot;
	struct nic_option nics[VM_NICS_MAX];
	struct vm_disk_config disks[VM_DISKS_MAX];
	int kvm_fd;			  /* /dev/kvm; -1 = open it */
	int console_fd, agent_fd, ctl_fd; /* listening sockets, -1 = none */
	bool console_stdio;
};

struct vm_com {
	struct vm *vm;
	unsigned int gsi;
	struct serial serial;
	struct stream stream;
};

struct vm {
	struct vm_config config;
	struct loop loop;
	struct memory mem;
	struct bus ports, mmio;
	struct pci_bus pci;
	struct acpi_ports acpi;
	struct virtio_host host;
	struct vm_com com[2]; /* console, agent */
	struct virtio_rng rng;
	struct virtio_balloon balloon;
	struct virtio_net *nics[VM_NICS_MAX];
	struct virtio_blk *disks[VM_DISKS_MAX];
	struct ctl ctl;

	int kvm_fd, vm_fd;
	struct kvm_irqchip irqchips[3]; /* power-on state */
	struct cpu cpus[VM_CPUS_MAX];
	struct cpu_gate gate;

	struct loop_fd wake;	/* a vCPU left a request */
	struct loop_fd restart; /* timer: a reset is due */
	enum vm_request request;
	bool paused;
	int exit_status;
	uint64_t started_ms; /* CLOCK_BOOTTIME of the last (re)start */
	uint64_t created_ms;
};

/* Build the guest of @config (descriptors are taken) up to, but without, its CPU threads. */
int vm_create(struct vm *vm, const struct vm_config *config, struct err *e);
/* Start the CPU threads, each in its own system call filter if @sandbox; they wait at the gate. */
int vm_start(struct vm *vm, bool sandbox, struct err *e);
/* Open the gate and serve the guest until it is off; the program's exit status. */
int vm_run(struct vm *vm);
void vm_destroy(struct vm *vm);

/* From a device, under the device lock: the guest asked for it. */
void vm_ask(struct vm *vm, enum vm_request request);

/* From the control socket, in the I/O thread. 0 or -EALREADY. */
int vm_pause(struct vm *vm);
int vm_resume(struct vm *vm);
void vm_reset(struct vm *vm);
void vm_quit(struct vm *vm);

/* vm_ctl.c: accept clients on the listening socket @fd (taken). 0 or -errno. */
int vm_ctl_open(struct vm *vm, int fd);

#endif
