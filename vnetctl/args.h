/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * args.h - key=value words of the command line, typed by a table.
 */
#ifndef VNETCTL_ARGS_H
#define VNETCTL_ARGS_H

#include "client/ctl.h"

enum arg_type { ARG_STRING, ARG_NUMBER };

struct arg_key {
	const char *name; /* the word before '=', and the member of the request */
	enum arg_type type;
};

/* Put each key=value of @argv into @params by @keys (ends with a NULL name). A word without '=',
 * an unknown key, a key given twice, an empty value or a bad number is wrong usage: CTL_USAGE
 * after saying so. CTL_OK otherwise. */
int args_pairs(const struct ctl *c, const struct arg_key *keys, int argc, char **argv,
	       json_t *params);

/* The same, with the words of @more (NULL-terminated; lib/setting_names.h) as text keys too. */
int args_settings(const struct ctl *c, const struct arg_key *keys, const char *const *more,
		  int argc, char **argv, json_t *params);

/* A whole decimal number in lo..hi; false otherwise. */
bool arg_number(const char *text, long lo, long hi, long *out);

/* Shell text that runs @argv: one word as it is, several quoted so that each stays one word.
 * The caller frees it; NULL when memory is short. */
char *args_shell(int argc, char **argv);

#endif
