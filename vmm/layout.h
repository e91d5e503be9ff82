/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout.h - the guest's fixed addresses, ports and interrupts. What the ACPI tables say, the
 * devices do, and both take it from here.
 */
#ifndef VMM_LAYOUT_H
#define VMM_LAYOUT_H

/* Guest physical memory below 1 MiB, all written before the kernel starts. */
#define LAYOUT_GDT	   0x0500u
#define LAYOUT_PAGES	   0x9000u /* PML4, PDPT, four page directories */
#define LAYOUT_BOOT_PARAMS 0x10000u
#define LAYOUT_CMDLINE	   0x20000u
#define LAYOUT_CMDLINE_MAX 0x1000u
#define LAYOUT_EBDA	   0x9fc00u /* end of low RAM in the e820 map */
#define LAYOUT_ACPI	   0xe0000u
#define LAYOUT_ACPI_MAX	   0x4000u
#define LAYOUT_RESET_STUB  0xffff0u /* f000:fff0, where a PC starts */
#define LAYOUT_HIGH_RAM	   0x100000u

#define LAYOUT_IOAPIC 0xfec00000u
#define LAYOUT_LAPIC  0xfee00000u

/* Ports: the platform's own (acpi.c) and the two serial lines. */
#define LAYOUT_PORT_RESET	  0x600u
#define LAYOUT_PORT_SLEEP_CONTROL 0x601u
#define LAYOUT_PORT_SLEEP_STATUS  0x602u
#define LAYOUT_PORTS		  3u
#define LAYOUT_RESET_VALUE	  0x42u
#define LAYOUT_SLEEP_TYPE_S5	  5u
#define LAYOUT_COM1		  0x3f8u
#define LAYOUT_COM1_IRQ		  4u
#define LAYOUT_COM2		  0x2f8u
#define LAYOUT_COM2_IRQ		  3u

#endif
