/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_hold.c - answers that wait until their lease is on disk.
 *
 * Theory of operation. All networks share one lease file. An answer that promises a lease waits in
 * the list `held`: before the loop sleeps, or when the list is full, everything held is committed
 * in one transaction, and only then injected. So a burst of a hundred clients costs one write, and
 * nobody waits longer than the burst lasts. When the commit fails the frames are dropped, the
 * leases put back, and the clients ask again.
 */
#include <errno.h>
#include <string.h>

#include "lib/log.h"
#include "vswitchd/netdhcp_int.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum {
	HELD_MAX = 128,
	JUMP_MS = 2000 /* the wall clock is slewed by less than this in a second */
};

struct held {
	struct hold_owner *o;
	struct pkt *p; /* NULL: one more lease of an answer that follows */
	struct dhcp_undo undo;
};

/* What all networks of the daemon share. */
static struct {
	struct dhcp_store *store;
	struct held held[HELD_MAX];
	unsigned int n_held;
	struct ev_loop *loop; /* that watches `before_sleep`; NULL: not watching */
	struct ev_prepare before_sleep;
	bool failing;
	msec failure_told_ms;
	int64_t wall_minus_now_ms; /* 0: not looked yet */
} shared;

/* ---- the lease file -------------------------------------------------------------------------- */

int netdhcp_open_store(const char *dir, struct err *err)
{
	struct dhcp_salvage found;
	int rc;

	if (shared.store)
		return err_set(err, -EBUSY, "the lease file is open already");
	rc = dhcp_store_open(dir, &shared.store, &found, err);
	if (rc)
		return rc;
	if (found.damaged)
		log_warn("the lease file was damaged: %u leases and reservations were read from "
			 "it, the rest is lost; it is kept as %s/%s",
			 found.kept, dir, found.aside);
	return 0;
}

void netdhcp_close_store(void)
{
	netdhcp_hold_flush();
	dhcp_store_close(shared.store);
	shared.store = NULL;
	shared.wall_minus_now_ms = 0;
}

struct dhcp_store *netdhcp_hold_store(struct err *err)
{
	if (!shared.store)
		netdhcp_open_store(NULL, err);
	return shared.store;
}

void netdhcp_forget(const char *net_name)
{
	if (!shared.store)
		return;
	netdhcp_hold_flush();
	if (dhcp_store_forget(shared.store, net_name))
		log_warn("network %s: its leases can't be removed from the lease file: %s",
			 net_name, dhcp_store_why(shared.store));
}

/* Say it when leases can't be written, once a minute, and when they can again. */
static void tell_store(int rc)
{
	msec now = clock_now_ms();

	if (!rc && shared.failing)
		log_info("leases can be written again");
	if (rc && (!shared.failing || now - shared.failure_told_ms >= NETDHCP_COMPLAIN_MS)) {
		log_error("leases can't be written (%s): no address is given out until that ends",
			  dhcp_store_why(shared.store));
		shared.failure_told_ms = now;
	}
	shared.failing = rc != 0;
}

/* ---- what is held ---------------------------------------------------------------------------- */

static void send_held(const struct held *h)
{
	if (h->undo.lease)
		h->o->kept(h->o, &h->undo);
	if (!h->p)
		return;
	port_local_inject(h->o->port, h->p);
	net_flush(h->o->net);
}

static void undo_held(const struct held *h)
{
	h->o->undo(h->o, &h->undo);
	pkt_put(h->p);
}

/* Commit, then send; or send nothing. Newest first when undoing, as one lease may be there twice.
 * Works on a copy, as sending may bring in what is held anew. */
void netdhcp_hold_flush(void)
{
	struct held batch[HELD_MAX];
	unsigned int n = shared.n_held;
	int rc;

	if (!shared.store)
		return;
	memcpy(batch, shared.held, n * sizeof(batch[0]));
	shared.n_held = 0;
	rc = dhcp_store_sqlite.commit(shared.store);
	if (rc || n)
		tell_store(rc);
	for (unsigned int i = n; rc && i-- > 0;)
		undo_held(&batch[i]);
	for (unsigned int i = 0; !rc && i < n; i++)
		send_held(&batch[i]);
}

static void before_sleep_cb(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	(void)revents;
	ev_prepare_stop(loop, w);
	shared.loop = NULL;
	netdhcp_hold_flush();
}

void netdhcp_hold(struct hold_owner *o, struct pkt *p, const struct dhcp_undo *undo)
{
	if (shared.n_held == HELD_MAX)
		netdhcp_hold_flush();
	shared.held[shared.n_held++] = (struct held){o, p, *undo};
}

/* Before the loop sleeps; by hand, at once. */
void netdhcp_hold_commit_soon(const struct runner *r)
{
	struct ev_loop *loop = r->loop;

	if (!loop || shared.n_held == HELD_MAX) {
		netdhcp_hold_flush();
		return;
	}
	if (shared.loop)
		return;
	shared.loop = loop;
	ev_prepare_init(&shared.before_sleep, before_sleep_cb);
	ev_set_priority(&shared.before_sleep, EV_MAXPRI); /* the runner switches after us */
	ev_prepare_start(loop, &shared.before_sleep);
}

/* ---- the clock ------------------------------------------------------------------------------- */

/* Records end by the wall clock, leases by one that never jumps. When the wall clock jumps, the
 * records move along. */
void netdhcp_hold_follow_clock(msec now)
{
	int64_t offset = clock_wall_s() * 1000 - (int64_t)now;
	int64_t jump = offset - shared.wall_minus_now_ms;

	if (shared.wall_minus_now_ms && (jump > JUMP_MS || jump < -JUMP_MS)) {
		log_info("the clock was set by %lld s: leases on record follow",
			 (long long)(jump / 1000));
		netdhcp_hold_flush();
		if (dhcp_store_shift(shared.store, jump / 1000))
			return; /* tried again at the next tick */
	} else if (shared.wall_minus_now_ms) {
		return;
	}
	shared.wall_minus_now_ms = offset;
}
