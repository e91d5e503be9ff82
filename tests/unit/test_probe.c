/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_probe.c - two probes on a wire that may lose frames: what one asks, the other answers.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/frame.h"
#include "probe/probe.h"

enum { QUEUE = 64 };

static struct world {
	struct probe p[2];
	struct {
		int to;
		size_t len;
		uint8_t frame[PROBE_FRAME_MAX];
	} wire[QUEUE];
	unsigned int n, frames, lose; /* lose: the next so many */
	msec now;
	unsigned int over;
	struct probe_answer answer;
	char page[PROBE_PAGE_MAX + 1];
} w;

static void op_send(void *ctx, const uint8_t *frame, size_t len)
{
	w.frames++;
	if (w.lose) {
		w.lose--;
		return;
	}
	assert_in_range(w.n, 0, QUEUE - 1);
	w.wire[w.n].to = ctx == &w.p[0];
	w.wire[w.n].len = len;
	memcpy(w.wire[w.n++].frame, frame, len);
}

static void op_random(void *ctx, void *buf, size_t len)
{
	memset(buf, ctx == &w.p[0] ? 0x11 : 0x77, len);
}

static void op_done(void *ctx, void *who, const struct probe_answer *a)
{
	(void)ctx;
	assert_ptr_equal(who, &w);
	assert_non_null(a);
	w.over++;
	w.answer = *a;
	snprintf(w.page, sizeof(w.page), "%s", a->page ? a->page : "");
}

static void start(be32 router)
{
	memset(&w, 0, sizeof(w));
	w.now = 1000;
	for (int i = 0; i < 2; i++) {
		const struct probe_env env = {&w.p[i], op_send, op_random, op_done};
		struct probe_conf c = {.addr = {htonl(0x0a000001 + (uint32_t)i), 24},
				       .router = router,
				       .mac = {{2, 0, 0, 0, 0, (uint8_t)(i + 1)}},
				       .name = "net"};

		probe_init(&w.p[i], &c, &env);
	}
}

/* Everything that is on the wire arrives, and what that makes. */
static void settle(void)
{
	for (unsigned int i = 0; i < w.n; i++) {
		assert_in_range(i, 0, QUEUE - 2); /* they don't answer each other for ever */
		probe_input(&w.p[w.wire[i].to], w.wire[i].frame, w.wire[i].len, w.now);
	}
	w.n = 0;
}

static void step(msec ms)
{
	w.now += ms;
	for (int i = 0; i < 2; i++)
		probe_tick(&w.p[i], w.now);
	settle();
}

static void ask(enum probe_kind kind, be32 to, uint16_t port, const char *text)
{
	const struct probe_question q = {kind, to, port, 56, text, 2000, &w};
	struct err err;

	w.over = 0;
	assert_int_equal(probe_ask(&w.p[0], &q, w.now, &err), 0);
	settle();
}

static void expect(enum probe_result result, unsigned int ms)
{
	assert_int_equal(w.over, 1);
	assert_string_equal(probe_result_words[w.answer.result], probe_result_words[result]);
	assert_int_equal(w.answer.ms, ms);
}

static void finish(void)
{
	probe_fini(&w.p[0]);
	probe_fini(&w.p[1]);
}

static const be32 other = 0x0200000a; /* 10.0.0.2, wire order on a little-endian machine */

static void test_asks(void **state)
{
	(void)state;
	start(0);
	ask(PROBE_PING, other, 0, NULL);
	expect(PROBE_ANSWERED, 0);
	ask(PROBE_TCP, other, 4242, NULL);
	expect(PROBE_ANSWERED, 0);
	ask(PROBE_UDP, other, 7, "hello");
	expect(PROBE_ANSWERED, 0);
	ask(PROBE_HTTP, other, 80, "/");
	expect(PROBE_ANSWERED, 0);
	assert_int_equal(w.answer.status, 200);
	assert_string_equal(w.page, "probe of net\nyou are 10.0.0.1\n");
	finish();
}

