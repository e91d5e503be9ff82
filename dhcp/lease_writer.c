/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/lease_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/addr.h"

enum kind { PUT, DEL, CLOCK, CLOCK_WAS_SET };

struct change {
	enum kind kind;
	char net[DHCP_NET_MAX];
	struct dhcp_record rec; /* DEL: addr alone */
	int64_t ahead_ms;	/* of the clock */
};

struct batch {
	bool awaited; /* comes back also when empty */
	unsigned int n;
	struct change change[DHCP_BATCH_MAX];
};

/* Whose the writing batch is. */
enum turn { AT_REST, WITH_THREAD, COME_BACK };

struct lease_writer {
	struct lease_writer_conf conf;
	struct batch batch[DHCP_BATCHES];
	unsigned int filling; /* the other one is writing, or empty */
	bool finishing;	      /* inside conf.finished() */
	bool direct;	      /* changes go straight to the store until commit() */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under lock */
	enum turn turn;
	int rc;
	bool stop;
};

/* ---- the thread ------------------------------------------------------------------------------ */

static void write_change(struct dhcp_store *store, const struct change *c)
{
	switch (c->kind) {
	case PUT:
		dhcp_store_sqlite.put(store, c->net, &c->rec);
		break;
	case DEL:
		dhcp_store_sqlite.del(store, c->net, c->rec.addr);
		break;
	case CLOCK:
	case CLOCK_WAS_SET:
		dhcp_store_clock(store, c->ahead_ms, c->kind == CLOCK_WAS_SET);
		break;
	}
}

/* A change that fails makes the commit fail. */
static int write_batch(struct dhcp_store *store, const struct batch *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		write_change(store, &b->change[i]);
	return dhcp_store_sqlite.commit(store);
}

