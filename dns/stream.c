/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/stream_int.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum {
	MSS_DEFAULT = 536,
	MSS_MIN = 64, /* less makes more headers than data */
	RTO_FIRST_MS = 500,
	RTO_MAX_MS = 4000,
	TRIES_MAX = 6
};

/* ---- the table ------------------------------------------------------------------------------- */

void dns_streams_init(struct dns_streams *s, const struct dns_streams_env *env, uint16_t mtu)
{
	memset(s->stream, 0, sizeof(s->stream));
	s->env = *env;
	s->mtu = mtu;
	s->n = s->next_id = 0;
}

static void drop(struct dns_streams *s, struct dns_stream *c)
{
	uint32_t id = c->peer.stream;

	if (c->state == STREAM_FREE)
		return;
	free(c->in);
	free(c->out);
	memset(c, 0, sizeof(*c));
	s->n--;
	s->env.gone(s->env.ctx, id);
}

void dns_streams_fini(struct dns_streams *s)
{
	for (unsigned int i = 0; i < DNS_STREAMS; i++)
		drop(s, &s->stream[i]);
}

static struct dns_stream *find(struct dns_streams *s, const struct dns_asker *a)
{
	for (unsigned int i = 0; i < DNS_STREAMS; i++) {
		struct dns_stream *c = &s->stream[i];

		if (c->state != STREAM_FREE && c->peer.port == a->port &&
		    ip_addr_equal(&c->peer.addr, &a->addr) && ip_addr_equal(&c->peer.to, &a->to))
			return c;
	}
	return NULL;
}

/* The quietest of @client, if it has its share; else a free one, else the quietest of those that
 * are not open yet, else of all. */
static struct dns_stream *make_room(struct dns_streams *s, uint32_t client)
{
	struct dns_stream *unused = NULL, *own = NULL, *half = NULL, *quiet = s->stream;
	unsigned int n_own = 0;

	for (struct dns_stream *c = s->stream; c < s->stream + DNS_STREAMS; c++) {
		if (c->state == STREAM_FREE) {
			unused = c;
			continue;
		}
		if (c->peer.client == client && (!n_own++ || c->heard_ms < own->heard_ms))
			own = c;
		if (c->state == STREAM_SYN && (!half || c->heard_ms < half->heard_ms))
			half = c;
		if (c->heard_ms < quiet->heard_ms)
			quiet = c;
	}
	if (n_own >= DNS_STREAMS_PER_CLIENT)
		return own;
	return unused ? unused : half ? half : quiet;
}

/* ---- answers ------------------------------------------------------------------------------ */

void dns_stream_reply(struct dns_streams *s, uint32_t id, const uint8_t *msg, size_t len, msec now)
{
	struct dns_stream *c = &s->stream[id % DNS_STREAMS];

	if (c->state != STREAM_OPEN || c->peer.stream != id)
		return;
	c->questions -= c->questions ? 1 : 0;
	if (!c->out)
		c->out = malloc(DNS_STREAM_OUT_MAX);
	if (!c->out || len + 2 > DNS_STREAM_OUT_MAX - c->out_len) {
		dns_stream_send(s, c, c->snd_nxt, TCP_RST, NULL, 0); /* it does not read */
		drop(s, c);
		return;
	}
	dns_set16(c->out + c->out_len, (unsigned int)len);
	memcpy(c->out + c->out_len + 2, msg, len);
	c->out_len += len + 2;
	dns_stream_push(s, c, now);
}

/* ---- in -------------------------------------------------------------------------------------- */

struct segment {
	const struct tcp_hdr *tcp;
	uint32_t seq, ack;
	unsigned int flags, window;
	const uint8_t *data;
	size_t len;
};

static uint16_t peer_mss(const struct tcp_hdr *tcp, uint16_t most)
{
	const uint8_t *at = (const uint8_t *)(tcp + 1);
	const uint8_t *end = (const uint8_t *)tcp + (tcp->off >> 4) * 4u;
	unsigned int mss = MSS_DEFAULT;

	while (at < end && *at) {
		size_t n = *at == 1 ? 1 : end - at > 1 ? at[1] : 0;

		if (!n || n > (size_t)(end - at) || (*at != 1 && n < 2))
			break;
		if (*at == STREAM_MSS_OPTION && n == 4)
			mss = dns_get16(at + 2);
		at += n;
	}
	return (uint16_t)MIN(MAX(mss, (unsigned int)MSS_MIN), most);
}

