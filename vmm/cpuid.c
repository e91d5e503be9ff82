/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpuid.c - CPUID: what KVM supports, with the topology of this guest.
 */
#include "vmm/cpuid.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "lib/types.h"

enum { ENTRIES_MAX = 256 };

enum {
	ECX1_X2APIC = 1 << 21,
	ECX1_TSC_DEADLINE = 1 << 24,
	EDX1_HTT = 1 << 28,
	LEVEL_SMT = 1 << 8,
	LEVEL_CORE = 2 << 8,
};
#define ECX1_HYPERVISOR (1u << 31)

/* Bits of an APIC id that number @n CPUs. */
static unsigned int id_bits(unsigned int n)
{
	unsigned int bits = 0;

	while (1u << bits < n)
		bits++;
	return bits;
}

static void set_features(struct kvm_cpuid_entry2 *c, unsigned int id, unsigned int n)
{
	c->ebx = (c->ebx & 0xffff) | n << 16 | id << 24;
	/* Both timers and modes are in KVM's local APIC whatever its list says. */
	c->ecx |= ECX1_X2APIC | ECX1_TSC_DEADLINE | ECX1_HYPERVISOR;
	if (n > 1)
		c->edx |= EDX1_HTT;
}

/* Leaves 0xb and 0x1f: threads of a core, then cores of the package. */
static void set_topology(struct kvm_cpuid_entry2 *c, unsigned int id, unsigned int n)
{
	c->edx = id;
	c->eax = c->ebx = 0;
	c->ecx = c->index;
	if (c->index == 0) {
		c->ebx = 1;
		c->ecx |= LEVEL_SMT;
	} else if (c->index == 1) {
		c->eax = id_bits(n);
		c->ebx = n;
		c->ecx |= LEVEL_CORE;
	}
}

static void patch(struct kvm_cpuid_entry2 *c, unsigned int id, unsigned int n)
{
	switch (c->function) {
	case 1:
		set_features(c, id, n);
		break;
	case 4: /* Intel: cores of the package; caches are shared by one thread */
		if (c->eax & 0x1f)
			c->eax = (c->eax & 0x3fff) | (n - 1) << 26;
		break;
	case 0xa: /* no performance counters */
		c->eax = c->ebx = c->ecx = c->edx = 0;
		break;
	case 0xb:
	case 0x1f:
		set_topology(c, id, n);
		break;
	case 0x80000008: /* AMD: number of cores, bits of their ids */
		c->ecx = (n - 1) | id_bits(n) << 12;
		break;
	case 0x8000001e: /* AMD: extended APIC id, core, one node */
		c->eax = id;
		c->ebx = id;
		c->ecx = 0;
		break;
	}
}

int cpuid_set(int kvm_fd, int cpu_fd, unsigned int id, unsigned int n_cpus)
{
	struct kvm_cpuid2 *all;
	unsigned int i;
	int err = 0;

	all = calloc(1, sizeof(*all) + ENTRIES_MAX * sizeof(all->entries[0]));
	if (!all)
		return -ENOMEM;
	all->nent = ENTRIES_MAX;
	if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, all)) {
		err = -errno;
	} else {
		for (i = 0; i < all->nent; i++)
			patch(&all->entries[i], id, n_cpus);
		if (ioctl(cpu_fd, KVM_SET_CPUID2, all))
			err = -errno;
	}
	free(all);
	return err;
}
