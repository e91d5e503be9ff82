/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_nat6 - a list of IPv6 packets from inside and outside, some of them in pieces or behind
 * extension headers.
 *
 * Each record: one byte what (bit 0: from outside, bit 1: mend no address, bit 2: mend no checksum,
 * bit 3: to the port used last outside), one byte length in units of 4, then the packet. What
 * leaves has the outside address as source; what is taken and what is kept is given back.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "modes/nat/nat6.h"
#include "modes/nat/nat_xlate.h"
#include "tests/fuzz/fuzz.h"

enum { POOL = 64, FROM_OUTSIDE = 1, ANY_ADDR = 2, ANY_SUM = 4, LAST_PORT = 8 };

static struct {
	struct pkt_pool *pool;
	struct nat nat;
	struct nat_ext *ext;
	struct nat6 *six;
	be16 port;
	msec now;
} w;

static const uint8_t guests[4][16] = {
	{0xfd, [15] = 8}, {0xfd, [15] = 9}, {0xfd, [15] = 2}, {0xfe, 0x80, [15] = 8}};
static const uint8_t peers[4][16] = {
	{0x20, 1, [15] = 1}, {0x20, 1, [15] = 2}, {0xfd, [15] = 2}, {0xff, 2, [15] = 2}};

static enum drop_reason route(void *ctx, const struct ip_addr *dst, struct nat6_route *out)
{
	(void)ctx;
	*out = (struct nat6_route){.ext = w.ext,
				   .next_hop = *dst,
				   .mtu = 1400,
				   .local = ip_addr_equal(dst, &w.ext->addr6)};
	return dst->b[1] == 9 ? DROP_NO_ROUTE : DROP_NONE;
}

static void outside(void *ctx, const struct nat6_route *rt, struct pkt *p)
{
	struct nat6_view v;

	(void)ctx;
	MUST(memcmp(p->data + ETH_HLEN_ + 8, rt->ext->addr6.b, 16) == 0);
	if (nat6_parse(p, &v) == DROP_NONE && v.l4)
		w.port = v.sport;
	pkt_put(p);
}

static void emit(void *ctx, struct pkt *p)
{
	(void)ctx;
	MUST(p->len >= ETH_HLEN_ + IP6_HLEN);
	pkt_put(p);
}

static void init(void)
{
	static const uint64_t seed[4] = {1, 2, 3, 4};
	struct nat6_conf conf = {.prefix = {{0xfd}}, .mac = {{2, 0, 0, 0, 0, 1}}, .mtu = 1500};
	struct nat6_env env = {.route = route, .outside = outside, .emit = emit};
	struct nat_settings set = NAT_SETTINGS_DEFAULT;

	set.max = 64;
	w.now = 1000;
	w.pool = env.pool = pkt_pool_create(POOL);
	w.ext = nat_ext_create(0, 64000, 64063, 1000, seed);
	w.ext->addr6 = (struct ip_addr){{0x20, 1, [15] = 0x77}};
	w.six = nat6_create(&conf, &env, &set, &w.nat, seed, w.now);
	w.nat.six = w.six;
}

/* Where L4 begins behind well-formed extension headers, and its protocol. */
static uint32_t l4_of(const uint8_t *ip, uint32_t len, uint8_t *next)
{
	uint32_t off = IP6_HLEN;

	*next = ip[6];
	while (off + 8 <= len && (*next == 0 || *next == 43 || *next == 44 || *next == 60)) {
		uint32_t n = *next == 44 ? 8 : (ip[off + 1] + 1u) * 8;

		*next = ip[off];
		off += n;
	}
	return MIN(off, len);
}

static void mend(uint8_t *ip, uint32_t len, uint8_t what)
{
	uint8_t next;
	uint32_t off = l4_of(ip, len, &next), l4_len = len - off;
	uint8_t *l4 = ip + off;
	uint32_t at = next == 6 ? 16 : next == 17 ? 6 : 2;
	be16 sum = 0;

	ip[0] = 0x60;
	ip[4] = (uint8_t)((len - IP6_HLEN) >> 8);
	ip[5] = (uint8_t)(len - IP6_HLEN);
	if (!(what & ANY_ADDR)) {
		memcpy(ip + 8, what & FROM_OUTSIDE ? peers[ip[8] % 4] : guests[ip[8] % 4], 16);
		memcpy(ip + 24,
		       what & FROM_OUTSIDE || ip[24] % 5 == 4 ? w.ext->addr6.b : peers[ip[24] % 5],
		       16);
	}
	if (what & LAST_PORT && l4_len >= 8)
		memcpy(l4 + (next == 58 ? 4 : 2), &w.port, 2);
	if (what & ANY_SUM || l4_len < at + 2)
		return;
	memcpy(l4 + at, &sum, 2);
	sum = csum_fold(csum_add(csum_pseudo6(ip + 8, ip + 24, next, l4_len), l4, l4_len));
	memcpy(l4 + at, &sum, 2);
}

static void feed(uint8_t what, const uint8_t *data, uint32_t len)
{
	static const uint8_t head[ETH_HLEN_] = "\2\0\0\0\0\1\2\0\0\0\0\x9\x86\xdd";
	struct pkt *p = pkt_alloc(w.pool);
	enum drop_reason why;
	struct nat6 *owner;

	MUST(p);
	memcpy(p->data, head, sizeof(head));
	memcpy(p->data + ETH_HLEN_, data, len);
	p->len = ETH_HLEN_ + len;
	if (len >= IP6_HLEN)
		mend(p->data + ETH_HLEN_, len, what);
	if (!(what & FROM_OUTSIDE) && nat6_check_claim(w.six, p) != DROP_NONE)
		why = DROP_SPOOFED;
	else
		why = what & FROM_OUTSIDE ? nat6_from_outside(w.ext, p, w.now, &owner)
					  : nat6_input(w.six, p, w.now);
	if (why)
		pkt_put(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!w.six)
		init();
	while (size >= 2) {
		uint32_t len = data[1] * 4u;

		if (len > size - 2)
			len = (uint32_t)(size - 2);
		feed(data[0], data + 2, len);
		data += 2 + len;
		size -= 2 + len;
		nat6_tick(w.six, size & 1, w.now += 700);
	}
	nat6_drop_ext(w.six, w.ext, w.now);
	MUST(w.six->n_peers == 0 && w.six->table.n_sessions == 0);
	for (unsigned int i = 0; i < NAT6_NEIGHS; i++)
		MUST(!w.six->neighs[i].refs);
	MUST(pkt_pool_free(w.pool) == POOL);
	return 0;
}
