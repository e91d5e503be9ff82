/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vnet-vmm: one process, one guest.
 *
 * Options, then everything that needs a path or a right, then the sandbox, then the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/addr.h"
#include "vmm/options.h"
#include "vmm/probe.h"
#include "vmm/sandbox.h"
#include "vmm/vm.h"

enum {
	/* Descriptors a guest may have open: its own, and clients. */
	FDS_MAX = 256,
};

struct options {
	struct vm_config vm;
	bool probe, no_sandbox;
	long uid;
};

static const char usage[] =
	"usage: vnet-vmm --name NAME --memory MIB --cpus N (--kernel PATH | --kernel-fd FD)\n"
	"                [--initrd PATH | --initrd-fd FD] [--append TEXT]\n"
	"                [--net fd=FD,mac=MAC | --net tap=IFNAME,mac=MAC]...\n"
	"                [--disk fd=FD[,ro] | --disk path=PATH[,ro]]...\n"
	"                [--console-fd FD | --console stdio] [--agent-fd FD] [--ctl-fd FD]\n"
	"                [--kvm-fd FD] [--uid UID] [--no-sandbox]\n"
	"       vnet-vmm --probe | --version\n";

static int open_path(const char *name, const char *path, int flags, int *out, struct err *e)
{
	*out = open(path, flags | O_CLOEXEC);
	return *out < 0 ? err_sys(e, -errno, "--%s %s", name, path) : 0;
}

/* getsubopt() wants its keys writable. */
static char key_fd[] = "fd", key_path[] = "path", key_ro[] = "ro";

static int option_disk(char *text, struct vm_config *c, struct err *e)
{
	char *const keys[] = {key_fd, key_path, key_ro, NULL};
	struct vm_disk_config disk = {.fd = -1};
	const char *path = NULL;
	char *value;
	int err = 0;

	if (c->n_disks == VM_DISKS_MAX)
		return err_set(e, -EINVAL, "more than %d --disk options", VM_DISKS_MAX);
	while (*text && !err) {
		int key = getsubopt(&text, keys, &value);

		if (key == 0 && value)
			err = option_fd("disk fd", value, &disk.fd, e);
		else if (key == 1 && value)
			path = value;
		else if (key == 2 && !value)
			disk.read_only = true;
		else
			return err_set(e, -EINVAL, "--disk: write fd=FD[,ro] or path=PATH[,ro]");
	}
	if (!err && path)
		err = open_path("disk", path, disk.read_only ? O_RDONLY : O_RDWR, &disk.fd, e);
	if (!err && disk.fd < 0)
		err = err_set(e, -EINVAL, "--disk needs fd= or path=");
	if (!err)
		c->disks[c->n_disks++] = disk;
	return err;
}

enum {
	OPT_NAME = OPT_OWN,
	OPT_MEMORY,
	OPT_CPUS,
	OPT_KERNEL,
	OPT_KERNEL_FD,
	OPT_INITRD,
	OPT_INITRD_FD,
	OPT_APPEND,
	OPT_NET,
	OPT_DISK,
	OPT_CONSOLE,
	OPT_CONSOLE_FD,
	OPT_AGENT_FD,
	OPT_CTL_FD,
	OPT_KVM_FD,
	OPT_UID,
	OPT_NO_SANDBOX,
	OPT_PROBE,
};

