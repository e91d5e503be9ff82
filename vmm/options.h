/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.h - the kinds of options that vnet-vmm and vnet-uml have in common.
 *
 * Each gives 0, or a negative errno and a message that names the option.
 */
#ifndef VMM_OPTIONS_H
#define VMM_OPTIONS_H

#include <getopt.h>

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
/* --net fd=FD,mac=MAC, or tap=NAME,mac=MAC where @may_open: one more of the *@n in @nics, at most
 * @max. @text is taken apart. */
int option_net(char *text, bool may_open, struct nic_option *nics, unsigned int *n,
	       unsigned int max, struct err *e);

/* Values of struct option; a program's own begin at OPT_OWN. */
enum { OPT_VERSION = 1, OPT_HELP, OPT_OWN };

struct command_line {
	const char *program, *usage;
	const struct option *options;
	/* Take one; for a value that is none of @options it says that the usage is wrong. */
	int (*set)(int opt, char *arg, void *ctx, struct err *e);
};

/* Read the command line with @ctx for set(). 0; 1 when --help or --version has been answered, and
 * there is no more to do. */
int options_read(const struct command_line *line, int argc, char **argv, void *ctx, struct err *e);

#endif
