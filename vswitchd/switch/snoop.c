/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snoop.c - multicast goes where it is wanted.
 *
 * Theory of operation. Hosts tell routers by IGMP and MLD which groups they want; the switch
 * listens and keeps, for each VLAN and group, the ports behind which somebody does (snoop_table.c).
 * It only listens: nothing is suppressed, proxied or asked, so that what a capture shows is what
 * hosts and routers said. Reports go on to routers and the querier alone, so that hosts never see,
 * and are never silenced by, each other's (RFC 4541 2.1.1 1).
 *
 * Memberships are only as good as the queries that renew them. A VLAN where no querier of the
 * family has been heard (within 255 s, RFC 3376 8.5) is therefore flooded, so multicast works on
 * a network without any multicast router, as it would on a plain switch. When the first query
 * comes, flooding goes on until everybody has had time to answer it, and after a change of the
 * spanning tree until two more queries have been heard.
 *
 * With a querier, a group goes to its members and to routers; one that nobody has joined goes to
 * routers only (2.1.2 3; `snooping=off` is the switch that 2.1.2 4 asks for). 224.0.0.0/24 and
 * IPv6 groups of link-local scope or less are always flooded: neighbour discovery must not hang
 * on a table. A query from 0.0.0.0 (a bridge's own querier) makes reports come, but its port is no
 * router's (2.1.1 1 a).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/snoop_int.h"

enum {
	QUERIER_MS = 255000,   /* RFC 3376 8.5, with the defaults of 8.1 to 8.3 */
	MEMBER_MS = 260000,    /* 8.4 */
	LAST_MEMBER_MS = 2000, /* 8.8 to 8.10: two queries, a second each */
	INTERVAL_MAX_S = 3600,
	SETTLE_SLACK_MS = 1000,
	TC_QUERIES = 2,
};

/* ---- who asks -------------------------------------------------------------------------------- */

static struct domain *domain_find(struct snoop *s, uint16_t vid, bool v6)
{
	for (unsigned int i = 0; i < SNOOP_DOMAINS_MAX; i++) {
		struct domain *d = &s->domains[i];

		if (d->used && d->vid == vid && d->v6 == v6)
			return d;
	}
	return NULL;
}

/* None when all are in use: then that VLAN is flooded. */
static struct domain *domain_new(struct snoop *s, uint16_t vid, bool v6)
{
	for (unsigned int i = 0; i < SNOOP_DOMAINS_MAX; i++) {
		struct domain *d = &s->domains[i];

		if (d->used)
			continue;
		*d = (struct domain){.used = true, .vid = vid, .v6 = v6};
		return d;
	}
	return NULL;
}

static void note_query(struct walk *w, const struct snoop_msg *m)
{
	struct snoop *s = w->net->snoop;
	msec now = w->net->runner->now;
	struct domain *d = domain_find(s, w->vid, m->v6);
	uint32_t interval_ms = MIN(m->interval_s, (uint32_t)INTERVAL_MAX_S) * 1000;
	bool fresh = !d || d->until <= now;

	if (!d)
		d = domain_new(s, w->vid, m->v6);
	if (!d)
		return;
	if (fresh)
		d->settled_at = now + MIN(m->resp_ms, 60000u) + SETTLE_SLACK_MS;
	d->querier = w->from;
	d->address = m->sender;
	d->life_ms = MAX((uint32_t)MEMBER_MS, 2 * interval_ms + MIN(m->resp_ms, 60000u));
	d->until = now + MAX((uint32_t)QUERIER_MS, 2 * interval_ms + 5000);
	if (d->flood_queries && m->general)
		d->flood_queries--;
	if (!m->no_sender)
		snoop_all_add(s, w->vid, m->v6, w->from, ALL_QUERIER, d->until);
}

/* ---- who wants ------------------------------------------------------------------------------- */

static void note_report(struct walk *w, const struct snoop_msg *m)
{
	struct snoop *s = w->net->snoop;
	msec now = w->net->runner->now;
	const struct domain *d = domain_find(s, w->vid, m->v6);
	msec until = now + (d ? d->life_ms : MEMBER_MS);

	for (unsigned int i = 0; i < m->n_records; i++) {
		const struct snoop_record *r = &m->records[i];

		if (!r->join)
			snoop_leave(s, w->vid, m->v6, &r->group, w->from, now + LAST_MEMBER_MS);
		else if (!snoop_join(s, w->vid, m->v6, &r->group, w->from, until))
			snoop_all_add(s, w->vid, m->v6, w->from, ALL_OVERFLOW, until);
	}
}

static void note(struct walk *w, const struct snoop_msg *m)
{
	struct snoop *s = w->net->snoop;
	msec now = w->net->runner->now;

	switch (m->kind) {
	case SNOOP_QUERY:
		note_query(w, m);
		break;
	case SNOOP_REPORT:
		note_report(w, m);
		break;
	case SNOOP_ROUTER:
		snoop_all_add(s, w->vid, m->v6, w->from, ALL_ROUTER, now + m->hold_s * 1000ull);
		break;
	case SNOOP_ROUTER_GONE:
		snoop_all_del(s, w->vid, m->v6, w->from, ALL_ROUTER);
		break;
	case SNOOP_DATA:
	case SNOOP_OTHER:
		break;
	}
}

/* ---- the way out ----------------------------------------------------------------------------- */

/* To each port once, though it may be noted for several reasons. */
static void to_routers(struct walk *w, bool v6)
{
	struct snoop *s = w->net->snoop;
	msec now = w->net->runner->now;

	for (unsigned int i = 0; i < SNOOP_ALL_MAX; i++) {
		const struct all_port *a = &s->all[i];
		bool again = false;

		if (!a->port || a->port == w->from || a->vid != w->vid || a->v6 != v6 ||
		    a->until <= now)
			continue;
		for (unsigned int j = 0; j < i; j++)
			again |= s->all[j].port == a->port && s->all[j].vid == a->vid &&
				 s->all[j].v6 == v6 && s->all[j].until > now;
		if (!again)
			walk_deliver(w, a->port);
	}
}

static void to_members(struct walk *w, const struct snoop_msg *m)
{
	struct snoop *s = w->net->snoop;
	msec now = w->net->runner->now;
	const struct group *g = snoop_group_find(s, w->vid, m->v6, &m->group);

	for (uint16_t i = g ? g->members : 0; i; i = s->members[i].next) {
		const struct member *mb = &s->members[i];

		if (mb->port != w->from && mb->until > now &&
		    !snoop_is_all(s, w->vid, m->v6, mb->port, now))
			walk_deliver(w, mb->port);
	}
}

static void send_report(struct walk *w, const struct snoop_msg *m, const struct domain *d)
{
	walk_say(w, "groups", "a membership report: only for routers");
	to_routers(w, m->v6);
	if (d->querier != w->from &&
	    !snoop_is_all(w->net->snoop, w->vid, m->v6, d->querier, w->net->runner->now))
		walk_deliver(w, d->querier);
}

static void send_data(struct walk *w, const struct snoop_msg *m)
{
	walk_say(w, "groups", "multicast: only for ports that have joined, and routers");
	to_routers(w, m->v6);
	to_members(w, m);
	if (!w->copies)
		w->dropped = w->refused_by ? w->refused : DROP_NO_MEMBER;
}

/* May the table decide, or is it too early, too late, or not known whom to ask? */
static bool is_trusted(const struct snoop *s, const struct domain *d, msec now)
{
	return d && d->until > now && d->settled_at <= now && !d->flood_queries && d->querier &&
	       s->flood_until <= now;
}

bool snoop_forward(struct walk *w)
{
	struct snoop *s = w->net->snoop;
	const struct domain *d;
	struct snoop_msg m;

	if (w->net->hub)
		return false;
	snoop_parse(w->p, &m);
	if (m.kind == SNOOP_OTHER)
		return false;
	if (!w->dry)
		note(w, &m);
	if ((m.kind != SNOOP_REPORT && m.kind != SNOOP_DATA) ||
	    (m.kind == SNOOP_DATA && m.link_local))
		return false;
	d = domain_find(s, w->vid, m.v6);
	if (!is_trusted(s, d, w->net->runner->now)) {
		walk_say(w, "groups",
			 "multicast: no %s querier has been heard for long enough, so "
			 "it is flooded",
			 m.v6 ? "MLD" : "IGMP");
		return false;
	}
	if (m.kind == SNOOP_REPORT)
		send_report(w, &m, d);
	else
		send_data(w, &m);
	return true;
}

/* ---- life ------------------------------------------------------------------------------------ */

int snoop_net_init(struct net *net)
{
	if (net->snoop)
		return 0;
	net->snoop = calloc(1, sizeof(*net->snoop));
	if (!net->snoop)
		return -ENOMEM;
	hash_key_init(&net->snoop->key);
	return 0;
}

void snoop_tick(struct net *net, msec now)
{
	if (net->snoop)
		snoop_expire(net->snoop, now, NULL);
}

void snoop_port_gone(struct net *net, const struct port *port)
{
	if (net->snoop)
		snoop_expire(net->snoop, net->runner->now, port);
}

void snoop_topology_changed(struct net *net)
{
	for (unsigned int i = 0; net->snoop && i < SNOOP_DOMAINS_MAX; i++)
		net->snoop->domains[i].flood_queries = TC_QUERIES;
}

void snoop_net_fini(struct net *net)
{
	for (struct port *port = net->ports; port; port = port->next)
		port->n_groups = 0;
	free(net->snoop);
	net->snoop = NULL;
}

static int snooping_set(struct net *net, const char *value, struct err *err)
{
	bool on;

	if (setting_bool(value, &on, err) < 0)
		return -EINVAL;
	if (!on)
		snoop_net_fini(net);
	else if (snoop_net_init(net) < 0)
		return err_sys(err, -ENOMEM, "network \"%s\"", net->conf.name);
	return 0;
}

static bool snooping_get(const struct net *net, char *text, size_t size)
{
	snprintf(text, size, "%s", net->snoop ? "on" : "off");
	return !net->snoop;
}

const struct net_setting snoop_settings[] = {
	{"snooping", "on or off", snooping_set, snooping_get},
	{0},
};
