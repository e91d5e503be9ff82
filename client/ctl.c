/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ctl_usage(const struct ctl *c, const char *fmt, ...)
{
	const char *noun = c->noun ? c->noun->name : "";
	const char *verb = c->verb ? c->verb->name : "";
	va_list ap;

	fprintf(stderr, "vnetctl%s%s%s%s: ", *noun ? " " : "", noun, *verb ? " " : "", verb);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (c->verb)
		fprintf(stderr, "usage: vnetctl %s%s%s%s%s\n", noun, *verb ? " " : "", verb,
			*c->verb->args ? " " : "", c->verb->args);
	return CTL_USAGE;
}

int ctl_fail(const struct err *err)
{
	fflush(stdout);
	fprintf(stderr, "vnetctl: %s\n", err->text);
	return CTL_FAILED;
}

struct client *ctl_client(struct ctl *c)
{
	struct err err;

	if (!c->client)
		c->client = client_open(c->socket, &err);
	if (!c->client)
		ctl_fail(&err);
	return c->client;
}

json_t *ctl_call(struct ctl *c, const char *method, json_t *params)
{
	struct client *client = ctl_client(c);
	struct err err;
	json_t *result;

	if (!client) {
		json_decref(params);
		return NULL;
	}
	result = client_call(client, method, params, &err);
	if (!result)
		ctl_fail(&err);
	return result;
}

int ctl_do(struct ctl *c, const char *method, json_t *params)
{
	json_t *result = ctl_call(c, method, params);

	if (!result)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(result);
	json_decref(result);
	return CTL_OK;
}

int ctl_print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
	json_decref(value);
	return CTL_OK;
}

static int use_colour = -1; /* not known yet */

int ctl_colour_when(const char *word)
{
	if (!strcmp(word, "always"))
		use_colour = 1;
	else if (!strcmp(word, "never"))
		use_colour = 0;
	else if (strcmp(word, "auto") != 0)
		return -EINVAL;
	return 0;
}

static bool terminal_has_colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

const char *ctl_colour(enum ctl_colour colour)
{
	static const char *const seq[] = {"\033[0m", "\033[32m", "\033[31m", "\033[33m", "\033[2m"};

	if (use_colour < 0)
		use_colour = terminal_has_colours();
	return use_colour ? seq[colour] : "";
}

const char *jstr(const json_t *obj, const char *key)
{
	const char *text = json_string_value(json_object_get(obj, key));

	return text ? text : "-";
}

const char *ctl_name_in_lab(const json_t *obj)
{
	const char *name = jstr(obj, "name"), *lab = json_string_value(json_object_get(obj, "lab"));
	size_t len = lab ? strlen(lab) : 0;

	return len && !strncmp(name, lab, len) && name[len] == '.' ? name + len + 1 : name;
}

json_int_t jint(const json_t *obj, const char *key)
{
	return (json_int_t)json_number_value(json_object_get(obj, key));
}

json_t *jarr(const json_t *obj, const char *key)
{
	return json_object_get(obj, key);
}
