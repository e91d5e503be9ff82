/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parser of the agent protocol (agent.h): header lines, and after an X line that many raw bytes.
 * No system calls. State: in a line, or in a command's text (want > 0) or input (want_input > 0).
 */
#include "vmm/image/agent.h"

#include <string.h>

static bool take_uint(const char **s, uint64_t max, uint64_t *out)
{
	const char *p = *s;
	uint64_t v = 0;

	if (*p++ != ' ' || *p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > max)
			return false;
	}
	*s = p;
	*out = v;
	return true;
}

static void run_request(struct agent_parser *p)
{
	struct agent_request req = {
		.kind = p->too_long ? AGENT_TOO_LONG : AGENT_RUN,
		.id = p->id,
		.timeout_ms = p->timeout_ms,
		.command = p->command,
	};

	p->command[p->have] = '\0';
	p->have = 0;
	p->cb(p->arg, &req);
}

static void command_header(struct agent_parser *p, const char *s, uint32_t id)
{
	uint64_t timeout, len;

	if (!take_uint(&s, UINT32_MAX, &timeout) || !take_uint(&s, UINT32_MAX, &len) || *s)
		return;
	p->id = id;
	p->timeout_ms = (uint32_t)timeout;
	p->have = 0;
	p->want = len;
	p->too_long = len > AGENT_COMMAND_MAX;
	if (!len)
		run_request(p);
}

static void input_header(struct agent_parser *p, const char *s, uint32_t id)
{
	uint64_t len;

	if (!take_uint(&s, UINT32_MAX, &len) || *s)
		return;
	p->id = id;
	p->want_input = len;
}

static void window_header(struct agent_parser *p, const char *s, uint64_t rows)
{
	struct agent_request req = {.kind = AGENT_RESIZE, .rows = (uint16_t)rows};
	uint64_t cols;

	if (rows > UINT16_MAX || !take_uint(&s, UINT16_MAX, &cols) || *s)
		return;
	req.cols = (uint16_t)cols;
	p->cb(p->arg, &req);
}

static void header_line(struct agent_parser *p)
{
	const char *s = p->line + 1;
	uint64_t id;

	/* A serial line or terminal between us may turn \n into \r\n. */
	if (p->line_len && p->line[p->line_len - 1] == '\r')
		p->line_len--;
	p->line[p->line_len] = '\0';
	if (!p->line_len || !take_uint(&s, UINT32_MAX, &id))
		return;
	if (p->line[0] == 'X')
		command_header(p, s, (uint32_t)id);
	else if (p->line[0] == 'I')
		input_header(p, s, (uint32_t)id);
	else if (p->line[0] == 'W')
		window_header(p, s, id);
	else if (p->line[0] == 'P' && !*s)
		p->cb(p->arg, &(struct agent_request){.kind = AGENT_PING, .id = (uint32_t)id});
}

static size_t feed_line(struct agent_parser *p, const char *data, size_t len)
{
	const char *nl = memchr(data, '\n', len);
	size_t n = nl ? (size_t)(nl - data) : len;

	if (p->line_len + n > AGENT_LINE_MAX)
		p->skip_line = true;
	if (!p->skip_line) {
		memcpy(p->line + p->line_len, data, n);
		p->line_len += n;
	}
	if (!nl)
		return n;
	if (!p->skip_line)
		header_line(p);
	p->line_len = 0;
	p->skip_line = false;
	return n + 1;
}

static size_t feed_command(struct agent_parser *p, const char *data, size_t len)
{
	size_t n = len < p->want ? len : (size_t)p->want;

	if (!p->too_long) {
		memcpy(p->command + p->have, data, n);
		p->have += n;
	}
	p->want -= n;
	if (!p->want)
		run_request(p);
	return n;
}

static size_t feed_input(struct agent_parser *p, const char *data, size_t len)
{
	size_t n = len < p->want_input ? len : (size_t)p->want_input;

	p->want_input -= n;
	p->cb(p->arg,
	      &(struct agent_request){.kind = AGENT_INPUT, .id = p->id, .data = data, .len = n});
	return n;
}

void agent_parser_feed(struct agent_parser *p, const char *data, size_t len)
{
	while (len) {
		size_t n = p->want	   ? feed_command(p, data, len)
			   : p->want_input ? feed_input(p, data, len)
					   : feed_line(p, data, len);

		data += n;
		len -= n;
	}
}

void agent_parser_reset(struct agent_parser *p)
{
	p->line_len = 0;
	p->skip_line = false;
	p->want = 0;
	p->want_input = 0;
	p->have = 0;
}

bool agent_parser_midway(const struct agent_parser *p)
{
	return p->want > 0 || p->want_input > 0;
}
