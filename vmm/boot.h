/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot.h - puts a Linux bzImage into guest memory by the 64-bit boot protocol
 * (Documentation/arch/x86/boot.rst in the kernel's tree, 1.17).
 */
#ifndef VMM_BOOT_H
#define VMM_BOOT_H

#include <linux/kvm.h>

#include "vmm/memory.h"

/* What of a bzImage's header matters here, checked against the file and not yet against RAM. */
struct boot_image {
	uint64_t payload_off, payload_len; /* the protected-mode part in the file */
	uint64_t load;			   /* where the kernel wants to be */
	uint64_t init_size;		   /* memory it needs from there */
	uint32_t initrd_max;		   /* highest address of an initrd's last byte */
	uint32_t cmdline_max;
	size_t header_len; /* bytes of setup header to copy to the boot parameters */
};

enum { BOOT_HEADER_READ = 1024 };

struct boot_source {
	int kernel_fd;
	int initrd_fd; /* -1 = none */
	const char *cmdline;
};

/* Read the header in @head (the first @len <= BOOT_HEADER_READ bytes of a file of @file_len).
 * 0 or -ENOEXEC with what is wrong with it. */
int boot_parse(const uint8_t *head, size_t len, uint64_t file_len, struct boot_image *img,
	       struct err *e);

/* Load kernel, initrd, command line, boot parameters, page tables, GDT and reset stub; set
 * @entry to the address of the first instruction. The descriptors are read from offset 0 by
 * pread() and stay the caller's, so a reboot loads again. 0 or -errno. */
int boot_load(const struct memory *m, const struct boot_source *src, uint64_t *entry,
	      struct err *e);

/* The boot CPU's registers for that entry; @sregs are taken from KVM and changed. */
void boot_registers(uint64_t entry, struct kvm_regs *regs, struct kvm_sregs *sregs);

#endif
