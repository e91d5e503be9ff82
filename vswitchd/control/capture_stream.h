/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capture_stream.h - frames and verdicts as the bytes of a capture file.
 *
 * Bytes wait in one buffer of fixed size until they are written. A frame that finds no room is
 * lost and counted, on its interface and for its reader. Each port is an interface of the stream
 * from when it is first named; a port that changes its network is another one then. No system
 * calls.
 */
#ifndef VSWITCHD_CAPTURE_STREAM_H
#define VSWITCHD_CAPTURE_STREAM_H

#include "lib/types.h"
#include "vswitchd/control/capture.h"
#include "vswitchd/switch/watch.h"

/* More ports than a stream has interfaces share the last one. */
enum { STREAM_INTERFACES = 4096, STREAM_SLOTS = 2 * STREAM_INTERFACES };

struct stream_interface {
	uint64_t plug; /* of the port (port.h) */
	uint64_t frames, lost, lost_now;
};

struct stream {
	bool classic;
	unsigned int snaplen;
	const char *filter; /* borrowed; NULL: none */
	uint64_t start_ns;
	uint64_t frames, lost;
	unsigned int n_interfaces, n_stats; /* interfaces named; of these, counts told */
	struct stream_interface interface[STREAM_INTERFACES];
	uint16_t slot[STREAM_SLOTS]; /* interface + 1 by hash of plug; 0: free */
	size_t start, len;	     /* bytes that wait: len from buf + start */
	uint8_t buf[CAPTURE_BUFFER];
};

/* @s is all zero but for classic, snaplen and filter: put the file's head in. */
void stream_begin(struct stream *s, uint64_t now_ns);
/* Name @port's interface before it has a frame. */
void stream_port(struct stream *s, const struct port *port);
/* A frame: with @w's verdict as its comment, or with each of the steps in @seen->told. False when
 * it is lost. */
bool stream_frame(struct stream *s, const struct sighting *seen, uint64_t now_ns);
/* It was left out on purpose. */
void stream_lost(struct stream *s, const struct port *port);
/* The counts of each interface, as many as there is room for. True when all are told. */
bool stream_end(struct stream *s, uint64_t now_ns);
/* @n of the bytes that wait have been written. */
void stream_written(struct stream *s, size_t n);

#endif
