/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "dhcp/domain.h"
#include "dhcp/server6_int.h"

/* ---- names ----------------------------------------------------------------------------------- */

struct ip_addr dhcp6_addr(const struct dhcp6_conf *conf, be32 name)
{
	struct ip_addr a = conf->prefix;

	memcpy(a.b + 12, &name, sizeof(name));
	return a;
}

be32 dhcp6_name(const struct dhcp6_conf *conf, const struct ip_addr *addr)
{
	be32 name;

	if (memcmp(addr->b, conf->prefix.b, 12) != 0) /* prefix and 32 bits of 0 */
		return 0;
	memcpy(&name, addr->b + 12, sizeof(name));
	return name;
}

/* ---- clients --------------------------------------------------------------------------------- */

enum { ID_RFC4361 = 255, ID_HEAD = 5 };

void dhcp6_client_id(const struct dhcp6_msg *msg, uint32_t iaid, struct dhcp_value *out)
{
	const struct dhcp6_blob *duid = &msg->client_id;
	be32 id = htonl(iaid);

	out->b[0] = ID_RFC4361;
	memcpy(out->b + 1, &id, sizeof(id));
	memcpy(out->b + ID_HEAD, duid->b, duid->len);
	out->len = (uint8_t)(ID_HEAD + duid->len);
}

static struct dhcp_client client_of(const struct turn6 *t, const struct dhcp6_ia *ia)
{
	struct dhcp_msg m = {.mac = t->msg->has_ll ? t->msg->ll : t->rx->src};

	/* Behind a relay that does not say it, the frame's source is the relay's. */
	if (t->msg->n_relays && !t->msg->has_ll)
		m.mac = (struct mac){{0}};
	dhcp6_client_id(t->msg, ia->iaid, &m.client_id);
	return dhcp_client_of(&m, t->msg->n_relays ? NULL : t->rx->at);
}

/* The name that the client gives itself (RFC 4704 4.2: a byte of flags, then the name). */
static void set_hostname(struct dhcp_lease *l, const struct dhcp6_msg *msg)
{
	char label[64];
	size_t len;

	if (msg->fqdn.len < 2)
		return;
	len = domain_first_label(msg->fqdn.b + 1, msg->fqdn.len - 1u, label);
	if (!len)
		return;
	l->hostname_len = (uint8_t)MIN(len, (size_t)DHCP_HOSTNAME_KEEP);
	memcpy(l->hostname, label, l->hostname_len);
}

/* ---- giving ---------------------------------------------------------------------------------- */

static bool over_limit(const struct dhcp6_server *s, const struct dhcp_client *c,
		       const struct dhcp_lease *l, unsigned int limit)
{
	uint64_t where = dhcp_key_where(&c->key);

	if (!where || !limit || l->state != LEASE_FREE)
		return false;
	return lease_count_at(&s->leases.leases, where, limit) >= limit;
}

static int record(struct turn6 *t, const struct dhcp_lease *l, uint32_t lease_s)
{
	struct dhcp_record rec = {.addr = l->addr,
				  .key = l->key,
				  .mac = l->mac,
				  .hostname_len = l->hostname_len,
				  .expires_s = t->wall_s + lease_s,
				  .lease_s = lease_s};
	struct dhcp_server *s = &t->s->leases;

	memcpy(rec.hostname, l->hostname, l->hostname_len);
	return s->store->put(s->store_ctx, s->conf.net, &rec);
}

static struct grant6 refuse(struct turn6 *t, enum dhcp6_count why)
{
	t->s->count[why]++;
	return (struct grant6){.status = STATUS6_NO_ADDRS, .refused = why};
}

static struct grant6 bind_to(struct turn6 *t, const struct grant6 *g, const struct dhcp_undo *undo)
{
	struct dhcp_server *s = &t->s->leases;
	struct dhcp_lease *l = g->lease;
	uint32_t lease_s = t->s->conf.lease_s;

