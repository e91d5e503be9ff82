/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe_tcp.c - a TCP server without a connection (probe.h has why).
 *
 * Which sequence numbers are ours is a hash of the four ends, so each segment says by itself where
 * its connection is: an acknowledgement of hash + 1 means that nothing was said yet, one beyond
 * that the page was. A request must lie in one segment, which those of tools and checks do.
 */
#include <stdio.h>
#include <string.h>

#include "probe/probe_int.h"

enum { PAGE_MAX = 512 };

static uint32_t first_seq(const struct probe *p, const struct probe_in *in)
{
	const struct tcp_hdr *tcp = (const void *)in->l4;
	struct {
		be32 addr;
		be16 sport, dport;
	} ends = {in->ip->src, tcp->sport, tcp->dport};

	return (uint32_t)hash_bytes(&p->key, &ends, sizeof(ends));
}

size_t probe_tcp_data(const struct probe_in *in, const uint8_t **data)
{
	size_t head = probe_tcp_header((const void *)in->l4);

	*data = in->l4 + head;
	return in->len - head;
}

static void reply(struct probe *p, const struct probe_in *in, uint32_t seq, uint32_t ack,
		  uint8_t flags, const char *text, msec now)
{
	const struct tcp_hdr *tcp = (const void *)in->l4;
	const struct probe_segment s = {tcp->dport, tcp->sport, seq, ack, flags};

	probe_send_tcp(p, in->ip->src, &s, text, text ? strlen(text) : 0, probe_back(p, in), now);
	p->answered++;
}

/* What a page says: whom the probe sees. Returns false when @data asks for none. */
static bool page(const struct probe *p, const struct probe_in *in, const uint8_t *data, size_t len,
		 char out[PAGE_MAX])
{
	bool get = len > 4 && !memcmp(data, "GET ", 4);
	bool head = len > 5 && !memcmp(data, "HEAD ", 5);
	char body[160], addr[IP4_STR];
	int n;

	n = snprintf(body, sizeof(body), "probe of %.60s\nyou are %s\n", p->conf.name,
		     ip4_format(in->ip->src, addr));
	snprintf(out, PAGE_MAX,
		 "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
		 "Connection: close\r\n\r\n%s",
		 n, head ? "" : body);
	return get || head;
}

/* A segment of a connection of ours: @said bytes (and a FIN) it has acknowledged. */
static void in_stream(struct probe *p, const struct probe_in *in, uint32_t first, uint32_t said,
		      msec now)
{
	const struct tcp_hdr *tcp = (const void *)in->l4;
	const uint8_t *data;
	size_t len = probe_tcp_data(in, &data);
	bool fin = tcp->flags & TCP_FIN;
	uint32_t end = ntohl(tcp->seq) + (uint32_t)len + fin;
	char text[PAGE_MAX];

	if (!len && !fin)
		return;
	if (!said && page(p, in, data, len, text))
		reply(p, in, first, end, TCP_ACK | TCP_PSH | TCP_FIN, text, now);
	else if (!said && fin)
		reply(p, in, first, end, TCP_ACK | TCP_FIN, NULL, now);
	else
		reply(p, in, ntohl(tcp->ack), end, TCP_ACK, NULL, now);
}

void probe_serve_tcp(struct probe *p, const struct probe_in *in, msec now)
{
	const struct tcp_hdr *tcp = (const void *)in->l4;
	uint32_t first = first_seq(p, in) + 1, seq = ntohl(tcp->seq);
	uint32_t said = ntohl(tcp->ack) - first;

	if (tcp->flags & TCP_RST)
		return;
	if ((tcp->flags & (TCP_SYN | TCP_ACK | TCP_FIN)) == TCP_SYN)
		reply(p, in, first - 1, seq + 1, TCP_SYN | TCP_ACK, NULL, now);
	else if ((tcp->flags & (TCP_SYN | TCP_ACK)) == TCP_ACK && said <= PAGE_MAX)
		in_stream(p, in, first, said, now);
	else if (tcp->flags & TCP_ACK) /* RFC 9293 3.10.7.1: no such connection */
		reply(p, in, ntohl(tcp->ack), 0, TCP_RST, NULL, now);
}
