/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_json.h - leases as people and programs see them: dhcp.list, dhcp.reserve, dhcp.release.
 */
#ifndef VSWITCHD_NETDHCP_JSON_H
#define VSWITCHD_NETDHCP_JSON_H

#include <jansson.h>

#include "dhcp/server.h"
#include "lib/err.h"
#include "vswitchd/switch/net.h"

/* As netdhcp_call(). */
int netdhcp_json_call(struct net *net, struct dhcp_server *s, const char *method, json_t *params,
		      json_t **result, struct err *err);

/* The rows of dhcp.list, by address, that are as @params says. netdhcp_list.c. New reference. */
json_t *netdhcp_leases_json(struct net *net, const struct dhcp_server *s, const json_t *params);

/* Add "leases" (in force) and "reservations" to @dhcp. */
void netdhcp_json_counts(const struct dhcp_server *s, json_t *dhcp);

/* The lease in force that ends last among those of @mac; NULL when it has none. */
const struct dhcp_lease *netdhcp_newest_of(const struct dhcp_server *s, const struct mac *mac);

#endif
