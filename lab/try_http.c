/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try_http.c - a page is fetched, and what counts is what the switch saw of it: the stream towards
 * the node, put together in order.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/probe.h"
#include "lab/try.h"

enum { PAGE_MAX = 64 << 10 };

/* One TCP stream towards the node: its bytes in order. */
struct page {
	char *text;
	size_t len;
	uint32_t next; /* sequence number */
	bool begun;
};

/* Of the IP header, and of the packet as it says; 0 where it says none. */
static bool ip_lengths(const uint8_t *frame, size_t *ihl, size_t *total)
{
	const uint8_t *ip = frame + 14;

	if (frame[12] == 0x86 && frame[13] == 0xdd && ip[6] == 6) { /* RFC 8200 3, TCP at once */
		*ihl = 40;
		*total = ip[4] | ip[5] ? 40 + (size_t)(ip[4] << 8 | ip[5]) : 0;
		return true;
	}
	*ihl = (size_t)(ip[0] & 15) * 4;
	*total = (size_t)(ip[2] << 8 | ip[3]);
	return frame[12] == 8 && !frame[13] && *ihl >= 20;
}

static void page_frame(void *ctx, const struct pcapng_packet *packet, bool in)
{
	const uint8_t *frame = packet->data, *ip = frame + 14, *tcp;
	size_t len = packet->caplen, ihl, head, total, n;
	struct page *p = ctx;
	uint32_t seq;

	if (in || !p->text || len < 54 || !ip_lengths(frame, &ihl, &total) || 14 + ihl + 20 > len)
		return;
	tcp = ip + ihl;
	head = ihl + (size_t)(tcp[12] >> 4) * 4;
	/* A frame that is still to be cut may have no length of its own. */
	total = total && total <= len - 14 ? total : len - 14;
	if (head > total)
		return;
	memcpy(&seq, tcp + 4, sizeof(seq));
	seq = ntohl(seq);
	if (tcp[13] & 2) { /* SYN */
		p->begun = true;
		p->next = seq + 1;
		return;
	}
	n = MIN(total - head, PAGE_MAX - p->len);
	if (!p->begun || seq != p->next)
		return;
	memcpy(p->text + p->len, ip + head, n);
	p->len += n;
	p->next = seq + (uint32_t)(total - head);
}

/* "http://lan/x" with a node's name for its host: the node's address instead. */
static char *resolve_host(struct try *t, char *url, char addr[static IP_ADDR_STR],
			  unsigned int *port)
{
	bool six = url[7] == '[';
	size_t len = six ? strcspn(url + 7, "]") + (strchr(url + 7, ']') != NULL)
			 : strcspn(url + 7, ":/");
	char name[NAME_MAX_ + 1], *full;
	struct ip_net a;

	snprintf(name, sizeof(name), "%.*s", (int)len, url + 7);
	*addr = 0;
	*port = url[7 + len] == ':' ? (unsigned int)strtoul(url + 8 + len, NULL, 10) : 80;
	if (len > NAME_MAX_ ||
	    (!lab_node_find(t->r->lab, name) && !lab_probe_net(t->r->lab, name))) {
		if (six && len > 2 && len <= NAME_MAX_)
			snprintf(name, sizeof(name), "%.*s", (int)len - 2, url + 8);
		if (len <= NAME_MAX_ && !strchr(name, '/') && !ip_net_parse(name, &a))
			ip_addr_format(&a.addr, addr);
		return url;
	}
	if (!target(t, name, addr) || asprintf(&full, "http://%s%s", addr, url + 7 + len) < 0)
		full = NULL;
	free(url);
	return full;
}

/* What follows the header, which an empty line ends; small servers end lines with a bare LF. */
static const char *page_body(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n"), text_len = len;

		text_len -= len && text[len - 1] == '\r';
		text += len + (text[len] == '\n');
		if (!text_len)
			return text;
	}
	return text;
}

/* What the server said, as far as the switch saw it. */
static enum attempt judge_page(struct try *t, const char *url, const struct page *p)
{
	const char *body = page_body(p->text);
	char line[100];

	str_escape(p->text, strcspn(p->text, "\r\n"), line, sizeof(line));
	if (!p->len)
		return outcome(t, ATTEMPT_NO, "no page from %s: no answer", url);
	if (strncmp(p->text, "HTTP/1.", 7) || strncmp(p->text + 8, " 200", 4))
		return outcome(t, ATTEMPT_NO, "no page from %s: %s", url, line);
	if (match_output(t, body) == ATTEMPT_YES)
		return outcome(t, ATTEMPT_YES, "%s", url);
	str_escape(body, strcspn(body, "\r\n"), line, sizeof(line));
	return outcome(t, ATTEMPT_NO, "%s says '%s', wanted /%s/", url, line, t->output);
}

static enum attempt judge_words(struct try *t, const char *url, const struct exec_result *res)
{
	char words[128];

	first_line(res, words, sizeof(words));
	if (res->status)
		return outcome(t, ATTEMPT_NO, "no page from %s: %s", url, words);
	if (match_output(t, res->out) != ATTEMPT_YES)
		return outcome(t, ATTEMPT_NO, "%s says '%s', wanted /%s/", url, words, t->output);
	return outcome(t, ATTEMPT_YES, "%s", url);
}

static enum attempt http_get(struct try *t, const char *url, const char *addr, unsigned int port)
{
	struct page page = {.text = calloc(1, PAGE_MAX + 1)};
	char *safe = shell_quoted(url), *command = NULL, filter[120], asked[40];
	enum attempt result = ATTEMPT_UNTRIED;
	struct exec_result res;
	struct observers seen;

	snprintf(filter, sizeof(filter), "tcp and src port %u%s%s", port,
		 *addr ? " and src host " : "", addr);
	snprintf(asked, sizeof(asked), "tcp and dst port %u", port);
	if (!page.text || !safe ||
	    asprintf(&command, BUSYBOX "$b timeout 4 $b wget -q -O - %s", safe) < 0) {
		outcome(t, ATTEMPT_UNTRIED, "out of memory");
	} else if (watched_run(t, filter, asked, command, &seen, page_frame, &page, &res)) {
		result = t->to_probe && !t->probe_got && page.len
				 ? outcome(t, ATTEMPT_NO, "somebody else answers for the probe, %s",
					   url)
			 : observable(t->from) ? judge_page(t, url, &page)
					       : judge_words(t, url, &res);
		exec_result_fini(&res);
	}
	free(page.text);
	free(safe);
	free(command);
	return result;
}

enum attempt try_http(struct try *t)
{
	char *url, addr[IP_ADDR_STR];
	enum attempt result;
	unsigned int port;

	if (t->c->expect_fail && !sender_ready(t))
		return ATTEMPT_UNTRIED;
	url = try_text(t, t->c->text.s);
	if (url)
		url = resolve_host(t, url, addr, &port);
	if (!url)
		return ATTEMPT_UNTRIED;
	result = http_get(t, url, addr, port);
	free(url);
	return result;
}
