/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv6 of a NAT network: what the gateway says, and what becomes of packets both ways. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/frame.h"
#include "modes/nat/nat_xlate.h"
#include "modes/nat/nat6.h"

enum { KEEP = 16, POOL = 64 };

struct world6 {
	struct pkt_pool *pool;
	struct nat nat; /* only the ports' owner */
	struct nat_ext *ext;
	struct nat6 *six;
	enum drop_reason no_route;
	uint32_t mtu;
	unsigned int n_in, n_out;
	struct pkt *in[KEEP], *out[KEEP];
};

static const struct mac GW_MAC = {{2, 0, 0, 0, 0, 1}}, GUEST_MAC = {{2, 0, 0, 0, 0, 9}};

static struct ip_addr ip6(const char *text)
{
	struct ip_addr a;

	assert_int_equal(inet_pton(AF_INET6, text, a.b), 1);
	return a;
}

static void parse(struct pkt *p, struct nat6_view *v)
{
	assert_int_equal(nat6_parse(p, v), DROP_NONE);
	/* Whatever is sent has its checksum right. */
	assert_int_equal(
		csum_fold(csum_add(csum_pseudo6(v->ip->src, v->ip->dst, v->ip->next, v->l4_len),
				   v->l4, v->l4_len)),
		0);
}

static enum drop_reason route(void *ctx, const struct ip_addr *dst, struct nat6_route *out)
{
	struct world6 *w = ctx;

	*out = (struct nat6_route){.ext = w->ext, .next_hop = *dst, .mtu = w->mtu};
	return w->no_route;
}

