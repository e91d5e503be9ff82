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

#include "vswitchd/switch/net.h"

struct frame; /* lib/frame.h */

enum { NETSAY_TEXT = 320 };

/* The UDP message of a frame that passes a port of @net. All borrowed, all hostile. */
struct netsay_message {
	const struct net *net;
	const struct frame *frame;
	const void *data; /* the payload */
	size_t len;
};

/* The sentence on the frame @p, which passes a port of @net; NULL: there is nothing to say of it.
 */
const char *netsay(const struct net *net, const struct pkt *p, char text[static NETSAY_TEXT]);

/* ---- rows: false when it makes no sense ------------------------------------------------------ */

/* netdhcp_words.c */
bool netdhcp_words(const struct netsay_message *m, char text[static NETSAY_TEXT]);

#endif
