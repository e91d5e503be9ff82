/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snoop_table.c - groups, their members, and the ports that get everything.
 *
 * Theory of operation. All tables have a fixed size and belong to the network; entries are named by
 * number and linked into a hash chain (groups) and into their group (members). A group without
 * members is freed. No port can use up the table: beyond SNOOP_PORT_MAX memberships it is noted as
 * one that gets all multicast, which costs nobody else anything and loses it nothing. Where even
 * that can't be noted, everything is flooded for a while. So want of room never loses a frame.
 */
#include <string.h>

#include "vswitchd/switch/snoop_int.h"

static uint16_t *bucket_of(struct snoop *s, uint16_t vid, bool v6, const struct snoop_group *addr)
{
	uint8_t key[sizeof(*addr) + 3];

	memcpy(key, addr, sizeof(*addr));
	key[16] = (uint8_t)vid;
	key[17] = (uint8_t)(vid >> 8);
	key[18] = v6;
	return &s->buckets[hash_bytes(&s->key, key, sizeof(key)) % SNOOP_BUCKETS];
}

struct group *snoop_group_find(struct snoop *s, uint16_t vid, bool v6,
			       const struct snoop_group *addr)
{
	for (uint16_t i = *bucket_of(s, vid, v6, addr); i; i = s->groups[i].chain) {
		struct group *g = &s->groups[i];

		if (g->vid == vid && g->v6 == v6 && memcmp(&g->addr, addr, sizeof(*addr)) == 0)
			return g;
	}
	return NULL;
}

static struct group *group_new(struct snoop *s, uint16_t vid, bool v6,
			       const struct snoop_group *addr)
{
	uint16_t i = s->free_group, *bucket = bucket_of(s, vid, v6, addr);

	if (i)
		s->free_group = s->groups[i].chain;
	else if (s->groups_top < SNOOP_GROUPS_MAX)
		i = ++s->groups_top;
	else
		return NULL;
	s->groups[i] =
		(struct group){.addr = *addr, .vid = vid, .v6 = v6, .used = true, .chain = *bucket};
	*bucket = i;
	s->n_groups++;
	return &s->groups[i];
}

static void group_free(struct snoop *s, struct group *g)
{
	uint16_t i = (uint16_t)(g - s->groups);
	uint16_t *at = bucket_of(s, g->vid, g->v6, &g->addr);

	while (*at != i)
		at = &s->groups[*at].chain;
	*at = g->chain;
	g->used = false;
	g->chain = s->free_group;
	s->free_group = i;
	s->n_groups--;
}

static struct member *member_find(struct snoop *s, const struct group *g, const struct port *port)
{
	for (uint16_t i = g->members; i; i = s->members[i].next)
		if (s->members[i].port == port)
			return &s->members[i];
	return NULL;
}

static uint16_t member_number(struct snoop *s)
{
	uint16_t i = s->free_member;

	if (i)
		s->free_member = s->members[i].next;
	else if (s->members_top < SNOOP_MEMBERS_MAX)
		i = ++s->members_top;
	return i;
}

static void member_free(struct snoop *s, uint16_t i)
{
	struct member *m = &s->members[i];
	struct group *g = &s->groups[m->group];
	uint16_t *at = &g->members;

	while (*at != i)
		at = &s->members[*at].next;
	*at = m->next;
	m->port->n_groups--;
	m->port = NULL;
	m->next = s->free_member;
	s->free_member = i;
	s->n_members--;
	if (!g->members)
		group_free(s, g);
}

bool snoop_join(struct snoop *s, uint16_t vid, bool v6, const struct snoop_group *addr,
		struct port *port, msec until)
{
	struct group *g = snoop_group_find(s, vid, v6, addr);
	struct member *m = g ? member_find(s, g, port) : NULL;
	uint16_t i;

	if (m) {
		m->until = until;
		return true;
	}
	if (port->n_groups >= SNOOP_PORT_MAX || s->n_members >= SNOOP_MEMBERS_MAX)
		return false;
	if (!g)
		g = group_new(s, vid, v6, addr);
	if (!g)
		return false;
	i = member_number(s);
	s->members[i] = (struct member){.port = port,
					.until = until,
					.group = (uint16_t)(g - s->groups),
					.next = g->members};
	g->members = i;
	s->n_members++;
	port->n_groups++;
	return true;
}

void snoop_leave(struct snoop *s, uint16_t vid, bool v6, const struct snoop_group *addr,
		 const struct port *port, msec until)
{
	struct group *g = snoop_group_find(s, vid, v6, addr);
	struct member *m = g ? member_find(s, g, port) : NULL;

	if (m && m->until > until)
		m->until = until;
}

void snoop_expire(struct snoop *s, msec now, const struct port *port)
{
	for (uint16_t i = 1; s->n_members && i <= s->members_top; i++) {
		struct member *m = &s->members[i];

		if (m->port && (m->until <= now || m->port == port))
			member_free(s, i);
	}
	for (unsigned int i = 0; i < SNOOP_ALL_MAX; i++)
		if (s->all[i].port && (s->all[i].until <= now || s->all[i].port == port))
			s->all[i].port = NULL;
	for (unsigned int i = 0; i < SNOOP_DOMAINS_MAX; i++) {
		struct domain *d = &s->domains[i];

		d->used &= d->until > now;
		if (port && d->querier == port)
			d->querier = NULL;
	}
}

/* ---- ports that get all ---------------------------------------------------------------------- */

void snoop_all_add(struct snoop *s, uint16_t vid, bool v6, struct port *port, int why, msec until)
{
	struct all_port *free = NULL;

	for (unsigned int i = 0; i < SNOOP_ALL_MAX; i++) {
		struct all_port *a = &s->all[i];

		if (!a->port) {
			free = free ? free : a;
		} else if (a->port == port && a->vid == vid && a->v6 == v6 && (int)a->why == why) {
			a->until = until;
			return;
		}
	}
	if (free)
		*free = (struct all_port){port, vid, v6, why, until};
	else
		s->flood_until = MAX(s->flood_until, until);
}

void snoop_all_del(struct snoop *s, uint16_t vid, bool v6, const struct port *port, int why)
{
	for (unsigned int i = 0; i < SNOOP_ALL_MAX; i++) {
		struct all_port *a = &s->all[i];

		if (a->port == port && a->vid == vid && a->v6 == v6 && (int)a->why == why)
			a->port = NULL;
	}
}

bool snoop_is_all(const struct snoop *s, uint16_t vid, bool v6, const struct port *port, msec now)
{
	for (unsigned int i = 0; i < SNOOP_ALL_MAX; i++) {
		const struct all_port *a = &s->all[i];

		if (a->port == port && a->vid == vid && a->v6 == v6 && a->until > now)
			return true;
	}
	return false;
}
