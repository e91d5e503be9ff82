/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlan_set.c - vlan=, trunk= and native= of a port.
 *
 * A port is one of: plain (none of them), access (vlan=), a trunk of ids, a trunk of networks.
 * vlan= ends a trunk and trunk= ends an access port, so that one setting is enough to change what a
 * port is. A setting is built aside and takes the place of the old one when all of it is right.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/vlan.h"
#include "vswitchd/switch/vlan_int.h"

/* ---- what follows from what was asked -------------------------------------------------------- */

static void work_out_ids(struct vlan_port *v)
{
	/* A switch's trunk has VLAN 1 untagged unless told otherwise; one with a list of its own
	 * says what it wants. */
	struct vlan_ids all = {0};

	vlan_ids_parse("all", &all, NULL);
	v->own = VLAN_DEFAULT;
	v->members = v->listed;
	v->untagged = v->native_given			      ? v->native
		      : memcmp(&v->listed, &all, sizeof(all)) ? VLAN_NO_ID
							      : VLAN_DEFAULT;
	if (v->untagged != VLAN_NO_ID)
		vlan_ids_add(&v->members, v->untagged);
}

/* @v, which may be NULL, takes the place of what the port had. */
static void replace(struct port *port, struct vlan_port *v)
{
	if (port->vlan)
		segments_drop(port);
	free(port->vlan);
	port->vlan = v;
	if (v && v->n_segments)
		segments_resolve(port);
	else if (v && v->trunk)
		work_out_ids(v);
	vlan_features(port->net);
	/* What was learnt by it is in other VLANs now. */
	fdb_flush(port->net->fdb, port);
}

static int check_port(const struct port *port, struct err *err)
{
	if (vlan_trunk_of(port))
		return err_set(err, -EPERM, "port \"%s\" is one network's part of trunk \"%s\"",
			       port->name, vlan_trunk_of(port)->name);
	if (port_is_own(port))
		return err_set(err, -EPERM,
			       "port \"%s\" is network \"%s\"'s own, which is in VLAN %d",
			       port->name, port->net->conf.name, VLAN_DEFAULT);
	return 0;
}

/* A copy of what the port has to work on, or an empty one. */
static struct vlan_port *begin(const struct port *port, bool copy, struct err *err)
{
	struct vlan_port *v = calloc(1, sizeof(*v));

	if (!v)
		err_set(err, -ENOMEM, "memory is short");
	else if (copy && port->vlan)
		*v = *port->vlan;
	if (!v)
		return NULL;
	/* What follows from the settings is worked out anew; the members go with the old one. */
	memset(&v->members, 0, sizeof(v->members));
	v->untagged = v->own = VLAN_NO_ID;
	for (unsigned int i = 0; i < SEGMENTS_MAX; i++) {
		v->segment[i].member = NULL;
		v->segment[i].id = VLAN_NO_ID;
	}
	return v;
}

/* ---- vlan= ----------------------------------------------------------------------------------- */

static int set_access(struct port *port, const char *value, struct err *err)
{
	bool none = !strcmp(value, "none");
	struct vlan_port *v;
	uint16_t id = 0;

	if (check_port(port, err) < 0)
		return -EPERM;
	if (!none && vlan_id_parse(value, &id, err) < 0)
		return -EINVAL;
	if (none) {
		if (port->vlan && !port->vlan->trunk)
			replace(port, NULL);
		return 0;
	}
	v = begin(port, false, err);
	if (!v)
		return -ENOMEM;
	v->own = VLAN_DEFAULT;
	v->untagged = id;
	vlan_ids_add(&v->members, id);
	replace(port, v);
	return 0;
}

static bool get_access(const struct port *port, char *text, size_t size)
{
	bool access = port->vlan && !port->vlan->trunk;

	if (access)
		snprintf(text, size, "%u", port->vlan->untagged);
	else
		snprintf(text, size, "none");
	return access;
}

/* ---- trunk= ---------------------------------------------------------------------------------- */

/* Networks are named, not ids, when a word is something else than an id or a range of them. */
static bool names_networks(const char *value)
{
	return strcmp(value, "all") && value[strspn(value, "0123456789-,+")];
}

static struct segment *segment_find(struct vlan_port *v, const char *name)
{
	for (unsigned int i = 0; i < v->n_segments; i++)
		if (!strcmp(v->segment[i].name, name))
			return &v->segment[i];
	return NULL;
}

/* A network that is not there may be one that a restarted daemon gets later. */
static int check_segment(const struct port *port, const char *name, struct err *err)
{
	struct runner *r = port->net->runner;
	const struct net *net = net_find(r, name);

	if (r->restoring)
		return 0;
	if (!net)
		return err_set(err, -ENOENT,
			       "there is no network \"%s\": make it first (vnetctl net add %s "
			       "mode=lan-segment vlan=ID)",
			       name, name);
	if (!net->conf.vlan)
		return err_set(err, -EINVAL,
			       "network \"%s\" has no VLAN id to be told by on a trunk (LAN "
			       "segments can have one: net add ... vlan=ID)",
			       name);
	return 0;
}

/* Two with the same id can't be told apart. */
static int check_id(struct vlan_port *v, const struct port *port, const char *name, struct err *err)
{
	const struct net *net = net_find(port->net->runner, name), *other;

	for (unsigned int i = 0; net && i < v->n_segments; i++) {
		other = net_find(port->net->runner, v->segment[i].name);
		if (other && other->conf.vlan == net->conf.vlan)
			return err_set(err, -EEXIST,
				       "networks \"%s\" and \"%s\" both have VLAN id %u",
				       other->conf.name, name, net->conf.vlan);
	}
	return 0;
}

