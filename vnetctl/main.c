/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vnetctl(1): options, then noun and verb.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nearest.h"
#include "client/ctl.h"
#include "vnetctl/complete.h"

enum { NOUNS_MAX = 32 };

static const struct noun *noun_find(const char *name)
{
	for (size_t i = 0; nouns[i]; i++)
		if (!strcmp(nouns[i]->name, name))
			return nouns[i];
	return NULL;
}

static const struct verb *verb_find(const struct noun *noun, const char *name)
{
	for (const struct verb *v = noun->verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

/* Status, doctor, ...: a noun that is a command by itself. */
static bool noun_is_command(const struct noun *noun)
{
	return !*noun->verbs[0].name;
}

static void print_options(FILE *out)
{
	fputs("usage: vnetctl [-s SOCKET] [-j] NOUN VERB [ARGUMENT...]\n"
	      "       vnetctl help [NOUN]\n\n"
	      "  -s SOCKET  the daemon's control socket (else VNET_SOCKET, else\n"
	      "             " CLIENT_SOCKET_DEFAULT ")\n"
	      "  -j         print the result as JSON\n"
	      "  -h, --help, -V, --version\n\n",
	      out);
}

static void print_nouns(FILE *out)
{
	for (size_t i = 0; nouns[i]; i++) {
		fprintf(out, "  %-8s  %s", nouns[i]->name, nouns[i]->summary);
		if (!noun_is_command(nouns[i])) {
			fputs(": ", out);
			for (const struct verb *v = nouns[i]->verbs; v->name; v++)
				fprintf(out, "%s%s", v == nouns[i]->verbs ? "" : " ", v->name);
		}
		fputc('\n', out);
	}
}

static void print_noun(FILE *out, const struct noun *noun)
{
	fprintf(out, "%s - %s\n\n", noun->name, noun->summary);
	for (const struct verb *v = noun->verbs; v->name; v++)
		fprintf(out, "  vnetctl %s%s%s%s%s\n        %s\n", noun->name, *v->name ? " " : "",
			v->name, *v->args ? " " : "", v->args, v->what);
	if (noun->more)
		fprintf(out, "\n%s", noun->more);
}

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

/* What to do next, from what there is. */
static void next_steps(struct ctl *c)
{
	struct err ignored;
	json_t *labs = client_call(c->client, "lab.list", NULL, &ignored), *lab;
	json_t *nets = client_call(c->client, "net.list", NULL, &ignored);
	size_t i;

	json_array_foreach (labs, i, lab)
		next_of_lab(lab);
	if (!json_array_size(labs) && json_array_size(nets))
		puts("  vnetctl net list                 the networks there are\n"
		     "  vnetctl top                      what moves on them");
	else if (!json_array_size(labs))
		puts("  vnetctl doctor                   what this host can do\n"
		     "  vnetctl lab up FILE              start a lab: see vnet-lab(5), and " DATADIR
		     "/labs\n"
		     "  vnetctl net add lan mode=nat     or a network by hand");
	json_decref(labs);
	json_decref(nets);
}

/* Without arguments: what this is and what to do next, which depends on whether a daemon runs. */
static int overview(struct ctl *c)
{
	struct err err;

	puts("vnetctl - virtual networks and guests of vswitchd\n");
	print_options(stdout);
	print_nouns(stdout);
	c->client = client_open(c->socket, &err);
	puts("\nNext:");
	if (c->client)
		next_steps(c);
	else
		printf("  %s\n", err.text);
	puts("\n`vnetctl help NOUN` explains one noun.");
	return CTL_OK;
}

static int unknown_noun(const char *name)
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

static int help(struct ctl *c, int argc, char **argv)
{
	const struct noun *noun;

	if (!argc) {
		print_options(stdout);
		print_nouns(stdout);
		return CTL_OK;
	}
	noun = noun_find(argv[0]);
	if (!noun)
		return unknown_noun(argv[0]);
	(void)c;
	print_noun(stdout, noun);
	return CTL_OK;
}

static int unknown_verb(const struct noun *noun, const char *name)
{
	const char *names[NOUNS_MAX + 1] = {NULL};
	const char *near;
	size_t n = 0;

	for (const struct verb *v = noun->verbs; v->name && n < NOUNS_MAX; v++)
		names[n++] = v->name;
	near = name ? nearest_word(name, names) : NULL;
	if (!name)
		fprintf(stderr, "vnetctl: %s what?", noun->name);
	else
		fprintf(stderr, "vnetctl: '%s' can't '%s'%s%s%s", noun->name, name,
			near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	fputs(" Verbs:", stderr);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, " %s", names[i]);
	fputc('\n', stderr);
	return CTL_USAGE;
}

static bool wants_help(int argc, char **argv)
{
	return argc > 0 && (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"));
}

static int dispatch(struct ctl *c, int argc, char **argv)
{
	if (!strcmp(argv[0], "help"))
		return help(c, argc - 1, argv + 1);
	if (!strcmp(argv[0], "complete"))
		return complete_run(c, argc - 1, argv + 1);
	c->noun = noun_find(argv[0]);
	if (!c->noun)
		return unknown_noun(argv[0]);
	argc--;
	argv++;
	if (wants_help(argc, argv) || wants_help(argc - 1, argv + 1)) {
		print_noun(stdout, c->noun);
		return CTL_OK;
	}
	if (noun_is_command(c->noun)) {
		c->verb = c->noun->verbs;
		return c->verb->run(c, argc, argv);
	}
	c->verb = argc ? verb_find(c->noun, argv[0]) : NULL;
	if (!c->verb)
		return unknown_verb(c->noun, argc ? argv[0] : NULL);
	return c->verb->run(c, argc - 1, argv + 1);
}

static int options(struct ctl *c, int argc, char **argv)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'V'},
					      {"socket", required_argument, NULL, 's'},
					      {"json", no_argument, NULL, 'j'},
					      {0}};
	const char *env = getenv("VNET_SOCKET");
	int opt;

	c->socket = env && *env ? env : CLIENT_SOCKET_DEFAULT;
	while ((opt = getopt_long(argc, argv, "+s:jhV", longs, NULL)) != -1) {
		switch (opt) {
		case 's':
			c->socket = optarg;
			break;
		case 'j':
			c->json = true;
			break;
		case 'h':
			help(c, 0, NULL);
			exit(CTL_OK);
		case 'V':
			puts("vnetctl " VERSION);
			exit(CTL_OK);
		default:
			fputs("vnetctl: `vnetctl help` tells the usage\n", stderr);
			return -1;
		}
	}
	return optind;
}

/* Output that did not reach its file (a full disk, a closed pipe) is a failure. */
static int flushed(int rc)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	fputs("vnetctl: can't write the output\n", stderr);
	return rc ? rc : CTL_FAILED;
}

int main(int argc, char **argv)
{
	struct ctl c = {0};
	int first = options(&c, argc, argv);
	int rc;

	if (first < 0)
		return CTL_USAGE;
	rc = first == argc ? overview(&c) : dispatch(&c, argc - first, argv + first);
	client_close(c.client);
	return flushed(rc);
}
