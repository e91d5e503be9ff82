/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/drop.h"

static const char *const words[DROP_N] = {
#define X(id, word, text) [DROP_##id] = word,
	DROP_REASONS(X)
#undef X
};

static const char *const texts[DROP_N] = {
#define X(id, word, text) [DROP_##id] = text,
	DROP_REASONS(X)
#undef X
};

const char *drop_word(enum drop_reason reason)
{
	return (unsigned int)reason < DROP_N ? words[reason] : "unknown";
}

const char *drop_text(enum drop_reason reason)
{
	return (unsigned int)reason < DROP_N ? texts[reason] : "an unknown reason";
}
