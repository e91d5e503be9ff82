/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stp_int.h - what the files of loop protection share: stp.c (spanning tree on a network),
 * stp_loop.c (the loop guard), stp_show.c (settings and JSON).
 */
#ifndef VSWITCHD_STP_INT_H
#define VSWITCHD_STP_INT_H

#include "lib/hash.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/rstp.h"
#include "vswitchd/switch/stp.h"

enum { STP_EVENTS_PER_S = 10 };

struct stp {
	struct mac mac;
	bool on; /* spanning tree; else the loop guard watches */
	uint16_t priority;
	struct rstp_bridge bridge;
	unsigned int events_told;
	msec events_since, tc_told_at;
	/* Loop guard: probes are signed with a secret of this network's. */
	struct hash_key secret;
	uint32_t probe_seq;
	uint64_t floods_before;
};

enum stp_edge { STP_EDGE_AUTO, STP_EDGE_ON, STP_EDGE_OFF };

struct stp_port {
	struct rstp_port rstp;
	bool joined; /* rstp is on the bridge of its network */
	uint32_t cost;
	uint8_t priority;
	enum stp_edge edge;
	/* Loop guard (stp_loop.c) */
	bool guarded;
	bool looped;	 /* blocked: frames that left by it came back */
	bool retrying;	 /* a probe is under way that decides whether it stays so */
	msec retry_at;	 /* looped: when to look again, or when to believe that it is over */
	msec probe_at;	 /* 0: none is due */
	msec sent_at;	 /* the last one, 0: none yet */
	msec hold_until; /* suspicion sends none before */
	uint32_t seq;	 /* of the last one */
	unsigned int probes_left, moves, gap_ms;
	char loop_with[PORT_NAME_MAX + 1];
};

/* Both are made when first asked for; NULL when memory is short. */
struct stp *stp_of(struct net *net);
struct stp_port *stp_port_of(struct port *port);
/* Is the far end code of our own, which can't make a loop? */
bool stp_is_local(const struct port *port);
/* Set PORT_STP as states say. */
void stp_update_feature(struct port *port);
/* A bounded number a second is told; takes @params. */
void stp_event(struct net *net, const char *event, json_t *params);
int stp_switch(struct net *net, bool on, struct err *err);
void stp_configure(struct port *port);

enum drop_reason stp_loop_input(struct walk *w);
void stp_loop_tick(struct net *net, msec now);
/* @port came up: look soon. */
void stp_loop_arm(struct port *port);
void stp_loop_clear(struct port *port);

#endif
