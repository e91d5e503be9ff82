/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_dns_stream.c - any segments through the name server's TCP: what it takes is what was sent at
 * that place, what it sends stays inside what it was given, and it ends.
 */
#include <arpa/inet.h>
#include <string.h>

#include "dns/stream.h"
#include "tests/fuzz/fuzz.h"

static struct dns_streams s;
static uint32_t last_seq, last_ack; /* what our side said last */
static unsigned int alive;
static msec now;

static uint64_t get_random(void *ctx)
{
	(void)ctx;
	return 0xfffffff0; /* soon around the corner */
}

static void segment(void *ctx, const struct dns_asker *to, const uint8_t *seg, size_t len)
{
	const struct tcp_hdr *tcp = (const void *)seg;

	(void)ctx;
	(void)to;
	MUST(len >= 20 && len <= 1500);
	if (tcp->flags & TCP_RST)
		return;
	last_seq = ntohl(tcp->seq) + (uint32_t)(len - (tcp->off >> 4) * 4u) +
		   (tcp->flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
	last_ack = ntohl(tcp->ack);
}

static void query(void *ctx, const struct dns_asker *from, const uint8_t *msg, size_t len)
{
	static uint8_t answer[DNS_MSG_MAX];

	(void)ctx;
	MUST(from->stream && len <= DNS_STREAM_IN_MAX - 2);
	/* At once, never, or much. */
	if (len && msg[0] < 128)
		dns_stream_reply(&s, from->stream, answer, msg[0] < 100 ? len : DNS_MSG_MAX, now);
}

static void gone(void *ctx, uint32_t stream)
{
	(void)ctx;
	MUST(stream && alive);
	alive--;
}

static void one(unsigned int what, const uint8_t *b, size_t len)
{
	struct dns_asker from = {.port = (uint16_t)(1 + (what & 1)), .client = what & 1};
	uint8_t seg[20 + 256] = {0};
	struct tcp_hdr *tcp = (void *)seg;
	unsigned int before = s.n;

	if (what & 0x80) {
		now += (what & 0x7f) * 100u;
		dns_streams_tick(&s, now);
		return;
	}
	if (what & 0x40) { /* bytes as they are */
		memcpy(seg, b, MIN(len, sizeof(seg)));
		dns_stream_input(&s, &from, seg, MIN(len, sizeof(seg)), now);
	} else { /* a segment at the right place, or next to it */
		*tcp = (struct tcp_hdr){.seq = htonl(last_ack + (what >> 4 & 1)),
					.ack = htonl(last_seq),
					.off = 0x50,
					.flags = what & 2   ? TCP_SYN
						 : what & 4 ? TCP_ACK | TCP_FIN
							    : TCP_ACK,
					.window = htons(what & 8 ? 100 : 60000)};
		memcpy(seg + 20, b, len);
		dns_stream_input(&s, &from, seg, 20 + len, now);
	}
	alive += s.n > before ? s.n - before : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dns_streams_env env = {
		.random = get_random, .segment = segment, .query = query, .gone = gone};

	dns_streams_init(&s, &env, 1500);
	last_seq = last_ack = alive = 0;
	now = 1000;
	while (size >= 2) {
		size_t len = MIN((size_t)data[1], size - 2);

		one(data[0], data + 2, len);
		data += 2 + len;
		size -= 2 + len;
	}
	/* Who says nothing any more is forgotten. */
	for (unsigned int i = 0; i < 40; i++)
		dns_streams_tick(&s, now += 1000);
	MUST(!dns_streams_busy(&s) && !alive);
	dns_streams_fini(&s);
	return 0;
}
