/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnetctl/complete.h"

#include <stdio.h>
#include <string.h>

/* Which of the daemon's lists an argument of a verb is from: by the word that the usage has for it.
 */
static const struct {
	const char *word, *method;
} lists[] = {
	{"NET", "net.list"}, {"PORT", "port.list"}, {"VM", "vm.list"},
	{"NAME", "vm.list"}, {"GUEST", "vm.list"},
};

static void print_names(struct ctl *c, const char *method)
{
	struct err ignored;
	json_t *list, *obj;
	size_t i;

	if (!c->client)
		c->client = client_open(c->socket, &ignored);
	list = c->client ? client_call(c->client, method, NULL, &ignored) : NULL;
	json_array_foreach (list, i, obj)
		if (json_is_string(json_object_get(obj, "name")))
			puts(jstr(obj, "name"));
	json_decref(list);
}

/* The options ("--stage") and the choices ("on|off") of a usage line, and "KEY=" words. */
static void print_options(const char *args)
{
	char word[64];

	for (size_t len; *args; args += len) {
		args += strspn(args, " []|");
		len = strcspn(args, " []|");
		snprintf(word, sizeof(word), "%.*s", (int)len, args);
		if (!strncmp(word, "--", 2)) {
			puts(word);
		} else if (strchr(word, '=')) {
			*(strchr(word, '=') + 1) = 0;
			puts(word);
		} else if (*word >= 'a' && *word <= 'z' && !strchr(word, '.')) {
			puts(word);
		}
	}
}

static void print_objects(struct ctl *c, const struct noun *noun, const char *args)
{
	if (!strcmp(noun->name, "lab")) {
		print_names(c, "lab.list");
		return;
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *at = strstr(args, lists[i].word);

		if (at && !strncmp(at, lists[i].word, strcspn(at, " []|.=")) &&
		    (strcmp(lists[i].word, "NAME") || !strcmp(noun->name, "vm")))
			print_names(c, lists[i].method);
	}
}

static const struct verb *verb_of(const struct noun *noun, const char *word)
{
	const struct verb *v = noun->verbs;

	if (!*v->name)
		return v;
	while (v->name && (!word || strcmp(v->name, word) != 0))
		v++;
	return v->name ? v : NULL;
}

int complete_run(struct ctl *c, int argc, char **argv)
{
	const struct noun *noun = NULL;
	const struct verb *verb;

	if (argc && !strcmp(argv[0], "--")) {
		argc--;
		argv++;
	}
	for (size_t i = 0; argc && nouns[i]; i++)
		if (!strcmp(nouns[i]->name, argv[0]))
			noun = nouns[i];
	if (!argc || (argc == 1 && !strcmp(argv[0], "help"))) {
		for (size_t i = 0; nouns[i]; i++)
			puts(nouns[i]->name);
		if (!argc)
			puts("help");
		return CTL_OK;
	}
	verb = noun ? verb_of(noun, argc > 1 ? argv[1] : NULL) : NULL;
	if (noun && argc == 1 && *noun->verbs[0].name)
		for (const struct verb *v = noun->verbs; v->name; v++)
			puts(v->name);
	else if (verb) {
		print_objects(c, noun, verb->args);
		print_options(verb->args);
	}
	return CTL_OK;
}
