/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_hold.c - answers that wait until their lease is on disk.
 *
 * Theory of operation. All networks share one lease file and one thread that writes it
 * (dhcp/lease_writer.h). An answer that promises a lease waits in the list of the batch that its
 * lease is in. Before the loop sleeps the batch is given to the thread, and when it comes back from
 * disk its answers are sent; meanwhile the next batch gathers. When a batch can't be written its
 * answers are never sent, the leases are put back, and the clients ask again. Who goes meanwhile, a
 * port or a network, does not wait: its answers are forgotten. Driven by hand, all of that happens
 * at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/lease_writer.h"
#include "vswitchd/netdhcp_int.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum {
	ANSWER_MAX = ETH_HLEN_ + 1500,
	HELD_MAX = DHCP_BATCH_MAX + 64, /* answers that change nothing may be among them */
	FLUSH_EVERY = 32		/* a burst, as elsewhere */
};

struct held {
	struct hold_owner *o; /* NULL: forgotten */
	struct dhcp_undo undo;
	uint16_t len; /* 0: one more lease of an answer that follows */
	uint8_t frame[ANSWER_MAX];
};

/* The answers of a batch, in order. Pages become resident as they are used. */
struct held_list {
	unsigned int n;
	struct held held[HELD_MAX];
};

/* What all networks of the daemon share; made when the first of them serves. */
static struct {
	struct lease_writer *writer;
	struct runner *runner;
	struct held_list *lists; /* of DHCP_BATCHES */
	struct ev_async back;	 /* a batch came back; not watched when driven by hand */
	struct ev_prepare before_sleep;
} shared;

/* ---- a batch came back ----------------------------------------------------------------------- */

static void send_held(const struct held *h)
{
	struct pkt *p;

	if (h->undo.lease)
		h->o->kept(h->o, &h->undo);
	if (!h->len)
		return;
	p = pkt_from(h->o->net->runner->pool, h->frame, h->len);
	if (p)
		port_local_inject(h->o->port, p);
	else
		port_drop(h->o->port, DROP_NO_BUFFER, NULL);
}

/* Answers of one network after another leave together. */
static void send_all(const struct held_list *list)
{
	struct net *net = NULL;
	unsigned int n = 0;

	for (unsigned int i = 0; i < list->n; i++) {
		const struct held *h = &list->held[i];

		if (!h->o)
			continue;
		if (net && (net != h->o->net || ++n % FLUSH_EVERY == 0))
			net_flush(net);
		net = h->o->net;
		send_held(h);
	}
	if (net)
		net_flush(net);
}

/* Not every answer that waits promises a lease: some end one. */
static void undo_one(struct hold_owner *o, const struct dhcp_undo *undo)
{
	if (o && undo->lease)
		o->undo(o, undo);
}

/* Newest first, as one lease may be there twice. */
static void undo_all(const struct held_list *list)
{
	for (unsigned int i = list->n; i-- > 0;)
		undo_one(list->held[i].o, &list->held[i].undo);
}

/* What is held anew meanwhile is in the other list. */
static void finished(void *ctx, unsigned int batch, int rc)
{
	struct held_list *list = &shared.lists[batch];

	(void)ctx;
	netdhcp_store_tell(shared.runner, lease_writer_failing(shared.writer));
	if (rc)
		undo_all(list);
	else
		send_all(list);
	list->n = 0;
}

static void rebuilt(void *ctx, int rc, const struct dhcp_salvage *found)
{
	(void)ctx;
	netdhcp_store_rebuilt(shared.runner, rc, found);
}

/* Forget the answers of @o, of freed leases alone with @freed. */
static void forget(const struct hold_owner *o, bool freed)
{
	for (unsigned int i = 0; shared.writer && i < DHCP_BATCHES; i++) {
		struct held_list *list = &shared.lists[i];

		for (unsigned int k = 0; k < list->n; k++) {
			const struct dhcp_lease *l = list->held[k].undo.lease;

			if (list->held[k].o == o && (!freed || (l && l->state == LEASE_FREE)))
				list->held[k].o = NULL;
		}
	}
}

void netdhcp_hold_forget(const struct hold_owner *o)
{
	forget(o, false);
}

