/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdhcp_rules.h - what is set for a network's DHCP server: options by layer, classes, more
 * subnets.
 *
 * The rules are a JSON document, the same in a `net.add` request (member dhcp_rules), in the state
 * store, and what a topology file is turned into (vnet-control(7)):
 *
 *   {"options": {KEY: VALUE...},                                  the network's
 *    "subnets": [{"subnet", "range", "server", "relay", "options"}...],
 *    "classes": [{"name", "vendor", "user", "mac", "arch", "options"}...],
 *    "clients": {CLIENT: {KEY: VALUE...}...}}
 *
 * Each change makes a new document and from it new rules for the server, or is refused as a whole.
 */
#ifndef VSWITCHD_NETDHCP_RULES_H
#define VSWITCHD_NETDHCP_RULES_H

#include <jansson.h>

#include "dhcp/server.h"
#include "lib/err.h"
#include "vswitchd/switch/net.h"

struct netdhcp_rules {
	json_t *doc;
	struct dhcp_policy *policy;
	unsigned int n_more;
	struct dhcp_subnet more[DHCP_POOLS_MAX - 1]; /* beside the network's own */
};

/* @doc may be NULL; it is copied. On failure @out is empty and @err names the place. */
int netdhcp_rules_make(const struct net_conf *conf, const json_t *doc, struct netdhcp_rules *out,
		       struct err *err);
void netdhcp_rules_fini(struct netdhcp_rules *r);

/* The document of @old after the change that @method (dhcp.set, dhcp.class.add...) with @params
 * asks for: a new reference. NULL and @err when it can't be. */
json_t *netdhcp_rules_edit(const json_t *old, const char *method, const json_t *params,
			   struct err *err);
/* Is @method one of those? */
bool netdhcp_rules_edits(const char *method);

/* dhcp.options: what is set, a row an option; classes and subnets. New reference. */
json_t *netdhcp_rules_json(const struct netdhcp_rules *r, const struct dhcp_server *s);

#endif