static void test_silence(void **state)
{
	(void)state;
	start(0);
	ask(PROBE_UDP, other, 9, "hello");
	step(1999);
	assert_int_equal(w.over, 0);
	step(1);
	expect(PROBE_SILENT, 2000);
	ask(PROBE_PING, htonl(0x0a000063), 0, NULL);
	step(2000);
	expect(PROBE_NOBODY, 2000);
	ask(PROBE_PING, htonl(0x08080808), 0, NULL);
	expect(PROBE_NO_ROUTE, 0);
	finish();
}

/* Each of the first frames of a page's fetch is lost in its turn: it comes all the same. */
static void test_loss(void **state)
{
	(void)state;
	for (unsigned int first = 0; first < 8; first++) {
		start(0);
		w.lose = first;
		ask(PROBE_HTTP, other, 80, "/");
		for (unsigned int i = 0; i < 6 && !w.over; i++) {
			w.lose = first > 3 && i == 1;
			step(PROBE_AGAIN_MS);
		}
		assert_int_equal(w.answer.result, PROBE_ANSWERED);
		assert_int_equal(w.answer.status, 200);
		finish();
	}
}

/* Behind a router: answers wait for its MAC address, which is asked for once in a while. */
static void test_router(void **state)
{
	static uint8_t ping[] = {
		2,    0,  0, 0,	 0, 2, 2, 0,	0,    0, 0, 9, 8,   0, /* from the router's MAC
									  address */
		0x45, 0,  0, 28, 0, 0, 0, 0,	64,   1, 0, 0, 192, 0, 2,
		9,    10, 0, 0,	 2, 8, 0, 0xf7, 0xff, 0, 0, 0, 0};
	struct {
		struct eth_hdr eth;
		struct arp_hdr arp;
	} WIRE_PACKED is_at = {{{{2, 0, 0, 0, 0, 2}}, {{2, 0, 0, 0, 0, 9}}, htons(0x0806)},
			       {htons(1),
				htons(0x0800),
				6,
				4,
				htons(ARP_REPLY),
				{{2, 0, 0, 0, 0, 9}},
				htonl(0x0a0000fe),
				{{2, 0, 0, 0, 0, 2}},
				other}};
	struct frame f;
	be16 sum;

	(void)state;
	start(htonl(0x0a0000fe));
	sum = csum_ip4((const void *)(ping + 14), 20);
	memcpy(ping + 24, &sum, sizeof(sum));
	assert_int_equal(probe_input(&w.p[1], ping, sizeof(ping), w.now), DROP_NONE);
	assert_int_equal(w.n, 1);
	assert_int_equal(frame_parse(w.wire[0].frame, w.wire[0].len, &f), FRAME_OK);
	assert_int_equal(f.l3_kind, L3_ARP);
	probe_input(&w.p[1], (void *)&is_at, sizeof(is_at), w.now);
	assert_int_equal(w.n, 2);
	frame_parse(w.wire[1].frame, w.wire[1].len, &f);
	assert_memory_equal(&frame_eth(&f)->dst, &is_at.eth.src, 6);
	assert_int_equal(f.icmp_type, ICMP_ECHOREPLY_);
	w.n = 0;
	probe_input(&w.p[1], ping, sizeof(ping), w.now + PROBE_ROUTER_MS - 1);
	frame_parse(w.wire[0].frame, w.wire[0].len, &f);
	assert_int_equal(f.l3_kind, L3_IP4);
	w.n = 0;
	probe_input(&w.p[1], ping, sizeof(ping), w.now + PROBE_ROUTER_MS);
	frame_parse(w.wire[0].frame, w.wire[0].len, &f);
	assert_int_equal(f.l3_kind, L3_ARP);
	w.n = 0;
	finish();
}

struct segment {
	struct eth_hdr eth;
	struct ip4_hdr ip;
	struct tcp_hdr tcp;
	char data[16];
} WIRE_PACKED;

