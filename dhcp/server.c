/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dhcp/reply.h"

/* One message on its way through the server. */
struct turn {
	struct dhcp_server *s;
	const struct dhcp_rx *rx;
	const struct dhcp_msg *msg;
	struct dhcp_client client;
	msec now;
	int64_t wall_s;
	struct dhcp_reply *out;
};

static const char *const count_words[DHCP_N] = {
#define X(id, word) word,
	DHCP_COUNTS(X)
#undef X
};

const char *dhcp_count_word(enum dhcp_count c)
{
	return count_words[c];
}

static enum dhcp_verdict silent(struct turn *t, enum dhcp_count why)
{
	t->s->count[why]++;
	return DHCP_SILENT;
}

static enum dhcp_verdict nak(struct turn *t, enum dhcp_count why)
{
	t->s->count[why]++;
	t->s->count[DHCP_N_NAK]++;
	dhcp_compose(&t->s->conf, t->msg, &t->rx->src, DHCP_NAK, 0, 0, t->out);
	return DHCP_REPLY;
}

/* What the client asks for, within [DHCP_LEASE_MIN_S, conf.lease_s]. */
static uint32_t lease_time(const struct dhcp_conf *conf, const struct dhcp_msg *msg)
{
	uint32_t want = msg->lease_s ? msg->lease_s : conf->lease_s;

	return MIN(MAX(want, (uint32_t)DHCP_LEASE_MIN_S), conf->lease_s);
}

static void set_hostname(struct dhcp_lease *l, const struct dhcp_msg *msg)
{
	if (!msg->hostname.len)
		return;
	l->hostname_len = MIN(msg->hostname.len, DHCP_HOSTNAME_KEEP);
	memcpy(l->hostname, msg->hostname.b, l->hostname_len);
}

/* Would giving @l to this client take its port over the limit? A port that floods us with made-up
 * clients exhausts its own share, not the pool. */
static bool over_limit(const struct turn *t, const struct dhcp_lease *l)
{
	const struct dhcp_rx *rx = t->rx;

	uint64_t where = dhcp_key_where(&t->client.key);

	if (!where || !rx->port_limit || l->state != LEASE_FREE)
		return false;
	return lease_count_at(&t->s->leases, where, rx->port_limit) >= rx->port_limit;
}

/* ---- probes under way ------------------------------------------------------------------------ */

static struct dhcp_pending *pending_find(struct dhcp_server *s, be32 addr)
{
	for (unsigned int i = 0; i < s->pending_n; i++) {
		struct dhcp_pending *p = &s->pending[(s->pending_head + i) % DHCP_PENDING_MAX];

		if (p->addr == addr)
			return p;
	}
	return NULL;
}

static void pending_drop(struct dhcp_server *s, be32 addr)
{
	struct dhcp_pending *p = pending_find(s, addr);

	if (p)
		p->addr = 0;
}

static void pending_add(struct turn *t, be32 addr)
{
	struct dhcp_server *s = t->s;
	struct dhcp_pending *p = &s->pending[(s->pending_head + s->pending_n++) % DHCP_PENDING_MAX];

	*p = (struct dhcp_pending){.addr = addr,
				   .deadline_ms = t->now + s->conf.probe_ms,
				   .src = t->rx->src,
				   .msg = *t->msg};
	if (t->rx->at)
		snprintf(p->at, sizeof(p->at), "%s", t->rx->at);
}

static enum dhcp_verdict ask_probe(struct dhcp_server *s, be32 addr, struct dhcp_reply *out)
{
	s->count[DHCP_N_PROBE]++;
	out->dst = addr;
	return DHCP_PROBE;
}

static enum dhcp_verdict offer(struct dhcp_server *s, const struct dhcp_msg *msg,
			       const struct mac *src, be32 addr, struct dhcp_reply *out)
{
	s->count[DHCP_N_OFFER]++;
	dhcp_compose(&s->conf, msg, src, DHCP_OFFER, addr, lease_time(&s->conf, msg), out);
	return DHCP_REPLY;
}

