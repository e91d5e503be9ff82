/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.h - what every command of vnetctl gets, and how it says what happened.
 *
 * A command is a row in its noun's table (one file per noun); nouns.c holds the one table of nouns.
 * Commands return an exit status: CTL_OK, CTL_FAILED after one line on stderr, CTL_USAGE when the
 * command line is wrong.
 */
#ifndef CLIENT_CTL_H
#define CLIENT_CTL_H

#include <jansson.h>

#include "lib/err.h"
#include "client/client.h"

enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 };

struct verb;
struct noun;

struct ctl {
	const char *socket;
	bool json;	       /* -j: print the stable JSON of the result */
	struct client *client; /* opened by the first ctl_call() */
	const struct noun *noun;
	const struct verb *verb;
};

struct verb {
	const char *name; /* "" for a noun that is a command by itself */
	const char *args; /* after the verb in the usage line; "" when none */
	const char *what; /* one line for the help */
	/* @argv: what follows the verb, @argc of them. Returns an exit status. */
	int (*run)(struct ctl *c, int argc, char **argv);
};

struct noun {
	const char *name;
	const char *summary;
	const struct verb *verbs; /* ends with a NULL name */
	const char *more;	  /* paragraphs below the verbs in `vnetctl help NOUN`, or NULL */
};

/* NULL-terminated, in the order of the help. */
extern const struct noun *const nouns[];

/* Print "vnetctl NOUN VERB: TEXT" and the usage line to stderr. Returns CTL_USAGE. */
int ctl_usage(const struct ctl *c, const char *fmt, ...) CHECK_PRINTF(2, 3);
/* Print @err's line to stderr. Returns CTL_FAILED. */
int ctl_fail(const struct err *err);

/* The connection, opened on first use; NULL after saying on stderr why not. */
struct client *ctl_client(struct ctl *c);
/* Call the daemon; takes @params. NULL after saying on stderr why it failed. New reference. */
json_t *ctl_call(struct ctl *c, const char *method, json_t *params);
/* Call and print nothing but the JSON under -j. Takes @params. Returns an exit status. */
int ctl_do(struct ctl *c, const char *method, json_t *params);

/* Is this event one to show? @arg is what was given to ctl_watch(). */
typedef bool ctl_want_fn(const json_t *ev, const json_t *arg);
typedef void ctl_show_fn(struct ctl *c, const json_t *ev);
/* Show each event as it comes, of @topics (an array, taken; NULL: all but the loud ones) and for
 * which @want is true (NULL: all), until a signal. Returns an exit status. watch.c. */
int ctl_watch(struct ctl *c, json_t *topics, ctl_want_fn *want, const json_t *arg,
	      ctl_show_fn *show);

/* Print @value as the one JSON document of this command, and release it. Returns CTL_OK. */
int ctl_print_json(json_t *value);

/* "" unless stdout is a terminal that knows colours and NO_COLOR is not set (no-color.org: to
 * something): the sequence for "good", "bad", ... */
enum ctl_colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_BAD, COLOUR_WARN, COLOUR_DIM };
/* "always", "never" or "auto", the default. -EINVAL for any other word. */
int ctl_colour_when(const char *word);
const char *ctl_colour(enum ctl_colour colour);

/* String member @key of @obj; "-" when it is null, absent or no string. Borrowed from @obj. */
const char *jstr(const json_t *obj, const char *key);
/* Name of guest, node or network @obj without its lab's ("gateway.pc" of lab "gateway": "pc"), or
 * all of it where it is of none. Borrowed from @obj. */
const char *ctl_name_in_lab(const json_t *obj);
/* Integer member, 0 when absent. */
json_int_t jint(const json_t *obj, const char *key);
/* Array member; NULL, over which json_array_foreach() does nothing, when absent. Borrowed. */
json_t *jarr(const json_t *obj, const char *key);

#endif
