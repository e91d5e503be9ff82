/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netsay.h - what the message in a frame says, in a sentence: a comment in captures.
 *
 * One row for each protocol that a service of ours speaks (netsay.c). A row reads the message
 * alone, whoever sent it, and adds what the service remembers of why it answered so. Services
 * remember only while somebody watches the frames, and nothing here is called else.
 */
#ifndef VSWITCHD_NETSAY_H
#define VSWITCHD_NETSAY_H

#include <stdarg.h>

#include "vswitchd/switch/net.h"

struct frame; /* lib/frame.h */

enum { NETSAY_TEXT = 320 };

/* The message of a frame that passes a port of @net. All borrowed, all hostile. */
struct netsay_message {
	const struct net *net;
	const struct frame *frame;
	const void *data; /* of UDP: the payload; else NULL */
	size_t len;
};

/* The sentence on the frame @p, which passes a port of @net; NULL: there is nothing to say of it.
 */
const char *netsay(const struct net *net, const struct pkt *p, char text[static NETSAY_TEXT]);

/* Add to a sentence of @used bytes, for rows. Returns its length; what does not fit is cut. */
size_t netsay_add(char text[static NETSAY_TEXT], size_t used, const char *fmt, va_list ap);

/* ---- rows: false when it makes no sense ------------------------------------------------------ */

/* netdhcp_words.c */
bool netdhcp_words(const struct netsay_message *m, char text[static NETSAY_TEXT]);
/* netsix_words.c: DHCPv6; and neighbour discovery, of a frame_is_nd() that is no fragment */
bool netsix_words(const struct netsay_message *m, char text[static NETSAY_TEXT]);
bool netsix_nd_words(const struct netsay_message *m, char text[static NETSAY_TEXT]);

#endif
