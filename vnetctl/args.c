/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnetctl/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nearest.h"

enum { KEYS_MAX = 64 };

static bool is_word(const char *word, const char *text, size_t len)
{
	return strlen(word) == len && !memcmp(word, text, len);
}

/* The key that @text names: of @keys, else one of @more as a text key. False when there is none. */
static bool key_find(const struct arg_key *keys, const char *const *more, const char *text,
		     size_t len, struct arg_key *out)
{
	for (; keys->name; keys++)
		if (is_word(keys->name, text, len)) {
			*out = *keys;
			return true;
		}
	for (; more && *more; more++)
		if (is_word(*more, text, len)) {
			*out = (struct arg_key){*more, ARG_STRING};
			return true;
		}
	return false;
}

static int unknown_key(const struct ctl *c, const struct arg_key *keys, const char *const *more,
		       const char *text, int len)
{
	const char *names[KEYS_MAX + 1] = {NULL};
	const char *near;
	char *word = strndup(text, (size_t)len);
	size_t n = 0;

	for (; n < KEYS_MAX && keys->name; keys++)
		names[n++] = keys->name;
	for (; n < KEYS_MAX && more && *more; more++)
		names[n++] = *more;
	near = word ? nearest_word(word, names) : NULL;
	free(word);
	if (near)
		return ctl_usage(c, "unknown setting '%.*s', did you mean '%s='?", len, text, near);
	return ctl_usage(c, "unknown setting '%.*s'", len, text);
}

bool arg_number(const char *text, long lo, long hi, long *out)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (end == text || *end || errno || v < lo || v > hi || text[0] == '+' || text[0] == ' ')
		return false;
	*out = v;
	return true;
}

static int pair(const struct ctl *c, const struct arg_key *keys, const char *const *more,
		const char *word, json_t *params)
{
	const char *eq = strchr(word, '=');
	struct arg_key key;
	long n;

	if (!eq)
		return ctl_usage(c, "'%s' is not a setting: write KEY=VALUE", word);
	if (!key_find(keys, more, word, (size_t)(eq - word), &key))
		return unknown_key(c, keys, more, word, (int)(eq - word));
	if (!eq[1])
		return ctl_usage(c, "'%s=' has no value", key.name);
	if (json_object_get(params, key.name))
		return ctl_usage(c, "'%s=' is given twice", key.name);
	if (key.type == ARG_NUMBER && strcmp(eq + 1, "default") != 0) {
		if (!arg_number(eq + 1, 0, 1L << 31, &n))
			return ctl_usage(c, "'%s' is not a number: %s=NUMBER", eq + 1, key.name);
		json_object_set_new(params, key.name, json_integer(n));
		return CTL_OK;
	}
	if (json_object_set_new(params, key.name, json_string(eq + 1)) < 0)
		return ctl_usage(c, "the value of '%s=' is not valid UTF-8", key.name);
	return CTL_OK;
}

int args_settings(const struct ctl *c, const struct arg_key *keys, const char *const *more,
		  int argc, char **argv, json_t *params)
{
	int rc = CTL_OK;

	for (int i = 0; i < argc && rc == CTL_OK; i++)
		rc = pair(c, keys, more, argv[i], params);
	return rc;
}

int args_pairs(const struct ctl *c, const struct arg_key *keys, int argc, char **argv,
	       json_t *params)
{
	return args_settings(c, keys, NULL, argc, argv, params);
}

/* Inside single quotes only the single quote itself is special (POSIX XCU 2.2.2). */
static void quote(FILE *out, const char *word)
{
	fputc('\'', out);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

char *args_shell(int argc, char **argv)
{
	char *text = NULL;
	size_t len;
	FILE *out;

	if (argc == 1)
		return strdup(argv[0]);
	out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	for (int i = 0; i < argc; i++) {
		if (i)
			fputc(' ', out);
		quote(out, argv[i]);
	}
	fclose(out);
	return text;
}
