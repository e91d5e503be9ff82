/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe_ask.c - questions of the probe: who is there, and what does it say?
 *
 * A question looks for the MAC address first (of the target, or of the router), then sends, and
 * sends again until something answers or its time is over. A connection goes on from SYN to open;
 * a page is taken in order, anything else is left to the peer to send again. Every connection ends
 * at once when the question is over: what the peer says later meets an RST, as no such connection.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/probe_int.h"

enum { EPHEMERAL = 49152 /* RFC 6335 6 */ };

const char *const probe_kind_words[] = {"ping", "udp", "tcp", "http", NULL};
const char *const probe_result_words[] = {"answered", "silent",	     "nobody", "no-route",
					  "refused",  "unreachable", NULL};

enum ask_state { ASK_RESOLVE, ASK_SENT, ASK_OPEN };

struct probe_ask {
	bool used;
	void *who;
	enum ask_state state;
	enum probe_kind kind;
	be32 to;
	be16 sport, dport; /* PING: sport is its identifier */
	uint16_t bytes;
	msec begun_ms, end_ms, again_ms;
	struct mac via;
	uint32_t snd, rcv; /* TCP: the next byte of either side */
	char text[PROBE_PATH_MAX + 1];
	size_t len; /* of the page so far */
	char page[PROBE_PAGE_MAX + 1];
};

#define each_ask(p, a)                                                                             \
	(struct probe_ask *a = (p)->asks; a && a < (p)->asks + PROBE_ASKS; a++) if (a->used)

