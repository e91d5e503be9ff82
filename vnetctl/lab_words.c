/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "lab/parse.h"
#include "lib/nearest.h"
#include "vnetctl/lab_verbs.h"

enum { OPTIONS_MAX = 16 };

static int unknown(const struct ctl *c, const struct lab_option *opts, const char *word)
{
	const char *names[OPTIONS_MAX + 1] = {NULL}, *near;
	char name[32];
	size_t n = 0;

	for (; opts->name && n < OPTIONS_MAX; opts++)
		names[n++] = opts->name;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near = nearest_word(name, names);
	if (near)
		return ctl_usage(c, "unknown option '--%s', did you mean '--%s'?", name, near);
	return ctl_usage(c, "unknown option '--%s'", name);
}

static const struct lab_option *find(const struct lab_option *opts, const char *word, size_t len)
{
	for (; opts->name; opts++)
		if (strlen(opts->name) == len && !memcmp(opts->name, word, len))
			return opts;
	return NULL;
}

int lab_words(const struct ctl *c, const struct lab_option *opts, int argc, char **argv, int min,
	      int max, const char *words[WORDS_MAX], int *n)
{
	*n = 0;
	for (int i = 0; i < argc; i++) {
		bool dashes = !strncmp(argv[i], "--", 2);
		const char *word = argv[i] + (dashes ? 2 : 0), *eq = strchr(word, '=');
		const struct lab_option *opt = NULL;

		if (dashes || eq)
			opt = find(opts, word, eq ? (size_t)(eq - word) : strlen(word));
		if (dashes && !opt)
			return unknown(c, opts, word);
		if (!opt && *n < WORDS_MAX)
			words[(*n)++] = argv[i];
		else if (opt && !opt->value)
			*opt->flag = true;
		else if (opt && !eq && i + 1 == argc)
			return ctl_usage(c, "--%s wants a value", opt->name);
		else if (opt)
			*opt->value = eq ? eq + 1 : argv[++i];
	}
	if (*n >= min && *n <= max)
		return CTL_OK;
	return ctl_usage(c, *n < min ? "wants more words" : "has a word too many: '%s'",
			 *n > max ? words[max] : "");
}

int lab_kind_word(const struct ctl *c, const char *kind)
{
	const char *near = kind ? nearest_word(kind, lab_kind_words) : NULL;

	for (size_t i = 0; kind && lab_kind_words[i]; i++)
		if (!strcmp(kind, lab_kind_words[i]))
			return CTL_OK;
	if (!kind)
		return CTL_OK;
	return ctl_usage(c, "--kind is namespace, vm, kvm, uml or qemu, not '%s'%s%s%s", kind,
			 near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}
