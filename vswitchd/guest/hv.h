/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv.h - hypervisors: which ones this host has, and the few things asked of a running one.
 *
 * Three rows: "kvm" is our own vnet-vmm; "uml" is User-mode Linux under our vnet-uml and "qemu" is
 * QEMU without KVM (TCG), for hosts whose KVM can't run a Linux guest at speed. All get taps,
 * the same listening sockets and the same root file system; what differs is the command line, the
 * kernel, and the language of the control socket.
 */
#ifndef VSWITCHD_HV_H
#define VSWITCHD_HV_H

#include <jansson.h>
#include <limits.h>

#include "lib/err.h"
#include "vswitchd/guest/tsc.h"

struct daemon;
struct vm;
struct vm_fds;
struct argv;

/* What `vnet-vmm --probe` says of this host, and what else is there. */
struct hv_probe {
	char kvm[16]; /* "ok", "missing", "denied", "interprets", "broken" */
	char detail[256];
	char mend[256];
	char vmm[PATH_MAX];  /* "" when not found */
	char uml[PATH_MAX];  /* "" when it, or its kernel in the guest image, is not found */
	char qemu[PATH_MAX]; /* "" when not found */
	struct tsc_mark tsc; /* when the daemon looked */
};

struct hv_ops {
	const char *name;
	bool pc;       /* it is a PC: boots kernels for PCs, several CPUs; qcow2 is QEMU's alone */
	bool vnet_hdr; /* its taps have the virtio-net header */
	/* The program and its arguments, appended to @av. 0, or a negative errno with @err. */
	int (*command)(const struct vm *vm, const struct vm_fds *fds, struct argv *av,
		       struct err *err);
	/* The control socket is connected: say what must be said first. */
	void (*hello)(struct vm *vm);
	/* A line came in on it. Borrows. */
	void (*input)(struct vm *vm, const json_t *msg);
	void (*pause)(struct vm *vm);
	void (*resume)(struct vm *vm);
	/* End at once, without asking the guest. */
	void (*quit)(struct vm *vm);
	void (*link)(struct vm *vm, unsigned int nic, bool up);
};

extern const struct hv_ops hv_vmm, hv_uml, hv_qemu;

/* By its name; NULL when there is none of that name. */
const struct hv_ops *hv_named(const char *name);

/* Ask vnet-vmm (at most 3 s) and look for the others. Always fills @probe. */
void hv_probe_run(const struct daemon *d, struct hv_probe *probe);
/* The hypervisor for @want ("auto" or a name; NULL is auto), which is to be a PC if @pc. NULL and
 * @err when it can't be. @note gets one line when auto had to fall back, else "". */
const struct hv_ops *hv_choose(const struct hv_probe *probe, const char *want, bool pc, char *note,
			       size_t size, struct err *err);
/* What auto would take: a name or "none"; *@note as above. */
const char *hv_auto_name(const struct hv_probe *probe, bool pc, char *note, size_t size);

#endif
