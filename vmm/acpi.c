/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * acpi.c - hardware-reduced ACPI: no PIC, no PIT, no power management timer.
 */
#include "vmm/acpi.h"

#include <errno.h>
#include <string.h>

#include "vmm/aml.h"
#include "vmm/layout.h"
#include "vmm/pci.h"

struct header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} WIRE_PACKED;

struct gas { /* generic address structure, 5.2.3.2 */
	uint8_t space, width, offset, access;
	uint64_t address;
} WIRE_PACKED;

struct rsdp { /* 5.2.5.3 */
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} WIRE_PACKED;

struct fadt { /* 5.2.9 */
	struct header h;
	uint32_t firmware_ctrl, dsdt;
	uint8_t reserved, preferred_profile;
	uint8_t legacy[63]; /* from SCI_INT to CENTURY: unused when hardware-reduced */
	uint16_t boot_arch;
	uint8_t reserved2;
	uint32_t flags;
	struct gas reset_reg;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor;
	uint64_t x_firmware_ctrl, x_dsdt;
	struct gas x_legacy[8];
	struct gas sleep_control, sleep_status;
	uint64_t hypervisor;
} WIRE_PACKED;
_Static_assert(sizeof(struct fadt) == 276, "FADT revision 6");

enum {
	FADT_REVISION = 6,
	BOOT_ARCH_NO_VGA = 1 << 2,
	BOOT_ARCH_NO_CMOS_RTC = 1 << 5,
	FLAG_WBINVD = 1 << 0,
	FLAG_PWR_BUTTON = 1 << 4, /* no fixed power button */
	FLAG_SLP_BUTTON = 1 << 5,
	FLAG_RESET_REG = 1 << 10,
	FLAG_HEADLESS = 1 << 12,
	FLAG_HW_REDUCED = 1 << 20,
	GAS_IO = 1,
	GAS_BYTE = 1,
};

struct madt {
	struct header h;
	uint32_t lapic, flags;
} WIRE_PACKED;

struct madt_lapic { /* 5.2.12.2 */
	uint8_t type, length, uid, apic_id;
	uint32_t flags;
} WIRE_PACKED;

struct madt_ioapic { /* 5.2.12.3 */
	uint8_t type, length, id, reserved;
	uint32_t address, gsi_base;
} WIRE_PACKED;

static uint8_t checksum(const void *data, size_t len)
{
	const uint8_t *b = data;
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *b++);
	return (uint8_t)-sum;
}

/* The area being filled: tables one after another, 16-byte aligned. */
struct area {
	uint8_t *buf;
	size_t size, len;
	uint64_t gpa;
};

static void *reserve(struct area *a, size_t len)
{
	size_t at = (a->len + 15) & ~15ull;

	if (at > a->size || len > a->size - at)
		return NULL;
	a->len = at + len;
	return memset(a->buf + at, 0, len);
}

static uint64_t gpa_of(const struct area *a, const void *p)
{
	return a->gpa + (uint64_t)((const uint8_t *)p - a->buf);
}

static void finish(struct header *h, const char *signature, uint8_t revision, size_t len)
{
	memcpy(h->signature, signature, 4);
	h->length = (uint32_t)len;
	h->revision = revision;
	memcpy(h->oem_id, "VNETSW", 6);
	memcpy(h->oem_table_id, "VNETVMM ", 8);
	h->oem_revision = 1;
	memcpy(h->creator_id, "VNET", 4);
	h->creator_revision = 1;
	h->checksum = 0;
	h->checksum = checksum(h, len);
}

static void add_root_bus(struct aml *a)
{
	size_t dev = aml_device(a, "PCI0"), res;

	aml_name_eisaid(a, "_HID", "PNP0A03");
	aml_name_int(a, "_UID", 0);
	res = aml_resources(a, "_CRS");
	aml_bus_numbers(a, 0, 0);
	aml_io(a, PCI_PORTS_BASE, PCI_PORTS_LEN);
	aml_memory_window(a, PCI_MMIO_BASE, PCI_MMIO_BASE + PCI_MMIO_LEN - 1);
	aml_resources_close(a, res);
	aml_close(a, dev);
}

static void add_serial(struct aml *a, const char *name, uint32_t uid, uint16_t port,
		       unsigned int irq)
{
	size_t dev = aml_device(a, name), res;

	aml_name_eisaid(a, "_HID", "PNP0501");
	aml_name_int(a, "_UID", uid);
	res = aml_resources(a, "_CRS");
	aml_io(a, port, 8);
	aml_irq(a, irq);
	aml_resources_close(a, res);
	aml_close(a, dev);
}

static struct header *build_dsdt(struct area *area)
{
	static const uint8_t s5[] = {LAYOUT_SLEEP_TYPE_S5, 0, 0, 0};
	struct header *h = reserve(area, sizeof(*h));
	struct aml a;
	size_t sb;

	if (!h)
		return NULL;
	aml_init(&a, h + 1, area->size - area->len);
	aml_name_bytes_package(&a, "\\_S5", s5, sizeof(s5));
	sb = aml_scope(&a, "\\_SB");
	add_root_bus(&a);
	add_serial(&a, "COM1", 1, LAYOUT_COM1, LAYOUT_COM1_IRQ);
	add_serial(&a, "COM2", 2, LAYOUT_COM2, LAYOUT_COM2_IRQ);
	aml_close(&a, sb);
	if (a.overflow)
		return NULL;
	area->len += a.len;
	finish(h, "DSDT", 2, sizeof(*h) + a.len);
	return h;
}

static struct gas io_register(uint16_t port)
{
	return (struct gas){.space = GAS_IO, .width = 8, .access = GAS_BYTE, .address = port};
}

