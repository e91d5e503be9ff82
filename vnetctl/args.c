/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnetctl/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nearest.h"

enum { KEYS_MAX = 24 };

static const struct arg_key *key_find(const struct arg_key *keys, const char *text, size_t len)
{
	for (; keys->name; keys++)
		if (strlen(keys->name) == len && !memcmp(keys->name, text, len))
			return keys;
	return NULL;
}

static int unknown_key(const struct ctl *c, const struct arg_key *keys, const char *text, int len)
{
	const char *names[KEYS_MAX + 1] = {NULL};
	const char *near;
	char *word = strndup(text, (size_t)len);

	for (size_t i = 0; i < KEYS_MAX && keys[i].name; i++)
		names[i] = keys[i].name;
	near = word ? nearest_word(word, names) : NULL;
	free(word);
	if (near)
		return ctl_usage(c, "unknown setting '%.*s=', did you mean '%s='?", len, text,
				 near);
	return ctl_usage(c, "unknown setting '%.*s='", len, text);
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

static int pair(const struct ctl *c, const struct arg_key *keys, const char *word, json_t *params)
{
	const char *eq = strchr(word, '=');
	const struct arg_key *key;
	long n;

	if (!eq)
		return ctl_usage(c, "'%s' is not a setting: write KEY=VALUE", word);
	key = key_find(keys, word, (size_t)(eq - word));
	if (!key)
		return unknown_key(c, keys, word, (int)(eq - word));
	if (!eq[1])
		return ctl_usage(c, "'%s=' has no value", key->name);
	if (json_object_get(params, key->name))
		return ctl_usage(c, "'%s=' is given twice", key->name);
	if (key->type == ARG_NUMBER) {
		if (!arg_number(eq + 1, 0, 1L << 31, &n))
			return ctl_usage(c, "'%s' is not a number: %s=NUMBER", eq + 1, key->name);
		json_object_set_new(params, key->name, json_integer(n));
		return CTL_OK;
	}
	if (json_object_set_new(params, key->name, json_string(eq + 1)) < 0)
		return ctl_usage(c, "the value of '%s=' is not valid UTF-8", key->name);
	return CTL_OK;
}

int args_pairs(const struct ctl *c, const struct arg_key *keys, int argc, char **argv,
	       json_t *params)
{
	int rc = CTL_OK;

	for (int i = 0; i < argc && rc == CTL_OK; i++)
		rc = pair(c, keys, argv[i], params);
	return rc;
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
