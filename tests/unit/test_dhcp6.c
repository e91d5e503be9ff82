/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_dhcp6.c - the rules of RFC 8415 18.3 and 16, and what they share with DHCPv4: clones, places
 * kept, the disk first. And router advertisements.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "dhcp/domain.h"
#include "dhcp/ra.h"
#include "tests/unit/dhcp6_bench.h"

static int setup(void **state)
{
	static struct bench6 b;

	bench6_init(&b);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	bench6_fini(*state);
	return 0;
}

static void is_addr(struct ip_addr a, const char *text)
{
	char buf[IP_ADDR_STR];

	assert_string_equal(ip_addr_format(&a, buf), text);
}

static struct ip_addr lease(struct bench6 *b)
{
	assert_true(bench6_do(b, DHCP6_SOLICIT, NULL));
	assert_int_equal(b->r.type, DHCP6_ADVERTISE);
	assert_true(bench6_do(b, DHCP6_REQUEST, &(struct ip_addr){{0xfd, [13] = 0xd, [15] = 1}}));
	return reply6_addr(b);
}

/* ---- an address ------------------------------------------------------------------------------ */

static void solicit_request(void **state)
{
	struct bench6 *b = *state;
	size_t len;

	assert_true(bench6_do(b, DHCP6_SOLICIT, NULL));
	assert_int_equal(b->r.type, DHCP6_ADVERTISE);
	assert_false(b->r.durable);
	is_addr(reply6_addr(b), "fd00::d:1");
	assert_int_equal(b->store.disk.n, 0);
	is_addr(lease(b), "fd00::d:1");
	assert_int_equal(b->r.type, DHCP6_REPLY);
	assert_true(b->r.durable);
	assert_int_equal(b->store.disk.n, 1);
	assert_non_null(reply6_opt(b, OPT6_CLIENTID, &len));
	assert_non_null(reply6_opt(b, OPT6_SERVERID, &len));
	assert_memory_equal(b->r.data + 1, "\1\2\3", 3);
}

static void rapid_commit(void **state)
{
	struct bench6 *b = *state;
	struct msg6 m;
	size_t len;

	msg6_start(b, &m, DHCP6_SOLICIT);
	msg6_opt(&m, OPT6_RAPID_COMMIT, NULL, 0);
	msg6_ia(&m, 7, NULL);
	assert_true(bench6_send(b, &m));
	assert_int_equal(b->r.type, DHCP6_REPLY);
	assert_non_null(reply6_opt(b, OPT6_RAPID_COMMIT, &len));
	is_addr(reply6_addr(b), "fd00::d:1");
	assert_int_equal(b->store.disk.n, 1);
}

static void others_get_others(void **state)
{
	struct bench6 *b = *state;

	lease(b);
	b->client = 2;
	is_addr(lease(b), "fd00::d:2");
}

/* One client, two IAs: two addresses. */
static void two_ias(void **state)
{
	struct bench6 *b = *state;
	struct msg6 m;

	msg6_start(b, &m, DHCP6_REQUEST);
	msg6_server(b, &m);
	msg6_ia(&m, 1, NULL);
	msg6_ia(&m, 2, NULL);
	assert_true(bench6_send(b, &m));
	assert_int_equal(b->r.n_undo, 2);
	assert_int_equal(b->store.disk.n, 2);
	assert_int_not_equal(b->store.disk.rec[0].addr, b->store.disk.rec[1].addr);
}

/* Clones: the same DUID and IAID behind different ports. */
static void clones(void **state)
{
	struct bench6 *b = *state;

	b->at = "a.eth0";
	is_addr(lease(b), "fd00::d:1");
	b->at = "b.eth0";
	is_addr(lease(b), "fd00::d:2");
	b->at = "a.eth0";
	is_addr(lease(b), "fd00::d:1");
}

static void renew_rebind(void **state)
{
	struct bench6 *b = *state;
	struct ip_addr a = lease(b), other = ip6("fd00::d:77");

	b->now += 1800 * 1000;
	assert_true(bench6_do(b, DHCP6_RENEW, &a));
	is_addr(reply6_addr(b), "fd00::d:1");
	b->now += 3000 * 1000;
	assert_true(bench6_do(b, DHCP6_REBIND, &a));
	is_addr(reply6_addr(b), "fd00::d:1");
	/* What it never had is taken from it (18.3.4), what it has is told. */
	assert_true(bench6_do(b, DHCP6_RENEW, &other));
	is_addr(reply6_addr(b), "fd00::d:1");
	assert_null(lease_by_addr(&b->s.leases.leases, htonl(0xd0077)));
}

