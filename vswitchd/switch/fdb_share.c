/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports' shares of the table, in order of use; who has most; and the entries that are tied.
 */
#include "vswitchd/switch/fdb_int.h"

/* ---- ports ----------------------------------------------------------------------------------- */

/* A slot for @port; 0 when all are taken. */
static uint16_t slot_take(struct fdb *fdb, struct port *port)
{
	unsigned int slot = fdb->slot_free;

	if (slot)
		fdb->slot_free = (unsigned int)fdb->slots[slot].next_free;
	else if (fdb->slot_fresh <= FDB_PORTS_MAX)
		slot = fdb->slot_fresh++;
	if (slot)
		fdb->slots[slot].port = port;
	return (uint16_t)slot;
}

static void slot_give(struct fdb *fdb, uint16_t slot)
{
	fdb->slots[slot].next_free = fdb->slot_free;
	fdb->slot_free = slot;
}

static void sharer_link(struct fdb *fdb, struct port *port)
{
	struct fdb_share *s = &port->fdb_share;

	s->prev = NULL;
	s->next = fdb->sharers;
	if (s->next)
		s->next->fdb_share.prev = port;
	fdb->sharers = port;
}

static void sharer_unlink(struct fdb *fdb, struct port *port)
{
	struct fdb_share *s = &port->fdb_share;

	if (s->next)
		s->next->fdb_share.prev = s->prev;
	if (s->prev)
		s->prev->fdb_share.next = s->next;
	else
		fdb->sharers = s->next;
	if (fdb->fullest == port)
		fdb->fullest = NULL;
	if (fdb->age_next == port)
		fdb->age_next = s->next;
	slot_give(fdb, s->slot);
	*s = (struct fdb_share){.limit = s->limit};
}

static void fullest_is(struct fdb *fdb, struct port *port)
{
	fdb->fullest = port;
	fdb->fullest_found = port ? port->fdb_share.count : 0;
}

void fdb_share_fullest(struct fdb *fdb)
{
	struct port *most = fdb->sharers;

	for (struct port *p = most; p; p = p->fdb_share.next)
		if (p->fdb_share.count > most->fdb_share.count)
			most = p;
	fullest_is(fdb, most);
}

void fdb_share_append(struct fdb *fdb, uint32_t i)
{
	struct fdb_entry *e = &fdb->entries[i];
	struct port *port = fdb_port_of(fdb, e);
	struct fdb_share *s = &port->fdb_share;

	e->older = s->newest;
	e->newer = 0;
	if (s->newest)
		fdb->entries[s->newest].newer = i;
	else
		s->oldest = i;
	s->newest = i;
	s->count++;
	if (!fdb->fullest || s->count > fdb->fullest->fdb_share.count)
		fullest_is(fdb, port);
}

void fdb_share_remove(struct fdb *fdb, uint32_t i)
{
	struct fdb_entry *e = &fdb->entries[i];
	struct port *port = fdb_port_of(fdb, e);
	struct fdb_share *s = &port->fdb_share;

	if (e->older)
		fdb->entries[e->older].newer = e->newer;
	else
		s->oldest = e->newer;
	if (e->newer)
		fdb->entries[e->newer].older = e->older;
	else
		s->newest = e->older;
	s->count--;
	if (fdb->fullest == port && s->count < fdb->fullest_found / 4 * 3)
		fdb->fullest = NULL;
}

bool fdb_share_ready(struct fdb *fdb, struct port *port)
{
	struct fdb_share *s = &port->fdb_share;

	if (s->slot)
		return true;
	s->slot = slot_take(fdb, port);
	if (s->slot)
		sharer_link(fdb, port);
	return s->slot;
}

/* ---- tied entries ---------------------------------------------------------------------------- */

void fdb_tied_add(struct fdb *fdb, uint32_t i)
{
	struct fdb_entry *e = &fdb->entries[i];

	e->older = fdb->tied;
	e->newer = 0;
	if (fdb->tied)
		fdb->entries[fdb->tied].newer = i;
	fdb->tied = i;
}

void fdb_tied_remove(struct fdb *fdb, uint32_t i)
{
	struct fdb_entry *e = &fdb->entries[i];

	if (e->newer)
		fdb->entries[e->newer].older = e->older;
	else
		fdb->tied = e->older;
	if (e->older)
		fdb->entries[e->older].newer = e->newer;
}

static bool tied_any(const struct fdb *fdb, uint16_t slot)
{
	uint32_t i = fdb->tied;

	while (i && fdb->entries[i].slot != slot)
		i = fdb->entries[i].older;
	return i;
}

void fdb_share_leave(struct fdb *fdb, struct port *port)
{
	if (!port->fdb_share.count && !tied_any(fdb, port->fdb_share.slot))
		sharer_unlink(fdb, port);
}
