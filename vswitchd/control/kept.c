/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kept.c - settings by port name, in memory and in the state store.
 *
 * Records: "port-settings" NAME {"key": "value"...}, only of ports that have any. All are held in
 * memory too, so that making a port asks no database. While the daemon restores what it had, a
 * setting may need another port (a mirror's target) that is not there yet: what fails then is tried
 * once more by kept_settle().
 */
#include "vswitchd/control/kept.h"

#include <errno.h>

#include "lib/log.h"
#include "lib/setting_names.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/settings.h"
#include "vswitchd/host/state.h"
#include "vswitchd/control/statics.h"

static const char kind[] = "port-settings";

static json_t *kept; /* name -> settings */

/* One by one, so that what can't be had does not take the others with it, and in the order of the
 * rows: some build on earlier ones (native= on trunk=). */
static void apply_again(struct port *port, bool say)
{
	json_t *values = json_object_get(kept, port->name), *value, *one;

	for (const char *const *name = port_setting_names; values && *name; name++) {
		struct err err = {0};

		value = json_object_get(values, *name);
		if (!value)
			continue;
		one = json_pack("{s:O}", *name, value);
		if (port_settings_apply(port, one, &err) && say)
			log_warn("port %s: %s", port->name, err.text);
		json_decref(one);
	}
}

static void port_made_cb(void *ctx, struct port *port)
{
	struct daemon *d = ctx;

	statics_apply(port);
	apply_again(port, !d->runner.restoring);
}

void kept_open(struct daemon *d)
{
	kept = state_all(kind);
	statics_open();
	d->runner.port_made = port_made_cb;
}

void kept_close(void)
{
	json_decref(kept);
	kept = NULL;
	statics_close();
}

void kept_settle(struct daemon *d)
{
	for (struct net *net = d->runner.nets; net; net = net->next)
		for (struct port *port = net->ports; port; port = port->next)
			if (json_object_get(kept, port->name))
				apply_again(port, true);
}

/* Setting one of these may end another. */
static const char *const bound[] = {"vlan", "trunk", "native"};

static void merge_bound(json_t *all, const json_t *values, const json_t *now)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(bound); i++)
		any |= json_object_get(values, bound[i]) != NULL;
	for (size_t i = 0; any && i < ARRAY_SIZE(bound); i++)
		if (!json_object_get(now, bound[i]))
			json_object_del(all, bound[i]);
}

json_t *kept_merge(const json_t *old, const json_t *values, const json_t *now)
{
	json_t *all = old ? json_copy((json_t *)old) : json_object(), *value;
	const char *name;

	json_object_foreach ((json_t *)values, name, value) {
		json_t *text = json_object_get(now, name);

		if (text)
			json_object_set(all, name, text);
		else
			json_object_del(all, name);
	}
	merge_bound(all, values, now);
	return all;
}

static int record(const char *name, json_t *all, struct err *err)
{
	int rc = json_object_size(all) ? state_put(kind, name, all, err)
				       : state_del(kind, name, err);

	if (rc)
		return rc;
	if (json_object_size(all))
		json_object_set(kept, name, all);
	else
		json_object_del(kept, name);
	return 0;
}

int kept_port_set(struct port *port, const json_t *values, struct err *err)
{
	json_t *before = port_settings_snapshot(port, values), *now, *all;
	int rc = port_settings_apply(port, values, err);

	if (rc) {
		json_decref(before);
		return rc;
	}
	now = port_settings_json(port);
	all = kept_merge(json_object_get(kept, port->name), values, now);
	rc = json_object_size(all) || json_object_get(kept, port->name)
		     ? record(port->name, all, err)
		     : 0;
	if (rc)
		port_settings_put_back(port, before);
	json_decref(before);
	json_decref(now);
	json_decref(all);
	return rc;
}

void kept_port_forget(const char *name)
{
	statics_forget(name);
	if (!json_object_get(kept, name))
		return;
	json_object_del(kept, name);
	state_del(kind, name, NULL);
}
