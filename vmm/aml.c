/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * aml.c - a tiny AML encoder. Every length is written in its longest fixed form, so that it can
 * be filled in when the object is closed.
 */
#include "vmm/aml.h"

#include <string.h>

/* ACPI 6.4, 20.3 */
enum {
	OP_ZERO = 0x00,
	OP_NAME = 0x08,
	OP_BYTE = 0x0a,
	OP_WORD = 0x0b,
	OP_DWORD = 0x0c,
	OP_SCOPE = 0x10,
	OP_BUFFER = 0x11,
	OP_PACKAGE = 0x12,
	OP_EXT = 0x5b,
	OP_EXT_DEVICE = 0x82,
	PKG_LENGTH_SIZE = 4,
};

/* ACPI 6.4, 6.4.2 and 6.4.3 */
enum { RES_IRQ = 0x23, RES_IO = 0x47, RES_END = 0x79, RES_DWORD = 0x87, RES_WORD = 0x88 };

void aml_init(struct aml *a, void *buf, size_t size)
{
	*a = (struct aml){.buf = buf, .size = size};
}

static void put(struct aml *a, const void *data, size_t len)
{
	if (len > a->size - a->len) {
		a->overflow = true;
		return;
	}
	memcpy(a->buf + a->len, data, len);
	a->len += len;
}

static void put8(struct aml *a, unsigned int v)
{
	uint8_t b = (uint8_t)v;

	put(a, &b, 1);
}

static void put16(struct aml *a, unsigned int v)
{
	put8(a, v);
	put8(a, v >> 8);
}

static void put32(struct aml *a, uint32_t v)
{
	put16(a, v);
	put16(a, v >> 16);
}

/* NameString: an optional root prefix, then one segment padded with underscores. */
static void put_name(struct aml *a, const char *name)
{
	char seg[4] = {'_', '_', '_', '_'};

	if (*name == '\\') {
		put8(a, '\\');
		name++;
	}
	memcpy(seg, name, strnlen(name, sizeof(seg)));
	put(a, seg, sizeof(seg));
}

static void put_int(struct aml *a, uint32_t v)
{
	if (v <= 1) {
		put8(a, v); /* ZeroOp, OneOp */
	} else if (v <= 0xff) {
		put8(a, OP_BYTE);
		put8(a, v);
	} else if (v <= 0xffff) {
		put8(a, OP_WORD);
		put16(a, v);
	} else {
		put8(a, OP_DWORD);
		put32(a, v);
	}
}

static size_t open_package(struct aml *a)
{
	size_t mark = a->len;

	put32(a, 0);
	return mark;
}

void aml_close(struct aml *a, size_t mark)
{
	size_t len = a->len - mark;

	if (a->overflow)
		return;
	/* PkgLength, 20.2.4: bits 7-6 count the bytes that follow the first. */
	a->buf[mark] = (uint8_t)(3u << 6 | (len & 0xf));
	a->buf[mark + 1] = (uint8_t)(len >> 4);
	a->buf[mark + 2] = (uint8_t)(len >> 12);
	a->buf[mark + 3] = (uint8_t)(len >> 20);
}

size_t aml_scope(struct aml *a, const char *name)
{
	size_t mark;

	put8(a, OP_SCOPE);
	mark = open_package(a);
	put_name(a, name);
	return mark;
}

size_t aml_device(struct aml *a, const char *name)
{
	size_t mark;

	put8(a, OP_EXT);
	put8(a, OP_EXT_DEVICE);
	mark = open_package(a);
	put_name(a, name);
	return mark;
}

void aml_name_int(struct aml *a, const char *name, uint32_t value)
{
	put8(a, OP_NAME);
	put_name(a, name);
	put_int(a, value);
}

static uint32_t hex(char c)
{
	return (uint32_t)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* 19.3.4: three letters of five bits, four hexadecimal digits, in big endian order. */
void aml_name_eisaid(struct aml *a, const char *name, const char *id)
{
	uint32_t v = (uint32_t)(id[0] - '@') << 26 | (uint32_t)(id[1] - '@') << 21 |
		     (uint32_t)(id[2] - '@') << 16 | hex(id[3]) << 12 | hex(id[4]) << 8 |
		     hex(id[5]) << 4 | hex(id[6]);

	aml_name_int(a, name, __builtin_bswap32(v));
}

void aml_name_bytes_package(struct aml *a, const char *name, const uint8_t *v, uint8_t n)
{
	size_t mark;
	uint8_t i;

	put8(a, OP_NAME);
	put_name(a, name);
	put8(a, OP_PACKAGE);
	mark = open_package(a);
	put8(a, n);
	for (i = 0; i < n; i++)
		put_int(a, v[i]);
	aml_close(a, mark);
}

/* BufferOp PkgLength WordPrefix size: the size is filled in on closing. */
size_t aml_resources(struct aml *a, const char *name)
{
	size_t mark;

	put8(a, OP_NAME);
	put_name(a, name);
	put8(a, OP_BUFFER);
	mark = open_package(a);
	put8(a, OP_WORD);
	put16(a, 0);
	return mark;
}

void aml_resources_close(struct aml *a, size_t mark)
{
	size_t size;

	put8(a, RES_END);
	put8(a, 0); /* no checksum */
	if (a->overflow)
		return;
	size = a->len - mark - PKG_LENGTH_SIZE - 3;
	a->buf[mark + PKG_LENGTH_SIZE + 1] = (uint8_t)size;
	a->buf[mark + PKG_LENGTH_SIZE + 2] = (uint8_t)(size >> 8);
	aml_close(a, mark);
}

void aml_io(struct aml *a, uint16_t base, uint8_t len)
{
	put8(a, RES_IO);
	put8(a, 1); /* decodes 16 bits */
	put16(a, base);
	put16(a, base);
	put8(a, 1); /* alignment */
	put8(a, len);
}

void aml_irq(struct aml *a, unsigned int irq)
{
	put8(a, RES_IRQ);
	put16(a, 1u << irq);
	put8(a, 1); /* edge, active high, exclusive */
}

void aml_bus_numbers(struct aml *a, uint16_t first, uint16_t last)
{
	put8(a, RES_WORD);
	put16(a, 13);
	put8(a, 2);    /* bus numbers */
	put8(a, 0x0c); /* minimum and maximum are fixed */
	put8(a, 0);
	put16(a, 0); /* granularity */
	put16(a, first);
	put16(a, last);
	put16(a, 0); /* translation */
	put16(a, last - first + 1u);
}

void aml_memory_window(struct aml *a, uint32_t first, uint32_t last)
{
	put8(a, RES_DWORD);
	put16(a, 23);
	put8(a, 0);    /* memory */
	put8(a, 0x0c); /* minimum and maximum are fixed */
	put8(a, 1);    /* read and write, not cacheable */
	put32(a, 0);
	put32(a, first);
	put32(a, last);
	put32(a, 0);
	put32(a, last - first + 1);
}
