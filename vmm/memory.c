/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.c - guest RAM in a memfd.
 */
#include "vmm/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

void memory_init(struct memory *m, void *host, uint64_t size)
{
	*m = (struct memory){
		.host = host,
		.size = size,
		.low = MIN(size, MEMORY_HOLE_START),
		.fd = -1,
	};
}

static int seal(int fd)
{
	/* A fixed size: whoever else gets the descriptor can't make our accesses fault. */
	return fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) ? -errno : 0;
}

int memory_open(struct memory *m, uint64_t size, struct err *e)
{
	int err;

	memory_init(m, NULL, size);
	m->fd = memfd_create("guest-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (m->fd < 0)
		return err_sys(e, -errno, "can't make the guest's memory");
	if (ftruncate(m->fd, (off_t)size))
		return err_sys(e, -errno, "can't give the guest %ju bytes of memory",
			       (uintmax_t)size);
	err = seal(m->fd);
	if (err)
		return err_sys(e, err, "can't seal the guest's memory");
	m->host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, m->fd, 0);
	if (m->host == MAP_FAILED) {
		m->host = NULL;
		return err_sys(e, -errno, "can't map the guest's memory");
	}
	return 0;
}

void memory_close(struct memory *m)
{
	if (m->host)
		munmap(m->host, m->size);
	if (m->fd >= 0)
		close(m->fd);
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
	return madvise(m->host, m->size, MADV_REMOVE) ? -errno : 0;
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
