/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.c - guest RAM.
 */
#include "vmm/memory.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

void memory_init(struct memory *m, void *host, uint64_t size)
{
	*m = (struct memory){
		.host = host,
		.size = size,
		.low = MIN(size, MEMORY_HOLE_START),
	};
}

/* Round up to a multiple of the huge page size. */
static uint8_t *huge_align(uint8_t *p)
{
	return (uint8_t *)(((uintptr_t)p + MEMORY_HUGE_PAGE - 1) &
			   ~((uintptr_t)MEMORY_HUGE_PAGE - 1));
}

/*
 * Anonymous memory, aligned alike for host and guest, so that the kernel can back it with huge
 * pages: a page fault of the guest's costs an exit, and booting takes tens of thousands of small
 * ones. Pages become resident when they are touched.
 */
int memory_open(struct memory *m, uint64_t size, struct err *e)
{
	uint8_t *area = mmap(NULL, size + MEMORY_HUGE_PAGE, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	memory_init(m, NULL, size);
	if (area == MAP_FAILED)
		return err_sys(e, -errno, "can't map %ju bytes for the guest", (uintmax_t)size);
	m->area = area;
	m->area_size = size + MEMORY_HUGE_PAGE;
	m->host = huge_align(area);
	/* What is left on both sides stays out of reach: an overrun faults. */
	if (mprotect(m->host, size, PROT_READ | PROT_WRITE))
		return err_sys(e, -errno, "can't use the guest's memory");
	memory_want_huge(m, true);
	return 0;
}

void memory_close(struct memory *m)
{
	if (m->area)
		munmap(m->area, m->area_size);
	memory_init(m, NULL, 0);
}

static int set_slot(int vm_fd, uint32_t slot, uint64_t gpa, uint8_t *host, uint64_t len)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = len,
		.userspace_addr = (uintptr_t)host,
	};

	return ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

int memory_attach(const struct memory *m, int vm_fd, struct err *e)
{
	int err = set_slot(vm_fd, 0, 0, m->host, m->low);

	if (!err && m->size > m->low)
		err = set_slot(vm_fd, 1, MEMORY_HOLE_END, m->host + m->low, m->size - m->low);
	if (err)
		return err_sys(e, err, "KVM does not take the guest's memory");
	return 0;
}

int memory_clear(struct memory *m)
{
	return madvise(m->host, m->size, MADV_DONTNEED) ? -errno : 0;
}

void memory_want_huge(const struct memory *m, bool want)
{
	/* A wish: kernels without huge pages go on with small ones. */
	madvise(m->host, m->size, want ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

void *memory_at(const struct memory *m, uint64_t gpa, uint64_t len)
{
	if (gpa < m->low)
		return len <= m->low - gpa ? m->host + gpa : NULL;
	if (gpa < MEMORY_HOLE_END)
		return NULL;
	gpa -= MEMORY_HOLE_END;
	if (gpa >= m->size - m->low || len > m->size - m->low - gpa)
		return NULL;
	return m->host + m->low + gpa;
}
