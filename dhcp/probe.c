/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.c - DISCOVERs whose address is being asked for on the wire.
 *
 * Theory of operation. A ring of a fixed number, oldest first; all wait equally long. A slot whose
 * address is 0 is done with and leaves when it is the oldest. When a stranger turns out to have the
 * address, the slot gets another and keeps its deadline.
 */
#include <stdio.h>

#include "dhcp/turn.h"

struct dhcp_pending *pending_find(struct dhcp_server *s, be32 addr)
{
	for (unsigned int i = 0; i < s->pending_n; i++) {
		struct dhcp_pending *p = &s->pending[(s->pending_head + i) % DHCP_PENDING_MAX];

		if (p->addr == addr)
			return p;
	}
	return NULL;
}

void pending_drop(struct dhcp_server *s, be32 addr)
{
	struct dhcp_pending *p = pending_find(s, addr);

	if (p)
		p->addr = 0;
}

static enum dhcp_verdict ask_probe(struct dhcp_server *s, be32 addr, struct dhcp_reply *out)
{
	s->count[DHCP_N_PROBE]++;
	out->dst = addr;
	return DHCP_PROBE;
}

enum dhcp_verdict pending_probe(struct turn *t, be32 addr)
{
	struct dhcp_server *s = t->s;
	struct dhcp_pending *p = &s->pending[(s->pending_head + s->pending_n++) % DHCP_PENDING_MAX];

	*p = (struct dhcp_pending){.addr = addr,
				   .deadline_ms = t->now + s->conf.probe_ms,
				   .wall_s = t->wall_s,
				   .src = t->rx->src,
				   .msg = *t->msg};
	if (t->rx->at)
		snprintf(p->at, sizeof(p->at), "%s", t->rx->at);
	return ask_probe(s, addr, t->out);
}

msec dhcp_server_deadline(const struct dhcp_server *s)
{
	return s->pending_n ? s->pending[s->pending_head].deadline_ms : 0;
}

/* The turn of the DISCOVER in @p goes on. Sets *@rx, which @t borrows, and *@l to what is held for
 * it. False: it does not wait any more. */
static bool resume(struct turn *t, struct dhcp_server *s, const struct dhcp_pending *p,
		   struct dhcp_rx *rx, struct dhcp_lease **l, msec now, struct dhcp_reply *out)
{
	*rx = (struct dhcp_rx){.src = p->src, .at = p->at[0] ? p->at : NULL};
	*l = p->addr ? lease_by_addr(&s->leases, p->addr) : NULL;
	if (!*l || !turn_init(t, s, rx, &p->msg, now, p->wall_s, out))
		return false;
	rx->port = (*l)->port;
	return ((*l)->state == LEASE_OFFERED || (*l)->state == LEASE_BOUND) &&
	       dhcp_key_equal(&(*l)->key, &t->client.key);
}

enum dhcp_verdict dhcp_server_due(struct dhcp_server *s, msec now, struct dhcp_reply *out)
{
	lease_table_run(&s->leases, now);
	while (s->pending_n && s->pending[s->pending_head].deadline_ms <= now) {
		const struct dhcp_pending *p = &s->pending[s->pending_head];
		enum dhcp_verdict v = DHCP_SILENT;
		struct dhcp_lease *l;
		struct dhcp_rx rx;
		struct turn t;

		s->pending_head = (s->pending_head + 1) % DHCP_PENDING_MAX;
		s->pending_n--;
		if (resume(&t, s, p, &rx, &l, now, out))
			v = turn_offer(&t, l);
		if (v != DHCP_SILENT)
			return v;
	}
	return DHCP_SILENT;
}

enum dhcp_verdict dhcp_server_conflict(struct dhcp_server *s, be32 addr, const struct mac *mac,
				       msec now, struct dhcp_reply *out)
{
	struct dhcp_pending *p = addr ? pending_find(s, addr) : NULL;
	struct dhcp_lease *l;
	struct dhcp_rx rx;
	struct turn t;

	if (!p || mac_equal(&p->msg.mac, mac) || !resume(&t, s, p, &rx, &l, now, out))
		return DHCP_SILENT;
	s->count[DHCP_N_CONFLICT]++;
	dhcp_server_quarantine(s, l, now);
	lease_set_blameless(&s->leases, l);
	l = dhcp_link_pick(&t.link, &s->leases, &t.client, 0, &s->picked);
	if (!l) {
		s->count[DHCP_N_POOL_EXHAUSTED]++;
		p->addr = 0;
		return DHCP_SILENT;
	}
	turn_hold(&t, l);
	p->addr = l->addr;
	return ask_probe(s, l->addr, out);
}
