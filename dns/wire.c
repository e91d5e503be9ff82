/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/wire.h"

#include <errno.h>
#include <string.h>

enum { POINTER = 0xc0, OPT_DO = 0x8000, EDE_OPTION = 15 };

/* ---- names ----------------------------------------------------------------------------------- */

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* A pointer must lead to before the part of the name that ends with it: each step comes closer to
 * the header, so that the walk ends, and no name refers to bytes behind itself. */
int dns_name_read(const uint8_t *msg, size_t len, size_t *off, struct dns_name *out)
{
	size_t at = *off, part = at, end = 0;
	unsigned int used = 0;

	for (;;) {
		unsigned int n;

		if (at >= len)
			return -EBADMSG;
		n = msg[at];
		if (n >= POINTER) {
			size_t to;

			if (at + 1 >= len)
				return -EBADMSG;
			to = (n & 0x3fu) << 8 | msg[at + 1];
			if (to >= part || to < DNS_HDR)
				return -EBADMSG;
			end = end ? end : at + 2;
			at = part = to;
			continue;
		}
		/* RFC 6891 5: the other two kinds of labels are dead. */
		if (n > DNS_LABEL_MAX || n + 1 > len - at || used + n + 1 > DNS_NAME_MAX)
			return -EBADMSG;
		memcpy(out->b + used, msg + at, n + 1);
		used += n + 1;
		at += n + 1;
		if (!n)
			break;
	}
	out->len = (uint8_t)used;
	*off = end ? end : at;
	return 0;
}

void dns_name_lower(struct dns_name *name)
{
	/* Length bytes are below 'A'. */
	for (unsigned int i = 0; i < name->len; i++)
		name->b[i] = lower(name->b[i]);
}

static bool same(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && same(a->b, b->b, a->len);
}

bool dns_name_under(const struct dns_name *name, const struct dns_name *zone)
{
	unsigned int at = 0;

	while (name->len - at > zone->len)
		at += name->b[at] + 1u;
	return name->len - at == zone->len && same(name->b + at, zone->b, zone->len);
}

unsigned int dns_name_labels(const struct dns_name *name)
{
	unsigned int n = 0;

	for (unsigned int at = 0; name->b[at]; at += name->b[at] + 1u)
		n++;
	return n;
}

const uint8_t *dns_name_label(const struct dns_name *name, unsigned int n)
{
	const uint8_t *at = name->b;

	while (n-- && *at)
		at += *at + 1;
	return at;
}

struct dns_name dns_name_parent(const struct dns_name *name, unsigned int n)
{
	const uint8_t *at = dns_name_label(name, n);
	struct dns_name out;

	out.len = (uint8_t)(name->len - (at - name->b));
	memcpy(out.b, at, out.len);
	return out;
}

bool dns_name_join(struct dns_name *out, const struct dns_name *rel, const struct dns_name *zone)
{
	if (rel->len - 1 + zone->len > DNS_NAME_MAX)
		return false;
	memmove(out->b, rel->b, rel->len);
	memcpy(out->b + rel->len - 1, zone->b, zone->len);
	out->len = (uint8_t)(rel->len - 1 + zone->len);
	return true;
}

/* ---- records --------------------------------------------------------------------------------- */

static int name_skip(const uint8_t *msg, size_t len, size_t *off)
{
	size_t at = *off;

	while (at < len && msg[at] && msg[at] < POINTER) {
		if (msg[at] > DNS_LABEL_MAX)
			return -EBADMSG;
		at += msg[at] + 1u;
	}
	if (at >= len)
		return -EBADMSG;
	at += msg[at] ? 2 : 1;
	*off = at;
	return at <= len ? 0 : -EBADMSG;
}

static int rr_rest(const uint8_t *msg, size_t len, size_t *off, struct dns_rr *rr)
{
	size_t at = *off;

	if (len - at < DNS_RR_FIXED)
		return -EBADMSG;
	rr->type = dns_get16(msg + at);
	rr->class = dns_get16(msg + at + 2);
	rr->ttl = dns_get32(msg + at + 4);
	rr->ttl_at = at + 4;
	rr->rdlen = dns_get16(msg + at + 8);
	rr->rdata_at = at + DNS_RR_FIXED;
	if (rr->rdlen > len - rr->rdata_at)
		return -EBADMSG;
	*off = rr->rdata_at + rr->rdlen;
	return 0;
}

