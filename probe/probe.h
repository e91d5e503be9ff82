/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.h - a machine that nobody is root on: it answers, and asks, for checks. Sans I/O.
 *
 * Theory of operation. A guest may say anything of itself; what a probe got, or was answered, it
 * can't. So a network may have one: an IPv4 host with one address and perhaps a router, whose words
 * count as the switch's.
 *
 * As a server it keeps no state, so that a flood costs nothing and a restart loses nothing. It
 * answers ARP and ping; takes a TCP connection at any port (its sequence number is a keyed hash of
 * the four ends, as in SYN cookies, RFC 4987 3.6), answers GET and HEAD by one segment that says
 * which address it saw, and takes all else without a word; sends back a datagram at port 7 (RFC
 * 862). Who gets no answer asks again: that is all the retransmission there is. Nothing that it
 * sends unasked can be answered by another probe for ever: a datagram from a port below 1024 gets
 * no echo, an RST no RST.
 *
 * As a client it has PROBE_ASKS questions under way: ARP, then ping, datagram, connection or page,
 * each sent again every PROBE_AGAIN_MS until its time is over.
 *
 * What is not on its subnet it sends to its router; without one it sends it nowhere, as any host
 * does. One frame waits for the router's MAC address.
 */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "lib/addr.h"
#include "lib/clock.h"
#include "lib/drop.h"
#include "lib/err.h"
#include "lib/hash.h"

enum {
	PROBE_ASKS = 32,
	PROBE_AGAIN_MS = 300,
	PROBE_TIMEOUT_MAX_MS = 60000,
	PROBE_PING_MAX = 1400, /* bytes after the ICMP header; also of a datagram */
	PROBE_PAGE_MAX = 4096, /* of a page with its header, that is kept */
	PROBE_PATH_MAX = 255,
	PROBE_FRAME_MAX = 1514,
	PROBE_ROUTER_MS = 30000 /* a router's MAC address is believed for this long */
};

struct probe_conf {
	struct ip4_prefix addr; /* its own address, with the subnet's length */
	be32 router;		/* 0: none */
	struct mac mac;
	const char *name; /* of the network, for pages; borrowed */
};

enum probe_kind { PROBE_PING, PROBE_UDP, PROBE_TCP, PROBE_HTTP };
extern const char *const probe_kind_words[]; /* NULL-terminated */

struct probe_question {
	enum probe_kind kind;
	be32 to;
	uint16_t port;	  /* host order; not for PING */
	uint16_t bytes;	  /* PING: after the ICMP header, 8 to PROBE_PING_MAX */
	const char *text; /* UDP: what the datagram says; HTTP: the path. Copied. */
	unsigned int timeout_ms;
	void *who; /* for done() */
};

enum probe_result {
	PROBE_ANSWERED,
	PROBE_SILENT,	   /* the time is over */
	PROBE_NOBODY,	   /* nobody has the address, or the router's, on this network */
	PROBE_NO_ROUTE,	   /* not on this network, and there is no router */
	PROBE_REFUSED,	   /* RST, or ICMP port unreachable */
	PROBE_UNREACHABLE, /* another ICMP error */
};
extern const char *const probe_result_words[];

struct probe_answer {
	enum probe_result result;
	unsigned int ms;
	int status;	  /* HTTP: of the page; 0: there was none */
	const char *page; /* HTTP: what came after the header, NUL-terminated */
};

struct probe_env {
	void *ctx;
	/* Send a whole frame, without the FCS. */
	void (*send)(void *ctx, const uint8_t *frame, size_t len);
	void (*random)(void *ctx, void *buf, size_t len);
	/* The question of @who is over; the answer is borrowed, NULL: the probe is. It may
	 * not ask anew. */
	void (*done)(void *ctx, void *who, const struct probe_answer *a);
};

struct probe_ask;

struct probe {
	struct probe_conf conf;
	struct probe_env env;
	struct hash_key key;
	struct mac router_mac;
	msec router_until_ms; /* 0: not known */
	struct {
		uint16_t len; /* 0: none */
		uint8_t frame[PROBE_FRAME_MAX];
	} waiting;		  /* for the router's MAC address */
	struct probe_ask *asks;	  /* of PROBE_ASKS, made with the first question */
	uint64_t answered, asked; /* frames of others that were answered; questions */
};

void probe_init(struct probe *p, const struct probe_conf *conf, const struct probe_env *env);
/* Those whose questions are under way are told. */
void probe_fini(struct probe *p);

/* A frame from the network, of any bytes, with all its checksums. Returns why it is dropped,
 * DROP_NONE also when it just does not matter. */
enum drop_reason probe_input(struct probe *p, const uint8_t *frame, size_t len, msec now);

/* Ask: 0, and done() once, later or before this returns; or a negative errno with @err. */
int probe_ask(struct probe *p, const struct probe_question *q, msec now, struct err *err);
/* Whatever is due. Returns when to call again, 0: not before the next question. */
msec probe_tick(struct probe *p, msec now);

#endif
