/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "tests/unit/nat6_world.h"

const struct mac GW_MAC = {{2, 0, 0, 0, 0, 1}}, GUEST_MAC = {{2, 0, 0, 0, 0, 9}},
		 OTHER_MAC = {{2, 0, 0, 0, 0, 8}};

struct ip_addr ip6(const char *text)
{
	struct ip_addr a;

	assert_int_equal(inet_pton(AF_INET6, text, a.b), 1);
	return a;
}

void parse6(struct pkt *p, struct nat6_view *v)
{
	assert_int_equal(nat6_parse(p, v), DROP_NONE);
	if (!v->part)
		assert_int_equal(
			csum_fold(csum_add(csum_pseudo6(v->ip->src, v->ip->dst, v->next, v->l4_len),
					   v->l4, v->l4_len)),
			0);
}

static enum drop_reason route(void *ctx, const struct ip_addr *dst, struct nat6_route *out)
{
	struct world6 *w = ctx;

	*out = (struct nat6_route){.ext = w->ext,
				   .next_hop = *dst,
				   .mtu = w->mtu,
				   .local = ip_addr_equal(dst, &w->ext->addr6)};
	return w->no_route;
}

static void outside(void *ctx, const struct nat6_route *rt, struct pkt *p)
{
	struct world6 *w = ctx;
	struct nat6_view v;

	parse6(p, &v);
	assert_memory_equal(v.ip->src, rt->ext->addr6.b, 16);
	assert_true(w->n_out < KEEP);
	w->out[w->n_out++] = p;
}

static void emit(void *ctx, struct pkt *p)
{
	struct world6 *w = ctx;

	assert_true(w->n_in < KEEP);
	w->in[w->n_in++] = p;
}

void world6_clear(struct world6 *w)
{
	while (w->n_in)
		pkt_put(w->in[--w->n_in]);
	while (w->n_out)
		pkt_put(w->out[--w->n_out]);
}

void world6_init(struct world6 *w)
{
	static const uint64_t seed[4] = {1, 2, 3, 4};
	struct nat6_conf conf = {.prefix = ip6("fd00:1::"), .mac = GW_MAC, .mtu = 1500};
	struct nat6_env env = {.ctx = w, .route = route, .outside = outside, .emit = emit};

	*w = (struct world6){.pool = pkt_pool_create(POOL), .mtu = 1500, .now = 2000};
	env.pool = w->pool;
	w->ext = nat_ext_create(0, NAT_PORT_FIRST, NAT_PORT_LAST, 1000, seed);
	w->ext->addr6 = ip6("2001:db8::1");
	w->six = nat6_create(&conf, &env, &NAT_SETTINGS_DEFAULT, &w->nat, seed, 1000);
	w->nat.six = w->six;
	assert_non_null(w->six);
}

void world6_fini(struct world6 *w)
{
	world6_clear(w);
	nat6_destroy(w->six);
	nat_ext_destroy(w->ext);
	assert_int_equal(pkt_pool_free(w->pool), POOL);
	pkt_pool_destroy(w->pool);
}

struct pkt *raw6(struct world6 *w, const char *src, const char *dst, uint8_t next, const void *body,
		 uint32_t len)
{
	struct ip_addr s = ip6(src), d = ip6(dst);
	struct pkt *p = nat6_new(w->pool, &s, &d, next, 64, len);

	assert_non_null(p);
	memcpy(p->data + ETH_HLEN_ + IP6_HLEN, body, len);
	((struct eth_hdr *)(void *)p->data)->src = GUEST_MAC;
	((struct eth_hdr *)(void *)p->data)->dst = GW_MAC;
	return p;
}

struct pkt *make6(struct world6 *w, const char *src, const char *dst, uint8_t next, const void *l4,
		  uint32_t len, uint32_t at)
{
	struct ip_addr s = ip6(src), d = ip6(dst);
	struct pkt *p = raw6(w, src, dst, next, l4, len);
	uint8_t *body = p->data + ETH_HLEN_ + IP6_HLEN;
	be16 sum;

	memset(body + at, 0, 2);
	sum = csum_fold(csum_add(csum_pseudo6(s.b, d.b, next, len), body, len));
	memcpy(body + at, &sum, 2);
	return p;
}

struct pkt *udp6(struct world6 *w, const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	struct udp_hdr h = {htons(sport), htons(dport), htons(8), 0};

	return make6(w, src, dst, IPPROTO_UDP_, &h, sizeof(h), 6);
}

enum drop_reason inside6(struct world6 *w, struct pkt *p)
{
	enum drop_reason why = nat6_input(w->six, p, w->now);

	if (why)
		pkt_put(p);
	return why;
}

enum drop_reason outside6(struct world6 *w, struct pkt *p)
{
	struct nat6 *owner;
	enum drop_reason why = nat6_from_outside(w->ext, p, w->now, &owner);

	if (why)
		pkt_put(p);
	return why;
}
