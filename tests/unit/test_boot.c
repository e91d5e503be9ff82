/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest finds before its first instruction: kernel, boot parameters, ACPI tables. */
#include <asm/bootparam.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vmm/acpi.h"
#include "vmm/boot.h"
#include "vmm/layout.h"

enum { RAM = 64 << 20, LOAD = 16 << 20, PAYLOAD = 8192 };

static uint8_t head[BOOT_HEADER_READ];
static struct boot_image img;

static struct setup_header *header(void)
{
	return (struct setup_header *)(void *)(head + 0x1f1);
}

/* A header that is right. */
static int setup(void **state)
{
	struct setup_header *h = header();

	(void)state;
	memset(head, 0, sizeof(head));
	h->setup_sects = 1;
	h->boot_flag = 0xaa55;
	h->jump = 0x66eb;
	memcpy(&h->header, "HdrS", 4);
	h->version = 0x020f;
	h->xloadflags = XLF_KERNEL_64;
	h->initrd_addr_max = 0x7fffffff;
	h->cmdline_size = 2047;
	h->pref_address = LOAD;
	h->init_size = 1 << 20;
	return 0;
}

static int parse(uint64_t file_len)
{
	return boot_parse(head, sizeof(head), file_len, &img, NULL);
}

static void headers(void **state)
{
	assert_int_equal(parse(1024 + PAYLOAD), 0);
	assert_int_equal(img.payload_off, 1024);
	assert_int_equal(img.payload_len, PAYLOAD);
	assert_int_equal(img.init_size, 1 << 20);
	assert_int_equal(boot_parse(head, 600, 9999, &img, NULL), -ENOEXEC);
	assert_int_equal(parse(1024 + 0x200), -ENOEXEC);
	assert_int_equal(parse(0), -ENOEXEC);
	header()->boot_flag = 0;
	assert_int_equal(parse(99999), -ENOEXEC);
	setup(state);
	header()->header ^= 1;
	assert_int_equal(parse(99999), -ENOEXEC);
	setup(state);
	header()->version = 0x020b;
	assert_int_equal(parse(99999), -ENOEXEC);
	setup(state);
	header()->xloadflags = 0;
	assert_int_equal(parse(99999), -ENOEXEC);
	setup(state);
	header()->pref_address = 0x1000;
	assert_int_equal(parse(99999), -ENOEXEC);
	setup(state);
	header()->pref_address = UINT64_MAX - 0xfff;
	assert_int_equal(parse(99999), -ENOEXEC);
}

static int file_of(const void *data, size_t len, size_t total)
{
	int fd = memfd_create("test", 0);

	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(ftruncate(fd, (off_t)total), 0);
	return fd;
}

static void loads(void **state)
{
	struct boot_source src = {.cmdline = "a=b"};
	const struct boot_params *bp;
	struct memory mem;
	uint64_t entry;

	(void)state;
	assert_int_equal(memory_open(&mem, RAM, NULL), 0);
	src.kernel_fd = file_of(head, sizeof(head), 1024 + PAYLOAD);
	src.initrd_fd = file_of("initrd", 6, 5000);
	assert_int_equal(pwrite(src.kernel_fd, "\xf4", 1, 1024 + 0x200), 1);
	assert_int_equal(boot_load(&mem, &src, &entry, NULL), 0);
	assert_int_equal(entry, LOAD + 0x200);
	assert_int_equal(*(uint8_t *)memory_at(&mem, entry, 1), 0xf4);
	bp = memory_at(&mem, LAYOUT_BOOT_PARAMS, sizeof(*bp));
	assert_string_equal(memory_at(&mem, bp->hdr.cmd_line_ptr, 4), "a=b");
	assert_memory_equal(memory_at(&mem, bp->hdr.ramdisk_image, 6), "initrd", 6);
	assert_int_equal(bp->hdr.ramdisk_size, 5000);
	assert_int_equal(bp->hdr.ramdisk_image % 4096, 0);
	assert_int_equal(bp->e820_entries, 3);
	assert_int_equal(bp->e820_table[2].addr + bp->e820_table[2].size, RAM);
	assert_memory_equal(memory_at(&mem, LAYOUT_RESET_STUB, 4), "\xb0\x42\xba\x00", 4);

	/* a second time, as for a reboot, and the ways in which it does not fit */
	assert_int_equal(memory_clear(&mem), 0);
	assert_int_equal(boot_load(&mem, &src, &entry, NULL), 0);
	assert_int_equal(ftruncate(src.initrd_fd, RAM - LOAD), 0);
	assert_int_equal(boot_load(&mem, &src, &entry, NULL), -ENOMEM);
	assert_int_equal(ftruncate(src.initrd_fd, (off_t)1 << 40), 0);
	assert_int_equal(boot_load(&mem, &src, &entry, NULL), -ENOMEM);
	assert_int_equal(ftruncate(src.initrd_fd, 0), 0);
	header()->init_size = 60 << 20;
	assert_int_equal(pwrite(src.kernel_fd, head, sizeof(head), 0), sizeof(head));
	assert_int_equal(boot_load(&mem, &src, &entry, NULL), -ENOMEM);
	close(src.kernel_fd);
	close(src.initrd_fd);
	memory_close(&mem);
}

