/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is forgotten: for its age, for its port, or because it was asked; and what is taken over to
 * a table of another size.
 */
#include <errno.h>

#include "vswitchd/switch/fdb_int.h"

/* Ports looked at and entries forgotten by one fdb_age(): 0.7 us each. */
enum { AGE_STEP = 48 };

/* ---- forgetting ------------------------------------------------------------------------------ */

/* Forget what is too old of @port, at most @left. Returns what is left of that. */
static unsigned int age_port(struct fdb *fdb, struct port *port, msec now, unsigned int left,
			     fdb_aged_fn *aged, void *ctx)
{
	uint32_t i = port->fdb_share.oldest;
	uint32_t more = port->fdb_share.count;

	while (left && more && fdb_expired(fdb, &fdb->entries[i], now)) {
		struct fdb_entry *e = &fdb->entries[i];
		uint32_t next = e->newer;
		struct mac mac;
		uint16_t vid;

		fdb_key_read(e->key, &mac, &vid);
		if (aged)
			aged(ctx, &mac, vid, port);
		fdb_entry_free(fdb, i);
		i = next;
		more--;
		left--;
	}
	return left;
}

bool fdb_age(struct fdb *fdb, msec now, fdb_aged_fn *aged, void *ctx)
{
	unsigned int left = AGE_STEP;

	if (!fdb->age_next)
		fdb->age_next = fdb->sharers;
	while (fdb->age_next && left) {
		struct port *port = fdb->age_next;

		left = age_port(fdb, port, now, left - 1, aged, ctx);
		if (!left)
			break;
		/* With its last entry the port has left the list, and age_next gone on. */
		if (fdb->age_next == port)
			fdb->age_next = port->fdb_share.next;
	}
	return fdb->age_next;
}

static unsigned int flush_share(struct fdb *fdb, const struct port *port)
{
	unsigned int n = port->fdb_share.count;
	uint32_t i = port->fdb_share.oldest;

	for (unsigned int left = n; left; left--) {
		uint32_t next = fdb->entries[i].newer;

		fdb_entry_free(fdb, i);
		i = next;
	}
	return n;
}

unsigned int fdb_flush(struct fdb *fdb, const struct port *port)
{
	unsigned int n = 0;

	if (port)
		return flush_share(fdb, port);
	for (struct port *p = fdb->sharers, *next; p; p = next) {
		next = p->fdb_share.next;
		n += flush_share(fdb, p);
	}
	return n;
}

void fdb_forget(struct fdb *fdb, struct port *port)
{
	uint32_t older;

	flush_share(fdb, port);
	for (uint32_t i = port->fdb_share.slot ? fdb->tied : 0; i; i = older) {
		older = fdb->entries[i].older;
		if (fdb_port_of(fdb, &fdb->entries[i]) == port)
			fdb_entry_free(fdb, i);
	}
	if (fdb->was == port)
		fdb->was = NULL;
}

/* ---- another size ---------------------------------------------------------------------------- */

/* Take over what @port has in @old, in order of use. */
static void move_share(struct fdb *to, const struct fdb *old, struct port *port)
{
	uint32_t i = port->fdb_share.oldest, left = port->fdb_share.count;
	bool evicted;

	port->fdb_share = (struct fdb_share){.limit = port->fdb_share.limit};
	for (; left; left--, i = old->entries[i].newer)
		fdb_entry_new(to, old->entries[i].key, port, old->entries[i].seen, &evicted);
}

int fdb_resize(struct fdb **fdb, unsigned int max)
{
	struct fdb *old = *fdb, *new = fdb_create(max, old->ageing_ms);
	struct mac mac;
	uint16_t vid;

	if (!new)
		return -ENOMEM;
	for (struct port *p = old->sharers, *next; p; p = next) {
		next = p->fdb_share.next;
		move_share(new, old, p);
	}
	for (uint32_t i = old->tied; i; i = old->entries[i].older) {
		const struct fdb_entry *e = &old->entries[i];

		fdb_key_read(e->key, &mac, &vid);
		fdb_tie(new, &mac, vid, fdb_port_of(old, e), (enum fdb_kind)e->kind);
	}
	fdb_destroy(old);
	*fdb = new;
	return 0;
}
