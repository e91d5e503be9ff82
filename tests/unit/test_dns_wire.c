/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS messages and text: what is read, what is refused, and that ldns reads what is written. */
#include <errno.h>
#include <string.h>

#include <ldns/ldns.h>

#include "dns/cache.h"
#include "dns/text.h"
#include "tests/unit/unit.h"

static struct dns_name name_of(const char *text)
{
	struct dns_name n;

	assert_int_equal(dns_name_parse(text, NULL, &n), 0);
	return n;
}

/* A message whose bytes after the header are @b; reads the name at @off. */
static int read_at(const void *b, size_t len, size_t off, struct dns_name *out, size_t *end)
{
	uint8_t msg[600] = {0};

	memcpy(msg + DNS_HDR, b, len);
	*end = off;
	return dns_name_read(msg, DNS_HDR + len, end, out);
}

static void names_on_the_wire(void **state)
{
	struct dns_name n;
	char text[DNS_NAME_STR];
	size_t end;

	(void)state;
	/* RFC 1035 4.1.4: a.b, then c with a pointer to b */
	assert_int_equal(read_at("\1a\1b\0\1c\xc0\x0e", 9, 17, &n, &end), 0);
	assert_string_equal(dns_name_format(&n, text), "c.b");
	assert_int_equal(end, 21);
	/* Circles, pointers forward, into the header, to themselves */
	assert_int_equal(read_at("\1a\xc0\x0c", 4, 12, &n, &end), -EBADMSG);
	assert_int_equal(read_at("\xc0\x0e\xc0\x0c", 4, 12, &n, &end), -EBADMSG);
	assert_int_equal(read_at("\xc0\x0c", 2, 12, &n, &end), -EBADMSG);
	assert_int_equal(read_at("\xc0\x00", 2, 12, &n, &end), -EBADMSG);
	/* Cut short, and the two dead kinds of label */
	assert_int_equal(read_at("\3ab", 3, 12, &n, &end), -EBADMSG);
	assert_int_equal(read_at("\1a", 2, 12, &n, &end), -EBADMSG);
	assert_int_equal(read_at("\xc0", 1, 12, &n, &end), -EBADMSG);
	assert_int_equal(read_at("\x41 \0", 3, 12, &n, &end), -EBADMSG);
	assert_int_equal(read_at("\x80 \0", 3, 12, &n, &end), -EBADMSG);
}

static void names_that_are_too_long(void **state)
{
	uint8_t b[300];
	struct dns_name n;
	size_t end;

	(void)state;
	memset(b, 'x', sizeof(b));
	for (unsigned int i = 0; i < 4; i++)
		b[64 * i] = 63;
	b[192] = 61; /* 3 * 64 + 62 + 1 = 255 */
	b[254] = 0;
	assert_int_equal(read_at(b, 255, 12, &n, &end), 0);
	assert_int_equal(n.len, 255);
	b[192] = 62;
	b[255] = 0;
	assert_int_equal(read_at(b, 256, 12, &n, &end), -EBADMSG);
}

static void names_as_text(void **state)
{
	static const char *const bad[] = {"", "..", "a..b", ".a", "a\\", "a\\25", "a\\256b"};
	struct dns_name origin = name_of("lan.vnet."), n;
	char text[DNS_NAME_STR];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(dns_name_parse(bad[i], NULL, &n), -EINVAL);
	assert_int_equal(dns_name_parse("web", &origin, &n), 0);
	assert_string_equal(dns_name_format(&n, text), "web.lan.vnet");
	assert_int_equal(dns_name_parse("web.", &origin, &n), 0);
	assert_string_equal(dns_name_format(&n, text), "web");
	assert_int_equal(dns_name_parse("@", &origin, &n), 0);
	assert_true(dns_name_equal(&n, &origin));
	assert_int_equal(dns_name_parse("a\\.b\\000c.d", NULL, &n), 0);
	assert_int_equal(n.b[0], 5);
	assert_string_equal(dns_name_format(&n, text), "a\\.b\\000c.d");
	n = name_of("WEB.Lan.vnet");
	assert_true(dns_name_under(&n, &origin));
	n = name_of("web.plan.vnet");
	assert_false(dns_name_under(&n, &origin));
}

