/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/control/firstuse.h"

#include <errno.h>
#include <string.h>

#include "vswitchd/control/daemon.h"
#include "vswitchd/control/events.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/control/objects.h"

static int make(struct daemon *d, const char *name, json_t **made, struct err *err)
{
	json_t *params = json_pack("{s:s, s:s}", "name", name, "mode", "internal");
	struct net *net;
	int rc = object_net_add(d, params, &net, err);

	json_decref(params);
	if (rc)
		return rc;
	if (!*made)
		*made = json_array();
	json_array_append_new(*made, json_string(name));
	events_send(d, "net.added", json_pack("{s:s}", "net", name));
	return 0;
}

int firstuse_resolve(struct daemon *d, json_t *object, json_t **made, struct err *err)
{
	static const char prefix[] = "internal:";
	const char *text = json_string_value(json_object_get(object, "net"));
	const char *name = text ? text + strlen(prefix) : NULL;
	const struct net *net;
	int rc = 0;

	if (!text || strncmp(text, prefix, strlen(prefix)) != 0)
		return 0;
	net = net_find(&d->runner, name);
	if (!net)
		rc = make(d, name, made, err);
	else if (strcmp(net->conf.mode->name, "internal") != 0)
		rc = err_set(err, -EEXIST, "network \"%s\" is there, but its mode is %s", name,
			     net->conf.mode->name);
	if (rc == 0)
		json_object_set_new(object, "net", json_string(name));
	return rc;
}

void firstuse_end(struct daemon *d, json_t *made, bool failed)
{
	json_t *name;
	size_t i;

	json_array_foreach (made, i, name) {
		struct net *net = net_find(&d->runner, json_string_value(name));

		if (!failed || !net || net->n_ports)
			continue;
		object_net_del(net);
		events_send(d, "net.deleted", json_pack("{s:O}", "net", name));
	}
	json_decref(made);
}