static void kept_over_restart(void **state)
{
	struct bench6 *b = *state;
	struct ip_addr a = lease(b);

	bench6_restart(b);
	b->client = 2;
	is_addr(lease(b), "fd00::d:2");
	b->client = 1;
	assert_true(bench6_do(b, DHCP6_RENEW, &a));
	is_addr(reply6_addr(b), "fd00::d:1");
}

/* A client that is on no record keeps its address if nobody has it. */
static void unknown_renews(void **state)
{
	struct bench6 *b = *state;
	struct ip_addr a = ip6("fd00::d:42");

	assert_true(bench6_do(b, DHCP6_REBIND, &a));
	is_addr(reply6_addr(b), "fd00::d:42");
}

static void confirm(void **state)
{
	struct bench6 *b = *state;
	struct ip_addr a = lease(b), far = ip6("fd01::1");
	struct msg6 m;

	assert_true(bench6_do(b, DHCP6_CONFIRM, &a));
	assert_int_equal(reply6_status(b), STATUS6_SUCCESS);
	assert_true(bench6_do(b, DHCP6_CONFIRM, &far));
	assert_int_equal(reply6_status(b), STATUS6_NOT_ON_LINK);
	msg6_start(b, &m, DHCP6_CONFIRM);
	msg6_ia(&m, 7, NULL);
	assert_false(bench6_send(b, &m));
}

static void not_on_link(void **state)
{
	struct bench6 *b = *state;
	struct ip_addr far = ip6("fd01::1");

	assert_true(bench6_do(b, DHCP6_REQUEST, &far));
	assert_int_equal(reply6_status(b), STATUS6_NOT_ON_LINK);
	assert_int_equal(b->store.disk.n, 0);
}

static void release(void **state)
{
	struct bench6 *b = *state;
	struct ip_addr a = lease(b);

	b->client = 2;
	assert_true(bench6_do(b, DHCP6_RELEASE, &a)); /* not its own */
	assert_int_equal(reply6_status(b), STATUS6_NO_BINDING);
	b->client = 1;
	assert_int_equal(b->s.leases.leases.queue[LEASE_BOUND].n, 1);
	assert_true(bench6_do(b, DHCP6_RELEASE, &a));
	assert_true(b->r.durable);
	assert_int_equal(b->s.leases.leases.queue[LEASE_BOUND].n, 0);
	is_addr(lease(b), "fd00::d:1");
}

static void decline(void **state)
{
	struct bench6 *b = *state;
	struct ip_addr a = lease(b);

	assert_true(bench6_do(b, DHCP6_DECLINE, &a));
	assert_int_equal(b->s.leases.leases.queue[LEASE_DECLINED].n, 1);
	assert_int_equal(b->store.disk.n, 0);
	is_addr(lease(b), "fd00::d:2");
}

static void reserved(void **state)
{
	struct bench6 *b = *state;
	struct mac mac = client_mac(3);
	struct dhcp_who who = dhcp_who_mac(&mac);

	assert_int_equal(dhcp_server_reserve(&b->s.leases, htonl(0x10), &who), 0);
	b->client = 3;
	is_addr(lease(b), "fd00::10");
	assert_int_not_equal(dhcp_server_reserve(&b->s.leases, htonl(1), &who), 0);
}

static void port_share(void **state)
{
	struct bench6 *b = *state;

	b->at = "a.eth0";
	b->port_limit = 2;
	is_addr(lease(b), "fd00::d:1");
	b->client = 2;
	is_addr(lease(b), "fd00::d:2");
	b->client = 3;
	assert_true(bench6_do(b, DHCP6_SOLICIT, NULL));
	assert_int_equal(reply6_status(b), STATUS6_NO_ADDRS);
}

/* Another address is reserved for a client while it has one, and the disk refuses what moves it
 * there: it was told nothing, so it has the old one still, and nobody else gets that. */
