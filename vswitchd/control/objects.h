/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * objects.h - networks and ports together with their record in the state store.
 *
 * net.c and port.c know nothing of the store. These functions change both or neither; requests
 * and the restore at start go the same way through them.
 */
#ifndef VSWITCHD_OBJECTS_H
#define VSWITCHD_OBJECTS_H

#include <jansson.h>

#include "lib/err.h"

struct daemon;
struct net;
struct port;

/* Make the network that @params (of net.add) ask for. */
int object_net_add(struct daemon *d, const json_t *params, struct net **out, struct err *err);
/* Delete it with its ports, leases and records. */
void object_net_del(struct net *net);
/* Delete the record of an object that is not there: one that could not be restored. False when
 * there is none. */
bool object_forget(const char *kind, const char *name);
/* Make it again from its record @doc. */
int object_net_restore(struct daemon *d, const json_t *doc, struct err *err);
/* Set all that @values names and record it, or change nothing. */
int object_net_set(struct net *net, const json_t *values, struct err *err);
/* A method of the network's DHCP server, which there is; what it changes of its rules is recorded.
 */
int object_dhcp_call(struct net *net, const char *method, json_t *params, json_t **result,
		     struct err *err);
/* A method of the network's mode; port forwards are recorded. */
int object_net_call(struct net *net, const char *method, json_t *params, json_t **result,
		    struct err *err);

/* Make the port that @params (of port.add) ask for. */
int object_port_add(struct daemon *d, const json_t *params, struct port **out, struct err *err);
void object_port_del(struct port *port);
int object_port_restore(struct daemon *d, const json_t *doc, struct err *err);
/* Record that the port is up or down, or on another network, now. */
void object_port_changed(const struct port *port);
/* Delete all ports that are in namespace @netns. */
void object_ports_of_netns(struct daemon *d, const char *netns);

/* Mark interface @ifname as ours, so that a later daemon that finds it alone removes it. */
void object_mark_link(const char *ifname, const char *port);

#endif
