/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lease_writer.h - leases go to disk in a thread, many at once; who serves the network never waits.
 *
 * Theory of operation. A commit costs 60 us as a rule, but 50 ms when another process writes to the
 * same disk and for ever when the disk hangs; the datapath must not stand still for that long. So
 * changes gather in a batch, and one batch at a time is with the thread:
 *
 *   the caller's:  put(), del() ──▶ filling ──kick()──▶ writing ──▶ finished(), in the caller's
 * thread the thread's:                                    one transaction, wake()
 *
 * The longer a commit takes the more changes share the next one, which is all there is to group
 * commit. A batch holds DHCP_BATCH_MAX changes, which is 0.4 s of a disk that stands still at 5,000
 * leases a second; with both full put() fails with -ENOBUFS, and the client, who is told nothing,
 * asks again.
 *
 * When a batch or an image fails, what was changed since may rest on it (a renewal of a lease that
 * is not on disk). Both batches are given up, the newer first, so that every lease becomes what it
 * was.
 *
 * Nobody waits for the disk: what people change (reservations, ports and networks that go) joins
 * the batch as well and is refused while the last batch failed. If that fails after all, the file
 * lacks what memory has. So when the disk works again, and when the file itself went bad, an image
 * of all leases and reservations in memory is written (lease_change.h).
 *
 * The store's connection belongs to the thread while a batch is with it, else to the caller; the
 * lock hands it over.
 */
#ifndef DHCP_LEASE_WRITER_H
#define DHCP_LEASE_WRITER_H

#include "dhcp/lease_change.h"
#include "dhcp/store.h"

enum { DHCP_BATCH_MAX = 2048, DHCP_BATCHES = 2 };

struct lease_writer;

struct lease_writer_conf {
	struct dhcp_store *store; /* borrowed */
	/* Called by the thread: call lease_writer_reap() soon. */
	void (*wake)(void *ctx);
	/* Batch number @batch is on disk (@rc 0), or nothing of it is. May change leases, which
	 * joins the other batch. */
	void (*finished)(void *ctx, unsigned int batch, int rc);
	/* An image is on disk (@rc 0), or not; @found is for one with `reopen`. */
	void (*rebuilt)(void *ctx, int rc, const struct dhcp_salvage *found);
	void *ctx;
};

/* 0 and *@out, owned by the caller; -ENOMEM or what pthread_create() says. */
int lease_writer_open(const struct lease_writer_conf *conf, struct lease_writer **out);
/* Drains. NULL is accepted. */
void lease_writer_close(struct lease_writer *w);

/* For servers, with a struct lease_writer as context. Changes join the filling batch; commit()
 * kicks, and fails when there was no room for one or the last batch failed. load() waits for the
 * disk only when changes of that network, or an image, are on their way; it gives nothing while
 * lease_writer_forget() of that network has yet to work. */
extern const struct dhcp_store_ops lease_writer_ops;

/* dhcp_store_clock() with the filling batch. -ENOBUFS: later. */
int lease_writer_clock(struct lease_writer *w, int64_t ahead_ms, bool set);
/* dhcp_store_forget() with the filling batch, again and again until it works. -ENOBUFS. */
int lease_writer_forget(struct lease_writer *w, const char *net);
/* Write @img, made by malloc(), which it takes, as soon as the thread has nothing else; one that
 * waits is replaced. */
void lease_writer_rebuild(struct lease_writer *w, struct lease_image *img);
/* Is one waiting or being written? */
bool lease_writer_rebuilds(const struct lease_writer *w);
/* Why the last batch with changes in it, or image, failed; 0: it did not. */
int lease_writer_failing(const struct lease_writer *w);
/* finished() is wanted for the filling batch, also if nothing more is changed. */
void lease_writer_await(struct lease_writer *w);
/* The batch, 0 or 1, that what is changed next joins. */
unsigned int lease_writer_batch(const struct lease_writer *w);
/* Give the filling batch to the thread, unless it still has one: reap() does it then. */
void lease_writer_kick(struct lease_writer *w);
/* Tell finished() of a batch that came back, then kick. */
void lease_writer_reap(struct lease_writer *w);
/* Wait until everything changed so far is on disk, or has failed, and finished() was told. The
 * store is the caller's until it kicks. 0, or why the last batch that failed did. */
int lease_writer_drain(struct lease_writer *w);

#endif
