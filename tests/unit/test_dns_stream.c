/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name server's TCP, against a peer that the test plays segment by segment. */
#include <arpa/inet.h>
#include <string.h>

#include "dns/stream.h"
#include "tests/unit/unit.h"

enum { SENT_MAX = 256 };

static struct {
	struct dns_streams s;
	msec now;
	struct {
		uint32_t seq, ack;
		unsigned int flags, window;
		size_t len;
		uint8_t data[1500];
	} sent[SENT_MAX];
	unsigned int n_sent, n_asked, n_gone;
	uint8_t asked[DNS_STREAM_IN_MAX];
	size_t asked_len;
	uint32_t stream;
	size_t answer_len; /* given at once; 0: later */
	uint32_t seq, ack; /* the peer's */
} w;

static uint64_t get_random(void *ctx)
{
	(void)ctx;
	return 0xfffffff0u;
}

static void segment(void *ctx, const struct dns_asker *to, const uint8_t *seg, size_t len)
{
	const struct tcp_hdr *tcp = (const void *)seg;
	size_t hdr = (tcp->off >> 4) * 4u;

	(void)ctx;
	(void)to;
	assert_true(w.n_sent < SENT_MAX && len - hdr <= sizeof(w.sent[0].data));
	w.sent[w.n_sent].seq = ntohl(tcp->seq);
	w.sent[w.n_sent].ack = ntohl(tcp->ack);
	w.sent[w.n_sent].flags = tcp->flags;
	w.sent[w.n_sent].window = ntohs(tcp->window);
	w.sent[w.n_sent].len = len - hdr;
	memcpy(w.sent[w.n_sent++].data, seg + hdr, len - hdr);
}

static void query(void *ctx, const struct dns_asker *from, const uint8_t *msg, size_t len)
{
	static uint8_t answer[DNS_MSG_MAX];

	(void)ctx;
	for (size_t i = 0; i < sizeof(answer); i++)
		answer[i] = (uint8_t)i;
	memcpy(w.asked, msg, len);
	w.asked_len = len;
	w.stream = from->stream;
	w.n_asked++;
	if (w.answer_len)
		dns_stream_reply(&w.s, from->stream, answer, w.answer_len, w.now);
}

static void gone(void *ctx, uint32_t stream)
{
	(void)ctx;
	assert_true(stream);
	w.n_gone++;
}

static int setup(void **state)
{
	static const struct dns_streams_env env = {
		.random = get_random, .segment = segment, .query = query, .gone = gone};

	(void)state;
	memset(&w, 0, sizeof(w));
	w.now = 1000;
	w.seq = 5000;
	dns_streams_init(&w.s, &env, 1500);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dns_streams_fini(&w.s);
	return 0;
}

static void put(unsigned int port, uint32_t seq, uint32_t ack, unsigned int flags,
		unsigned int window, const void *data, size_t len)
{
	struct dns_asker from = {.port = (uint16_t)port, .client = port / 1000};
	uint8_t seg[2000] = {0};

	*(struct tcp_hdr *)seg = (struct tcp_hdr){.seq = htonl(seq),
						  .ack = htonl(ack),
						  .off = 0x50,
						  .flags = (uint8_t)flags,
						  .window = htons((uint16_t)window)};
	memcpy(seg + 20, data, len);
	dns_stream_input(&w.s, &from, seg, 20 + len, w.now);
}

/* What the peer does: the last thing that we said decides what it acknowledges. */
static void peer_acks(void)
{
	uint32_t end = w.sent[w.n_sent - 1].seq + (uint32_t)w.sent[w.n_sent - 1].len +
		       (w.sent[w.n_sent - 1].flags & (TCP_SYN | TCP_FIN) ? 1 : 0);

	w.ack = end;
	put(1000, w.seq, w.ack, TCP_ACK, 60000, "", 0);
}

static void open_it(void)
{
	put(1000, w.seq++, 0, TCP_SYN, 60000, "", 0);
	assert_int_equal(w.sent[w.n_sent - 1].flags, TCP_SYN | TCP_ACK);
	peer_acks();
}

static void peer_sends(const void *data, size_t len)
{
	put(1000, w.seq, w.ack, TCP_ACK | TCP_PSH, 60000, data, len);
	w.seq += (uint32_t)len;
}

static void question_and_answer(void **state)
{
	(void)state;
	w.answer_len = 100;
	open_it();
	peer_sends("\0\5hello", 7);
	assert_int_equal(w.n_asked, 1);
	assert_int_equal(w.asked_len, 5);
	assert_memory_equal(w.asked, "hello", 5);
	assert_int_equal(w.sent[w.n_sent - 1].len, 102);
	assert_int_equal(w.sent[w.n_sent - 1].ack, w.seq); /* with the answer */
	peer_acks();
	put(1000, w.seq++, w.ack, TCP_ACK | TCP_FIN, 60000, "", 0);
	assert_true(w.sent[w.n_sent - 1].flags & TCP_FIN);
	peer_acks();
	assert_int_equal(w.n_gone, 1);
	assert_false(dns_streams_busy(&w.s));
}

