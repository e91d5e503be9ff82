/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/switch/watch.h"

#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/walk.h"

void watch_port(struct port *port)
{
	struct net *net = port->net;

	port_feature(port, PORT_WATCHED, port->hooks || net->hooks || net->runner->hooks);
}

static void watch_all_ports(struct runner *r)
{
	for (struct net *net = r->nets; net; net = net->next)
		for (struct port *port = net->ports; port; port = port->next)
			watch_port(port);
}

void frame_hook_add(struct frame_hook *hook, struct runner *r, struct net *net, struct port *port)
{
	hook->list = port ? &port->hooks : net ? &net->hooks : &r->hooks;
	hook->runner = r;
	hook->next = *hook->list;
	*hook->list = hook;
	watch_all_ports(r);
}

void frame_hook_add_pairs(struct frame_hook *hook, struct runner *r, struct net *net)
{
	hook->pairs = true;
	hook->list = &net->pair_hooks;
	hook->runner = r;
	hook->next = *hook->list;
	*hook->list = hook;
	r->n_pair_hooks++;
}

void frame_hook_del(struct frame_hook *hook)
{
	struct frame_hook **at = hook->list;

	if (!at)
		return;
	if (hook->pairs)
		hook->runner->n_pair_hooks--;
	while (*at != hook)
		at = &(*at)->next;
	*at = hook->next;
	hook->list = NULL;
	watch_all_ports(hook->runner);
}

void frame_hooks_gone(struct frame_hook **list)
{
	struct frame_hook *hook;

	while ((hook = *list)) {
		frame_hook_del(hook);
		hook->gone(hook);
	}
}

/* ---- frames ---------------------------------------------------------------------------------- */

static bool any_narrates(struct frame_hook *hook, const struct walk *w)
{
	bool any = false;

	for (; hook; hook = hook->next)
		any |= hook->narrate && hook->narrate(hook, w);
	return any;
}

/* Each is asked: it remembers that it wanted this one. */
bool watch_narrates(const struct walk *w)
{
	bool any = any_narrates(w->from->hooks, w);

	any |= any_narrates(w->net->hooks, w);
	return any_narrates(w->net->runner->hooks, w) | any;
}

static void show(struct frame_hook *hook, const struct sighting *s)
{
	for (; hook; hook = hook->next)
		hook->frame(hook, s);
}

void watch_in(const struct walk *w, const struct pkt *came, const struct narration *told)
{
	const struct sighting s = {.port = w->from, .p = came, .walk = w, .told = told};

	show(w->from->hooks, &s);
	show(w->net->hooks, &s);
	show(w->net->runner->hooks, &s);
}

void watch_out(struct port *port, const struct pkt *p, const struct walk *w)
{
	const struct sighting s = {.port = port, .p = p, .out = true, .walk = w};

	show(port->hooks, &s);
}

void watch_pair(const struct net *net, const struct sighting *s)
{
	show(net->pair_hooks, s);
}
