/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk_tell.c - a frame's walk in words, for captures, traces and explanations.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "lib/addr.h"
#include "vswitchd/switch/impair.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/walk.h"

static const char *plural(unsigned int n)
{
	return n == 1 ? "" : "s";
}

/* ---- the steps ------------------------------------------------------------------------------- */

void tell_arrival(const struct walk *w)
{
	const struct pkt *p = w->p;
	const char *undone = pkt_is_gso(p)	 ? ", a super-frame that is still to be cut"
			     : pkt_needs_csum(p) ? ", its checksum still to be computed"
						 : "";

	if (w->from->features & PORT_IMPAIR_IN && !w->dry)
		impair_explain((struct walk *)w, w->from, false);
	walk_say(w, "ingress", "by %s of network %s (%s), %u bytes%s", w->from->name,
		 w->net->conf.name, w->net->conf.mode->name, p->len, undone);
}

void tell_learning(const struct walk *w)
{
	const struct eth_hdr *eth = (const void *)w->p->data;
	const char *would = w->dry ? "would be " : "";
	char mac[MAC_STR];
	struct fdb_answer known;

	mac_format(&eth->src, mac);
	if (!fdb_ask(w->net->fdb, &eth->src, w->vid, w->net->runner->now, &known))
		walk_say(w, "learn", "%s is new: %slearnt, it is behind %s", mac, would,
			 w->from->name);
	else if (known.port == w->from && known.pinned)
		walk_say(w, "learn", "%s belongs to %s", mac, w->from->name);
	else if (known.port == w->from)
		walk_say(w, "learn", "%s is behind %s, last heard %llu s ago", mac, w->from->name,
			 (unsigned long long)known.age_ms / 1000);
	else if (known.pinned)
		walk_say(w, "learn", "%s belongs to %s and nobody else may use it", mac,
			 known.port->name);
	else
		walk_say(w, "learn", "%s was behind %s %llu s ago: %smoved to %s", mac,
			 known.port->name, (unsigned long long)known.age_ms / 1000, would,
			 w->from->name);
}

void tell_lookup(const struct walk *w, const struct port *to)
{
	const struct eth_hdr *eth = (const void *)w->p->data;
	char mac[MAC_STR];

	mac_format(&eth->dst, mac);
	if (mac_equal(&eth->dst, &MAC_BROADCAST))
		walk_say(w, "table", "a broadcast is for everybody");
	else if (mac_is_multicast(&eth->dst))
		walk_say(w, "table", "%s is a group, which is not looked up", mac);
	else if (w->net->hub)
		walk_say(w, "table", "the network is a hub: it looks nothing up");
	else if (to && to == w->knows)
		walk_say(w, "table", "nobody has heard of %s, but %s was made for it", mac,
			 to->name);
	else if (to)
		walk_say(w, "table", "%s is behind %s", mac, to->name);
	else
		walk_say(w, "table", "nobody has heard of %s: to all ports, to find it", mac);
}

void tell_sent(const struct walk *w, const struct port *to)
{
	const struct mode_ops *mode = w->net->conf.mode;

	if (w->copies > WALK_TOLD_PORTS)
		return;
	if (to->features & PORT_IMPAIR_OUT && !w->dry)
		impair_explain((struct walk *)w, to, true);
	if (to->ops == &port_local_ops)
		walk_say(w, "sent", "to %s, a part of the network itself inside vswitchd",
			 to->name);
	else
		walk_say(w, "sent", "by %s", to->name);
	if (mode->explain)
		mode->explain(w->net, (struct port *)to, w->p, w->trace);
}

void tell_rest(const struct walk *w)
{
	if (w->copies > WALK_TOLD_PORTS)
		walk_say(w, "sent", "by %u more ports", w->copies - WALK_TOLD_PORTS);
	if (!w->copies && w->dropped == DROP_NONE)
		walk_say(w, "flood", "no other port takes it");
}

/* ---- what came of it ------------------------------------------------------------------------- */

static int verdict_learning(const struct walk *w, char *text, size_t size)
{
	const struct eth_hdr *eth;
	char mac[MAC_STR];

	text[0] = '\0';
	if (!w->learnt && !w->moved)
		return 0;
	eth = (const void *)w->p->data;
	return snprintf(text, size, "%s %s %s %s; ", w->moved ? "moved" : "learnt",
			mac_format(&eth->src, mac), w->moved ? "to" : "on", w->from->name);
}

char *walk_verdict(const struct walk *w, char *text, size_t size)
{
	size_t used = (size_t)verdict_learning(w, text, size);
	char *at = text + MIN(used, size - 1);
	size_t left = size - (size_t)(at - text);

	if (w->dropped == DROP_CONSUMED)
		snprintf(at, left, "%s", drop_text(w->dropped));
	else if (w->dropped != DROP_NONE)
		snprintf(at, left, "dropped: %s: %s", drop_word(w->dropped), drop_text(w->dropped));
	else if (w->flooded && w->copies)
		snprintf(at, left, "flooded to %u port%s", w->copies, plural(w->copies));
	else if (w->copies == 1)
		snprintf(at, left, "delivered to %s", w->to->name);
	else if (w->copies)
		snprintf(at, left, "delivered to %u ports", w->copies);
	else if (w->refused_by && w->flooded)
		snprintf(at, left, "not delivered to any port: %s: %s", drop_word(w->refused),
			 drop_text(w->refused));
	else if (w->refused_by)
		snprintf(at, left, "not delivered to %s: %s: %s", w->refused_by->name,
			 drop_word(w->refused), drop_text(w->refused));
	else
		snprintf(at, left, "no port wants it");
	return text;
}

char *walk_origin(const struct walk *w, char *text, size_t size)
{
	if (w)
		snprintf(text, size, "from %s%s", w->from->name, w->flooded ? ", flooded" : "");
	else
		snprintf(text, size, "sent by the switch itself");
	return text;
}
