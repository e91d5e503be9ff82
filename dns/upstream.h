/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * upstream.h - the resolvers that questions are passed on to, and which of them is asked next.
 *
 * Theory of operation. Resolvers are asked in the order in which they are given, as resolv.conf(5)
 * has it: they need not know the same names. One that failed twice in a row (no answer in time, or
 * nobody there) is left out for a while, and asked again after it; when all are out, all are asked
 * in order. How long an answer is waited for follows from how long answers took (RFC 6298 2, as for
 * TCP). Pure.
 */
#ifndef DNS_UPSTREAM_H
#define DNS_UPSTREAM_H

#include "lib/clock.h"
#include "lib/ipaddr.h"

enum {
	DNS_SERVERS_MAX = 6, /* three, as in resolv.conf(5), and three behind a stub */
	DNS_WAIT_FIRST_MS = 1000,
	DNS_WAIT_MIN_MS = 250,
	DNS_WAIT_MAX_MS = 1500,
	DNS_REST_MS = 10000 /* how long one that fails is left out */
};

struct dns_server {
	struct ip_addr addr;
	uint32_t scope;		     /* interface of a link-local address; 0: none */
	uint32_t srtt_ms, rttvar_ms; /* 0: not measured yet */
	unsigned int failures;	     /* in a row */
	msec rests_until_ms;
	bool no_edns; /* it answered FORMERR to an OPT record: RFC 6891 7 */
	bool no_case; /* it does not give the question back in the letters that were sent */
	uint64_t asked, answered, timeouts;
};

struct dns_upstream {
	unsigned int n;
	struct dns_server server[DNS_SERVERS_MAX];
};

/* An entry of a list: an address, and what interface it is on ("fe80::1%eth0"). */
struct dns_server_addr {
	struct ip_addr addr;
	char ifname[16]; /* "": none */
};

/* Read resolv.conf(5) text: the nameservers, at most @max. Returns how many. */
unsigned int dns_resolv_parse(const char *text, size_t len, struct dns_server_addr *out,
			      unsigned int max);

/* Ask these from now on. What is known of those that stay is kept. False when nothing changed. */
bool dns_upstream_set(struct dns_upstream *u, const struct dns_server *servers, unsigned int n);
/* Forget all failures: the host's links have changed. */
void dns_upstream_wake(struct dns_upstream *u);
/* Which is asked now? @tried: bits of those that this question went to. -1: none is left. */
int dns_upstream_pick(const struct dns_upstream *u, unsigned int tried, msec now);
/* How long to wait for server @i. */
msec dns_upstream_wait(const struct dns_upstream *u, unsigned int i);
/* It has answered after @took_ms; or has not. */
void dns_upstream_answered(struct dns_upstream *u, unsigned int i, msec took_ms);
void dns_upstream_failed(struct dns_upstream *u, unsigned int i, msec now);

#endif
