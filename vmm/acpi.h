/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi.h - the ACPI tables (6.4, hardware-reduced), and the ports they name.
 *
 * About a kilobyte: RSDP, XSDT, FADT, MADT, DSDT. They tell the guest of its CPUs, the I/O APIC,
 * the PCI root bus, two serial ports, how to reset and how to power off, and that there is no
 * CMOS clock, keyboard controller or VGA.
 */
#ifndef VMM_ACPI_H
#define VMM_ACPI_H

#include "vmm/bus.h"
#include "vmm/memory.h"

/* Write the tables for @n_cpus CPUs to @buf, which the guest sees at @gpa; the RSDP comes first.
 * Bytes used, or -ENOSPC. */
ssize_t acpi_build(void *buf, size_t size, uint64_t gpa, unsigned int n_cpus);

struct acpi_ports {
	void (*reset)(void *ctx);
	void (*power_off)(void *ctx);
	void *ctx;
};

/* Put the reset and sleep registers (and the keyboard controller's reset line) on @ports. */
int acpi_add_ports(struct acpi_ports *p, struct bus *ports);

#endif
