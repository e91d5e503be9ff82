/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.h - DNS messages as bytes: RFC 1035 4.1, 2181, 3597, 6891.
 *
 * Everything that is read here comes from guests or from the network. Readers take a message, its
 * length and an offset, never look beyond, and always end: a compression pointer must lead to
 * before the name that it is part of. Records are never taken apart beyond their header, so types
 * that nobody knows yet pass unchanged (RFC 3597).
 *
 * A name is held in wire form, uncompressed, in the case in which it came.
 */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H

#include "lib/types.h"

enum {
	DNS_HDR = 12,
	DNS_NAME_MAX = 255, /* RFC 1035 2.3.4, with the root's length byte */
	DNS_LABEL_MAX = 63,
	DNS_MSG_MAX = 65535,
	DNS_UDP_PLAIN = 512, /* RFC 1035 4.2.1: without EDNS */
	/* RFC 9715: what passes every path without fragments, asked for and given. */
	DNS_UDP_OURS = 1232,
	DNS_RR_FIXED = 10, /* after the owner: type, class, TTL, length */
	DNS_OPT_FIXED = 11
};

/* The second word of a message: RFC 1035 4.1.1, 4035 3. */
enum {
	DNS_QR = 0x8000,
	DNS_OPCODE = 0x7800,
	DNS_AA = 0x0400,
	DNS_TC = 0x0200,
	DNS_RD = 0x0100,
	DNS_RA = 0x0080,
	DNS_AD = 0x0020,
	DNS_CD = 0x0010,
	DNS_RCODE = 0x000f
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_BADVERS = 16 /* RFC 6891 6.1.3, its upper bits in the OPT record */
};

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_HINFO = 13,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_OPT = 41,
	DNS_IXFR = 251,
	DNS_AXFR = 252,
	DNS_ANY = 255
};

enum { DNS_IN = 1 };

/* RFC 8914: why an answer is not what was hoped for. */
enum dns_ede {
	DNS_EDE_NONE = -1,
	DNS_EDE_OTHER = 0,
	DNS_EDE_BLOCKED = 15,
	DNS_EDE_PROHIBITED = 18,
	DNS_EDE_NOT_AUTHORITATIVE = 20,
	DNS_EDE_NOT_SUPPORTED = 21,
	DNS_EDE_NO_REACHABLE = 22,
	DNS_EDE_NETWORK = 23
};

struct dns_name {
	uint8_t len; /* 1 for the root */
	uint8_t b[DNS_NAME_MAX];
};

static inline uint16_t dns_get16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t dns_get32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void dns_set16(uint8_t *b, unsigned int v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static inline void dns_set32(uint8_t *b, uint32_t v)
{
	dns_set16(b, v >> 16);
	dns_set16(b + 2, v);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* The name at *@off, decompressed; *@off moves behind it. 0 or -EBADMSG. */
int dns_name_read(const uint8_t *msg, size_t len, size_t *off, struct dns_name *out);
/* ASCII upper case becomes lower (RFC 4343). */
void dns_name_lower(struct dns_name *name);
bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);
/* Is @name @zone or below it? */
bool dns_name_under(const struct dns_name *name, const struct dns_name *zone);
/* How many labels, the root not counted. */
unsigned int dns_name_labels(const struct dns_name *name);
/* Where label @n begins (0: the first); the root's place when there are not as many. */
const uint8_t *dns_name_label(const struct dns_name *name, unsigned int n);
/* @name without its first @n labels. */
struct dns_name dns_name_parent(const struct dns_name *name, unsigned int n);
/* @rel followed by @zone. False when that is too long. */
bool dns_name_join(struct dns_name *out, const struct dns_name *rel, const struct dns_name *zone);

/* ---- records --------------------------------------------------------------------------------- */

struct dns_rr {
	struct dns_name owner;
	uint16_t type, class;
	uint32_t ttl;
	size_t ttl_at, rdata_at, rdlen; /* offsets into the message */
};

/* The record at *@off; *@off moves behind it. 0 or -EBADMSG. */
int dns_rr_read(const uint8_t *msg, size_t len, size_t *off, struct dns_rr *rr);
/* The same for who wants nothing of its owner: the name is stepped over, not followed. */
int dns_rr_skim(const uint8_t *msg, size_t len, size_t *off, struct dns_rr *rr);

/* ---- a question ------------------------------------------------------------------------------ */

struct dns_query {
	uint16_t id, flags; /* as they came */
	struct dns_name name;
	uint16_t type, class;
	bool edns, dnssec_ok;
	uint8_t edns_version;
	uint16_t udp_size; /* what the asker takes by UDP, at least DNS_UDP_PLAIN */
};

/* Read a query. 0: all of it is there and one question is asked. DNS_FORMERR, DNS_NOTIMP,
 * DNS_BADVERS: to be answered with that code (what could be read is in *@q). -EBADMSG: no query at
 * all, or itself an answer: nothing may be said (else two servers could talk for ever). */
int dns_query_read(const uint8_t *msg, size_t len, struct dns_query *q);

/* ---- writing --------------------------------------------------------------------------------- */

struct dns_writer {
	uint8_t *b;
	size_t len, max;
	bool full; /* something did not fit; nothing is written any more */
};

void dns_put(struct dns_writer *w, const void *data, size_t len);
void dns_put8(struct dns_writer *w, unsigned int v);
void dns_put16(struct dns_writer *w, unsigned int v);
void dns_put32(struct dns_writer *w, uint32_t v);

enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

/* An answer that is being made: header, the question as it was asked, records section by section in
 * that order, then the end. */
struct dns_reply {
	struct dns_writer w;
	const struct dns_query *q; /* borrowed */
	uint16_t count[DNS_SECTIONS];
};

/* @size: of @buf, at least DNS_HDR + DNS_NAME_MAX + 4 + DNS_OPT_FIXED. */
void dns_reply_begin(struct dns_reply *r, const struct dns_query *q, uint8_t *buf, size_t size);
/* @owner NULL: the name that was asked for. */
void dns_reply_add(struct dns_reply *r, enum dns_section section, const struct dns_name *owner,
		   unsigned int type, uint32_t ttl, const void *rdata, size_t rdlen);
/* Write header and OPT record; @flags: of the answer (DNS_AA...). When it is longer than @limit,
 * what remains is the question with TC set. @text may be NULL. Returns the length. */
size_t dns_reply_end(struct dns_reply *r, unsigned int flags, unsigned int rcode, enum dns_ede ede,
		     const char *text, size_t limit);

/* A message of @len bytes in @buf that answers another asker of the same question becomes one to
 * @q: its id, its spelling of the name, its RD; without OPT inside, one is added when @q has one.
 * @upper: the upper eight bits of the rcode. @size: room in @buf. Returns the length, cut to
 * question and TC when it is more than @limit. */
size_t dns_readdress(uint8_t *buf, size_t len, size_t size, const struct dns_query *q,
		     unsigned int upper, size_t limit);

#endif
