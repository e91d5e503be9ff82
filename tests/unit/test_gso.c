/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "lib/gso.h"
#include "tests/unit/frames.h"
#include "tests/unit/unit.h"

enum { POOL = 256 };

static struct pkt_pool *pool;

static int setup(void **state)
{
	(void)state;
	pool = pkt_pool_create(POOL);
	return pool ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(pkt_pool_free(pool), POOL);
	pkt_pool_destroy(pool);
	return 0;
}

struct pieces {
	const struct frame_spec *spec;
	const struct pkt *whole;
	unsigned int n;
	size_t payload; /* seen so far */
};

static void check_l3(const struct pieces *c, const struct pkt *seg, size_t l3)
{
	const struct ip4_hdr *ip = (void *)(seg->data + l3);
	const struct ip6_hdr_wire *ip6 = (void *)(seg->data + l3);

	if (c->spec->v6) {
		assert_int_equal(ntohs(ip6->payload_len), seg->len - l3 - 40);
		return;
	}
	assert_int_equal(ntohs(ip->tot_len), seg->len - l3);
	assert_int_equal(ntohs(ip->id), (uint16_t)(0xfffe + c->n));
}

static void check_tcp(const struct pieces *c, const struct tcp_hdr *tcp, bool last)
{
	uint8_t flags = c->spec->tcp_flags;

	assert_int_equal(ntohl(tcp->seq), (uint32_t)(0xffffff00 + c->payload));
	if (!last)
		flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	if (c->n)
		flags &= 0x7f; /* CWR */
	assert_int_equal(tcp->flags, flags);
}

static void check_piece(void *ctx, struct pkt *seg)
{
	struct pieces *c = ctx;
	const struct frame_spec *s = c->spec;
	size_t l3 = 14 + 4 * s->tags, l4 = l3 + (s->v6 ? 40 + s->ext : 20);
	size_t hdr = l4 + (s->udp ? 8 : 20 + s->options), n = seg->len - hdr;
	bool last = c->payload + n == s->payload;

	assert_true(last ? n >= 1 && n <= s->gso_size : n == s->gso_size);
	assert_int_equal(seg->vnet.flags, 0);
	assert_int_equal(seg->vnet.gso_type, 0);
	assert_memory_equal(seg->data, c->whole->data, l3);
	assert_memory_equal(seg->data + hdr, c->whole->data + hdr + c->payload, n);
	check_l3(c, seg, l3);
	if (s->udp)
		assert_int_equal(ntohs(((struct udp_hdr *)(seg->data + l4))->len), seg->len - l4);
	else
		check_tcp(c, (void *)(seg->data + l4), last);
	assert_true(frame_sums_ok(seg, s));
	c->payload += n;
	c->n++;
	pkt_put(seg);
}

static void cut_and_check(const struct frame_spec *s)
{
	struct pkt *p = frame_make(pool, s);
	struct pieces c = {.spec = s, .whole = p};
	size_t hdr = p->len - s->payload;

	assert_int_equal(gso_check(p), DROP_NONE);
	assert_int_equal(gso_frame_len(p), hdr + MIN((size_t)s->gso_size, s->payload));
	assert_int_equal(gso_segment(p, check_piece, &c), DROP_NONE);
	assert_int_equal(c.payload, s->payload);
	assert_int_equal(c.n, (s->payload + s->gso_size - 1) / s->gso_size);
	pkt_put(p);
}

static void pieces_are_right(void **state)
{
	static const size_t payloads[] = {1, 1447, 1448, 1449, 2896, 9999, 65000};
	unsigned int n = 0;

	(void)state;
	for (int shape = 0; shape < 8; shape++)
		for (unsigned int tags = 0; tags < 3; tags++)
			for (size_t i = 0; i < ARRAY_SIZE(payloads); i++, n++) {
				struct frame_spec s = {
					.tags = tags,
					.v6 = shape & 1,
					.udp = shape & 2,
					.options = shape & 2 ? 0 : 12,
					.ext = shape & 4 && shape & 1 ? 16 : 0,
					.payload = payloads[i],
					.gso_size = shape & 4 ? 1431 : 1448,
					.tcp_flags = 0xff,
				};

				cut_and_check(&s);
			}
	assert_int_equal(n, 8 * 3 * ARRAY_SIZE(payloads));
}

