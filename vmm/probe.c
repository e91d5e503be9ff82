/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.c - tells a KVM that runs guests on the processor from one that interprets them.
 *
 * Some cloud machines have a /dev/kvm without the processor's virtualisation: it works in every
 * respect, at about a million instructions a second, which no Linux guest survives with patience.
 * The processor's flags give it away, and so does a loop: 1 to 20 ns an iteration on hardware
 * (nested, emulated hardware included), microseconds in an interpreter.
 */
#include "vmm/probe.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
	GUEST_CODE = 0x1000,
	GUEST_SIZE = 0x2000,
	ITERATIONS = 20000,
	/* Between the slowest hardware seen (20 ns) and the fastest interpreter (900 ns). */
	INTERPRETED_NS = 300,
	/* A busy host may take the processor away, and emulated hardware translates at first. */
	TRIES = 4,
};

/* mov cx, ITERATIONS; 1: dec cx; jnz 1b; hlt */
static const uint8_t guest[] = {0xb9, ITERATIONS & 0xff, ITERATIONS >> 8, 0x49, 0x75, 0xfd, 0xf4};

struct tiny {
	int kvm_fd, vm_fd, cpu_fd;
	uint8_t *mem;
	struct kvm_run *run;
	size_t run_size;
};

static int put_memory(struct tiny *t)
{
	struct kvm_userspace_memory_region region = {.memory_size = GUEST_SIZE};

	t->mem = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->mem == MAP_FAILED) {
		t->mem = NULL;
		return -errno;
	}
	memcpy(t->mem + GUEST_CODE, guest, sizeof(guest));
	region.userspace_addr = (uintptr_t)t->mem;
	return ioctl(t->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

static int put_cpu(struct tiny *t)
{
	struct kvm_sregs sregs;
	int size = ioctl(t->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	t->cpu_fd = ioctl(t->vm_fd, KVM_CREATE_VCPU, 0);
	if (t->cpu_fd < 0)
		return -errno;
	if (size <= 0)
		return -EIO;
	t->run_size = (size_t)size;
	t->run = mmap(NULL, t->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, t->cpu_fd, 0);
	if (t->run == MAP_FAILED) {
		t->run = NULL;
		return -errno;
	}
	if (ioctl(t->cpu_fd, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.cs.base = sregs.cs.selector = 0;
	return ioctl(t->cpu_fd, KVM_SET_SREGS, &sregs) ? -errno : 0;
}

static int time_loop(struct tiny *t, uint64_t *loop_ns)
{
	struct kvm_regs regs = {.rip = GUEST_CODE, .rflags = 2};
	struct timespec a, b;
	int64_t ns;

	if (ioctl(t->cpu_fd, KVM_SET_REGS, &regs))
		return -errno;
	assert(t->run);
	clock_gettime(CLOCK_MONOTONIC, &a);
	if (ioctl(t->cpu_fd, KVM_RUN, 0))
		return -errno;
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (t->run->exit_reason != KVM_EXIT_HLT)
		return -EIO;
	ns = (b.tv_sec - a.tv_sec) * 1000000000LL + (b.tv_nsec - a.tv_nsec);
	*loop_ns = MAX((uint64_t)ns / ITERATIONS, 1u);
	return 0;
}

static int run_tiny(int kvm_fd, uint64_t *loop_ns)
{
	struct tiny t = {.kvm_fd = kvm_fd, .vm_fd = -1, .cpu_fd = -1};
	unsigned int i;
	int err;

	t.vm_fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	err = t.vm_fd < 0 ? -errno : 0;
	if (!err)
		err = put_memory(&t);
	if (!err)
		err = put_cpu(&t);
	*loop_ns = UINT64_MAX;
	for (i = 0; i < TRIES && !err && *loop_ns > INTERPRETED_NS; i++) {
		uint64_t ns = 0;

		err = time_loop(&t, &ns);
		*loop_ns = MIN(*loop_ns, ns);
	}
	if (t.run)
		munmap(t.run, t.run_size);
	if (t.cpu_fd >= 0)
		close(t.cpu_fd);
	if (t.vm_fd >= 0)
		close(t.vm_fd);
	if (t.mem)
		munmap(t.mem, GUEST_SIZE);
	return err;
}

/* Has the first processor a flag for hardware virtualisation? */
static bool cpu_has_virtualisation(void)
{
	char line[8192];
	FILE *f = fopen("/proc/cpuinfo", "re");
	bool has = false;

	if (!f)
		return true; /* the loop decides */
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "flags", 5) == 0) {
			has = strstr(line, " vmx") || strstr(line, " svm");
			break;
		}
	}
	fclose(f);
	return has;
}

static void conclude(struct probe *p, enum probe_kind kind, const char *detail, const char *mend)
{
	p->kind = kind;
	p->mend = mend;
	snprintf(p->detail, sizeof(p->detail), "%s", detail);
}

static void no_device(struct probe *p, int error)
{
	if (error == EACCES || error == EPERM)
		conclude(p, PROBE_DENIED, "no permission to open /dev/kvm",
			 "add the user to the group that owns /dev/kvm (often \"kvm\")");
	else if (error == ENOENT || error == ENODEV || error == ENXIO)
		conclude(p, PROBE_MISSING, "there is no /dev/kvm",
			 "switch virtualisation on in the firmware or for this machine, and load "
			 "kvm-intel or kvm-amd");
	else
		conclude(p, PROBE_BROKEN, strerror(error), "see the kernel's log");
}

static void judge(struct probe *p, int kvm_fd)
{
	static const char *const slow =
		"use a machine with hardware or nested virtualisation; Linux guests run under "
		"QEMU's emulation here";
	int err = run_tiny(kvm_fd, &p->loop_ns);

	if (err) {
		p->loop_ns = 0;
		conclude(p, PROBE_BROKEN, "", "see the kernel's log");
		snprintf(p->detail, sizeof(p->detail), "/dev/kvm does not run a guest: %s",
			 strerror(-err));
	} else if (p->loop_ns > INTERPRETED_NS) {
		conclude(p, PROBE_INTERPRETS, "", slow);
		snprintf(p->detail, sizeof(p->detail),
			 "KVM here interprets guests: %ju ns for two instructions%s",
			 (uintmax_t)p->loop_ns,
			 cpu_has_virtualisation() ? "" : ", the processor has neither vmx nor svm");
	} else {
		conclude(p, PROBE_OK, "", "");
		snprintf(p->detail, sizeof(p->detail), "KVM runs guests at speed: %ju ns a loop",
			 (uintmax_t)p->loop_ns);
	}
}

void probe_run(struct probe *p)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	*p = (struct probe){0};
	if (fd < 0) {
		no_device(p, errno);
		return;
	}
	if (ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		conclude(p, PROBE_BROKEN, "/dev/kvm speaks another version", "");
	else
		judge(p, fd);
	close(fd);
}

int probe_print(const struct probe *p)
{
	static const char *const words[] = {
		[PROBE_OK] = "ok",	   [PROBE_MISSING] = "missing",
		[PROBE_DENIED] = "denied", [PROBE_INTERPRETS] = "interprets",
		[PROBE_BROKEN] = "broken",
	};
	json_t *j = json_pack("{s:s, s:s, s:s, s:I}", "kvm", words[p->kind], "detail", p->detail,
			      "mend", p->mend, "loop_ns", (json_int_t)p->loop_ns);
	int err = j ? json_dumpf(j, stdout, JSON_COMPACT) : -1;

	json_decref(j);
	putchar('\n');
	return err || fflush(stdout) ? -EIO : 0;
}
