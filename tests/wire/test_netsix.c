/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv6 on a network's station: what frames it takes and answers, what is advertised, and what
 * people see of leases, of addresses that guests made themselves, and of each exchange. */
#include <arpa/inet.h>
#include <errno.h>

#include "tests/unit/dhcp6_bench.h"
#include "tests/unit/tight_disk.h"
#include "tests/wire/world.h"
#include "vswitchd/netdhcp.h"
#include "tests/wire/ear.h"
#include "tests/wire/lease_file.h"
#include "vswitchd/netsix.h"
#include "vswitchd/netsix_frame.h"

static struct world w;
static struct bench6 b; /* only its messages are used: the server is the network's */

static void start(enum net_ipv6 way)
{
	struct net_conf *c = &w.net->conf;
	struct err err;

	c->subnet6.given = true;
	memcpy(c->subnet6.prefix, ip6("fd00:1:2:3::").b, sizeof(c->subnet6.prefix));
	c->ipv6 = way;
	c->dns6 = ip6("fd00:1:2:3::fe");
	if (netsix_start(w.net, false, &err))
		fail_msg("%s", err.text);
	b = (struct bench6){.conf.mac = port_find("n.dhcp")->mac, .client = 1};
}

static int setup(void **state)
{
	(void)state;
	world_init(&w, 2);
	start(IPV6_STATEFUL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	netsix_stop(w.net);
	netdhcp_forget(w.net->conf.name);
	world_fini(&w);
	netdhcp_close_store();
	return 0;
}

static void way(enum net_ipv6 way)
{
	netsix_stop(w.net);
	for (unsigned int i = 0; i < 2; i++)
		while (world_take(w.port[i]) >= 0)
			;
	start(way);
}

static void step(msec ms)
{
	runner_step(&w.runner, w.runner.now + ms);
	netsix_tick(w.net, w.runner.now);
	net_flush(w.net);
}

/* ---- frames ---------------------------------------------------------------------------------- */

struct frame_bytes {
	uint8_t b[2048];
	size_t len;
};

static struct six_host guest(void)
{
	struct mac mac = client_mac(b.client);

	return (struct six_host){.mac = mac, .link_local = ip_addr_link_local(&mac)};
}

/* The guest b.client behind p0 sends an ICMPv6 message, or UDP. */
static void send_icmp(const struct ip_addr *src, const char *dst, const struct mac *to,
		      const void *msg, size_t len)
{
	struct six_host g = guest();
	struct ip_addr d = ip6(dst);
	struct pkt *p = pkt_alloc(w.runner.pool);

	six_icmp(p, &g, src, &d, to, msg, len);
	world_input(w.port[0], p);
}

static void send_dhcp(const struct msg6 *m)
{
	static const struct mac servers = {{0x33, 0x33, 0, 1, 0, 2}};
	struct ip_addr all = ip6("ff02::1:2");
	struct pkt *p = pkt_alloc(w.runner.pool);
	struct six_host g = guest();

	six_udp(p, &g, &g.link_local, &all, &servers, DHCP6_PORT_CLIENT, DHCP6_PORT_SERVER, m->b,
		m->len);
	world_input(w.port[0], p);
}

static bool take(struct frame_bytes *f)
{
	struct pkt *p = port_dummy_sent(w.port[0]);

	if (!p)
		return false;
	memcpy(f->b, p->data, p->len);
	f->len = p->len;
	pkt_put(p);
	return true;
}

static bool take_kind(struct frame_bytes *f, uint8_t icmp_type)
{
	while (take(f))
		if (f->b[20] == IPPROTO_ICMP6_ && f->b[54] == icmp_type)
			return true;
	return false;
}

/* The next DHCPv6 answer into b.r, as unit tests read it. */
static bool take_dhcp(void)
{
	struct frame_bytes f;

	b.replied = false;
	while (take(&f)) {
		if (f.b[20] != IPPROTO_UDP_)
			continue;
		assert_int_equal(f.b[54] << 8 | f.b[55], DHCP6_PORT_SERVER);
		assert_int_equal(f.b[56] << 8 | f.b[57], DHCP6_PORT_CLIENT);
		b.r.len = f.len - 62;
		memcpy(b.r.data, f.b + 62, b.r.len);
		b.r.type = (enum dhcp6_type)b.r.data[0];
		b.replied = true;
		return true;
	}
	return false;
}

/* One exchange of the guest b.client with one IA. */
static bool exchange(enum dhcp6_type type, const struct ip_addr *addr)
{
	struct msg6 m;

	msg6_start(&b, &m, type);
	if (type != DHCP6_SOLICIT && type != DHCP6_CONFIRM && type != DHCP6_REBIND)
		msg6_server(&b, &m);
	msg6_ia(&m, 7, addr);
	send_dhcp(&m);
	return take_dhcp();
}

static struct ip_addr lease(unsigned int client)
{
	struct ip_addr addr;

	b.client = client;
	assert_true(exchange(DHCP6_SOLICIT, NULL));
	assert_int_equal(b.r.type, DHCP6_ADVERTISE);
	addr = reply6_addr(&b);
	assert_true(exchange(DHCP6_REQUEST, &addr));
	assert_int_equal(b.r.type, DHCP6_REPLY);
	addr = reply6_addr(&b);
	return addr;
}

/* ---- what people see ------------------------------------------------------------------------- */

static json_t *list(void)
{
	json_t *out = json_object(), *rows;

	netsix_leases(w.net, out);
	rows = json_incref(json_object_get(out, "leases6"));
	json_decref(out);
	return rows;
}

static void expect_row(size_t at, const char *address, const char *state)
{
	json_t *rows = list(), *row = json_array_get(rows, at);

	assert_string_equal(json_string_value(json_object_get(row, "address")), address);
	assert_string_equal(json_string_value(json_object_get(row, "state")), state);
	json_decref(rows);
}

static json_t *explain(const char *client, int want)
{
	json_t *in = json_pack("{s:s}", "client", client), *out = NULL;
	struct err err = {0};
	int rc = netsix_call(w.net, "dhcp.explain", in, &out, &err);

	json_decref(in);
	if (rc != want)
		fail_msg("%s: %d %s", client, rc, err.text);
	return out;
}

static void expect_explained(const char *client, const char *address, const char *reason)
{
	json_t *r = explain(client, 0);
	const char *got = json_string_value(json_object_get(r, "address"));

	assert_string_equal(json_string_value(json_object_get(r, "reason")), reason);
	if (address)
		assert_string_equal(got, address);
	else
		assert_null(got);
	json_decref(r);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void whole_life(void **state)
{
	struct ip_addr addr, first = ip6("fd00:1:2:3::d:1");

	(void)state;
	addr = lease(1);
	assert_true(ip_addr_equal(&addr, &first));
	assert_true(world_event(&w, "dhcp.lease {\"address\": \"fd00:1:2:3::d:1\""));
	expect_row(0, "fd00:1:2:3::d:1", "bound");
	assert_true(exchange(DHCP6_RENEW, &addr));
	assert_true(exchange(DHCP6_REBIND, &addr));
	assert_true(exchange(DHCP6_CONFIRM, &addr));
	assert_int_equal(reply6_status(&b), STATUS6_SUCCESS);
	assert_true(exchange(DHCP6_RELEASE, &addr));
	expect_row(0, "fd00:1:2:3::d:1", "expired");
	addr = lease(1);
	assert_true(ip_addr_equal(&addr, &first));
	assert_true(exchange(DHCP6_DECLINE, &addr));
	expect_row(0, "fd00:1:2:3::d:1", "declined");
	addr = lease(1);
	assert_false(ip_addr_equal(&addr, &first));
}

/* The lease outlives the server. */
static void kept_over_restart(void **state)
{
	struct ip_addr addr = lease(1), again;

	(void)state;
	way(IPV6_STATEFUL);
	expect_row(0, "fd00:1:2:3::d:1", "bound");
	lease(2);
	again = lease(1);
	assert_true(ip_addr_equal(&addr, &again));
}

/* The disk refuses what ends a lease and what makes one: no answer, and on it goes. */
static void full_disk(void **state)
{
	struct ip_addr addr, second, got;

	(void)state;
	netsix_stop(w.net);
	lease_file_open();
	start(IPV6_STATEFUL);
	second = lease(2);
	addr = lease(1);
	w.n_events = 0;
	tighten(true);
	b.client = 3;
	assert_false(exchange(DHCP6_REQUEST, NULL));
	assert_true(world_event(
		&w,
		"dhcp.exchange {\"address\": \"fd00:1:2:3::d:3\", \"answer\": \"none\", \"asked\": "
		"\"request\", \"family\": 6, \"mac\": \"52:54:00:00:00:03\", \"net\": \"n\", "
		"\"port\": \"p0\", \"reason\": \"store-failed\""));
	b.client = 1;
	assert_false(exchange(DHCP6_RELEASE, &addr));
	b.client = 2;
	assert_false(exchange(DHCP6_DECLINE, &second));
	tighten(false);
	got = lease(1);
	assert_true(ip_addr_equal(&got, &addr));
	netsix_stop(w.net);
	lease_file_close();
}

static void exchanges_are_told(void **state)
{
	struct ip_addr other = ip6("fd09::1"), addr = lease(1);
	struct msg6 m;

	(void)state;
	assert_true(world_event(&w, "dhcp.exchange {\"address\": \"fd00:1:2:3::d:1\", \"answer\": "
				    "\"advertise\", \"asked\": \"solicit\", \"client_id\": "
				    "\"ff00000007"));
	assert_true(world_event(&w, "dhcp.exchange {\"address\": \"fd00:1:2:3::d:1\", \"answer\": "
				    "\"reply\", \"asked\": \"request\""));
	w.n_events = 0;
	exchange(DHCP6_RENEW, &addr);
	assert_non_null(strstr(w.events[0], "\"asked\": \"renew\""));
	assert_non_null(strstr(w.events[0], "\"lease_s\": 3600"));
	assert_non_null(strstr(w.events[0], "\"port\": \"p0\", \"reason\": \"renewed\""));
	w.n_events = 0;
	exchange(DHCP6_CONFIRM, &other);
	assert_non_null(strstr(w.events[0], "\"answer\": \"reply\", \"asked\": \"confirm\""));
	assert_non_null(strstr(w.events[0], "\"reason\": \"wrong-net\""));
	w.n_events = 0;
	exchange(DHCP6_RELEASE, &other);
	assert_non_null(strstr(w.events[0], "\"reason\": \"unknown-client\""));
	w.n_events = 0;
	exchange(DHCP6_RELEASE, &addr);
	assert_non_null(strstr(w.events[0], "\"reason\": \"released\""));
	w.n_events = 0;
	msg6_start(&b, &m, DHCP6_INFORMATION_REQUEST);
	send_dhcp(&m);
	assert_true(take_dhcp());
	assert_true(world_event(&w, "dhcp.exchange {\"address\": null, \"answer\": \"reply\", "
				    "\"asked\": \"information-request\""));
	w.n_events = 0;
	m.len = 3; /* cut */
	send_dhcp(&m);
	assert_true(world_event(&w, "dhcp.exchange {\"address\": null, \"answer\": \"none\", "
				    "\"asked\": \"unknown\""));
	assert_non_null(strstr(w.events[0], "\"reason\": \"malformed\""));
}

/* One message with two IAs, one of which is never given: an exchange each. */
static void each_ia_is_told(void **state)
{
	uint8_t pd[12] = {0, 0, 0, 9};
	struct msg6 m;

	(void)state;
	msg6_start(&b, &m, DHCP6_SOLICIT);
	msg6_ia(&m, 7, NULL);
	msg6_opt(&m, OPT6_IA_PD, pd, sizeof(pd));
	send_dhcp(&m);
	assert_true(take_dhcp());
	assert_int_equal(w.n_events, 2);
	assert_non_null(strstr(w.events[0], "\"reason\": \"never-used\""));
	assert_non_null(strstr(w.events[1], "\"reason\": \"no-prefixes\""));
}

static void explained(void **state)
{
	json_t *r;

	(void)state;
	lease(1);
	expect_explained("fd00:1:2:3::d:1", "fd00:1:2:3::d:1", "leased");
	expect_explained("52:54:00:00:00:01", "fd00:1:2:3::d:1", "leased");
	expect_explained("fd00:1:2:3::fe", "fd00:1:2:3::fe", "nobody");
	expect_explained("fd00:9::1", "fd00:9::1", "nobody");
	r = explain("52:54:00:99:99:99", 0);
	assert_string_equal(json_string_value(json_object_get(r, "address")), "fd00:1:2:3::d:2");
	json_decref(r);
	json_decref(explain("10.0.0.1", -EINVAL));
}

/* RFC 4862 5.4: what a guest makes itself is heard by its question whether somebody has it. */
static void slaac_is_seen(void **state)
{
	struct {
		struct icmp_hdr icmp;
		struct ip_addr target;
	} ns = {.icmp = {.type = ND_NS}, .target = ip6("fd00:1:2:3::abcd")};
	struct mac to = {{0x33, 0x33, 0xff, 0, 0xab, 0xcd}}, mac = client_mac(1);
	struct ip_addr none = {{0}};

	(void)state;
	way(IPV6_SLAAC);
	w.n_events = 0;
	send_icmp(&none, "ff02::1:ff00:abcd", &to, &ns, sizeof(ns));
	expect_row(0, "fd00:1:2:3::abcd", "slaac");
	assert_true(world_event(&w, "dhcp.exchange {\"address\": \"fd00:1:2:3::abcd\", \"answer\": "
				    "\"none\", \"asked\": \"duplicate\""));
	w.n_events = 0;
	send_icmp(&none, "ff02::1:ff00:abcd", &to, &ns, sizeof(ns));
	assert_int_equal(w.n_events, 0); /* no news */
	assert_false(exchange(DHCP6_SOLICIT, NULL));
	expect_explained("fd00:1:2:3::abcd", NULL, "slaac");
	assert_int_equal(netsix_addrs_of(w.net, &mac, &none, 1), 1);
	assert_true(netsix_mac_of(w.net, &ns.target, &mac));
}

/* Who captures reads what each message says, and why the server answered so. */
static void said_in_captures(void **state)
{
	static struct ear e;
	struct ip_addr other = ip6("fd09::1"), addr;
	struct frame_bytes f;

	(void)state;
	ear_open(&e, &w.runner, w.port[0]);
	addr = lease(1);
	ear_heard(&e, "dhcp6: SOLICIT: 52:54:00:00:00:01 looks for a server");
	ear_heard(&e,
		  "dhcp6: ADVERTISE: fd00:1:2:3::d:1 to 52:54:00:00:00:01 for 3600 s: nobody has "
		  "had this address yet");
	ear_heard(&e, "dhcp6: REQUEST: 52:54:00:00:00:01 takes what was offered: fd00:1:2:3::d:1");
	ear_heard(
		&e,
		"dhcp6: REPLY: fd00:1:2:3::d:1 to 52:54:00:00:00:01 for 3600 s: it takes what was "
		"offered");
	e.n = 0;
	exchange(DHCP6_RENEW, &addr);
	ear_heard(&e, "dhcp6: RENEW: 52:54:00:00:00:01 renews fd00:1:2:3::d:1");
	exchange(DHCP6_CONFIRM, &other);
	ear_heard(&e, "dhcp6: REPLY to 52:54:00:00:00:01: NotOnLink: that is no address of this "
		      "network");
	e.n = 0;
	step(1000);
	assert_true(take_kind(&f, ND_RA));
	ear_heard(&e,
		  "ipv6: router advertisement: fd00:1:2:3::/64; addresses come by DHCPv6; resolver "
		  "fd00:1:2:3::fe; no way out");
	ear_close(&e);
	lease(1);
	assert_int_equal(e.n, 0);
}

/* RFC 4861 6.2.6, and what each way of ipv6= says. */
static void advertised(void **state)
{
	static const struct {
		enum net_ipv6 way;
		uint8_t flags, autonomous; /* M and O; A of the prefix (RFC 4861 4.2, 4.6.2) */
	} rows[] = {{IPV6_SLAAC, 0, 0x40}, {IPV6_STATELESS, 0x40, 0x40}, {IPV6_STATEFUL, 0xc0, 0}};
	struct mac all = {{0x33, 0x33, 0, 0, 0, 2}};
	struct six_host g = guest();
	struct icmp_hdr rs[1] = {{.type = ND_RS}};
	struct frame_bytes f;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		way(rows[i].way);
		step(1000);
		assert_true(take_kind(&f, ND_RA)); /* one for all, at once */
		send_icmp(&g.link_local, "ff02::2", &all, rs, sizeof(rs));
		assert_true(take_kind(&f, ND_RA));
		assert_memory_equal(f.b, &g.mac, sizeof(g.mac));
		assert_int_equal(f.b[21], 255); /* hop limit */
		assert_int_equal(f.b[59] & 0xc0, rows[i].flags);
		assert_int_equal(f.b[60] << 8 | f.b[61], 0); /* nobody's way out */
		for (size_t at = 70; at + 8 <= f.len; at += 8u * f.b[at + 1])
			if (f.b[at] == 3) {
				assert_int_equal(f.b[at + 3] & 0x40, rows[i].autonomous);
				assert_memory_equal(f.b + at + 16, ip6("fd00:1:2:3::").b, 16);
			}
	}
	netsix_stop(w.net);
	assert_true(take_kind(&f, ND_RA)); /* the last: all is over */
	start(IPV6_SLAAC);
}

static void answers_for_itself_only(void **state)
{
	struct {
		struct icmp_hdr icmp;
		struct ip_addr target;
	} ns = {.icmp = {.type = ND_NS}, .target = ip6("fd00:1:2:3::fe")};
	struct mac to = {{0x33, 0x33, 0xff, 0, 0, 0xfe}};
	uint8_t echo[16] = {128};
	struct six_host g = guest();
	struct frame_bytes f;

	(void)state;
	send_icmp(&g.link_local, "ff02::1:ff00:fe", &to, &ns, sizeof(ns));
	assert_true(take_kind(&f, ND_NA));
	ns.target = ip6("fd00:1:2:3::99");
	send_icmp(&g.link_local, "ff02::1:ff00:fe", &to, &ns, sizeof(ns));
	assert_false(take_kind(&f, ND_NA));
	send_icmp(&g.link_local, "fd00:1:2:3::fe", &b.conf.mac, echo, sizeof(echo));
	assert_true(take_kind(&f, 129));
	send_icmp(&g.link_local, "fd00:1:2:3::99", &b.conf.mac, echo, sizeof(echo));
	assert_false(take_kind(&f, 129));
}

/* A network without IPv6 is asked the same. */
static void without(void **state)
{
	json_t *rows;

	(void)state;
	netsix_stop(w.net);
	rows = list();
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	explain("fd00::1", -EOPNOTSUPP);
	assert_true(netsix_at_rest(w.net));
	start(IPV6_SLAAC);
	assert_false(netsix_at_rest(w.net));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(whole_life),	     T(kept_over_restart), T(exchanges_are_told),
		T(each_ia_is_told),  T(explained),	   T(slaac_is_seen),
		T(said_in_captures), T(advertised),	   T(answers_for_itself_only),
		T(without),	     T(full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
