/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_lab.c - topology files from anywhere: parsed, validated, their errors printed.
 */
#include "lab/fmt.h"
#include "lab/parse.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lab_errors errors = {.file = "fuzz"};
	FILE *null = fopen("/dev/null", "w");
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = 0;
	lab_destroy(lab_parse(text, size, NULL, &errors));
	free(lab_fmt(text, size, NULL));
	if (null) {
		lab_errors_print(&errors, null);
		fclose(null);
	}
	lab_errors_fini(&errors);
	free(text);
	return 0;
}
