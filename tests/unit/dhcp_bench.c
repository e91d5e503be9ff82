/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/dhcp_bench.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>

/* ---- the store ------------------------------------------------------------------------------- */

static int fail_if_full(struct bench_store *st)
{
	st->changed = true;
	if (st->full_put)
		st->failed = true;
	return st->full_put ? -ENOSPC : 0;
}

static void drop_rec(struct bench_disk *d, be32 addr, const struct dhcp_key *key)
{
	for (unsigned int i = 0; i < d->n;) {
		if (d->rec[i].addr == addr || (key && dhcp_key_equal(&d->rec[i].key, key)))
			d->rec[i] = d->rec[--d->n];
		else
			i++;
	}
}

static int bench_put(void *ctx, const char *net, const struct dhcp_record *rec)
{
	struct bench_store *st = ctx;

	(void)net;
	if (fail_if_full(st))
		return -ENOSPC;
	drop_rec(&st->staged, rec->addr, &rec->key);
	assert(st->staged.n < BENCH_RECORDS);
	st->staged.rec[st->staged.n++] = *rec;
	return 0;
}

static int bench_del(void *ctx, const char *net, be32 addr)
{
	struct bench_store *st = ctx;

	(void)net;
	drop_rec(&st->staged, addr, NULL);
	return fail_if_full(st);
}

static int bench_unreserve(void *ctx, const char *net, be32 addr)
{
	struct bench_store *st = ctx;
	struct bench_disk *d = &st->staged;

	(void)net;
	for (unsigned int i = 0; i < d->n_resv;) {
		if (d->resv[i].addr == addr)
			d->resv[i] = d->resv[--d->n_resv];
		else
			i++;
	}
	return fail_if_full(st);
}

static int bench_reserve(void *ctx, const char *net, be32 addr, const struct dhcp_who *who)
{
	struct bench_store *st = ctx;

	bench_unreserve(ctx, net, addr);
	assert(st->staged.n_resv < BENCH_RECORDS);
	st->staged.resv[st->staged.n_resv].addr = addr;
	st->staged.resv[st->staged.n_resv++].who = *who;
	return fail_if_full(st);
}

static int bench_commit(void *ctx)
{
	struct bench_store *st = ctx;
	bool bad = st->failed || st->full;

	if (!st->changed)
		return 0;
	st->failed = st->changed = false;
	if (bad)
		st->staged = st->disk;
	else
		st->disk = st->staged;
	return bad ? -ENOSPC : 0;
}

static int bench_load(void *ctx, const char *net,
		      void (*lease)(void *arg, const struct dhcp_record *rec),
		      void (*reserved)(void *arg, be32 addr, const struct dhcp_who *who), void *arg)
{
	const struct bench_disk *d = &((struct bench_store *)ctx)->disk;

	(void)net;
	for (unsigned int i = 0; i < d->n_resv; i++)
		reserved(arg, d->resv[i].addr, &d->resv[i].who);
	for (unsigned int i = 0; i < d->n; i++)
		lease(arg, &d->rec[i]);
	return 0;
}

const struct dhcp_store_ops bench_store_ops = {
	.put = bench_put,
	.del = bench_del,
	.reserve = bench_reserve,
	.unreserve = bench_unreserve,
	.commit = bench_commit,
	.load = bench_load,
};

/* ---- the bench ------------------------------------------------------------------------------- */

be32 ip(const char *text)
{
	be32 a = 0;

	assert(ip4_parse(text, &a) == 0);
	return a;
}

void bench_start(struct bench *b)
{
	int rc = dhcp_server_init(&b->s, &b->conf, &bench_store_ops, &b->store, b->now);

	assert(rc == 0);
	rc = dhcp_server_load(&b->s, b->now, b->wall_s, NULL);
	assert(rc == 0);
	(void)rc;
}

void bench_init(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	b->now = 5000000;
	b->wall_s = 1700000000;
	b->conf = (struct dhcp_conf){.net = "lan",
				     .n_subnets = 1,
				     .subnet = {{.server = ip("10.0.2.254"),
						 .subnet = {ip("10.0.2.0"), 24},
						 .first = ip("10.0.2.128"),
						 .last = ip("10.0.2.253"),
						 .router = ip("10.0.2.2")}},
				     .avoid = {ip("10.0.2.1"), ip("10.0.2.2")},
				     .dns = ip("10.0.2.3"),
				     .mtu = 1500,
				     .lease_s = 3600};
	bench_start(b);
}

void bench_fini(struct bench *b)
{
	dhcp_server_fini(&b->s);
}

void bench_restart(struct bench *b)
{
	bench_fini(b);
	b->store.staged = b->store.disk;
	bench_start(b);
}

/* ---- messages -------------------------------------------------------------------------------- */