static void open_stream(struct dns_streams *s, const struct dns_asker *from,
			const struct segment *seg, msec now)
{
	struct dns_stream *c = make_room(s, from->client);

	drop(s, c);
	c->in = malloc(DNS_STREAM_IN_MAX);
	if (!c->in)
		return;
	s->n++;
	s->next_id += DNS_STREAMS;
	c->state = STREAM_SYN;
	c->peer = *from;
	c->peer.stream = s->next_id + (uint32_t)(c - s->stream);
	if (!c->peer.stream)
		c->peer.stream += s->next_id += DNS_STREAMS;
	c->rcv_nxt = seg->seq + 1;
	c->snd_una = c->snd_nxt = (uint32_t)s->env.random(s->env.ctx);
	c->mss = peer_mss(seg->tcp, (uint16_t)(s->mtu - STREAM_HEADERS));
	c->cwnd = 10u * c->mss; /* RFC 6928 */
	c->wnd = seg->window;
	c->rto_ms = RTO_FIRST_MS;
	c->resend_ms = now + c->rto_ms;
	c->heard_ms = now;
	dns_stream_send_syn(s, c);
}

/* Take complete questions out of what has come. */
static void take_questions(struct dns_streams *s, struct dns_stream *c)
{
	uint32_t id = c->peer.stream;
	size_t len;

	while (c->in_len >= 2 && c->questions < DNS_STREAM_QUESTIONS) {
		len = 2 + (size_t)dns_get16(c->in);
		if (len > DNS_STREAM_IN_MAX) {
			dns_stream_send(s, c, c->snd_nxt, TCP_RST, NULL, 0);
			drop(s, c);
			return;
		}
		if (c->in_len < len)
			return;
		c->questions++;
		s->env.query(s->env.ctx, &c->peer, c->in + 2, len - 2);
		if (c->state != STREAM_OPEN || c->peer.stream != id)
			return; /* the answer was too much for it */
		memmove(c->in, c->in + len, c->in_len - len);
		c->in_len -= len;
	}
}

/* What of the segment comes next. True: it carried something, which wants an answer. */
static bool take_data(struct dns_stream *c, const struct segment *seg)
{
	uint32_t old = c->rcv_nxt - seg->seq; /* what we have of it already */
	bool fin = seg->flags & TCP_FIN;
	size_t n;

	if (!seg->len && !fin)
		return false;
	if (old > seg->len || c->peer_done) /* from before, or from after a gap */
		return true;
	n = MIN(seg->len - old, DNS_STREAM_IN_MAX - c->in_len);
	memcpy(c->in + c->in_len, seg->data + old, n);
	c->in_len += n;
	c->rcv_nxt += (uint32_t)n;
	if (fin && old + n == seg->len) {
		c->rcv_nxt++;
		c->peer_done = true;
	}
	return true;
}

/* False: it acknowledges what was never sent. */
static bool take_ack(struct dns_stream *c, const struct segment *seg, msec now)
{
	uint32_t n = seg->ack - c->snd_una;
	size_t data = MIN((size_t)n, dns_stream_under_way(c)); /* a FIN is not in the buffer */

	if (n > c->snd_nxt - c->snd_una)
		return (int32_t)n < 0; /* an old one */
	c->wnd = seg->window;
	if (!n)
		return true;
	if (data) /* before the first answer there is no buffer */
		memmove(c->out, c->out + data, c->out_len - data);
	c->out_len -= data;
	c->snd_una = seg->ack;
	c->cwnd += c->mss;
	c->tries = 0;
	c->rto_ms = RTO_FIRST_MS;
	c->resend_ms = c->snd_nxt != c->snd_una ? now + c->rto_ms : 0;
	return true;
}