static void needs(void **state)
{
	const struct {
		struct frame_spec spec;
		unsigned int bits;
	} cases[] = {
		{{.payload = 10}, OFFLOAD_CSUM},
		{{.payload = 3000, .gso_size = 1000}, OFFLOAD_CSUM | OFFLOAD_TSO4},
		{{.v6 = true, .payload = 3000, .gso_size = 1000}, OFFLOAD_CSUM | OFFLOAD_TSO6},
		{{.udp = true, .payload = 3000, .gso_size = 1000}, OFFLOAD_CSUM | OFFLOAD_USO},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pkt *p = frame_make(pool, &cases[i].spec);

		assert_int_equal(gso_needs(p), cases[i].bits);
		p->vnet.gso_type |= p->vnet.gso_type ? VIRTIO_NET_HDR_GSO_ECN : 0;
		assert_int_equal(gso_needs(p), cases[i].bits);
		memset(&p->vnet, 0, sizeof(p->vnet));
		assert_int_equal(gso_needs(p), 0);
		pkt_put(p);
	}
}

static void checksum_is_completed(void **state)
{
	(void)state;
	for (size_t payload = 0; payload < 200; payload++)
		for (int shape = 0; shape < 4; shape++) {
			struct frame_spec s = {.v6 = shape & 1,
					       .udp = shape & 2,
					       .payload = payload,
					       .tags = payload % 3};
			struct pkt *p = frame_make(pool, &s);

			assert_int_equal(gso_check(p), DROP_NONE);
			gso_csum_complete(p);
			assert_false(pkt_needs_csum(p));
			assert_true(frame_sums_ok(p, &s));
			pkt_put(p);
		}
}

/* A UDP checksum that comes to 0 is sent as 0xffff: 0 means that there is none. */
static void zero_is_sent_as_ones(void **state)
{
	struct frame_spec s = {.udp = true, .payload = 2};
	struct pkt *p = frame_make(pool, &s);
	struct udp_hdr *udp = (void *)(p->data + 34);
	uint16_t sum;

	(void)state;
	/* Choose the payload so that everything adds up to ffff. */
	p->data[42] = p->data[43] = 0;
	sum = ref_sum(p->data + 34, p->len - 34, 0);
	put16(p->data + 42, (uint16_t)~sum);
	gso_csum_complete(p);
	assert_int_equal(udp->csum, 0xffff);
	assert_true(frame_sums_ok(p, &s));
	pkt_put(p);
}

static const struct frame_spec tcp4 = {.payload = 5000, .gso_size = 1000};

enum lie {
	LIE_SIZE_0,
	LIE_TYPE,
	LIE_UNKNOWN,
	LIE_ECN_ALONE,
	LIE_NO_CSUM,
	LIE_CSUM_START,
	LIE_CSUM_OFFSET,
	LIE_CSUM_OUTSIDE,
	LIE_CSUM_IN_ETH,
	LIE_HDR_LEN,
	LIE_FRAGMENT,
	LIE_TOT_LEN,
	LIE_TCP_OFF,
	LIE_IHL,
	LIE_MANY,
	LIE_NO_PAYLOAD,
	LIE_N
};

static void lie_in_header(struct virtio_net_hdr *h, enum lie lie)
{
	switch (lie) {
	case LIE_SIZE_0:
		h->gso_size = 0;
		break;
	case LIE_TYPE:
		h->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
		break;
	case LIE_UNKNOWN:
		h->gso_type = 0x20;
		break;
	case LIE_ECN_ALONE:
		h->gso_type = VIRTIO_NET_HDR_GSO_ECN;
		break;
	case LIE_NO_CSUM:
		h->flags = 0;
		break;
	case LIE_CSUM_START:
		h->csum_start = htole16(36);
		break;
	case LIE_CSUM_OFFSET:
		h->csum_offset = htole16(6);
		break;
	case LIE_CSUM_OUTSIDE:
		h->gso_type = 0;
		h->csum_offset = htole16(0xffff);
		break;
	case LIE_CSUM_IN_ETH:
		h->gso_type = 0;
		h->csum_start = htole16(2);
		break;
	case LIE_HDR_LEN:
		h->hdr_len = htole16(6000);
		break;
	case LIE_MANY:
		h->gso_size = htole16(4);
		break;
	default:
		break;
	}
}