msec dhcp_server_deadline(const struct dhcp_server *s)
{
	return s->pending_n ? s->pending[s->pending_head].deadline_ms : 0;
}

static struct dhcp_client pending_client(const struct dhcp_pending *p)
{
	return dhcp_client_of(&p->msg, p->at[0] ? p->at : NULL);
}

/* Does the client that waits for @p still hold its address? */
static bool pending_valid(struct dhcp_server *s, const struct dhcp_pending *p)
{
	struct dhcp_client c = pending_client(p);
	struct dhcp_lease *l = p->addr ? lease_by_addr(&s->leases, p->addr) : NULL;

	return l && l->state == LEASE_OFFERED && dhcp_key_equal(&l->key, &c.key);
}

enum dhcp_verdict dhcp_server_due(struct dhcp_server *s, msec now, struct dhcp_reply *out)
{
	lease_table_run(&s->leases, now);
	while (s->pending_n && s->pending[s->pending_head].deadline_ms <= now) {
		struct dhcp_pending *p = &s->pending[s->pending_head];

		s->pending_head = (s->pending_head + 1) % DHCP_PENDING_MAX;
		s->pending_n--;
		if (pending_valid(s, p))
			return offer(s, &p->msg, &p->src, p->addr, out);
	}
	return DHCP_SILENT;
}

/* ---- DISCOVER -------------------------------------------------------------------------------- */

static void hold_for(struct turn *t, struct dhcp_lease *l)
{
	struct lease_table *leases = &t->s->leases;

	lease_set_client(leases, l, &t->client.key, &t->client.mac);
	set_hostname(l, t->msg);
	if (l->state == LEASE_BOUND)
		return;
	lease_set_state(leases, l, LEASE_OFFERED, t->now + DHCP_OFFER_MS);
	l->port = t->rx->port;
}

/* RFC 2131 4.3.1 */
static enum dhcp_verdict discover(struct turn *t)
{
	struct dhcp_server *s = t->s;
	struct dhcp_lease *l = dhcp_pool_pick(&s->pool, &s->leases, &t->client, t->msg->requested);
	struct dhcp_pending *p;
	bool stranger;

	if (!l)
		return silent(t, DHCP_N_POOL_EXHAUSTED);
	if (over_limit(t, l))
		return silent(t, DHCP_N_PORT_LIMIT);
	stranger =
		!dhcp_key_same_id(&l->key, &t->client.key) || !mac_equal(&l->mac, &t->client.mac);
	hold_for(t, l);
	p = pending_find(s, l->addr);
	if (p) { /* repeated while its probe is under way: answer the latest */
		p->msg = *t->msg;
		p->src = t->rx->src;
		return DHCP_SILENT;
	}
	if (!stranger || !s->conf.probe_ms || s->pending_n == DHCP_PENDING_MAX)
		return offer(s, t->msg, &t->rx->src, l->addr, t->out);
	pending_add(t, l->addr);
	return ask_probe(s, l->addr, t->out);
}

/* At most a quarter of the pool is put away like that: with more, the oldest comes back, so that
 * nobody can burn the pool by declining. */
void dhcp_server_quarantine(struct dhcp_server *s, struct dhcp_lease *l, msec now)
{
	struct lease_queue *q = &s->leases.queue[LEASE_DECLINED];

	lease_clear_client(&s->leases, l);
	lease_set_state(&s->leases, l, LEASE_DECLINED, now + DHCP_DECLINED_MS);
	if (q->n > MAX(dhcp_pool_size(&s->pool) / 4, 1u))
		lease_set_state(&s->leases, q->head, LEASE_FREE, 0);
}

