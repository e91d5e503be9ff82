/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dnsrecords.c - records "dns" "NET ID" {"net", "name", "type", "value", "ttl"}, ids by the order
 * in which they came.
 *
 * The network's name server knows what a record means; the store has the words that it came in. So
 * deleting by name, type or value asks the name server which of the stored ones it takes.
 */
#include "vswitchd/control/dnsrecords.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/log.h"
#include "vswitchd/host/state.h"
#include "vswitchd/netdns.h"
#include "vswitchd/switch/net.h"

static const char kind[] = "dns";

static const char *member(const json_t *doc, const char *key)
{
	const char *text = json_string_value(json_object_get(doc, key));

	return text ? text : "";
}

static unsigned long next_id(const json_t *all, const char *net)
{
	unsigned long last = 0, id;
	const char *name;
	json_t *doc;

	json_object_foreach ((json_t *)all, name, doc) {
		if (strcmp(member(doc, "net"), net))
			continue;
		id = strtoul(strrchr(name, ' ') + 1, NULL, 10);
		last = id > last ? id : last;
	}
	return last + 1;
}

int dnsrecords_add(struct net *net, const json_t *params, struct err *err)
{
	char name[NAME_MAX_ + 32];
	json_t *all;
	int rc = netdns_add(net, params, err);

	if (rc)
		return rc;
	all = state_all(kind);
	snprintf(name, sizeof(name), "%s %lu", net->conf.name, next_id(all, net->conf.name));
	json_decref(all);
	rc = state_put(kind, name, params, err);
	if (rc)
		netdns_del(net, params, NULL);
	return rc;
}

/* The stored ones that @params name leave the name server one by one, so that it is seen which. */
int dnsrecords_del(struct net *net, const json_t *params, struct err *err)
{
	json_t *all = state_all(kind), *doc;
	int n = netdns_del(net, params, err);
	struct err ignored;
	const char *name;

	if (n == 0)
		n = err_set(err, -ENOENT, "network \"%s\" has no such record", net->conf.name);
	json_object_foreach (all, name, doc) {
		if (n < 0 || strcmp(member(doc, "net"), net->conf.name))
			continue;
		/* What is still there can't be added again. */
		if (netdns_add(net, doc, &ignored) == 0) {
			netdns_del(net, doc, NULL);
			state_del(kind, name, NULL);
		}
	}
	json_decref(all);
	return n;
}

void dnsrecords_forget(const char *net)
{
	json_t *all = state_all(kind), *doc;
	const char *name;

	json_object_foreach (all, name, doc)
		if (!strcmp(member(doc, "net"), net))
			state_del(kind, name, NULL);
	json_decref(all);
}

void dnsrecords_restore(struct net *net)
{
	json_t *all = state_all(kind), *doc;
	const char *name;

	json_object_foreach (all, name, doc) {
		struct err err = {0};

		if (!strcmp(member(doc, "net"), net->conf.name) && netdns_add(net, doc, &err))
			log_warn("network %s: name %s is not back: %s", net->conf.name,
				 member(doc, "name"), err.text);
	}
	json_decref(all);
}
