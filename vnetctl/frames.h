/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frames.h - the stream of frames that capture.start gives, block by block.
 *
 * SIGINT and SIGTERM end it in order: the daemon is asked to stop, what it has still comes, then
 * the counts of each interface, then the stream is over.
 */
#ifndef VNETCTL_FRAMES_H
#define VNETCTL_FRAMES_H

#include "lib/pcapng.h"
#include "client/client.h"

struct frames;

/* Start a capture of @what: a port, a network, or "all". Takes @params, other parameters of
 * capture.start. NULL after filling @err. */
struct frames *frames_open(struct client *client, const char *what, json_t *params,
			   struct err *err);
/* NULL is accepted. */
void frames_close(struct frames *f);

/* The next block of the stream, head and all, valid until the next call. 1; 0 at the end; a
 * negative errno when the stream is not what it should be. */
int frames_next(struct frames *f, uint32_t *type, const uint8_t **block, size_t *len,
		struct err *err);
/* The same for a stream that was asked for as "pcap": the file's head first, then records. */
int frames_next_classic(struct frames *f, const uint8_t **record, size_t *len, struct err *err);
/* Is more of the stream here already? Else it is time to flush what was written. */
bool frames_waiting(const struct frames *f);
/* Name of the port that is interface @nr of the stream; "?" when there is none. */
const char *frames_port(const struct frames *f, uint32_t nr);
/* Ask the daemon to end the stream. */
void frames_stop(struct frames *f);

#endif
