/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/nat_world.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "lib/csum.h"

static const uint64_t seed[4] = {0x0123456789abcdef, 0xfedcba9876543210, 17, 4};

be32 ip(const char *text)
{
	be32 a = 0;

	assert(ip4_parse(text, &a) == 0);
	return a;
}

static enum drop_reason fake_route(void *ctx, be32 dst, struct nat_route *out)
{
	struct world *w = ctx;

	*out = (struct nat_route){w->ext, dst, w->mtu, dst == w->ext->addr, NULL};
	for (unsigned int i = 0; i < WORLD_EXTRAS; i++)
		if (w->extras[i] && w->extras[i]->addr == dst)
			*out = (struct nat_route){w->ext, dst, w->mtu, true, w->extras[i]};
	return w->no_route;
}

static void keep(struct world *w, struct pkt **list, unsigned int *n, struct pkt *p)
{
	if (!sums_hold(p))
		w->n_bad++;
	if (*n == WORLD_FRAMES) {
		pkt_put(p);
		return;
	}
	list[(*n)++] = p;
}

static void fake_outside(void *ctx, const struct nat_route *rt, struct pkt *p)
{
	struct world *w = ctx;

	/* No private source outside, ever. */
	if (ip_of(p)->src != rt->ext->addr)
		w->n_bad++;
	keep(w, w->out, &w->n_out, p);
}

static void fake_inside(void *ctx, be32 dst, struct pkt *p)
{
	struct world *w = ctx;

	if (ip_of(p)->dst != dst || (ntohl(dst) & 0xffffff00) != 0x0a000200)
		w->n_bad++;
	keep(w, w->in, &w->n_in, p);
}

void world_init(struct world *w, const struct nat_settings *set)
{
	world_init_pool(w, set, pkt_pool_create(WORLD_POOL));
	w->own_pool = true;
}

void world_init_pool(struct world *w, const struct nat_settings *set, struct pkt_pool *pool)
{
	struct nat_conf conf = {.gateway = GATEWAY, .mtu = 1500, .set = NAT_SETTINGS_DEFAULT};
	struct nat_env env = {
		.ctx = w, .route = fake_route, .outside = fake_outside, .inside = fake_inside};

	*w = (struct world){.pool = pool, .now = 1000000, .mtu = 1500};
	assert(pool);
	env.pool = w->pool;
	assert(ip4_prefix_parse("10.0.2.0/24", &conf.subnet) == 0);
	conf.host = ip("10.0.2.1");
	conf.dhcp = ip("10.0.2.254");
	if (set)
		conf.set = *set;
	w->ext = nat_ext_create(OUTSIDE, NAT_PORT_FIRST, NAT_PORT_LAST, conf.set.hold_ms, seed);
	w->nat = nat_create(&conf, &env, seed, w->now);
	assert(w->ext && w->nat);
}

static void space_reset(struct nat_space *sp)
{
	while (sp->rest_first) {
		uint16_t n = sp->rest_first;

		sp->rest_first = sp->slots[n].next;
		sp->slots[n] = (struct nat_slot){0};
		sp->avail[n / 64] |= UINT64_C(1) << n % 64;
		sp->n_avail[n & 1]++;
	}
	sp->rest_last = 0;
	sp->n_resting = 0;
}

void world_reset(struct world *w)
{
	struct nat *n = w->nat;
	struct nat_settings set = n->table.set;

	world_clear(w);
	nat_table_fini(&n->table, w->now);
	nat_frags_age(n->frags, w->now + 2 * NAT_FRAG_MS);
	nat_frags_age(w->ext->frags, w->now + 2 * NAT_FRAG_MS);
	for (unsigned int i = 0; i < NAT_SPACES; i++)
		space_reset(&w->ext->spaces[i]);
	for (unsigned int i = 0; i < WORLD_EXTRAS; i++)
		if (w->extras[i]) {
			nat_frags_age(w->extras[i]->frags, w->now + 2 * NAT_FRAG_MS);
			w->extras[i]->next_id = 0;
		}
	for (unsigned int i = 0; i < WORLD_EXTRAS * NAT_SPACES; i++)
		if (w->extras[i / NAT_SPACES])
			space_reset(&w->extras[i / NAT_SPACES]->spaces[i % NAT_SPACES]);
	w->ext->next_id = n->gateway_id = 0;
	w->now = n->now = 1000000;
	n->outside_errors = (struct nat_bucket){100, w->now};
	assert(nat_table_init(&n->table, &set, n, 24, seed, w->now) == 0);
	assert(pkt_pool_free(w->pool) == WORLD_POOL);
}

