/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's two parsers: what the host sends to the agent, and the kernel command line. */
#include "vmm/image/agent.h"
#include "tests/fuzz/fuzz.h"
#include "vmm/image/guest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void check(void *arg, const struct agent_request *req)
{
	(void)arg;
	if (req->kind == AGENT_RUN)
		assert(strlen(req->command) <= AGENT_COMMAND_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent_parser *p = calloc(1, sizeof(*p));
	struct guest_config cfg;
	char *text = malloc(size + 1);

	if (p && text) {
		p->cb = check;
		agent_parser_feed(p, (const char *)data, size / 2);
		agent_parser_feed(p, (const char *)data + size / 2, size - size / 2);
		memcpy(text, data, size);
		text[size] = '\0';
		guest_config_parse(&cfg, text);
		assert(strlen(cfg.hostname) <= GUEST_NAME_MAX && cfg.nat_nic < GUEST_NICS);
	}
	free(text);
	free(p);
	return 0;
}
