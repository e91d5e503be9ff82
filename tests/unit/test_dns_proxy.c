/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name server of a network, with resolvers that the test plays and a clock that it steps. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/proxy.h"
#include "dns/text.h"
#include "tests/unit/unit.h"

enum { ASKED_MAX = 16384 };

static struct {
	struct dns_proxy p;
	msec now;
	/* What went out to resolvers. */
	unsigned int n_asked;
	struct {
		struct dns_txn *txn;
		struct ip_addr server;
		bool tcp, open;
		uint8_t msg[300];
		size_t len;
	} asked[ASKED_MAX];
	int ask_rc;
	/* The last answer to a guest, and how many there were. */
	uint8_t answer[DNS_MSG_MAX];
	size_t len;
	unsigned int answers;
	enum dns_how how;
} w;

/* ---- the world ------------------------------------------------------------------------------- */

static uint64_t get_random(void *ctx)
{
	(void)ctx;
	return (uint64_t)random() << 32 | (uint64_t)random();
}

static void reply(void *ctx, const struct dns_asker *to, const uint8_t *msg, size_t len)
{
	(void)ctx;
	(void)to;
	memcpy(w.answer, msg, len);
	w.len = len;
	w.answers++;
}

static int ask(void *ctx, struct dns_txn *txn, const struct dns_server *server, bool tcp,
	       const uint8_t *msg, size_t len)
{
	(void)ctx;
	if (w.ask_rc)
		return w.ask_rc;
	assert_true(w.n_asked < ASKED_MAX && len <= sizeof(w.asked[0].msg));
	w.asked[w.n_asked].txn = txn;
	w.asked[w.n_asked].server = server->addr;
	w.asked[w.n_asked].tcp = tcp;
	w.asked[w.n_asked].open = true;
	memcpy(w.asked[w.n_asked].msg, msg, len);
	w.asked[w.n_asked++].len = len;
	return 0;
}

static void unask(void *ctx, struct dns_txn *txn)
{
	(void)ctx;
	for (unsigned int i = 0; i < w.n_asked; i++)
		if (w.asked[i].txn == txn)
			w.asked[i].open = false;
}

static const struct dns_zone *zone(void *ctx, const struct dns_name *name)
{
	(void)ctx;
	return dns_name_under(name, &w.p.zone.origin) ? &w.p.zone : NULL;
}

static void note(void *ctx, const struct dns_note *n)
{
	(void)ctx;
	w.how = n->how;
}

/* One host, "web", at 10.0.2.128 and fd00::5. */
static int host_addrs(void *ctx, const uint8_t *label, struct ip_addr *out, unsigned int max)
{
	(void)ctx;
	if (memcmp(label, "\3web", 4) != 0)
		return -1;
	if (max > 0)
		out[0] = ip_addr_from4(0x8002000a);
	if (max > 1)
		out[1] = (struct ip_addr){{0xfd, [15] = 5}};
	return (int)MIN(max, 2u);
}

static bool host_label(void *ctx, const struct ip_addr *addr, uint8_t out[DNS_LABEL_MAX + 1])
{
	(void)ctx;
	memcpy(out, "\3web", 4);
	return addr->b[15] == 128;
}

static struct dns_server server(uint8_t last)
{
	return (struct dns_server){.addr = {{[10] = 0xff, 0xff, 192, 0, 2, last}}};
}

static int setup(void **state)
{
	static const struct dns_env env = {.random = get_random,
					   .reply = reply,
					   .ask = ask,
					   .unask = unask,
					   .zone = zone,
					   .note = note};
	struct dns_server servers[] = {server(1), server(2)};

	(void)state;
	memset(&w, 0, sizeof(w));
	w.now = 1000;
	assert_int_equal(dns_proxy_init(&w.p, &env), 0);
	assert_int_equal(dns_zone_origin("lan", &w.p.zone.origin), 0);
	w.p.zone.subnet[0] = (struct ip_net){ip_addr_from4(0x0002000a), 96 + 24};
	w.p.zone.hosts = (struct dns_hosts){NULL, host_addrs, host_label};
	w.p.forward = true;
	dns_proxy_set_servers(&w.p, servers, 2, w.now);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dns_proxy_fini(&w.p);
	return 0;
}

