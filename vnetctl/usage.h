/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage.h - a verb's usage line, read as a row of tokens.
 *
 * A token is a literal ("on|off", "from"), the name of a thing in capitals ("NET", "NAME|FILE",
 * "[NODE...]"), a setting ("[mode=nat|bridge]"), an option ("[--stage STAGE]"), or a group of these
 * ("[src MAC|ADDRESS]").
 */
#ifndef VNETCTL_USAGE_H
#define VNETCTL_USAGE_H

#include <stdbool.h>
#include <stddef.h>

enum { USAGE_TOKENS_MAX = 48, USAGE_TOKEN_MAX = 160 };

struct usage {
	char tokens[USAGE_TOKENS_MAX][USAGE_TOKEN_MAX]; /* without their outer brackets */
	size_t n;
};

/* Read the first @len bytes of @line. */
void usage_read(struct usage *u, const char *line, size_t len);

/* Where the next line of a verb with verbs of its own begins: "\n   vnetctl nat forward list NET",
 * or
 * "| del NET NAME". NULL when this is the last. *@len: of this one. */
const char *usage_next(const char *line, size_t *len);

bool usage_is_option(const char *token);
bool usage_is_setting(const char *token);
bool usage_is_literal(const char *token);
/* "NODE...": may stand there more than once. */
bool usage_repeats(const char *token);

/* Is @word an option of @u? *@value gets the token that its value is of, or NULL for a flag. */
bool usage_option(const struct usage *u, const char *word, const char **value);

/* The first token from @at on that is neither setting nor option, and that @word fits when it is
 * not NULL; u->n when there is none. */
size_t usage_positional(const struct usage *u, size_t at, const char *word);

#endif
