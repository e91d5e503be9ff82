/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_edit.c - changes of the rules' document: dhcp.set, dhcp.class.*, dhcp.subnet.*.
 *
 * Nothing here knows what the values mean: whether the new document makes sense is found out by
 * making rules of it. What becomes empty is removed, so that a change that is taken back leaves the
 * document as it was.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dhcp/client.h"
#include "lib/addr.h"
#include "vswitchd/netdhcp_rules.h"

static const char *str(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* The member of @o, made with @empty when it is not there; takes @empty. Borrowed. */
static json_t *member(json_t *o, const char *key, json_t *empty)
{
	if (!json_object_get(o, key))
		json_object_set(o, key, empty);
	json_decref(empty);
	return json_object_get(o, key);
}

/* The object of @list whose @key is @value; NULL. */
static json_t *find(const json_t *list, const char *key, const char *value, size_t *at)
{
	json_t *o;
	size_t i;

	json_array_foreach (list, i, o) {
		const char *v = str(o, key);

		*at = i;
		if (v && value && !strcmp(v, value))
			return o;
	}
	return NULL;
}

static void drop_empty(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	if (v && !json_object_size(v) && !json_array_size(v))
		json_object_del(o, key);
}

/* ---- dhcp.set -------------------------------------------------------------------------------- */

/* "force:x" and "x" are one option in two ways, and so are a number and its name. */
static void drop_same(json_t *options, const char *key)
{
	const char *bare = strncmp(key, "force:", 6) == 0 ? key + 6 : key, *other;
	enum option_type type;
	uint16_t code, c;
	struct err err;
	uint32_t min;
	json_t *v;
	void *tmp;

	if (option_key_parse(bare, &code, &type, &min, &err))
		return;
	json_object_foreach_safe(options, tmp, other, v)
	{
		const char *b = strncmp(other, "force:", 6) == 0 ? other + 6 : other;

		if (!option_key_parse(b, &c, &type, &min, &err) && c == code)
			json_object_del(options, other);
	}
}

static int merge(json_t *options, const json_t *changes, struct err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)changes, key, value) {
		struct dhcp_optset probe = {0};
		int rc = 0;

		drop_same(options, key);
		if (json_is_null(value) || !strcmp(key, "")) { /* a name that is none is an error */
			rc = optset_set(&probe, key, "none", err);
			optset_fini(&probe);
		} else {
			json_object_set(options, key, value);
		}
		if (rc)
			return rc;
	}
	return 0;
}

/* One word for a client, however it was written. */
static const char *client_name(const char *text, char buf[static DHCP_WHO_STR])
{
	struct dhcp_who who;

	return dhcp_who_parse(text, &who) ? text : dhcp_who_format(&who, buf);
}

/* Where the options of the layer that @params names are. */
static json_t *options_of(json_t *doc, const json_t *params, struct err *err)
{
	const char *class = str(params, "class"), *subnet = str(params, "subnet");
	const char *client = str(params, "client");
	char who[DHCP_WHO_STR];
	json_t *o = doc;
	size_t at;

	if (!!class + !!subnet + !!client > 1) {
		err_set(err, -EINVAL, "give only one of subnet, class and client");
		return NULL;
	}
	if (client)
		return member(member(doc, "clients", json_object()), client_name(client, who),
			      json_object());
	if (class)
		o = find(json_object_get(doc, "classes"), "name", class, &at);
	if (subnet)
		o = find(json_object_get(doc, "subnets"), "subnet", subnet, &at);
	if (!o) {
		err_set(err, -ENOENT, "there is no %s \"%.40s\"", class ? "class" : "subnet",
			class ? class : subnet);
		return NULL;
	}
	return member(o, "options", json_object());
}

static void tidy(json_t *doc)
{
	json_t *clients = json_object_get(doc, "clients"), *o;
	const char *name;
	void *tmp;
	size_t i;

	json_object_foreach_safe(clients, tmp, name, o) drop_empty(clients, name);
	json_array_foreach (json_object_get(doc, "classes"), i, o)
		drop_empty(o, "options");
	json_array_foreach (json_object_get(doc, "subnets"), i, o)
		drop_empty(o, "options");
	drop_empty(doc, "options");
	drop_empty(doc, "clients");
	drop_empty(doc, "classes");
	drop_empty(doc, "subnets");
}

static int edit_set(json_t *doc, const json_t *params, struct err *err)
{
	json_t *options = options_of(doc, params, err);

	if (!options)
		return -EINVAL;
	return merge(options, json_object_get(params, "options"), err);
}

/* ---- classes and subnets --------------------------------------------------------------------- */

/* What is not there in @params is not copied. */
static json_t *row_of(const json_t *params, const char *const *keys)
{
	json_t *row = json_object();

	for (; *keys; keys++)
		if (json_object_get(params, *keys) && !json_is_null(json_object_get(params, *keys)))
			json_object_set(row, *keys, json_object_get(params, *keys));
	return row;
}

static int edit_class_add(json_t *doc, const json_t *params, struct err *err)
{
	static const char *const keys[] = {"name", "vendor", "user", "mac", "arch", NULL};
	json_t *list = member(doc, "classes", json_array());
	size_t at;

	if (find(list, "name", str(params, "name"), &at))
		return err_set(err, -EEXIST, "there is a class \"%s\" already",
			       str(params, "name"));
	json_array_append_new(list, row_of(params, keys));
	return 0;
}

static int edit_subnet_add(json_t *doc, const json_t *params, struct err *err)
{
	static const char *const keys[] = {"subnet", "range", "server", "relay", NULL};

	(void)err;
	json_array_append_new(member(doc, "subnets", json_array()), row_of(params, keys));
	return 0;
}

static int remove_row(json_t *doc, const char *list, const char *key, const json_t *params,
		      struct err *err)
{
	size_t at;

	if (!find(json_object_get(doc, list), key, str(params, key), &at))
		return err_set(err, -ENOENT, "there is no such %s: \"%.40s\"",
			       !strcmp(list, "classes") ? "class" : "subnet", str(params, key));
	json_array_remove(json_object_get(doc, list), at);
	return 0;
}

static int edit_class_del(json_t *doc, const json_t *params, struct err *err)
{
	return remove_row(doc, "classes", "name", params, err);
}

static int edit_subnet_del(json_t *doc, const json_t *params, struct err *err)
{
	return remove_row(doc, "subnets", "subnet", params, err);
}

static const struct {
	const char *method;
	int (*edit)(json_t *doc, const json_t *params, struct err *err);
} edits[] = {
	{"dhcp.set", edit_set},
	{"dhcp.class.add", edit_class_add},
	{"dhcp.class.del", edit_class_del},
	{"dhcp.subnet.add", edit_subnet_add},
	{"dhcp.subnet.del", edit_subnet_del},
};

bool netdhcp_rules_edits(const char *method)
{
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++)
		if (!strcmp(edits[i].method, method))
			return true;
	return false;
}

json_t *netdhcp_rules_edit(const json_t *old, const char *method, const json_t *params,
			   struct err *err)
{
	json_t *doc = json_deep_copy(old);
	int rc = -ENOSYS;

	for (size_t i = 0; i < ARRAY_SIZE(edits); i++)
		if (!strcmp(edits[i].method, method))
			rc = edits[i].edit(doc, params, err);
	if (!rc) {
		tidy(doc);
		return doc;
	}
	json_decref(doc);
	return NULL;
}
