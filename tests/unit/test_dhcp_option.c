/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options as text and bytes, the layers they come from, and what a client is told of them. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/dhcp_option.h"
#include "tests/unit/dhcp_bench.h"
#include "tests/unit/unit.h"

static struct bench b;
static struct dhcp_policy *policy;

static int setup(void **state)
{
	(void)state;
	bench_init(&b);
	policy = policy_create();
	b.s.conf.policy = policy;
	return policy ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	bench_fini(&b);
	policy_destroy(policy);
	return 0;
}

static void set(struct dhcp_optset *to, const char *key, const char *value)
{
	struct err err;

	if (optset_set(to, key, value, &err))
		fail_msg("%s=%s: %s", key, value, err.text);
}

/* ---- values ---------------------------------------------------------------------------------- */

static const struct {
	const char *key, *text, *hex, *back; /* back NULL: as text */
} values[] = {
	{"router", "10.0.2.1", "0a:00:02:01", NULL},
	{"dns", "10.0.2.1, 1.1.1.1", "0a:00:02:01:01:01:01:01", "10.0.2.1,1.1.1.1"},
	{"static-routes", "10.9.0.1/10.0.2.1", "0a:09:00:01:0a:00:02:01", NULL},
	{"time-offset", "-3600", "ff:ff:f1:f0", NULL},
	{"mtu", "1400", "05:78", NULL},
	{"ttl", "64", "40", NULL},
	{"path-mtu-plateaus", "68,1500", "00:44:05:dc", NULL},
	{"lease", "7200", "00:00:1c:20", "2h"},
	{"t1", "90s", "00:00:00:5a", NULL},
	{"ip-forwarding", "on", "01", NULL},
	{"rapid-commit", "on", "", NULL},
	{"wpad", "http://w/", "68:74:74:70:3a:2f:2f:77:2f", NULL},
	{"vendor-options", "0102:ff", "01:02:ff", "01:02:ff"},
	/* RFC 3442: as many bytes of the destination as its length has */
	{"routes", "0.0.0.0/0 via 10.0.2.1, 10.8.0.0/16:10.0.2.9",
	 "00:0a:00:02:01:10:0a:08:0a:00:02:09", "0.0.0.0/0 via 10.0.2.1, 10.8.0.0/16 via 10.0.2.9"},
	/* RFC 3397: the second name ends in a pointer to the first */
	{"search", "eng.apple.com,marketing.apple.com.",
	 "03:65:6e:67:05:61:70:70:6c:65:03:63:6f:6d:00:09:6d:61:72:6b:65:74:69:6e:67:c0:04",
	 "eng.apple.com,marketing.apple.com"},
	{"option:150:ips", "10.0.2.5", "0a:00:02:05", NULL},
	{"option:224:u32", "4294967295", "ff:ff:ff:ff", NULL},
};

static void both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct dhcp_optset one = {0};
		char hex[256], back[256];

		set(&one, values[i].key, values[i].text);
		option_value_format(OPTION_HEX, one.v[0].data, one.v[0].len, hex, sizeof(hex));
		option_value_format(one.v[0].type, one.v[0].data, one.v[0].len, back, sizeof(back));
		assert_string_equal(hex, values[i].hex);
		assert_string_equal(back, values[i].back ? values[i].back : values[i].text);
		optset_fini(&one);
	}
}

