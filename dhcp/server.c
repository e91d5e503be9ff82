/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/server.h"

#include <errno.h>

#include "dhcp/reply.h"
#include "dhcp/turn.h"

static const char *const count_words[DHCP_N] = {
#define X(id, word) word,
	DHCP_COUNTS(X)
#undef X
};

const char *dhcp_count_word(enum dhcp_count c)
{
	return count_words[c];
}

/* ---- DISCOVER -------------------------------------------------------------------------------- */

/* RFC 2131 4.3.1 */
static enum dhcp_verdict discover(struct turn *t)
{
	struct dhcp_server *s = t->s;
	struct dhcp_lease *l =
		dhcp_link_pick(&t->link, &s->leases, &t->client, t->msg->requested, &s->picked);
	struct dhcp_pending *p;
	bool stranger;

	if (!l)
		return turn_silent(t, DHCP_N_POOL_EXHAUSTED);
	if (turn_over_limit(t, l))
		return turn_silent(t, DHCP_N_PORT_LIMIT);
	/* One name or the other of the last holder is enough: a new NIC, or another boot stage. */
	stranger =
		!dhcp_key_same_id(&l->key, &t->client.key) && !mac_equal(&l->mac, &t->client.mac);
	turn_hold(t, l);
	p = pending_find(s, l->addr);
	if (p) { /* repeated while its probe is under way: answer the latest */
		p->msg = *t->msg;
		p->src = t->rx->src;
		return DHCP_SILENT;
	}
	/* What is behind a relay can't be asked from here (RFC 826 ends at the wire). */
	if (!stranger || !s->conf.probe_ms || s->pending_n == DHCP_PENDING_MAX ||
	    t->link.v[0]->conf.relayed)
		return turn_offer(t, l);
	return pending_probe(t, l->addr);
}

/* ---- REQUEST --------------------------------------------------------------------------------- */

/* What the client has, or had behind another port. */
static struct dhcp_lease *lease_of(const struct turn *t)
{
	struct dhcp_lease *l = lease_by_key(&t->s->leases, &t->client.key);

	return l ? l : lease_of_moved(&t->s->leases, &t->client);
}

/* Is the client to have another address than @addr, by a reservation? */
static bool reserved_elsewhere(const struct turn *t, be32 addr)
{
	struct dhcp_lease *r = lease_reserved_for(&t->s->leases, &t->client);

	return r && r->addr != addr && turn_may_hold(t, r);
}

/* A client that we do not know asks for an address that it says we offered: after a restart that
 * may well be so. It gets it when nobody else has it. */
static enum dhcp_verdict adopt(struct turn *t, be32 addr)
{
	struct dhcp_lease *l = lease_by_addr(&t->s->leases, addr);

	if (!l && dhcp_link_has(&t->link, addr))
		l = lease_get(&t->s->leases, addr);
	if (!l || l->state != LEASE_FREE || !turn_may_hold(t, l))
		return turn_nak(t, DHCP_N_UNKNOWN_CLIENT, "the address was not offered to you");
	return turn_ack(t, l);
}

/* The states of RFC 2131 4.3.2 that a request can come from. */
enum req_state { SELECTING, INIT_REBOOT, RENEWING, REBINDING };

/* A clone that wakes up with the address of the machine it was copied from must not use it. */
static bool held_by_twin(const struct turn *t, be32 addr)
{
	const struct dhcp_lease *l = lease_by_addr(&t->s->leases, addr);

	return l && l->state == LEASE_BOUND && dhcp_key_same_id(&l->key, &t->client.key);
}

static enum dhcp_verdict confirm(struct turn *t, enum req_state from, be32 addr)
{
	struct dhcp_lease *l = lease_of(t);

	if (!dhcp_link_pool(&t->link, addr))
		return turn_nak(t, DHCP_N_WRONG_NET, "the address is not of this network");
	if (reserved_elsewhere(t, addr))
		return turn_nak(t, DHCP_N_NOT_OWNER, "another address is reserved for you");
	if (l && l->addr == addr && turn_may_hold(t, l))
		return turn_ack(t, l);
	if (l)
		return turn_nak(t, DHCP_N_NOT_OWNER, "the address is not yours");
	if (from == SELECTING)
		return adopt(t, addr);
	/* It renews with us by name, so it means us; all others may have another server. */
	if (from == RENEWING || held_by_twin(t, addr))
		return turn_nak(t, DHCP_N_UNKNOWN_CLIENT, "no lease of this address is known");
	return turn_silent(t, DHCP_N_UNKNOWN_CLIENT);
}

/* The client took another server's offer: ours is free again. */
static enum dhcp_verdict not_chosen(struct turn *t)
{
	struct dhcp_lease *l = lease_by_key(&t->s->leases, &t->client.key);

	if (l && l->state == LEASE_OFFERED)
		lease_set_state(&t->s->leases, l, LEASE_FREE, 0);
	return turn_silent(t, DHCP_N_OTHER_SERVER);
}

