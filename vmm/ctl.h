/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.h - the control socket: one JSON object a line, both ways.
 *
 *	{"cmd":"status"}                      {"ok":true,"state":"running",...}
 *	{"cmd":"pause"} {"cmd":"resume"}      {"ok":true}
 *	{"cmd":"reset"} {"cmd":"quit"}        {"ok":false,"error":"..."}
 *	{"cmd":"link","nic":0,"up":false}
 *
 * Unasked, to all clients, when the guest resets its machine: {"event":"reset"}.
 *
 * A client that sends longer lines than CTL_LINE_MAX, or does not read its answers, is closed.
 */
#ifndef VMM_CTL_H
#define VMM_CTL_H

#include "vmm/loop.h"

enum { CTL_CLIENTS_MAX = 8, CTL_LINE_MAX = 1024 };

struct vm;

struct ctl_client {
	struct loop_fd w; /* w.fd < 0: slot is free */
	struct ctl *ctl;
	size_t len;
	char line[CTL_LINE_MAX];
};

struct ctl {
	struct vm *vm;
	struct loop_fd listener;
	struct ctl_client clients[CTL_CLIENTS_MAX];
};

/* Accept clients on the listening socket @fd (taken). 0 or -errno. */
int ctl_open(struct ctl *ctl, struct vm *vm, int fd);
void ctl_close(struct ctl *ctl);
/* Tell all clients. Nothing when the socket is not open. */
void ctl_event(struct ctl *ctl, const char *event);

#endif