static void moved_on_a_full_disk(void **state)
{
	struct bench6 *b = *state;
	struct ip_addr had = lease(b);
	struct mac mac = client_mac(b->client);
	struct dhcp_who who = dhcp_who_mac(&mac);

	assert_int_equal(dhcp_server_reserve(&b->s.leases, htonl(0x10), &who), 0);
	for (int put = 0; put < 2; put++) {
		b->store.full = !put;
		b->store.full_put = put;
		assert_false(bench6_do(b, DHCP6_RENEW, &had));
		b->store.full = b->store.full_put = false;
		b->client = 2;
		assert_true(bench6_do(b, DHCP6_REBIND, &had));
		assert_false(reply6_addr(b).b[15] == had.b[15]);
		b->client = 1;
	}
	assert_true(bench6_do(b, DHCP6_RENEW, &had));
	is_addr(reply6_addr(b), "fd00::10");
}

static void named(struct bench6 *b, enum dhcp6_type type, const struct ip_addr *addr,
		  const char *name)
{
	uint8_t fqdn[16] = {0, (uint8_t)strlen(name)};
	struct msg6 m;

	msg6_start(b, &m, type);
	msg6_server(b, &m);
	msg6_ia(&m, 7, addr);
	memcpy(fqdn + 2, name, strlen(name));
	msg6_opt(&m, OPT6_FQDN, fqdn, 2 + strlen(name));
	bench6_send(b, &m);
}

/* Then it also has its name, and the port alone from which it may be given up. */
static void moved_back_whole(void **state)
{
	struct bench6 *b = *state;
	struct mac mac = client_mac(b->client);
	struct dhcp_who who = dhcp_who_mac(&mac);
	const struct dhcp_lease *l;
	struct ip_addr had;

	b->port = 3;
	named(b, DHCP6_REQUEST, NULL, "pc");
	had = reply6_addr(b);
	l = lease_by_addr(&b->s.leases.leases, dhcp6_name(&b->s.conf, &had));
	assert_int_equal(dhcp_server_reserve(&b->s.leases, htonl(0x10), &who), 0);
	b->store.full = true;
	named(b, DHCP6_RENEW, &had, "other");
	assert_false(b->replied);
	b->store.full = false;
	assert_int_equal(l->state, LEASE_BOUND);
	assert_int_equal(l->port, 3);
	assert_int_equal(l->hostname_len, 2);
	assert_memory_equal(l->hostname, "pc", 2);
	assert_int_equal(lease_by_addr(&b->s.leases.leases, htonl(0x10))->hostname_len, 0);
	b->port = 4;
	assert_true(bench6_do(b, DHCP6_RELEASE, &had));
	assert_int_equal(reply6_status(b), STATUS6_NO_BINDING);
}

static void ask_both(struct bench6 *b, enum dhcp6_type type)
{
	struct msg6 m;

	msg6_start(b, &m, type);
	msg6_server(b, &m);
	msg6_ia(&m, 1, NULL);
	msg6_ia(&m, 2, NULL);
	bench6_send(b, &m);
}

static struct dhcp_lease *of_ia(struct bench6 *b, uint32_t iaid)
{
	struct mac mac = client_mac(b->client);
	uint8_t duid[10] = {0, 3, 0, 1};
	struct dhcp_msg m = {.mac = mac};
	struct dhcp6_msg id = {.client_id = {.b = duid, .len = sizeof(duid)}};
	struct dhcp_client c;

	memcpy(duid + 4, &mac, sizeof(mac));
	dhcp6_client_id(&id, iaid, &m.client_id);
	c = dhcp_client_of(&m, b->at);
	return lease_by_key(&b->s.leases.leases, &c.key);
}

/* An address is reserved for the MAC of a client with two IAs: both want it, one after the other in
 * one message. On a full disk each keeps what it had; also the one that had the address already. */
