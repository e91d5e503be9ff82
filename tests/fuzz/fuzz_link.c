/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_link.c - the words of a cable, from clients and topology files: what is taken can be
 * written, read back as the same, and asked about any moment.
 */
#include <string.h>

#include "lib/linkmodel.h"
#include "tests/fuzz/fuzz.h"

static void ask(const struct link_spec *spec)
{
	struct link_model m = {0};
	struct link_now now;
	uint64_t t = 0, leave, due;

	for (int i = 0; i < 8 && t != LINK_NEVER; i++) {
		uint64_t next = link_spec_at(spec, t, &now, NULL);

		MUST(next > t);
		t = next;
	}
	for (int i = 0; i < 4; i++) {
		link_model_fate(&m, &now.dir[LINK_OUT]);
		link_model_times(&m, &now.dir[LINK_OUT], 1514, 1000000, &leave, &due);
		MUST(due >= leave && leave >= 1000000);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct link_spec spec = {0}, again = {0};
	char text[1024], out[LINK_TEXT_MAX], twice[LINK_TEXT_MAX];
	struct err err;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (link_spec_parse(&spec, text, &err))
		return 0;
	link_spec_text(&spec, out, sizeof(out));
	MUST(link_spec_parse(&again, out, &err) == 0);
	link_spec_text(&again, twice, sizeof(twice));
	MUST(strcmp(out, twice) == 0);
	ask(&spec);
	return 0;
}
