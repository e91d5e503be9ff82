/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * statics.c - records "mac" "NET MAC VLAN" {"net", "port", "mac", "vlan"}, in memory too.
 */
#include "vswitchd/control/statics.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/log.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/host/state.h"

static const char kind[] = "mac";

static json_t *kept; /* by the record's name */

static void record_name(const struct net *net, const struct mac *mac, uint16_t vid, char *out,
			size_t size)
{
	char text[MAC_STR];

	snprintf(out, size, "%s %s %u", net->conf.name, mac_format(mac, text), vid);
}

static const char *member(const json_t *doc, const char *key)
{
	const char *text = json_string_value(json_object_get(doc, key));

	return text ? text : "";
}

void statics_open(void)
{
	kept = state_all(kind);
}

void statics_close(void)
{
	json_decref(kept);
	kept = NULL;
}

void statics_apply(struct port *port)
{
	const char *name;
	struct mac mac;
	json_t *doc;

	json_object_foreach (kept, name, doc) {
		if (strcmp(member(doc, "port"), port->name) ||
		    strcmp(member(doc, "net"), port->net->conf.name))
			continue;
		if (mac_parse(member(doc, "mac"), &mac) ||
		    !fdb_tie(port->net->fdb, &mac,
			     (uint16_t)json_integer_value(json_object_get(doc, "vlan")), port,
			     FDB_STATIC))
			log_warn("port %s: static address %s is not back", port->name,
				 member(doc, "mac"));
	}
}

void statics_forget(const char *port)
{
	const char *name;
	json_t *doc;
	void *tmp;

	json_object_foreach_safe(kept, tmp, name, doc)
	{
		if (strcmp(member(doc, "port"), port))
			continue;
		state_del(kind, name, NULL);
		json_object_del(kept, name);
	}
}

/* Nobody else's for good: a part of the network itself, or another static entry. */
static int check_free(struct port *port, const struct mac *mac, uint16_t vid, struct err *err)
{
	struct fdb_answer known;
	char text[MAC_STR];

	if (mac_is_multicast(mac) || mac_is_zero(mac))
		return err_set(err, -EINVAL, "%s is not the address of a station",
			       mac_format(mac, text));
	if (json_object_size(kept) >= STATICS_MAX)
		return err_set(err, -ENOSPC, "there are %d static addresses already", STATICS_MAX);
	if (!fdb_ask(port->net->fdb, mac, vid, 0, &known) || known.kind != FDB_OWN)
		return 0;
	return err_set(err, -EEXIST, "%s belongs to port \"%s\", a part of the network itself",
		       mac_format(mac, text), known.port->name);
}

int statics_add(struct port *port, const struct mac *mac, uint16_t vid, struct err *err)
{
	char name[NAME_MAX_ + 32], text[MAC_STR];
	json_t *doc;
	int rc = check_free(port, mac, vid, err);

	if (rc)
		return rc;
	if (!fdb_tie(port->net->fdb, mac, vid, port, FDB_STATIC))
		return err_set(err, -ENOSPC, "the table of network \"%s\" is full",
			       port->net->conf.name);
	record_name(port->net, mac, vid, name, sizeof(name));
	doc = json_pack("{s:s, s:s, s:s, s:i}", "net", port->net->conf.name, "port", port->name,
			"mac", mac_format(mac, text), "vlan", vid);
	rc = state_put(kind, name, doc, err);
	if (rc)
		fdb_unpin(port->net->fdb, mac, vid, FDB_STATIC);
	else
		json_object_set(kept, name, doc);
	json_decref(doc);
	return rc;
}

int statics_del(struct net *net, const struct mac *mac, uint16_t vid, struct err *err)
{
	char name[NAME_MAX_ + 32], text[MAC_STR];
	bool found;

	record_name(net, mac, vid, name, sizeof(name));
	found = json_object_get(kept, name) != NULL;
	if (!fdb_unpin(net->fdb, mac, vid, FDB_STATIC) && !found)
		return err_set(err, -ENOENT, "network \"%s\" has no static address %s",
			       net->conf.name, mac_format(mac, text));
	json_object_del(kept, name);
	return found ? state_del(kind, name, err) : 0;
}
