/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drivers of the devices that are there: flat in /lib/modules/VERSION/vnet of the initramfs, with
 * the order in which they must be loaded beside them.
 */
#include "vmm/image/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

bool guest_read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	buf[0] = '\0';
	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return false;
	buf[n] = '\0';
	return true;
}

static char drivers[128]; /* the folder of this kernel's */
static char order[4096];  /* its file of that name */

static void load_module(const char *name)
{
	char path[192];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.ko", drivers, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* built into this kernel */
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		fprintf(stderr, "vnet: cannot load %s: %s\n", name, strerror(errno));
	close(fd);
}

/* The file "order" (written when the image is built) has one line per driver: its name, then the
 * modules to load for it, dependencies first. */
void guest_load_driver(const char *driver)
{
	size_t len = strlen(driver);
	char line[512], *save, *m;

	for (const char *o = order; *o; o += strcspn(o, "\n"), o += *o == '\n') {
		if (strncmp(o, driver, len) || o[len] != ' ')
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(o, "\n"), o);
		strtok_r(line, " ", &save);
		while ((m = strtok_r(NULL, " ", &save)))
			load_module(m);
		return;
	}
}

enum { VIRTIO_BALLOON = 5 };

/* Drivers by VIRTIO device id (VIRTIO 1.2 clause 5). */
static const char *virtio_driver(const char *id)
{
	switch (strtoul(id, NULL, 16)) {
	case 1:
		return "virtio_net";
	case 2:
		return "virtio_blk";
	case 4:
		return "virtio_rng";
	case VIRTIO_BALLOON:
		return "virtio_balloon";
	default:
		return NULL;
	}
}

/*
 * The kernel reports free memory in blocks of 2 MiB, and only while 32 of these are free
 * (mm/page_reporting.c), which they never are in a guest as small as a lesson's. Blocks of 256 KiB
 * there; the balloon's driver sets the order as it loads, so a parameter of the kernel's is no use.
 */
static void report_small_blocks(void)
{
	static const char path[] = "/sys/module/page_reporting/parameters/page_reporting_order";
	struct sysinfo si;
	int fd;

	if (sysinfo(&si) || si.totalram * (uint64_t)si.mem_unit >= 512u << 20)
		return;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* an older kernel: reports when it can */
	if (write(fd, "6", 1) < 0)
		fprintf(stderr, "vnet: cannot write %s: %s\n", path, strerror(errno));
	close(fd);
}

void guest_load_drivers(void)
{
	bool loaded[8] = {false};
	struct utsname kernel;
	char path[192], id[32];

	uname(&kernel);
	snprintf(drivers, sizeof(drivers), "/lib/modules/%s/vnet", kernel.release);
	snprintf(path, sizeof(path), "%s/order", drivers);
	if (!guest_read_file(path, order, sizeof(order)))
		return;
	guest_load_driver("ipv6");
	guest_load_driver("virtio_pci");
	/* Machines without PCI (QEMU's microvm) describe virtio-mmio devices in ACPI. */
	if (!access("/sys/bus/acpi/devices/LNRO0005:00", F_OK))
		guest_load_driver("virtio_mmio");
	for (int i = 0; i < 32; i++) {
		unsigned long n;

		snprintf(path, sizeof(path), "/sys/bus/virtio/devices/virtio%d/device", i);
		if (!guest_read_file(path, id, sizeof(id)))
			break;
		n = strtoul(id, NULL, 16);
		if (n >= 8 || loaded[n] || !virtio_driver(id))
			continue;
		loaded[n] = true;
		guest_load_driver(virtio_driver(id));
		if (n == VIRTIO_BALLOON)
			report_small_blocks();
	}
}
