/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_nd - a frame to the station's IPv6 side: neighbour discovery, ping, UDP.
 *
 * One byte what (bit 0: to our MAC address, bit 1: to our IPv6 address, bit 2: mend the ICMPv6 or
 * UDP checksum), then the frame. What is told of it lies in it; what we answer fits, comes from us
 * and is well-formed.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "tests/fuzz/fuzz.h"
#include "vswitchd/netsix_frame.h"

enum { TO_MAC = 1, TO_ADDR = 2, MEND_SUM = 4, ETH_LEN = 14, IP6_LEN = 40, L4 = ETH_LEN + IP6_LEN };

static const struct six_host host = {
	.mac = {{2, 0, 0, 0, 0, 0xfe}},
	.link_local = {{0xfe, 0x80, [15] = 0xfe}},
	.addr = {{0xfd, [15] = 0xfe}},
};

static void mend(struct pkt *p, uint8_t what)
{
	uint8_t *ip = p->data + ETH_LEN;
	uint32_t len = p->len - L4;
	size_t at = ip[6] == 17 ? 6 : 2; /* of the checksum in UDP, in ICMPv6 */
	be16 sum;

	if (what & TO_MAC)
		memcpy(p->data, &host.mac, sizeof(host.mac));
	if (what & TO_ADDR)
		memcpy(ip + 24, what & 0x80 ? &host.addr : &host.link_local, 16);
	if (!(what & MEND_SUM) || len < 8)
		return;
	ip[4] = (uint8_t)(len >> 8);
	ip[5] = (uint8_t)len;
	memset(p->data + L4 + at, 0, 2);
	sum = csum_fold(csum_add(csum_pseudo6(ip + 8, ip + 24, ip[6], len), p->data + L4, len));
	memcpy(p->data + L4 + at, &sum, 2);
}

static void check_answer(const struct pkt *out)
{
	struct frame f;

	MUST(out->len <= PKT_FRAME_MAX);
	MUST(frame_parse(out->data, out->len, &f) == FRAME_OK && !f.bad);
	MUST(mac_equal(&frame_eth(&f)->src, &host.mac));
	MUST(six_is_own(&host, &f.src));
}

static void answer(struct pkt_pool *pool, const struct six_info *i)
{
	struct pkt *out = pkt_alloc(pool);

	if (i->kind == SIX_NS && six_is_own(&host, &i->target)) {
		six_advertise(out, &host, i);
		check_answer(out);
	} else if (i->kind == SIX_ECHO) {
		six_echo_reply(out, &host, i);
		check_answer(out);
	} else if (i->kind == SIX_UDP) {
		six_udp(out, &host, &host.addr, &i->src, &i->from, i->dport, i->sport, i->payload,
			i->len);
		check_answer(out);
	}
	pkt_put(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkt_pool *pool;
	struct six_info i;
	struct pkt *p;

	if (!pool)
		pool = pkt_pool_create(4);
	p = size > 1 ? pkt_from(pool, data + 1, size - 1) : NULL;
	if (!p)
		return 0;
	if (p->len >= L4)
		mend(p, data[0]);
	i = six_classify(&host, p);
	if (i.kind != SIX_IGNORED) {
		if (i.payload)
			MUST(i.payload >= p->data && i.payload + i.len <= p->data + p->len);
		answer(pool, &i);
	}
	pkt_put(p);
	MUST(pkt_pool_free(pool) == 4);
	return 0;
}