static void lie_in_frame(struct pkt *p, enum lie lie)
{
	switch (lie) {
	case LIE_FRAGMENT:
		p->data[14 + 6] = 0x20;
		break;
	case LIE_TOT_LEN:
		put16(p->data + 16, 5041);
		break;
	case LIE_TCP_OFF:
		p->data[14 + 20 + 12] = 0x40;
		break;
	case LIE_IHL:
		p->data[14] = 0x44;
		break;
	case LIE_NO_PAYLOAD:
		put16(p->data + 16, 40);
		break;
	default:
		break;
	}
}

static void lies_are_found(void **state)
{
	(void)state;
	for (enum lie lie = 0; lie < LIE_N; lie++) {
		struct pkt *p = frame_make(pool, &tcp4);

		lie_in_header(&p->vnet, lie);
		lie_in_frame(p, lie);
		if (gso_check(p) != DROP_BAD_VNET_HDR)
			fail_msg("lie %d was believed", lie);
		pkt_put(p);
	}
}

/* Cut short anywhere, a super-frame is refused or still consistent; nothing reads outside. */
static void every_truncation(void **state)
{
	struct frame_spec s = {.v6 = true, .tags = 2, .ext = 8, .payload = 300, .gso_size = 100};
	struct pkt *p = frame_make(pool, &s);
	uint32_t len = p->len;

	(void)state;
	for (p->len = 0; p->len < len; p->len++)
		assert_int_equal(gso_check(p), DROP_BAD_VNET_HDR);
	pkt_put(p);
}

static void ufo_is_refused_by_name(void **state)
{
	struct frame_spec s = {.udp = true, .payload = 5000, .gso_size = 1000};
	struct pkt *p = frame_make(pool, &s);

	(void)state;
	p->vnet.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	assert_int_equal(gso_check(p), DROP_GSO_UNSUPPORTED);
	pkt_put(p);
}

static void keep(void *ctx, struct pkt *seg)
{
	pkt_batch_add(ctx, seg);
}

static void pool_runs_dry(void **state)
{
	struct pkt_pool *small = pkt_pool_create(4);
	struct pkt *p = frame_make(small, &tcp4);
	struct pkt_batch got = {.n = 0};

	(void)state;
	assert_int_equal(gso_segment(p, keep, &got), DROP_NO_BUFFER);
	assert_int_equal(got.n, 3);
	pkt_batch_put(&got);
	pkt_put(p);
	pkt_pool_destroy(small);
}

/* Bytes behind the IP packet are padding and end up in no piece. */
static void padding_is_left_out(void **state)
{
	struct pkt *p = frame_make(pool, &tcp4);
	struct pkt_batch got = {.n = 0};

	(void)state;
	p->len += 8;
	assert_int_equal(gso_check(p), DROP_NONE);
	assert_int_equal(gso_segment(p, keep, &got), DROP_NONE);
	assert_int_equal(got.n, 5);
	assert_int_equal(got.pkts[4]->len, 14 + 20 + 20 + 1000);
	pkt_batch_put(&got);
	pkt_put(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_right),	  cmocka_unit_test(needs),
		cmocka_unit_test(checksum_is_completed),  cmocka_unit_test(zero_is_sent_as_ones),
		cmocka_unit_test(lies_are_found),	  cmocka_unit_test(every_truncation),
		cmocka_unit_test(ufo_is_refused_by_name), cmocka_unit_test(pool_runs_dry),
		cmocka_unit_test(padding_is_left_out),
	};

	return cmocka_run_group_tests_name("gso", tests, setup, teardown);
}