enum { SEGMENT_HEAD = offsetof(struct segment, data) };

/* From the other one to probe @to, with checksums; data[] and its length are the caller's. */
static size_t sealed(struct segment *s, int to, size_t len)
{
	size_t l4 = sizeof(s->tcp) + len;

	s->eth = (struct eth_hdr){w.p[to].conf.mac, w.p[!to].conf.mac, htons(0x0800)};
	s->ip = (struct ip4_hdr){.ver_ihl = 0x45,
				 .tot_len = htons((uint16_t)(sizeof(s->ip) + l4)),
				 .ttl = 64,
				 .proto = IPPROTO_TCP_,
				 .src = w.p[!to].conf.addr.addr,
				 .dst = w.p[to].conf.addr.addr};
	s->ip.csum = csum_ip4(&s->ip, sizeof(s->ip));
	s->tcp.csum = 0;
	s->tcp.csum = csum_fold(csum_add(
		csum_pseudo4(s->ip.src, s->ip.dst, IPPROTO_TCP_, (uint32_t)l4), &s->tcp, l4));
	return SEGMENT_HEAD + len;
}

static const struct tcp_hdr *sent_tcp(unsigned int i)
{
	return (const void *)(w.wire[i].frame + ETH_HLEN_ + sizeof(struct ip4_hdr));
}

/* A data offset that lies, in a segment that belongs to a connection. */
static void test_offset(void **state)
{
	static const uint8_t bad[] = {0x00, 0x10, 0x40, 0x60, 0xf0};
	struct segment s = {.tcp = {.sport = htons(40000), .dport = htons(80), .off = 0x50}};

	(void)state;
	start(0);
	s.tcp.flags = TCP_SYN;
	assert_int_equal(probe_input(&w.p[1], (void *)&s, sealed(&s, 1, 0), w.now), DROP_NONE);
	assert_int_equal(w.n, 1);
	s.tcp.ack = htonl(ntohl(sent_tcp(0)->seq) + 1);
	s.tcp.seq = htonl(1);
	s.tcp.flags = TCP_ACK | TCP_FIN;
	for (size_t i = 0; i < sizeof(bad); i++) {
		s.tcp.off = bad[i];
		assert_int_equal(probe_input(&w.p[1], (void *)&s, sealed(&s, 1, 0), w.now),
				 DROP_BAD_L4);
	}
	assert_int_equal(w.n, 1);
	s.tcp.off = 0x50;
	assert_int_equal(probe_input(&w.p[1], (void *)&s, sealed(&s, 1, 0), w.now), DROP_NONE);
	assert_int_equal(w.n, 2);
	assert_int_equal(sent_tcp(1)->flags & TCP_FIN, TCP_FIN);
	finish();
}

/* Probe 0 asks for a page and has its connection; @s: a segment of the server's, next at @seq. */
static void open_page(struct segment *s, uint32_t seq)
{
	const struct probe_question q = {PROBE_HTTP, other, 80, 56, "/", 2000, &w};
	struct err err;

	start(0);
	assert_int_equal(probe_ask(&w.p[0], &q, w.now, &err), 0);
	probe_input(&w.p[1], w.wire[0].frame, w.wire[0].len, w.now);
	probe_input(&w.p[0], w.wire[1].frame, w.wire[1].len, w.now);
	*s = (struct segment){.tcp = {.sport = htons(80), .off = 0x50}};
	s->tcp.dport = sent_tcp(2)->sport;
	s->tcp.seq = htonl(seq - 1);
	s->tcp.ack = htonl(ntohl(sent_tcp(2)->seq) + 1);
	s->tcp.flags = TCP_SYN | TCP_ACK;
	probe_input(&w.p[0], (void *)s, sealed(s, 0, 0), w.now);
	s->tcp.seq = htonl(seq);
	w.n = 0;
}

