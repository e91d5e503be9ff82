/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay.h - this terminal on a guest's console.
 */
#ifndef VNETCTL_RELAY_H
#define VNETCTL_RELAY_H

#include <stdbool.h>

#include "lib/err.h"

struct relay {
	const char *name; /* whose console it is, for the greeting */
	bool watch;	  /* nothing that is typed is sent */
	unsigned int others;
	/* The window has, or got, this size; optional. */
	void (*window)(void *ctx, unsigned int rows, unsigned int cols);
	void *ctx;
};

/* Relay raw bytes between stdin/stdout and @fd until Ctrl-] is typed, the far end closes, or a
 * signal asks us to end. A terminal is in raw mode meanwhile and restored always. Takes @fd. 0, or
 * a negative errno with @err. */
int relay_console(int fd, const struct relay *how, struct err *err);

#endif