/* A question of guest @client, @size bytes of EDNS (0: none). */
static void guest_asks(uint32_t client, const char *name, unsigned int type, unsigned int size)
{
	struct dns_asker asker = {.client = client, .udp_max = 1472, .port = 999};
	uint8_t b[512];
	struct dns_writer out = {.b = b, .max = sizeof(b)};
	struct dns_name n;

	assert_int_equal(dns_name_parse(name, NULL, &n), 0);
	dns_put16(&out, 0x4242);
	dns_put16(&out, DNS_RD);
	dns_put16(&out, 1);
	dns_put32(&out, 0);
	dns_put16(&out, size ? 1 : 0);
	dns_put(&out, n.b, n.len);
	dns_put16(&out, type);
	dns_put16(&out, DNS_IN);
	if (size) {
		dns_put8(&out, 0);
		dns_put16(&out, DNS_OPT);
		dns_put16(&out, size);
		dns_put32(&out, 0);
		dns_put16(&out, 0);
	}
	dns_proxy_query(&w.p, &asker, b, out.len, w.now);
}

static unsigned int rcode(void)
{
	return dns_get16(w.answer + 2) & DNS_RCODE;
}

/* The @nth record's data as text; "" when there is none. */
static const char *data(unsigned int nth)
{
	static char text[256];
	size_t off = DNS_HDR;
	struct dns_name n;
	struct dns_rr rr;

	text[0] = '\0';
	if (nth >= dns_get16(w.answer + 6))
		return text;
	assert_int_equal(dns_name_read(w.answer, w.len, &off, &n), 0);
	off += 4;
	for (unsigned int i = 0; i <= nth; i++)
		assert_int_equal(dns_rr_read(w.answer, w.len, &off, &rr), 0);
	return dns_rdata_format(w.answer, w.len, &rr, text, sizeof(text));
}

/* The @i-th question's answer: @n addresses, TTL 100, with @flags and @code. */
static size_t make_answer(unsigned int i, uint8_t *b, unsigned int n, unsigned int flags,
			  unsigned int code)
{
	struct dns_writer out = {.b = b, .max = DNS_MSG_MAX};
	size_t len = w.asked[i].len - (dns_get16(w.asked[i].msg + 10) ? DNS_OPT_FIXED : 0);

	dns_put(&out, w.asked[i].msg, len);
	dns_set16(b + 2, DNS_QR | DNS_RD | DNS_RA | flags | code);
	dns_set16(b + 6, n);
	dns_set16(b + 10, 0);
	for (unsigned int k = 0; k < n; k++) {
		dns_put(&out, "\xc0\x0c\0\1\0\1\0\0\0\x64\0\4\xcb\0\x71", 15);
		dns_put8(&out, k);
	}
	return out.len;
}

static void resolver_answers(unsigned int i, unsigned int n, unsigned int flags, unsigned int code)
{
	static uint8_t b[DNS_MSG_MAX];
	size_t len = make_answer(i, b, n, flags, code);

	assert_true(w.asked[i].open);
	dns_proxy_answer(&w.p, w.asked[i].txn, b, len, w.now);
}

static void pass(msec ms)
{
	for (msec end = w.now + ms; w.now < end;) {
		w.now += 50;
		dns_proxy_tick(&w.p, w.now);
	}
}

/* ---- our own --------------------------------------------------------------------------------- */

