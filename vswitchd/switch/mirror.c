/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/switch/mirror.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"

enum mirror_dir { DIR_DEFAULT, DIR_IN, DIR_OUT, DIR_BOTH };

static const char *const dir_words[] = {"default", "in", "out", "both"};

struct monitors {
	unsigned int n;
	struct port *port[MIRROR_MONITORS];
};

struct mirror {
	/* As a monitor */
	char names[SETTING_TEXT_MAX]; /* "": it is none */
	enum mirror_dir dir;
	bool takes_part; /* in switching too */
	bool counted;	 /* in net->monitors */
	/* As a port that is mirrored */
	struct monitors in, out;
};

/* ---- frames ---------------------------------------------------------------------------------- */

void mirror_frame(const struct walk *w, struct port *port, struct pkt *p, bool out)
{
	const struct monitors *to = out ? &port->mirror->out : &port->mirror->in;

	for (unsigned int i = 0; i < to->n; i++) {
		walk_say(w, "mirror", "a copy to %s", to->port[i]->name);
		if (!w->dry)
			port_queue_walked(to->port[i], pkt_get(p), w);
	}
}

/* ---- who mirrors whom ------------------------------------------------------------------------ */

static bool is_monitor(const struct port *port)
{
	return port->mirror && port->mirror->names[0];
}

static struct mirror *mirror_of(struct port *port)
{
	if (!port->mirror)
		port->mirror = calloc(1, sizeof(*port->mirror));
	return port->mirror;
}

static void add_monitor(struct monitors *list, struct port *monitor)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (list->port[i] == monitor)
			return;
	if (list->n < MIRROR_MONITORS)
		list->port[list->n++] = monitor;
}

static void mirror_port(struct port *port, struct port *monitor, enum mirror_dir dir)
{
	struct mirror *m = port == monitor ? NULL : mirror_of(port);

	if (!m)
		return;
	if (dir & DIR_IN)
		add_monitor(&m->in, monitor);
	if (dir & DIR_OUT)
		add_monitor(&m->out, monitor);
	port_feature(port, PORT_MIRROR, true);
}

static struct port *port_on(const struct net *net, const char *name)
{
	struct port *port = port_find(name);

	return port && port->net == net ? port : NULL;
}

/* One name of @monitor's. Of a whole network each frame is copied once: as it comes in. */
static void mirror_name(struct net *net, struct port *monitor, const char *name)
{
	enum mirror_dir dir = monitor->mirror->dir;
	struct port *port = port_on(net, name);

	if (port)
		mirror_port(port, monitor, dir ? dir : DIR_BOTH);
	else if (!strcmp(name, net->conf.name))
		for (port = net->ports; port; port = port->next)
			mirror_port(port, monitor, dir ? dir : DIR_IN);
}

static void mirror_names(struct net *net, struct port *monitor)
{
	char names[SETTING_TEXT_MAX], *rest = names, *name;

	memcpy(names, monitor->mirror->names, sizeof(names));
	while ((name = strsep(&rest, ",")))
		mirror_name(net, monitor, name);
}

static void forget_monitors(struct port *port)
{
	if (port->mirror)
		port->mirror->in.n = port->mirror->out.n = 0;
	port_feature(port, PORT_MIRROR, false);
}

static void refresh(struct net *net)
{
	for (struct port *port = net->ports; port; port = port->next)
		forget_monitors(port);
	for (struct port *port = net->ports; port; port = port->next)
		if (is_monitor(port))
			mirror_names(net, port);
}

/* Is @port one of @net's monitors? Most networks have none, and then nothing is to be looked
 * through when ports come and go. */
static void count_monitor(struct net *net, struct port *port, bool is)
{
	bool any = net->monitors;

	if (port->mirror && port->mirror->counted != is) {
		port->mirror->counted = is;
		net->monitors += is ? 1u : -1u;
	}
	if (any || net->monitors)
		refresh(net);
}

