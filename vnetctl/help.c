/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnetctl/help.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/table.h"
#include "lib/nearest.h"
#include "lib/setting_names.h"

enum { NOUNS_MAX = 32, VERBS_MAX = 32, INDENT = 13, WIDTH = 80, WIDTH_MAX = 100 };

static const char usage[] =
	"usage: vnetctl [-s SOCKET] [-j] [--color=WHEN] NOUN VERB [ARGUMENT...]\n"
	"       vnetctl help [NOUN [VERB]]\n\n";
static const char options[] =
	"  -s, --socket SOCKET  the daemon's control socket (else VNET_SOCKET, else\n"
	"                       " CLIENT_SOCKET_DEFAULT ")\n"
	"  -j, --json           print the result as JSON\n"
	"  --color=WHEN         always, never, or auto: on a terminal without NO_COLOR\n"
	"  -h, --help; -V, --version\n\n";

const struct noun *noun_find(const char *name)
{
	for (size_t i = 0; nouns[i]; i++)
		if (!strcmp(nouns[i]->name, name))
			return nouns[i];
	return NULL;
}

const struct verb *verb_find(const struct noun *noun, const char *name)
{
	for (const struct verb *v = noun->verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

bool noun_is_command(const struct noun *noun)
{
	return !*noun->verbs[0].name;
}

/* ---- nouns and verbs ------------------------------------------------------------------------- */

/* The verbs' names below their noun, in lines that fit. */
static void print_verb_names(const struct noun *noun, size_t width)
{
	size_t at = 0;

	for (const struct verb *v = noun->verbs; v->name; v++) {
		size_t len = strlen(v->name);

		if (at && at + 1 + len <= width) {
			at += (size_t)printf(" %s", v->name);
			continue;
		}
		printf("%s%*s%s", at ? "\n" : "", INDENT, "", v->name);
		at = INDENT + len;
	}
	putchar('\n');
}

static void print_nouns(bool with_verbs)
{
	size_t width = terminal_width(STDOUT_FILENO);

	if (!width || width > WIDTH_MAX)
		width = WIDTH;
	for (size_t i = 0; nouns[i]; i++) {
		printf("  %-9s  %s\n", nouns[i]->name, nouns[i]->summary);
		if (with_verbs && !noun_is_command(nouns[i]))
			print_verb_names(nouns[i], width);
	}
}

static void print_verb(const struct noun *noun, const struct verb *v)
{
	printf("  vnetctl %s%s%s%s%s\n        %s\n", noun->name, *v->name ? " " : "", v->name,
	       *v->args ? " " : "", v->args, v->what);
}

int help_print(const struct noun *noun, const struct verb *verb)
{
	printf("%s - %s\n\n", noun->name, noun->summary);
	if (verb) {
		print_verb(noun, verb);
		printf("\n`vnetctl help %s` tells the rest, vnetctl(1) more.\n", noun->name);
		return CTL_OK;
	}
	for (const struct verb *v = noun->verbs; v->name; v++)
		print_verb(noun, v);
	if (noun->more)
		printf("\n%s", noun->more);
	return CTL_OK;
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static json_t *names_json(const char *const *names)
{
	json_t *list = json_array();

	for (; *names; names++)
		json_array_append_new(list, json_string(*names));
	return list;
}

static json_t *noun_json(const struct noun *noun)
{
	json_t *verbs = json_array();

	for (const struct verb *v = noun->verbs; v->name; v++)
		json_array_append_new(verbs, json_pack("{s:s, s:s, s:s}", "verb", v->name, "args",
						       v->args, "what", v->what));
	return json_pack("{s:s, s:s, s:o}", "noun", noun->name, "summary", noun->summary, "verbs",
			 verbs);
}

static int print_json(void)
{
	json_t *list = json_array();

	for (size_t i = 0; nouns[i]; i++)
		json_array_append_new(list, noun_json(nouns[i]));
	return ctl_print_json(json_pack("{s:o, s:{s:o, s:o}}", "nouns", list, "settings", "net",
					names_json(net_setting_names), "port",
					names_json(port_setting_names)));
}

int help_run(const struct ctl *c, int argc, char **argv)
{
	const struct verb *verb = NULL;
	const struct noun *noun;

	if (c->json)
		return print_json();
	if (!argc) {
		printf("%s%s", usage, options);
		print_nouns(true);
		puts("\n`vnetctl help NOUN` explains one; vnetctl(1), vnet-lab(5), vnet-modes(7) all.");
		return CTL_OK;
	}
	noun = noun_find(argv[0]);
	if (!noun)
		return help_unknown_noun(argv[0]);
	if (argc > 1 && !noun_is_command(noun)) {
		verb = verb_find(noun, argv[1]);
		if (!verb)
			return help_unknown_verb(noun, argv[1]);
	}
	return help_print(noun, verb);
}

/* ---- what to do next ------------------------------------------------------------------------- */

static void next_of_lab(const json_t *lab)
{
	const char *name = jstr(lab, "name"), *state = jstr(lab, "state");

	if (strcmp(state, "up") && !json_is_true(json_object_get(lab, "busy"))) {
		printf("  lab '%s': a command was interrupted while it was %s\n"
		       "    vnetctl lab up %s --name %s    mends it\n",
		       name, state, jstr(lab, "file"), name);
		return;
	}
	printf("  lab '%s' is %s\n"
	       "    vnetctl lab tasks %s            what there is to do\n"
	       "    vnetctl lab check %s --watch    what is done\n"
	       "    vnetctl lab down %s             ends it\n",
	       name, state, name, name, name);
}

static void next_steps(struct ctl *c)
{
	struct err ignored;
	json_t *labs = client_call(c->client, "lab.list", NULL, &ignored), *lab;
	json_t *nets = client_call(c->client, "net.list", NULL, &ignored);
	json_t *vms = client_call(c->client, "vm.list", NULL, &ignored);
	const char *net = jstr(json_array_get(nets, 0), "name");
	size_t i;

	json_array_foreach (labs, i, lab)
		next_of_lab(lab);
	if (!json_array_size(labs) && json_array_size(vms))
		printf("  vnetctl vm list                  the guests there are\n"
		       "  vnetctl vm console %-12s  a shell on one; Ctrl-] leaves it\n"
		       "  vnetctl top                      what moves\n",
		       jstr(json_array_get(vms, 0), "name"));
	else if (!json_array_size(labs) && json_array_size(nets))
		printf("  vnetctl net list                 the networks there are\n"
		       "  vnetctl vm run pc1 net=%-8s  a guest on one\n"
		       "  vnetctl top                      what moves on them\n",
		       net);
	else if (!json_array_size(labs))
		puts("  vnetctl doctor                   what this host can do\n"
		     "  vnetctl lab up FILE              start a lab: see vnet-lab(5), and " DATADIR
		     "/labs\n"
		     "  vnetctl net add lan mode=nat     or a network by hand");
	json_decref(labs);
	json_decref(nets);
	json_decref(vms);
}

int help_overview(struct ctl *c)
{
	struct err err;

	printf("vnetctl - virtual networks and guests of vswitchd\n\n%sNext:\n", usage);
	c->client = client_open(c->socket, &err);
	if (c->client)
		next_steps(c);
	else
		printf("  %s\n", err.text);
	puts("\nNouns:");
	print_nouns(false);
	puts("\n`vnetctl help` lists all verbs and options, `vnetctl help NOUN` explains one noun.");
	return CTL_OK;
}

/* ---- words that are none --------------------------------------------------------------------- */

int help_unknown_noun(const char *name)
{
	const char *names[NOUNS_MAX + 1] = {NULL};
	const char *near;

	for (size_t i = 0; i < NOUNS_MAX && nouns[i]; i++)
		names[i] = nouns[i]->name;
	near = nearest_word(name, names);
	if (near)
		fprintf(stderr, "vnetctl: unknown noun '%s', did you mean '%s'?\n", name, near);
	else
		fprintf(stderr, "vnetctl: unknown noun '%s': `vnetctl help` lists them\n", name);
	return CTL_USAGE;
}

int help_unknown_verb(const struct noun *noun, const char *name)
{
	const char *names[VERBS_MAX + 1] = {NULL};
	const char *near;
	size_t n = 0;

	for (const struct verb *v = noun->verbs; v->name && n < VERBS_MAX; v++)
		names[n++] = v->name;
	near = name ? nearest_word(name, names) : NULL;
	if (!name)
		fprintf(stderr, "vnetctl: %s what?", noun->name);
	else
		fprintf(stderr, "vnetctl: '%s' can't '%s'%s%s%s", noun->name, name,
			near ? ": did you mean '" : ".", near ? near : "", near ? "'?" : "");
	fputs(" Verbs:", stderr);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, " %s", names[i]);
	fputc('\n', stderr);
	return CTL_USAGE;
}

int help_unknown_option(const char *word)
{
	static const char *const names[] = {"--socket", "--json",    "--color",
					    "--help",	"--version", NULL};
	const char *near = !strncmp(word, "--", 2) ? nearest_word(word, names) : NULL;

	if (near)
		fprintf(stderr, "vnetctl: unknown option '%s', did you mean '%s'?\n", word, near);
	else
		fprintf(stderr, "vnetctl: bad option '%s': `vnetctl help` tells the usage\n", word);
	return CTL_USAGE;
}