static void long_command_lines(void **state)
{
	struct boot_source src = {.initrd_fd = -1};
	char line[5000];
	struct memory mem;
	uint64_t entry;

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = 0;
	src.cmdline = line;
	assert_int_equal(memory_open(&mem, RAM, NULL), 0);
	src.kernel_fd = file_of(head, sizeof(head), 1024 + PAYLOAD);
	assert_int_equal(boot_load(&mem, &src, &entry, NULL), -E2BIG);
	line[2047] = 0;
	assert_int_equal(boot_load(&mem, &src, &entry, NULL), 0);
	close(src.kernel_fd);
	memory_close(&mem);
}

static unsigned int sum(const uint8_t *p, size_t len)
{
	unsigned int v = 0;

	while (len--)
		v += *p++;
	return v & 0xff;
}

static uint64_t get(const uint8_t *p, unsigned int len)
{
	uint64_t v = 0;

	memcpy(&v, p, len);
	return v;
}

/* Follow the tables as a guest does; every checksum holds, for 1 and for 8 CPUs. */
static void acpi_tables(void **state)
{
	static uint8_t buf[LAYOUT_ACPI_MAX];
	unsigned int cpus;

	(void)state;
	for (cpus = 1; cpus <= 8; cpus += 7) {
		ssize_t len = acpi_build(buf, sizeof(buf), LAYOUT_ACPI, cpus);
		const uint8_t *xsdt, *fadt, *madt, *dsdt;

		assert_in_range(len, 500, 2000);
		assert_memory_equal(buf, "RSD PTR ", 8);
		assert_int_equal(sum(buf, 20), 0);
		assert_int_equal(sum(buf, 36), 0);
		xsdt = buf + get(buf + 24, 8) - LAYOUT_ACPI;
		assert_memory_equal(xsdt, "XSDT", 4);
		fadt = buf + get(xsdt + 36, 8) - LAYOUT_ACPI;
		madt = buf + get(xsdt + 44, 8) - LAYOUT_ACPI;
		assert_memory_equal(fadt, "FACP", 4);
		assert_memory_equal(madt, "APIC", 4);
		dsdt = buf + get(fadt + 140, 8) - LAYOUT_ACPI;
		assert_memory_equal(dsdt, "DSDT", 4);
		assert_int_equal(sum(xsdt, get(xsdt + 4, 4)), 0);
		assert_int_equal(sum(fadt, get(fadt + 4, 4)), 0);
		assert_int_equal(sum(madt, get(madt + 4, 4)), 0);
		assert_int_equal(sum(dsdt, get(dsdt + 4, 4)), 0);
		assert_int_equal(get(madt + 4, 4), 44 + 8 * cpus + 12);
	}
	for (cpus = 0; cpus < 600; cpus++) /* too small a buffer is an error, not an overrun */
		assert_int_equal(acpi_build(buf, cpus, LAYOUT_ACPI, 8), -ENOSPC);
}

/* The ACPI project's own disassembler takes the DSDT apart without complaint. */
static void iasl_reads_the_dsdt(void **state)
{
	static uint8_t buf[LAYOUT_ACPI_MAX];
	char dir[] = "/tmp/acpi-XXXXXX", command[256];
	const uint8_t *dsdt;
	int fd;

	(void)state;
	if (system("command -v iasl >/dev/null"))
		skip();
	assert_true(acpi_build(buf, sizeof(buf), LAYOUT_ACPI, 2) > 0);
	dsdt = memmem(buf, sizeof(buf), "DSDT", 4);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	fd = memfd_create("dsdt", 0);
	assert_true(write(fd, dsdt, get(dsdt + 4, 4)) > 0);
	snprintf(command, sizeof(command),
		 "cp /proc/%d/fd/%d d.aml && iasl -d d.aml >log 2>&1 && "
		 "! grep -qiE 'error|warning|invalid' log && grep -q PNP0A03 d.dsl && "
		 "grep -q '_S5, Package' d.dsl && iasl d.dsl >log2 2>&1; s=$?; rm -rf %s; exit $s",
		 getpid(), fd, dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(chdir("/"), 0);
	close(fd);
}

static unsigned int resets, power_offs;

static void count_reset(void *ctx)
{
	(void)ctx;
	resets++;
}

static void count_power_off(void *ctx)
{
	(void)ctx;
	power_offs++;
}

static void ports(void **state)
{
	struct acpi_ports p = {count_reset, count_power_off, NULL};
	struct bus bus = {0};
	uint32_t port;
	unsigned int v;

	(void)state;
	assert_int_equal(acpi_add_ports(&p, &bus), 0);
	for (v = 0; v < 256; v++) {
		uint8_t byte = (uint8_t)v;

		bus_access(&bus, LAYOUT_PORT_SLEEP_CONTROL, &byte, 1, true);
		bus_access(&bus, LAYOUT_PORT_RESET, &byte, 1, true);
		bus_access(&bus, 0x64, &byte, 1, true);
	}
	assert_int_equal(resets, 2);
	assert_int_equal(power_offs, 16); /* the four bits beside type and enable are not ours */
	/* V29: every port, every width */
	for (port = 0; port <= 0xffff; port++) {
		for (v = 1; v <= 4; v *= 2) {
			uint32_t data = 0;

			bus_access(&bus, port, &data, v, false);
			bus_access(&bus, port, &data, v, true);
		}
	}
	assert_int_equal(resets, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(headers, setup),
		cmocka_unit_test_setup(loads, setup),
		cmocka_unit_test_setup(long_command_lines, setup),
		cmocka_unit_test(acpi_tables),
		cmocka_unit_test(iasl_reads_the_dsdt),
		cmocka_unit_test(ports),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
