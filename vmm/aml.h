/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aml.h - writes the few ACPI Machine Language constructs that our DSDT needs (ACPI 6.4,
 * chapter 20; resource descriptors 6.4).
 *
 * Append to a buffer; objects with a length are opened and closed, and nest. When the buffer is
 * full, `overflow` is set and the rest is not written.
 */
#ifndef VMM_AML_H
#define VMM_AML_H

#include "lib/types.h"

struct aml {
	uint8_t *buf;
	size_t size, len;
	bool overflow;
};

void aml_init(struct aml *a, void *buf, size_t size);

/* Scope(name) and Device(name): aml_close() with the returned mark ends them. */
size_t aml_scope(struct aml *a, const char *name);
size_t aml_device(struct aml *a, const char *name);
void aml_close(struct aml *a, size_t mark);

/* Name(name, ...): an integer, an EISA id ("PNP0501"), a package of bytes. */
void aml_name_int(struct aml *a, const char *name, uint32_t value);
void aml_name_eisaid(struct aml *a, const char *name, const char *id);
void aml_name_bytes_package(struct aml *a, const char *name, const uint8_t *v, uint8_t n);

/* Name(name, ResourceTemplate() {...}): resources between open and close. */
size_t aml_resources(struct aml *a, const char *name);
void aml_resources_close(struct aml *a, size_t mark);
void aml_io(struct aml *a, uint16_t base, uint8_t len);
void aml_irq(struct aml *a, unsigned int irq);
void aml_bus_numbers(struct aml *a, uint16_t first, uint16_t last);
void aml_memory_window(struct aml *a, uint32_t first, uint32_t last);

#endif
