/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy.h - the name server of one network, sans I/O.
 *
 * Theory of operation. A question and its asker go in. What the network knows itself (zone.h) or
 * has in its cache (cache.h) is answered at once; anything else is a *transaction*: the question
 * goes to one resolver after the other (upstream.h) until one answers or DNS_GIVE_UP_MS are over.
 * Who asks the same meanwhile waits for the same transaction, so that a crowd costs one question,
 * nobody outside can have many chances to guess one answer's id, and a question that comes back to
 * us in a circle ends here. An answer that was cut is asked for again by TCP.
 *
 * An answer is believed when it has the transaction's random id, came to its own socket (the edge
 * gives each transaction one, with a random port), and repeats the question with its letters in the
 * random case in which they were sent (RFC 5452; draft-vixie-dnsext-dns0x20). It is passed on as it
 * is: records of any type, signatures and AD, CD, DO.
 *
 * Fairness. Of the transactions that are free one asker may hold half, so that none can take them
 * all. Everything is bounded and made at the start; nothing is allocated for a question.
 *
 * Not done: DNSSEC is passed through, not checked. No zone transfers. ANY gets the short answer of
 * RFC 8482.
 */
#ifndef DNS_PROXY_H
#define DNS_PROXY_H

#include "dns/cache.h"
#include "dns/upstream.h"
#include "dns/zone.h"
#include "lib/wire.h"

enum {
	DNS_TXNS = 2048,
	DNS_ASKERS = 4096,
	DNS_GIVE_UP_MS = 4500, /* resolvers of C libraries wait 5 s */
	DNS_TRIES_MAX = 8,
	DNS_TEXT = 160
};

/* Who asks, and where the answer goes: the edge's business, but for @client, @udp_max, @stream. */
struct dns_asker {
	uint32_t client;  /* whose share it is; 0: not known */
	uint32_t stream;  /* the TCP connection; 0: UDP */
	uint16_t udp_max; /* the longest answer that the way back takes by UDP */
	bool host;	  /* the host itself, whose resolvers we ask */
	uint16_t port;
	struct mac mac;
	struct ip_addr addr, to;
	void *via;
};

struct dns_txn;

enum dns_how { DNS_BY_REFUSAL, DNS_BY_OWN, DNS_BY_SPECIAL, DNS_BY_CACHE, DNS_BY_UPSTREAM };

/* What became of a question, for people. */
struct dns_note {
	const struct dns_asker *asker;
	const struct dns_query *q;
	enum dns_how how;
	const char *why;	      /* a sentence; NULL: nothing to add */
	const struct ip_addr *server; /* that answered; NULL: none was asked */
	msec took_ms;
	const uint8_t *msg; /* the answer */
	size_t len;
};

struct dns_env {
	void *ctx;
	uint64_t (*random)(void *ctx);
	void (*reply)(void *ctx, const struct dns_asker *to, const uint8_t *msg, size_t len);
	/* Send a question of @txn to @server by a socket of its own; what comes in by it goes to
	 * dns_proxy_answer(), its failure to dns_proxy_failed(). 0; -EAGAIN: no socket is free, ask
	 * again when one is (dns_proxy_go_on()); else it can't be sent. */
	int (*ask)(void *ctx, struct dns_txn *txn, const struct dns_server *server, bool tcp,
		   const uint8_t *msg, size_t len);
	/* Close the socket of @txn, if it has one. */
	void (*unask)(void *ctx, struct dns_txn *txn);
	/* The zone that has @name, of those that this network's members may see; NULL: none. */
	const struct dns_zone *(*zone)(void *ctx, const struct dns_name *name);
	/* Each question and what was answered. NULL: nobody listens. */
	void (*note)(void *ctx, const struct dns_note *note);
};

struct dns_waiter {
	struct dns_waiter *next;
	struct dns_asker asker;
	struct dns_query q;
	msec asked_ms;
};

struct dns_txn {
	struct dns_txn *next;	       /* in its bucket, or free */
	struct dns_txn *newer, *older; /* by age, of all */
	bool used, asking;	       /* asking: a socket is waited at */
	bool tcp;
	uint8_t bits, tries;
	uint16_t type, id;
	uint32_t hash, client;
	unsigned int tried; /* bits of servers */
	int server;
	struct dns_name name; /* as it was sent */
	struct dns_waiter *waiters;
	msec started_ms, sent_ms, until_ms;
	void *socket; /* the edge's */
};