static void reverse_names(void **state)
{
	static const char *const bad[] = {"1.2.3.in-addr.arpa", "01.2.3.4.in-addr.arpa",
					  "256.2.3.4.in-addr.arpa", "1.2.3.4.5.in-addr.arpa",
					  "g.ip6.arpa"};
	static const char *const good[] = {"10.0.2.128", "fd00::5"};
	char text[DNS_NAME_STR];
	struct ip_addr addr;
	struct dns_name n;
	struct ip_net net;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		n = name_of(bad[i]);
		assert_false(dns_reverse_addr(&n, &addr));
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(ip_net_parse(good[i], &net), 0);
		dns_reverse_name(&net.addr, &n);
		assert_true(dns_reverse_addr(&n, &addr));
		assert_true(ip_addr_equal(&addr, &net.addr));
	}
	assert_int_equal(ip_net_parse("10.0.2.128", &net), 0);
	dns_reverse_name(&net.addr, &n);
	assert_string_equal(dns_name_format(&n, text), "128.2.0.10.in-addr.arpa");
}

/* ---- records --------------------------------------------------------------------------------- */

/* ldns' own parser is the judge of ours: the same text must become the same bytes. */
static void records_as_ldns_has_them(void **state)
{
	static const char *const rows[][2] = {
		{"A", "10.0.2.9"},
		{"AAAA", "fd00::9"},
		{"CNAME", "www"},
		{"PTR", "web.lan.vnet."},
		{"MX", "10 mail"},
		{"SRV", "0 5 5060 pbx.example.com."},
		{"TXT", "\"one\" \"two words\""},
		{"TXT", "\"quo\\\"te \\065\""},
		{"TYPE65400", "\\# 3 0a0b0c"},
		{"A", "\\# 4 0a000209"},
	};
	struct dns_name origin = name_of("lan.vnet.");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ldns_rdf *zone = ldns_dname_new_frm_str("lan.vnet.");
		uint8_t rdata[DNS_RDATA_MAX], *theirs = NULL;
		size_t len, theirs_len;
		char line[200];
		uint16_t type;
		ldns_rr *rr;

		snprintf(line, sizeof(line), "x 60 IN %s %s", rows[i][0], rows[i][1]);
		assert_int_equal(ldns_rr_new_frm_str(&rr, line, 60, zone, NULL), LDNS_STATUS_OK);
		assert_int_equal(ldns_rr2wire(&theirs, rr, LDNS_SECTION_ANSWER, &theirs_len),
				 LDNS_STATUS_OK);
		assert_int_equal(dns_type_parse(rows[i][0], &type), 0);
		assert_int_equal(dns_rdata_parse(type, rows[i][1], &origin, rdata, &len, NULL), 0);
		/* x.lan.vnet and the fixed part come first */
		assert_int_equal(theirs_len, 12 + DNS_RR_FIXED + len);
		assert_memory_equal(theirs + 12 + DNS_RR_FIXED, rdata, len);
		ldns_rr_free(rr);
		ldns_rdf_deep_free(zone);
		free(theirs);
	}
}

static void records_that_are_none(void **state)
{
	static const struct {
		unsigned int type;
		const char *text;
	} rows[] = {
		{DNS_A, "10.0.2"},	 {DNS_A, "fd00::1"},
		{DNS_A, "10.0.2.0/24"},	 {DNS_AAAA, "10.0.2.9"},
		{DNS_MX, "mail"},	 {DNS_MX, "65536 mail"},
		{DNS_MX, "10 mail now"}, {DNS_SRV, "0 5 pbx"},
		{DNS_CNAME, "a..b"},	 {DNS_TXT, "\"open"},
		{DNS_TXT, "\"a\\"},	 {DNS_TXT, "\"a\" b"},
		{DNS_TXT, "\"a\\999\""}, {65, "\\# 3 0a0b"},
		{65, "\\# 1 0g"},	 {DNS_A, ""},
		{65, "words"},		 {DNS_TXT, " "},
	};
	uint8_t rdata[DNS_RDATA_MAX];
	struct err err;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(
			dns_rdata_parse(rows[i].type, rows[i].text, NULL, rdata, &len, &err),
			-EINVAL);
		assert_non_null(strstr(err.text, "wants"));
	}
}

static void long_text_is_cut_into_strings(void **state)
{
	uint8_t rdata[DNS_RDATA_MAX];
	char text[301];
	size_t len;

	(void)state;
	memset(text, 'x', 300);
	text[300] = '\0';
	assert_int_equal(dns_rdata_parse(DNS_TXT, text, NULL, rdata, &len, NULL), 0);
	assert_int_equal(len, 302);
	assert_int_equal(rdata[0], 255);
	assert_int_equal(rdata[256], 45);
}

/* ---- questions ------------------------------------------------------------------------------- */

static size_t make_query(uint8_t *buf, const char *name, unsigned int type, bool edns)
{
	struct dns_writer w = {.b = buf, .max = 512};
	struct dns_name n = name_of(name);

	dns_put16(&w, 0x1234);
	dns_put16(&w, DNS_RD);
	dns_put16(&w, 1);
	dns_put32(&w, 0);
	dns_put16(&w, edns);
	dns_put(&w, n.b, n.len);
	dns_put16(&w, type);
	dns_put16(&w, DNS_IN);
	if (edns)
		dns_put(&w, "\0\0\x29\x10\0\0\0\x80\0\0\0", 11);
	return w.len;
}

