/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream_out.c - segments to the peer: an answer's, as window and slow start let them, and the
 * rest.
 */
#include "dns/stream_int.h"

#include <arpa/inet.h>
#include <string.h>

enum { WINDOW_MAX = 32 /* segments under way: what a port's ring takes in one burst */ };

static void put_header(uint8_t *seg, const struct dns_asker *to, uint32_t seq, uint32_t ack,
		       unsigned int flags, unsigned int window, size_t hdr)
{
	struct tcp_hdr *tcp = (void *)seg;

	*tcp = (struct tcp_hdr){.sport = htons(53),
				.dport = htons(to->port),
				.seq = htonl(seq),
				.ack = htonl(ack),
				.off = (uint8_t)(hdr / 4 << 4),
				.flags = (uint8_t)flags,
				.window = htons((uint16_t)window)};
}

void dns_stream_send_reset(struct dns_streams *s, const struct dns_asker *to,
			   const struct tcp_hdr *in, size_t data)
{
	uint8_t seg[STREAM_HDR];
	bool acks = in->flags & TCP_ACK;
	uint32_t end = ntohl(in->seq) + (uint32_t)data + (in->flags & TCP_SYN ? 1 : 0) +
		       (in->flags & TCP_FIN ? 1 : 0);

	put_header(seg, to, acks ? ntohl(in->ack) : 0, acks ? 0 : end,
		   TCP_RST | (acks ? 0 : TCP_ACK), 0, STREAM_HDR);
	s->env.segment(s->env.ctx, to, seg, STREAM_HDR);
}

void dns_stream_send(struct dns_streams *s, const struct dns_stream *c, uint32_t seq,
		     unsigned int flags, const uint8_t *data, size_t len)
{
	uint8_t *seg = s->segment; /* an MTU's worth at most */

	put_header(seg, &c->peer, seq, c->rcv_nxt, flags | TCP_ACK,
		   (unsigned int)(DNS_STREAM_IN_MAX - c->in_len), STREAM_HDR);
	if (len)
		memcpy(seg + STREAM_HDR, data, len);
	s->env.segment(s->env.ctx, &c->peer, seg, STREAM_HDR + len);
}

void dns_stream_send_syn(struct dns_streams *s, const struct dns_stream *c)
{
	uint8_t seg[STREAM_HDR + 4];

	put_header(seg, &c->peer, c->snd_una - 1, c->rcv_nxt, TCP_SYN | TCP_ACK, DNS_STREAM_IN_MAX,
		   sizeof(seg));
	seg[STREAM_HDR] = STREAM_MSS_OPTION;
	seg[STREAM_HDR + 1] = 4;
	dns_set16(seg + STREAM_HDR + 2, s->mtu - STREAM_HEADERS);
	s->env.segment(s->env.ctx, &c->peer, seg, sizeof(seg));
}

size_t dns_stream_under_way(const struct dns_stream *c)
{
	return c->snd_nxt - c->snd_una - (c->fin_sent && c->snd_nxt != c->snd_una ? 1 : 0);
}

/* Is nothing more to be said but FIN? */
static bool is_over(const struct dns_stream *c)
{
	return c->ending || (c->peer_done && !c->questions);
}

bool dns_stream_push(struct dns_streams *s, struct dns_stream *c, msec now)
{
	size_t limit = MIN(MIN(c->wnd, c->cwnd), (uint32_t)WINDOW_MAX * c->mss), flight, n;
	bool sent = false;

	while ((flight = dns_stream_under_way(c)) < c->out_len && flight < limit && !c->fin_sent) {
		n = MIN(MIN(c->out_len - flight, limit - flight), c->mss);
		dns_stream_send(s, c, c->snd_nxt, flight + n == c->out_len ? TCP_PSH : 0,
				c->out + flight, n);
		c->snd_nxt += (uint32_t)n;
		sent = true;
	}
	if (is_over(c) && !c->fin_sent && dns_stream_under_way(c) == c->out_len) {
		dns_stream_send(s, c, c->snd_nxt, TCP_FIN, NULL, 0);
		c->snd_nxt++;
		c->fin_sent = sent = true;
	}
	/* With the window shut, the timer asks whether it is still. */
	if ((sent || c->out_len) && !c->resend_ms)
		c->resend_ms = now + c->rto_ms;
	return sent;
}
