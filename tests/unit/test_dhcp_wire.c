/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_dhcp_wire.c - the DHCP codec: option overload, split options, every way to be malformed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/dhcp_bench.h"

static struct dhcp_msg msg;

static int parse(const struct cmsg *m)
{
	return dhcp_parse(m->b, m->len, &msg);
}

static void plain_discover(void **state)
{
	struct cmsg m;
	struct mac mac = client_mac(3);

	(void)state;
	cmsg_start(&m, DHCP_DISCOVER, 3);
	cmsg_opt(&m, OPT_HOSTNAME, "web", 3);
	m.b[m.len++] = OPT_PAD;
	cmsg_addr(&m, OPT_REQUESTED, ip("10.1.2.3"));
	assert_int_equal(parse(&m), 0); /* END is missing: forgiven */
	m.b[m.len++] = OPT_END;
	m.b[m.len++] = 0x55; /* after END nothing counts */
	assert_int_equal(parse(&m), 0);
	assert_int_equal(msg.type, DHCP_DISCOVER);
	assert_true(mac_equal(&msg.mac, &mac));
	assert_int_equal(msg.requested, ip("10.1.2.3"));
	assert_int_equal(msg.hostname.len, 3);
	assert_memory_equal(msg.hostname.b, "web", 3);
}

/* RFC 2132 9.3, RFC 3396 7: options, then file, then sname, put together. */
static void overload_and_split(void **state)
{
	static const uint8_t both = 3;
	struct cmsg m;

	(void)state;
	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_opt(&m, OPT_OVERLOAD, &both, 1);
	cmsg_opt(&m, OPT_CLIENT_ID, "aa", 2);
	cmsg_opt(&m, OPT_CLIENT_ID, "bb", 2);
	m.b[m.len++] = OPT_END;
	memcpy(cmsg_hdr(&m)->file,
	       "\x3d\x02"
	       "cc\xff",
	       5);
	memcpy(cmsg_hdr(&m)->sname,
	       "\x3d\x02"
	       "dd\x0c\x01h\xff",
	       8);
	assert_int_equal(parse(&m), 0);
	assert_int_equal(msg.client_id.len, 8);
	assert_memory_equal(msg.client_id.b, "aabbccdd", 8);
	assert_int_equal(msg.hostname.len, 1);
	/* an overload inside the overloaded field is no second invitation, but a split option */
	memcpy(cmsg_hdr(&m)->file, "\x34\x01\x01\xff", 4);
	assert_int_equal(parse(&m), 0);
	assert_int_equal(msg.client_id.len, 6);
}

static void malformed(void **state)
{
	static const struct {
		uint8_t opt, len;
	} bad[] = {{53, 0}, {53, 2}, {50, 3}, {50, 5}, {54, 1},
		   {51, 2}, {57, 1}, {57, 3}, {52, 2}, {61, 1}};
	uint8_t zeros[255] = {0}, four = 4;
	struct cmsg m;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		cmsg_start(&m, DHCP_DISCOVER, 1);
		if (bad[i].opt == 53)
			m.len = DHCP_HDR_LEN;
		cmsg_opt(&m, bad[i].opt, zeros, bad[i].len);
		assert_int_not_equal(parse(&m), 0);
	}
	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_opt(&m, OPT_OVERLOAD, &four, 1);
	assert_int_equal(parse(&m), -EBADMSG);
	/* together longer than any identifier can be */
	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_opt(&m, OPT_CLIENT_ID, zeros, 200);
	cmsg_opt(&m, OPT_CLIENT_ID, zeros, 56);
	assert_int_equal(parse(&m), -EBADMSG);
	/* over the end */
	cmsg_start(&m, DHCP_DISCOVER, 1);
	m.b[m.len++] = OPT_HOSTNAME;
	assert_int_equal(parse(&m), -EBADMSG);
	m.b[m.len++] = 1;
	assert_int_equal(parse(&m), -EBADMSG);
}

static void not_ours(void **state)
{
	struct cmsg good, m;

	(void)state;
	cmsg_start(&good, DHCP_DISCOVER, 1);
	m = good;
	cmsg_hdr(&m)->op = DHCP_BOOTREPLY;
	assert_int_equal(parse(&m), -EPROTO);
	m = good;
	cmsg_hdr(&m)->htype = 6;
	assert_int_equal(parse(&m), -EPROTO);
	m = good;
	cmsg_hdr(&m)->cookie = 0;
	assert_int_equal(parse(&m), -EPROTO);
	m = good;
	cmsg_hdr(&m)->hlen = 16;
	assert_int_equal(parse(&m), -EBADMSG);
	m = good;
	cmsg_hdr(&m)->chaddr[0] = 0xff;
	assert_int_equal(parse(&m), -EPROTO);
	m = good;
	memset(cmsg_hdr(&m)->chaddr, 0, 6);
	assert_int_equal(parse(&m), -EPROTO);
	m = good;
	m.len = DHCP_HDR_LEN; /* BOOTP */
	assert_int_equal(parse(&m), -EPROTO);
}

