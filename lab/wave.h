/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wave.h - requests for many nodes at once: all are sent, then all are waited for, so that the
 * daemon works on them side by side.
 */
#ifndef LAB_WAVE_H
#define LAB_WAVE_H

#include "lab/run.h"

enum { WAVE_MAX = 1024 };

struct wave {
	struct lab_run *r;
	size_t n;
	json_int_t ids[WAVE_MAX];
	const char *who[WAVE_MAX];  /* a node's name, for messages */
	const char *what[WAVE_MAX]; /* a command whose status must be 0; NULL: no command */
	int rc;			    /* the first failure, told in *err */
	struct err *err;
};

/* @r and @err are borrowed until wave_end(), and @who and @what of each request. */
void wave_begin(struct wave *w, struct lab_run *r, struct err *err);
/* Send one request; takes @params. After a failure nothing is sent any more. */
void wave_call(struct wave *w, const char *who, const char *method, json_t *params);
/* Run shell text in @node; a status other than 0 is a failure, with its last words. */
void wave_exec(struct wave *w, const struct lab_node *node, const char *command);
/* Wait for all. 0, or the first failure. */
int wave_end(struct wave *w);

#endif
