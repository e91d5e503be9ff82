/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu.c - vCPUs: identity, registers at power-on, the run loop, parking.
 *
 * Parking. KVM_RUN must be entered once more after a port or MMIO exit to complete the guest's
 * instruction, so a thread parks only where KVM_RUN has returned EINTR: cpu_gate_close() sets
 * immediate_exit, which makes the next KVM_RUN complete what is due and return, and sends SIGUSR1
 * for the one that runs now.
 */
#include "vmm/cpu.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/log.h"
#include "vmm/cpuid.h"
#include "vmm/sandbox.h"
#include "vmm/vm.h"

enum { KICK_SIGNAL = SIGUSR1, STACK_SIZE = 128 * 1024, MSR_TSC = 0x10 };

/* ---- state ---------------------------------------------------------------------------------- */

/* One MSR for KVM_GET_MSRS and KVM_SET_MSRS. */
union one_msr {
	struct kvm_msrs msrs;
	uint8_t space[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
};

/* The MSRs that KVM knows and lets us read; those it refuses one by one are left out. */
static int save_msrs(struct cpu *c)
{
	struct cpu_state *s = c->power_on;
	union {
		struct kvm_msr_list list;
		uint8_t space[sizeof(struct kvm_msr_list) + CPU_MSRS_MAX * sizeof(__u32)];
	} all = {.list.nmsrs = CPU_MSRS_MAX};
	uint32_t i;

	if (ioctl(c->vm->kvm_fd, KVM_GET_MSR_INDEX_LIST, &all))
		return -errno;
	for (i = 0; i < all.list.nmsrs; i++) {
		union one_msr one = {.msrs.nmsrs = 1};

		one.msrs.entries[0].index = all.list.indices[i];
		/* Setting the counter back would tear the CPUs' counters apart. */
		if (all.list.indices[i] != MSR_TSC && ioctl(c->fd, KVM_GET_MSRS, &one) == 1)
			s->msrs[s->n_msrs++] = one.msrs.entries[0];
	}
	return 0;
}

static int save_state(struct cpu *c)
{
	struct cpu_state *s = c->power_on;

	if (ioctl(c->fd, KVM_GET_MP_STATE, &s->mp) || ioctl(c->fd, KVM_GET_REGS, &s->regs) ||
	    ioctl(c->fd, KVM_GET_SREGS, &s->sregs) || ioctl(c->fd, KVM_GET_LAPIC, &s->lapic) ||
	    ioctl(c->fd, KVM_GET_VCPU_EVENTS, &s->events) ||
	    ioctl(c->fd, KVM_GET_DEBUGREGS, &s->debug) || ioctl(c->fd, KVM_GET_XCRS, &s->xcrs) ||
	    ioctl(c->fd, KVM_GET_XSAVE, &s->xsave))
		return -errno;
	return save_msrs(c);
}

/* KVM stops at the first MSR it refuses; go on behind it. */
static void restore_msrs(struct cpu *c)
{
	const struct cpu_state *s = c->power_on;
	uint32_t i;

	for (i = 0; i < s->n_msrs; i++) {
		union one_msr one = {.msrs.nmsrs = 1};

		one.msrs.entries[0] = s->msrs[i];
		ioctl(c->fd, KVM_SET_MSRS, &one);
	}
}

int cpu_reset(struct cpu *c, uint64_t entry)
{
	const struct cpu_state *s = c->power_on;
	struct kvm_sregs sregs = s->sregs;
	struct kvm_regs regs = s->regs;

	if (c->id == 0)
		boot_registers(entry, &regs, &sregs);
	/* SREGS first: it holds the APIC's mode, which LAPIC and the MSRs depend on. */
	if (ioctl(c->fd, KVM_SET_SREGS, &sregs) || ioctl(c->fd, KVM_SET_XCRS, &s->xcrs) ||
	    ioctl(c->fd, KVM_SET_XSAVE, &s->xsave) || ioctl(c->fd, KVM_SET_REGS, &regs))
		return -errno;
	restore_msrs(c);
	if (ioctl(c->fd, KVM_SET_MP_STATE, &s->mp) || ioctl(c->fd, KVM_SET_LAPIC, &s->lapic) ||
	    ioctl(c->fd, KVM_SET_VCPU_EVENTS, &s->events) ||
	    ioctl(c->fd, KVM_SET_DEBUGREGS, &s->debug))
		return -errno;
	c->halted = false;
	return 0;
}

int cpu_create(struct cpu *c, struct vm *vm, unsigned int id, struct err *e)
{
	int err, size;

	*c = (struct cpu){.vm = vm, .id = id};
	c->fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, id);
	if (c->fd < 0)
		return err_sys(e, -errno, "KVM makes no CPU %u", id);
	size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(*c->run))
		return err_set(e, -EINVAL, "KVM's CPU area is too small");
	c->run_size = (size_t)size;
	c->run = mmap(NULL, c->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (c->run == MAP_FAILED) {
		c->run = NULL;
		return err_sys(e, -errno, "can't map CPU %u", id);
	}
	err = cpuid_set(vm->kvm_fd, c->fd, id, vm->config.n_cpus);
	if (err)
		return err_sys(e, err, "KVM refuses the features of CPU %u", id);
	c->power_on = calloc(1, sizeof(*c->power_on));
	err = c->power_on ? save_state(c) : -ENOMEM;
	return err ? err_sys(e, err, "can't read the state of CPU %u", id) : 0;
}

void cpu_destroy(struct cpu *c)
{
	if (!c->vm)
		return;
	if (c->run)
		munmap(c->run, c->run_size);
	if (c->fd >= 0)
		close(c->fd);
	free(c->power_on);
	c->vm = NULL;
}

