/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_dns.c - a name server's day: questions of guests, answers of resolvers, time.
 *
 * The input is a list of pieces, each a byte of what it is, a byte of length, and bytes. Whatever
 * they say: every answer is to a question that was asked, well formed, and not longer than its
 * asker takes; nothing is asked for twice at once, and when time is up nothing is left under way.
 */
#include <errno.h>
#include <string.h>

#include "dns/proxy.h"
#include "dns/text.h"
#include "tests/fuzz/fuzz.h"

enum { OPEN_MAX_ = 8 };

static struct dns_proxy p;
static struct dns_txn *open_txns[OPEN_MAX_];
static uint8_t question[DNS_HDR + DNS_NAME_MAX + 4 + DNS_OPT_FIXED];
static size_t question_len;
static uint64_t seed;
static bool quiet;

static uint64_t get_random(void *ctx)
{
	(void)ctx;
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 16;
}

static void reply(void *ctx, const struct dns_asker *to, const uint8_t *msg, size_t len)
{
	uint8_t copy[DNS_MSG_MAX];
	unsigned int upper;

	(void)ctx;
	MUST(len >= DNS_HDR && len <= (to->stream ? DNS_MSG_MAX : MAX(to->udp_max, 512)));
	MUST(dns_get16(msg + 2) & DNS_QR);
	memcpy(copy, msg, len);
	MUST(!dns_get16(msg + 4) || dns_answer_clean(copy, len, &upper));
}

static int ask(void *ctx, struct dns_txn *txn, const struct dns_server *server, bool tcp,
	       const uint8_t *msg, size_t len)
{
	(void)ctx;
	(void)server;
	(void)tcp;
	for (unsigned int i = 0; i < OPEN_MAX_; i++)
		if (!open_txns[i]) {
			struct dns_query q;

			MUST(len <= sizeof(question) && dns_query_read(msg, len, &q) == 0);
			memcpy(question, msg, len);
			question_len = len;
			open_txns[i] = txn;
			return 0;
		}
	return quiet ? -ENETUNREACH : -EAGAIN;
}

static void unask(void *ctx, struct dns_txn *txn)
{
	(void)ctx;
	for (unsigned int i = 0; i < OPEN_MAX_; i++)
		if (open_txns[i] == txn)
			open_txns[i] = NULL;
}

static const struct dns_zone *zone(void *ctx, const struct dns_name *name)
{
	(void)ctx;
	return dns_name_under(name, &p.zone.origin) ? &p.zone : NULL;
}

static int host_addrs(void *ctx, const uint8_t *label, struct ip_addr *out, unsigned int max)
{
	(void)ctx;
	if (label[0] != 1 || !max)
		return -1;
	*out = ip_addr_from4(label[1]);
	return 1;
}

static bool host_label(void *ctx, const struct ip_addr *addr, uint8_t out[DNS_LABEL_MAX + 1])
{
	(void)ctx;
	out[0] = 1;
	out[1] = addr->b[15];
	return addr->b[15] < 100;
}

static void note(void *ctx, const struct dns_note *n)
{
	char text[256], name[DNS_NAME_STR];
	size_t off = DNS_HDR;
	struct dns_name first;
	struct dns_rr rr;

	(void)ctx;
	dns_name_format(&n->q->name, name);
	MUST(strlen(name) < DNS_NAME_STR);
	if (dns_get16(n->msg + 4) && !dns_name_read(n->msg, n->len, &off, &first)) {
		off += 4;
		while (!dns_rr_read(n->msg, n->len, &off, &rr))
			MUST(strlen(dns_rdata_format(n->msg, n->len, &rr, text, sizeof(text))) <
			     sizeof(text));
	}
}

static void say(void *ctx, const char *line)
{
	(void)ctx;
	MUST(line && line[0]);
}

static void start(void)
{
	static const struct dns_env env = {.random = get_random,
					   .reply = reply,
					   .ask = ask,
					   .unask = unask,
					   .zone = zone,
					   .note = note};
	static bool made;

	if (made)
		return;
	made = true;
	MUST(dns_proxy_init(&p, &env) == 0);
	MUST(dns_zone_origin("n", &p.zone.origin) == 0);
	p.zone.subnet[0] = (struct ip_net){ip_addr_from4(0x0a), 96 + 8};
	p.zone.hosts = (struct dns_hosts){NULL, host_addrs, host_label};
	p.forward = true;
}

