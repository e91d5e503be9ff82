/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy_txn.c - questions that are under way to resolvers.
 *
 * A transaction is free, *waiting* (no socket was to be had, or another resolver is to be asked),
 * or *asking*. The list by age holds all that are used, so that what waits longest gets the next
 * socket and what is over DNS_GIVE_UP_MS is found at its old end.
 */
#include <errno.h>
#include <string.h>

#include "dns/proxy.h"

enum { BUCKETS = 1024 };

/* ---- the table ------------------------------------------------------------------------------- */

static uint32_t hash_of(const struct dns_proxy *p, const struct dns_query *q)
{
	struct dns_name low = q->name;

	dns_name_lower(&low);
	return (uint32_t)hash_bytes(&p->secret, low.b, low.len);
}

static struct dns_txn *find(const struct dns_proxy *p, const struct dns_query *q, uint32_t hash)
{
	struct dns_txn *t = p->bucket[hash % BUCKETS];

	while (t && (t->hash != hash || t->type != q->type || t->bits != dns_key_bits(q) ||
		     !dns_name_equal(&t->name, &q->name)))
		t = t->next;
	return t;
}

/* Never used ones are taken in order, so that a quiet network's table stays untouched. */
static struct dns_txn *take_txn(struct dns_proxy *p)
{
	struct dns_txn *t = p->free_txns;

	if (t)
		p->free_txns = t->next;
	else if (p->n_txns < DNS_TXNS)
		t = &p->txns[p->n_txns];
	return t;
}

static struct dns_waiter *take_waiter(struct dns_proxy *p)
{
	struct dns_waiter *w = p->free_waiters;

	if (w)
		p->free_waiters = w->next;
	else if (p->n_waiters < DNS_ASKERS)
		w = &p->waiters[p->n_waiters];
	if (w)
		p->n_waiters++;
	return w;
}

static void put_waiter(struct dns_proxy *p, struct dns_waiter *w)
{
	w->next = p->free_waiters;
	p->free_waiters = w;
	p->n_waiters--;
}

/* Half of what is free is one asker's at most. */
static bool has_share(const struct dns_proxy *p, uint32_t client)
{
	unsigned int mine = 0;

	for (const struct dns_txn *t = p->newest; t && p->n_txns > DNS_TXNS / 8; t = t->older)
		mine += t->client == client ? 1 : 0;
	return p->n_txns < DNS_TXNS && mine <= (DNS_TXNS - p->n_txns);
}

static bool add_waiter(struct dns_proxy *p, struct dns_txn *t, const struct dns_asker *asker,
		       const struct dns_query *q, msec now)
{
	struct dns_waiter *w = take_waiter(p), **end = &t->waiters;

	if (!w)
		return false;
	*w = (struct dns_waiter){.asker = *asker, .q = *q, .asked_ms = now};
	while (*end)
		end = &(*end)->next;
	*end = w;
	return true;
}

static void unlink_txn(struct dns_proxy *p, struct dns_txn *t)
{
	struct dns_txn **at = &p->bucket[t->hash % BUCKETS];

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (t->newer)
		t->newer->older = t->older;
	else
		p->newest = t->older;
	if (t->older)
		t->older->newer = t->newer;
	else
		p->oldest = t->newer;
}

static void link_txn(struct dns_proxy *p, struct dns_txn *t)
{
	t->next = p->bucket[t->hash % BUCKETS];
	p->bucket[t->hash % BUCKETS] = t;
	t->newer = NULL;
	t->older = p->newest;
	if (p->newest)
		p->newest->newer = t;
	else
		p->oldest = t;
	p->newest = t;
	p->n_txns++;
}

static void stop_asking(struct dns_proxy *p, struct dns_txn *t)
{
	if (t->asking)
		p->n_asking--;
	t->asking = false;
	p->env.unask(p->env.ctx, t);
}

static void put_txn(struct dns_proxy *p, struct dns_txn *t)
{
	stop_asking(p, t);
	unlink_txn(p, t);
	t->used = false;
	t->next = p->free_txns;
	p->free_txns = t;
	p->n_txns--;
}

/* ---- out ------------------------------------------------------------------------------------- */