static void own_names(void **state)
{
	(void)state;
	guest_asks(1, "web.lan.vnet", DNS_A, 0);
	assert_string_equal(data(0), "10.0.2.128");
	assert_true(dns_get16(w.answer + 2) & DNS_AA);
	guest_asks(1, "WEB.LAN.VNET", DNS_AAAA, 0);
	assert_string_equal(data(0), "fd00::5");
	guest_asks(1, "web", DNS_A, 0);
	assert_string_equal(data(0), "10.0.2.128");
	guest_asks(1, "128.2.0.10.in-addr.arpa", DNS_PTR, 0);
	assert_string_equal(data(0), "web.lan.vnet");
	guest_asks(1, "web.lan.vnet", DNS_TXT, 0);
	assert_int_equal(rcode(), DNS_NOERROR);
	assert_string_equal(data(0), "");
	assert_int_equal(dns_get16(w.answer + 8), 1);
	guest_asks(1, "nobody.lan.vnet", DNS_A, 0);
	assert_int_equal(rcode(), DNS_NXDOMAIN);
	guest_asks(1, "web.wan.vnet", DNS_A, 0);
	assert_int_equal(rcode(), DNS_NXDOMAIN);
	guest_asks(1, "7.2.0.10.in-addr.arpa", DNS_PTR, 0);
	assert_int_equal(rcode(), DNS_NXDOMAIN);
	assert_int_equal(w.n_asked, 0);
}

static void add(const char *name, const char *type, const char *value)
{
	uint8_t rdata[DNS_RDATA_MAX];
	struct dns_name n;
	struct err err;
	uint16_t t;
	size_t len;

	assert_int_equal(dns_name_parse(name, &w.p.zone.origin, &n), 0);
	assert_int_equal(dns_type_parse(type, &t), 0);
	assert_int_equal(dns_rdata_parse(t, value, &w.p.zone.origin, rdata, &len, &err), 0);
	assert_int_equal(dns_records_add(&w.p.zone.records, &n, t, 60, rdata, len, &err), 0);
}

static void written_records(void **state)
{
	struct dns_name n;
	struct err err;

	(void)state;
	add("www", "A", "10.0.2.9");
	add("www", "A", "10.0.2.10");
	add("shop", "CNAME", "www");
	add("_sip._udp", "SRV", "0 5 5060 web");
	add("www.example.com.", "A", "10.0.2.9");
	add("web", "TXT", "beats the host");
	guest_asks(1, "shop.lan.vnet", DNS_A, 0);
	assert_int_equal(dns_get16(w.answer + 6), 3);
	assert_string_equal(data(0), "www.lan.vnet");
	assert_string_equal(data(2), "10.0.2.10");
	guest_asks(1, "_udp.lan.vnet", DNS_SRV, 0);
	assert_int_equal(rcode(), DNS_NOERROR); /* RFC 8020 */
	guest_asks(1, "_sip._udp.lan.vnet", DNS_SRV, 0);
	assert_string_equal(data(0), "0 5 5060 web.lan.vnet");
	guest_asks(1, "www.example.com", DNS_A, 0);
	assert_string_equal(data(0), "10.0.2.9");
	guest_asks(1, "9.2.0.10.in-addr.arpa", DNS_PTR, 0);
	assert_string_equal(data(0), "www.lan.vnet");
	assert_int_equal(w.n_asked, 0);
	assert_int_equal(dns_name_parse("www", &w.p.zone.origin, &n), 0);
	assert_int_equal(dns_records_add(&w.p.zone.records, &n, DNS_A, 60, "\12\0\2\11", 4, &err),
			 -EEXIST);
	assert_int_equal(dns_records_add(&w.p.zone.records, &n, DNS_CNAME, 60, "\0", 1, &err),
			 -EEXIST);
	assert_int_equal(dns_records_del(&w.p.zone.records, &n, DNS_A, NULL, 0), 2);
	guest_asks(1, "www.lan.vnet", DNS_A, 0);
	assert_int_equal(rcode(), DNS_NXDOMAIN);
}

/* CNAMEs in a circle end. */
static void aliases_in_a_circle(void **state)
{
	(void)state;
	add("a", "CNAME", "b");
	add("b", "CNAME", "a");
	guest_asks(1, "a.lan.vnet", DNS_A, 0);
	assert_int_equal(dns_get16(w.answer + 6), 8);
}