int dns_rr_read(const uint8_t *msg, size_t len, size_t *off, struct dns_rr *rr)
{
	return dns_name_read(msg, len, off, &rr->owner) || rr_rest(msg, len, off, rr) ? -EBADMSG
										      : 0;
}

int dns_rr_skim(const uint8_t *msg, size_t len, size_t *off, struct dns_rr *rr)
{
	return name_skip(msg, len, off) || rr_rest(msg, len, off, rr) ? -EBADMSG : 0;
}

/* ---- a question ------------------------------------------------------------------------------ */

/* RFC 6891 6.1.2, 6.2.3 */
static void take_opt(struct dns_query *q, const struct dns_rr *rr)
{
	q->edns = true;
	q->udp_size = MAX(rr->class, DNS_UDP_PLAIN);
	q->edns_version = (uint8_t)(rr->ttl >> 16);
	q->dnssec_ok = rr->ttl & OPT_DO;
}

/* What follows the question: an OPT record, or others that mean nothing in a query (TSIG and SIG
 * are hop by hop, and there is no key that both ends have). */
static int read_rest(const uint8_t *msg, size_t len, size_t off, struct dns_query *q)
{
	unsigned int n = dns_get16(msg + 6) + dns_get16(msg + 8) + dns_get16(msg + 10);
	struct dns_rr rr;

	while (n--) {
		if (dns_rr_read(msg, len, &off, &rr))
			return DNS_FORMERR;
		if (rr.type != DNS_OPT)
			continue;
		if (q->edns || rr.owner.len != 1) /* 6.1.1: one at most, of the root */
			return DNS_FORMERR;
		take_opt(q, &rr);
	}
	return q->edns && q->edns_version ? DNS_BADVERS : 0;
}

int dns_query_read(const uint8_t *msg, size_t len, struct dns_query *q)
{
	size_t off = DNS_HDR;

	*q = (struct dns_query){.name = {.len = 0}, .udp_size = DNS_UDP_PLAIN};
	if (len < DNS_HDR || len > DNS_MSG_MAX)
		return -EBADMSG;
	q->id = dns_get16(msg);
	q->flags = dns_get16(msg + 2);
	if (q->flags & DNS_QR)
		return -EBADMSG;
	if (q->flags & DNS_OPCODE)
		return DNS_NOTIMP;
	if (dns_get16(msg + 4) != 1)
		return DNS_FORMERR;
	if (dns_name_read(msg, len, &off, &q->name) || len - off < 4) {
		q->name.len = 0;
		return DNS_FORMERR;
	}
	q->type = dns_get16(msg + off);
	q->class = dns_get16(msg + off + 2);
	return read_rest(msg, len, off + 4, q);
}

/* ---- writing --------------------------------------------------------------------------------- */

void dns_put(struct dns_writer *w, const void *data, size_t len)
{
	if (w->full || len > w->max - w->len) {
		w->full = true;
		return;
	}
	if (len)
		memcpy(w->b + w->len, data, len);
	w->len += len;
}

void dns_put8(struct dns_writer *w, unsigned int v)
{
	uint8_t b = (uint8_t)v;

	dns_put(w, &b, 1);
}

void dns_put16(struct dns_writer *w, unsigned int v)
{
	uint8_t b[2];

	dns_set16(b, v);
	dns_put(w, b, sizeof(b));
}

void dns_put32(struct dns_writer *w, uint32_t v)
{
	uint8_t b[4];

	dns_set32(b, v);
	dns_put(w, b, sizeof(b));
}

static void put_question(struct dns_writer *w, const struct dns_query *q)
{
	if (!q->name.len)
		return;
	dns_put(w, q->name.b, q->name.len);
	dns_put16(w, q->type);
	dns_put16(w, q->class);
}

void dns_reply_begin(struct dns_reply *r, const struct dns_query *q, uint8_t *buf, size_t size)
{
	*r = (struct dns_reply){.w = {.b = buf, .len = DNS_HDR, .max = size}, .q = q};
	put_question(&r->w, q);
}

