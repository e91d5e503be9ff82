/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/lease_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"

struct batch {
	bool awaited; /* comes back also when empty */
	unsigned int n;
	struct lease_change change[DHCP_BATCH_MAX];
};

/* Whose the writing batch is. */
enum turn { AT_REST, WITH_THREAD, COME_BACK };

struct lease_writer {
	struct lease_writer_conf conf;
	struct batch batch[DHCP_BATCHES];
	unsigned int filling; /* the other one is writing, or empty */
	bool finishing;	      /* inside conf.finished() */
	bool refused;	      /* a change since the last commit() found no room */
	int failing;	      /* why the last batch that changed something failed; 0: it did not */
	struct lease_image *image;   /* waits for the thread to be at rest */
	struct lease_image *writing; /* with the thread instead of a batch */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under lock */
	enum turn turn;
	int rc;
	bool stop;
};

/* ---- the thread ------------------------------------------------------------------------------ */

static int write_batch(struct dhcp_store *store, const struct batch *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		lease_change_write(store, &b->change[i]);
	return dhcp_store_sqlite.commit(store);
}

static int write_turn(struct lease_writer *w)
{
	return w->writing ? lease_image_write(w->conf.store, w->writing)
			  : write_batch(w->conf.store, &w->batch[!w->filling]);
}

/* Who is woken finds the lock free: both sides signal after they let it go. */
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
		rc = write_turn(w);
		pthread_mutex_lock(&w->lock);
		w->rc = rc;
		w->turn = COME_BACK;
		pthread_mutex_unlock(&w->lock);
		pthread_cond_broadcast(&w->changed);
		w->conf.wake(w->conf.ctx);
		pthread_mutex_lock(&w->lock);
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

/* Networks are forgotten once: those of the batches that failed are tried again with what comes. */
static unsigned int keep_forgets(struct batch *b)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->n; i++)
		if (b->change[i].kind == CHANGE_FORGET)
			b->change[n++] = b->change[i];
	return n;
}

static void clear_but_forgets(struct lease_writer *w)
{
	struct batch *old = &w->batch[!w->filling], *new = &w->batch[w->filling];
	unsigned int n_old = keep_forgets(old), n_new = keep_forgets(new);

	n_new = MIN(n_new, DHCP_BATCH_MAX - n_old);
	memmove(new->change + n_old, new->change, n_new * sizeof(*new->change));
	memcpy(new->change, old->change, n_old * sizeof(*old->change));
	batch_clear(old);
	batch_clear(new);
	new->n = n_old + n_new;
}

static void finish_image(struct lease_writer *w, int rc)
{
	struct lease_image *img = w->writing;

	w->writing = NULL;
	w->failing = rc;
	w->conf.rebuilt(w->conf.ctx, rc, &img->found);
	lease_image_free(img);
}

