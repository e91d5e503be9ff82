/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lease_change.h - changes of the lease file that are carried out later, by another thread; and an
 * image, all that the file should hold of some networks.
 */
#ifndef DHCP_LEASE_CHANGE_H
#define DHCP_LEASE_CHANGE_H

#include "dhcp/store.h"

enum change_kind {
	CHANGE_PUT,
	CHANGE_DEL,
	CHANGE_RESERVE,
	CHANGE_UNRESERVE,
	CHANGE_FORGET, /* all of a network */
	CHANGE_CLOCK,
	CHANGE_CLOCK_WAS_SET
};

struct lease_change {
	enum change_kind kind;
	char net[DHCP_NET_MAX];
	union {
		struct dhcp_record rec; /* PUT; DEL: addr alone */
		struct {
			be32 addr;
			struct dhcp_who who;
		} reserved;
		int64_t ahead_ms; /* of the clock */
	};
};

/* Join it to the store's open transaction; a failure makes the commit fail. */
void lease_change_write(struct dhcp_store *store, const struct lease_change *c);

struct lease_image {
	bool reopen;		   /* the file is bad: open it anew first */
	struct dhcp_salvage found; /* what that found */
	bool short_of_memory;	   /* something is missing, so it is good for nothing */
	unsigned int n, max;
	struct lease_change *change;
};

/* The next network: whatever the file holds of it goes. */
void lease_image_net(struct lease_image *img, const char *net);
/* put() and reserve() with an image as context, for dhcp_server_save(). */
extern const struct dhcp_store_ops lease_image_ops;
/* Carry it out in one transaction. 0, or the store's error. */
int lease_image_write(struct dhcp_store *store, struct lease_image *img);
/* NULL is accepted. */
void lease_image_free(struct lease_image *img);

#endif
