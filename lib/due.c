/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/due.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int due_reserve(struct due_heap *h, unsigned int more)
{
	struct due **v = realloc(h->v, (h->reserved + more + 1) * sizeof(struct due *));

	if (!v)
		return -ENOMEM;
	h->v = v;
	h->reserved += more;
	return 0;
}

void due_release(struct due_heap *h, unsigned int fewer)
{
	h->reserved -= fewer;
	assert(h->n <= h->reserved);
	if (!h->reserved)
		due_fini(h);
}

void due_fini(struct due_heap *h)
{
	free(h->v);
	*h = (struct due_heap){0};
}

static void place(struct due_heap *h, struct due *d, unsigned int i)
{
	h->v[i] = d;
	d->place = i;
}

/* Let @d, for which the place @i is empty, rise or sink to where it belongs. */
static void settle(struct due_heap *h, struct due *d, unsigned int i)
{
	unsigned int child;

	for (; i > 1 && h->v[i / 2]->at_us > d->at_us; i /= 2)
		place(h, h->v[i / 2], i);
	for (; (child = 2 * i) <= h->n; i = child) {
		if (child < h->n && h->v[child + 1]->at_us < h->v[child]->at_us)
			child++;
		if (h->v[child]->at_us >= d->at_us)
			break;
		place(h, h->v[child], i);
	}
	place(h, d, i);
}

void due_start(struct due_heap *h, struct due *d, uint64_t at_us)
{
	d->at_us = at_us;
	if (!d->place) {
		assert(h->n < h->reserved);
		d->place = ++h->n;
	}
	settle(h, d, d->place);
}

void due_stop(struct due_heap *h, struct due *d)
{
	struct due *last;
	unsigned int i = d->place;

	if (!i)
		return;
	d->place = 0;
	last = h->v[h->n--];
	if (last != d)
		settle(h, last, i);
}

unsigned int due_run(struct due_heap *h, uint64_t now_us, unsigned int max)
{
	unsigned int fired = 0;

	for (; fired < max && due_next(h) <= now_us && h->n; fired++) {
		struct due *d = h->v[1];

		due_stop(h, d);
		d->fire(d);
	}
	return fired;
}