void mirror_port_joined(struct port *port)
{
	forget_monitors(port);
	count_monitor(port->net, port, is_monitor(port));
}

void mirror_port_left(struct net *net, struct port *port)
{
	forget_monitors(port);
	count_monitor(net, port, false);
}

void mirror_port_fini(struct port *port)
{
	free(port->mirror);
	port->mirror = NULL;
}

/* ---- settings -------------------------------------------------------------------------------- */

static void apply(struct port *port)
{
	bool apart = is_monitor(port) && !port->mirror->takes_part;

	port_feature(port, PORT_MONITOR, apart);
	count_monitor(port->net, port, is_monitor(port));
}

static int no_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "memory is short");
}

static int check_names(const struct port *port, const char *value, struct err *err)
{
	char names[SETTING_TEXT_MAX], *rest = names, *name;

	if (snprintf(names, sizeof(names), "%s", value) >= (int)sizeof(names))
		return err_set(err, -EINVAL, "is too long: name the network to mirror all ports");
	while ((name = strsep(&rest, ","))) {
		if (!name_valid_max(name, PORT_NAME_MAX))
			return err_set(err, -EINVAL,
				       "wants ports, with commas between them, or the network, or "
				       "none");
		if (!strcmp(name, port->name))
			return err_set(err, -EINVAL, "a port can't be its own mirror");
	}
	return 0;
}

int mirror_check(const struct net *net, const char *names, struct err *err)
{
	char copy[SETTING_TEXT_MAX], *rest = copy, *name;

	snprintf(copy, sizeof(copy), "%s", names);
	while ((name = strsep(&rest, ",")))
		if (strcmp(name, "none") != 0 && strcmp(names, "default") != 0 &&
		    strcmp(name, net->conf.name) != 0 && !port_on(net, name))
			return err_set(err, -ENOENT,
				       "mirror=%s: there is no port \"%s\" on network \"%s\": "
				       "name its ports, or the network",
				       names, name, net->conf.name);
	return 0;
}

static int mirror_set(struct port *port, const char *value, struct err *err)
{
	bool none = !strcmp(value, "none");
	int rc = none ? 0 : check_names(port, value, err);

	if (rc)
		return rc;
	if (!mirror_of(port))
		return no_memory(err);
	snprintf(port->mirror->names, sizeof(port->mirror->names), "%s", none ? "" : value);
	apply(port);
	return 0;
}

static bool mirror_get(const struct port *port, char *text, size_t size)
{
	snprintf(text, size, "%s", is_monitor(port) ? port->mirror->names : "none");
	return is_monitor(port);
}

static int dir_set(struct port *port, const char *value, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(dir_words); i++) {
		if (strcmp(value, dir_words[i]))
			continue;
		if (!mirror_of(port))
			return no_memory(err);
		port->mirror->dir = (enum mirror_dir)i;
		apply(port);
		return 0;
	}
	return err_set(err, -EINVAL, "wants in, out, both or default");
}

static bool dir_get(const struct port *port, char *text, size_t size)
{
	enum mirror_dir dir = port->mirror ? port->mirror->dir : DIR_DEFAULT;

	snprintf(text, size, "%s", dir_words[dir]);
	return dir != DIR_DEFAULT;
}

static int only_set(struct port *port, const char *value, struct err *err)
{
	bool only;
	int rc = setting_bool(value, &only, err);

	if (rc)
		return rc;
	if (!mirror_of(port))
		return no_memory(err);
	port->mirror->takes_part = !only;
	apply(port);
	return 0;
}

static bool only_get(const struct port *port, char *text, size_t size)
{
	bool takes_part = port->mirror && port->mirror->takes_part;

	snprintf(text, size, "%s", takes_part ? "off" : "on");
	return takes_part;
}

const struct port_setting mirror_settings[] = {
	{"mirror", "PORT[,PORT...], the network, or none", mirror_set, mirror_get},
	{"mirror-dir", "in, out, both or default", dir_set, dir_get},
	{"mirror-only", "on or off", only_set, only_get},
	{0},
};