/* What fails, a batch or an image, fails what waits behind it, too: see lease_writer.h. */
static void finish(struct lease_writer *w, int rc)
{
	unsigned int writing = !w->filling;
	bool both = rc && batch_waits(&w->batch[w->filling]), image = w->writing;

	w->finishing = true;
	if (image)
		finish_image(w, rc);
	else if (w->batch[writing].n)
		w->failing = rc;
	if (rc)
		clear_but_forgets(w);
	batch_clear(&w->batch[writing]);
	if (both)
		w->conf.finished(w->conf.ctx, w->filling, rc);
	if (!image)
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

/* An image waits for what is on its way and goes before what comes. */
static bool choose(struct lease_writer *w)
{
	if (w->image) {
		w->writing = w->image;
		w->image = NULL;
		return true;
	}
	if (!batch_waits(&w->batch[w->filling]))
		return false;
	w->filling = !w->filling;
	return true;
}

void lease_writer_kick(struct lease_writer *w)
{
	bool given;

	if (w->finishing)
		return;
	pthread_mutex_lock(&w->lock);
	given = w->turn == AT_REST && choose(w);
	if (given)
		w->turn = WITH_THREAD;
	pthread_mutex_unlock(&w->lock);
	if (given)
		pthread_cond_broadcast(&w->changed);
}

/* After a failure the next change tries the disk, not what is left over: else they would go round.
 */
void lease_writer_reap(struct lease_writer *w)
{
	int rc = 0;

	if (take_back(w, false, &rc))
		finish(w, rc);
	if (!rc || w->image)
		lease_writer_kick(w);
}

int lease_writer_drain(struct lease_writer *w)
{
	int rc = 0, worst = 0;

	if (w->finishing)
		return 0;
	if (take_back(w, true, &rc)) {
		worst = rc;
		finish(w, rc);
	}
	/* What finish() brings in anew is drained as well. */
	while (!rc && choose(w)) {
		rc = write_turn(w);
		worst = rc ? rc : worst;
		finish(w, rc);
	}
	return worst;
}

void lease_writer_rebuild(struct lease_writer *w, struct lease_image *img)
{
	lease_image_free(w->image);
	w->image = img;
	lease_writer_kick(w);
}

bool lease_writer_rebuilds(const struct lease_writer *w)
{
	return w->image || w->writing;
}

int lease_writer_failing(const struct lease_writer *w)
{
	return w->failing;
}

/* ---- as a store ------------------------------------------------------------------------------ */

static struct lease_change *change_add(struct lease_writer *w, enum change_kind kind,
				       const char *net)
{
	struct batch *b = &w->batch[w->filling];
	struct lease_change *c;

	if (b->n == DHCP_BATCH_MAX) {
		lease_writer_kick(w);
		b = &w->batch[w->filling];
		if (b->n == DHCP_BATCH_MAX) {
			w->refused = true;
			return NULL;
		}
	}
	c = &b->change[b->n++];
	c->kind = kind;
	snprintf(c->net, sizeof(c->net), "%s", net);
	return c;
}

static int writer_put(void *ctx, const char *net, const struct dhcp_record *rec)
{
	struct lease_change *c = change_add(ctx, CHANGE_PUT, net);

	if (!c)
		return -ENOBUFS;
	c->rec = *rec;
	return 0;
}

static int writer_del(void *ctx, const char *net, be32 addr)
{
	struct lease_change *c = change_add(ctx, CHANGE_DEL, net);

	if (!c)
		return -ENOBUFS;
	c->rec.addr = addr;
	return 0;
}

static int writer_reserve(void *ctx, const char *net, be32 addr, const struct dhcp_who *who)
{
	struct lease_change *c = change_add(ctx, CHANGE_RESERVE, net);

	if (!c)
		return -ENOBUFS;
	c->reserved.addr = addr;
	c->reserved.who = *who;
	return 0;
}

static int writer_unreserve(void *ctx, const char *net, be32 addr)
{
	struct lease_change *c = change_add(ctx, CHANGE_UNRESERVE, net);

	if (!c)
		return -ENOBUFS;
	c->reserved.addr = addr;
	return 0;
}

static int writer_commit(void *ctx)
{
	struct lease_writer *w = ctx;
	int rc = w->refused ? -ENOBUFS : w->failing;

	w->refused = false;
	lease_writer_kick(w);
	return rc;
}

/* Is a change of @net on its way to disk? */
static bool changes_wait(const struct lease_writer *w, const char *net)
{
	for (unsigned int i = 0; i < DHCP_BATCHES; i++)
		for (unsigned int k = 0; k < w->batch[i].n; k++)
			if (!strcmp(w->batch[i].change[k].net, net))
				return true;
	return w->image || w->writing;
}

static bool forget_waits(const struct lease_writer *w, const char *net)
{
	const struct batch *b = &w->batch[w->filling];

	for (unsigned int k = 0; k < b->n; k++)
		if (b->change[k].kind == CHANGE_FORGET && !strcmp(b->change[k].net, net))
			return true;
	return false;
}

/* The store's connection is the thread's; else it is the caller's. */
static bool with_thread(struct lease_writer *w)
{
	bool with;

	pthread_mutex_lock(&w->lock);
	with = w->turn == WITH_THREAD;
	pthread_mutex_unlock(&w->lock);
	return with;
}

/* While the thread writes, what it has nothing of is read past it. */
static int writer_load(void *ctx, const char *net,
		       void (*lease)(void *arg, const struct dhcp_record *rec),
		       void (*reserved)(void *arg, be32 addr, const struct dhcp_who *who),
		       void *arg)
{
	struct lease_writer *w = ctx;

	if (!changes_wait(w, net)) {
		if (!with_thread(w))
			return dhcp_store_sqlite.load(w->conf.store, net, lease, reserved, arg);
		if (dhcp_store_load_beside(w->conf.store, net, lease, reserved, arg) == 0)
			return 0;
	}
	lease_writer_drain(w);
	/* A disk that refuses still has what a deleted network of that name had. */
	if (forget_waits(w, net))
		return 0;
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

int lease_writer_forget(struct lease_writer *w, const char *net)
{
	return change_add(w, CHANGE_FORGET, net) ? 0 : -ENOBUFS;
}

int lease_writer_clock(struct lease_writer *w, int64_t ahead_ms, bool set)
{
	struct lease_change *c = change_add(w, set ? CHANGE_CLOCK_WAS_SET : CHANGE_CLOCK, "");

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
	lease_image_free(w->image);
	free(w);
}
