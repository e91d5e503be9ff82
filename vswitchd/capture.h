/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture.h - copies of frames, as a pcap stream on a descriptor.
 */
#ifndef VSWITCHD_CAPTURE_H
#define VSWITCHD_CAPTURE_H

#include "lib/err.h"

struct daemon;
struct net;
struct port;

enum { CAPTURE_SNAPLEN_MAX = 262144, CAPTURE_BUFFER = 2 << 20 };

/* Watch @port, or else @net. @filter is a pcap-filter(7) expression, or NULL. Gives a pipe from
 * which the stream can be read; closing it ends the capture. Negative errno. */
int capture_open(struct daemon *d, struct port *port, struct net *net, const char *filter,
		 unsigned int snaplen, struct err *err);
void capture_close_all(struct daemon *d);

#endif