static void *writer_main(void *arg)
{
	struct lease_writer *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		int rc;

		while (!w->stop && w->turn != WITH_THREAD)
			pthread_cond_wait(&w->changed, &w->lock);
		if (w->stop)
			break;
		pthread_mutex_unlock(&w->lock);
		rc = write_batch(w->conf.store, &w->batch[!w->filling]);
		pthread_mutex_lock(&w->lock);
		w->rc = rc;
		w->turn = COME_BACK;
		pthread_cond_broadcast(&w->changed);
		w->conf.wake(w->conf.ctx);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- the caller's side ----------------------------------------------------------------------- */

static bool batch_waits(const struct batch *b)
{
	return b->n || b->awaited;
}

static void batch_clear(struct batch *b)
{
	b->n = 0;
	b->awaited = false;
}

/* Both batches when @rc says that the writing one failed: see lease_writer.h. */
static void finish(struct lease_writer *w, int rc)
{
	unsigned int writing = !w->filling;

	w->finishing = true;
	batch_clear(&w->batch[writing]);
	if (rc && batch_waits(&w->batch[w->filling])) {
		batch_clear(&w->batch[w->filling]);
		w->conf.finished(w->conf.ctx, w->filling, rc);
	}
	w->conf.finished(w->conf.ctx, writing, rc);
	w->finishing = false;
}

/* What came back? False: nothing. With @wait, until it has when a batch is under way. */
static bool take_back(struct lease_writer *w, bool wait, int *rc)
{
	bool back;

	pthread_mutex_lock(&w->lock);
	while (wait && w->turn == WITH_THREAD)
		pthread_cond_wait(&w->changed, &w->lock);
	back = w->turn == COME_BACK;
	if (back) {
		w->turn = AT_REST;
		*rc = w->rc;
	}
	pthread_mutex_unlock(&w->lock);
	return back;
}

void lease_writer_await(struct lease_writer *w)
{
	w->batch[w->filling].awaited = true;
}

unsigned int lease_writer_batch(const struct lease_writer *w)
{
	return w->filling;
}

void lease_writer_kick(struct lease_writer *w)
{
	if (!batch_waits(&w->batch[w->filling]) || w->finishing)
		return;
	pthread_mutex_lock(&w->lock);
	if (w->turn == AT_REST) {
		w->filling = !w->filling;
		w->turn = WITH_THREAD;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
}

void lease_writer_reap(struct lease_writer *w)
{
	int rc;

	if (take_back(w, false, &rc))
		finish(w, rc);
	lease_writer_kick(w);
}

int lease_writer_drain(struct lease_writer *w)
{
	int rc, worst = 0;

	if (w->finishing)
		return 0;
	if (take_back(w, true, &rc)) {
		worst = rc;
		finish(w, rc);
	}
	/* What finish() brings in anew is drained as well. */
	while (batch_waits(&w->batch[w->filling])) {
		w->filling = !w->filling;
		rc = write_batch(w->conf.store, &w->batch[!w->filling]);
		worst = rc ? rc : worst;
		finish(w, rc);
	}
	return worst;
}

/* ---- as a store ------------------------------------------------------------------------------ */

static struct change *change_add(struct lease_writer *w, enum kind kind, const char *net)
{
	struct batch *b = &w->batch[w->filling];
	struct change *c;

	if (b->n == DHCP_BATCH_MAX) {
		lease_writer_kick(w);
		b = &w->batch[w->filling];
		if (b->n == DHCP_BATCH_MAX)
			return NULL;
	}
	c = &b->change[b->n++];
	c->kind = kind;
	snprintf(c->net, sizeof(c->net), "%s", net);
	return c;
}

static int writer_put(void *ctx, const char *net, const struct dhcp_record *rec)
{
	struct lease_writer *w = ctx;
	struct change *c;

	if (w->direct)
		return dhcp_store_sqlite.put(w->conf.store, net, rec);
	c = change_add(w, PUT, net);
	if (!c)
		return -ENOBUFS;
	c->rec = *rec;
	return 0;
}

static int writer_del(void *ctx, const char *net, be32 addr)
{
	struct lease_writer *w = ctx;
	struct change *c;

	if (w->direct)
		return dhcp_store_sqlite.del(w->conf.store, net, addr);
	c = change_add(w, DEL, net);
	if (!c)
		return -ENOBUFS;
	c->rec.addr = addr;
	return 0;
}

/* From here to the next commit the caller writes itself. */
static struct dhcp_store *direct(struct lease_writer *w)
{
	if (!w->direct)
		lease_writer_drain(w);
	w->direct = true;
	return w->conf.store;
}

static int writer_reserve(void *ctx, const char *net, be32 addr, const struct dhcp_who *who)
{
	return dhcp_store_sqlite.reserve(direct(ctx), net, addr, who);
}

static int writer_unreserve(void *ctx, const char *net, be32 addr)
{
	return dhcp_store_sqlite.unreserve(direct(ctx), net, addr);
}

static int writer_commit(void *ctx)
{
	struct lease_writer *w = ctx;

	if (!w->direct)
		return lease_writer_drain(w);
	w->direct = false;
	return dhcp_store_sqlite.commit(w->conf.store);
}

static int writer_load(void *ctx, const char *net,
		       void (*lease)(void *arg, const struct dhcp_record *rec),
		       void (*reserved)(void *arg, be32 addr, const struct dhcp_who *who),
		       void *arg)
{
	struct lease_writer *w = ctx;

	lease_writer_drain(w);
	return dhcp_store_sqlite.load(w->conf.store, net, lease, reserved, arg);
}

const struct dhcp_store_ops lease_writer_ops = {
	.put = writer_put,
	.del = writer_del,
	.reserve = writer_reserve,
	.unreserve = writer_unreserve,
	.commit = writer_commit,
	.load = writer_load,
};

int lease_writer_clock(struct lease_writer *w, int64_t ahead_ms, bool set)
{
	struct change *c = change_add(w, set ? CLOCK_WAS_SET : CLOCK, "");

	if (!c)
		return -ENOBUFS;
	c->ahead_ms = ahead_ms;
	return 0;
}

/* ---- life ------------------------------------------------------------------------------------ */

int lease_writer_open(const struct lease_writer_conf *conf, struct lease_writer **out)
{
	struct lease_writer *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	w->conf = *conf;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	rc = pthread_create(&w->thread, NULL, writer_main, w);
	if (rc) {
		pthread_cond_destroy(&w->changed);
		pthread_mutex_destroy(&w->lock);
		free(w);
		return -rc;
	}
	*out = w;
	return 0;
}

void lease_writer_close(struct lease_writer *w)
{
	if (!w)
		return;
	lease_writer_drain(w);
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
