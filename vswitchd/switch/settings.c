/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/switch/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/nearest.h"
#include "vswitchd/switch/guard.h"
#include "vswitchd/switch/mirror.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/snoop.h"
#include "vswitchd/switch/storm.h"
#include "vswitchd/switch/stp.h"
#include "vswitchd/switch/switch_settings.h"
#include "vswitchd/switch/vlan.h"

enum { SETTINGS_MAX = 64 }; /* rows of all groups of a kind */

static const struct port_setting *const port_groups[] = {
	vlan_settings,	      stp_port_settings, guard_settings,
	switch_port_settings, storm_settings,	 mirror_settings,
};
static const struct net_setting *const net_groups[] = {
	switch_net_settings,
	stp_net_settings,
	snoop_settings,
};

/* ---- rows of either kind --------------------------------------------------------------------- */

/* What is being set: a port or a network. Without the object, only rows are looked up. */
struct target {
	bool is_port;
	struct port *port;
	struct net *net;
};

struct row {
	const char *name, *accepts;
	const struct port_setting *port; /* one of the two */
	const struct net_setting *net;
};

/* Add those of a mode that are not there already: services are the same in several. */
static size_t rows_add(struct row rows[SETTINGS_MAX], size_t n, const struct net_setting *group)
{
	for (const struct net_setting *s = group; s && s->name; s++) {
		size_t i = 0;

		while (i < n && rows[i].net != s)
			i++;
		if (i == n)
			rows[n++] = (struct row){s->name, s->accepts, NULL, s};
	}
	return n;
}

/* The rows of all groups, in order. Returns how many. */
static size_t rows_of(const struct target *t, struct row rows[SETTINGS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; t->is_port && i < ARRAY_SIZE(port_groups); i++)
		for (const struct port_setting *s = port_groups[i]; s->name; s++)
			rows[n++] = (struct row){s->name, s->accepts, s, NULL};
	for (size_t i = 0; !t->is_port && i < ARRAY_SIZE(net_groups); i++)
		for (const struct net_setting *s = net_groups[i]; s->name; s++)
			rows[n++] = (struct row){s->name, s->accepts, NULL, s};
	for (size_t i = 0; !t->is_port && modes[i]; i++)
		if (!t->net || t->net->conf.mode == modes[i]) {
			n = rows_add(rows, n, modes[i]->settings);
			for (const struct net_setting *const *s = modes[i]->services; s && *s; s++)
				n = rows_add(rows, n, *s);
		}
	return n;
}

static bool row_find(const struct target *t, const char *name, struct row *out)
{
	struct row rows[SETTINGS_MAX];
	size_t n = rows_of(t, rows);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].name, name)) {
			*out = rows[i];
			return true;
		}
	return false;
}

static int row_set(const struct target *t, const struct row *r, const char *value, struct err *err)
{
	return r->port ? r->port->set(t->port, value, err) : r->net->set(t->net, value, err);
}

static bool row_get(const struct target *t, const struct row *r, char *text)
{
	text[0] = '\0';
	return r->port ? r->port->get(t->port, text, SETTING_TEXT_MAX)
		       : r->net->get(t->net, text, SETTING_TEXT_MAX);
}

static int unknown(const struct target *t, const char *name, struct err *err)
{
	const char *what = t->is_port ? "port" : "network", *near;
	const char *names[SETTINGS_MAX + 1] = {NULL};
	struct row rows[SETTINGS_MAX];
	size_t n = rows_of(t, rows), used = 0;
	char list[512] = "", shown[128];

	for (size_t i = 0; i < n; i++) {
		names[i] = rows[i].name;
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
						 i ? ", " : "", rows[i].name);
	}
	str_escape(name, strlen(name), shown, sizeof(shown));
	near = nearest_word(name, names);
	if (near)
		return err_set(err, -EINVAL,
			       "\"%s\" is not a setting of a %s: did you mean \"%s\"?", shown, what,
			       near);
	return err_set(err, -EINVAL, "\"%s\" is not a setting of a %s; there are %s", shown, what,
		       list);
}

/* ---- all or nothing -------------------------------------------------------------------------- */

/* The text of a value as a user would type it; NULL when it can't be one. @number has room for
 * one. */
static const char *text_of(const json_t *value, char number[32])
{
	const char *text = json_string_value(value);

	if (json_is_boolean(value))
		return json_is_true(value) ? "on" : "off";
	if (json_is_integer(value)) {
		snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return number;
	}
	/* A string with a NUL byte inside is longer than it seems. */
	if (text && (strlen(text) != json_string_length(value) || !text[0] ||
		     strlen(text) >= SETTING_TEXT_MAX))
		return NULL;
	return text;
}

