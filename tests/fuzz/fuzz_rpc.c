/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_rpc - bytes of a client of the control socket, in reads of odd sizes, up to the point where
 * a handler would be called.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "vswitchd/control/linebuf.h"
#include "vswitchd/control/rpc.h"

enum { LINE_MAX_ = 4096 };

static void serve(const char *line, size_t len)
{
	static const char *const specs[] = {"", "net!", "net! *", "port net filter snaplen:i",
					    "name! nics:a cpus:i! memory"};
	struct err err = {0};
	json_t *req;
	int rc = rpc_parse(line, len, &req, &err);

	if (rc && !err.text[0])
		abort(); /* every refusal says why */
	if (rc == 0 && json_object_get(req, "params"))
		for (size_t i = 0; i < ARRAY_SIZE(specs); i++)
			rpc_check_params(specs[i], json_object_get(req, "params"), &err);
	if (strchr(err.text, '\n'))
		abort();
	json_decref(req);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct linebuf lb;
	size_t len;
	char *line;

	linebuf_init(&lb, LINE_MAX_);
	while (size) {
		size_t n = MIN(size, (size_t)data[0] % 61 + 1);

		if (linebuf_append(&lb, data, n))
			break;
		while ((line = linebuf_next(&lb, &len))) {
			if (len > LINE_MAX_ || line[len])
				abort();
			serve(line, len);
		}
		if (linebuf_overlong(&lb))
			break;
		data += n;
		size -= n;
	}
	linebuf_fini(&lb);
	return 0;
}
