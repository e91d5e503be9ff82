/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.h - the control socket of one guest: one JSON object a line, both ways.
 *
 *	{"cmd":"status"}                      {"ok":true,"state":"running",...}
 *	{"cmd":"no-such"}                     {"ok":false,"error":"..."}
 *
 * Unasked, to all clients, when something happened: {"event":"reset"}. The commands are the
 * caller's: vm_ctl.c for vnet-vmm, uml/main.c for vnet-uml.
 *
 * A client that sends longer lines than CTL_LINE_MAX, or does not read its answers, is closed.
 */
#ifndef VMM_CTL_H
#define VMM_CTL_H

#include <jansson.h>

#include "vmm/loop.h"

enum { CTL_CLIENTS_MAX = 8, CTL_LINE_MAX = 1024 };

struct ctl_command {
	const char *name; /* NULL ends a table */
	/* Borrows @request; gives the reply. */
	json_t *(*fn)(void *ctx, json_t *request);
};

struct ctl_client {
	struct loop_fd w; /* w.fd < 0: slot is free */
	struct ctl *ctl;
	size_t len;
	char line[CTL_LINE_MAX];
};

struct ctl {
	struct loop *loop; /* NULL: not open */
	const struct ctl_command *commands;
	void *ctx;
	struct loop_fd listener;
	struct ctl_client clients[CTL_CLIENTS_MAX];
};

/* Accept clients on the listening socket @fd (taken). @commands and their @ctx are borrowed until
 * ctl_close(). 0 or -errno. */
int ctl_open(struct ctl *ctl, struct loop *loop, const struct ctl_command *commands, void *ctx,
	     int fd);
void ctl_close(struct ctl *ctl);
/* Tell all clients. Nothing when the socket is not open. */
void ctl_event(struct ctl *ctl, const char *event);

/* Replies for commands to give. */
json_t *ctl_success(void);
json_t *ctl_failure(const char *why);

#endif