/* Our ACK of a page's first segment was lost, so that comes again: it is acknowledged again. */
static void test_ack_lost(void **state)
{
	uint32_t first = 1000, len = 12;
	struct segment s;

	(void)state;
	open_page(&s, first);
	s.tcp.flags = TCP_ACK;
	memcpy(s.data, "HTTP/1.0 200", len);
	for (int i = 0; i < 2; i++) {
		w.n = 0;
		probe_input(&w.p[0], (void *)&s, sealed(&s, 0, len), w.now);
		assert_int_equal(w.n, 1);
		assert_int_equal(ntohl(sent_tcp(0)->ack), first + len);
	}
	s.tcp.seq = htonl(first + len);
	s.tcp.flags = TCP_ACK | TCP_FIN;
	memcpy(s.data, "\r\n\r\nhello", 9);
	probe_input(&w.p[0], (void *)&s, sealed(&s, 0, 9), w.now);
	expect(PROBE_ANSWERED, 0);
	assert_int_equal(w.answer.status, 200);
	assert_string_equal(w.page, "hello");
	finish();
}

/* RFC 9293 3.10.7.4: an RST that is not next ends nothing and has no answer, whatever it carries;
 * the one that is next ends the question. */
static void test_reset(void **state)
{
	uint32_t first = 1000;
	struct segment s;

	(void)state;
	open_page(&s, first);
	s.tcp.flags = TCP_RST | TCP_ACK;
	memcpy(s.data, "HTTP", 4);
	s.tcp.seq = htonl(first + 1);
	probe_input(&w.p[0], (void *)&s, sealed(&s, 0, 4), w.now);
	assert_int_equal(w.n, 0);
	assert_int_equal(w.over, 0);
	s.tcp.seq = htonl(first);
	probe_input(&w.p[0], (void *)&s, sealed(&s, 0, 0), w.now);
	assert_int_equal(w.n, 0);
	expect(PROBE_REFUSED, 0);
	finish();
}

/* Segments of connections that were never opened get an RST, and nothing answers that. */
static void test_strangers(void **state)
{
	struct segment s = {
		.tcp = {.sport = htons(1), .dport = htons(80), .off = 0x50, .flags = TCP_ACK}};
	size_t len;

	(void)state;
	start(0);
	len = sealed(&s, 1, 0);
	assert_int_equal(probe_input(&w.p[1], (void *)&s, len, w.now), DROP_NONE);
	assert_int_equal(w.frames, 1);
	assert_int_equal(w.wire[0].frame[47] & TCP_RST, TCP_RST);
	settle();
	assert_int_equal(w.frames, 1);
	s.tcp.csum ^= 1;
	assert_int_equal(probe_input(&w.p[1], (void *)&s, len, w.now), DROP_BAD_CSUM);
	s.ip.src = other;
	assert_int_equal(probe_input(&w.p[1], (void *)&s, len, w.now), DROP_BAD_IP);
	finish();
}

static void test_bounds(void **state)
{
	struct probe_question q = {PROBE_HTTP, other, 80, 56, "/a b", 2000, &w};
	struct err err;

	(void)state;
	start(0);
	assert_int_equal(probe_ask(&w.p[0], &q, w.now, &err), -EINVAL);
	q.text = "a";
	assert_int_equal(probe_ask(&w.p[0], &q, w.now, &err), -EINVAL);
	q.text = "/";
	for (int i = 0; i < PROBE_ASKS; i++) {
		w.lose = 1;
		assert_int_equal(probe_ask(&w.p[0], &q, w.now, &err), 0);
	}
	assert_int_equal(probe_ask(&w.p[0], &q, w.now, &err), -EBUSY);
	w.lose = 1000;
	step(2000);
	assert_int_equal(w.over, PROBE_ASKS);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks),	  cmocka_unit_test(test_silence),
		cmocka_unit_test(test_loss),	  cmocka_unit_test(test_router),
		cmocka_unit_test(test_strangers), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_offset),	  cmocka_unit_test(test_ack_lost),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
