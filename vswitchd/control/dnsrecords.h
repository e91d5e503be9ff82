/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dnsrecords.h - the DNS records that people wrote down, with their record in the state store.
 */
#ifndef VSWITCHD_DNSRECORDS_H
#define VSWITCHD_DNSRECORDS_H

#include <jansson.h>

#include "lib/err.h"

struct daemon;
struct net;

/* Add what @params (of dns.add) say, or change nothing. */
int dnsrecords_add(struct net *net, const json_t *params, struct err *err);
/* Delete what @params (of dns.del) name. Returns how many, or -ENOENT. */
int dnsrecords_del(struct net *net, const json_t *params, struct err *err);
/* The network is gone for good. */
void dnsrecords_forget(const char *net);
/* Put those of @net into it again. */
void dnsrecords_restore(struct net *net);

#endif
