/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agent_proto.h - what a guest's agent says on its serial line, taken apart, and how long it may
 * take. Pure.
 *
 *	R 2\n			ready, protocol 2
 *	P <id>\n		pong
 *	O <id> <len>\n bytes	standard output of command <id>; E: standard error
 *	D <id> <status>\n	command <id> has ended
 *	A <n>\n			it has read so many bytes more of ours
 *
 * The bytes come from a guest: anything may be there. Lines that are not one of these are skipped
 * (the kernel or a boot loader may have talked on the line before).
 */
#ifndef VSWITCHD_AGENT_PROTO_H
#define VSWITCHD_AGENT_PROTO_H

#include "lib/types.h"

enum { AGENT_LINE_MAX = 63, AGENT_CHUNK_MAX = 1 << 20 };

struct agent_parser {
	char line[AGENT_LINE_MAX + 1];
	size_t len;	/* of the line so far; beyond the limit when it is to be skipped */
	uint32_t chunk; /* bytes of output still to come */
	uint32_t id;	/* whose they are */
	bool to_stderr;
};

struct agent_events {
	void (*ready)(void *ctx, unsigned int protocol);
	void (*pong)(void *ctx, uint32_t id);
	void (*output)(void *ctx, uint32_t id, bool to_stderr, const void *data, size_t len);
	void (*done)(void *ctx, uint32_t id, unsigned int status);
	void (*read)(void *ctx, uint32_t bytes);
};

/* Forget a half-read line or chunk: after a new connection. */
void agent_parser_init(struct agent_parser *p);
void agent_parser_feed(struct agent_parser *p, const void *data, size_t len,
		       const struct agent_events *ev, void *ctx);

/*
 * How long a command may take that gets @timeout_ms in a guest of usual speed, in one that took
 * @boot_ms to boot: as many times as long as that is more than AGENT_USUAL_BOOT_MS, and never more
 * than AGENT_PATIENCE_MAX times. Under emulation, or where many guests share few processors,
 * booting tells best how slow they are.
 */
enum { AGENT_USUAL_BOOT_MS = 4000, AGENT_PATIENCE_MAX = 10 };
static inline unsigned int agent_patience_ms(int64_t boot_ms, unsigned int timeout_ms)
{
	int64_t ms =
		MIN(MAX(boot_ms, AGENT_USUAL_BOOT_MS), AGENT_PATIENCE_MAX * AGENT_USUAL_BOOT_MS);

	return (unsigned int)(ms * timeout_ms / AGENT_USUAL_BOOT_MS);
}

#endif