static const struct option long_options[] = {
	{"name", 1, NULL, OPT_NAME},
	{"memory", 1, NULL, OPT_MEMORY},
	{"cpus", 1, NULL, OPT_CPUS},
	{"kernel", 1, NULL, OPT_KERNEL},
	{"kernel-fd", 1, NULL, OPT_KERNEL_FD},
	{"initrd", 1, NULL, OPT_INITRD},
	{"initrd-fd", 1, NULL, OPT_INITRD_FD},
	{"append", 1, NULL, OPT_APPEND},
	{"net", 1, NULL, OPT_NET},
	{"disk", 1, NULL, OPT_DISK},
	{"console", 1, NULL, OPT_CONSOLE},
	{"console-fd", 1, NULL, OPT_CONSOLE_FD},
	{"agent-fd", 1, NULL, OPT_AGENT_FD},
	{"ctl-fd", 1, NULL, OPT_CTL_FD},
	{"kvm-fd", 1, NULL, OPT_KVM_FD},
	{"uid", 1, NULL, OPT_UID},
	{"no-sandbox", 0, NULL, OPT_NO_SANDBOX},
	{"probe", 0, NULL, OPT_PROBE},
	{"version", 0, NULL, OPT_VERSION},
	{"help", 0, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

/* Options about files and descriptors. */
static int set_source(int opt, char *arg, struct vm_config *c, struct err *e)
{
	switch (opt) {
	case OPT_KERNEL:
		return open_path("kernel", arg, O_RDONLY, &c->boot.kernel_fd, e);
	case OPT_KERNEL_FD:
		return option_fd("kernel-fd", arg, &c->boot.kernel_fd, e);
	case OPT_INITRD:
		return open_path("initrd", arg, O_RDONLY, &c->boot.initrd_fd, e);
	case OPT_INITRD_FD:
		return option_fd("initrd-fd", arg, &c->boot.initrd_fd, e);
	case OPT_CONSOLE_FD:
		return option_fd("console-fd", arg, &c->console_fd, e);
	case OPT_AGENT_FD:
		return option_fd("agent-fd", arg, &c->agent_fd, e);
	case OPT_CTL_FD:
		return option_fd("ctl-fd", arg, &c->ctl_fd, e);
	case OPT_KVM_FD:
		return option_fd("kvm-fd", arg, &c->kvm_fd, e);
	case OPT_NET:
		return option_net(arg, true, c->nics, &c->n_nics, VM_NICS_MAX, e);
	case OPT_DISK:
		return option_disk(arg, c, e);
	default:
		return err_set(e, -EINVAL, "wrong usage, see vnet-vmm --help");
	}
}

static int set_option(int opt, char *arg, void *ctx, struct err *e)
{
	struct options *o = ctx;
	long n = 0;
	int err = 0;

	switch (opt) {
	case OPT_NAME:
		o->vm.name = arg;
		return name_valid(arg) ? 0 : err_set(e, -EINVAL, "--name %s: not a name", arg);
	case OPT_MEMORY:
		err = option_number("memory", arg, VM_MEMORY_MIN_MIB, 1 << 20, &n, e);
		o->vm.memory_mib = (uint64_t)n;
		return err;
	case OPT_CPUS:
		err = option_number("cpus", arg, 1, VM_CPUS_MAX, &n, e);
		o->vm.n_cpus = (unsigned int)n;
		return err;
	case OPT_APPEND:
		o->vm.boot.cmdline = arg;
		return 0;
	case OPT_CONSOLE:
		o->vm.console_stdio = strcmp(arg, "stdio") == 0;
		return o->vm.console_stdio ? 0 : err_set(e, -EINVAL, "--console: only stdio");
	case OPT_UID:
		return option_number("uid", arg, 0, UINT_MAX - 1, &o->uid, e);
	case OPT_NO_SANDBOX:
		o->no_sandbox = true;
		return 0;
	case OPT_PROBE:
		o->probe = true;
		return 0;
	default:
		return set_source(opt, arg, &o->vm, e);
	}
}

/* As options_read(). */
static int parse_options(int argc, char **argv, struct options *o, struct err *e)
{
	static const struct command_line line = {"vnet-vmm", usage, long_options, set_option};
	int rc = options_read(&line, argc, argv, o, e);

	if (!rc && !o->probe && (!o->vm.name || o->vm.boot.kernel_fd < 0))
		rc = err_set(e, -EINVAL, "--name and --kernel are needed, see vnet-vmm --help");
	return rc;
}

/* Everything open: give up rights, start the threads, shut the last door. */
static int confine_and_start(struct vm *vm, const struct options *o, struct err *e)
{
	int err = 0;

	if (!o->no_sandbox)
		err = sandbox_drop(FDS_MAX, o->uid, e);
	if (!err)
		err = vm_start(vm, !o->no_sandbox, e);
	if (!err && !o->no_sandbox)
		err = sandbox_enter_main(e);
	return err;
}

static int run_guest(const struct options *o, struct err *e)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	int status = VM_EXIT_SETUP;

	if (!vm) {
		err_set(e, -ENOMEM, "out of memory");
		return status;
	}
	if (!vm_create(vm, &o->vm, e) && !confine_and_start(vm, o, e))
		status = vm_run(vm);
	else
		cpu_gate_quit(vm);
	vm_destroy(vm);
	free(vm);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {
		.vm = {.memory_mib = 256,
		       .n_cpus = 1,
		       .boot = {.kernel_fd = -1, .initrd_fd = -1, .cmdline = "console=ttyS0 quiet"},
		       .kvm_fd = -1,
		       .console_fd = -1,
		       .agent_fd = -1,
		       .ctl_fd = -1},
		.uid = -1,
	};
	struct err e = {0};
	int status = VM_EXIT_SETUP, rc;

	signal(SIGPIPE, SIG_IGN);
	rc = parse_options(argc, argv, &o, &e);
	if (rc > 0)
		return 0;
	if (!rc) {
		if (o.probe) {
			struct probe p;

			probe_run(&p);
			return probe_print(&p) ? VM_EXIT_INTERNAL : 0;
		}
		prctl(PR_SET_NAME, "vnet-vmm");
		status = run_guest(&o, &e);
	}
	if (e.code)
		fprintf(stderr, "vnet-vmm: %s\n", e.text);
	return status;
}