static void two_ias_on_a_full_disk(void **state)
{
	struct bench6 *b = *state;
	struct mac mac = client_mac(b->client);
	struct dhcp_who who = dhcp_who_mac(&mac);
	struct dhcp_lease *had[2], *pinned;

	ask_both(b, DHCP6_REQUEST);
	had[0] = of_ia(b, 1);
	had[1] = of_ia(b, 2);
	assert_int_equal(dhcp_server_reserve(&b->s.leases, htonl(0x10), &who), 0);
	pinned = lease_by_addr(&b->s.leases.leases, htonl(0x10));
	b->store.full = true;
	ask_both(b, DHCP6_RENEW);
	assert_false(b->replied);
	assert_ptr_equal(of_ia(b, 1), had[0]);
	assert_ptr_equal(of_ia(b, 2), had[1]);
	assert_true(had[0]->state == LEASE_BOUND && had[1]->state == LEASE_BOUND);
	assert_true(pinned->state == LEASE_FREE && !pinned->key.len);
	b->store.full = false;
	assert_true(bench6_do(b, DHCP6_REQUEST, NULL)); /* the third, with IAID 7, gets it */
	assert_ptr_equal(of_ia(b, 7), pinned);
	for (int put = 0; put < 2; put++) {
		b->store.full = !put;
		b->store.full_put = put;
		ask_both(b, DHCP6_RENEW);
		assert_false(b->replied);
		b->store.full = b->store.full_put = false;
		assert_ptr_equal(of_ia(b, 7), pinned);
		assert_int_equal(pinned->state, LEASE_BOUND);
		assert_ptr_equal(of_ia(b, 1), had[0]);
		assert_ptr_equal(of_ia(b, 2), had[1]);
	}
}