static void questions(void **state)
{
	uint8_t b[512];
	struct dns_query q;
	size_t len = make_query(b, "www.example.com", DNS_AAAA, true);

	(void)state;
	assert_int_equal(dns_query_read(b, len, &q), 0);
	assert_int_equal(q.id, 0x1234);
	assert_int_equal(q.type, DNS_AAAA);
	assert_true(q.edns && q.dnssec_ok);
	assert_int_equal(q.udp_size, 4096);
	for (size_t cut = DNS_HDR; cut < len; cut++)
		assert_int_equal(dns_query_read(b, cut, &q), DNS_FORMERR);
	assert_int_equal(dns_query_read(b, 11, &q), -EBADMSG);
	b[2] |= 0x80; /* an answer */
	assert_int_equal(dns_query_read(b, len, &q), -EBADMSG);
	b[2] = 0x28; /* UPDATE */
	assert_int_equal(dns_query_read(b, len, &q), DNS_NOTIMP);
	b[2] = 1;
	b[len - 5] = 1; /* EDNS version 1 */
	assert_int_equal(dns_query_read(b, len, &q), DNS_BADVERS);
	b[5] = 2; /* two questions */
	assert_int_equal(dns_query_read(b, len, &q), DNS_FORMERR);
}

/* What does not fit leaves nothing but the question and TC. */
static void answers_that_are_cut(void **state)
{
	uint8_t b[512], out[4096], addr[4] = {10, 0, 2, 9};
	struct dns_query q;
	struct dns_reply r;
	ldns_pkt *pkt;
	size_t len;

	(void)state;
	assert_int_equal(dns_query_read(b, make_query(b, "a.b", DNS_A, true), &q), 0);
	for (unsigned int n = 1; n < 100; n += 98) {
		dns_reply_begin(&r, &q, out, sizeof(out));
		for (unsigned int i = 0; i < n; i++)
			dns_reply_add(&r, DNS_ANSWER, NULL, DNS_A, 60, addr, 4);
		len = dns_reply_end(&r, DNS_RA, DNS_NOERROR, DNS_EDE_NONE, NULL, 512);
		assert_true(len <= 512);
		assert_int_equal(ldns_wire2pkt(&pkt, out, len), LDNS_STATUS_OK);
		assert_int_equal(ldns_pkt_tc(pkt), n > 1);
		assert_int_equal(ldns_pkt_ancount(pkt), n > 1 ? 0 : 1);
		assert_true(ldns_pkt_edns(pkt) && ldns_pkt_edns_do(pkt));
		ldns_pkt_free(pkt);
	}
}

/* ---- the cache ------------------------------------------------------------------------------- */

struct cached {
	struct dns_cache cache;
	struct dns_name name;
	uint8_t msg[512], out[65536];
	size_t len;
};

static size_t make_answer(uint8_t *buf, const char *name, uint32_t ttl)
{
	size_t len = make_query(buf, name, DNS_A, false);
	struct dns_writer w = {.b = buf, .len = len, .max = 512};

	buf[2] |= 0x80;
	buf[7] = 1;
	dns_put(&w, "\xc0\x0c\0\1\0\1", 6);
	dns_put32(&w, ttl);
	dns_put(&w, "\0\4\12\0\2\11", 6);
	return w.len;
}

static void answers_grow_old(void **state)
{
	static struct cached c;
	struct dns_rr rr;
	uint32_t left;
	size_t off;

	(void)state;
	assert_int_equal(dns_cache_init(&c.cache), 0);
	c.name = name_of("Www.example.com");
	c.len = make_answer(c.msg, "www.EXAMPLE.com", 100);
	assert_int_equal(dns_answer_ttl(c.msg, c.len), 100);
	dns_cache_put(&c.cache, &c.name, DNS_A, 0, c.msg, c.len, 100, 5000);
	assert_int_equal(
		dns_cache_get(&c.cache, &c.name, DNS_A, 0, c.out, sizeof(c.out), 35500, &left),
		c.len);
	assert_int_equal(left, 70);
	off = DNS_HDR + c.name.len + 4u;
	assert_int_equal(dns_rr_read(c.out, c.len, &off, &rr), 0);
	assert_int_equal(rr.ttl, 70);
	assert_int_equal(dns_cache_get(&c.cache, &c.name, DNS_AAAA, 0, c.out, 512, 6000, NULL), 0);
	assert_int_equal(
		dns_cache_get(&c.cache, &c.name, DNS_A, DNS_KEY_DO, c.out, 512, 6000, NULL), 0);
	assert_int_equal(dns_cache_get(&c.cache, &c.name, DNS_A, 0, c.out, 512, 105000, NULL), 0);
	assert_int_equal(c.cache.n, 0);
	dns_cache_fini(&c.cache);
}

