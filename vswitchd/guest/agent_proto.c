/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/guest/agent_proto.h"

#include <string.h>

void agent_parser_init(struct agent_parser *p)
{
	memset(p, 0, sizeof(*p));
}

/* A space and a decimal number of at most @max at *@text; moves *@text behind it. */
static bool number(const char **text, uint32_t max, uint32_t *out)
{
	const char *p = *text;
	uint64_t v = 0;

	if (*p++ != ' ' || *p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > max)
			return false;
	}
	*text = p;
	*out = (uint32_t)v;
	return true;
}

static void line_end(struct agent_parser *p, const struct agent_events *ev, void *ctx)
{
	const char *s = p->line + 1;
	uint32_t a, b;

	if (p->len && p->line[p->len - 1] == '\r')
		p->len--; /* a tty that still translates */
	p->line[p->len] = '\0';
	if (!p->len || !number(&s, UINT32_MAX, &a))
		return;
	if (p->line[0] == 'R' && !*s) {
		ev->ready(ctx, a);
	} else if (p->line[0] == 'P' && !*s) {
		ev->pong(ctx, a);
	} else if (p->line[0] == 'A' && !*s) {
		ev->read(ctx, a);
	} else if (p->line[0] == 'D' && number(&s, 255, &b) && !*s) {
		ev->done(ctx, a, b);
	} else if ((p->line[0] == 'O' || p->line[0] == 'E') && number(&s, AGENT_CHUNK_MAX, &b) &&
		   !*s) {
		p->id = a;
		p->chunk = b;
		p->to_stderr = p->line[0] == 'E';
	}
}

static void line_byte(struct agent_parser *p, char c, const struct agent_events *ev, void *ctx)
{
	if (c != '\n') {
		if (p->len < AGENT_LINE_MAX)
			p->line[p->len] = c;
		if (p->len <= AGENT_LINE_MAX)
			p->len++;
		return;
	}
	if (p->len <= AGENT_LINE_MAX)
		line_end(p, ev, ctx);
	p->len = 0;
}

void agent_parser_feed(struct agent_parser *p, const void *data, size_t len,
		       const struct agent_events *ev, void *ctx)
{
	const char *s = data;

	while (len) {
		size_t n = 1;

		if (p->chunk) {
			n = MIN(len, p->chunk);
			p->chunk -= (uint32_t)n;
			ev->output(ctx, p->id, p->to_stderr, s, n);
		} else {
			line_byte(p, *s, ev, ctx);
		}
		s += n;
		len -= n;
	}
}