void probe_fini(struct probe *p)
{
	for
		each_ask(p, a) p->env.done(p->env.ctx, a->who, NULL);
	free(p->asks);
	p->asks = NULL;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What follows the header, which an empty line ends. */
static const char *page_body(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n"), *bare = strstr(text, "\n\n");

	if (end)
		return end + 4;
	return bare ? bare + 2 : "";
}

static int page_status(const char *text)
{
	if (strncmp(text, "HTTP/1.", 7) != 0 || strlen(text) < 12 || text[8] != ' ')
		return 0;
	return atoi((char[]){text[9], text[10], text[11], 0});
}

static void finish(struct probe *p, struct probe_ask *a, enum probe_result result, msec now)
{
	struct probe_answer answer = {.result = result, .ms = (unsigned int)(now - a->begun_ms)};

	if (a->kind == PROBE_HTTP && a->len) {
		a->page[a->len] = 0;
		answer.status = page_status(a->page);
		answer.page = page_body(a->page);
	}
	p->env.done(p->env.ctx, a->who, &answer);
	a->used = false;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void send_ping(struct probe *p, const struct probe_ask *a, msec now)
{
	struct probe_out out;
	struct icmp_hdr *icmp = probe_l4(&out);
	uint8_t *data = (uint8_t *)(icmp + 1);

	*icmp = (struct icmp_hdr){.type = ICMP_ECHO_, .echo = {.id = a->sport}};
	for (unsigned int i = 0; i < a->bytes; i++)
		data[i] = (uint8_t)(a->snd >> i % 4 * 8);
	probe_send(p, &out, a->to, IPPROTO_ICMP_, sizeof(*icmp) + a->bytes, &a->via, now);
}

static void send_udp(struct probe *p, const struct probe_ask *a, msec now)
{
	struct probe_out out;
	struct udp_hdr *udp = probe_l4(&out);
	size_t len = strlen(a->text);

	*udp = (struct udp_hdr){a->sport, a->dport, htons((uint16_t)(sizeof(*udp) + len)), 0};
	memcpy(udp + 1, a->text, len);
	probe_send(p, &out, a->to, IPPROTO_UDP_, sizeof(*udp) + len, &a->via, now);
}

static void send_tcp(struct probe *p, const struct probe_ask *a, uint8_t flags, const char *data,
		     msec now)
{
	const struct probe_segment s = {a->sport, a->dport, a->snd, a->rcv, flags};

	probe_send_tcp(p, a->to, &s, data, data ? strlen(data) : 0, &a->via, now);
}

static void send_request(struct probe *p, const struct probe_ask *a, msec now)
{
	char text[PROBE_PATH_MAX + 100], addr[IP4_STR];

	snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n",
		 a->text, ip4_format(a->to, addr));
	send_tcp(p, a, TCP_ACK | TCP_PSH, text, now);
}

static void send_ask(struct probe *p, struct probe_ask *a, msec now)
{
	a->again_ms = now + PROBE_AGAIN_MS;
	if (a->state == ASK_RESOLVE)
		probe_arp(p, ARP_REQUEST, probe_near(p, a->to) ? a->to : p->conf.router, NULL);
	else if (a->kind == PROBE_PING)
		send_ping(p, a, now);
	else if (a->kind == PROBE_UDP)
		send_udp(p, a, now);
	else if (a->state == ASK_SENT)
		send_tcp(p, a, TCP_SYN, NULL, now);
	else if (!a->len)
		send_request(p, a, now);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static struct probe_ask *free_ask(struct probe *p)
{
	if (!p->asks)
		p->asks = calloc(PROBE_ASKS, sizeof(*p->asks));
	for (size_t i = 0; p->asks && i < PROBE_ASKS; i++)
		if (!p->asks[i].used)
			return &p->asks[i];
	return NULL;
}

static int check(const struct probe *p, const struct probe_question *q, struct err *err)
{
	size_t len = q->text ? strlen(q->text) : 0;
	uint8_t first = (uint8_t)(ntohl(q->to) >> 24);

	if (!first || first == 127 || first >= 224 || q->to == p->conf.addr.addr)
		return err_set(err, -EINVAL, "that is no host's address, or the probe's own");
	if (q->kind != PROBE_PING && !q->port)
		return err_set(err, -EINVAL, "a port from 1 to 65535 is wanted");
	if (q->kind == PROBE_PING && (q->bytes < 8 || q->bytes > PROBE_PING_MAX))
		return err_set(err, -EINVAL, "a ping has 8 to %d bytes", PROBE_PING_MAX);
	if (len > PROBE_PATH_MAX)
		return err_set(err, -EINVAL, "a text has at most %d bytes", PROBE_PATH_MAX);
	for (size_t i = 0; i < len; i++)
		if (q->kind == PROBE_HTTP && (q->text[i] <= ' ' || q->text[i] >= 0x7f))
			return err_set(err, -EINVAL,
				       "a path is of printable ASCII: write %%20 for a blank");
	if (q->kind == PROBE_HTTP && (!len || q->text[0] != '/'))
		return err_set(err, -EINVAL, "a path begins with /");
	if (!q->timeout_ms || q->timeout_ms > PROBE_TIMEOUT_MAX_MS)
		return err_set(err, -EINVAL, "the time is from 1 to %d ms", PROBE_TIMEOUT_MAX_MS);
	return 0;
}

int probe_ask(struct probe *p, const struct probe_question *q, msec now, struct err *err)
{
	struct probe_ask *a;
	uint16_t port;
	int rc = check(p, q, err);

	if (rc)
		return rc;
	a = free_ask(p);
	if (!a)
		return err_set(err, -EBUSY, "%d questions are under way already", PROBE_ASKS);
	memset(a, 0, sizeof(*a));
	a->used = true;
	a->who = q->who;
	p->asked++;
	a->kind = q->kind;
	a->to = q->to;
	a->dport = htons(q->port);
	a->bytes = q->bytes;
	snprintf(a->text, sizeof(a->text), "%s", q->text ? q->text : "");
	a->begun_ms = now;
	a->end_ms = now + q->timeout_ms;
	p->env.random(p->env.ctx, &port, sizeof(port));
	p->env.random(p->env.ctx, &a->snd, sizeof(a->snd));
	a->sport = htons((uint16_t)(EPHEMERAL | (port & 0x3fff)));
	if (!probe_near(p, a->to) && !p->conf.router)
		finish(p, a, PROBE_NO_ROUTE, now);
	else
		send_ask(p, a, now);
	return 0;
}

msec probe_tick(struct probe *p, msec now)
{
	msec next = 0;

	for
		each_ask(p, a)
		{
			if (now >= a->end_ms) {
				finish(p, a, a->state == ASK_RESOLVE ? PROBE_NOBODY : PROBE_SILENT,
				       now);
				continue;
			}
			if (now >= a->again_ms)
				send_ask(p, a, now);
			if (!next || MIN(a->again_ms, a->end_ms) < next)
				next = MIN(a->again_ms, a->end_ms);
		}
	return next;
}

/* ---- answers --------------------------------------------------------------------------------- */

void probe_asked_arp(struct probe *p, be32 addr, const struct mac *mac, msec now)
{
	for
		each_ask(p, a)
		{
			be32 hop = probe_near(p, a->to) ? a->to : p->conf.router;

			if (a->state != ASK_RESOLVE || hop != addr)
				continue;
			a->via = *mac;
			a->state = ASK_SENT;
			send_ask(p, a, now);
		}
}

/* An ICMP error carries the header and 8 bytes of what it is about (RFC 792). */
static bool asked_error(struct probe *p, const struct probe_in *in, msec now)
{
	const struct icmp_hdr *icmp = (const void *)in->l4;
	const struct ip4_hdr *ip = (const void *)(icmp + 1);
	static const uint8_t protos[] = {[PROBE_PING] = IPPROTO_ICMP_,
					 [PROBE_UDP] = IPPROTO_UDP_,
					 [PROBE_TCP] = IPPROTO_TCP_,
					 [PROBE_HTTP] = IPPROTO_TCP_};
	const uint8_t *l4;
	bool refused = icmp->type == ICMP_UNREACH_ && icmp->code == ICMP_PORT_UNREACH_;

	if (in->len < sizeof(*icmp) + sizeof(*ip) + 8 || ip4_ihl(ip) != sizeof(*ip))
		return true;
	l4 = (const uint8_t *)(ip + 1);
	for
		each_ask(p, a)
		{
			bool ping = a->kind == PROBE_PING;

			if (a->state != ASK_SENT || ip->dst != a->to ||
			    ip->proto != protos[a->kind] ||
			    memcmp(l4 + (ping ? 4 : 0), &a->sport, sizeof(a->sport)) != 0)
				continue;
			finish(p, a, refused ? PROBE_REFUSED : PROBE_UNREACHABLE, now);
			break;
		}
	return true;
}

bool probe_asked_icmp(struct probe *p, const struct probe_in *in, msec now)
{
	const struct icmp_hdr *icmp = (const void *)in->l4;
	const uint8_t *data = (const uint8_t *)(icmp + 1);

	if (icmp->type == ICMP_UNREACH_ || icmp->type == ICMP_TIMXCEED_ ||
	    icmp->type == ICMP_PARAMPROB_)
		return asked_error(p, in, now);
	if (icmp->type != ICMP_ECHOREPLY_)
		return false;
	for
		each_ask(p, a)
		{
			unsigned int i = 0;

			if (a->kind != PROBE_PING || a->state != ASK_SENT || in->ip->src != a->to ||
			    icmp->echo.id != a->sport || in->len != sizeof(*icmp) + a->bytes)
				continue;
			while (i < a->bytes && data[i] == (uint8_t)(a->snd >> i % 4 * 8))
				i++;
			if (i == a->bytes) {
				finish(p, a, PROBE_ANSWERED, now);
				break;
			}
		}
	return true;
}

/* The question whose ends a datagram or segment has. */
static struct probe_ask *ask_of(struct probe *p, const struct probe_in *in, bool udp)
{
	const struct udp_hdr *ports = (const void *)in->l4;

	for
		each_ask(p, a) if (a->to == in->ip->src && a->sport == ports->dport &&
				   a->dport == ports->sport && a->state != ASK_RESOLVE &&
				   a->kind != PROBE_PING && (a->kind == PROBE_UDP) == udp) return a;
	return NULL;
}

bool probe_asked_udp(struct probe *p, const struct probe_in *in, msec now)
{
	struct probe_ask *a = ask_of(p, in, true);

	if (a)
		finish(p, a, PROBE_ANSWERED, now);
	return a != NULL;
}

/* The SYN was answered: a connection is all that is wanted, or ask for the page. */
static void opened(struct probe *p, struct probe_ask *a, uint32_t seq, msec now)
{
	a->state = ASK_OPEN;
	a->rcv = seq + 1;
	a->snd++;
	if (a->kind == PROBE_HTTP) {
		send_ask(p, a, now);
		return;
	}
	send_tcp(p, a, TCP_ACK, NULL, now);
	send_tcp(p, a, TCP_RST | TCP_ACK, NULL, now);
	finish(p, a, PROBE_ANSWERED, now);
}

static void take_page(struct probe *p, struct probe_ask *a, const struct probe_in *in, msec now)
{
	const struct tcp_hdr *tcp = (const void *)in->l4;
	const uint8_t *data;
	size_t len = probe_tcp_data(in, &data);
	bool fin = tcp->flags & TCP_FIN;
	size_t take;

	if (!len && !fin)
		return;
	/* RFC 9293 3.10.7.4: what is not next is answered by what is, as our ACK may be lost. */
	if (ntohl(tcp->seq) != a->rcv) {
		send_tcp(p, a, TCP_ACK, NULL, now);
		return;
	}
	take = MIN(len, PROBE_PAGE_MAX - a->len);
	memcpy(a->page + a->len, data, take);
	a->len += take;
	a->rcv += (uint32_t)len + fin;
	a->snd = ntohl(tcp->ack);
	if (!fin && a->len < PROBE_PAGE_MAX) {
		send_tcp(p, a, TCP_ACK, NULL, now);
		return;
	}
	send_tcp(p, a, TCP_RST | TCP_ACK, NULL, now);
	finish(p, a, PROBE_ANSWERED, now);
}

bool probe_asked_tcp(struct probe *p, const struct probe_in *in, msec now)
{
	const struct tcp_hdr *tcp = (const void *)in->l4;
	struct probe_ask *a = ask_of(p, in, false);
	bool rst = tcp->flags & TCP_RST, syn = tcp->flags & TCP_SYN, ack = tcp->flags & TCP_ACK;

	if (!a)
		return false;
	if (a->state == ASK_SENT && ack && ntohl(tcp->ack) == a->snd + 1) {
		if (rst)
			finish(p, a, PROBE_REFUSED, now);
		else if (syn)
			opened(p, a, ntohl(tcp->seq), now);
	} else if (a->state == ASK_OPEN && rst) {
		/* RFC 9293 3.10.7.4: one that is not next is dropped, never answered. */
		if (ntohl(tcp->seq) == a->rcv)
			finish(p, a, a->len ? PROBE_ANSWERED : PROBE_REFUSED, now);
	} else if (a->state == ASK_OPEN && ack && !syn) {
		take_page(p, a, in, now);
	}
	return true;
}
