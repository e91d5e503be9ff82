/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_dhcp_option.c - "KEY=VALUE" of people, and bytes of any type to text. What was taken is told
 * in words that are taken again and mean the same.
 */
#include <stdlib.h>
#include <string.h>

#include "dhcp/policy.h"
#include "tests/fuzz/fuzz.h"

static void told_again(const struct set_option *opt)
{
	char key[OPTION_KEY_MAX], text[OPTION_TEXT_MAX];
	uint8_t wire[OPTION_VALUE_MAX];
	enum option_type type;
	struct err err;
	uint32_t min;
	uint16_t code;
	int n;

	if (opt->none)
		return;
	option_key_format(opt->code, opt->type, key);
	MUST(option_key_parse(key, &code, &type, &min, &err) == 0);
	MUST(code == opt->code && type == opt->type);
	option_value_format(type, opt->data, opt->len, text, sizeof(text));
	n = option_value_parse(type, 0, text, wire, &err);
	MUST(n == opt->len && (!n || memcmp(wire, opt->data, (size_t)n) == 0));
}

static void people(const char *text)
{
	const char *eq = strchr(text, '=');
	struct dhcp_optset set = {0};
	char key[128];
	struct err err;

	if (!eq || (size_t)(eq - text) >= sizeof(key))
		return;
	memcpy(key, text, (size_t)(eq - text));
	key[eq - text] = '\0';
	if (optset_set(&set, key, eq + 1, &err) == 0)
		told_again(&set.v[0]);
	optset_fini(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char small[40], *text = malloc(size + 1);
	struct dhcp_who who;
	char shown[DHCP_WHO_STR];

	memcpy(text, data, size);
	text[size] = '\0';
	people(text);
	if (dhcp_who_parse(text, &who) == 0)
		MUST(dhcp_who_parse(dhcp_who_format(&who, shown), &who) == 0);
	if (size)
		option_value_format(data[0] % OPTION_TYPES, data + 1, size - 1, small,
				    sizeof(small));
	free(text);
	return 0;
}
