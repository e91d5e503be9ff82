/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpuid.h - what a vCPU tells the guest about itself.
 */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

/* Give vCPU @cpu_fd what KVM supports, as CPU @id of @n_cpus single-threaded cores in one
 * package. 0 or -errno. */
int cpuid_set(int kvm_fd, int cpu_fd, unsigned int id, unsigned int n_cpus);

#endif