/* Letters in a case that only we and the resolver know: a bit more to guess each. */
static void shuffle_case(struct dns_proxy *p, struct dns_name *name)
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < name->len; i++) {
		if (i % 64 == 0)
			bits = p->env.random(p->env.ctx);
		if (name->b[i] >= 'a' && name->b[i] <= 'z' && bits >> (i % 64) & 1)
			name->b[i] = (uint8_t)(name->b[i] - 32);
	}
}

static size_t write_question(struct dns_proxy *p, struct dns_txn *t, uint8_t *buf, size_t size)
{
	const struct dns_server *s = &p->up.server[t->server];
	struct dns_writer w = {.b = buf, .max = size};

	dns_name_lower(&t->name);
	if (!s->no_case)
		shuffle_case(p, &t->name);
	t->id = (uint16_t)p->env.random(p->env.ctx);
	dns_put16(&w, t->id);
	dns_put16(&w, DNS_RD | (t->bits & DNS_KEY_CD ? DNS_CD : 0u) |
			      (t->bits & DNS_KEY_AD ? DNS_AD : 0u));
	dns_put16(&w, 1);
	dns_put32(&w, 0);
	dns_put16(&w, s->no_edns ? 0 : 1);
	dns_put(&w, t->name.b, t->name.len);
	dns_put16(&w, t->type);
	dns_put16(&w, DNS_IN);
	if (s->no_edns)
		return w.len;
	dns_put8(&w, 0);
	dns_put16(&w, DNS_OPT);
	dns_put16(&w, DNS_UDP_OURS);
	dns_put32(&w, t->bits & DNS_KEY_DO ? 0x8000 : 0);
	dns_put16(&w, 0);
	return w.len;
}

static void give_up(struct dns_proxy *p, struct dns_txn *t, const char *why);

/* Ask the server that is t->server now. */
static int ask(struct dns_proxy *p, struct dns_txn *t, msec now)
{
	uint8_t msg[DNS_HDR + DNS_NAME_MAX + 4 + DNS_OPT_FIXED];
	size_t len = write_question(p, t, msg, sizeof(msg));
	struct dns_server *s = &p->up.server[t->server];
	int rc = p->env.ask(p->env.ctx, t, s, t->tcp, msg, len);

	if (rc)
		return rc;
	s->asked++;
	t->tries++;
	t->tried |= 1u << t->server;
	t->asking = true;
	p->n_asking++;
	t->sent_ms = now;
	/* By TCP the answer is two round trips further away. */
	t->until_ms = now + dns_upstream_wait(&p->up, (unsigned int)t->server) * (t->tcp ? 2 : 1);
	return 0;
}

/* Ask the next one that can be asked. */
static void ask_next(struct dns_proxy *p, struct dns_txn *t, msec now)
{
	while (t->tries < DNS_TRIES_MAX && now - t->started_ms < DNS_GIVE_UP_MS) {
		int rc, i = dns_upstream_pick(&p->up, t->tried, now);

		if (i < 0) { /* all were asked: once more, from the first */
			t->tried = 0;
			i = dns_upstream_pick(&p->up, 0, now);
		}
		if (i < 0)
			break;
		t->server = i;
		rc = ask(p, t, now);
		if (!rc || rc == -EAGAIN)
			return;
		t->tries++;
		t->tried |= 1u << i;
		dns_upstream_failed(&p->up, (unsigned int)i, now);
	}
	give_up(p, t, "no resolver of the host answers");
}

void dns_proxy_go_on(struct dns_proxy *p, msec now)
{
	struct dns_txn *newer;

	for (struct dns_txn *t = p->oldest; t && p->n_asking < p->n_txns; t = newer) {
		newer = t->newer;
		if (t->asking)
			continue;
		ask_next(p, t, now);
		if (t->used && !t->asking)
			return; /* still no socket */
	}
}

/* ---- to who waits ---------------------------------------------------------------------------- */

static void give_up(struct dns_proxy *p, struct dns_txn *t, const char *why)
{
	struct dns_waiter *w = t->waiters, *next;

	p->count[DNS_N_FAILED]++;
	t->waiters = NULL;
	put_txn(p, t);
	for (; w; w = next) {
		next = w->next;
		dns_say(p, &w->asker, &w->q, DNS_SERVFAIL, DNS_EDE_NO_REACHABLE, why);
		put_waiter(p, w);
	}
}

/* The answer to everybody who waits: each gets it with an id and letters of its own. @msg is whole
 * and without OPT. */