void world_clear(struct world *w)
{
	while (w->n_out)
		pkt_put(w->out[--w->n_out]);
	while (w->n_in)
		pkt_put(w->in[--w->n_in]);
}

void world_fini(struct world *w)
{
	world_clear(w);
	nat_destroy(w->nat);
	for (unsigned int i = 0; i < WORLD_EXTRAS; i++)
		nat_ext_destroy(w->extras[i]);
	nat_ext_destroy(w->ext);
	assert(pkt_pool_free(w->pool) == WORLD_POOL);
	if (w->own_pool)
		pkt_pool_destroy(w->pool);
}

void world_step(struct world *w, msec ms)
{
	msec end = w->now + ms;

	while (w->now < end) {
		w->now = MIN(w->now + 1000, end);
		while (nat_tick(w->nat, w->now))
			;
	}
}

enum drop_reason world_send(struct world *w, struct pkt *p)
{
	enum drop_reason why = nat_from_inside(w->nat, p, w->now);

	if (why)
		pkt_put(p);
	return why;
}

enum drop_reason world_receive(struct world *w, struct pkt *p)
{
	return world_receive_at(w, w->ext, p);
}

enum drop_reason world_receive_at(struct world *w, struct nat_ext *ext, struct pkt *p)
{
	struct nat *owner;
	enum drop_reason why = nat_from_outside(ext, p, w->now, &owner);

	if (why)
		pkt_put(p);
	return why;
}

/* ---- making packets -------------------------------------------------------------------------- */

struct pkt *make_ip(struct world *w, be32 src, be32 dst, uint8_t proto, uint32_t len)
{
	struct pkt *p = pkt_alloc(w->pool);
	struct ip4_hdr *h;

	assert(p && len <= 65515);
	p->len = ETH_HLEN_ + 20 + len;
	memset(p->data, 0, p->len);
	p->data[12] = 8;
	for (uint32_t i = 0; i < len; i++)
		p->data[ETH_HLEN_ + 20 + i] = (uint8_t)(i * 7);
	h = ip_of(p);
	*h = (struct ip4_hdr){.ver_ihl = 0x45,
			      .tot_len = htons((uint16_t)(20 + len)),
			      .id = htons(0x1234),
			      .frag_off = htons(IP4_DF),
			      .ttl = 64,
			      .proto = proto,
			      .src = src,
			      .dst = dst};
	h->csum = csum_ip4(h, 20);
	return p;
}

static be16 l4_sum(const struct pkt *p, uint32_t len)
{
	const struct ip4_hdr *h = ip_of(p);

	return csum_fold(csum_add(csum_pseudo4(h->src, h->dst, h->proto, len), l4_of(p), len));
}

struct pkt *make_udp(struct world *w, struct flow f, uint32_t payload)
{
	struct pkt *p = make_ip(w, f.src, f.dst, IPPROTO_UDP_, 8 + payload);
	struct udp_hdr *udp = (void *)l4_of(p);

	*udp = (struct udp_hdr){htons(f.sport), htons(f.dport), htons((uint16_t)(8 + payload)), 0};
	udp->csum = l4_sum(p, 8 + payload);
	return p;
}

struct pkt *make_tcp(struct world *w, struct flow f, uint8_t flags, uint32_t payload)
{
	struct pkt *p = make_ip(w, f.src, f.dst, IPPROTO_TCP_, 20 + payload);
	struct tcp_hdr *tcp = (void *)l4_of(p);

	*tcp = (struct tcp_hdr){.sport = htons(f.sport),
				.dport = htons(f.dport),
				.off = 0x50,
				.flags = flags,
				.window = htons(1000)};
	tcp->csum = l4_sum(p, 20 + payload);
	return p;
}

static void icmp_sum(struct pkt *p)
{
	struct icmp_hdr *icmp = (void *)l4_of(p);

	icmp->csum = 0;
	icmp->csum = csum_fold(csum_add(0, icmp, p->len - ETH_HLEN_ - 20));
}

struct pkt *make_echo(struct world *w, be32 src, be32 dst, uint8_t type, uint16_t id,
		      uint32_t payload)
{
	struct pkt *p = make_ip(w, src, dst, IPPROTO_ICMP_, 8 + payload);
	struct icmp_hdr *icmp = (void *)l4_of(p);

	*icmp = (struct icmp_hdr){.type = type};
	icmp->echo.id = htons(id);
	icmp->echo.seq = htons(1);
	icmp_sum(p);
	return p;
}

