/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nichost.h - gives the host's own stack what guests on a bridged NIC send to it.
 *
 * Theory of operation. A frame that a guest sends to the host's address would leave by the NIC and
 * be lost: no switch sends a frame back to where it came from. So it is written to a tap of ours
 * on whose ingress hook a classifier redirects everything to the ingress of the NIC. To the host
 * it looks like any frame that came in by that NIC: its addresses, routes, firewall and sysctls
 * decide as always, and nothing of them or of the NIC is changed. The tap is not persistent: with
 * the descriptor, also after a crash, it is gone with its classifier.
 *
 * A broadcast that is brought in this way passes the NIC's packet sockets again, ours too. Such an
 * echo is known by its hash, which waits in a ring until the echo came, or it is sure that it
 * won't: ECHO_MS are over and the socket has been empty since. (Time alone would not do: under a
 * flood a frame may wait in the socket for longer.) An echo that is not known would be taken for a
 * frame from outside, and for a loop: while the ring is full the host gets no more broadcasts.
 */
#ifndef VSWITCHD_NICHOST_H
#define VSWITCHD_NICHOST_H

#include "lib/clock.h"
#include "lib/drop.h"
#include "lib/err.h"
#include "lib/hash.h"
#include "lib/pkt.h"
#include "lib/wire.h"

enum { NICHOST_ECHOES = 1024 };

struct nichost {
	int fd; /* the tap; -1: the host can't be reached */
	struct mac mac;
	struct hash_key key;
	msec drained_ms;	 /* when the socket was last found empty */
	unsigned int head, tail; /* counts; from tail to head: those that are awaited */
	struct {
		uint64_t hash;
		msec sent_ms; /* 0: it has come */
	} echoes[NICHOST_ECHOES];
};

/* @ifname names the tap, @what goes into its alias; @nic is the NIC's index, @mac its address.
 * @h is usable (and does nothing) also when this fails. */
int nichost_open(struct nichost *h, const char *ifname, const char *what, int nic,
		 const struct mac *mac, struct err *err);
void nichost_close(struct nichost *h);

/* Is a frame to @dst for the host, too? */
bool nichost_wants(const struct nichost *h, const struct mac *dst);
/* Bring @p (borrowed) into the host's stack. */
enum drop_reason nichost_write(struct nichost *h, const struct pkt *p, msec now);
/* The NIC's socket was empty at @now, and what was read from it has been asked about. */
void nichost_drained(struct nichost *h, msec now);
/* Is @p, which came in by the NIC, what nichost_write() has written? Each is recognised once. */
bool nichost_is_echo(struct nichost *h, const struct pkt *p, msec now);

#endif
