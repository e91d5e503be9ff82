/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mode.h - what a kind of network is: a small policy that plugs ports and hooks into a switch.
 *
 * Five folders under modes/ each define one const struct mode_ops; mode.c holds the one visible
 * array of them. No mode includes another. Hooks that are NULL are not called.
 */
#ifndef VSWITCHD_MODE_H
#define VSWITCHD_MODE_H

#include <jansson.h>

#include "lib/drop.h"
#include "lib/err.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/trace.h"

struct net_setting;
struct walk;

struct mode_ops {
	const char *name;    /* the word in files and commands */
	const char *summary; /* one line for `vnetctl help` */
	/* Check settings and fill in defaults (subnet, addresses). No side effects. */
	int (*check)(struct runner *r, struct net_conf *conf, struct err *err);
	/* Add the mode's own ports. All or nothing. */
	int (*start)(struct net *net, struct err *err);
	/* Undo start. Can't fail, safe twice and on a half-started network. The mode's ports that
	 * are still on the network are deleted by net_del() afterwards. */
	void (*stop)(struct net *net);
	/* Look at the frame of a walk before it is learnt from; anything but DROP_NONE drops it.
	 * May set w->knows. No effects when w->dry. */
	enum drop_reason (*ingress)(struct walk *w);
	/* Optional: a frame @p would be, or was, sent to @to, a port of the mode's own: tell @trace
	 * what the mode does with it. No effects. */
	void (*explain)(struct net *net, struct port *to, const struct pkt *p, struct trace *trace);
	/* Optional: @p would arrive from outside, by none of the network's ports: tell @trace what
	 * the mode does with it. Would a guest get it? No effects. */
	bool (*explain_outside)(struct net *net, const struct pkt *p, struct trace *trace);
	/* Once a second, for ageing of the mode's own tables. */
	void (*tick)(struct net *net, msec now);
	/* Optional: does tick() have nothing to do as long as no frame comes? */
	bool (*at_rest)(const struct net *net);
	/* Links, addresses, routes or neighbours of the host changed (netlink.h). */
	void (*host_changed)(struct net *net);
	/* It shows packets before and after translation to hooks on the network's pairs (watch.h).
	 */
	bool translates;
	/* The MTU is what it was when the network started. */
	bool fixed_mtu;
	/* Serve control methods of the mode's own ("nat.list"); sets *@result to a new reference.
	 * -ENOSYS: not ours. */
	int (*call)(struct net *net, const char *method, json_t *params, json_t **result,
		    struct err *err);
	/* Settings of the mode's own (settings.h); NULL: none. */
	const struct net_setting *settings;
	/* Groups of those of the services that modes share (netsix.h, netdns.h), ended by NULL;
	 * NULL: it has none of them. */
	const struct net_setting *const *services;
	/* Add the mode's facts to `net show`. */
	void (*show)(const struct net *net, json_t *out);
};

extern const struct mode_ops mode_nat, mode_bridge, mode_hostonly, mode_internal, mode_lansegment;

/* NULL-terminated. */
extern const struct mode_ops *const modes[];
const struct mode_ops *mode_find(const char *name);

#endif