enum dhcp_verdict dhcp_server_conflict(struct dhcp_server *s, be32 addr, const struct mac *mac,
				       msec now, struct dhcp_reply *out)
{
	struct dhcp_pending *p = pending_find(s, addr);
	struct dhcp_lease *l;
	struct dhcp_client c;
	uint32_t port;

	if (!addr || !p || !pending_valid(s, p) || mac_equal(&p->msg.mac, mac))
		return DHCP_SILENT;
	s->count[DHCP_N_CONFLICT]++;
	c = pending_client(p);
	l = lease_by_addr(&s->leases, addr);
	port = l->port;
	dhcp_server_quarantine(s, l, now);
	lease_set_blameless(&s->leases, l);
	l = dhcp_pool_pick(&s->pool, &s->leases, &c, 0);
	if (!l) {
		s->count[DHCP_N_POOL_EXHAUSTED]++;
		p->addr = 0;
		return DHCP_SILENT;
	}
	lease_set_client(&s->leases, l, &c.key, &c.mac);
	set_hostname(l, &p->msg);
	lease_set_state(&s->leases, l, LEASE_OFFERED, now + DHCP_OFFER_MS);
	l->port = port;
	p->addr = l->addr;
	return ask_probe(s, l->addr, out);
}

/* ---- REQUEST --------------------------------------------------------------------------------- */

int dhcp_server_record(struct dhcp_server *s, const struct dhcp_lease *l, int64_t wall_s,
		       uint32_t lease_s)
{
	struct dhcp_record rec = {.addr = l->addr,
				  .key = l->key,
				  .mac = l->mac,
				  .hostname_len = l->hostname_len,
				  .expires_s = wall_s + lease_s,
				  .lease_s = lease_s};

	memcpy(rec.hostname, l->hostname, l->hostname_len);
	return s->store->put(s->store_ctx, s->conf.net, &rec);
}

static enum dhcp_verdict ack(struct turn *t, struct dhcp_lease *l)
{
	struct dhcp_server *s = t->s;
	uint32_t lease_s = lease_time(&s->conf, t->msg);
	struct dhcp_reply *out = t->out;

	if (over_limit(t, l))
		return silent(t, DHCP_N_PORT_LIMIT);
	lease_set_client(&s->leases, l, &t->client.key, &t->client.mac);
	set_hostname(l, t->msg);
	if (dhcp_server_record(s, l, t->wall_s, lease_s))
		return silent(t, DHCP_N_STORE_FAILED);
	s->count[DHCP_N_ACK]++;
	pending_drop(s, l->addr);
	dhcp_compose(&s->conf, t->msg, &t->rx->src, DHCP_ACK, l->addr, lease_s, out);
	out->durable = true;
	out->undo = (struct dhcp_undo){l, l->state, l->expires_ms};
	lease_set_state(&s->leases, l, LEASE_BOUND, t->now + (msec)lease_s * 1000);
	l->port = t->rx->port;
	return DHCP_REPLY;
}

void dhcp_server_undo(struct dhcp_server *s, const struct dhcp_undo *undo)
{
	if (!undo->lease)
		return;
	s->count[DHCP_N_STORE_FAILED]++;
	s->count[DHCP_N_ACK]--;
	lease_set_state(&s->leases, undo->lease, undo->was, undo->was_expires_ms);
}

static bool may_hold(const struct turn *t, const struct dhcp_lease *l)
{
	return dhcp_pool_may_hold(&t->s->pool, l, &t->client.key, &t->client.mac);
}

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

	return r && r->addr != addr && may_hold(t, r);
}

/* A client that we do not know asks for an address that it says we offered: after a restart that
 * may well be so. It gets it when nobody else has it. */
static enum dhcp_verdict adopt(struct turn *t, be32 addr)
{
	struct dhcp_lease *l = lease_by_addr(&t->s->leases, addr);

	if (!l && dhcp_pool_has(&t->s->pool, addr))
		l = lease_get(&t->s->leases, addr);
	if (!l || l->state != LEASE_FREE || !may_hold(t, l))
		return nak(t, DHCP_N_UNKNOWN_CLIENT);
	return ack(t, l);
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

	if (!ip4_prefix_has(t->s->conf.subnet, addr))
		return nak(t, DHCP_N_WRONG_NET);
	if (reserved_elsewhere(t, addr))
		return nak(t, DHCP_N_NOT_OWNER);
	if (l && l->addr == addr && may_hold(t, l))
		return ack(t, l);
	if (l)
		return nak(t, DHCP_N_NOT_OWNER);
	if (from == SELECTING)
		return adopt(t, addr);
	/* It renews with us by name, so it means us; all others may have another server. */
	if (from == RENEWING || held_by_twin(t, addr))
		return nak(t, DHCP_N_UNKNOWN_CLIENT);
	return silent(t, DHCP_N_UNKNOWN_CLIENT);
}

