/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * portlist.h - lists of ports as the kernel writes them: "8080,9148-9150".
 */
#ifndef VSWITCHD_PORTLIST_H
#define VSWITCHD_PORTLIST_H

#include "lib/types.h"

/* A bit for each port. */
struct portlist {
	uint64_t bits[65536 / 64];
};

static inline bool portlist_has(const struct portlist *l, uint16_t port)
{
	return l->bits[port / 64] >> port % 64 & 1;
}

static inline void portlist_add(struct portlist *l, uint16_t port)
{
	l->bits[port / 64] |= UINT64_C(1) << port % 64;
}

static inline void portlist_del(struct portlist *l, uint16_t port)
{
	l->bits[port / 64] &= ~(UINT64_C(1) << port % 64);
}

bool portlist_is_empty(const struct portlist *l);
/* Fill @l from @text; a newline may end it. 0, or -EINVAL when it is no such list. */
int portlist_parse(struct portlist *l, const char *text);
/* The shortest text; the caller frees it. NULL when memory is short. */
char *portlist_text(const struct portlist *l);

#endif
