/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream.h - questions by TCP (RFC 7766), answered from segments, sans I/O.
 *
 * Theory of operation. A network's name server has no socket, since the network has no place in the
 * host's stack (an internal one), or shares it with the host's own services; so here is as much of
 * TCP (RFC 9293) as a server needs that never opens a connection itself. It takes data in order
 * only (what comes out of order is asked for again by an acknowledgement), sends with go-back-N
 * under the peer's window and slow start (RFC 5681), believes a RST or SYN only at the exact place
 * (RFC 5961), and offers no options but the segment size. A switch in one machine loses a segment
 * only when a lesson wants it to; then it takes a retransmission longer.
 *
 * Questions may follow each other without waiting, and are answered in any order. A connection ends
 * when the peer ends it, or after DNS_STREAM_IDLE_MS without a question.
 *
 * Bounds: DNS_STREAMS connections, DNS_STREAMS_PER_CLIENT for one client, of which the one that was
 * quiet longest makes room; one question of DNS_STREAM_IN_MAX bytes and DNS_STREAM_OUT_MAX bytes of
 * answers each. Buffers are made when a connection is, and go with it.
 */
#ifndef DNS_STREAM_H
#define DNS_STREAM_H

#include "dns/proxy.h"

enum {
	DNS_STREAMS = 64,
	DNS_STREAMS_PER_CLIENT = 16,
	DNS_STREAM_IN_MAX = 4096, /* a question with all its options is far shorter */
	DNS_STREAM_OUT_MAX = 2 * (2 + DNS_MSG_MAX),
	DNS_STREAM_QUESTIONS = 64, /* of one connection under way */
	DNS_STREAM_IDLE_MS = 10000
};

struct dns_streams_env {
	void *ctx;
	uint64_t (*random)(void *ctx);
	/* Send a segment, header without checksum and data, to @to. */
	void (*segment)(void *ctx, const struct dns_asker *to, const uint8_t *segment, size_t len);
	/* A question came; its answer goes to dns_stream_reply(), perhaps at once. */
	void (*query)(void *ctx, const struct dns_asker *from, const uint8_t *msg, size_t len);
	/* The connection is gone. */
	void (*gone)(void *ctx, uint32_t stream);
};

enum dns_stream_state { STREAM_FREE, STREAM_SYN, STREAM_OPEN };

struct dns_stream {
	enum dns_stream_state state;
	struct dns_asker peer; /* with the stream's id */
	uint32_t rcv_nxt, snd_una, snd_nxt;
	uint32_t wnd, cwnd;
	uint16_t mss;
	bool peer_done, ending, fin_sent;
	unsigned int questions, tries;
	msec rto_ms, resend_ms, heard_ms; /* resend_ms: 0: nothing is out */
	size_t in_len, out_len;		  /* out[0] is the byte of snd_una */
	uint8_t *in, *out;
};

struct dns_streams {
	struct dns_streams_env env;
	uint16_t mtu;
	unsigned int n;
	uint32_t next_id;
	struct dns_stream stream[DNS_STREAMS];
	uint8_t segment[65535]; /* that is being made */
};

void dns_streams_init(struct dns_streams *s, const struct dns_streams_env *env, uint16_t mtu);
void dns_streams_fini(struct dns_streams *s);
/* A segment for port 53: header and data, whose lengths and checksum are right. */
void dns_stream_input(struct dns_streams *s, const struct dns_asker *from, const uint8_t *segment,
		      size_t len, msec now);
/* Answer a question of connection @id; nothing when it is gone. */
void dns_stream_reply(struct dns_streams *s, uint32_t id, const uint8_t *msg, size_t len, msec now);
/* Every few ten milliseconds while dns_streams_busy(). */
void dns_streams_tick(struct dns_streams *s, msec now);
static inline bool dns_streams_busy(const struct dns_streams *s)
{
	return s->n > 0;
}

#endif