/* The client took another server's offer: ours is free again. */
static enum dhcp_verdict not_chosen(struct turn *t)
{
	struct dhcp_lease *l = lease_by_key(&t->s->leases, &t->client.key);

	if (l && l->state == LEASE_OFFERED)
		lease_set_state(&t->s->leases, l, LEASE_FREE, 0);
	return silent(t, DHCP_N_OTHER_SERVER);
}

static enum dhcp_verdict request(struct turn *t)
{
	const struct dhcp_msg *m = t->msg;

	if (m->server_id && m->server_id != t->s->conf.server)
		return not_chosen(t);
	if (m->server_id)
		return confirm(t, SELECTING, m->requested ? m->requested : m->hdr.ciaddr);
	if (m->hdr.ciaddr)
		return confirm(t, t->rx->unicast ? RENEWING : REBINDING, m->hdr.ciaddr);
	if (m->requested)
		return confirm(t, INIT_REBOOT, m->requested);
	return silent(t, DHCP_N_MALFORMED);
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
	return t->msg->server_id && t->msg->server_id != t->s->conf.server;
}

/* RFC 2131 4.3.3 */
static enum dhcp_verdict decline(struct turn *t)
{
	struct dhcp_lease *l = owned(t, t->msg->requested);

	if (for_another(t))
		return silent(t, DHCP_N_OTHER_SERVER);
	if (!l)
		return silent(t, DHCP_N_NOT_OWNER);
	dhcp_server_quarantine(t->s, l, t->now);
	t->s->store->del(t->s->store_ctx, t->s->conf.net, l->addr);
	return DHCP_SILENT;
}

/* RFC 2131 4.3.4. The entry and its record stay: the client gets the same address again. */
static enum dhcp_verdict release(struct turn *t)
{
	struct dhcp_lease *l = owned(t, t->msg->hdr.ciaddr);

	if (for_another(t))
		return silent(t, DHCP_N_OTHER_SERVER);
	if (!l)
		return silent(t, DHCP_N_NOT_OWNER);
	lease_set_state(&t->s->leases, l, LEASE_FREE, 0);
	dhcp_server_record(t->s, l, t->wall_s, 0);
	return DHCP_SILENT;
}

/* RFC 2131 4.3.5: no address, no lease time. */
static enum dhcp_verdict inform(struct turn *t)
{
	be32 addr = t->msg->hdr.ciaddr;

	if (!ip4_prefix_has(t->s->conf.subnet, addr))
		return silent(t, DHCP_N_WRONG_NET);
	t->s->count[DHCP_N_ACK]++;
	dhcp_compose(&t->s->conf, t->msg, &t->rx->src, DHCP_ACK, 0, 0, t->out);
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
		return silent(t, DHCP_N_UNKNOWN_TYPE);
	t->s->count[types[t->msg->type].count]++;
	return types[t->msg->type].take(t);
}

enum dhcp_verdict dhcp_server_input(struct dhcp_server *s, const struct dhcp_rx *rx, msec now,
				    int64_t wall_s, struct dhcp_reply *out)
{
	struct dhcp_msg msg;
	struct turn t = {.s = s, .rx = rx, .msg = &msg, .now = now, .wall_s = wall_s, .out = out};
	int rc = dhcp_parse(rx->data, rx->len, &msg);

	if (rc)
		return silent(&t, rc == -EPROTO ? DHCP_N_NOT_DHCP : DHCP_N_MALFORMED);
	/* RFC 2131 4.3.1: the relay's address tells the subnet; we have this one only. */
	if (msg.hdr.giaddr && !ip4_prefix_has(s->conf.subnet, msg.hdr.giaddr))
		return silent(&t, DHCP_N_WRONG_NET);
	lease_table_run(&s->leases, now);
	t.client = dhcp_client_of(&msg, rx->at);
	return dispatch(&t);
}
