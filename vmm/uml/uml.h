/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uml.h - the process of a User-mode Linux guest.
 *
 * User-mode Linux is a Linux kernel that is a program: it needs no KVM and no right but descriptors
 * of its taps, and runs its own processes under ptrace.
 *
 * Between us and it stands a minder. Where the host allows user namespaces the minder is process 1
 * of a PID namespace, beside a network, mount and IPC namespace with nothing in them: all of the
 * guest's processes end with it, and what breaks out of the guest finds no process to signal, no
 * interface to use and, by Landlock, no file to read. (The guest cannot be process 1 itself: it
 * ends a panic by SIGABRT, which process 1 never gets.) Elsewhere minder and guest are a process
 * group, which uml_kill() ends. Either way the kernel ends the minder when we end.
 */
#ifndef VMM_UML_UML_H
#define VMM_UML_UML_H

#include <sys/types.h>

#include "lib/err.h"
#include "vmm/options.h"

enum { UML_NICS_MAX = 8 };

struct uml_config {
	const char *name;
	const char *append; /* the kernel's command line, words of our own excluded */
	long memory_mib;
	int kernel_fd; /* the program linux.uml */
	int initrd_fd; /* -1: none */
	int disk_fd;   /* its own disk, raw; -1: none */
	int image_fd;  /* the root file system, a disk that it can't write; -1: none */
	struct nic_option nics[UML_NICS_MAX];
	unsigned int n_nics;
	int lines[2]; /* the guest's ends of its serial lines ttyS0 and ttyS1 */
};

struct uml {
	pid_t pid; /* of the minder, and of the process group */
	int pidfd;
	bool paused;
};

/* Start the guest. Its descriptors stay the caller's to close. 0 or -errno. */
int uml_start(struct uml *u, const struct uml_config *c, struct err *e);
/* Stop and continue all of it that runs. -EALREADY. */
int uml_pause(struct uml *u);
int uml_resume(struct uml *u);
/* End it at once. */
void uml_kill(struct uml *u);
/* When pidfd is readable: collect it. Its exit status, or 128 and the signal's number. */
int uml_wait(struct uml *u);

#endif