static void in_pieces_and_twice(void **state)
{
	(void)state;
	open_it();
	peer_sends("\0", 1);
	peer_sends("\5hel", 4);
	put(1000, w.seq - 3, w.ack, TCP_ACK, 60000, "hello", 5); /* half of it again */
	w.seq += 2;
	assert_int_equal(w.n_asked, 1);
	assert_memory_equal(w.asked, "hello", 5);
	/* From after a gap: told where to go on. */
	put(1000, w.seq + 10, w.ack, TCP_ACK, 60000, "\0\1x", 3);
	assert_int_equal(w.n_asked, 1);
	assert_int_equal(w.sent[w.n_sent - 1].ack, w.seq);
	/* Two in one segment. */
	peer_sends("\0\1a\0\1b", 6);
	assert_int_equal(w.n_asked, 3);
}

/* 64 KiB of answer under window and slow start, some of it lost. */
static void long_answer_with_loss(void **state)
{
	static uint8_t got[DNS_MSG_MAX + 2];
	unsigned int lost = 0, round = 0, from;
	size_t have = 0;
	uint32_t base;

	(void)state;
	w.answer_len = DNS_MSG_MAX;
	open_it();
	base = w.ack;
	from = w.n_sent;
	peer_sends("\0\1x", 3);
	while (have < sizeof(got) && round++ < 400) {
		for (; from < w.n_sent; from++) {
			if (round < 20 && ++lost % 7 == 0)
				continue;
			if (w.sent[from].seq - base == have) {
				memcpy(got + have, w.sent[from].data, w.sent[from].len);
				have += w.sent[from].len;
			}
		}
		if (w.n_sent > SENT_MAX / 2)
			w.n_sent = from = 0;
		w.ack = base + (uint32_t)have;
		put(1000, w.seq, w.ack, TCP_ACK, 60000, "", 0);
		w.now += 100;
		dns_streams_tick(&w.s, w.now);
	}
	assert_int_equal(have, sizeof(got));
	assert_int_equal(dns_get16(got), DNS_MSG_MAX);
	for (size_t i = 0; i < DNS_MSG_MAX; i++)
		assert_int_equal(got[2 + i], (uint8_t)i);
}

/* RFC 5961 */
static void blind_resets(void **state)
{
	unsigned int before;

	(void)state;
	open_it();
	before = w.n_sent;
	put(1000, w.seq + 100, 0, TCP_RST, 0, "", 0);
	put(1000, w.seq + 100, 0, TCP_SYN, 0, "", 0);
	assert_int_equal(w.n_gone, 0);
	assert_int_equal(w.n_sent, before + 2); /* asked whether that was meant */
	put(1000, w.seq - 100, 0, TCP_RST, 0, "", 0);
	assert_int_equal(w.n_gone, 0);
	put(1000, w.seq, 0, TCP_RST, 0, "", 0);
	assert_int_equal(w.n_gone, 1);
}

static void strangers(void **state)
{
	(void)state;
	put(1000, 77, 99, TCP_ACK, 100, "abc", 3);
	assert_int_equal(w.sent[0].flags, TCP_RST);
	assert_int_equal(w.sent[0].seq, 99);
	put(1000, 77, 0, TCP_RST, 100, "", 0);
	assert_int_equal(w.n_sent, 1);
	/* The third step of the handshake with a guessed number. */
	put(1000, 77, 0, TCP_SYN, 100, "", 0);
	put(1000, 78, 12345, TCP_ACK, 100, "\0\1x", 3);
	assert_int_equal(w.n_asked, 0);
	assert_int_equal(w.sent[w.n_sent - 1].flags, TCP_RST);
}

/* Many connections of one client: its own quietest go, and others keep theirs. */
static void floods_of_connections(void **state)
{
	(void)state;
	open_it();
	for (unsigned int i = 0; i < 500; i++) {
		w.n_sent = 0;
		w.now++;
		put(2000 + i, 1, 0, TCP_SYN, 100, "", 0);
	}
	assert_true(w.s.n <= 1 + DNS_STREAMS_PER_CLIENT);
	w.answer_len = 10;
	w.n_sent = 1;
	peer_sends("\0\1x", 3);
	assert_int_equal(w.n_asked, 1);
}

static void silence_ends_it(void **state)
{
	(void)state;
	open_it();
	for (unsigned int i = 0; i < 300; i++) {
		w.now += 100;
		dns_streams_tick(&w.s, w.now);
	}
	assert_int_equal(w.n_gone, 1);
	assert_false(dns_streams_busy(&w.s));
}

static void too_long_a_question(void **state)
{
	(void)state;
	open_it();
	peer_sends("\xff\xff", 2);
	assert_int_equal(w.n_gone, 1);
	assert_true(w.sent[w.n_sent - 1].flags & TCP_RST);
}

/* Who does not read its answers is sent away when its share of memory is full. */
static void who_does_not_read(void **state)
{
	(void)state;
	w.answer_len = DNS_MSG_MAX;
	open_it();
	put(1000, w.seq, w.ack, TCP_ACK, 0, "\0\1x\0\1x\0\1x", 9);
	assert_int_equal(w.n_asked, 3);
	assert_int_equal(w.n_gone, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(question_and_answer), T(in_pieces_and_twice), T(long_answer_with_loss),
		T(blind_resets),	T(strangers),		T(floods_of_connections),
		T(silence_ends_it),	T(too_long_a_question), T(who_does_not_read),
	};

	return cmocka_run_group_tests_name("dns_stream", tests, NULL, NULL);
}