static void give_answer(struct dns_proxy *p, struct dns_txn *t, const uint8_t *msg, size_t len,
			unsigned int upper, msec now)
{
	struct ip_addr server = p->up.server[t->server].addr;
	struct dns_waiter *w = t->waiters, *next;

	t->waiters = NULL;
	put_txn(p, t);
	for (; w; w = next) {
		struct dns_note note = {.asker = &w->asker,
					.q = &w->q,
					.how = DNS_BY_UPSTREAM,
					.server = &server,
					.took_ms = now - w->asked_ms};

		next = w->next;
		memcpy(p->buf, msg, len);
		dns_send(p, &note,
			 dns_readdress(p->buf, len, sizeof(p->buf), &w->q, upper,
				       dns_limit(&w->asker, &w->q)));
		put_waiter(p, w);
	}
}

void dns_proxy_stream_gone(struct dns_proxy *p, uint32_t stream)
{
	for (struct dns_txn *t = p->newest; t; t = t->older)
		for (struct dns_waiter **at = &t->waiters; *at;) {
			struct dns_waiter *w = *at;

			if (w->asker.stream == stream) {
				*at = w->next;
				put_waiter(p, w);
			} else {
				at = &w->next;
			}
		}
}

/* ---- a question goes out --------------------------------------------------------------------- */

/* The same is asked already. From the host, whose resolver we are asking, that is a question of
 * ours that came back: it must not wait for itself. */
static void join(struct dns_proxy *p, struct dns_txn *t, const struct dns_asker *asker,
		 const struct dns_query *q, msec now)
{
	if (asker->host && t->asking && t->waiters && !t->waiters->asker.host) {
		p->count[DNS_N_LOOPS]++;
		dns_say(p, asker, q, DNS_REFUSED, DNS_EDE_OTHER,
			"the host asks what it was just asked: its resolver seems to be us");
		return;
	}
	p->count[DNS_N_JOINED]++;
	if (add_waiter(p, t, asker, q, now))
		return;
	p->count[DNS_N_LIMITED]++;
	dns_say(p, asker, q, DNS_SERVFAIL, DNS_EDE_OTHER, "too many questions are under way");
}

void dns_forward(struct dns_proxy *p, const struct dns_asker *asker, const struct dns_query *q,
		 msec now)
{
	uint32_t hash = hash_of(p, q);
	struct dns_txn *t = find(p, q, hash);

	if (t) {
		join(p, t, asker, q, now);
		return;
	}
	t = has_share(p, asker->client) ? take_txn(p) : NULL;
	if (!t) {
		p->count[DNS_N_LIMITED]++;
		dns_say(p, asker, q, DNS_REFUSED, DNS_EDE_PROHIBITED,
			"this guest has too many questions under way");
		return;
	}
	*t = (struct dns_txn){.used = true,
			      .bits = (uint8_t)dns_key_bits(q),
			      .type = q->type,
			      .hash = hash,
			      .client = asker->client,
			      .name = q->name,
			      .started_ms = now};
	link_txn(p, t);
	p->count[DNS_N_FORWARDED]++;
	if (add_waiter(p, t, asker, q, now))
		ask_next(p, t, now);
	else
		give_up(p, t, "too many questions are under way");
}

/* ---- an answer comes in ---------------------------------------------------------------------- */

enum belief { STRAY, WRONG_CASE, BELIEVED };

/* RFC 5452 3, 9.1 */
static enum belief believe(const struct dns_txn *t, const uint8_t *msg, size_t len)
{
	size_t off = DNS_HDR;
	struct dns_name name;

	if (len < DNS_HDR || dns_get16(msg) != t->id || !(dns_get16(msg + 2) & DNS_QR) ||
	    dns_get16(msg + 2) & DNS_OPCODE || dns_get16(msg + 4) != 1 ||
	    dns_name_read(msg, len, &off, &name) || len - off < 4 ||
	    dns_get16(msg + off) != t->type || dns_get16(msg + off + 2) != DNS_IN ||
	    !dns_name_equal(&name, &t->name))
		return STRAY;
	return memcmp(name.b, t->name.b, name.len) ? WRONG_CASE : BELIEVED;
}