static int add_segment(struct vlan_port *v, const struct port *port, const char *name,
		       struct err *err)
{
	char shown[80];
	int rc;

	if (!name_valid(name))
		return err_set(err, -EINVAL, "\"%s\" is neither a VLAN id nor a network's name",
			       str_escape(name, strlen(name), shown, sizeof(shown)));
	if (segment_find(v, name))
		return 0;
	if (v->n_segments == SEGMENTS_MAX)
		return err_set(err, -E2BIG, "a trunk carries at most %d networks", SEGMENTS_MAX);
	rc = check_segment(port, name, err);
	if (rc == 0)
		rc = check_id(v, port, name, err);
	if (rc == 0)
		snprintf(v->segment[v->n_segments++].name, sizeof(v->segment[0].name), "%s", name);
	return rc;
}

static int add_segments(struct vlan_port *v, const struct port *port, const char *value,
			struct err *err)
{
	char text[SETTING_TEXT_MAX], *at = text, *name;
	int rc = 0;

	if (strlen(value) >= sizeof(text))
		return err_set(err, -E2BIG, "the list is longer than %zu bytes", sizeof(text) - 1);
	snprintf(text, sizeof(text), "%s", value);
	while (rc == 0 && (name = strsep(&at, ",+")))
		rc = add_segment(v, port, name, err);
	return rc;
}

static int set_trunk(struct port *port, const char *value, struct err *err)
{
	bool none = !strcmp(value, "none"), nets = !none && names_networks(value);
	struct vlan_port *v;
	int rc = check_port(port, err);

	if (rc < 0 || none) {
		if (rc == 0 && port->vlan && port->vlan->trunk)
			replace(port, NULL);
		return rc;
	}
	/* A native VLAN stays, unless it is one of the other kind. */
	v = begin(port, port->vlan && port->vlan->trunk && nets == !!port->vlan->n_segments, err);
	if (!v)
		return -ENOMEM;
	v->trunk = true;
	v->n_segments = 0;
	memset(v->segment, 0, sizeof(v->segment));
	if (v->native_net[0])
		rc = add_segment(v, port, v->native_net, err);
	if (rc == 0)
		rc = nets ? add_segments(v, port, value, err)
			  : vlan_ids_parse(value, &v->listed, err);
	if (rc == 0)
		replace(port, v);
	else
		free(v);
	return rc;
}

static void put_segments(const struct vlan_port *v, char *text, size_t size)
{
	size_t n = 0;

	for (unsigned int i = 0; i < v->n_segments && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s%s", i ? "," : "", v->segment[i].name);
}

static bool get_trunk(const struct port *port, char *text, size_t size)
{
	const struct vlan_port *v = port->vlan;

	snprintf(text, size, "none");
	if (!v || !v->trunk)
		return false;
	if (v->n_segments)
		put_segments(v, text, size);
	else
		vlan_ids_format(&v->listed, text, size);
	return true;
}

/* ---- native= --------------------------------------------------------------------------------- */

static int native_net(struct vlan_port *v, const struct port *port, const char *value,
		      struct err *err)
{
	const char *own = port->net->conf.name;
	int rc = add_segment(v, port, value, err);

	if (rc == 0 && !segment_find(v, own) && !port->net->runner->restoring)
		rc = err_set(err, -EINVAL,
			     "port \"%s\" would not carry its own network \"%s\": name that in "
			     "trunk= too, or move the port",
			     port->name, own);

	if (rc == 0)
		snprintf(v->native_net, sizeof(v->native_net), "%s", value);
	return rc;
}

static int native_id(struct vlan_port *v, const char *value, struct err *err)
{
	v->native_given = true;
	return vlan_id_parse(value, &v->native, err);
}

static int set_native(struct port *port, const char *value, struct err *err)
{
	struct vlan_port *v;
	int rc = 0;

	if (!port->vlan || !port->vlan->trunk) {
		if (!strcmp(value, "none"))
			return 0;
		return err_set(err, -EINVAL, "port \"%s\" is no trunk: say trunk= before it",
			       port->name);
	}
	v = begin(port, true, err);
	if (!v)
		return -ENOMEM;
	v->native_given = !v->n_segments;
	v->native = VLAN_NO_ID;
	v->native_net[0] = '\0';
	if (strcmp(value, "none"))
		rc = v->n_segments ? native_net(v, port, value, err) : native_id(v, value, err);
	if (rc == 0)
		replace(port, v);
	else
		free(v);
	return rc;
}

static bool get_native(const struct port *port, char *text, size_t size)
{
	const struct vlan_port *v = port->vlan;
	uint16_t id = v && v->trunk && !v->n_segments ? v->untagged : VLAN_NO_ID;

	if (id != VLAN_NO_ID)
		snprintf(text, size, "%u", id);
	else
		snprintf(text, size, "%s", v && v->native_net[0] ? v->native_net : "none");
	return v && (v->native_given || v->native_net[0]);
}

const struct port_setting vlan_settings[] = {
	{"vlan", "a VLAN id, 1 to 4094, or none", set_access, get_access},
	{"trunk", "VLAN ids like 10,20,30-39, all, names of LAN segments, or none", set_trunk,
	 get_trunk},
	{"native", "the id or the LAN segment of untagged frames, or none", set_native, get_native},
	{0},
};
