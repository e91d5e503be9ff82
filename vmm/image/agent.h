/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest agent: runs commands for the host over a byte stream (the second serial line).
 *
 * host to guest:   X <id> <timeout_ms> <len>\n + len bytes    run them with sh -c (timeout 0: none)
 *                  I <id> <len>\n + len bytes                 input of command <id>, before its X
 *                  P <id>\n                                   are you there?
 *                  W <rows> <columns>\n                       the console's window is so large
 * guest to host:   R 2\n                                      ready, protocol 2 (once, at start)
 *                  P <id>\n                                   yes
 *                  O <id> <len>\n + bytes, E <id> <len>\n + bytes     standard output, error
 *                  D <id> <status>\n                          done: 0..255, 124 timed out,
 *                                                             128+n ended by signal n
 *                  A <n>\n                                    read so many bytes more: the
 *                                                             host has at most 3072 under way
 *
 * Lines that are not understood are ignored, so noise on the line costs at most one command.
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	AGENT_LINE_MAX = 64,	       /* longest header line */
	AGENT_COMMAND_MAX = 64 * 1024, /* longest command text */
	AGENT_INPUT_MAX = 1 << 20,     /* most input of a command */
	AGENT_JOBS = 16,	       /* commands at once */
	AGENT_ACK = 512,	       /* bytes read until an A is due */
};

struct agent_request {
	enum { AGENT_RUN, AGENT_PING, AGENT_TOO_LONG, AGENT_RESIZE, AGENT_INPUT } kind;
	uint32_t id;
	uint32_t timeout_ms; /* AGENT_RUN: 0 means no limit */
	uint16_t rows, cols; /* AGENT_RESIZE */
	const char
		*command; /* AGENT_RUN: NUL-terminated, the parser's until the callback returns */
	const char *data; /* AGENT_INPUT: a part of it, @len bytes; the same */
	size_t len;
};

typedef void agent_request_cb(void *arg, const struct agent_request *req);

/* Incremental parser of what the host sends. Zero it, then set cb and arg. */
struct agent_parser {
	agent_request_cb *cb;
	void *arg;
	char line[AGENT_LINE_MAX + 1];
	size_t line_len;
	bool skip_line; /* the line is too long: wait for its end */
	uint32_t id;	/* of the command whose text is being read */
	uint32_t timeout_ms;
	uint64_t want;	     /* bytes of that text still to come */
	uint64_t want_input; /* bytes of its input still to come */
	size_t have;
	bool too_long;
	char command[AGENT_COMMAND_MAX + 1];
};

/* Feed @len bytes from the host; calls p->cb once per complete request. */
void agent_parser_feed(struct agent_parser *p, const char *data, size_t len);

/* Forget a half-read request (its sender has gone away). */
void agent_parser_reset(struct agent_parser *p);

/* True while the text of a command, or its input, is being waited for. */
bool agent_parser_midway(const struct agent_parser *p);

/* Serve @fd (borrowed; made non-blocking) until it ends; runs commands with /bin/sh. @console is
 * the terminal whose size the host may tell. Returns 0 at end of file, a negative errno when @fd
 * cannot be used. */
int agent_run(int fd, const char *console);

#endif
