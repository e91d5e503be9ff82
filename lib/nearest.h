/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nearest.h - "did you mean ...?"
 */
#ifndef LIB_NEAREST_H
#define LIB_NEAREST_H

/* The first word of @words (NULL-terminated) that is nearest to @text by insertions, deletions,
 * changes and swaps of neighbours (one for each three letters and one more are allowed); NULL when
 * none is near. Borrowed from @words. */
const char *nearest_word(const char *text, const char *const *words);

#endif