static void names_with_a_meaning(void **state)
{
	static const char *const never[] = {"x.invalid",
					    "printer.local",
					    "abc.onion",
					    "1.1.168.192.in-addr.arpa",
					    "1.1.31.172.in-addr.arpa",
					    "1.0.64.100.in-addr.arpa",
					    "router"};

	(void)state;
	guest_asks(1, "localhost", DNS_A, 0);
	assert_string_equal(data(0), "127.0.0.1");
	guest_asks(1, "x.localhost", DNS_AAAA, 0);
	assert_string_equal(data(0), "::1");
	for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
		guest_asks(1, never[i], DNS_A, 0);
		assert_int_equal(rcode(), DNS_NXDOMAIN);
	}
	guest_asks(1, "www.example.com", DNS_ANY, 0);
	assert_int_equal(dns_get16(w.answer + 6), 1); /* RFC 8482 */
	guest_asks(1, "www.example.com", DNS_AXFR, 0);
	assert_int_equal(rcode(), DNS_REFUSED);
	assert_int_equal(w.n_asked, 0);
	/* Not private, and what a validator asks of the top. */
	guest_asks(1, "1.1.32.172.in-addr.arpa", DNS_PTR, 0);
	guest_asks(1, "com", 43, 0);
	assert_int_equal(w.n_asked, 2);
}

static void own_names_only(void **state)
{
	(void)state;
	w.p.forward = false;
	guest_asks(1, "www.example.com", DNS_A, 1232);
	assert_int_equal(rcode(), DNS_REFUSED);
	assert_true(w.len > DNS_HDR + 40); /* with an explanation (RFC 8914) */
	assert_false(dns_get16(w.answer + 2) & DNS_RA);
	assert_int_equal(w.n_asked, 0);
}

/* ---- resolvers ------------------------------------------------------------------------------- */

static void asked_once_then_cached(void **state)
{
	(void)state;
	guest_asks(1, "www.Example.com", DNS_A, 0);
	guest_asks(2, "www.example.com", DNS_A, 1232);
	assert_int_equal(w.n_asked, 1); /* the second waits for the first's */
	assert_int_equal(w.answers, 0);
	resolver_answers(0, 2, 0, DNS_NOERROR);
	assert_int_equal(w.answers, 2);
	assert_int_equal(dns_get16(w.answer), 0x4242);
	assert_string_equal(data(1), "203.0.113.1");
	assert_memory_equal(w.answer + DNS_HDR, "\3www\7example\3com", 16);
	guest_asks(3, "WWW.example.COM", DNS_A, 0);
	assert_int_equal(w.n_asked, 1);
	assert_int_equal(w.how, DNS_BY_CACHE);
	assert_memory_equal(w.answer + DNS_HDR, "\3WWW\7example\3COM", 16);
	w.now += 101 * 1000;
	guest_asks(3, "www.example.com", DNS_A, 0);
	assert_int_equal(w.n_asked, 2);
}

/* RFC 5452: an answer that is not to the question, or not with its id or letters, is none. */
static void forged_answers(void **state)
{
	uint8_t b[512];
	size_t len;

	(void)state;
	guest_asks(1, "www.example.com", DNS_A, 0);
	len = make_answer(0, b, 1, 0, 0);
	b[1] ^= 1;
	dns_proxy_answer(&w.p, w.asked[0].txn, b, len, w.now);
	b[1] ^= 1;
	b[2] &= 0x7f;
	dns_proxy_answer(&w.p, w.asked[0].txn, b, len, w.now);
	b[2] |= 0x80;
	b[DNS_HDR + 1] = 'x';
	dns_proxy_answer(&w.p, w.asked[0].txn, b, len, w.now);
	dns_proxy_answer(&w.p, w.asked[0].txn, b, 11, w.now);
	assert_int_equal(w.answers, 0);
	assert_int_equal(w.p.count[DNS_N_STRAY], 4);
	/* The right name in other letters: asked again where nobody can guess. */
	len = make_answer(0, b, 1, 0, 0);
	for (size_t i = DNS_HDR; i < DNS_HDR + 16; i++)
		if (b[i] >= 'A')
			b[i] ^= 0x20;
	dns_proxy_answer(&w.p, w.asked[0].txn, b, len, w.now);
	assert_int_equal(w.answers, 0);
	assert_int_equal(w.n_asked, 2);
	assert_true(w.asked[1].tcp);
	resolver_answers(1, 1, 0, 0);
	assert_int_equal(w.answers, 1);
}

