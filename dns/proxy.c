/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/text.h"

enum { BUCKETS = 1024 };

/* ---- life ------------------------------------------------------------------------------------ */

const char *dns_count_word(enum dns_count c)
{
	static const char *const words[] = {
#define X(id, word) word,
		DNS_COUNTS(X)
#undef X
	};

	return words[c];
}

int dns_proxy_init(struct dns_proxy *p, const struct dns_env *env)
{
	*p = (struct dns_proxy){.env = *env,
				.txns = calloc(DNS_TXNS, sizeof(struct dns_txn)),
				.bucket = calloc(BUCKETS, sizeof(struct dns_txn *)),
				.waiters = calloc(DNS_ASKERS, sizeof(struct dns_waiter))};
	hash_key_init(&p->secret);
	if (!p->txns || !p->bucket || !p->waiters || dns_cache_init(&p->cache) ||
	    dns_records_init(&p->zone.records)) {
		dns_proxy_fini(p);
		return -ENOMEM;
	}
	return 0;
}

void dns_proxy_fini(struct dns_proxy *p)
{
	for (struct dns_txn *t = p->newest; t; t = t->older)
		p->env.unask(p->env.ctx, t);
	free(p->txns);
	free(p->bucket);
	free(p->waiters);
	if (p->cache.entries)
		dns_cache_fini(&p->cache);
	if (p->zone.records.bucket)
		dns_records_fini(&p->zone.records);
	p->txns = p->newest = p->oldest = NULL;
	p->bucket = NULL;
	p->waiters = NULL;
}

/* ---- answers --------------------------------------------------------------------------------- */

size_t dns_limit(const struct dns_asker *asker, const struct dns_query *q)
{
	if (asker->stream)
		return DNS_MSG_MAX;
	return MIN(q->udp_size, MAX(asker->udp_max, DNS_UDP_PLAIN));
}

void dns_send(struct dns_proxy *p, const struct dns_note *note, size_t len)
{
	struct dns_note whole = *note;

	if (dns_get16(p->buf + 2) & DNS_TC)
		p->count[DNS_N_TRUNCATED]++;
	whole.msg = p->buf;
	whole.len = len;
	if (p->env.note)
		p->env.note(p->env.ctx, &whole);
	p->env.reply(p->env.ctx, note->asker, p->buf, len);
}

void dns_say(struct dns_proxy *p, const struct dns_asker *asker, const struct dns_query *q,
	     unsigned int rcode, enum dns_ede ede, const char *why)
{
	struct dns_note note = {.asker = asker, .q = q, .how = DNS_BY_REFUSAL, .why = why};
	struct dns_reply r;

	dns_reply_begin(&r, q, p->buf, sizeof(p->buf));
	dns_send(p, &note,
		 dns_reply_end(&r, p->forward ? DNS_RA : 0, rcode, ede, why, dns_limit(asker, q)));
}

/* ---- who knows it ---------------------------------------------------------------------------- */

/* Where the answer to a question is to come from, and in words why. */
struct decision {
	enum dns_how how;
	const struct dns_zone *zone; /* DNS_BY_OWN */
	bool reverse;
	struct ip_addr addr;  /* whose name is asked for */
	struct dns_name name; /* in lower case, whole */
	struct dns_special special;
	bool minimal;	    /* DNS_BY_SPECIAL: the answer to ANY */
	unsigned int rcode; /* DNS_BY_REFUSAL, and DNS_BY_SPECIAL without a zone */
	enum dns_ede ede;
	const char *why;
};

static bool refuse(struct decision *d, unsigned int rcode, enum dns_ede ede, const char *why)
{
	d->how = DNS_BY_REFUSAL;
	d->rcode = rcode;
	d->ede = ede;
	d->why = why;
	return true;
}

/* Questions that are nobody's to answer here. */
static bool decide_kind(const struct dns_query *q, struct decision *d)
{
	if (q->class != DNS_IN)
		return refuse(d, DNS_REFUSED, DNS_EDE_NOT_SUPPORTED, "only class IN is known here");
	if (q->type == DNS_OPT || (q->type >= 249 && q->type < DNS_ANY))
		return refuse(d, DNS_REFUSED, DNS_EDE_NOT_SUPPORTED,
			      "zones are not handed out, and what only looks like a type is none");
	return false;
}

/* "web" alone means the web of this network; outside it is never asked for as a host. */
static bool decide_short(const struct dns_proxy *p, const struct dns_query *q, struct decision *d)
{
	struct ip_addr addr;
	struct dns_name full;

	if (dns_name_labels(&d->name) != 1 || (q->type != DNS_A && q->type != DNS_AAAA))
		return false;
	d->how = DNS_BY_SPECIAL;
	d->why = "a name without a dot that is no host of this network is not asked outside";
	d->rcode = DNS_NXDOMAIN;
	if (p->zone.origin.len && dns_name_join(&full, &d->name, &p->zone.origin) &&
	    (dns_zone_has(&p->zone, &full) ||
	     p->zone.hosts.addrs(p->zone.hosts.ctx, full.b, &addr, 1) >= 0)) {
		d->how = DNS_BY_OWN;
		d->why = "a name without a dot is one of this network";
		d->zone = &p->zone;
		d->name = full;
	}
	return true;
}