static void refused(void **state)
{
	static const struct {
		const char *key, *value, *says;
	} wrong[] = {
		{"router", "10.0.2", "not IPv4 addresses"},
		{"router", "10.0.2.1,", "not IPv4 addresses"},
		{"ruoter", "10.0.2.1", "did you mean \"router\""},
		{"mtu", "67", "68 at least"},
		{"mtu", "65536", "not a number"},
		{"ipv6-only", "299", "300 at least"},
		{"lease", "1w", "not a time"},
		{"rapid-commit", "yes", "not on"},
		{"search", "a..b", "not domain names"},
		{"search", "-a.b", "not domain names"},
		{"routes", "10.8.0.1/16 via 10.0.2.9", "not routes"},
		{"routes", "10.8.0.0/16", "not routes"},
		{"option:224", "x", "has no name here: say its type"},
		{"option:224:string", "x", "there is no such type"},
		{"option:53:u8", "1", "the server fills it in itself"},
		{"option:256:u8", "1", "wants a number"},
		{"option:150:hex", "0", "not bytes in hex"},
		{"wpad", "a\nb", "not text"},
		{"wpad", "", "not text"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct dhcp_optset one = {0};
		struct err err = {0};

		assert_int_equal(optset_set(&one, wrong[i].key, wrong[i].value, &err), -EINVAL);
		if (!strstr(err.text, wrong[i].says))
			fail_msg("%s=%s: \"%s\" does not say \"%s\"", wrong[i].key, wrong[i].value,
				 err.text, wrong[i].says);
		assert_int_equal(one.n, 0);
	}
}

static void every_name_once(void **state)
{
	(void)state;
	for (const struct option_def *d = option_table; d->name; d++) {
		char key[OPTION_KEY_MAX];

		assert_ptr_equal(option_by_name(d->name), d);
		assert_ptr_equal(option_by_code(d->code), d);
		assert_string_equal(option_key_format(d->code, d->type, key), d->name);
	}
}

/* ---- what a client is told ------------------------------------------------------------------- */

static void asks(struct cmsg *m, unsigned int n, const char *params, size_t len)
{
	cmsg_start(m, DHCP_DISCOVER, n);
	if (len)
		cmsg_opt(m, OPT_PARAMS, params, len);
}

/* Options of the reply to @m as text, by their codes; "" when it is not there. */
static const char *told(struct cmsg *m, uint8_t code, enum option_type type)
{
	static char text[300];
	size_t len = 0;
	const uint8_t *p;

	assert_int_equal(bench_send(&b, m), DHCP_REPLY);
	p = dhcp_find(b.r.data, b.r.len, code, &len);
	text[0] = '\0';
	return p ? option_value_format(type, p, len, text, sizeof(text)) : text;
}

static void near_layers_win(void **state)
{
	struct dhcp_match pxe = {.vendor = "PXEClient*", .arch = -1}, seven = {.arch = 7};
	struct dhcp_who who;
	struct cmsg m;

	(void)state;
	set(policy_net(policy), "dns", "10.0.2.11");
	asks(&m, 1, "\6", 1);
	assert_string_equal(told(&m, 6, OPTION_IPS), "10.0.2.11");
	set(policy_subnet(policy, b.conf.subnet[0].subnet), "dns", "10.0.2.12");
	assert_string_equal(told(&m, 6, OPTION_IPS), "10.0.2.12");
	set(policy_class(policy, "pxe", &pxe), "dns", "10.0.2.13");
	set(policy_class(policy, "seven", &seven), "dns", "10.0.2.14");
	assert_string_equal(told(&m, 6, OPTION_IPS), "10.0.2.12");
	cmsg_opt(&m, OPT_VENDOR, "PXEClient:Arch:00007", 20);
	assert_string_equal(told(&m, 6, OPTION_IPS), "10.0.2.13");
	cmsg_opt(&m, OPT_ARCH, "\0\7", 2);
	assert_string_equal(told(&m, 6, OPTION_IPS), "10.0.2.14"); /* added last */
	b.at = "web.eth0";
	dhcp_who_parse("web", &who);
	set(policy_client(policy, &who), "dns", "10.0.2.15");
	assert_string_equal(told(&m, 6, OPTION_IPS), "10.0.2.15");
	dhcp_who_parse("52:54:00:00:00:01", &who);
	set(policy_client(policy, &who), "dns", "10.0.2.16");
	assert_string_equal(told(&m, 6, OPTION_IPS), "10.0.2.16");
	set(policy_client(policy, &who), "dns", "none");
	assert_string_equal(told(&m, 6, OPTION_IPS), "");
}

static void classes_by_user_and_mac(void **state)
{
	struct dhcp_match ipxe = {.user = "iPXE", .arch = -1},
			  mac = {.mac = "52:54:*:02", .arch = -1};
	struct cmsg m;

	(void)state;
	set(policy_class(policy, "ipxe", &ipxe), "wpad", "user");
	set(policy_class(policy, "mac", &mac), "wpad", "mac");
	asks(&m, 1, "\374", 1);
	assert_string_equal(told(&m, 252, OPTION_TEXT), "");
	cmsg_opt(&m, OPT_USER_CLASS, "iPXE", 4); /* as a bare string */
	assert_string_equal(told(&m, 252, OPTION_TEXT), "user");
	asks(&m, 1, "\374", 1);
	cmsg_opt(&m, OPT_USER_CLASS, "\1a\4iPXE", 7); /* RFC 3004 */
	assert_string_equal(told(&m, 252, OPTION_TEXT), "user");
	asks(&m, 2, "\374", 1);
	assert_string_equal(told(&m, 252, OPTION_TEXT), "mac");
}

static void asked_forced_suppressed(void **state)
{
	struct cmsg m;

	(void)state;
	set(policy_net(policy), "ntp", "10.0.2.20");
	set(policy_net(policy), "force:wpad", "w");
	set(policy_net(policy), "router", "none");
	set(policy_net(policy), "force:ipv6-only", "1h");
	asks(&m, 1, "\3\6", 2);
	assert_string_equal(told(&m, 42, OPTION_IPS), "");
	assert_string_equal(told(&m, 252, OPTION_TEXT), "w");
	assert_string_equal(told(&m, 3, OPTION_IPS), "");
	assert_string_equal(told(&m, 6, OPTION_IPS), "10.0.2.3");
	/* RFC 8925 3.3: for those who ask only, forced or not */
	assert_string_equal(told(&m, 108, OPTION_TIME), "");
	asks(&m, 1, "\154", 1);
	assert_string_equal(told(&m, 108, OPTION_TIME), "1h");
	asks(&m, 1, NULL, 0); /* who asks for nothing gets what is set */
	assert_string_equal(told(&m, 42, OPTION_IPS), "10.0.2.20");
	assert_string_equal(told(&m, 26, OPTION_U16), "");
}

static void routes_keep_the_way_out(void **state)
{
	struct cmsg m;

	(void)state;
	set(policy_net(policy), "routes", "10.8.0.0/16 via 10.0.2.9");
	asks(&m, 1, "\171\3", 2);
	assert_string_equal(told(&m, 121, OPTION_ROUTES),
			    "10.8.0.0/16 via 10.0.2.9, 0.0.0.0/0 via 10.0.2.2");
	asks(&m, 1, "\371", 1);
	assert_string_equal(told(&m, 249, OPTION_ROUTES),
			    "10.8.0.0/16 via 10.0.2.9, 0.0.0.0/0 via 10.0.2.2");
	set(policy_net(policy), "router", "none");
	asks(&m, 1, "\171\3", 2);
	assert_string_equal(told(&m, 121, OPTION_ROUTES), "10.8.0.0/16 via 10.0.2.9");
}

static void boot_fields(void **state)
{
	const struct dhcp_hdr *h = (const struct dhcp_hdr *)b.r.data;
	struct cmsg m;

	(void)state;
	set(policy_net(policy), "tftp", "10.0.2.7");
	set(policy_net(policy), "bootfile", "pxelinux.0");
	asks(&m, 1, "\3", 1);
	assert_string_equal(told(&m, 67, OPTION_TEXT), "");
	assert_string_equal((const char *)h->file, "pxelinux.0");
	assert_string_equal((const char *)h->sname, "10.0.2.7");
	assert_int_equal(h->siaddr, ip("10.0.2.7"));
	set(policy_net(policy), "next-server", "10.0.2.8");
	asks(&m, 1, "\103", 1);
	assert_string_equal(told(&m, 67, OPTION_TEXT), "pxelinux.0");
	assert_int_equal(h->siaddr, ip("10.0.2.8"));
}

static void times_by_layer(void **state)
{
	struct cmsg m;

	(void)state;
	set(policy_net(policy), "lease", "600s");
	set(policy_net(policy), "t1", "100s");
	asks(&m, 1, NULL, 0);
	assert_string_equal(told(&m, 51, OPTION_TIME), "10m");
	assert_string_equal(told(&m, 58, OPTION_TIME), "100s");
	assert_string_equal(told(&m, 59, OPTION_TIME), "525s");
	set(policy_net(policy), "t1", "1000s"); /* later than the lease: not heeded */
	assert_string_equal(told(&m, 58, OPTION_TIME), "5m");
	cmsg_addr(&m, OPT_LEASE, htonl(120)); /* its wish is heeded below that */
	assert_string_equal(told(&m, 51, OPTION_TIME), "2m");
}

/* RFC 4039: both sides must want it. */
static void rapid_commit(void **state)
{
	struct cmsg m;

	(void)state;
	asks(&m, 1, NULL, 0);
	cmsg_opt(&m, OPT_RAPID_COMMIT, "", 0);
	bench_send(&b, &m);
	assert_int_equal(b.r.type, DHCP_OFFER);
	set(policy_net(policy), "rapid-commit", "on");
	bench_send(&b, &m);
	assert_int_equal(b.r.type, DHCP_ACK);
	assert_true(reply_has(&b, OPT_RAPID_COMMIT) && b.r.durable);
	assert_int_equal(lease_by_addr(&b.s.leases, reply_yiaddr(&b))->state, LEASE_BOUND);
	asks(&m, 2, NULL, 0);
	bench_send(&b, &m);
	assert_int_equal(b.r.type, DHCP_OFFER);
	/* after a probe */
	b.s.conf.probe_ms = 250;
	asks(&m, 3, NULL, 0);
	cmsg_opt(&m, OPT_RAPID_COMMIT, "", 0);
	assert_int_equal(bench_send(&b, &m), DHCP_PROBE);
	b.now += 250;
	assert_int_equal(dhcp_server_due(&b.s, b.now, &b.r), DHCP_REPLY);
	assert_true(b.r.type == DHCP_ACK && b.r.durable);
}

/* More than fits: file and sname help out, the rest is left out whole. */
static void more_than_fits(void **state)
{
	char text[201] = "";
	struct dhcp_msg back;
	struct cmsg m;

	(void)state;
	memset(text, 'x', 200);
	set(policy_net(policy), "force:option:224:text", text);
	set(policy_net(policy), "force:vendor-class", text + 100);
	set(policy_net(policy), "force:wpad", text + 100); /* no room for that, but for the next */
	set(policy_net(policy), "force:hostname", "small");
	asks(&m, 1, NULL, 0);
	assert_string_equal(told(&m, 224, OPTION_TEXT), text);
	b.r.data[0] = DHCP_BOOTREQUEST;
	assert_int_equal(dhcp_parse(b.r.data, b.r.len, &back), 0);
	assert_int_equal(back.vendor.len, 100);
	assert_int_equal(back.hostname.len, 5);
	assert_false(reply_has(&b, 252));
	assert_true(reply_has(&b, OPT_OVERLOAD));
	assert_true(b.r.len <= 548);
}

/* ---- several subnets ------------------------------------------------------------------------- */

static void two_subnets(bool relayed)
{
	bench_fini(&b);
	b.conf.subnet[0].last = ip("10.0.2.129");
	b.conf.subnet[1] = (struct dhcp_subnet){.subnet = {ip("10.0.3.0"), 24},
						.first = ip("10.0.3.10"),
						.last = ip("10.0.3.11"),
						.server = relayed ? 0 : ip("10.0.3.254"),
						.router = ip("10.0.3.1"),
						.relayed = relayed};
	b.conf.n_subnets = 2;
	bench_start(&b);
}

/* One wire, two subnets: the second is used when the first is full. */
static void shared_wire(void **state)
{
	(void)state;
	two_subnets(false);
	assert_int_equal(bench_lease(&b, 1), ip("10.0.2.128"));
	assert_int_equal(bench_lease(&b, 2), ip("10.0.2.129"));
	assert_int_equal(bench_discover(&b, 3), ip("10.0.3.10"));
	assert_int_equal(reply_addr(&b, OPT_SERVER_ID), ip("10.0.3.254"));
	assert_int_equal(reply_addr(&b, OPT_ROUTER), ip("10.0.3.1"));
	assert_int_equal(b.r.src, ip("10.0.3.254"));
	assert_int_equal(bench_select(&b, 3, ip("10.0.3.10")), ip("10.0.3.10"));
	bench_restart(&b);
	assert_int_equal(bench_renew(&b, 3, ip("10.0.3.10")), DHCP_REPLY);
	assert_int_equal(b.r.type, DHCP_ACK);
	assert_int_equal(dhcp_server_size(&b.s), 4);
	assert_int_equal(dhcp_server_free(&b.s), 1);
}

static void behind_a_relay(void **state)
{
	static const uint8_t link[] = {5, 4, 10, 0, 3, 1};
	struct cmsg m;

	(void)state;
	two_subnets(true);
	/* nobody on the wire gets one of those */
	bench_lease(&b, 1);
	bench_lease(&b, 2);
	assert_int_equal(bench_discover(&b, 3), 0);
	asks(&m, 4, NULL, 0);
	cmsg_hdr(&m)->giaddr = ip("10.0.3.1");
	assert_int_equal(bench_send(&b, &m), DHCP_REPLY);
	assert_int_equal(reply_yiaddr(&b), ip("10.0.3.10"));
	assert_int_equal(reply_addr(&b, OPT_SERVER_ID), ip("10.0.2.254"));
	assert_int_equal(b.r.dst, ip("10.0.3.1"));
	/* RFC 3527: reached by an address elsewhere */
	asks(&m, 5, NULL, 0);
	cmsg_hdr(&m)->giaddr = ip("192.0.2.1");
	assert_int_equal(bench_send(&b, &m), DHCP_SILENT);
	cmsg_opt(&m, OPT_AGENT, link, sizeof(link));
	assert_int_equal(bench_send(&b, &m), DHCP_REPLY);
	assert_int_equal(reply_yiaddr(&b), ip("10.0.3.11"));
	assert_int_equal(b.r.dst, ip("192.0.2.1"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ways),
		TEST(refused),
		TEST(every_name_once),
		TEST(near_layers_win),
		TEST(classes_by_user_and_mac),
		TEST(asked_forced_suppressed),
		TEST(routes_keep_the_way_out),
		TEST(boot_fields),
		TEST(times_by_layer),
		TEST(rapid_commit),
		TEST(more_than_fits),
		TEST(shared_wire),
		TEST(behind_a_relay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
