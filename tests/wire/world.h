/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world.h - the daemon's core under a stepped clock, with dummy ports: what wire tests play in.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <string.h>

#include "tests/unit/frames.h"
#include "tests/unit/unit.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { FAKE_SEEN = 256, EVENTS_MAX = 64 };

/* The carrier "fake": takes everything, remembers how it was called. */
struct fake {
	unsigned int sends, frames;
	uint8_t last_byte[FAKE_SEEN];
	int recv_error;
	int up;		  /* 1 and -1: what it was told */
	bool keep;	  /* hold the last packet instead of dropping it */
	struct pkt *kept; /* the test's to put */
};

struct world {
	struct runner runner;
	struct net *net;
	struct port *port[8];
	unsigned int n_events;
	char events[EVENTS_MAX][512]; /* "port.failed {...}" */
};

static inline struct fake *fake_of(struct port *port)
{
	return port->priv;
}

/* A runner, a network "n" and @ports dummy ports "p0", "p1"... */
void world_init(struct world *w, unsigned int ports);
/* Asserts that every packet came back. */
void world_fini(struct world *w);

struct net *world_net(struct world *w, const char *name);
struct port *world_port(struct net *net, const char *carrier, const char *name);

/* Station @nr's address. */
struct mac station(unsigned int nr);
/* A frame of @len bytes from station @src to @dst (0: broadcast), @mark in its last byte. */
void world_send(struct port *port, unsigned int src, unsigned int dst, size_t len, uint8_t mark);
/* Take one frame out of a dummy port. Returns its last byte, or -1 when there is none. */
int world_take(struct port *port);
/* Put a packet made elsewhere in by @port. Takes it. */
void world_input(struct port *port, struct pkt *p);
uint64_t world_drops(const struct port *port, enum drop_reason reason);
/* Did an event come that begins like this? */
bool world_event(const struct world *w, const char *text);

#endif
