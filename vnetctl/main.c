/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vnetctl(1): options, then noun and verb.
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl.h"
#include "vnetctl/complete.h"
#include "vnetctl/help.h"

/* Is --help among the words, before the command of an exec begins? -h only where no verb's own
 * option can stand. */
static bool wants_help(int argc, char **argv)
{
	if (argc && !strcmp(argv[0], "-h"))
		return true;
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--help"))
			return true;
	return false;
}

/* What follows the noun. */
static int dispatch_verb(struct ctl *c, int argc, char **argv)
{
	bool alone = noun_is_command(c->noun);

	if (alone)
		c->verb = c->noun->verbs;
	else if (argc)
		c->verb = verb_find(c->noun, argv[0]);
	if (argc && !c->verb && !strcmp(argv[0], "help"))
		return help_print(c->noun, argc > 1 ? verb_find(c->noun, argv[1]) : NULL);
	if (wants_help(argc, argv))
		return help_print(c->noun, alone ? NULL : c->verb);
	if (!c->verb)
		return help_unknown_verb(c->noun, argc ? argv[0] : NULL);
	if (alone)
		return c->verb->run(c, argc, argv);
	if (argc > 1 && !strcmp(argv[1], "-h"))
		return help_print(c->noun, c->verb);
	return c->verb->run(c, argc - 1, argv + 1);
}

static int dispatch(struct ctl *c, int argc, char **argv)
{
	if (!strcmp(argv[0], "help"))
		return help_run(c, argc - 1, argv + 1);
	if (!strcmp(argv[0], "complete"))
		return complete_run(c, argc - 1, argv + 1);
	c->noun = noun_find(argv[0]);
	if (!c->noun)
		return help_unknown_noun(argv[0]);
	return dispatch_verb(c, argc - 1, argv + 1);
}

/* What to do at once, before any noun: -1 to go on, else an exit status. */
static int option(struct ctl *c, int opt, const char *word)
{
	switch (opt) {
	case 's':
		c->socket = optarg;
		return -1;
	case 'j':
		c->json = true;
		return -1;
	case 'c':
		if (ctl_colour_when(optarg) == 0)
			return -1;
		fprintf(stderr, "vnetctl: --color is auto, always or never, not '%s'\n", optarg);
		return CTL_USAGE;
	case 'h':
		return help_run(c, 0, NULL);
	case 'V':
		puts("vnetctl " VERSION);
		return CTL_OK;
	case ':':
		fprintf(stderr, "vnetctl: '%s' wants a value: `vnetctl help` tells the usage\n",
			word);
		return CTL_USAGE;
	default:
		return help_unknown_option(word);
	}
}

/* Returns -1 with the noun at argv[optind], or an exit status. */
static int options(struct ctl *c, int argc, char **argv)
{
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'},	  {"version", no_argument, NULL, 'V'},
		{"socket", required_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'},
		{"color", required_argument, NULL, 'c'},  {0}};
	const char *env = getenv("VNET_SOCKET");
	int opt, rc = -1;

	opterr = 0;
	c->socket = env && *env ? env : CLIENT_SOCKET_DEFAULT;
	while (rc < 0) {
		const char *word = argv[optind];

		opt = getopt_long(argc, argv, "+:s:jhV", longs, NULL);
		if (opt == -1)
			break;
		rc = option(c, opt, word);
	}
	return rc;
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
	int rc;

	setlocale(LC_CTYPE, ""); /* which characters can be printed, and how wide they are */
	rc = options(&c, argc, argv);
	if (rc >= 0)
		return flushed(rc);
	rc = optind == argc ? help_overview(&c) : dispatch(&c, argc - optind, argv + optind);
	client_close(c.client);
	return flushed(rc);
}
