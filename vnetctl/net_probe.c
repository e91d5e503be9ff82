/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net_probe.c - `net probe`: somebody outside of all guests asks, and says what was answered.
 */
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"
#include "vnetctl/args.h"
#include "vnetctl/nouns.h"

static void print_page(const char *page)
{
	char line[200];

	for (; page && *page; page += strcspn(page, "\n"), page += *page == '\n')
		printf("%s\n", str_escape(page, strcspn(page, "\r\n"), line, sizeof(line)));
}

static int print_answer(const char *kind, const char *to, const json_t *r)
{
	static const char *const words[][2] = {
		{"silent", "no answer"},
		{"nobody", "nobody on the network has that address (or the router's)"},
		{"no-route",
		 "not on the probe's network, and it has no router: probe=ADDR/PLEN,ROUTER"},
		{"refused", "refused"},
		{"unreachable", "unreachable: a router says so"},
	};
	const char *result = jstr(r, "result");

	if (json_is_true(json_object_get(r, "answered"))) {
		printf("%s %s: answered after %lld ms", kind, to, (long long)jint(r, "ms"));
		if (json_object_get(r, "status"))
			printf(", status %lld", (long long)jint(r, "status"));
		putchar('\n');
		print_page(json_string_value(json_object_get(r, "page")));
		return CTL_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(result, words[i][0]))
			result = words[i][1];
	printf("%s %s: %s\n", kind, to, result);
	return CTL_FAILED;
}

int net_probe_run(struct ctl *c, int argc, char **argv)
{
	static const struct arg_key keys[] = {
		{"bytes", ARG_NUMBER}, {"text", ARG_STRING}, {"timeout_ms", ARG_NUMBER}, {0}};
	json_t *params, *r;
	long port;
	int rc, n = 3;

	if (argc < 3)
		return ctl_usage(c, "wants a network, one of ping, udp, tcp and http, and an "
				    "address");
	params = json_pack("{s:s, s:s, s:s}", "net", argv[0], "kind", argv[1], "to", argv[2]);
	if (argc > 3 && arg_number(argv[3], 1, 65535, &port)) {
		json_object_set_new(params, "port", json_integer(port));
		n++;
	}
	rc = args_pairs(c, keys, argc - n, argv + n, params);
	if (rc) {
		json_decref(params);
		return rc;
	}
	r = ctl_call(c, "net.probe", params);
	if (!r)
		return CTL_FAILED;
	if (c->json) {
		rc = json_is_true(json_object_get(r, "answered")) ? CTL_OK : CTL_FAILED;
		ctl_print_json(r);
		return rc;
	}
	rc = print_answer(argv[1], argv[2], r);
	json_decref(r);
	return rc;
}
