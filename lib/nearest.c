/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/nearest.h"

#include <string.h>

#include "lib/types.h"

/* Damerau-Levenshtein distance (adjacent swaps count one) of short words. */
static size_t distance(const char *a, const char *b)
{
	enum { WORD_MAX = 32 };
	size_t d[WORD_MAX + 1][WORD_MAX + 1], la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++)
		for (size_t j = 1; j <= lb; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			best = MIN(best, MIN(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, d[i - 2][j - 2] + 1);
			d[i][j] = best;
		}
	return d[la][lb];
}

const char *nearest_word(const char *text, const char *const *words)
{
	size_t best_d = strlen(text) / 3 + 2;
	const char *best = NULL;

	for (; *words; words++) {
		size_t d = distance(text, *words);

		if (d < best_d) {
			best_d = d;
			best = *words;
		}
	}
	return best;
}
