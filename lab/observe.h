/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * observe.h - what the switch itself sees while a check is tried.
 *
 * A capture of the daemon's, with a filter, at a port or a network. What it shows nobody in a node
 * can forge: frames that came from a node, and frames that were handed to it.
 */
#ifndef LAB_OBSERVE_H
#define LAB_OBSERVE_H

#include "lab/run.h"
#include "lib/pcapng.h"

enum { OBSERVERS_MAX = 2 * LAB_NICS_MAX };

/* One frame and when it came by: @in when from the port's far end, else it was sent there. */
typedef void observe_fn(void *ctx, const struct pcapng_packet *p, bool in);

struct observers {
	struct lab_run *r;
	size_t n;
	struct observer {
		int fd;
		json_int_t id;
		uint8_t *buf; /* the beginning of a block that has not come whole */
		size_t len, size;
	} of[OBSERVERS_MAX];
	unsigned int in, out; /* frames taken in so far */
};

void observe_begin(struct observers *o, struct lab_run *r);
/* At a port or network by the daemon's name; at every port of a node. False, with *err, when the
 * filter or the place is wrong. */
bool observe_port(struct observers *o, const char *port, const char *filter, struct err *err);
bool observe_net(struct observers *o, const char *net, const char *filter, struct err *err);
bool observe_node(struct observers *o, const struct lab_node *node, const char *filter,
		  struct err *err);
/* Take in what has come till now; @fn (may be NULL) is called for each frame. */
void observe_now(struct observers *o, observe_fn *fn, void *ctx);
/* Take in the rest, and no more. */
void observe_end(struct observers *o, observe_fn *fn, void *ctx);

/* Do all of @node's cards have a port here, so that nothing it sends can pass unseen? */
bool observable(const struct lab_node *node);

#endif
