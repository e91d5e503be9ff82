/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snoop_int.h - the tables of snooping, shared by snoop.c (frames), snoop_table.c (memberships)
 * and snoop_show.c (JSON).
 */
#ifndef VSWITCHD_SNOOP_INT_H
#define VSWITCHD_SNOOP_INT_H

#include "lib/hash.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/snoop.h"
#include "vswitchd/switch/snoop_parse.h"

enum { SNOOP_DOMAINS_MAX = 64, SNOOP_ALL_MAX = 64, SNOOP_BUCKETS = 2048 };

/* Group numbers and member numbers count from 1; 0 is none. */
struct member {
	struct port *port;
	msec until;
	uint16_t group, next; /* next in the group, or in the free list */
};

struct group {
	struct snoop_group addr;
	uint16_t vid, members, chain;
	bool v6, used;
};

/* What is known of queriers: for each VLAN and each family on its own. */
struct domain {
	bool used, v6;
	uint16_t vid;
	struct port *querier; /* where reports are sent; NULL: its port went */
	struct snoop_group address;
	msec until;		    /* then there is none any more */
	msec settled_at;	    /* by then everybody has answered the first query */
	uint32_t life_ms;	    /* of a membership that is not renewed */
	unsigned int flood_queries; /* the topology changed: flood until so many were heard */
};

/* A port that gets all multicast of a VLAN. */
struct all_port {
	struct port *port; /* NULL: free */
	uint16_t vid;
	bool v6;
	enum { ALL_QUERIER, ALL_ROUTER, ALL_OVERFLOW } why;
	msec until;
};

struct snoop {
	struct hash_key key;
	unsigned int n_groups, n_members; /* in use */
	uint16_t groups_top, members_top; /* ever used */
	uint16_t free_group, free_member;
	msec flood_until; /* some port that should get all could not be noted */
	struct domain domains[SNOOP_DOMAINS_MAX];
	struct all_port all[SNOOP_ALL_MAX];
	uint16_t buckets[SNOOP_BUCKETS];
	struct group groups[SNOOP_GROUPS_MAX + 1];
	struct member members[SNOOP_MEMBERS_MAX + 1];
};

struct group *snoop_group_find(struct snoop *s, uint16_t vid, bool v6,
			       const struct snoop_group *addr);
/* Note that @port wants a group until @until. False when there is no room for it. */
bool snoop_join(struct snoop *s, uint16_t vid, bool v6, const struct snoop_group *addr,
		struct port *port, msec until);
/* It may have left: it has until @until to say otherwise. */
void snoop_leave(struct snoop *s, uint16_t vid, bool v6, const struct snoop_group *addr,
		 const struct port *port, msec until);
/* Drop what is over by @now, and all of @port unless it is NULL. */
void snoop_expire(struct snoop *s, msec now, const struct port *port);
/* Give @port all multicast of a VLAN. */
void snoop_all_add(struct snoop *s, uint16_t vid, bool v6, struct port *port, int why, msec until);
void snoop_all_del(struct snoop *s, uint16_t vid, bool v6, const struct port *port, int why);
bool snoop_is_all(const struct snoop *s, uint16_t vid, bool v6, const struct port *port, msec now);

#endif