static bool decide_own(const struct dns_proxy *p, struct decision *d)
{
	d->how = DNS_BY_OWN;
	d->zone = dns_zone_has(&p->zone, &d->name) ? &p->zone : p->env.zone(p->env.ctx, &d->name);
	d->why = "a name of this network, or of one of its lab";
	if (d->zone)
		return true;
	d->reverse = dns_zone_reverse(&p->zone, &d->name, &d->addr);
	if (d->reverse) {
		d->zone = &p->zone;
		d->why = "an address of this network";
		return true;
	}
	if (dns_name_under(&d->name, &dns_vnet)) {
		d->how = DNS_BY_SPECIAL;
		d->special = (struct dns_special){.zone = dns_vnet};
		d->why = "no network of that name is known here";
		return true;
	}
	return false;
}

static bool is_reverse(const struct dns_name *name)
{
	static const struct dns_name arpa = {.len = 6, .b = "\4arpa"};

	return dns_name_under(name, &arpa);
}

static bool decide_special(const struct dns_proxy *p, const struct dns_query *q, struct decision *d)
{
	d->how = DNS_BY_SPECIAL;
	if (!(p->private_out && is_reverse(&d->name)) && dns_special_find(&d->name, &d->special)) {
		d->why = d->special.why;
		return true;
	}
	d->special.zone.len = 0;
	d->rcode = DNS_NOERROR;
	d->minimal = q->type == DNS_ANY;
	d->why = d->minimal ? "RFC 8482: ANY gets a short answer" : NULL;
	return d->minimal;
}

static void decide(const struct dns_proxy *p, const struct dns_query *q, struct decision *d)
{
	*d = (struct decision){.name = q->name, .ede = DNS_EDE_NONE};
	dns_name_lower(&d->name);
	if (decide_kind(q, d) || decide_own(p, d) || decide_special(p, q, d) ||
	    decide_short(p, q, d))
		return;
	if (!p->forward)
		refuse(d, DNS_REFUSED, DNS_EDE_PROHIBITED,
		       "this network's name server knows its own names only (dns=own)");
	else if (!p->up.n)
		refuse(d, DNS_SERVFAIL, DNS_EDE_NETWORK, "the host has no resolver");
	else if (!(q->flags & DNS_RD))
		refuse(d, DNS_REFUSED, DNS_EDE_NOT_AUTHORITATIVE,
		       "it is not known here, and asking others was not wanted (RD)");
	else
		d->how = DNS_BY_UPSTREAM;
}

/* ---- questions ------------------------------------------------------------------------------- */

/* RFC 8482 4.2 */
static unsigned int answer_any(struct dns_reply *r)
{
	static const uint8_t hinfo[] = "\7RFC8482"; /* and an empty string */

	dns_reply_add(r, DNS_ANSWER, NULL, DNS_HINFO, 3600, hinfo, sizeof(hinfo));
	return DNS_NOERROR;
}

/* The answer from here into p->buf. Returns the rcode. */
static unsigned int make_here(struct dns_proxy *p, const struct dns_query *q,
			      const struct decision *d, struct dns_reply *r)
{
	dns_reply_begin(r, q, p->buf, sizeof(p->buf));
	if (d->reverse)
		return dns_zone_answer_reverse(d->zone, &d->name, &d->addr, r);
	if (d->zone)
		return dns_zone_answer(d->zone, &d->name, r);
	if (d->minimal)
		return answer_any(r);
	return d->special.zone.len ? dns_special_answer(&d->special, r) : d->rcode;
}

static void answer_here(struct dns_proxy *p, const struct dns_asker *asker,
			const struct dns_query *q, const struct decision *d)
{
	struct dns_note note = {.asker = asker, .q = q, .how = d->how, .why = d->why};
	unsigned int flags = p->forward ? DNS_RA : 0, rcode;
	struct dns_reply r;

	rcode = make_here(p, q, d, &r);
	if (d->zone || d->special.zone.len)
		flags |= DNS_AA;
	dns_send(p, &note,
		 dns_reply_end(&r, flags, rcode, DNS_EDE_NONE, NULL, dns_limit(asker, q)));
}

static bool answer_cached(struct dns_proxy *p, const struct dns_asker *asker,
			  const struct dns_query *q, msec now)
{
	struct dns_note note = {.asker = asker, .q = q, .how = DNS_BY_CACHE};
	size_t len;

	if (q->class != DNS_IN)
		return false;
	len = dns_cache_get(&p->cache, &q->name, q->type, dns_key_bits(q), p->buf, sizeof(p->buf),
			    now, NULL);
	if (!len)
		return false;
	p->count[DNS_N_CACHED]++;
	dns_send(p, &note, dns_readdress(p->buf, len, sizeof(p->buf), q, 0, dns_limit(asker, q)));
	return true;
}

