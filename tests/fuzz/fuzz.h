/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz.h - what each fuzz target needs.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What libFuzzer calls with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run, so that libFuzzer keeps the input, where something does not hold. */
#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond))                                                                       \
			abort();                                                                   \
	} while (0)

/* The bytes of an input that are left, for targets that make their steps of them. */
struct input {
	const uint8_t *at;
	size_t left;
};

/* The next byte; 0 when there is none. */
static inline uint8_t take8(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

/* The next *@len bytes, or as many as there are, which is then *@len. */
static inline const uint8_t *take(struct input *in, size_t *len)
{
	const uint8_t *at = in->at;

	*len = *len < in->left ? *len : in->left;
	in->at += *len;
	in->left -= *len;
	return at;
}

#endif
