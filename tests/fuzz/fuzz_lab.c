/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_lab.c - topology files from anywhere: parsed, validated, their errors printed.
 */
#include "lab/fmt.h"
#include "lab/parse.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* A parser allocates much: most of the time went into noting from where, 30 calls deep. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "malloc_context_size=3:quarantine_size_mb=16";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lab_errors errors = {.file = "fuzz"};
	static FILE *null;
	char *text = malloc(size + 1);

	if (!null)
		null = fopen("/dev/null", "w");
	if (!text || !null)
		abort();
	memcpy(text, data, size);
	text[size] = 0;
	lab_destroy(lab_parse(text, size, NULL, &errors));
	/* It reads the text twice, to prove itself right: in its turn only. */
	if (!(size & 3))
		free(lab_fmt(text, size, NULL));
	lab_errors_print(&errors, null);
	lab_errors_fini(&errors);
	free(text);
	return 0;
}
