/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv.c - finds out which hypervisor this host has.
 *
 * /dev/kvm being there says little: on some machines it interprets guests an instruction at a
 * time, and a Linux guest would take hours to boot. So vnet-vmm runs a small loop in a real
 * virtual CPU and times it; that answer decides.
 */
#include "vswitchd/guest/hv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/addr.h"
#include "lib/clock.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/guest/image.h"
#include "vswitchd/guest/vm.h"
#include "vswitchd/host/program.h"

enum { PROBE_TIMEOUT_MS = 3000 };

extern char **environ;

static void find_vmm(const struct daemon *d, char *out, size_t size)
{
	out[0] = '\0';
	if (!d->opt.vmm)
		program_find("vnet-vmm", out, size);
	else if (access(d->opt.vmm, X_OK) == 0)
		snprintf(out, size, "%s", d->opt.vmm);
}

/* User-mode Linux is a kernel and a program at once: it comes with the guest image, whose modules
 * fit it. */
static void find_uml(const struct daemon *d, char *out, size_t size)
{
	char dir[PATH_MAX - 16], kernel[PATH_MAX];

	out[0] = '\0';
	image_dir(d, dir, sizeof(dir));
	snprintf(kernel, sizeof(kernel), "%s/linux.uml", dir);
	if (access(kernel, X_OK) == 0)
		program_find("vnet-uml", out, size);
}

static void find_qemu(char *out, size_t size)
{
	static const char *const dirs[] = {"/usr/local/bin", "/usr/bin", "/bin"};

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(dirs) && !out[0]; i++)
		program_try(dirs[i], "qemu-system-x86_64", out, size);
}

/* Run "@vmm --probe" and collect what it prints. Bytes, or a negative errno. */
static ssize_t probe_output(const char *vmm, char *buf, size_t size)
{
	char *argv[] = {(char *)vmm, (char *)"--probe", NULL};
	posix_spawn_file_actions_t fa;
	msec end = clock_now_ms() + PROBE_TIMEOUT_MS;
	size_t got = 0;
	int p[2], rc;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, p[1], STDOUT_FILENO);
	rc = posix_spawn(&pid, vmm, &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	close(p[1]);
	while (!rc && got < size - 1) {
		msec now = clock_now_ms();
		struct pollfd pfd = {.fd = p[0], .events = POLLIN};
		ssize_t n = -1;

		if (now < end && poll(&pfd, 1, (int)(end - now)) > 0)
			n = read(p[0], buf + got, size - 1 - got);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	close(p[0]);
	if (rc)
		return -rc;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	buf[got] = '\0';
	return (ssize_t)got;
}

static void copy_field(const json_t *o, const char *key, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(o, key));

	str_escape(s ? s : "", s ? strlen(s) : 0, out, size);
}

void hv_probe_run(const struct daemon *d, struct hv_probe *probe)
{
	char buf[4096];
	json_t *o = NULL;

	memset(probe, 0, sizeof(*probe));
	probe->tsc = tsc_mark_now();
	find_qemu(probe->qemu, sizeof(probe->qemu));
	find_uml(d, probe->uml, sizeof(probe->uml));
	find_vmm(d, probe->vmm, sizeof(probe->vmm));
	if (probe->vmm[0] && probe_output(probe->vmm, buf, sizeof(buf)) > 0)
		o = json_loads(buf, 0, NULL);
	copy_field(o, "kvm", probe->kvm, sizeof(probe->kvm));
	copy_field(o, "detail", probe->detail, sizeof(probe->detail));
	copy_field(o, "mend", probe->mend, sizeof(probe->mend));
	json_decref(o);
	if (probe->kvm[0])
		return;
	strcpy(probe->kvm, "broken");
	snprintf(probe->detail, sizeof(probe->detail), "%s",
		 probe->vmm[0] ? "vnet-vmm --probe gave no answer"
			       : "the program vnet-vmm is not installed");
	snprintf(probe->mend, sizeof(probe->mend),
		 "install it beside vswitchd, or name it by --vmm");
}

const char *hv_auto_name(const struct hv_probe *probe, bool pc, char *note, size_t size)
{
	note[0] = '\0';
	if (!strcmp(probe->kvm, "ok") && probe->vmm[0])
		return "kvm";
	if (probe->uml[0] && !pc) {
		snprintf(note, size, "no KVM for guests (%s): running as User-mode Linux",
			 probe->detail);
		return "uml";
	}
	if (probe->qemu[0]) {
		snprintf(note, size, "no KVM for guests (%s): running under QEMU TCG",
			 probe->detail);
		return "qemu";
	}
	snprintf(note, size, "no KVM for guests (%s) and no QEMU: install qemu-system-x86",
		 probe->detail);
	return "none";
}

static const struct hv_ops *choose_kvm(const struct hv_probe *probe, struct err *err)
{
	if (!strcmp(probe->kvm, "ok") && probe->vmm[0])
		return &hv_vmm;
	err_set(err, -ENODEV, "KVM can't run a guest here: %s%s%s", probe->detail,
		probe->mend[0] ? "; " : "", probe->mend);
	return NULL;
}

static const struct hv_ops *choose_uml(const struct hv_probe *probe, bool pc, struct err *err)
{
	if (pc)
		err_set(err, -EOPNOTSUPP,
			"User-mode Linux boots no kernel for PCs, and has one CPU: use "
			"hypervisor=qemu or hypervisor=kvm");
	else if (!probe->uml[0])
		err_set(err, -ENOENT,
			"User-mode Linux is not there: build the guest image anew (make image)");
	else
		return &hv_uml;
	return NULL;
}

static const struct hv_ops *choose_qemu(const struct hv_probe *probe, struct err *err)
{
	if (probe->qemu[0])
		return &hv_qemu;
	err_set(err, -ENOENT,
		"qemu-system-x86_64 is not installed: apt-get install qemu-system-x86");
	return NULL;
}

const struct hv_ops *hv_named(const char *name)
{
	static const struct hv_ops *const all[] = {&hv_vmm, &hv_uml, &hv_qemu};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}

const struct hv_ops *hv_choose(const struct hv_probe *probe, const char *want, bool pc, char *note,
			       size_t size, struct err *err)
{
	const char *name = want ? want : "auto";
	const struct hv_ops *hv;
	char shown[64];

	note[0] = '\0';
	if (!strcmp(name, "auto"))
		name = hv_auto_name(probe, pc, note, size);
	hv = hv_named(name);
	if (hv == &hv_vmm)
		return choose_kvm(probe, err);
	if (hv == &hv_uml)
		return choose_uml(probe, pc, err);
	if (hv == &hv_qemu)
		return choose_qemu(probe, err);
	if (!strcmp(name, "none"))
		err_set(err, -ENODEV, "%s", note);
	else
		err_set(err, -EINVAL, "hypervisor \"%s\" is not one of auto, kvm, uml, qemu",
			str_escape(name, strlen(name), shown, sizeof(shown)));
	return NULL;
}
