/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * restore.c - what happens after a restart, also after one that nobody asked for.
 *
 * Order: namespaces (ports are put into them), networks (their modes bring host legs, gateways
 * and DHCP servers), ports, guests (those still running are adopted, with ports on the taps that
 * their processes hold), what the cables of ports do to frames, and last the interfaces that carry
 * our mark but belong to nothing any more. After a clean stop only networks and ports are in the
 * store.
 */
#include "vswitchd/control/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/switch/impair.h"
#include "vswitchd/control/kept.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/control/labsched.h"
#include "vswitchd/control/netns.h"
#include "vswitchd/carrier/nic.h"
#include "vswitchd/control/objects.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/host/reaper.h"
#include "vswitchd/host/state.h"
#include "vswitchd/guest/vm.h"

typedef int restore_fn(struct daemon *d, const char *name, const json_t *doc, struct err *err);

static int restore_net(struct daemon *d, const char *name, const json_t *doc, struct err *err)
{
	(void)name;
	return object_net_restore(d, doc, err);
}

static int restore_port(struct daemon *d, const char *name, const json_t *doc, struct err *err)
{
	(void)name;
	return object_port_restore(d, doc, err);
}

static void restore_kind(struct daemon *d, const char *kind, restore_fn *fn)
{
	json_t *all = state_all(kind), *doc;
	const char *name;

	json_object_foreach (all, name, doc) {
		struct err err = {0};

		if (fn(d, name, doc, &err))
			log_warn("%s %s is not back: %s", kind, name, err.text);
	}
	json_decref(all);
}

/* ---- leftovers ------------------------------------------------------------------------------- */

struct sweep {
	struct daemon *d;
	char prefix[32];
};

static bool link_in_use(struct daemon *d, const char *ifname)
{
	for (const struct net *n = d->runner.nets; n; n = n->next)
		for (const struct port *p = n->ports; p; p = p->next)
			if (!strcmp(p->ifname, ifname) || nic_owns_link(p, ifname))
				return true;
	return netns_owns_link(d, ifname);
}

static void sweep_link(void *ctx, const char *ifname, const char *alias)
{
	struct sweep *s = ctx;

	if (strncmp(alias, s->prefix, strlen(s->prefix)) || link_in_use(s->d, ifname))
		return;
	log_info("removing interface %s, left over from an earlier run", ifname);
	reaper_link_del(ifname);
}

static void sweep_links(struct daemon *d)
{
	struct sweep s = {.d = d};

	snprintf(s.prefix, sizeof(s.prefix), "vswitchd:%s:", state_instance());
	nl_link_each(sweep_link, &s);
}

void restore_all(struct daemon *d)
{
	d->runner.restoring = true;
	restore_kind(d, "netns", netns_restore);
	restore_kind(d, "net", restore_net);
	restore_kind(d, "port", restore_port);
	restore_kind(d, "vm", vm_restore);
	restore_kind(d, "impair", impair_restore);
	restore_kind(d, "labsched", labsched_restore);
	sweep_links(d);
	d->runner.restoring = false;
	kept_settle(d);
}