	if (record(t, l, lease_s)) {
		t->failed = true;
		dhcp_server_move_back(s, undo);
		return refuse(t, DHCP6_N_STORE_FAILED);
	}
	s->count[DHCP_N_ACK]++; /* dhcp_server_undo() takes it back */
	t->out->undo[t->out->n_undo++] = *undo;
	t->out->durable = true;
	lease_set_state(&s->leases, l, LEASE_BOUND, t->now + (msec)lease_s * 1000);
	return *g;
}

struct grant6 lease6_give(struct turn6 *t, const struct dhcp6_ia *ia, bool bind)
{
	struct dhcp_server *s = &t->s->leases;
	struct dhcp_client c = client_of(t, ia);
	be32 want = ia->n_addrs ? dhcp6_name(&t->s->conf, &ia->addrs[0]) : 0;
	struct dhcp_link link = dhcp_server_link(s, 0);
	struct grant6 g = {.status = STATUS6_SUCCESS};
	struct dhcp_lease *l = dhcp_link_pick(&link, &s->leases, &c, want, &g.pick);
	struct dhcp_undo undo;

	if (!l)
		return refuse(t, DHCP6_N_POOL_EXHAUSTED);
	if (over_limit(t->s, &c, l, t->rx->port_limit))
		return refuse(t, DHCP6_N_PORT_LIMIT);
	undo = dhcp_server_move(s, l, &c, t->now);
	set_hostname(l, t->msg);
	l->port = t->rx->port;
	g.lease = l;
	g.was = l->state;
	if (bind)
		return bind_to(t, &g, &undo);
	if (l->state != LEASE_BOUND)
		lease_set_state(&s->leases, l, LEASE_OFFERED, t->now + DHCP_OFFER_MS);
	return g;
}

struct dhcp6_outcome dhcp6_explain(struct dhcp6_server *s, const struct dhcp6_rx *rx,
				   const struct dhcp_value *id, msec now)
{
	struct dhcp_msg m = {.mac = rx->src, .client_id = *id};
	struct dhcp_client c = dhcp_client_of(&m, rx->at);
	struct dhcp_link link = dhcp_server_link(&s->leases, 0);
	struct dhcp6_outcome out = {.status = STATUS6_NO_ADDRS, .refused = DHCP6_N_POOL_EXHAUSTED};
	const struct dhcp_lease *l;

	lease_table_run(&s->leases.leases, now);
	l = dhcp_link_pick(&link, &s->leases.leases, &c, 0, &out.pick);
	if (!l)
		return out;
	out.refused = DHCP6_N_PORT_LIMIT;
	if (over_limit(s, &c, l, rx->port_limit))
		return out;
	out.status = STATUS6_SUCCESS;
	out.name = l->addr;
	out.was = l->state;
	return out;
}

/* ---- giving up ------------------------------------------------------------------------------- */

/* The lease of @addr if the sender holds it; nobody can give up an address from another port. */
static struct dhcp_lease *owned(struct turn6 *t, const struct dhcp6_ia *ia,
				const struct ip_addr *addr)
{
	struct dhcp_client c = client_of(t, ia);
	struct dhcp_lease *l = lease_by_key(&t->s->leases.leases, &c.key);

	if (!l || l->addr != dhcp6_name(&t->s->conf, addr) || !mac_equal(&l->mac, &c.mac) ||
	    (l->state != LEASE_BOUND && l->state != LEASE_OFFERED))
		return NULL;
	return l->port && t->rx->port && l->port != t->rx->port ? NULL : l;
}

bool lease6_end(struct turn6 *t, const struct dhcp6_ia *ia, const struct ip_addr *addr,
		bool declined)
{
	struct dhcp_server *s = &t->s->leases;
	struct dhcp_lease *l = owned(t, ia, addr);

	if (!l)
		return false;
	t->out->durable = true;
	if (declined) { /* RFC 8415 18.3.8 */
		dhcp_server_quarantine(s, l, t->now);
		s->store->del(s->store_ctx, s->conf.net, l->addr);
	} else { /* RFC 8415 18.3.7; entry and record stay: the client gets the same address again
		  */
		lease_set_state(&s->leases, l, LEASE_FREE, 0);
		record(t, l, 0);
	}
	return true;
}