/* clang-format off */
#define DNS_COUNTS(X) \
	X(QUERIES, "queries") X(TCP, "by-tcp") X(OWN, "own") X(SPECIAL, "special") X(CACHED, "cached") \
	X(FORWARDED, "forwarded") X(JOINED, "joined") X(REFUSED, "refused") X(LIMITED, "limited") \
	X(FAILED, "failed") X(TRUNCATED, "truncated") X(MALFORMED, "malformed") X(LOOPS, "loops") \
	X(RETRIES, "retries") X(TCP_RETRIES, "tcp-retries") X(STRAY, "stray-answers")

enum dns_count {
#define X(id, word) DNS_N_##id,
	DNS_COUNTS(X)
#undef X
	DNS_N
};
/* clang-format on */
const char *dns_count_word(enum dns_count c);

struct dns_proxy {
	struct dns_env env;
	struct dns_zone zone; /* the network's own */
	bool forward;	      /* may questions go out at all? */
	bool private_out;     /* those about private addresses too */
	struct dns_upstream up;
	struct dns_cache cache;
	struct dns_txn *txns, *free_txns, **bucket, *newest, *oldest;
	struct dns_waiter *waiters, *free_waiters;
	unsigned int n_txns, n_asking, n_waiters;
	struct hash_key secret;
	uint64_t count[DNS_N];
	uint8_t buf[DNS_MSG_MAX + 1]; /* the answer that is being made */
};

/* @zone.origin, subnets and hosts are the caller's to fill afterwards. 0 or -ENOMEM. */
int dns_proxy_init(struct dns_proxy *p, const struct dns_env *env);
void dns_proxy_fini(struct dns_proxy *p);

/* A question came. Answers (env.reply), now or later, or says nothing to what is no question. */
void dns_proxy_query(struct dns_proxy *p, const struct dns_asker *asker, const uint8_t *msg,
		     size_t len, msec now);
/* @txn's socket brought this. @msg is changed. */
void dns_proxy_answer(struct dns_proxy *p, struct dns_txn *txn, uint8_t *msg, size_t len, msec now);
/* @txn's socket says that nobody is there, or closed before the answer was whole. */
void dns_proxy_failed(struct dns_proxy *p, struct dns_txn *txn, msec now);
/* Sockets are free again. */
void dns_proxy_go_on(struct dns_proxy *p, msec now);
/* Every few ten milliseconds while dns_proxy_busy(). */
void dns_proxy_tick(struct dns_proxy *p, msec now);
static inline bool dns_proxy_busy(const struct dns_proxy *p)
{
	return p->n_txns > 0;
}
/* A TCP connection is gone: nobody waits there any more. */
void dns_proxy_stream_gone(struct dns_proxy *p, uint32_t stream);
/* Other resolvers: what is under way starts anew with them, what is cached is forgotten, since they
 * may know other names. */
void dns_proxy_set_servers(struct dns_proxy *p, const struct dns_server *servers, unsigned int n,
			   msec now);

/* What would be done with a question of a guest: one line a step to @say. No effect. */
void dns_proxy_explain(struct dns_proxy *p, const struct dns_query *q, msec now,
		       void (*say)(void *ctx, const char *line), void *ctx);

/* ---- between proxy.c and proxy_txn.c --------------------------------------------------------- */

/* Answer @q from here with nothing but @rcode. */
void dns_say(struct dns_proxy *p, const struct dns_asker *asker, const struct dns_query *q,
	     unsigned int rcode, enum dns_ede ede, const char *why);
/* Send the @len bytes in p->buf, and note them. */
void dns_send(struct dns_proxy *p, const struct dns_note *note, size_t len);
/* The longest answer that @asker takes. */
size_t dns_limit(const struct dns_asker *asker, const struct dns_query *q);
/* Ask outside. */
void dns_forward(struct dns_proxy *p, const struct dns_asker *asker, const struct dns_query *q,
		 msec now);
void dns_txns_reset(struct dns_proxy *p, msec now);

#endif