/* What a person, or resolv.conf, says. */
static void words(const uint8_t *b, size_t len)
{
	struct dns_server_addr addrs[3];
	struct dns_server servers[3] = {0};
	uint8_t rdata[DNS_RDATA_MAX];
	char text[256] = {0};
	struct dns_name name, again;
	char shown[DNS_NAME_STR + 1];
	size_t rdlen;
	unsigned int n = dns_resolv_parse((const char *)b, len, addrs, 3);

	for (unsigned int i = 0; i < n; i++)
		servers[i].addr = addrs[i].addr;
	memcpy(text, b, MIN(len, sizeof(text) - 1));
	if (!dns_name_parse(text, NULL, &name)) {
		MUST(!dns_name_parse(dns_name_format(&name, shown), NULL, &again));
		MUST(name.len == again.len && !memcmp(name.b, again.b, name.len));
	}
	if (len && !dns_rdata_parse(b[0], text + 1, &p.zone.origin, rdata, &rdlen, NULL)) {
		MUST(rdlen <= DNS_RDATA_MAX);
		dns_name_lower(&p.zone.origin);
		if (p.zone.records.n < 32)
			dns_records_add(&p.zone.records, &p.zone.origin, b[0], 60, rdata, rdlen,
					NULL);
	}
}

static void one(unsigned int what, const uint8_t *b, size_t len, msec *now)
{
	struct dns_asker asker = {.client = what >> 6, .udp_max = 1472, .port = 9};
	uint8_t msg[512];
	struct dns_query q;

	switch (what & 7) {
	case 0:
	case 1:
		asker.stream = what & 1;
		dns_proxy_query(&p, &asker, b, len, *now);
		break;
	case 2: /* an answer as it is */
		memcpy(msg, b, len);
		if (open_txns[what >> 5])
			dns_proxy_answer(&p, open_txns[what >> 5], msg, len, *now);
		break;
	case 3: /* the question that was asked last, with these bytes as its answer */
		if (!open_txns[what >> 5] || !question_len || len + question_len > sizeof(msg))
			break;
		memcpy(msg, question, question_len);
		memcpy(msg + question_len, b, len);
		msg[2] |= 0x80;
		msg[7] = len ? b[0] : 0;
		dns_proxy_answer(&p, open_txns[what >> 5], msg, question_len + len, *now);
		break;
	case 4:
		if (open_txns[what >> 5])
			dns_proxy_failed(&p, open_txns[what >> 5], *now);
		break;
	case 5:
		*now += len * 50;
		dns_proxy_tick(&p, *now);
		break;
	case 6:
		words(b, len);
		break;
	default:
		if (dns_query_read(b, len, &q) == 0)
			dns_proxy_explain(&p, &q, *now, say, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dns_server servers[] = {{.addr = {{[15] = 1}}}, {.addr = {{[15] = 2}}}};
	msec now = 1000;

	start();
	seed = 1;
	quiet = false;
	question_len = 0;
	memset(&p.up, 0, sizeof(p.up));
	dns_proxy_set_servers(&p, servers, 2, now);
	while (size >= 2) {
		size_t len = MIN((size_t)data[1], size - 2);

		one(data[0], data + 2, len, &now);
		data += 2 + len;
		size -= 2 + len;
	}
	quiet = true;
	dns_proxy_tick(&p, now + 2 * DNS_GIVE_UP_MS);
	MUST(!p.n_txns && !p.n_asking && !p.n_waiters);
	for (unsigned int i = 0; i < OPEN_MAX_; i++)
		MUST(!open_txns[i]);
	dns_cache_flush(&p.cache, NULL);
	MUST(p.cache.n_free_chunks == DNS_CACHE_CHUNKS);
	while (p.zone.records.all) {
		struct dns_name name = p.zone.records.all->name;

		MUST(dns_records_del(&p.zone.records, &name, 0, NULL, 0));
	}
	return 0;
}