void cpu_was_paused(struct cpu *c)
{
	ioctl(c->fd, KVM_KVMCLOCK_CTRL, 0); /* fails for a guest without kvmclock: fine */
}

/* ---- the run loop --------------------------------------------------------------------------- */

static void port_exit(struct cpu *c)
{
	struct kvm_run *run = c->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	uint32_t i;

	for (i = 0; i < run->io.count; i++, data += run->io.size)
		bus_access(&c->vm->ports, run->io.port, data, run->io.size,
			   run->io.direction == KVM_EXIT_IO_OUT);
}

static void crash(struct cpu *c, const char *what, uint64_t detail)
{
	log_error("guest %s: CPU %u stopped: %s (%#jx)", c->vm->config.name, c->id, what,
		  (uintmax_t)detail);
	vm_ask(c->vm, VM_REQUEST_CRASH);
}

static void handle_exit(struct cpu *c)
{
	struct kvm_run *run = c->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		port_exit(c);
		break;
	case KVM_EXIT_MMIO:
		bus_access(&c->vm->mmio, run->mmio.phys_addr, run->mmio.data, run->mmio.len,
			   run->mmio.is_write);
		break;
	case KVM_EXIT_SHUTDOWN:
		/* A triple fault resets a PC, and Linux uses it to reboot. */
		vm_ask(c->vm, VM_REQUEST_RESET);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		crash(c, "KVM can't enter the guest",
		      run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		crash(c, "KVM can't emulate an instruction", run->internal.suberror);
		break;
	default:
		crash(c, "unexpected exit", run->exit_reason);
		break;
	}
}

/* Wait at the gate. False: the thread is to end. */
static bool park(struct cpu *c)
{
	struct cpu_gate *g = &c->vm->gate;
	bool quit;

	pthread_mutex_lock(&g->lock);
	g->n_parked++;
	pthread_cond_signal(&g->parked);
	while (!g->quit && (g->closed || c->halted))
		pthread_cond_wait(&g->open, &g->lock);
	g->n_parked--;
	quit = g->quit;
	c->run->immediate_exit = 0;
	pthread_mutex_unlock(&g->lock);
	return !quit;
}

/* Run until the next exit; true when KVM_RUN was interrupted, nothing of the guest's pending. */
static bool run_once(struct cpu *c)
{
	int err = ioctl(c->fd, KVM_RUN, 0) ? errno : 0;

	/* EAGAIN: a CPU woke that still waits for its SIPI. */
	if (err == EINTR || err == EAGAIN)
		return err == EINTR;
	loop_lock(&c->vm->loop);
	c->exits++;
	if (err)
		crash(c, strerror(err), (uint64_t)err);
	else
		handle_exit(c);
	if (c->vm->request != VM_REQUEST_NONE) {
		c->halted = true;
		c->run->immediate_exit = 1;
	}
	loop_unlock(&c->vm->loop);
	return false;
}

static void *cpu_thread(void *arg)
{
	struct cpu *c = arg;

	while (park(c)) {
		while (!run_once(c) || !c->run->immediate_exit)
			;
	}
	return NULL;
}

static void *cpu_thread_sandboxed(void *arg)
{
	struct err e;

	if (sandbox_enter_cpu(&e)) {
		log_error("%s", e.text);
		_exit(VM_EXIT_SETUP);
	}
	return cpu_thread(arg);
}

int cpu_start(struct cpu *c, bool sandbox)
{
	pthread_attr_t attr;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	err = pthread_create(&c->thread, &attr, sandbox ? cpu_thread_sandboxed : cpu_thread, c);
	pthread_attr_destroy(&attr);
	c->has_thread = !err;
	return -err;
}

/* ---- the gate ------------------------------------------------------------------------------- */

static void on_kick(int signo)
{
	(void)signo; /* only interrupts KVM_RUN */
}

int cpu_gate_init(struct cpu_gate *g)
{
	struct sigaction sa = {.sa_handler = on_kick};

	g->closed = true;
	g->quit = false;
	g->n_parked = 0;
	if (sigaction(KICK_SIGNAL, &sa, NULL))
		return -errno;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->parked, NULL);
	pthread_cond_init(&g->open, NULL);
	return 0;
}

static void kick_all(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->config.n_cpus; i++) {
		vm->cpus[i].run->immediate_exit = 1;
		pthread_kill(vm->cpus[i].thread, KICK_SIGNAL);
	}
}

void cpu_gate_wait(struct vm *vm)
{
	struct cpu_gate *g = &vm->gate;

	pthread_mutex_lock(&g->lock);
	while (g->n_parked < vm->config.n_cpus)
		pthread_cond_wait(&g->parked, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

void cpu_gate_close(struct vm *vm)
{
	struct cpu_gate *g = &vm->gate;

	pthread_mutex_lock(&g->lock);
	g->closed = true;
	kick_all(vm);
	pthread_mutex_unlock(&g->lock);
	cpu_gate_wait(vm);
}

void cpu_gate_open(struct vm *vm)
{
	struct cpu_gate *g = &vm->gate;

	pthread_mutex_lock(&g->lock);
	g->closed = false;
	pthread_cond_broadcast(&g->open);
	pthread_mutex_unlock(&g->lock);
}

void cpu_gate_quit(struct vm *vm)
{
	struct cpu_gate *g = &vm->gate;
	unsigned int i;

	pthread_mutex_lock(&g->lock);
	g->quit = true;
	pthread_cond_broadcast(&g->open);
	pthread_mutex_unlock(&g->lock);
	for (i = 0; i < vm->config.n_cpus; i++) {
		struct cpu *c = &vm->cpus[i];

		if (!c->has_thread)
			continue;
		c->run->immediate_exit = 1;
		pthread_kill(c->thread, KICK_SIGNAL);
		pthread_join(c->thread, NULL);
		c->has_thread = false;
	}
}
