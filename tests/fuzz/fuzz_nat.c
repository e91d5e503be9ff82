/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_nat - a list of packets from inside and outside with steps of the clock between them.
 *
 * Each record: one byte what (bit 0: from outside, bit 1: a step of the clock instead, bit 2: mend
 * no checksum, bit 3: leave it to an offload, bit 4: to the port used last outside, bit 5: as a
 * super-frame), one byte length in units of 4, then the IPv4 packet. Addresses are drawn to the
 * few that matter, so that packets meet. What leaves must have its checksums right (unless they
 * were left wrong on purpose) and, outside, the outside address as source; nothing may leak.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/gso.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/nat_world.h"

enum { OUTSIDE_IN = 1, STEP = 2, RAW = 4, PARTIAL = 8, LAST_PORT = 16, GSO = 32 };

static be32 pick(be32 addr, bool inside)
{
	const be32 near[] = {GUEST_A, GUEST_B, GATEWAY, OUTSIDE};
	const be32 far[] = {PEER_1, PEER_2, ROUTER, OUTSIDE, GUEST_A, GUEST_B};
	uint8_t b = (uint8_t)addr;

	/* One in eight stays what the fuzzer says. */
	if (b >= 224)
		return addr;
	return inside ? near[b % (b < 200 ? 2 : 4)] : far[b % (b < 200 ? 2 : 6)];
}

static uint8_t *csum_field(const struct pkt *p, uint32_t *at)
{
	const struct ip4_hdr *h = ip_of(p);
	uint32_t len = p->len - ETH_HLEN_ - ip4_ihl(h);

	*at = h->proto == IPPROTO_TCP_ ? 16 : h->proto == IPPROTO_ICMP_ ? 2 : 6;
	if (h->proto != IPPROTO_TCP_ && h->proto != IPPROTO_UDP_ && h->proto != IPPROTO_ICMP_ &&
	    h->proto != IPPROTO_UDPLITE_)
		return NULL;
	return len >= *at + 2 ? l4_of(p) + *at : NULL;
}

static void mend_l4(struct pkt *p, uint8_t what)
{
	const struct ip4_hdr *h = ip_of(p);
	uint32_t len = p->len - ETH_HLEN_ - ip4_ihl(h), at;
	uint32_t pseudo =
		h->proto == IPPROTO_ICMP_ ? 0 : csum_pseudo4(h->src, h->dst, h->proto, len);
	uint8_t *field = csum_field(p, &at);
	bool lite = h->proto == IPPROTO_UDPLITE_;
	be16 sum = 0;

	if (!field)
		return;
	/* RFC 3828: only the header is covered. */
	if (lite && len >= 8)
		l4_of(p)[4] = 0, l4_of(p)[5] = 8;
	memcpy(field, &sum, 2);
	if (h->proto == IPPROTO_UDP_ && len >= 8 && !(what & RAW))
		l4_of(p)[4] = (uint8_t)(len >> 8), l4_of(p)[5] = (uint8_t)len;
	if ((what & PARTIAL) && h->proto != IPPROTO_ICMP_ && !lite) {
		sum = csum_fold(pseudo) ^ 0xffff;
		p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		p->vnet.csum_start = htole16((uint16_t)(ETH_HLEN_ + ip4_ihl(h)));
		p->vnet.csum_offset = htole16((uint16_t)at);
		if (what & GSO) {
			p->vnet.gso_type = h->proto == IPPROTO_TCP_ ? VIRTIO_NET_HDR_GSO_TCPV4
								    : VIRTIO_NET_HDR_GSO_UDP_L4;
			p->vnet.gso_size = htole16(64);
		}
	} else {
		sum = csum_fold(csum_add(pseudo, l4_of(p), lite ? MIN(len, 8u) : len));
		if (!sum && h->proto != IPPROTO_TCP_ && h->proto != IPPROTO_ICMP_)
			sum = 0xffff;
	}
	memcpy(field, &sum, 2);
}

static struct pkt *build(struct world *w, uint8_t what, const uint8_t *data, uint32_t len,
			 uint16_t last_port)
{
	struct pkt *p = pkt_alloc(w->pool);
	struct ip4_hdr *h;

	if (!p)
		abort(); /* the last record has leaked all */
	memset(p->data, 0, ETH_HLEN_);
	memcpy(p->data + ETH_HLEN_, data, len);
	p->len = ETH_HLEN_ + len;
	if (len < sizeof(*h) || (what & RAW))
		return p;
	h = ip_of(p);
	h->src = pick(h->src, !(what & OUTSIDE_IN));
	h->dst = what & OUTSIDE_IN ? OUTSIDE : pick(h->dst, false);
	h->ver_ihl = (uint8_t)(0x40 | (h->ver_ihl & 0xf));
	h->tot_len = htons((uint16_t)len);
	if (ip4_ihl(h) < 20 || ip4_ihl(h) > len)
		h->ver_ihl = 0x45;
	if ((what & LAST_PORT) && len >= ip4_ihl(h) + 8) {
		be16 port = htons(last_port);

		memcpy(l4_of(p) + (h->proto == IPPROTO_ICMP_ ? 4 : 2), &port, 2);
	}
	mend_l4(p, what);
	h->csum = 0;
	h->csum = csum_ip4(h, ip4_ihl(h));
	return p;
}

/* One packet; returns the outside port it left by, or the last one. */
static uint16_t feed(struct world *w, uint8_t what, const uint8_t *data, uint32_t len,
		     uint16_t last_port)
{
	struct pkt *p = build(w, what, data, len, last_port);

	/* The switch lets no frame in whose offload header lies. */
	if ((p->vnet.flags | p->vnet.gso_type) && gso_check(p) != DROP_NONE) {
		pkt_put(p);
		return last_port;
	}
	w->n_bad = 0;
	if (what & OUTSIDE_IN)
		world_receive(w, p);
	else
		world_send(w, p);
	if (w->n_bad && !(what & RAW))
		abort();
	if (w->n_out && w->out[0]->len >= ETH_HLEN_ + 28)
		last_port = port_of(w->out[0], ip_of(w->out[0])->proto == IPPROTO_ICMP_ ? 2 : 0);
	world_clear(w);
	return last_port;
}

/* The world is made once: its 20 MB of tables cost more than any input. */
static struct world *world_once(void)
{
	static struct world w;
	struct nat_settings set = NAT_SETTINGS_DEFAULT;

	if (w.nat) {
		world_reset(&w);
		return &w;
	}
	set.max = 32;
	set.max_guest = 20;
	/* Short times, so that a few steps see a flow's end. */
	set.udp_ms = set.tcp_transitory_ms = 3000;
	set.icmp_ms = set.udp_dns_ms = set.other_ms = 1000;
	set.tcp_established_ms = 10000;
	set.hold_ms = 2000;
	world_init_pool(&w, &set, pkt_pool_create(WORLD_POOL));
	w.mtu = 576;
	return &w;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = world_once();
	uint16_t last_port = NAT_PORT_FIRST;

	while (size >= 2) {
		uint8_t what = data[0];
		uint32_t len = data[1] * 4u;

		data += 2;
		size -= 2;
		if (what & STEP) {
			w->now += len * 20u;
			while (nat_tick(w->nat, w->now))
				;
			continue;
		}
		len = (uint32_t)MIN(len, size);
		last_port = feed(w, what, data, len, last_port);
		data += len;
		size -= len;
	}
	return 0;
}