/* What only net.add takes, and how to have it otherwise. */
static int refuse_fixed(const struct net *net, const char *name, struct err *err)
{
	const char *n = net->conf.name;

	if (!strcmp(name, "router"))
		return err_set(err, -EOPNOTSUPP,
			       "router: is said when a network is made; what guests are told by "
			       "DHCP is changed by vnetctl dhcp set %s router=ADDR",
			       n);
	if (!strcmp(name, "dhcp"))
		return err_set(err, -EOPNOTSUPP,
			       "dhcp: is said when a network is made; vnetctl dhcp subnet add %s "
			       "PREFIX gives more addresses",
			       n);
	return err_set(err, -EOPNOTSUPP,
		       "%s: is said when a network is made, and does not change while guests go by "
		       "it: make another network and move the ports there (vnetctl port move)",
		       name);
}

/* What a setting is when nobody has set it, a row says only while it is so. Every value comes by
 * here, also at a start, so what there is before the first is the default. Of all rows, as one may
 * set others; "none" is where there is nothing to say. */
static void remember_defaults(const struct target *t)
{
	json_t **defaults = t->is_port ? &t->port->defaults : &t->net->defaults;
	struct row rows[SETTINGS_MAX];
	size_t n = rows_of(t, rows);
	char text[SETTING_TEXT_MAX];

	if (!*defaults)
		*defaults = json_object();
	for (size_t i = 0; i < n; i++)
		if (!row_get(t, &rows[i], text) && !json_object_get(*defaults, rows[i].name))
			json_object_set_new(*defaults, rows[i].name,
					    json_string(text[0] ? text : "none"));
}

/* The text of @value "default" of row @r; that itself when it has no default in words. */
static const char *default_of(const struct target *t, const struct row *r, const char *text)
{
	const json_t *defaults = t->is_port ? t->port->defaults : t->net->defaults;

	return strcmp(text, "default") != 0
		       ? text
		       : (json_string_value(json_object_get(defaults, r->name)) ?: text);
}

static int apply_one(const struct target *t, const char *name, const json_t *value, struct err *err)
{
	char number[32], shown[128];
	const char *text = text_of(value, number);
	struct row r;

	if (!t->is_port && !row_find(t, name, &r) && net_conf_key(name) && !net_setting_known(name))
		return refuse_fixed(t->net, name, err);
	if (!row_find(t, name, &r) && !t->is_port && net_setting_known(name))
		return err_set(err, -EINVAL, "%s: is no setting of networks of mode %s", name,
			       t->net->conf.mode->name);
	if (!row_find(t, name, &r))
		return unknown(t, name, err);
	if (!text)
		return err_set(err, -EINVAL, "%s: wants a text of 1 to %d bytes: %s", name,
			       SETTING_TEXT_MAX - 1, r.accepts);
	if (!row_set(t, &r, default_of(t, &r, text), err))
		return 0;
	str_escape(text, strlen(text), shown, sizeof(shown));
	return err_wrap(err, "%s=%s", name, shown);
}

/* Put back the values of @before. What was in use a moment ago is accepted again, also when it
 * names something that is gone since, as when it comes from the store. */
static void put_back(const struct target *t, json_t *before)
{
	struct runner *runner = t->is_port ? t->port->net->runner : t->net->runner;
	bool restoring = runner->restoring;
	struct err ignored;
	const char *name;
	json_t *value;
	struct row r;

	runner->restoring = true;
	json_object_foreach (before, name, value)
		if (row_find(t, name, &r))
			row_set(t, &r, json_string_value(value), &ignored);
	runner->restoring = restoring;
}

static bool asked_for(const json_t *values, const char *name)
{
	const json_t *value = json_object_get(values, name);
	const char *text = json_string_value(value);

	return value && !(text && !strcmp(text, "none"));
}

/* Either would end the other: which one is meant? */
static int check_together(const json_t *values, struct err *err)
{
	if (asked_for(values, "vlan") && asked_for(values, "trunk"))
		return err_set(err, -EINVAL,
			       "vlan= and trunk= don't go together: a port is one of the two");
	return 0;
}

static json_t *as_json(const struct target *t)
{
	struct row rows[SETTINGS_MAX];
	size_t n = rows_of(t, rows);
	char text[SETTING_TEXT_MAX];
	json_t *out = json_object();

	for (size_t i = 0; i < n; i++)
		if (row_get(t, &rows[i], text))
			json_object_set_new(out, rows[i].name, json_string(text));
	return out;
}

/* All that are not at their default, since setting one may end another, and those that @values
 * names. */
static json_t *snapshot(const struct target *t, const json_t *values)
{
	json_t *before = as_json(t), *value;
	char text[SETTING_TEXT_MAX];
	const char *name;
	struct row r;

	json_object_foreach ((json_t *)values, name, value)
		if (row_find(t, name, &r)) {
			row_get(t, &r, text);
			json_object_set_new(before, name, json_string(text));
		}
	return before;
}

