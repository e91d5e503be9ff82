/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * relay.h - this terminal on a guest's console.
 */
#ifndef VNETCTL_RELAY_H
#define VNETCTL_RELAY_H

#include "lib/err.h"

/* Relay raw bytes between stdin/stdout and @fd until Ctrl-] is typed, the far end closes, or a
 * signal asks us to end. @name is the guest's, for the line that tells the escape key. A terminal
 * is in raw mode meanwhile and restored always. Takes @fd. 0, or a negative errno with @err. */
int relay_console(int fd, const char *name, struct err *err);

#endif