static void disk_full(void **state)
{
	struct bench6 *b = *state;
	struct ip_addr a = lease(b);

	b->store.full = true;
	b->client = 2;
	assert_false(bench6_do(b, DHCP6_REQUEST, NULL));
	assert_int_equal(b->s.leases.leases.queue[LEASE_BOUND].n, 1);
	b->store.full = false;
	b->store.full_put = true;
	b->client = 1;
	assert_false(bench6_do(b, DHCP6_RENEW, &a));
	b->store.full_put = false;
	assert_true(bench6_do(b, DHCP6_RENEW, &a));
	is_addr(reply6_addr(b), "fd00::d:1");
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void other_kinds(void **state)
{
	static const uint8_t iaid[12] = {0, 0, 0, 9};
	struct bench6 *b = *state;
	struct msg6 m;
	size_t ia_len, len;
	const uint8_t *ia;

	msg6_start(b, &m, DHCP6_SOLICIT);
	msg6_opt(&m, OPT6_IA_PD, iaid, 12);
	msg6_opt(&m, OPT6_IA_TA, iaid, 4);
	assert_true(bench6_send(b, &m));
	ia = reply6_opt(b, OPT6_IA_PD, &ia_len);
	assert_memory_equal(dhcp6_find(ia + 12, ia_len - 12, OPT6_STATUS, &len), "\0\6", 2);
	ia = reply6_opt(b, OPT6_IA_TA, &ia_len);
	assert_memory_equal(dhcp6_find(ia + 4, ia_len - 4, OPT6_STATUS, &len), "\0\2", 2);
}

static void malformed(void **state)
{
	struct bench6 *b = *state;
	struct msg6 m, good;

	msg6_start(b, &good, DHCP6_SOLICIT);
	msg6_ia(&good, 7, NULL);
	for (size_t cut = 1; cut < good.len; cut++) {
		m = good;
		m.len = good.len - cut;
		/* Only what ends with an option is whole. */
		assert_int_equal(bench6_send(b, &m), m.len == 4 + 14);
	}
	m = good;
	msg6_server(b, &m); /* 16.2: no Solicit names a server */
	assert_false(bench6_send(b, &m));
	msg6_start(b, &m, DHCP6_REQUEST); /* 16.4: but a Request does */
	msg6_ia(&m, 7, NULL);
	assert_false(bench6_send(b, &m));
	msg6_opt(&m, OPT6_SERVERID, "\0\3\0\1\2\0\0\0\0\1", 10);
	assert_false(bench6_send(b, &m));
	assert_int_equal(b->s.count[DHCP6_N_OTHER_SERVER], 1);
	msg6_start(b, &m, DHCP6_REPLY);
	assert_false(bench6_send(b, &m));
}

static void unicast(void **state)
{
	struct bench6 *b = *state;

	b->unicast = true;
	assert_false(bench6_do(b, DHCP6_SOLICIT, NULL));
	assert_true(bench6_do(b, DHCP6_REQUEST, NULL));
	assert_int_equal(reply6_status(b), STATUS6_USE_MULTICAST);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void stateless(void **state)
{
	static const uint8_t oro[] = {0, OPT6_DNS, 0, OPT6_SEARCH,
				      0, OPT6_NTP, 0, OPT6_REFRESH_TIME};
	struct bench6 *b = *state;
	struct msg6 m;
	size_t len;

	b->s.conf.stateful = false;
	assert_true(bench6_do(b, DHCP6_SOLICIT, NULL));
	assert_int_equal(reply6_status(b), STATUS6_NO_ADDRS);
	m.len = 0;
	msg6_start(b, &m, DHCP6_INFORMATION_REQUEST);
	assert_true(bench6_send(b, &m));
	assert_null(reply6_opt(b, OPT6_DNS, &len)); /* it did not ask */
	msg6_opt(&m, OPT6_ORO, oro, sizeof(oro));
	assert_true(bench6_send(b, &m));
	assert_memory_equal(reply6_opt(b, OPT6_DNS, &len), &b->conf.dns[0], 16);
	assert_memory_equal(reply6_opt(b, OPT6_SEARCH, &len), "\3lab\4vnet", 10);
	assert_int_equal(len, 10);
	assert_non_null(reply6_opt(b, OPT6_NTP, &len));
	assert_memory_equal(reply6_opt(b, OPT6_REFRESH_TIME, &len), "\0\0\x0e\x10", 4);
	msg6_ia(&m, 7, NULL); /* 16.12 */
	assert_false(bench6_send(b, &m));
}

static void name(void **state)
{
	static const uint8_t fqdn[] = "\1\5host1";
	struct bench6 *b = *state;
	struct msg6 m;

	msg6_start(b, &m, DHCP6_REQUEST);
	msg6_server(b, &m);
	msg6_opt(&m, OPT6_FQDN, fqdn, sizeof(fqdn) - 1);
	msg6_ia(&m, 7, NULL);
	assert_true(bench6_send(b, &m));
	assert_int_equal(b->store.disk.rec[0].hostname_len, 5);
	assert_memory_equal(b->store.disk.rec[0].hostname, "host1", 5);
}

static void relayed(void **state)
{
	struct bench6 *b = *state;
	struct msg6 inner, m = {.len = 34};
	size_t len, inner_len;
	const uint8_t *reply;

	msg6_start(b, &inner, DHCP6_SOLICIT);
	msg6_ia(&inner, 7, NULL);
	memset(m.b, 0, 34);
	m.b[0] = DHCP6_RELAY_FORW;
	m.b[2] = 0xfd; /* link address fd00:: */
	m.b[18] = 0xfe;
	m.b[19] = 0x80;
	msg6_opt(&m, OPT6_INTERFACE_ID, "if7", 3);
	msg6_opt(&m, OPT6_RELAY_MSG, inner.b, inner.len);
	assert_true(bench6_send(b, &m));
	assert_true(b->r.to_relay);
	assert_int_equal(b->r.data[0], DHCP6_RELAY_REPL);
	assert_memory_equal(b->r.data + 1, m.b + 1, 33);
	assert_memory_equal(dhcp6_find(b->r.data + 34, b->r.len - 34, OPT6_INTERFACE_ID, &len),
			    "if7", 3);
	reply = dhcp6_find(b->r.data + 34, b->r.len - 34, OPT6_RELAY_MSG, &inner_len);
	assert_int_equal(reply[0], DHCP6_ADVERTISE);
	assert_non_null(dhcp6_find(reply + 4, inner_len - 4, OPT6_IA_NA, &len));
	m.b[3] = 1; /* another link */
	assert_false(bench6_send(b, &m));
	assert_int_equal(b->s.count[DHCP6_N_WRONG_NET], 1);
}

/* ---- router advertisements ------------------------------------------------------------------- */

static void advertisement(void **state)
{
	struct ra_conf conf = {.mac = {{2, 0, 0, 0, 0, 1}},
			       .mtu = 1500,
			       .lifetime_s = RA_LIFETIME_S,
			       .other = true,
			       .autonomous = true,
			       .prefix = ip6("fd00::"),
			       .n_dns = 1,
			       .dns = {ip6("fd00::53")},
			       .search = "lab.vnet, vnet",
			       .n_routes = 1,
			       .routes = {{ip6("fd01::"), 48}}};
	uint8_t m[RA_LEN_MAX];
	size_t len = ra_build(&conf, m);

	(void)state;
	assert_int_equal(len, 16 + 8 + 8 + 32 + 24 + 24 + 24);
	assert_memory_equal(m, "\x86\0\0\0\x40\x40\x07\x08", 8);
	assert_memory_equal(m + 16, "\1\1\2\0\0\0\0\1", 8);
	assert_memory_equal(m + 24, "\5\1\0\0\0\0\5\xdc", 8);
	assert_memory_equal(m + 32, "\3\4\x40\xc0\0\1\x51\x80\0\0\x38\x40", 12);
	assert_memory_equal(m + 64, "\x19\3\0\0\0\0\7\x08\xfd", 9);
	assert_memory_equal(m + 88, "\x1f\3\0\0\0\0\7\x08\3lab\4vnet\0", 18);
	assert_memory_equal(m + 112, "\x18\3\x30\0\0\0\7\x08\xfd\1", 10);
	conf.ending = true;
	ra_build(&conf, m);
	assert_memory_equal(m + 6, "\0\0", 2);	    /* router lifetime */
	assert_memory_equal(m + 40, "\0\0\0\0", 4); /* preferred lifetime of the prefix */
	assert_memory_equal(m + 68, "\0\0\0\0", 4); /* resolvers */
}

/* RFC 4861 10: three soon, then every 200 to 600 s, never within 3 s of each other. */
static void advertising(void **state)
{
	struct ra_timer t = {0};
	msec now = 5000, last = 0;
	unsigned int n = 0;

	(void)state;
	for (; now < 3600 * 1000; now += 500) {
		t.wanted |= now % 1000 == 0 && now < 60000;
		if (!ra_timer_due(&t, now, (uint32_t)now * 2654435761u))
			continue;
		assert_true(!last || now - last >= 3000);
		assert_true(now < 70000 || !last || now - last >= 200000);
		last = now;
		n++;
	}
	assert_in_range(n, 20 + 5, 20 + 18);
	for (n = 0; ra_timer_answer(&t, now); n++)
		;
	assert_int_equal(n, 32);
	assert_true(ra_timer_answer(&t, now + 1000));
}

static void domains(void **state)
{
	uint8_t out[64];
	char label[64], big[100];

	(void)state;
	assert_int_equal(domain_list_build("a.b. c", out, sizeof(out)), 8);
	assert_memory_equal(out, "\1a\1b\0\1c\0", 8);
	assert_int_equal(domain_list_build("a..b", out, sizeof(out)), 0);
	assert_int_equal(domain_list_build("", out, sizeof(out)), 0);
	memset(big, 'x', 64);
	big[64] = 0;
	assert_int_equal(domain_list_build(big, out, sizeof(out)), 0);
	assert_int_equal(domain_first_label((const uint8_t *)"\3abc\0", 5, label), 3);
	assert_int_equal(domain_first_label((const uint8_t *)"\4abc", 4, label), 0);
	assert_int_equal(domain_first_label((const uint8_t *)"\3a/c", 4, label), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(solicit_request),
		T(rapid_commit),
		T(others_get_others),
		T(two_ias),
		T(clones),
		T(renew_rebind),
		T(kept_over_restart),
		T(unknown_renews),
		T(confirm),
		T(not_on_link),
		T(release),
		T(decline),
		T(reserved),
		T(port_share),
		T(moved_on_a_full_disk),
		T(moved_back_whole),
		T(two_ias_on_a_full_disk),
		T(disk_full),
		T(other_kinds),
		T(malformed),
		T(unicast),
		T(stateless),
		T(name),
		T(relayed),
		cmocka_unit_test(advertisement),
		cmocka_unit_test(advertising),
		cmocka_unit_test(domains),
	};

	return cmocka_run_group_tests_name("dhcp6", tests, NULL, NULL);
}
