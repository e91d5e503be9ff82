/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu.h - a vCPU and its thread.
 */
#ifndef VMM_CPU_H
#define VMM_CPU_H

#include <linux/kvm.h>
#include <pthread.h>

#include "lib/err.h"
#include "lib/types.h"

enum { CPU_MSRS_MAX = 384 };

struct vm;

/* All that a guest can change in a vCPU, but for the time stamp counter. */
struct cpu_state {
	struct kvm_mp_state mp;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_lapic_state lapic;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debug;
	struct kvm_xcrs xcrs;
	uint32_t n_msrs;
	struct kvm_msr_entry msrs[CPU_MSRS_MAX];
	struct kvm_xsave xsave; /* last: the kernel declares it open-ended */
};

struct cpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	pthread_t thread;
	bool has_thread;
	bool halted; /* asked for a reset or power-off: parked until that is done */
	uint64_t exits;
	struct cpu_state *power_on;
};

/* Where CPU threads park. */
struct cpu_gate {
	pthread_mutex_t lock;
	pthread_cond_t parked, open;
	bool closed;
	bool quit;
	unsigned int n_parked;
};

/* Make vCPU @id (0 is the boot CPU) of @vm and remember its power-on state. 0 or -errno. */
int cpu_create(struct cpu *c, struct vm *vm, unsigned int id, struct err *e);
void cpu_destroy(struct cpu *c);
/* Back to power-on state; the boot CPU then stands at @entry. The thread must be parked. */
int cpu_reset(struct cpu *c, uint64_t entry);
/* Start the thread: it takes the CPU sandbox when @sandbox, and parks. */
int cpu_start(struct cpu *c, bool sandbox);
/* Tell a guest with kvmclock that it was stopped, so that its watchdogs do not bark. */
void cpu_was_paused(struct cpu *c);

int cpu_gate_init(struct cpu_gate *g);
/* Make every CPU of @vm park and wait until they have. Not with the device lock held. */
void cpu_gate_close(struct vm *vm);
/* Wait until all have parked for the first time. */
void cpu_gate_wait(struct vm *vm);
void cpu_gate_open(struct vm *vm);
/* End all CPU threads and join them. */
void cpu_gate_quit(struct vm *vm);

#endif