static void cut_answers_come_by_tcp(void **state)
{
	(void)state;
	guest_asks(1, "big.example.com", DNS_A, 1232);
	resolver_answers(0, 0, DNS_TC, 0);
	assert_int_equal(w.n_asked, 2);
	assert_true(w.asked[1].tcp);
	resolver_answers(1, 200, 0, 0); /* 3 KB, too long for the guest's UDP */
	assert_int_equal(w.answers, 1);
	assert_true(dns_get16(w.answer + 2) & DNS_TC);
	assert_int_equal(dns_get16(w.answer + 6), 0);
}

static void silent_resolvers(void **state)
{
	struct ip_addr second = server(2).addr;

	(void)state;
	guest_asks(1, "a.example.com", DNS_A, 0);
	pass(DNS_WAIT_FIRST_MS);
	assert_int_equal(w.n_asked, 2);
	assert_true(ip_addr_equal(&w.asked[1].server, &second));
	resolver_answers(1, 1, 0, 0);
	assert_int_equal(w.answers, 1);
	guest_asks(1, "b.example.com", DNS_A, 0);
	pass(DNS_WAIT_FIRST_MS);
	resolver_answers(3, 1, 0, 0);
	/* Twice in a row: the first is left out. */
	guest_asks(1, "c.example.com", DNS_A, 0);
	assert_true(ip_addr_equal(&w.asked[4].server, &second));
	resolver_answers(4, 1, 0, 0);
	w.now += DNS_REST_MS;
	guest_asks(1, "d.example.com", DNS_A, 0);
	assert_false(ip_addr_equal(&w.asked[5].server, &second));
}

static void all_are_gone(void **state)
{
	(void)state;
	guest_asks(1, "a.example.com", DNS_A, 1232);
	pass(DNS_GIVE_UP_MS + 100);
	assert_int_equal(w.answers, 1);
	assert_int_equal(rcode(), DNS_SERVFAIL);
	assert_false(dns_proxy_busy(&w.p));
	/* Nobody there at all: said at once. */
	w.ask_rc = -ENETUNREACH;
	guest_asks(1, "b.example.com", DNS_A, 0);
	assert_int_equal(w.answers, 2);
	assert_int_equal(rcode(), DNS_SERVFAIL);
	w.ask_rc = 0;
	guest_asks(1, "b.example.com", DNS_A, 0);
	resolver_answers(w.n_asked - 1, 1, 0, 0);
	assert_int_equal(rcode(), DNS_NOERROR);
}

static void failures_are_tried_elsewhere(void **state)
{
	(void)state;
	guest_asks(1, "a.example.com", DNS_A, 0);
	resolver_answers(0, 0, 0, DNS_SERVFAIL);
	assert_int_equal(w.n_asked, 2);
	resolver_answers(1, 0, 0, DNS_REFUSED);
	assert_int_equal(w.answers, 1);
	assert_int_equal(rcode(), DNS_REFUSED);
	assert_int_equal(w.p.cache.n, 0);
	/* FORMERR: the same again without EDNS (RFC 6891 7). */
	guest_asks(1, "b.example.com", DNS_A, 0);
	resolver_answers(2, 0, 0, DNS_FORMERR);
	assert_int_equal(w.n_asked, 4);
	assert_int_equal(dns_get16(w.asked[3].msg + 10), 0);
}

static void other_resolvers(void **state)
{
	struct dns_server other = server(7);

	(void)state;
	guest_asks(1, "a.example.com", DNS_A, 0);
	resolver_answers(0, 1, 0, 0);
	guest_asks(1, "b.example.com", DNS_A, 0);
	dns_proxy_set_servers(&w.p, &other, 1, w.now);
	assert_int_equal(w.p.cache.n, 0);
	assert_int_equal(w.n_asked, 3); /* b again */
	assert_true(ip_addr_equal(&w.asked[2].server, &other.addr));
	resolver_answers(2, 1, 0, 0);
	assert_int_equal(w.answers, 2);
	dns_proxy_set_servers(&w.p, &other, 1, w.now);
	assert_int_equal(w.p.cache.n, 1); /* nothing has changed */
}