/* Cut at every byte: an error or a message, never a read past the end (ASan watches). */
static void cut_everywhere(void **state)
{
	struct cmsg m;

	(void)state;
	cmsg_start(&m, DHCP_REQUEST, 1);
	cmsg_opt(&m, OPT_CLIENT_ID, "identity", 8);
	cmsg_addr(&m, OPT_REQUESTED, ip("10.1.2.3"));
	for (size_t len = 0; len < m.len; len++) {
		struct cmsg exact = {.len = len};

		memcpy(exact.b, m.b, len);
		if (len < DHCP_HDR_LEN)
			assert_int_equal(parse(&exact), -EBADMSG);
		else
			parse(&exact);
	}
	assert_int_equal(parse(&m), 0);
}

/* RFC 3396 5: longer than 255 goes out in pieces; what does not fit is left out whole. */
static void writer_bounds(void **state)
{
	uint8_t buf[DHCP_LEN_MAX], long_value[600] = {0};
	struct dhcp_writer w;
	struct cmsg m;

	(void)state;
	cmsg_start(&m, DHCP_DISCOVER, 1);
	assert_int_equal(parse(&m), 0);
	dhcp_reply_start(&w, buf, sizeof(buf), 0, &msg, DHCP_OFFER);
	assert_true(dhcp_put(&w, OPT_MESSAGE, long_value, sizeof(long_value)));
	assert_int_equal(w.len, DHCP_HDR_LEN + 3 + 600 + 3 * 2);
	dhcp_reply_start(&w, buf, 300, 0, &msg, DHCP_OFFER);
	assert_true(dhcp_put_file(&w, "f", 1) && dhcp_put_sname(&w, "s", 1));
	assert_false(dhcp_put(&w, OPT_MESSAGE, long_value, 52));
	assert_true(dhcp_put(&w, OPT_MESSAGE, long_value, 51)); /* room for option 52 is kept */
	assert_int_equal(dhcp_reply_end(&w, OPT_AGENT, &msg.agent), 300);
	assert_int_equal(buf[296], OPT_END);
}

/* Does our own parser find in the message of @w what was put into it? */
static void read_back(struct dhcp_writer *w, const struct dhcp_value *agent)
{
	size_t len = dhcp_reply_end(w, OPT_AGENT, agent);

	w->buf[0] = DHCP_BOOTREQUEST;
	assert_int_equal(dhcp_parse(w->buf, len, &msg), 0);
}

/* RFC 2132 9.3, RFC 3396: what does not fit goes to file and sname, in pieces if it is long. */
static void writer_overloads(void **state)
{
	uint8_t buf[DHCP_LEN_MAX], value[256];
	static const struct dhcp_value agent = {.len = 8,
						.b = {1, 6, 's', 'w', 'i', 't', 'c', 'h'}};
	struct dhcp_writer w;
	struct dhcp_msg req;
	struct cmsg m;

	(void)state;
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)i;
	cmsg_start(&m, DHCP_DISCOVER, 1);
	assert_int_equal(dhcp_parse(m.b, m.len, &req), 0);
	dhcp_reply_start(&w, buf, 300, 10, &req, DHCP_OFFER);
	assert_true(dhcp_put(&w, OPT_CLIENT_ID, value, 100));  /* to file */
	assert_true(dhcp_put(&w, OPT_HOSTNAME, "name", 4));    /* to options */
	assert_true(dhcp_put(&w, OPT_VENDOR, value, 60));      /* to sname */
	assert_false(dhcp_put(&w, OPT_USER_CLASS, value, 60)); /* nowhere */
	read_back(&w, &agent);
	assert_int_equal(msg.client_id.len, 100);
	assert_memory_equal(msg.client_id.b, value, 100);
	assert_int_equal(msg.hostname.len, 4);
	assert_int_equal(msg.vendor.len, 60);
	assert_memory_equal(msg.agent.b, agent.b, 8);
	/* A long one over all three fields: options, file, sname in this order. */
	dhcp_reply_start(&w, buf, 360, 0, &req, DHCP_OFFER);
	assert_false(dhcp_put(&w, OPT_PARAMS, value, 256 + 50));
	assert_true(dhcp_put(&w, OPT_PARAMS, value, 256));
	read_back(&w, &(struct dhcp_value){.len = 0});
	assert_int_equal(msg.params.len, 255); /* our parser keeps as many */
	assert_memory_equal(msg.params.b, value, 255);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_discover),   cmocka_unit_test(overload_and_split),
		cmocka_unit_test(malformed),	    cmocka_unit_test(not_ours),
		cmocka_unit_test(cut_everywhere),   cmocka_unit_test(writer_bounds),
		cmocka_unit_test(writer_overloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
