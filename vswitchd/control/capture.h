/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture.h - copies of frames, with what the switch did to them, as a stream on a descriptor.
 */
#ifndef VSWITCHD_CAPTURE_H
#define VSWITCHD_CAPTURE_H

#include "lib/err.h"

struct daemon;
struct net;
struct port;

enum {
	CAPTURE_SNAPLEN_MAX = 262144,
	CAPTURE_BUFFER = 2 << 20,
	CAPTURE_STEPS_PER_S = 200, /* stories told a second, when not asked for another number */
	CAPTURE_STEPS_MAX = 10000,
};

struct capture_conf {
	/* Watch @port, else @net, else everything. */
	struct port *port;
	struct net *net;
	const char *filter; /* pcap-filter(7), or NULL */
	unsigned int snaplen;
	bool classic; /* pcap instead of pcapng: no interfaces, no comments */
	/* Tell each step of a frame's walk, of at most so many frames a second; the others are
	 * left out and counted. 0: no steps, every frame. On a port these are the frames that
	 * come in by it and those that leave by it, each from where it came in. */
	unsigned int steps_per_s;
	/* Of @net, whose mode translates: each translated packet before and after it; what is
	 * dropped there with the reason. A filter takes both when it takes one. */
	bool pairs;
};

/* Gives a pipe from which the stream can be read; closing it ends the capture. *@id names it for
 * capture_stop(). Negative errno. */
int capture_open(struct daemon *d, const struct capture_conf *conf, unsigned int *id,
		 struct err *err);
/* Watch no longer; the stream ends after what waits in it and the counts of each interface. */
int capture_stop(struct daemon *d, unsigned int id, struct err *err);
void capture_close_all(struct daemon *d);

#endif
