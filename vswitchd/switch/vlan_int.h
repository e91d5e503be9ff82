/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlan_int.h - what vlan.c (a frame's way), vlan_set.c (the settings) and vlan_segment.c (trunks of
 * several networks) share.
 */
#ifndef VSWITCHD_VLAN_INT_H
#define VSWITCHD_VLAN_INT_H

#include "lib/addr.h"
#include "vswitchd/switch/vlan_ids.h"

struct net;
struct port;

enum { VLAN_NO_ID = 0, SEGMENTS_MAX = 16 };

/* One network that a trunk carries. */
struct segment {
	char name[NAME_MAX_ + 1];
	uint16_t id;	     /* its tag; VLAN_NO_ID while there is no such network */
	bool native;	     /* untagged frames are its */
	struct port *member; /* its port there; NULL in the trunk's own network, or while missing */
};

struct vlan_port {
	/* For a frame's way, all in ids as they are on the wire. */
	struct vlan_ids members; /* may pass in the port's own network */
	uint16_t untagged;	 /* what a frame without a tag is in; VLAN_NO_ID: it may not pass */
	uint16_t own;		 /* what VLAN 0 of the network is called here */
	/* What was asked for. */
	bool trunk;
	bool native_given;
	uint16_t native;		      /* VLAN_NO_ID: none */
	char native_net[NAME_MAX_ + 1];	      /* the same for a trunk of segments, "": none */
	struct vlan_ids listed;		      /* trunk of ids */
	unsigned int n_segments;	      /* > 0: trunk of networks */
	struct segment segment[SEGMENTS_MAX]; /* in the user's order, native_net among them */
};

/* Look up the networks of a trunk that has segments, and make or drop its ports on them. Does the
 * best it can: what is missing or wrong is not carried (and logged). */
void segments_resolve(struct port *port);
/* Drop its ports on other networks. */
void segments_drop(struct port *port);
/* A port of @net has other VLANs, or came with some, or went: set the features that follow. */
void vlan_features(struct net *net);

#endif