static int apply(const struct target *t, const json_t *values, struct err *err)
{
	json_t *before, *value;
	const char *name;
	int rc = check_together(values, err);

	if (rc)
		return rc;
	before = snapshot(t, values);
	remember_defaults(t);
	json_object_foreach ((json_t *)values, name, value) {
		rc = apply_one(t, name, value, err);
		if (rc)
			break;
	}
	if (rc)
		put_back(t, before);
	json_decref(before);
	return rc;
}

/* ---- ports and networks ---------------------------------------------------------------------- */

int port_settings_apply(struct port *port, const json_t *values, struct err *err)
{
	return apply(&(struct target){.is_port = true, .port = port}, values, err);
}

int net_settings_apply(struct net *net, const json_t *values, struct err *err)
{
	return apply(&(struct target){.net = net}, values, err);
}

json_t *port_settings_snapshot(struct port *port, const json_t *values)
{
	return snapshot(&(struct target){.is_port = true, .port = port}, values);
}

json_t *net_settings_snapshot(struct net *net, const json_t *values)
{
	return snapshot(&(struct target){.net = net}, values);
}

void port_settings_put_back(struct port *port, json_t *before)
{
	put_back(&(struct target){.is_port = true, .port = port}, before);
}

void net_settings_put_back(struct net *net, json_t *before)
{
	put_back(&(struct target){.net = net}, before);
}

json_t *port_settings_json(const struct port *port)
{
	return as_json(&(struct target){.is_port = true, .port = (struct port *)port});
}

json_t *net_settings_json(const struct net *net)
{
	return as_json(&(struct target){.net = (struct net *)net});
}

static json_t *all(const struct target *t)
{
	struct row rows[SETTINGS_MAX];
	size_t n = rows_of(t, rows);
	json_t *out = json_object();

	for (size_t i = 0; i < n; i++)
		json_object_set_new(out, rows[i].name, json_string(rows[i].accepts));
	return out;
}

json_t *port_settings_all(void)
{
	return all(&(struct target){.is_port = true});
}

json_t *net_settings_all(void)
{
	return all(&(struct target){0});
}

bool port_setting_known(const char *name)
{
	struct row r;

	return row_find(&(struct target){.is_port = true}, name, &r);
}

bool net_setting_known(const char *name)
{
	struct row r;

	return row_find(&(struct target){0}, name, &r);
}

int port_setting_unknown(const char *name, struct err *err)
{
	return unknown(&(struct target){.is_port = true}, name, err);
}

int net_setting_unknown(const char *name, struct err *err)
{
	return unknown(&(struct target){0}, name, err);
}

/* ---- values ---------------------------------------------------------------------------------- */

int setting_bool(const char *value, bool *out, struct err *err)
{
	*out = !strcmp(value, "on");
	return *out || !strcmp(value, "off") ? 0 : err_set(err, -EINVAL, "wants on or off");
}

int setting_number(const char *value, unsigned long min, unsigned long max, unsigned long *out,
		   struct err *err)
{
	size_t digits = strspn(value, "0123456789");
	unsigned long n = strtoul(value, NULL, 10);

	if (!digits || value[digits] || digits > 18 || n < min || n > max)
		return err_set(err, -EINVAL, "wants a number from %lu to %lu", min, max);
	*out = n;
	return 0;
}

/* ---- times ----------------------------------------------------------------------------------- */

static const struct {
	char unit;
	msec ms;
} units[] = {{'d', 86400000}, {'h', 3600000}, {'m', 60000}, {'s', 1000}};

int setting_time(const char *value, msec *out, struct err *err)
{
	char *end = NULL;
	unsigned long n = *value >= '0' && *value <= '9' ? strtoul(value, &end, 10) : 0;

	for (size_t i = 0; n && i < ARRAY_SIZE(units); i++) {
		if (end[0] != units[i].unit || end[1])
			continue;
		if (n > (unsigned long)SETTING_TIME_MAX_S * 1000 / units[i].ms)
			return err_set(err, -EINVAL, "is longer than %ds, the longest time",
				       SETTING_TIME_MAX_S);
		*out = n * units[i].ms;
		return 0;
	}
	return err_set(err, -EINVAL, "wants " SETTING_TIME_TEXT);
}

void setting_time_text(msec ms, char *text, size_t size)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(units) - 1 && ms % units[i].ms)
		i++;
	snprintf(text, size, "%llu%c", (unsigned long long)(ms / units[i].ms), units[i].unit);
}

int setting_leases(const char *value, const char *unset, uint16_t *out, struct err *err)
{
	unsigned long n = 0;
	int rc = 0;

	if (!strcmp(value, "any"))
		n = LEASES_ANY;
	else if (strcmp(value, unset))
		rc = setting_number(value, 1, LEASES_MAX, &n, err);
	if (!rc)
		*out = (uint16_t)n;
	return rc;
}

void setting_leases_text(uint16_t n, const char *unset, char *text, size_t size)
{
	if (n && n != LEASES_ANY)
		snprintf(text, size, "%u", n);
	else
		snprintf(text, size, "%s", n ? "any" : unset);
}