static void outside(void *ctx, const struct nat6_route *rt, struct pkt *p)
{
	struct world6 *w = ctx;
	struct nat6_view v;

	parse(p, &v);
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

static void clear(struct world6 *w)
{
	while (w->n_in)
		pkt_put(w->in[--w->n_in]);
	while (w->n_out)
		pkt_put(w->out[--w->n_out]);
}

static void init(struct world6 *w)
{
	static const uint64_t seed[4] = {1, 2, 3, 4};
	struct nat6_conf conf = {.prefix = ip6("fd00:1::"), .mac = GW_MAC, .mtu = 1500};
	struct nat6_env env = {.ctx = w, .route = route, .outside = outside, .emit = emit};

	*w = (struct world6){.pool = pkt_pool_create(POOL), .mtu = 1500};
	env.pool = w->pool;
	w->ext = nat_ext_create(0, NAT_PORT_FIRST, NAT_PORT_LAST, 1000, seed);
	w->ext->addr6 = ip6("2001:db8::1");
	w->six = nat6_create(&conf, &env, &NAT_SETTINGS_DEFAULT, &w->nat, seed, 1000);
	w->nat.six = w->six;
	assert_non_null(w->six);
}

static void fini(struct world6 *w)
{
	clear(w);
	nat6_destroy(w->six);
	nat_ext_destroy(w->ext);
	assert_int_equal(pkt_pool_free(w->pool), POOL);
	pkt_pool_destroy(w->pool);
}

/* An L4 message of @len bytes, whose checksum is at @at. */
static struct pkt *make(struct world6 *w, const char *src, const char *dst, uint8_t next,
			const void *l4, uint32_t len, uint32_t at)
{
	struct ip_addr s = ip6(src), d = ip6(dst);
	struct pkt *p = nat6_new(w->pool, &s, &d, next, 64, len);
	uint8_t *body = p->data + ETH_HLEN_ + IP6_HLEN;
	be16 sum;

	memcpy(body, l4, len);
	memset(body + at, 0, 2);
	sum = csum_fold(csum_add(csum_pseudo6(s.b, d.b, next, len), body, len));
	memcpy(body + at, &sum, 2);
	((struct eth_hdr *)(void *)p->data)->src = GUEST_MAC;
	((struct eth_hdr *)(void *)p->data)->dst = GW_MAC;
	return p;
}

static struct pkt *udp(struct world6 *w, const char *src, uint16_t sport, const char *dst,
		       uint16_t dport)
{
	struct udp_hdr h = {htons(sport), htons(dport), htons(8), 0};

	return make(w, src, dst, IPPROTO_UDP_, &h, sizeof(h), 6);
}

static enum drop_reason send_in(struct world6 *w, struct pkt *p)
{
	enum drop_reason why = nat6_input(w->six, p, 2000);

	if (why)
		pkt_put(p);
	return why;
}

static enum drop_reason receive(struct world6 *w, struct pkt *p)
{
	struct nat6 *owner;
	enum drop_reason why = nat6_from_outside(w->ext, p, 2000, &owner);

	if (why)
		pkt_put(p);
	return why;
}

static void udp_there_and_back(void **state)
{
	struct nat6_view v;
	struct world6 w;
	uint16_t port;

	(void)state;
	init(&w);
	assert_int_equal(send_in(&w, udp(&w, "fd00:1::9", 5000, "2001:db8:9::1", 53)), DROP_NONE);
	parse(w.out[0], &v);
	port = ntohs(v.sport);
	assert_int_equal(v.ip->hop_limit, 63);
	assert_int_equal(w.six->n_peers, 1);
	assert_int_equal(receive(&w, udp(&w, "2001:db8:9::1", 53, "2001:db8::1", port)), DROP_NONE);
	parse(w.in[0], &v);
	assert_int_equal(ntohs(v.dport), 5000);
	assert_true(mac_equal(&((struct eth_hdr *)(void *)w.in[0]->data)->dst, &GUEST_MAC));
	/* Strangers: another host, and a port that nobody has. */
	assert_int_equal(receive(&w, udp(&w, "2001:db8:9::2", 53, "2001:db8::1", port)),
			 DROP_FILTERED);
	assert_int_equal(
		receive(&w, udp(&w, "2001:db8:9::1", 53, "2001:db8::1", (uint16_t)(port ^ 1))),
		DROP_NO_MAPPING);
	/* The host that was spoken to, from another port: by address-dependent filtering. */
	assert_int_equal(receive(&w, udp(&w, "2001:db8:9::1", 54, "2001:db8::1", port)), DROP_NONE);
	assert_int_equal(w.six->table.n_sessions, 2);
	assert_int_equal(nat6_drop_ext(w.six, w.ext, 3000), 2);
	assert_int_equal(w.six->n_peers, 0);
	fini(&w);
}

static void sources_are_checked(void **state)
{
	struct world6 w;

	(void)state;
	init(&w);
	assert_int_equal(send_in(&w, udp(&w, "2001:db8:7::1", 1, "2001:db8:9::1", 2)),
			 DROP_SPOOFED);
	assert_int_equal(send_in(&w, udp(&w, "fd00:1::2", 1, "2001:db8:9::1", 2)), DROP_SPOOFED);
	assert_int_equal(send_in(&w, udp(&w, "fd00:1::1", 1, "2001:db8:9::1", 2)), DROP_SPOOFED);
	assert_int_equal(send_in(&w, udp(&w, "fe80::9", 1, "2001:db8:9::1", 2)), DROP_SPOOFED);
	assert_int_equal(send_in(&w, udp(&w, "fd00:1::9", 1, "fd00:1::8", 2)), DROP_MARTIAN);
	assert_int_equal(w.n_out, 0);
	fini(&w);
}

static void errors_come_in_translated(void **state)
{
	uint8_t error[8 + IP6_HLEN + 8] = {ICMP6_UNREACH, ICMP6_PORT_UNREACH};
	struct nat6_inner inner;
	struct nat6_view v;
	struct world6 w;

	(void)state;
	init(&w);
	assert_int_equal(send_in(&w, udp(&w, "fd00:1::9", 5000, "2001:db8:9::1", 9)), DROP_NONE);
	memcpy(error + 8, w.out[0]->data + ETH_HLEN_, IP6_HLEN + 8);
	assert_int_equal(receive(&w, make(&w, "2001:db8:77::1", "2001:db8::1", IPPROTO_ICMP6_,
					  error, sizeof(error), 2)),
			 DROP_NONE);
	parse(w.in[0], &v);
	assert_int_equal(nat6_inner(&v, &inner), DROP_NONE);
	assert_int_equal(ntohs(inner.sport), 5000);
	assert_memory_equal(inner.ip->src, ip6("fd00:1::9").b, 16);
	/* The quoted packet's own checksum is right again. */
	assert_int_equal(
		csum_fold(csum_add(csum_pseudo6(inner.ip->src, inner.ip->dst, IPPROTO_UDP_, 8),
				   inner.l4, 8)),
		0);
	/* About a flow that does not exist. */
	error[8 + IP6_HLEN + 3] ^= 1;
	assert_int_equal(receive(&w, make(&w, "2001:db8:77::1", "2001:db8::1", IPPROTO_ICMP6_,
					  error, sizeof(error), 2)),
			 DROP_NO_MAPPING);
	fini(&w);
}

static void refusals_are_answered(void **state)
{
	struct tcp_hdr tcp = {htons(5), htons(80), htonl(1), htonl(777), 5 << 4, TCP_ACK, 0, 0, 0};
	uint8_t big[1300] = {0, 5, 0, 7, 1300 >> 8, 1300 & 255};
	struct nat6_view v;
	struct world6 w;

	(void)state;
	init(&w);
	assert_int_equal(send_in(&w, make(&w, "fd00:1::9", "2001:db8:9::1", IPPROTO_TCP_, &tcp,
					  sizeof(tcp), 16)),
			 DROP_NO_MAPPING);
	parse(w.in[0], &v);
	assert_int_equal(v.l4[13], TCP_RST);
	assert_int_equal(v.l4[7] | v.l4[6] << 8, 777);
	w.mtu = 1280;
	assert_int_equal(send_in(&w, make(&w, "fd00:1::9", "2001:db8:9::1", IPPROTO_UDP_, big,
					  sizeof(big), 6)),
			 DROP_NEEDS_FRAG);
	parse(w.in[1], &v);
	assert_int_equal(v.l4[0], ICMP6_TOO_BIG);
	assert_int_equal(v.l4[6] << 8 | v.l4[7], 1280);
	w.no_route = DROP_NO_ROUTE;
	assert_int_equal(send_in(&w, udp(&w, "fd00:1::9", 5, "2001:db8:9::1", 9)), DROP_NO_ROUTE);
	parse(w.in[2], &v);
	assert_int_equal(v.l4[0], ICMP6_UNREACH);
	fini(&w);
}

static void router_is_advertised(void **state)
{
	struct world6 w;
	struct frame f;

	(void)state;
	init(&w);
	nat6_tick(w.six, false, 5000);
	assert_int_equal(w.n_in, 1);
	assert_int_equal(frame_parse(w.in[0]->data, w.in[0]->len, &f), FRAME_OK);
	assert_int_equal(f.icmp_type, ND_RA);
	/* RFC 4861 6.1.2: from a link-local address, hop limit 255. */
	assert_int_equal(w.in[0]->data[ETH_HLEN_ + 7], 255);
	assert_int_equal(f.src.b[0], 0xfe);
	/* No default router while the host has no way out; told as soon as it has. */
	assert_int_equal(w.in[0]->data[f.l4 + 6] << 8 | w.in[0]->data[f.l4 + 7], 0);
	nat6_tick(w.six, true, 9000);
	assert_int_equal(w.n_in, 2);
	assert_int_equal(w.in[1]->data[f.l4 + 6] << 8 | w.in[1]->data[f.l4 + 7], 1800);
	nat6_tick(w.six, true, 10000);
	assert_int_equal(w.n_in, 2);
	fini(&w);
}

static void neighbours_are_bounded(void **state)
{
	struct mac mac = GUEST_MAC;
	struct world6 w;
	unsigned int have = 0;

	(void)state;
	init(&w);
	for (unsigned int i = 0; i < 5000; i++) {
		struct ip_addr a = ip6("fd00:1::");

		a.b[14] = (uint8_t)(i >> 8);
		a.b[15] = (uint8_t)i;
		a.b[8] = 1;
		nat6_neigh_learn(w.six, &a, &mac, 1000 + i);
	}
	for (unsigned int i = 0; i < NAT6_NEIGHS; i++)
		have += w.six->neighs[i].heard_ms != 0;
	assert_in_range(have, 1, NAT6_PER_MAC);
	fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_there_and_back),
		cmocka_unit_test(sources_are_checked),
		cmocka_unit_test(errors_come_in_translated),
		cmocka_unit_test(refusals_are_answered),
		cmocka_unit_test(router_is_advertised),
		cmocka_unit_test(neighbours_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
