/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel image whose header anyone may have written, loaded into little memory. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "vmm/boot.h"

enum { RAM = 24 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory mem;
	struct boot_source src = {.initrd_fd = -1, .cmdline = "quiet"};
	uint64_t entry;

	if (!mem.host && memory_open(&mem, RAM, NULL))
		abort();
	src.kernel_fd = memfd_create("kernel", 0);
	if (write(src.kernel_fd, data, size) == (ssize_t)size &&
	    boot_load(&mem, &src, &entry, NULL) == 0 && !memory_at(&mem, entry, 1))
		abort();
	close(src.kernel_fd);
	return 0;
}
