/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_agent_proto - bytes that a guest sends in place of its agent's. */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "vswitchd/guest/agent_proto.h"

static void on_ready(void *ctx, unsigned int protocol)
{
	(void)protocol;
	++*(size_t *)ctx;
}

static void on_pong(void *ctx, uint32_t id)
{
	(void)id;
	++*(size_t *)ctx;
}

static void on_output(void *ctx, uint32_t id, bool to_stderr, const void *data, size_t len)
{
	const uint8_t *p = data;

	(void)id;
	(void)to_stderr;
	if (!len || len > AGENT_CHUNK_MAX)
		abort();
	*(size_t *)ctx += p[0] + p[len - 1]; /* all of it must be readable */
}

static void on_done(void *ctx, uint32_t id, unsigned int status)
{
	(void)id;
	if (status > 255)
		abort();
	++*(size_t *)ctx;
}

static void on_read(void *ctx, uint32_t bytes)
{
	*(size_t *)ctx += bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct agent_events events = {on_ready, on_pong, on_output, on_done, on_read};
	struct agent_parser p;
	size_t sum = 0;

	agent_parser_init(&p);
	while (size) {
		size_t n = MIN(size, (size_t)data[0] % 31 + 1);

		agent_parser_feed(&p, data, n, &events, &sum);
		data += n;
		size -= n;
	}
	return 0;
}
