/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp_set.c - what is set for a network's DHCP server: set, options, class, subnet.
 */
#include <stdio.h>
#include <string.h>

#include "vnetctl/args.h"
#include "vnetctl/dhcp.h"
#include "client/table.h"

/* ---- set ------------------------------------------------------------------------------------- */

/* One KEY=VALUE: where the options go, or one of them. */
static int add_word(const struct ctl *c, const char *word, json_t *params, json_t *options)
{
	static const char *const layers[] = {"subnet", "class", "client"};
	const char *eq = strchr(word, '=');
	size_t n = eq ? (size_t)(eq - word) : 0;
	char key[128];

	if (!n || n >= sizeof(key))
		return ctl_usage(c, "'%s' is not OPTION=VALUE", word);
	snprintf(key, sizeof(key), "%.*s", (int)n, word);
	if (!eq[1])
		return ctl_usage(c, "'%s' says no value; OPTION=default takes a setting back",
				 word);
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++)
		if (!strcmp(layers[i], key)) {
			json_object_set_new(params, key, json_string(eq + 1));
			return CTL_OK;
		}
	if (json_object_get(options, key))
		return ctl_usage(c, "'%s' is there twice", key);
	json_object_set_new(options, key,
			    strcmp(eq + 1, "default") ? json_string(eq + 1) : json_null());
	return CTL_OK;
}

int dhcp_set(struct ctl *c, int argc, char **argv)
{
	json_t *params, *options;
	int rc = CTL_OK;

	if (argc < 2 || strchr(argv[0], '='))
		return ctl_usage(c, "wants a network and then OPTION=VALUE...");
	options = json_object();
	params = json_pack("{s:s, s:o}", "net", argv[0], "options", options);
	for (int i = 1; i < argc && !rc; i++)
		rc = add_word(c, argv[i], params, options);
	if (!rc && !json_object_size(options))
		rc = ctl_usage(c, "says no option");
	if (!rc)
		return ctl_do(c, "dhcp.set", params);
	json_decref(params);
	return rc;
}

/* ---- options --------------------------------------------------------------------------------- */

static void add_code(struct table *t, const json_t *row)
{
	if (json_is_integer(json_object_get(row, "code")))
		table_addf(t, "%lld", (long long)jint(row, "code"));
	else
		table_add(t, NULL);
}

static int known_options(struct ctl *c)
{
	static const char *const titles[] = {"OPTION", ">NUMBER", "TYPE", "~VALUE", NULL};
	json_t *r = ctl_call(c, "dhcp.known", NULL), *row;
	struct table *t;
	size_t i;

	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	t = table_create(titles);
	json_array_foreach (r, i, row) {
		table_add(t, jstr(row, "option"));
		add_code(t, row);
		table_add(t, jstr(row, "type"));
		table_add(t, jstr(row, "value"));
	}
	table_finish(t, "none");
	json_decref(r);
	return CTL_OK;
}

static void print_set(const json_t *rows)
{
	static const char *const titles[] = {"FOR",    "~NAME", "OPTION", ">NUMBER",
					     "~VALUE", "SENT",	NULL};
	struct table *t = table_create(titles);
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		bool none = !strcmp(jstr(row, "value"), "none");

		table_add(t, jstr(row, "layer"));
		table_add(t, jstr(row, "name"));
		table_add(t, jstr(row, "option"));
		add_code(t, row);
		table_add(t, jstr(row, "value"));
		table_add(t, none					    ? "never"
			     : json_is_true(json_object_get(row, "forced")) ? "always"
									    : "when asked");
	}
	table_finish(t, "no options are set: clients get what the server knows by itself");
}

static void print_classes(const json_t *classes)
{
	const json_t *row;
	size_t i;

	json_array_foreach (classes, i, row) {
		static const char *const keys[] = {"vendor", "user", "mac"};

		printf("class %s:", jstr(row, "name"));
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			if (json_object_get(row, keys[k]))
				printf(" %s=%s", keys[k], jstr(row, keys[k]));
		if (json_object_get(row, "arch"))
			printf(" arch=%lld", (long long)jint(row, "arch"));
		printf("\n");
	}
}

static void print_subnets(const json_t *subnets)
{
	const json_t *row;
	size_t i;

	json_array_foreach (subnets, i, row)
		printf("subnet %s: %s to %s, %lld of %lld free%s\n", jstr(row, "subnet"),
		       jstr(row, "first"), jstr(row, "last"), (long long)jint(row, "free"),
		       (long long)jint(row, "size"),
		       !strcmp(jstr(row, "relay"), "on") ? ", behind a relay" : "");
}

int dhcp_options(struct ctl *c, int argc, char **argv)
{
	json_t *r;

	if (argc > 1)
		return ctl_usage(c, "wants one network, or none");
	if (!argc)
		return known_options(c);
	r = ctl_call(c, "dhcp.options", json_pack("{s:s}", "net", argv[0]));
	if (!r)
		return CTL_FAILED;
	if (c->json)
		return ctl_print_json(r);
	print_set(jarr(r, "options"));
	print_classes(jarr(r, "classes"));
	print_subnets(jarr(r, "subnets"));
	json_decref(r);
	return CTL_OK;
}

/* ---- class, subnet --------------------------------------------------------------------------- */

/* "add NET NAME KEY=VALUE..." and "del NET NAME" of something whose name is @key. */
static int add_or_del(struct ctl *c, const char *noun, const char *key, const struct arg_key *keys,
		      int argc, char **argv)
{
	bool add = argc >= 3 && !strcmp(argv[0], "add");
	char method[32];
	json_t *params;
	int rc;

	if (argc < 3 || (!add && (strcmp(argv[0], "del") != 0 || argc > 3)))
		return ctl_usage(c, "wants add or del, a network and a %s", noun);
	params = json_pack("{s:s, s:s}", "net", argv[1], key, argv[2]);
	rc = args_pairs(c, keys, argc - 3, argv + 3, params);
	if (rc) {
		json_decref(params);
		return rc;
	}
	snprintf(method, sizeof(method), "dhcp.%s.%s", noun, argv[0]);
	return ctl_do(c, method, params);
}

int dhcp_class(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {{"vendor", ARG_STRING},
					      {"user", ARG_STRING},
					      {"mac", ARG_STRING},
					      {"arch", ARG_NUMBER},
					      {0}};

	return add_or_del(c, "class", "name", keys, argc, argv);
}

int dhcp_subnet(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {
		{"range", ARG_STRING}, {"server", ARG_STRING}, {"relay", ARG_STRING}, {0}};

	return add_or_del(c, "subnet", "subnet", keys, argc, argv);
}