struct pkt *make_error(struct world *w, be32 from, be32 to, uint8_t type, uint8_t code,
		       const struct pkt *about, uint32_t quote)
{
	struct pkt *p = make_ip(w, from, to, IPPROTO_ICMP_, 8 + quote);
	struct icmp_hdr *icmp = (void *)l4_of(p);

	*icmp = (struct icmp_hdr){.type = type, .code = code};
	memcpy(icmp + 1, about->data + ETH_HLEN_, quote);
	icmp_sum(p);
	return p;
}

static void ip_sum(struct pkt *p)
{
	struct ip4_hdr *h = ip_of(p);

	h->csum = 0;
	h->csum = csum_ip4(h, ip4_ihl(h));
}

void set_ttl(struct pkt *p, uint8_t ttl)
{
	ip_of(p)->ttl = ttl;
	ip_sum(p);
}

void set_frag(struct pkt *p, uint16_t frag_off, uint16_t id)
{
	ip_of(p)->frag_off = htons(frag_off);
	ip_of(p)->id = htons(id);
	ip_sum(p);
}

/* ---- looking at packets ---------------------------------------------------------------------- */

/* RFC 3828 3.1: the pseudo header has the whole length, the sum only what is covered. */
static bool lite_sum_holds(const struct ip4_hdr *h, const uint8_t *l4, uint32_t len)
{
	uint32_t coverage = (uint32_t)(l4[4] << 8 | l4[5]);

	return csum_fold(csum_add(csum_pseudo4(h->src, h->dst, h->proto, len), l4,
				  coverage ? coverage : len)) == 0;
}

bool sums_hold(const struct pkt *p)
{
	const struct ip4_hdr *h = ip_of(p);
	uint32_t len = ntohs(h->tot_len) - ip4_ihl(h);
	const uint8_t *l4 = l4_of(p);

	if (csum_ip4(h, ip4_ihl(h)) != 0 || p->len != 14u + ntohs(h->tot_len))
		return false;
	if (ntohs(h->frag_off) & (IP4_MF | IP4_OFFMASK))
		return true;
	if (h->proto == IPPROTO_ICMP_)
		return csum_fold(csum_add(0, l4, len)) == 0;
	if (h->proto == IPPROTO_UDP_ && !(l4[6] | l4[7]))
		return true;
	if (h->proto == IPPROTO_UDPLITE_)
		return lite_sum_holds(h, l4, len);
	if (h->proto != IPPROTO_TCP_ && h->proto != IPPROTO_UDP_)
		return true;
	if (pkt_needs_csum(p)) {
		be16 partial;

		/* What a sender leaves: the folded sum of the pseudo header. */
		memcpy(&partial,
		       p->data + le16toh(p->vnet.csum_start) + le16toh(p->vnet.csum_offset), 2);
		return (csum_fold(csum_pseudo4(h->src, h->dst, h->proto, len)) ^ partial) == 0xffff;
	}
	return csum_fold(csum_add(csum_pseudo4(h->src, h->dst, h->proto, len), l4, len)) == 0;
}

uint16_t port_of(const struct pkt *p, int end)
{
	be16 port;

	memcpy(&port, l4_of(p) + 2 * end, 2);
	return ntohs(port);
}

struct flow a_to(be32 peer, uint16_t sport, uint16_t dport)
{
	return (struct flow){GUEST_A, peer, sport, dport};
}

struct flow back(be32 peer, uint16_t peer_port, uint16_t ext_port)
{
	return (struct flow){peer, OUTSIDE, peer_port, ext_port};
}

uint16_t udp_out(struct world *w, struct flow f)
{
	uint16_t port = 0;

	world_clear(w);
	if (world_send(w, make_udp(w, f, 10)) == DROP_NONE && w->n_out == 1)
		port = port_of(w->out[0], 0);
	return port;
}

uint16_t tcp_out(struct world *w, struct flow f, uint8_t flags)
{
	uint16_t port = 0;

	world_clear(w);
	if (world_send(w, make_tcp(w, f, flags, 0)) == DROP_NONE && w->n_out == 1)
		port = port_of(w->out[0], 0);
	return port;
}

uint16_t tcp_established(struct world *w, uint16_t sport)
{
	uint16_t port = tcp_out(w, a_to(PEER_1, sport, 80), TCP_SYN);
	struct pkt *answer = make_tcp(w, back(PEER_1, 80, port), TCP_SYN | TCP_ACK, 0);
	bool open = port && world_receive(w, answer) == DROP_NONE &&
		    tcp_out(w, a_to(PEER_1, sport, 80), TCP_ACK) == port;

	assert(open);
	return port;
}

enum drop_reason tcp_in(struct world *w, uint16_t port, uint8_t flags)
{
	return world_receive(w, make_tcp(w, back(PEER_1, 80, port), flags, 3));
}