/* A relay hears the broadcasts only, unless it says otherwise (RFC 5010 3). */
static bool renews(const struct turn *t)
{
	const struct dhcp_agent *relay = &t->msg->relay;

	return t->msg->hdr.giaddr ? relay->has_flags && relay->unicast : t->rx->unicast;
}

static enum dhcp_verdict request(struct turn *t)
{
	const struct dhcp_msg *m = t->msg;

	if (m->server_id && !dhcp_server_is(t->s, m->server_id))
		return not_chosen(t);
	if (m->server_id)
		return confirm(t, SELECTING, m->requested ? m->requested : m->hdr.ciaddr);
	if (m->hdr.ciaddr)
		return confirm(t, renews(t) ? RENEWING : REBINDING, m->hdr.ciaddr);
	if (m->requested)
		return confirm(t, INIT_REBOOT, m->requested);
	return turn_silent(t, DHCP_N_MALFORMED);
}

/* ---- DECLINE, RELEASE, INFORM ---------------------------------------------------------------- */

/* The lease of @addr if the sender holds it. What the switch knows counts too: nobody can give up
 * an address from another port. */
static struct dhcp_lease *owned(struct turn *t, be32 addr)
{
	struct dhcp_lease *l = lease_by_key(&t->s->leases, &t->client.key);

	if (!l || l->addr != addr || !mac_equal(&l->mac, &t->msg->mac) ||
	    (l->state != LEASE_BOUND && l->state != LEASE_OFFERED))
		return NULL;
	return l->port && t->rx->port && l->port != t->rx->port ? NULL : l;
}

static bool for_another(const struct turn *t)
{
	return t->msg->server_id && !dhcp_server_is(t->s, t->msg->server_id);
}

/* RFC 2131 4.3.3 */
static enum dhcp_verdict decline(struct turn *t)
{
	struct dhcp_lease *l = owned(t, t->msg->requested);

	if (for_another(t))
		return turn_silent(t, DHCP_N_OTHER_SERVER);
	if (!l)
		return turn_silent(t, DHCP_N_NOT_OWNER);
	dhcp_server_quarantine(t->s, l, t->now);
	t->s->store->del(t->s->store_ctx, t->s->conf.net, l->addr);
	return DHCP_SILENT;
}

/* RFC 2131 4.3.4. The entry and its record stay: the client gets the same address again. */
static enum dhcp_verdict release(struct turn *t)
{
	struct dhcp_lease *l = owned(t, t->msg->hdr.ciaddr);

	if (for_another(t))
		return turn_silent(t, DHCP_N_OTHER_SERVER);
	if (!l)
		return turn_silent(t, DHCP_N_NOT_OWNER);
	lease_set_state(&t->s->leases, l, LEASE_FREE, 0);
	dhcp_server_record(t->s, l, t->wall_s, 0);
	return DHCP_SILENT;
}

/* RFC 2131 4.3.5: no address, no lease time. */
static enum dhcp_verdict inform(struct turn *t)
{
	struct dhcp_answer a = {.type = DHCP_ACK};

	if (!dhcp_link_pool(&t->link, t->msg->hdr.ciaddr))
		return turn_silent(t, DHCP_N_WRONG_NET);
	t->s->count[DHCP_N_ACK]++;
	dhcp_compose(t, &a);
	return DHCP_REPLY;
}

/* ---- entry ----------------------------------------------------------------------------------- */

static enum dhcp_verdict dispatch(struct turn *t)
{
	static const struct {
		enum dhcp_count count;
		enum dhcp_verdict (*take)(struct turn *t);
	} types[] = {
		[DHCP_DISCOVER] = {DHCP_N_DISCOVER, discover},
		[DHCP_REQUEST] = {DHCP_N_REQUEST, request},
		[DHCP_DECLINE] = {DHCP_N_DECLINE, decline},
		[DHCP_RELEASE] = {DHCP_N_RELEASE, release},
		[DHCP_INFORM] = {DHCP_N_INFORM, inform},
	};

	if (t->msg->type >= ARRAY_SIZE(types) || !types[t->msg->type].take)
		return turn_silent(t, DHCP_N_UNKNOWN_TYPE);
	t->s->count[types[t->msg->type].count]++;
	return types[t->msg->type].take(t);
}

enum dhcp_verdict dhcp_server_input(struct dhcp_server *s, const struct dhcp_rx *rx, msec now,
				    int64_t wall_s, struct dhcp_reply *out)
{
	struct dhcp_msg msg;
	struct turn t = {.s = s};
	int rc = dhcp_parse(rx->data, rx->len, &msg);

	if (rc)
		return turn_silent(&t, rc == -EPROTO ? DHCP_N_NOT_DHCP : DHCP_N_MALFORMED);
	if (!turn_init(&t, s, rx, &msg, now, wall_s, out))
		return turn_silent(&t, DHCP_N_WRONG_NET);
	lease_table_run(&s->leases, now);
	return dispatch(&t);
}
