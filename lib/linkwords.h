/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkwords.h - the words of one direction of a cable; what linkspec.c makes its lists of.
 */
#ifndef LIB_LINKWORDS_H
#define LIB_LINKWORDS_H

#include "lib/linkspec.h"

#define LINK_PPM 1000000ull
enum { LINK_FAULT_WORDS = 12 };

/* Read the value @text of the word @key into @f. -ENOENT when there is no such word; else 0 or
 * -EINVAL with @err, which does not name the word. */
int link_fault_word(struct link_faults *f, const char *key, const char *text, struct err *err);
/* The key of the @i-th of LINK_FAULT_WORDS words; NULL after the last. */
const char *link_fault_key(unsigned int i);

/* "20ms" into microseconds, at most @hi; @range says so ("at most 60s"). */
int link_read_time(const char *text, uint64_t hi, const char *range, uint64_t *out,
		   struct err *err);
int link_read_count(const char *text, uint64_t lo, uint64_t hi, uint64_t *out, struct err *err);
int link_in_range(uint64_t v, uint64_t lo, uint64_t hi, const char *range, struct err *err);

#endif
