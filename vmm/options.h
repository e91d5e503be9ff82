/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.h - the kinds of options that vnet-vmm and vnet-uml have in common.
 *
 * Each gives 0, or a negative errno and a message that names the option.
 */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include "lib/addr.h"
#include "lib/err.h"

struct nic_option {
	int tap_fd; /* non-blocking */
	struct mac mac;
};

/* A number from @min to @max. */
int option_number(const char *name, const char *text, long min, long max, long *out, struct err *e);
/* An inherited descriptor; it must be open. */
int option_fd(const char *name, const char *text, int *out, struct err *e);
/* --net fd=FD,mac=MAC, or tap=NAME,mac=MAC where @may_open. @text is taken apart. */
int option_net(char *text, bool may_open, struct nic_option *out, struct err *e);

#endif