/* ---- crowds ---------------------------------------------------------------------------------- */

static void one_guest_leaves_room(void **state)
{
	char name[64];

	(void)state;
	for (unsigned int i = 0; i < 2 * DNS_TXNS; i++) {
		snprintf(name, sizeof(name), "n%u.example.com", i);
		guest_asks(1, name, DNS_A, 0);
	}
	assert_in_range(w.n_asked, DNS_TXNS / 2, DNS_TXNS / 2 + 1);
	assert_int_equal(w.p.count[DNS_N_LIMITED], 2 * DNS_TXNS - w.n_asked);
	guest_asks(2, "other.example.com", DNS_A, 0);
	assert_in_range(w.n_asked, DNS_TXNS / 2 + 1, DNS_TXNS / 2 + 2);
	pass(DNS_GIVE_UP_MS + 100);
	assert_int_equal(w.answers, 2 * DNS_TXNS + 1); /* everybody was told something */
}

static void no_socket_is_free(void **state)
{
	(void)state;
	w.ask_rc = -EAGAIN;
	guest_asks(1, "a.example.com", DNS_A, 0);
	guest_asks(1, "b.example.com", DNS_A, 0);
	assert_int_equal(w.answers, 0);
	w.ask_rc = 0;
	dns_proxy_go_on(&w.p, w.now);
	assert_int_equal(w.n_asked, 2);
	resolver_answers(0, 1, 0, 0);
	resolver_answers(1, 1, 0, 0);
	assert_int_equal(w.answers, 2);
}

/* The host's resolver is us: its question is the guest's that came back. */
static void a_question_in_a_circle(void **state)
{
	struct dns_asker host = {.client = 9, .host = true, .udp_max = 1472, .port = 5};

	(void)state;
	guest_asks(1, "a.example.com", DNS_A, 0);
	dns_proxy_query(&w.p, &host, w.asked[0].msg, w.asked[0].len, w.now);
	assert_int_equal(w.answers, 1);
	assert_int_equal(rcode(), DNS_REFUSED);
	assert_int_equal(w.n_asked, 1);
	assert_int_equal(w.p.count[DNS_N_LOOPS], 1);
}

static void resolv_conf(void **state)
{
	static const char text[] =
		"# nameserver 9.9.9.9\nsearch example.com\n nameserver\t192.0.2.1 \n"
		"nameserver fe80::1%eth0\r\nnameserver 1.2.3\nnameserverx 1.1.1.1\n"
		"nameserver 192.0.2.2 # two\nnameserver 192.0.2.3";
	struct dns_server_addr a[3];
	char shown[IP_ADDR_STR];

	(void)state;
	assert_int_equal(dns_resolv_parse(text, sizeof(text) - 1, a, 3), 3);
	assert_string_equal(ip_addr_format(&a[0].addr, shown), "192.0.2.1");
	assert_string_equal(ip_addr_format(&a[1].addr, shown), "fe80::1");
	assert_string_equal(a[1].ifname, "eth0");
	assert_string_equal(ip_addr_format(&a[2].addr, shown), "192.0.2.2");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(own_names),
		T(written_records),
		T(aliases_in_a_circle),
		T(names_with_a_meaning),
		T(own_names_only),
		T(asked_once_then_cached),
		T(forged_answers),
		T(cut_answers_come_by_tcp),
		T(silent_resolvers),
		T(all_are_gone),
		T(failures_are_tried_elsewhere),
		T(other_resolvers),
		T(one_guest_leaves_room),
		T(no_socket_is_free),
		T(a_question_in_a_circle),
		cmocka_unit_test(resolv_conf),
	};

	return cmocka_run_group_tests_name("dns_proxy", tests, NULL, NULL);
}
