/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snoop_parse.h - what a multicast frame is to a switch that snoops: pure, for hostile bytes.
 */
#ifndef VSWITCHD_SNOOP_PARSE_H
#define VSWITCHD_SNOOP_PARSE_H

#include "lib/pkt.h"

enum snoop_kind {
	SNOOP_OTHER,	   /* no IP multicast: flooded */
	SNOOP_DATA,	   /* to a group */
	SNOOP_QUERY,	   /* an IGMP or MLD query */
	SNOOP_REPORT,	   /* joins and leaves, in records */
	SNOOP_ROUTER,	   /* a multicast router speaks: PIM hello, router advertisement */
	SNOOP_ROUTER_GONE, /* and says farewell (RFC 4286 3.4) */
};

/* An IGMPv3 report in a frame of 1,500 bytes has at most 184 records. */
enum { SNOOP_RECORDS_MAX = 192 };

struct snoop_group {
	uint8_t b[16]; /* IPv4: ::ffff:a.b.c.d */
};

struct snoop_record {
	struct snoop_group group;
	bool join; /* else leave */
};

struct snoop_msg {
	enum snoop_kind kind;
	bool v6;
	bool link_local;	  /* 224.0.0.0/24, ff01::/16, ff02::/16: flooded */
	bool general;		  /* a query for all groups */
	struct snoop_group group; /* destination of the packet */
	struct snoop_group sender;
	bool no_sender;	     /* 0.0.0.0 or :: */
	uint32_t resp_ms;    /* query: most that an answer may take */
	uint32_t interval_s; /* query: from one to the next */
	uint32_t hold_s;     /* router: how long that is true */
	unsigned int n_records;
	struct snoop_record records[SNOOP_RECORDS_MAX]; /* the first n_records are set */
};

/* Looks at @p, whose destination MAC is a group; fills all of @m but unused records. Control
 * messages that break their RFC are data (and teach nothing). */
void snoop_parse(const struct pkt *p, struct snoop_msg *m);

#endif
