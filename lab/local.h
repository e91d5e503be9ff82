/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * local.h - what a command said and how it ended; commands on the host.
 */
#ifndef LAB_LOCAL_H
#define LAB_LOCAL_H

#include "lib/err.h"

enum { EXEC_TEXT_MAX = 64 << 10 };

struct exec_result {
	int status;
	char *out, *err; /* NUL-terminated; freed by exec_result_fini() */
};

/* Frees what local_exec() or node_exec() filled in; again does nothing. */
void exec_result_fini(struct exec_result *res);

/* Run `sh -c @command` here, output bounded to EXEC_TEXT_MAX each; killed (status 124) after
 * @timeout_s. 0, or a negative errno. */
int local_exec(const char *command, unsigned int timeout_s, struct exec_result *res,
	       struct err *err);

#endif