/* More answers than there is room for, and long ones: the oldest go, nothing is lost. */
static void the_cache_is_bounded(void **state)
{
	static struct cached c;
	static uint8_t big[60000];
	char text[64];

	(void)state;
	assert_int_equal(dns_cache_init(&c.cache), 0);
	for (unsigned int i = 0; i < 2 * DNS_CACHE_ENTRIES; i++) {
		snprintf(text, sizeof(text), "n%u.example.com", i);
		c.name = name_of(text);
		c.len = make_answer(c.msg, text, 100);
		dns_cache_put(&c.cache, &c.name, DNS_A, 0, c.msg, c.len, 100, 1000);
	}
	assert_int_equal(c.cache.n, DNS_CACHE_ENTRIES);
	assert_int_equal(dns_cache_get(&c.cache, &c.name, DNS_A, 0, c.out, 512, 1000, NULL), c.len);
	c.name = name_of("n0.example.com");
	assert_int_equal(dns_cache_get(&c.cache, &c.name, DNS_A, 0, c.out, 512, 1000, NULL), 0);
	for (unsigned int i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "big%u.example.com", i);
		c.name = name_of(text);
		make_answer(big, text, 100);
		dns_cache_put(&c.cache, &c.name, DNS_A, 0, big, sizeof(big), 100, 1000);
		assert_int_equal(dns_cache_get(&c.cache, &c.name, DNS_A, 0, c.out, sizeof(c.out),
					       1000, NULL),
				 sizeof(big));
	}
	dns_cache_flush(&c.cache, NULL);
	assert_int_equal(c.cache.n_free_chunks, DNS_CACHE_CHUNKS);
	dns_cache_fini(&c.cache);
}

/* RFC 2308 5: what is not there is remembered for the lesser of the SOA's TTL and MINIMUM. */
static void nothing_is_remembered_too(void **state)
{
	uint8_t b[512];
	size_t len = make_query(b, "no.example.com", DNS_A, false);
	struct dns_writer w = {.b = b, .len = len, .max = sizeof(b)};

	(void)state;
	b[2] |= 0x80;
	b[3] = DNS_NXDOMAIN;
	assert_int_equal(dns_answer_ttl(b, len), 0);
	b[9] = 1;
	dns_put(&w, "\xc0\x0f\0\6\0\1", 6);
	dns_put32(&w, 900);
	dns_put16(&w, 22);
	dns_put(&w, "\0\0", 2);
	for (unsigned int i = 0; i < 4; i++)
		dns_put32(&w, 7);
	dns_put32(&w, 300);
	assert_int_equal(dns_answer_ttl(b, w.len), 300);
	b[3] = DNS_SERVFAIL;
	assert_int_equal(dns_answer_ttl(b, w.len), 0);
}

/* The OPT record goes, and with it what stands behind it; one in another section is no answer. */
static void options_are_between_neighbours(void **state)
{
	uint8_t b[512];
	size_t plain = make_answer(b, "www.example.com", 100), len;
	struct dns_writer w = {.b = b, .len = plain, .max = sizeof(b)};
	unsigned int upper;

	(void)state;
	dns_put(&w, "\0\0\x29\x10\0\1\0\0\0\0\0", 11);
	dns_put(&w, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 16);
	b[11] = 2;
	len = dns_answer_clean(b, w.len, &upper);
	assert_int_equal(len, plain);
	assert_int_equal(upper, 1);
	assert_int_equal(dns_get16(b + 10), 0);
	b[9] = 1; /* the same bytes in the authority section */
	b[11] = 1;
	assert_int_equal(dns_answer_clean(b, w.len, &upper), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_on_the_wire),
		cmocka_unit_test(names_that_are_too_long),
		cmocka_unit_test(names_as_text),
		cmocka_unit_test(reverse_names),
		cmocka_unit_test(records_as_ldns_has_them),
		cmocka_unit_test(records_that_are_none),
		cmocka_unit_test(long_text_is_cut_into_strings),
		cmocka_unit_test(questions),
		cmocka_unit_test(answers_that_are_cut),
		cmocka_unit_test(answers_grow_old),
		cmocka_unit_test(the_cache_is_bounded),
		cmocka_unit_test(nothing_is_remembered_too),
		cmocka_unit_test(options_are_between_neighbours),
	};

	return cmocka_run_group_tests_name("dns_wire", tests, NULL, NULL);
}
