/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/upstream.h"

#include <stdio.h>
#include <string.h>

/* ---- resolv.conf(5) -------------------------------------------------------------------------- */

static bool read_addr(const char *word, struct dns_server_addr *out)
{
	char text[IP_ADDR_STR];
	size_t n = strcspn(word, "%");
	struct ip_net net;

	if (n >= sizeof(text) || strchr(word, '/'))
		return false;
	memcpy(text, word, n);
	text[n] = '\0';
	if (ip_net_parse(text, &net) || strlen(word + n) > sizeof(out->ifname))
		return false;
	out->addr = net.addr;
	snprintf(out->ifname, sizeof(out->ifname), "%s", word[n] ? word + n + 1 : "");
	return true;
}

/* One line: "nameserver ADDRESS", with blanks around the words. */
static bool read_line(const char *line, size_t len, struct dns_server_addr *out)
{
	static const char keyword[] = "nameserver";
	const size_t klen = sizeof(keyword) - 1;
	char word[IP_ADDR_STR + 17];
	size_t n = 0;

	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	if (len <= klen || memcmp(line, keyword, klen) || (line[klen] != ' ' && line[klen] != '\t'))
		return false;
	for (line += klen, len -= klen; len && (*line == ' ' || *line == '\t'); len--)
		line++;
	while (n < len && !strchr(" \t\r", line[n]))
		n++;
	if (!n || n >= sizeof(word))
		return false;
	memcpy(word, line, n);
	word[n] = '\0';
	return read_addr(word, out);
}

unsigned int dns_resolv_parse(const char *text, size_t len, struct dns_server_addr *out,
			      unsigned int max)
{
	unsigned int n = 0;

	while (len && n < max) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		if (read_line(text, line, &out[n]))
			n++;
		line += end ? 1 : 0;
		text += line;
		len -= line;
	}
	return n;
}

/* ---- the list -------------------------------------------------------------------------------- */

static bool is_same(const struct dns_server *a, const struct dns_server *b)
{
	return ip_addr_equal(&a->addr, &b->addr) && a->scope == b->scope;
}

bool dns_upstream_set(struct dns_upstream *u, const struct dns_server *servers, unsigned int n)
{
	struct dns_upstream before = *u;
	bool changed = n != u->n;

	u->n = MIN(n, (unsigned int)DNS_SERVERS_MAX);
	for (unsigned int i = 0; i < u->n; i++) {
		changed |= i >= before.n || !is_same(&before.server[i], &servers[i]);
		u->server[i] = servers[i];
		for (unsigned int k = 0; k < before.n; k++)
			if (is_same(&before.server[k], &servers[i]))
				u->server[i] = before.server[k];
	}
	return changed;
}

void dns_upstream_wake(struct dns_upstream *u)
{
	for (unsigned int i = 0; i < u->n; i++)
		u->server[i].failures = 0;
}

static bool rests(const struct dns_server *s, msec now)
{
	return s->failures >= 2 && now < s->rests_until_ms;
}

int dns_upstream_pick(const struct dns_upstream *u, unsigned int tried, msec now)
{
	for (int resting = 0; resting < 2; resting++)
		for (unsigned int i = 0; i < u->n; i++)
			if (!(tried >> i & 1) && rests(&u->server[i], now) == !!resting)
				return (int)i;
	return -1;
}

msec dns_upstream_wait(const struct dns_upstream *u, unsigned int i)
{
	const struct dns_server *s = &u->server[i];
	msec wait = s->srtt_ms + 4 * (msec)s->rttvar_ms;

	if (!s->srtt_ms)
		return DNS_WAIT_FIRST_MS;
	/* A resolver that has to ask others itself takes much longer than one that knows. */
	wait = wait * 2 + DNS_WAIT_MIN_MS;
	return MIN(wait, (msec)DNS_WAIT_MAX_MS);
}

void dns_upstream_answered(struct dns_upstream *u, unsigned int i, msec took_ms)
{
	struct dns_server *s = &u->server[i];
	uint32_t took = (uint32_t)MAX(took_ms, 1u), diff;

	s->answered++;
	s->failures = 0;
	if (!s->srtt_ms) {
		s->srtt_ms = took;
		s->rttvar_ms = took / 2;
		return;
	}
	diff = took > s->srtt_ms ? took - s->srtt_ms : s->srtt_ms - took;
	s->rttvar_ms = (3 * s->rttvar_ms + diff) / 4;
	s->srtt_ms = MAX((7 * s->srtt_ms + took) / 8, 1u);
}

void dns_upstream_failed(struct dns_upstream *u, unsigned int i, msec now)
{
	struct dns_server *s = &u->server[i];

	s->timeouts++;
	s->failures++;
	s->rests_until_ms = now + DNS_REST_MS;
}