void dns_proxy_query(struct dns_proxy *p, const struct dns_asker *asker, const uint8_t *msg,
		     size_t len, msec now)
{
	static const enum dns_count counts[] = {[DNS_BY_REFUSAL] = DNS_N_REFUSED,
						[DNS_BY_OWN] = DNS_N_OWN,
						[DNS_BY_SPECIAL] = DNS_N_SPECIAL,
						[DNS_BY_UPSTREAM] = DNS_N_FORWARDED};
	struct decision d;
	struct dns_query q;
	int rc = dns_query_read(msg, len, &q);

	p->count[DNS_N_QUERIES]++;
	p->count[DNS_N_TCP] += asker->stream ? 1 : 0;
	if (rc) {
		p->count[DNS_N_MALFORMED]++;
		if (rc > 0)
			dns_say(p, asker, &q, (unsigned int)rc, DNS_EDE_NONE, NULL);
		return;
	}
	/* Nothing of our own is ever in the cache, so it may be asked first. */
	if (answer_cached(p, asker, &q, now))
		return;
	decide(p, &q, &d);
	if (d.how != DNS_BY_UPSTREAM)
		p->count[counts[d.how]]++;
	if (d.how == DNS_BY_REFUSAL)
		dns_say(p, asker, &q, d.rcode, d.ede, d.why);
	else if (d.how == DNS_BY_UPSTREAM)
		dns_forward(p, asker, &q, now);
	else
		answer_here(p, asker, &q, &d);
}

void dns_proxy_set_servers(struct dns_proxy *p, const struct dns_server *servers, unsigned int n,
			   msec now)
{
	if (!dns_upstream_set(&p->up, servers, n))
		return;
	dns_cache_flush(&p->cache, NULL);
	dns_txns_reset(p, now);
}

/* ---- in words -------------------------------------------------------------------------------- */

static void explain_records(const uint8_t *msg, size_t len, void (*say)(void *, const char *),
			    void *ctx)
{
	unsigned int n = dns_get16(msg + 6);
	char line[256], rdata[200], type[DNS_TYPE_STR];
	size_t off = DNS_HDR;
	struct dns_name name;
	struct dns_rr rr;

	if (dns_name_read(msg, len, &off, &name))
		return;
	off += 4;
	while (n-- && !dns_rr_read(msg, len, &off, &rr)) {
		dns_rdata_format(msg, len, &rr, rdata, sizeof(rdata));
		snprintf(line, sizeof(line), "answer: %s %s, for %u s",
			 dns_type_format(rr.type, type), rdata, rr.ttl);
		say(ctx, line);
	}
}

static void explain_servers(const struct dns_proxy *p, msec now, void (*say)(void *, const char *),
			    void *ctx)
{
	unsigned int tried = 0;
	char line[256], addr[IP_ADDR_STR];
	int i;

	while ((i = dns_upstream_pick(&p->up, tried, now)) >= 0) {
		const struct dns_server *s = &p->up.server[i];

		snprintf(line, sizeof(line), "%s %s is asked, and has %u ms to answer%s",
			 tried ? "then resolver" : "resolver", ip_addr_format(&s->addr, addr),
			 (unsigned int)dns_upstream_wait(&p->up, (unsigned int)i),
			 s->failures ? " (it has failed lately)" : "");
		say(ctx, line);
		tried |= 1u << i;
	}
}

static void explain_here(struct dns_proxy *p, const struct dns_query *q, const struct decision *d,
			 void (*say)(void *, const char *), void *ctx)
{
	struct dns_reply r;
	unsigned int rcode = make_here(p, q, d, &r);
	char line[64], word[DNS_TYPE_STR];
	size_t len;

	len = dns_reply_end(&r, DNS_RA, rcode, DNS_EDE_NONE, NULL, DNS_MSG_MAX);
	explain_records(p->buf, len, say, ctx);
	snprintf(line, sizeof(line), "%s%s", dns_rcode_format(rcode, word),
		 r.count[DNS_ANSWER] || rcode ? "" : ": the name is there, but no such record");
	say(ctx, line);
}

void dns_proxy_explain(struct dns_proxy *p, const struct dns_query *q, msec now,
		       void (*say)(void *ctx, const char *line), void *ctx)
{
	struct decision d;
	char line[256], word[DNS_TYPE_STR];
	uint64_t hits = p->cache.hits, misses = p->cache.misses;
	uint32_t left;
	size_t len = dns_cache_get(&p->cache, &q->name, q->type, dns_key_bits(q), p->buf,
				   sizeof(p->buf), now, &left);

	p->cache.hits = hits;
	p->cache.misses = misses;
	if (len) {
		snprintf(line, sizeof(line), "in the cache, for another %u s", left);
		say(ctx, line);
		explain_records(p->buf, len, say, ctx);
		say(ctx, dns_rcode_format(dns_get16(p->buf + 2) & DNS_RCODE, word));
		return;
	}
	decide(p, q, &d);
	if (d.why)
		say(ctx, d.why);
	if (d.how == DNS_BY_UPSTREAM) {
		say(ctx, "not known here and not in the cache");
		explain_servers(p, now, say, ctx);
	} else if (d.how == DNS_BY_REFUSAL) {
		say(ctx, dns_rcode_format(d.rcode, word));
	} else {
		explain_here(p, q, &d, say, ctx);
	}
}