/* RFC 5961 3.2, 4.2: who is not exactly right is asked. True: dealt with. */
static bool input_reset_or_syn(struct dns_streams *s, struct dns_stream *c,
			       const struct segment *seg)
{
	if (seg->flags & TCP_RST) {
		if (seg->seq == c->rcv_nxt)
			drop(s, c);
		else if (seg->seq - c->rcv_nxt < DNS_STREAM_IN_MAX)
			dns_stream_send(s, c, c->snd_nxt, 0, NULL, 0);
		return true;
	}
	if (!(seg->flags & TCP_SYN))
		return !(seg->flags & TCP_ACK);
	if (c->state == STREAM_SYN && seg->seq + 1 == c->rcv_nxt)
		dns_stream_send_syn(s, c);
	else
		dns_stream_send(s, c, c->snd_nxt, 0, NULL, 0);
	return true;
}

static void input(struct dns_streams *s, struct dns_stream *c, const struct segment *seg, msec now)
{
	uint32_t id = c->peer.stream, was;
	bool answer;

	if (input_reset_or_syn(s, c, seg))
		return;
	if (c->state == STREAM_SYN && seg->ack != c->snd_una) {
		dns_stream_send_reset(s, &c->peer, seg->tcp, seg->len);
		return;
	}
	if (c->state == STREAM_SYN) {
		c->state = STREAM_OPEN;
		c->resend_ms = 0;
		c->tries = 0;
	}
	c->heard_ms = now;
	if (!take_ack(c, seg, now)) {
		dns_stream_send(s, c, c->snd_nxt, 0, NULL, 0);
		return;
	}
	if (c->fin_sent && c->snd_una == c->snd_nxt && c->peer_done) {
		drop(s, c);
		return;
	}
	answer = take_data(c, seg);
	was = c->snd_nxt;
	take_questions(s, c);
	if (c->state != STREAM_OPEN || c->peer.stream != id)
		return;
	dns_stream_push(s, c, now);
	if (answer && c->snd_nxt == was)
		dns_stream_send(s, c, c->snd_nxt, 0, NULL, 0);
	if (c->fin_sent && c->snd_una == c->snd_nxt && c->peer_done)
		drop(s, c);
}

void dns_stream_input(struct dns_streams *s, const struct dns_asker *from, const uint8_t *segment,
		      size_t len, msec now)
{
	const struct tcp_hdr *tcp = (const void *)segment;
	size_t hdr = len < STREAM_HDR ? 0 : (tcp->off >> 4) * 4u;
	struct dns_stream *c = find(s, from);
	struct segment seg;

	if (hdr < STREAM_HDR || hdr > len || !from->port)
		return;
	seg = (struct segment){.tcp = tcp,
			       .seq = ntohl(tcp->seq),
			       .ack = ntohl(tcp->ack),
			       .flags = tcp->flags,
			       .window = ntohs(tcp->window),
			       .data = segment + hdr,
			       .len = len - hdr};
	if (c)
		input(s, c, &seg, now);
	else if ((seg.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
		open_stream(s, from, &seg, now);
	else if (!(seg.flags & TCP_RST))
		dns_stream_send_reset(s, from, tcp, seg.len);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* RFC 5681 3.1: what is out is lost; begin again from the first, one at a time. */
static void resend(struct dns_streams *s, struct dns_stream *c, msec now)
{
	if (++c->tries > TRIES_MAX) {
		drop(s, c);
		return;
	}
	c->rto_ms = MIN(2 * c->rto_ms, (msec)RTO_MAX_MS);
	c->resend_ms = now + c->rto_ms;
	if (c->state == STREAM_SYN) {
		dns_stream_send_syn(s, c);
		return;
	}
	c->snd_nxt = c->snd_una;
	c->fin_sent = false;
	c->cwnd = c->mss;
	c->wnd = MAX(c->wnd, c->mss);
	dns_stream_push(s, c, now);
}

void dns_streams_tick(struct dns_streams *s, msec now)
{
	for (struct dns_stream *c = s->stream; c < s->stream + DNS_STREAMS; c++) {
		if (c->state == STREAM_FREE)
			continue;
		if (c->resend_ms && now >= c->resend_ms) {
			resend(s, c, now);
		} else if (now - c->heard_ms >= 2 * DNS_STREAM_IDLE_MS) {
			drop(s, c);
		} else if (c->state == STREAM_OPEN && !c->ending && !c->questions && !c->out_len &&
			   now - c->heard_ms >= DNS_STREAM_IDLE_MS) {
			c->ending = true;
			dns_stream_push(s, c, now);
		}
	}
}
