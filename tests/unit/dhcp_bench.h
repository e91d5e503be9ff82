/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp_bench.h - a DHCP server on the bench: clients' messages, a lease store in memory whose disk
 * can fill up, a clock moved by hand. Shared by the unit tests and the fuzzer.
 */
#ifndef TESTS_UNIT_DHCP_BENCH_H
#define TESTS_UNIT_DHCP_BENCH_H

#include "dhcp/server.h"

enum { BENCH_RECORDS = 512 };

struct bench_disk {
	struct dhcp_record rec[BENCH_RECORDS];
	struct {
		be32 addr;
		struct dhcp_who who;
	} resv[BENCH_RECORDS];
	unsigned int n, n_resv;
};

struct bench_store {
	struct bench_disk disk, staged;
	bool full;     /* commits fail */
	bool full_put; /* changes fail at once */
	bool failed, changed;
};

extern const struct dhcp_store_ops bench_store_ops;

struct bench {
	struct dhcp_conf conf;
	struct dhcp_server s;
	struct bench_store store;
	msec now;
	int64_t wall_s;
	struct dhcp_reply r; /* the last reply */
	uint32_t port;	     /* of the next message */
	const char *at;
	unsigned int port_limit;
	bool unicast;
};

/* 10.0.2.0/24, range .128 to .253, server .254, gateway .2, host .1, lease 3600 s, no probing. */
void bench_init(struct bench *b);
/* As bench_init() with the settings in b->conf. */
void bench_start(struct bench *b);
void bench_fini(struct bench *b);
/* Stop the server and start it again from its disk. */
void bench_restart(struct bench *b);

struct cmsg {
	uint8_t b[4096];
	size_t len;
};

struct mac client_mac(unsigned int n);
/* A message of client @n, ready for options. */
void cmsg_start(struct cmsg *m, enum dhcp_type type, unsigned int n);
struct dhcp_hdr *cmsg_hdr(struct cmsg *m);
void cmsg_opt(struct cmsg *m, uint8_t opt, const void *data, size_t len);
void cmsg_addr(struct cmsg *m, uint8_t opt, be32 addr);

/* Give @m to the server, commit if its reply is durable. */
enum dhcp_verdict bench_send(struct bench *b, struct cmsg *m);
/* Short ways, for client @n; the address is 0 when there was no OFFER or ACK. */
be32 bench_discover(struct bench *b, unsigned int n);
/* The same, of a client that names itself by option 61: the @len bytes of @id. */
be32 bench_discover_id(struct bench *b, unsigned int n, const void *id, size_t len);
be32 bench_select(struct bench *b, unsigned int n, be32 addr);
be32 bench_lease(struct bench *b, unsigned int n);
enum dhcp_verdict bench_renew(struct bench *b, unsigned int n, be32 addr);
void bench_release(struct bench *b, unsigned int n, be32 addr);
void bench_decline(struct bench *b, unsigned int n, be32 addr);

be32 ip(const char *text);
/* Option of the last reply as a number; false when it is not there with that length. */
bool reply_u32(const struct bench *b, enum dhcp_opt opt, uint32_t *out);
be32 reply_addr(const struct bench *b, enum dhcp_opt opt);
be32 reply_yiaddr(const struct bench *b);
bool reply_has(const struct bench *b, enum dhcp_opt opt);

#endif
