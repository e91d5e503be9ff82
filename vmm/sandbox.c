/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.c - what a broken-out guest finds: no files, no capabilities, no new descriptors but
 * accepted clients, and a few system calls.
 */
#include "vmm/sandbox.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/landlock.h"

/* ---- rights --------------------------------------------------------------------------------- */

static int set_limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit l = {value, value};

	return setrlimit(what, &l) ? -errno : 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};
	unsigned long cap;

	/* Fails at the first number that the kernel does not know, or without CAP_SETPCAP. */
	for (cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none) ? -errno : 0;
}

static int set_user(long uid)
{
	if (uid < 0)
		return 0;
	if (setgroups(0, NULL) || setresgid((gid_t)uid, (gid_t)uid, (gid_t)uid) ||
	    setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid))
		return -errno;
	return 0;
}

int sandbox_drop(int fd_max, long uid, struct err *e)
{
	int err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(e, -errno, "can't give up new privileges");
	err = set_limit(RLIMIT_CORE, 0);
	if (!err)
		err = set_limit(RLIMIT_NOFILE, (rlim_t)fd_max);
	if (err)
		return err_sys(e, err, "can't set limits");
	/* Where the kernel has no Landlock: the system call filter denies open() anyway. */
	err = landlock_only(NULL, 0);
	if (err)
		return err_sys(e, err, "Landlock refuses");
	err = set_user(uid);
	if (err)
		return err_sys(e, err, "can't become user %ld", uid);
	err = drop_capabilities();
	return err ? err_sys(e, err, "can't drop capabilities") : 0;
}

/* ---- system calls --------------------------------------------------------------------------- */

static const int common_calls[] = {
	SCMP_SYS(futex),	 SCMP_SYS(write),	    SCMP_SYS(epoll_ctl),
	SCMP_SYS(rt_sigreturn),	 SCMP_SYS(rt_sigprocmask),  SCMP_SYS(timerfd_settime),
	SCMP_SYS(clock_gettime), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
	SCMP_SYS(exit_group),	 SCMP_SYS(munmap),	    SCMP_SYS(madvise),
	SCMP_SYS(getpid),	 SCMP_SYS(gettid),
};

static const int main_calls[] = {
	SCMP_SYS(read),	      SCMP_SYS(readv),	     SCMP_SYS(writev),	  SCMP_SYS(pread64),
	SCMP_SYS(preadv),     SCMP_SYS(pwritev),     SCMP_SYS(fdatasync), SCMP_SYS(lseek),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(accept4),	  SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),   SCMP_SYS(close),	     SCMP_SYS(getrandom), SCMP_SYS(brk),
	SCMP_SYS(mremap),
};

/* On a vCPU thread: what it runs for, and what devices do in its exits. */
static const unsigned int common_ioctls[] = {
	KVM_RUN,
	KVM_IRQ_LINE,
	KVM_SIGNAL_MSI,
	TUNSETOFFLOAD,
};

/* On the main thread: reset, resume, the terminal. */
static const unsigned int main_ioctls[] = {
	KVM_SET_SREGS,	 KVM_SET_XCRS,	      KVM_SET_XSAVE,
	KVM_SET_REGS,	 KVM_SET_MSRS,	      KVM_SET_MP_STATE,
	KVM_SET_LAPIC,	 KVM_SET_VCPU_EVENTS, KVM_SET_DEBUGREGS,
	KVM_SET_IRQCHIP, KVM_KVMCLOCK_CTRL,   TCGETS,
	TCSETS,
};

static int allow_calls(scmp_filter_ctx f, const int *calls, size_t n)
{
	int err = 0;

	while (n-- && !err)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[n], 0);
	return err;
}

/* @call is allowed when its argument @arg, under @mask, is @value. */
static int allow_if(scmp_filter_ctx f, int call, unsigned int arg, uint64_t mask, uint64_t value)
{
	const struct scmp_arg_cmp cmp = {
		.arg = arg,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = mask,
		.datum_b = value,
	};

	return seccomp_rule_add_array(f, SCMP_ACT_ALLOW, call, 1, &cmp);
}

static int allow_ioctls(scmp_filter_ctx f, const unsigned int *cmds, size_t n)
{
	int err = 0;

	/* The kernel looks at 32 bits of the request; so do we. */
	while (n-- && !err)
		err = allow_if(f, SCMP_SYS(ioctl), 1, UINT32_MAX, cmds[n]);
	return err;
}

/* Memory for the heap, never executable; signals to our own threads only. */
static int allow_checked(scmp_filter_ctx f)
{
	int err = allow_if(f, SCMP_SYS(mmap), 2, PROT_EXEC, 0);

	if (!err)
		err = allow_if(f, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
	if (!err)
		err = allow_if(f, SCMP_SYS(tgkill), 0, UINT32_MAX, (uint32_t)getpid());
	return err;
}

static int enter(bool main_thread, struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err;

	if (!f)
		return err_set(e, -ENOMEM, "no memory for the system call filter");
	err = allow_calls(f, common_calls, ARRAY_SIZE(common_calls));
	if (!err)
		err = allow_ioctls(f, common_ioctls, ARRAY_SIZE(common_ioctls));
	if (!err && main_thread)
		err = allow_calls(f, main_calls, ARRAY_SIZE(main_calls));
	if (!err && main_thread)
		err = allow_ioctls(f, main_ioctls, ARRAY_SIZE(main_ioctls));
	if (!err && main_thread)
		err = allow_checked(f);
	if (!err)
		err = seccomp_load(f);
	seccomp_release(f);
	return err ? err_sys(e, err, "can't load the system call filter") : 0;
}

int sandbox_enter_cpu(struct err *e)
{
	return enter(false, e);
}

int sandbox_enter_main(struct err *e)
{
	return enter(true, e);
}
