/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_dhcp_who.c - who a client is: reservations by what it says and where it is, copies of one
 * machine, ports that go, and how many addresses a port may have.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/dhcp_test.h"

static struct dhcp_who client_who(unsigned int n)
{
	struct mac mac = client_mac(n);

	return dhcp_who_mac(&mac);
}

static struct dhcp_who who(const char *text)
{
	struct dhcp_who w = {0};
	char back[DHCP_WHO_STR];

	assert_int_equal(dhcp_who_parse(text, &w), 0);
	dhcp_who_format(&w, back);
	assert_int_equal(dhcp_who_parse(back, &w), 0);
	return w;
}

/* By client identifier, by guest and NIC; the nearest name wins. */
static void reservations_by_name(void **state)
{
	struct bench *b = *state;
	struct dhcp_who w = who("web:1"), id = who("id:00707865"), bad;
	static const char *const wrong[] = {"",	      "id:01",	  "id:0g01",	       "web:x",
					    "web:10", "../etc:0", "01:00:5e:00:00:01", ":1",
					    "port:"};

	assert_int_equal(dhcp_server_reserve(&b->s, ip("10.0.2.60"), &w), 0);
	assert_int_equal(dhcp_server_reserve(&b->s, ip("10.0.2.61"), &id), 0);
	b->at = "web.eth0";
	assert_ip(bench_lease(b, 1), "10.0.2.128");
	b->at = "web.eth1";
	assert_ip(bench_lease(b, 2), "10.0.2.60");
	assert_ip(bench_discover_id(b, 3, "\0pxe", 4), "10.0.2.61");
	bench_restart(b);
	assert_ip(bench_lease(b, 2), "10.0.2.60");
	assert_int_equal(dhcp_server_release(&b->s, ip("10.0.2.60")), 0);
	w = who("web");
	assert_int_equal(dhcp_server_reserve(&b->s, ip("10.0.2.128"), &w), 0); /* it has it */
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(dhcp_who_parse(wrong[i], &bad), -EINVAL);
}

/* Features #20: copies of one disk say the same name of themselves. */
static void clones_on_ports(void **state)
{
	struct bench *b = *state;
	be32 one, two;

	b->at = "c1.eth0";
	one = bench_discover_id(b, 1, "clone", 5);
	b->at = "c2.eth0";
	two = bench_discover_id(b, 1, "clone", 5);
	assert_int_not_equal(one, two);
	b->at = "c1.eth0";
	assert_int_equal(bench_discover_id(b, 1, "clone", 5), one);
	bench_restart(b);
}

/* A guest that is deleted frees its address, and finds it again when it comes back: on the same
 * port, or as the same machine on another. */
static void port_gone(void **state)
{
	struct bench *b = *state;
	be32 a;

	b->at = "c1.eth0";
	a = bench_lease(b, 1);
	dhcp_server_port_gone(&b->s, "c1.eth0", b->wall_s);
	assert_int_equal(lease_by_addr(&b->s.leases, a)->state, LEASE_FREE);
	bench_restart(b);
	assert_int_equal(lease_by_addr(&b->s.leases, a)->state, LEASE_FREE);
	b->at = "c3.eth0";
	assert_int_equal(bench_lease(b, 1), a);
	dhcp_server_port_gone(&b->s, "c1.eth0", b->wall_s); /* not theirs any more */
	assert_int_equal(lease_by_addr(&b->s.leases, a)->state, LEASE_BOUND);
	b->at = "c4.eth0";
	assert_int_not_equal(bench_lease(b, 1), a); /* a full clone beside it */
	bench_renew(b, 1, a); /* that must not go on with the other's address */
	assert_int_equal(b->r.type, DHCP_NAK);
}

/* Who holds a lease and comes by another NIC, or as another boot stage with what is reserved for
 * its MAC address, is answered, also where addresses are probed. */
static void holder_by_another_name(void **state)
{
	struct bench *b = *state;
	struct dhcp_who one = client_who(1);
	be32 a = bench_discover_id(b, 3, "same", 4);

	b->s.conf.probe_ms = 250;
	assert_int_equal(bench_discover_id(b, 4, "same", 4), a);
	assert_int_equal(dhcp_server_reserve(&b->s, ip("10.0.2.70"), &one), 0);
	bench_discover_id(b, 1, "rom", 3);
	b->now += 250;
	assert_int_equal(dhcp_server_due(&b->s, b->now, &b->r), DHCP_REPLY);
	assert_ip(reply_yiaddr(b), "10.0.2.70");
	assert_ip(bench_discover_id(b, 1, "system", 6), "10.0.2.70");
}

static void reservations(void **state)
{
	struct bench *b = *state;
	struct dhcp_who one = client_who(1), two = client_who(2);

	assert_int_equal(dhcp_server_reserve(&b->s, ip("10.0.2.128"), &two), 0);
	assert_ip(bench_lease(b, 1), "10.0.2.129");
	assert_ip(bench_lease(b, 2), "10.0.2.128");
	/* by MAC, whatever the client calls itself */
	assert_ip(bench_discover_id(b, 2, "pxe", 3), "10.0.2.128");
	/* outside the range, but of the subnet */
	assert_int_equal(dhcp_server_reserve(&b->s, ip("10.0.2.50"), &one), 0);
	assert_int_equal(bench_renew(b, 1, ip("10.0.2.129")), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_NAK); /* so that it comes to its address */
	assert_ip(bench_lease(b, 1), "10.0.2.50");
	assert_int_equal(dhcp_server_reserve(&b->s, ip("10.0.2.254"), &one), -EADDRNOTAVAIL);
	assert_int_equal(dhcp_server_reserve(&b->s, ip("10.0.2.255"), &one), -EADDRNOTAVAIL);
	assert_int_equal(dhcp_server_reserve(&b->s, ip("10.0.3.5"), &one), -EADDRNOTAVAIL);
	assert_int_equal(dhcp_server_reserve(&b->s, ip("10.0.2.128"), &one), -EADDRINUSE);
	bench_restart(b);
	assert_ip(bench_lease(b, 1), "10.0.2.50");
	assert_int_equal(dhcp_server_release(&b->s, ip("10.0.2.50")), 0);
	assert_int_equal(dhcp_server_release(&b->s, ip("10.0.2.50")), -ENOENT);
	assert_int_not_equal(bench_lease(b, 1), ip("10.0.2.50"));
}

/* X5: one port that makes up clients exhausts its own share only. */
static void x5_port_limit(void **state)
{
	struct bench *b = *state;

	b->at = "g3.eth0";
	b->port_limit = 8;
	for (unsigned int n = 0; n < 65000; n++)
		bench_discover(b, n);
	assert_int_equal(lease_count_at(&b->s.leases, dhcp_where("g3.eth0"), 100), 8);
	assert_int_equal(b->s.count[DHCP_N_PORT_LIMIT], 65000 - 8);
	assert_int_not_equal(bench_lease(b, 1), 0); /* those it has, it keeps */
	b->at = "g4.eth0";
	assert_int_not_equal(bench_lease(b, 70000), 0);
	/* declining does not make room */
	b->at = "g3.eth0";
	for (unsigned int n = 0; n < 8; n++) {
		struct mac mac = client_mac(n);

		bench_decline(b, n, lease_next_of_mac(&b->s.leases, &mac, NULL)->addr);
	}
	assert_int_equal(bench_discover(b, 1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reservations), TEST(reservations_by_name),	  TEST(clones_on_ports),
		TEST(port_gone),    TEST(holder_by_another_name), TEST(x5_port_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