static struct header *build_fadt(struct area *area, uint64_t dsdt)
{
	struct fadt *f = reserve(area, sizeof(*f));

	if (!f)
		return NULL;
	f->dsdt = (uint32_t)dsdt;
	f->x_dsdt = dsdt;
	f->boot_arch = BOOT_ARCH_NO_VGA | BOOT_ARCH_NO_CMOS_RTC;
	f->flags = FLAG_WBINVD | FLAG_PWR_BUTTON | FLAG_SLP_BUTTON | FLAG_RESET_REG |
		   FLAG_HEADLESS | FLAG_HW_REDUCED;
	f->reset_reg = io_register(LAYOUT_PORT_RESET);
	f->reset_value = LAYOUT_RESET_VALUE;
	f->minor = 4;
	f->sleep_control = io_register(LAYOUT_PORT_SLEEP_CONTROL);
	f->sleep_status = io_register(LAYOUT_PORT_SLEEP_STATUS);
	finish(&f->h, "FACP", FADT_REVISION, sizeof(*f));
	return &f->h;
}

static struct header *build_madt(struct area *area, unsigned int n_cpus)
{
	size_t len = sizeof(struct madt) + n_cpus * sizeof(struct madt_lapic) +
		     sizeof(struct madt_ioapic);
	struct madt *m = reserve(area, len);
	struct madt_lapic *l;
	unsigned int i;

	if (!m)
		return NULL;
	m->lapic = LAYOUT_LAPIC;
	l = (void *)(m + 1);
	for (i = 0; i < n_cpus; i++, l++)
		*l = (struct madt_lapic){0, sizeof(*l), (uint8_t)i, (uint8_t)i, 1};
	/* The I/O APIC's own id must differ from the CPUs'. */
	*(struct madt_ioapic *)(void *)l = (struct madt_ioapic){
		.type = 1,
		.length = sizeof(struct madt_ioapic),
		.id = (uint8_t)n_cpus,
		.address = LAYOUT_IOAPIC,
	};
	finish(&m->h, "APIC", 5, len);
	return &m->h;
}

static struct header *build_xsdt(struct area *area, uint64_t fadt, uint64_t madt)
{
	const uint64_t tables[] = {fadt, madt};
	struct header *h = reserve(area, sizeof(*h) + sizeof(tables));

	if (!h)
		return NULL;
	memcpy(h + 1, tables, sizeof(tables));
	finish(h, "XSDT", 1, sizeof(*h) + sizeof(tables));
	return h;
}

static void fill_rsdp(struct rsdp *r, uint64_t xsdt)
{
	memcpy(r->signature, "RSD PTR ", 8);
	memcpy(r->oem_id, "VNETSW", 6);
	r->revision = 2;
	r->length = sizeof(*r);
	r->xsdt = xsdt;
	r->checksum = checksum(r, 20); /* the part that ACPI 1.0 knew */
	r->extended_checksum = checksum(r, sizeof(*r));
}

ssize_t acpi_build(void *buf, size_t size, uint64_t gpa, unsigned int n_cpus)
{
	struct area a = {.buf = buf, .size = size, .gpa = gpa};
	struct rsdp *rsdp = reserve(&a, sizeof(*rsdp));
	struct header *dsdt, *fadt, *madt, *xsdt;

	dsdt = rsdp ? build_dsdt(&a) : NULL;
	fadt = dsdt ? build_fadt(&a, gpa_of(&a, dsdt)) : NULL;
	madt = fadt ? build_madt(&a, n_cpus) : NULL;
	xsdt = madt ? build_xsdt(&a, gpa_of(&a, fadt), gpa_of(&a, madt)) : NULL;
	if (!xsdt)
		return -ENOSPC;
	fill_rsdp(rsdp, gpa_of(&a, xsdt));
	return (ssize_t)a.len;
}

/* ---- ports ---------------------------------------------------------------------------------- */

static void platform_io(void *ctx, uint64_t off, void *data, unsigned int len, bool write)
{
	const struct acpi_ports *p = ctx;
	uint8_t v = *(uint8_t *)data;

	if (len != 1)
		return;
	if (!write) {
		*(uint8_t *)data = 0;
		return;
	}
	/* Sleep control, 4.8.3.7: SLP_EN is bit 5, SLP_TYP bits 4-2. */
	if (off == LAYOUT_PORT_SLEEP_CONTROL - LAYOUT_PORT_RESET &&
	    (v & 0x3c) == (0x20 | LAYOUT_SLEEP_TYPE_S5 << 2))
		p->power_off(p->ctx);
	else if (off == 0 && v == LAYOUT_RESET_VALUE)
		p->reset(p->ctx);
}

/* Port 0x64: always idle, and 0xfe pulses the reset line, as every PC has it. */
static void keyboard_io(void *ctx, uint64_t off, void *data, unsigned int len, bool write)
{
	const struct acpi_ports *p = ctx;
	uint8_t *v = data;

	(void)off;
	if (!write)
		memset(v, 0, len);
	else if (*v == 0xfe)
		p->reset(p->ctx);
}

/* Port 0x61: kernels that time something by the PIT look here; zero ends their loops soon. */
static void nmi_status_io(void *ctx, uint64_t off, void *data, unsigned int len, bool write)
{
	(void)ctx;
	(void)off;
	if (!write)
		memset(data, 0, len);
}

int acpi_add_ports(struct acpi_ports *p, struct bus *ports)
{
	int err = bus_add(ports, LAYOUT_PORT_RESET, LAYOUT_PORTS, platform_io, p);

	if (!err)
		err = bus_add(ports, 0x64, 1, keyboard_io, p);
	if (!err)
		err = bus_add(ports, 0x61, 1, nmi_status_io, p);
	return err;
}