/* Ask the same server again, in another way; when that can't be, the next. */
static void ask_again(struct dns_proxy *p, struct dns_txn *t, msec now)
{
	stop_asking(p, t);
	p->count[DNS_N_RETRIES]++;
	if (t->tries >= DNS_TRIES_MAX || now - t->started_ms >= DNS_GIVE_UP_MS ||
	    (ask(p, t, now) && !t->asking))
		ask_next(p, t, now);
}

static void by_tcp(struct dns_proxy *p, struct dns_txn *t, msec now)
{
	t->tcp = true;
	p->count[DNS_N_TCP_RETRIES]++;
	ask_again(p, t, now);
}

static void next_server(struct dns_proxy *p, struct dns_txn *t, msec now)
{
	stop_asking(p, t);
	t->tcp = false;
	p->count[DNS_N_RETRIES]++;
	ask_next(p, t, now);
}

/* A refusal or failure is an answer only when nobody else could give a better one. */
static bool others_left(const struct dns_proxy *p, const struct dns_txn *t)
{
	return t->tries < DNS_TRIES_MAX && p->up.n > 1 &&
	       (t->tried & ((1u << p->up.n) - 1)) != (1u << p->up.n) - 1;
}

static void take_answer(struct dns_proxy *p, struct dns_txn *t, uint8_t *msg, size_t len, msec now)
{
	struct dns_server *s = &p->up.server[t->server];
	unsigned int rcode = dns_get16(msg + 2) & DNS_RCODE, upper;
	bool cut = dns_get16(msg + 2) & DNS_TC;

	if ((rcode == DNS_FORMERR || rcode == DNS_NOTIMP) && !s->no_edns) {
		s->no_edns = true;
		ask_again(p, t, now);
		return;
	}
	if (cut && !t->tcp) {
		by_tcp(p, t, now);
		return;
	}
	len = dns_answer_clean(msg, len, &upper);
	if (!len || ((rcode == DNS_SERVFAIL || rcode == DNS_REFUSED) && others_left(p, t))) {
		next_server(p, t, now);
		return;
	}
	dns_set16(msg + 2, dns_get16(msg + 2) & ~(unsigned int)DNS_TC);
	if (!upper)
		dns_cache_put(&p->cache, &t->name, t->type, t->bits, msg, len,
			      dns_answer_ttl(msg, len), now);
	give_answer(p, t, msg, len, upper, now);
}

void dns_proxy_answer(struct dns_proxy *p, struct dns_txn *t, uint8_t *msg, size_t len, msec now)
{
	enum belief b = t->asking ? believe(t, msg, len) : STRAY;
	struct dns_server *s;

	if (b == STRAY) {
		p->count[DNS_N_STRAY]++;
		return; /* the true one may be on its way */
	}
	s = &p->up.server[t->server];
	dns_upstream_answered(&p->up, (unsigned int)t->server, now - t->sent_ms);
	if (b == WRONG_CASE && !t->tcp) {
		/* A server that changes letters, or somebody who guessed all but them: by TCP
		 * nobody can guess. */
		s->no_case = true;
		by_tcp(p, t, now);
		return;
	}
	take_answer(p, t, msg, len, now);
}

void dns_proxy_failed(struct dns_proxy *p, struct dns_txn *t, msec now)
{
	if (!t->used || !t->asking)
		return;
	dns_upstream_failed(&p->up, (unsigned int)t->server, now);
	next_server(p, t, now);
}

/* ---- time ------------------------------------------------------------------------------------ */

void dns_proxy_tick(struct dns_proxy *p, msec now)
{
	struct dns_txn *newer;

	for (struct dns_txn *t = p->oldest; t; t = newer) {
		newer = t->newer;
		if (now - t->started_ms >= DNS_GIVE_UP_MS) {
			if (t->asking)
				dns_upstream_failed(&p->up, (unsigned int)t->server, now);
			give_up(p, t, "no resolver of the host answers in time");
		} else if (t->asking && now >= t->until_ms) {
			dns_upstream_failed(&p->up, (unsigned int)t->server, now);
			next_server(p, t, now);
		}
	}
	dns_proxy_go_on(p, now);
}

/* Their servers are not those of the list any more. */
void dns_txns_reset(struct dns_proxy *p, msec now)
{
	for (struct dns_txn *t = p->oldest; t; t = t->newer) {
		stop_asking(p, t);
		t->tried = 0;
		t->tcp = false;
	}
	dns_proxy_go_on(p, now);
}
