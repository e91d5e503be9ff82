/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/turn.h"

#include <arpa/inet.h>
#include <string.h>

#include "dhcp/reply.h"

bool turn_init(struct turn *t, struct dhcp_server *s, const struct dhcp_rx *rx,
	       const struct dhcp_msg *msg, msec now, int64_t wall_s, struct dhcp_reply *out)
{
	be32 relay = msg->hdr.giaddr;

	/* RFC 3527 3: the relay may be reached elsewhere than where its clients are. */
	if (relay && msg->relay.link)
		relay = msg->relay.link;
	*t = (struct turn){.s = s,
			   .rx = rx,
			   .msg = msg,
			   .client = dhcp_client_of(msg, rx->at),
			   .link = dhcp_server_link(s, relay),
			   .now = now,
			   .wall_s = wall_s,
			   .out = out};
	return t->link.n;
}

bool turn_may_hold(const struct turn *t, const struct dhcp_lease *l)
{
	return dhcp_link_may_hold(&t->link, l, &t->client.key, &t->client.mac);
}

enum dhcp_verdict turn_silent(struct turn *t, enum dhcp_count why)
{
	t->s->count[why]++;
	return DHCP_SILENT;
}

enum dhcp_verdict turn_nak(struct turn *t, enum dhcp_count why, const char *say)
{
	struct dhcp_answer a = {.type = DHCP_NAK, .say = say};

	t->s->count[why]++;
	t->s->count[DHCP_N_NAK]++;
	dhcp_compose(t, &a);
	return DHCP_REPLY;
}

static void set_hostname(struct dhcp_lease *l, const struct dhcp_msg *msg)
{
	if (!msg->hostname.len)
		return;
	l->hostname_len = MIN(msg->hostname.len, DHCP_HOSTNAME_KEEP);
	memcpy(l->hostname, msg->hostname.b, l->hostname_len);
}

/* A port that floods us with made-up clients exhausts its own share, not the pool. A relay that the
 * network is told of leads to many clients. */
bool turn_over_limit(const struct turn *t, const struct dhcp_lease *l)
{
	const struct dhcp_rx *rx = t->rx;
	uint64_t where = dhcp_key_where(&t->client.key);

	if (!where || !rx->port_limit || l->state != LEASE_FREE || t->link.v[0]->conf.relayed)
		return false;
	return lease_count_at(&t->s->leases, where, rx->port_limit) >= rx->port_limit;
}

void turn_hold(struct turn *t, struct dhcp_lease *l)
{
	struct lease_table *leases = &t->s->leases;

	lease_set_client(leases, l, &t->client.key, &t->client.mac);
	set_hostname(l, t->msg);
	if (l->state == LEASE_BOUND)
		return;
	lease_set_state(leases, l, LEASE_OFFERED, t->now + DHCP_OFFER_MS);
	l->port = t->rx->port;
}

enum dhcp_verdict turn_offer(struct turn *t, struct dhcp_lease *l)
{
	struct dhcp_answer a = {.type = DHCP_OFFER, .yiaddr = l->addr, .timed = true};

	if (t->msg->rapid && dhcp_allows_rapid(t, l->addr)) {
		t->s->count[DHCP_N_RAPID]++;
		return turn_ack(t, l);
	}
	t->s->count[DHCP_N_OFFER]++;
	dhcp_compose(t, &a);
	return DHCP_REPLY;
}

/* At most a quarter of the addresses is put away like that: with more, the oldest comes back, so
 * that nobody can burn the pool by declining. */
void dhcp_server_quarantine(struct dhcp_server *s, struct dhcp_lease *l, msec now)
{
	struct lease_queue *q = &s->leases.queue[LEASE_DECLINED];

	lease_clear_client(&s->leases, l);
	lease_set_state(&s->leases, l, LEASE_DECLINED, now + DHCP_DECLINED_MS);
	if (q->n > MAX(dhcp_server_size(s) / 4, 1u))
		lease_set_state(&s->leases, q->head, LEASE_FREE, 0);
}

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

static struct dhcp_was was_of(const struct dhcp_lease *l)
{
	struct dhcp_was was = {.state = l->state,
			       .expires_ms = l->expires_ms,
			       .key = l->key,
			       .mac = l->mac,
			       .port = l->port,
			       .hostname_len = l->hostname_len};

	memcpy(was.hostname, l->hostname, l->hostname_len);
	return was;
}

struct dhcp_undo dhcp_server_move(struct dhcp_server *s, struct dhcp_lease *l,
				  const struct dhcp_client *c, msec now)
{
	struct dhcp_undo undo = {.lease = l, .was = was_of(l)};
	struct dhcp_lease *left = lease_by_key(&s->leases, &c->key);

	if (left && left != l && left->state == LEASE_BOUND) {
		undo.left = left;
		undo.left_was = was_of(left);
	}
	lease_set_client(&s->leases, l, &c->key, &c->mac);
	if (undo.left)
		lease_set_state(&s->leases, undo.left, LEASE_OFFERED, now + DHCP_OFFER_MS);
	return undo;
}

/* Who is only remembered as the last that had @l may have been offered another meanwhile. */
static void put_back(struct lease_table *t, struct dhcp_lease *l, const struct dhcp_was *was)
{
	const struct dhcp_lease *has = was->key.len ? lease_by_key(t, &was->key) : l;

	lease_clear_client(t, l);
	if (was->key.len && (was->state != LEASE_FREE || !has || has == l))
		lease_set_client(t, l, &was->key, &was->mac);
	l->hostname_len = l->key.len ? was->hostname_len : 0;
	memcpy(l->hostname, was->hostname, l->hostname_len);
	lease_set_state(t, l, was->state, was->expires_ms);
	l->port = was->port;
}

void dhcp_server_move_back(struct dhcp_server *s, const struct dhcp_undo *undo)
{
	put_back(&s->leases, undo->lease, &undo->was);
	if (undo->left && !undo->left->key.len)
		put_back(&s->leases, undo->left, &undo->left_was);
}

enum dhcp_verdict turn_ack(struct turn *t, struct dhcp_lease *l)
{
	struct dhcp_answer a = {.type = DHCP_ACK, .yiaddr = l->addr, .timed = true};
	struct dhcp_server *s = t->s;
	struct dhcp_reply *out = t->out;
	struct dhcp_undo undo;

	if (turn_over_limit(t, l))
		return turn_silent(t, DHCP_N_PORT_LIMIT);
	undo = dhcp_server_move(s, l, &t->client, t->now);
	set_hostname(l, t->msg);
	dhcp_compose(t, &a);
	if (dhcp_server_record(s, l, t->wall_s, a.lease_s)) {
		dhcp_server_move_back(s, &undo);
		return turn_silent(t, DHCP_N_STORE_FAILED);
	}
	s->count[DHCP_N_ACK]++;
	pending_drop(s, l->addr);
	out->durable = true;
	out->undo = undo;
	lease_set_state(&s->leases, l, LEASE_BOUND, t->now + (msec)a.lease_s * 1000);
	l->port = t->rx->port;
	return DHCP_REPLY;
}

void dhcp_server_undo(struct dhcp_server *s, const struct dhcp_undo *undo)
{
	if (!undo->lease)
		return;
	s->count[DHCP_N_STORE_FAILED]++;
	s->count[DHCP_N_ACK]--;
	dhcp_server_move_back(s, undo);
}