struct mac client_mac(unsigned int n)
{
	return (struct mac){{0x52, 0x54, 0x00, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

struct dhcp_hdr *cmsg_hdr(struct cmsg *m)
{
	return (struct dhcp_hdr *)m->b;
}

void cmsg_opt(struct cmsg *m, uint8_t opt, const void *data, size_t len)
{
	assert(m->len + 2 + len <= sizeof(m->b) && len <= 255);
	m->b[m->len] = opt;
	m->b[m->len + 1] = (uint8_t)len;
	memcpy(m->b + m->len + 2, data, len);
	m->len += 2 + len;
}

void cmsg_addr(struct cmsg *m, uint8_t opt, be32 addr)
{
	cmsg_opt(m, opt, &addr, sizeof(addr));
}

void cmsg_start(struct cmsg *m, enum dhcp_type type, unsigned int n)
{
	struct mac mac = client_mac(n);
	uint8_t t = (uint8_t)type;

	memset(m, 0, sizeof(*m));
	*cmsg_hdr(m) = (struct dhcp_hdr){.op = DHCP_BOOTREQUEST,
					 .htype = DHCP_HTYPE_ETHER,
					 .hlen = 6,
					 .xid = htonl(0xabcd0000 + n),
					 .cookie = htonl(DHCP_COOKIE)};
	memcpy(cmsg_hdr(m)->chaddr, &mac, sizeof(mac));
	m->len = DHCP_HDR_LEN;
	cmsg_opt(m, OPT_TYPE, &t, 1);
}

enum dhcp_verdict bench_send(struct bench *b, struct cmsg *m)
{
	struct dhcp_rx rx = {.data = m->b,
			     .len = m->len,
			     .unicast = b->unicast,
			     .port = b->port,
			     .at = b->at,
			     .port_limit = b->port_limit};
	enum dhcp_verdict v;

	memcpy(&rx.src, cmsg_hdr(m)->chaddr, sizeof(rx.src));
	v = dhcp_server_input(&b->s, &rx, b->now, b->wall_s, &b->r);
	if (bench_commit(&b->store) && v == DHCP_REPLY && b->r.durable) {
		dhcp_server_undo(&b->s, &b->r.undo);
		return DHCP_SILENT;
	}
	return v;
}

be32 reply_yiaddr(const struct bench *b)
{
	return ((const struct dhcp_hdr *)b->r.data)->yiaddr;
}

be32 bench_discover(struct bench *b, unsigned int n)
{
	struct cmsg m;

	cmsg_start(&m, DHCP_DISCOVER, n);
	return bench_send(b, &m) == DHCP_REPLY && b->r.type == DHCP_OFFER ? reply_yiaddr(b) : 0;
}

be32 bench_select(struct bench *b, unsigned int n, be32 addr)
{
	struct cmsg m;

	cmsg_start(&m, DHCP_REQUEST, n);
	cmsg_addr(&m, OPT_REQUESTED, addr);
	cmsg_addr(&m, OPT_SERVER_ID, b->conf.subnet[0].server);
	return bench_send(b, &m) == DHCP_REPLY && b->r.type == DHCP_ACK ? reply_yiaddr(b) : 0;
}

be32 bench_lease(struct bench *b, unsigned int n)
{
	be32 addr = bench_discover(b, n);

	return addr ? bench_select(b, n, addr) : 0;
}

enum dhcp_verdict bench_renew(struct bench *b, unsigned int n, be32 addr)
{
	struct cmsg m;

	cmsg_start(&m, DHCP_REQUEST, n);
	cmsg_hdr(&m)->ciaddr = addr;
	return bench_send(b, &m);
}

void bench_release(struct bench *b, unsigned int n, be32 addr)
{
	struct cmsg m;

	cmsg_start(&m, DHCP_RELEASE, n);
	cmsg_hdr(&m)->ciaddr = addr;
	cmsg_addr(&m, OPT_SERVER_ID, b->conf.subnet[0].server);
	bench_send(b, &m);
}

void bench_decline(struct bench *b, unsigned int n, be32 addr)
{
	struct cmsg m;

	cmsg_start(&m, DHCP_DECLINE, n);
	cmsg_addr(&m, OPT_REQUESTED, addr);
	cmsg_addr(&m, OPT_SERVER_ID, b->conf.subnet[0].server);
	bench_send(b, &m);
}

bool reply_u32(const struct bench *b, enum dhcp_opt opt, uint32_t *out)
{
	size_t len;
	const uint8_t *p = dhcp_find(b->r.data, b->r.len, opt, &len);

	if (!p || len != 4)
		return false;
	*out = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return true;
}

be32 reply_addr(const struct bench *b, enum dhcp_opt opt)
{
	uint32_t v;

	return reply_u32(b, opt, &v) ? htonl(v) : 0;
}

bool reply_has(const struct bench *b, enum dhcp_opt opt)
{
	size_t len;

	return dhcp_find(b->r.data, b->r.len, opt, &len) != NULL;
}

be32 bench_discover_id(struct bench *b, unsigned int n, const void *id, size_t len)
{
	struct cmsg m;

	cmsg_start(&m, DHCP_DISCOVER, n);
	cmsg_opt(&m, OPT_CLIENT_ID, id, len);
	return bench_send(b, &m) == DHCP_REPLY ? reply_yiaddr(b) : 0;
}