void dns_reply_add(struct dns_reply *r, enum dns_section section, const struct dns_name *owner,
		   unsigned int type, uint32_t ttl, const void *rdata, size_t rdlen)
{
	if (owner)
		dns_put(&r->w, owner->b, owner->len);
	else
		dns_put16(&r->w, POINTER << 8 | DNS_HDR);
	dns_put16(&r->w, type);
	dns_put16(&r->w, DNS_IN);
	dns_put32(&r->w, ttl);
	dns_put16(&r->w, (unsigned int)rdlen);
	dns_put(&r->w, rdata, rdlen);
	if (!r->w.full)
		r->count[section]++;
}

/* Our OPT record: RFC 6891 6.1.2, with DO as it was asked (RFC 3225 3). @rcode: all twelve bits. */
static void put_opt(struct dns_writer *w, const struct dns_query *q, unsigned int rcode,
		    enum dns_ede ede, const char *text)
{
	size_t extra = text ? strlen(text) : 0;

	dns_put8(w, 0);
	dns_put16(w, DNS_OPT);
	dns_put16(w, DNS_UDP_OURS);
	dns_put32(w, (uint32_t)(rcode >> 4) << 24 | (q->dnssec_ok ? OPT_DO : 0));
	if (ede == DNS_EDE_NONE) {
		dns_put16(w, 0);
		return;
	}
	dns_put16(w, (unsigned int)(6 + extra));
	dns_put16(w, EDE_OPTION);
	dns_put16(w, (unsigned int)(2 + extra));
	dns_put16(w, (unsigned int)ede);
	dns_put(w, text, extra);
}

static void put_header(uint8_t *b, const struct dns_query *q, unsigned int flags,
		       const uint16_t count[DNS_SECTIONS], bool opt)
{
	dns_set16(b, q->id);
	dns_set16(b + 2, flags);
	dns_set16(b + 4, q->name.len ? 1 : 0);
	dns_set16(b + 6, count[DNS_ANSWER]);
	dns_set16(b + 8, count[DNS_AUTHORITY]);
	dns_set16(b + 10, count[DNS_ADDITIONAL] + (opt ? 1u : 0));
}

size_t dns_reply_end(struct dns_reply *r, unsigned int flags, unsigned int rcode, enum dns_ede ede,
		     const char *text, size_t limit)
{
	static const uint16_t none[DNS_SECTIONS];
	const struct dns_query *q = r->q;
	size_t bare = DNS_HDR + (q->name.len ? q->name.len + 4u : 0);

	flags |= DNS_QR | (q->flags & (DNS_OPCODE | DNS_RD | DNS_CD)) | (rcode & DNS_RCODE);
	if (q->edns)
		put_opt(&r->w, q, rcode, ede, text);
	if (!r->w.full && r->w.len <= limit) {
		put_header(r->w.b, q, flags, r->count, q->edns);
		return r->w.len;
	}
	/* RFC 2181 9: part of a set is worse than none. */
	r->w.len = bare;
	r->w.full = false;
	if (q->edns)
		put_opt(&r->w, q, rcode, DNS_EDE_NONE, NULL);
	put_header(r->w.b, q, flags | DNS_TC, none, q->edns);
	return r->w.len;
}

size_t dns_readdress(uint8_t *buf, size_t len, size_t size, const struct dns_query *q,
		     unsigned int upper, size_t limit)
{
	static const uint16_t none[DNS_SECTIONS];
	struct dns_writer w = {.b = buf, .len = len, .max = size};
	unsigned int flags = dns_get16(buf + 2), rcode = upper << 4 | (flags & DNS_RCODE);

	flags &= ~(DNS_RD | DNS_CD | DNS_AA | (q->dnssec_ok || q->flags & DNS_AD ? 0u : DNS_AD));
	flags |= DNS_QR | DNS_RA | (q->flags & (DNS_RD | DNS_CD));
	dns_set16(buf, q->id);
	dns_set16(buf + 2, flags);
	memcpy(buf + DNS_HDR, q->name.b, q->name.len);
	if (q->edns)
		put_opt(&w, q, rcode, DNS_EDE_NONE, NULL);
	if (!w.full && w.len <= limit) {
		dns_set16(buf + 10, dns_get16(buf + 10) + (q->edns ? 1u : 0));
		return w.len;
	}
	w.len = DNS_HDR + q->name.len + 4u;
	w.full = false;
	if (q->edns)
		put_opt(&w, q, rcode, DNS_EDE_NONE, NULL);
	put_header(buf, q, flags | DNS_TC, none, q->edns);
	return w.len;
}
