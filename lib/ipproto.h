/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipproto.h - the words of IP protocols without ports, by IANA's list of protocol numbers.
 */
#ifndef LIB_IPPROTO_H
#define LIB_IPPROTO_H

#include "lib/types.h"

enum { IP_PROTO_STR = 16 };

/* "gre", or "ip-200" of one that has no word here. Returns @out. */
const char *ip_proto_text(uint8_t proto, char out[static IP_PROTO_STR]);
/* The number of a word as ip_proto_text() writes it; -1 when it is none. */
int ip_proto_parse(const char *text);

#endif