void netdhcp_hold_forget_freed(const struct hold_owner *o)
{
	forget(o, true);
}

/* In the writer's thread. */
static void wake(void *ctx)
{
	(void)ctx;
	if (shared.runner->loop)
		ev_async_send(shared.runner->loop, &shared.back);
}

static void back_cb(struct ev_loop *loop, struct ev_async *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
	runner_clock(shared.runner);
	lease_writer_reap(shared.writer);
}

/* ---- what is to be written ------------------------------------------------------------------- */

/* Copied, so that a slow disk keeps none of the switch's buffers. */
void netdhcp_hold(struct hold_owner *o, struct pkt *p, const struct dhcp_undo *undo)
{
	struct held_list *list = &shared.lists[lease_writer_batch(shared.writer)];
	struct held *h;

	if (list->n == HELD_MAX) {
		undo_one(o, undo);
		pkt_put(p);
		return;
	}
	lease_writer_await(shared.writer);
	h = &list->held[list->n++];
	h->o = o;
	h->undo = *undo;
	h->len = p && p->len <= ANSWER_MAX ? (uint16_t)p->len : 0;
	if (h->len)
		memcpy(h->frame, p->data, h->len);
	pkt_put(p);
}

static void before_sleep_cb(struct ev_loop *loop, struct ev_prepare *w, int revents)
{
	(void)revents;
	ev_prepare_stop(loop, w);
	lease_writer_kick(shared.writer);
}

void netdhcp_hold_commit_soon(const struct runner *r)
{
	struct ev_loop *loop = r->loop;

	if (!loop)
		netdhcp_hold_flush();
	else if (!ev_is_active(&shared.before_sleep))
		ev_prepare_start(loop, &shared.before_sleep);
}

int netdhcp_hold_flush(void)
{
	int rc = shared.writer ? lease_writer_drain(shared.writer) : 0;

	return rc || !shared.writer ? rc : lease_writer_failing(shared.writer);
}

int netdhcp_hold_clock(int64_t ahead_ms, bool set)
{
	int rc = lease_writer_clock(shared.writer, ahead_ms, set);

	netdhcp_hold_commit_soon(shared.runner);
	return rc;
}

int netdhcp_hold_forget_net(const char *net)
{
	int rc = shared.writer ? lease_writer_forget(shared.writer, net) : 0;

	if (shared.writer)
		netdhcp_hold_commit_soon(shared.runner);
	return rc;
}

bool netdhcp_hold_rebuilds(void)
{
	if (!shared.writer || !lease_writer_rebuilds(shared.writer))
		return false;
	lease_writer_kick(shared.writer);
	return true;
}

bool netdhcp_hold_rebuild(struct lease_image *img)
{
	if (!shared.writer)
		return false;
	lease_writer_rebuild(shared.writer, img);
	return true;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct lease_writer *netdhcp_hold_start(struct runner *r, struct err *err)
{
	struct dhcp_store *store = netdhcp_store(err);
	struct lease_writer_conf conf = {
		.store = store, .wake = wake, .finished = finished, .rebuilt = rebuilt};
	int rc;

	shared.runner = r;
	if (!store || shared.writer)
		return shared.writer;
	shared.lists = calloc(DHCP_BATCHES, sizeof(*shared.lists));
	rc = shared.lists ? lease_writer_open(&conf, &shared.writer) : -ENOMEM;
	if (rc) {
		err_sys(err, rc, "the thread that writes leases");
		free(shared.lists);
		shared.lists = NULL;
		return NULL;
	}
	ev_async_init(&shared.back, back_cb);
	ev_prepare_init(&shared.before_sleep, before_sleep_cb);
	if (r->loop)
		ev_async_start(r->loop, &shared.back);
	return shared.writer;
}

void netdhcp_hold_stop(void)
{
	if (!shared.writer)
		return;
	netdhcp_hold_flush();
	if (shared.runner->loop) {
		ev_async_stop(shared.runner->loop, &shared.back);
		ev_prepare_stop(shared.runner->loop, &shared.before_sleep);
	}
	lease_writer_close(shared.writer);
	free(shared.lists);
	memset(&shared, 0, sizeof(shared));
}
