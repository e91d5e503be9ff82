/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp6_bench.h - a DHCPv6 server on the bench: clients' messages, the store of dhcp_bench.h.
 * Shared by the unit tests and the fuzzer.
 */
#ifndef TESTS_UNIT_DHCP6_BENCH_H
#define TESTS_UNIT_DHCP6_BENCH_H

#include "dhcp/server6.h"
#include "tests/unit/dhcp_bench.h"

struct bench6 {
	struct dhcp6_conf conf;
	struct dhcp6_server s;
	struct bench_store store;
	msec now;
	int64_t wall_s;
	struct dhcp6_reply r; /* the last reply */
	bool replied;
	/* How the next message comes in. */
	unsigned int client; /* its MAC */
	const char *at;
	uint32_t port;
	unsigned int port_limit;
	bool unicast;
};

/* fd00::/64, stateful, lease 3600 s. */
void bench6_init(struct bench6 *b);
void bench6_fini(struct bench6 *b);
/* Stop the server and start it again from its disk. */
void bench6_restart(struct bench6 *b);

struct msg6 {
	uint8_t b[2048];
	size_t len;
};

/* A message of the client b->client: type, transaction and client identifier. */
void msg6_start(const struct bench6 *b, struct msg6 *m, enum dhcp6_type type);
void msg6_opt(struct msg6 *m, enum dhcp6_opt opt, const void *data, size_t len);
/* The server's identifier, as RFC 8415 16 wants it in some. */
void msg6_server(const struct bench6 *b, struct msg6 *m);
/* An IA_NA; @addr may be NULL. */
void msg6_ia(struct msg6 *m, uint32_t iaid, const struct ip_addr *addr);

/* Give it to the server, commit if its reply is durable. Was there a reply? */
bool bench6_send(struct bench6 *b, const struct msg6 *m);
/* Short ways: @type with one IA and, but for Solicit, Confirm and Rebind, the server's id. */
bool bench6_do(struct bench6 *b, enum dhcp6_type type, const struct ip_addr *addr);
/* The first address of the reply that is still valid; zero: none. */
struct ip_addr reply6_addr(const struct bench6 *b);
/* The status of the first IA of the reply, else of the reply; -1: none. */
int reply6_status(const struct bench6 *b);
const uint8_t *reply6_opt(const struct bench6 *b, enum dhcp6_opt opt, size_t *len);

struct ip_addr ip6(const char *text);

#endif
