/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_dhcp_server.c - the rules of RFC 2131 and its companions, one test each, by the ids of our
 * conformance table (D1..D18, X5), and what happens when the disk is full.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "tests/unit/dhcp_test.h"

/* RFC 2131 4.3.1, table 3: an OFFER to the last byte. */
static void d1_offer_golden(void **state)
{
	static const uint8_t options[] = {53, 1,    2,	  54, 4, 10,  0,   2,	254, 51, 4, 0,
					  0,  0x0e, 0x10, 58, 4, 0,   0,   7,	8,   59, 4, 0,
					  0,  0x0c, 0x4e, 1,  4, 255, 255, 255, 0,   3,	 4, 10,
					  0,  2,    2,	  6,  4, 10,  0,   2,	3,   255};
	struct bench *b = *state;
	const struct dhcp_hdr *h = (const struct dhcp_hdr *)b->r.data;

	assert_ip(bench_discover(b, 7), "10.0.2.128");
	assert_int_equal(b->r.len, DHCP_LEN_MIN);
	assert_int_equal(h->op, DHCP_BOOTREPLY);
	assert_int_equal(ntohl(h->xid), 0xabcd0007);
	assert_memory_equal(h->chaddr, "\x52\x54\x00\x00\x00\x07\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(ntohl(h->cookie), DHCP_COOKIE);
	assert_int_equal(h->ciaddr, 0);
	assert_memory_equal(b->r.data + DHCP_HDR_LEN, options, sizeof(options));
	for (size_t i = DHCP_HDR_LEN + sizeof(options); i < b->r.len; i++)
		assert_int_equal(b->r.data[i], 0);
}

static void d2_broadcast_bit(void **state)
{
	struct bench *b = *state;
	struct mac mac = client_mac(1);
	struct cmsg m;

	bench_discover(b, 1);
	assert_true(mac_equal(&b->r.mac, &mac));
	assert_ip(b->r.dst, "10.0.2.128");
	assert_int_equal(b->r.dport, DHCP_PORT_CLIENT);
	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_hdr(&m)->flags = htons(DHCP_FLAG_BROADCAST);
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_true(mac_equal(&b->r.mac, &MAC_BROADCAST));
	assert_ip(b->r.dst, "255.255.255.255");
}

static void d3_offer_is_kept_and_repeated(void **state)
{
	struct bench *b = *state;
	be32 a = bench_discover(b, 1);

	assert_int_equal(bench_discover(b, 1), a);
	bench_discover(b, 2);
	assert_int_equal(bench_discover(b, 1), a);
	assert_int_equal(bench_select(b, 1, a), a);
	assert_int_equal(bench_lease(b, 1), a);
}

/* D4, D16: all 126 addresses of the range go out once each, then silence; old leases renew. */
static void d4_distinct_to_the_last(void **state)
{
	struct bench *b = *state;
	bool seen[256] = {false};

	for (unsigned int n = 1; n <= 126; n++) {
		uint32_t a = ntohl(bench_lease(b, n));

		assert_int_equal(a >> 8, 0x0a0002);
		assert_in_range(a & 255, 128, 253);
		assert_false(seen[a & 255]);
		seen[a & 255] = true;
	}
	assert_int_equal(bench_discover(b, 127), 0);
	assert_int_equal(b->s.count[DHCP_N_POOL_EXHAUSTED], 1);
	assert_int_equal(dhcp_pool_free(&b->s.pool[0], &b->s.leases), 0);
	assert_int_equal(bench_renew(b, 1, ip("10.0.2.128")), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_ACK);
}

static void d4_never_ours(void **state)
{
	struct bench *b = *state;

	bench_fini(b);
	b->conf.subnet[0].first = ip("10.0.2.0");
	b->conf.subnet[0].last = ip("10.0.2.255");
	bench_start(b);
	assert_int_equal(dhcp_pool_size(&b->s.pool[0]), 251); /* less .0 .1 .2 .254 .255 */
	for (unsigned int n = 0; n < 251; n++) {
		uint32_t a = ntohl(bench_lease(b, n)) & 255;

		assert_in_range(a, 3, 253);
	}
	assert_int_equal(bench_discover(b, 300), 0);
}

static void d5_client_id_echoed(void **state)
{
	static const uint8_t id[] = {0xff, 1, 2, 3, 4, 5, 6, 7, 8};
	struct bench *b = *state;
	struct cmsg m;
	const uint8_t *p;
	size_t len;

	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_opt(&m, OPT_CLIENT_ID, id, sizeof(id));
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	p = dhcp_find(b->r.data, b->r.len, OPT_CLIENT_ID, &len);
	assert_non_null(p);
	assert_int_equal(len, sizeof(id));
	assert_memory_equal(p, id, len);
	/* in a NAK as well */
	cmsg_start(&m, DHCP_REQUEST, 1);
	cmsg_opt(&m, OPT_CLIENT_ID, id, sizeof(id));
	cmsg_addr(&m, OPT_REQUESTED, ip("192.168.1.1"));
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_NAK);
	assert_true(reply_has(b, OPT_CLIENT_ID));
}

static void d6_client_id_names_the_client(void **state)
{
	struct bench *b = *state;
	uint8_t long_a[200] = {1}, long_b[200] = {1};
	be32 a = bench_discover_id(b, 1, "one", 3);

	long_b[199] = 9;
	assert_int_equal(bench_discover_id(b, 2, "one", 3), a);
	assert_int_not_equal(bench_discover_id(b, 1, "two", 3), a);
	assert_int_not_equal(bench_discover(b, 1), a);
	/* an identifier of seven bytes that spells type and MAC is still not the MAC */
	assert_int_not_equal(bench_discover_id(b, 1, "\x01\x52\x54\x00\x00\x00\x01", 7),
			     bench_discover(b, 1));
	/* long ones are told apart by their last byte */
	a = bench_discover_id(b, 3, long_a, sizeof(long_a));
	assert_int_not_equal(bench_discover_id(b, 3, long_b, sizeof(long_b)), a);
	assert_int_equal(bench_discover_id(b, 3, long_a, sizeof(long_a)), a);
}

static void d7_renew_and_rebind(void **state)
{
	struct bench *b = *state;
	be32 a = bench_lease(b, 1);
	uint32_t v;

	b->now += 1800 * 1000;
	b->unicast = true;
	assert_int_equal(bench_renew(b, 1, a), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_ACK);
	assert_int_equal(b->r.dst, a);
	assert_int_equal(reply_yiaddr(b), a);
	assert_true(reply_u32(b, OPT_LEASE, &v) && v == 3600);
	assert_true(reply_u32(b, OPT_T1, &v) && v == 1800);
	assert_true(reply_u32(b, OPT_T2, &v) && v == 3150);
	b->now += 3000 * 1000;
	b->unicast = false;
	assert_int_equal(bench_renew(b, 1, a), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_ACK);
	b->now += 3599 * 1000;
	assert_int_not_equal(bench_lease(b, 2), a);
	b->now += 1100;
	lease_table_run(&b->s.leases, b->now);
	assert_int_equal(lease_by_addr(&b->s.leases, a)->state, LEASE_FREE);
}

static void d7_renew_of_somebody_elses(void **state)
{
	struct bench *b = *state;
	be32 a = bench_lease(b, 1);

	bench_lease(b, 2);
	assert_int_equal(bench_renew(b, 2, a), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_NAK);
	assert_int_equal(bench_renew(b, 3, a), DHCP_SILENT); /* rebinding: may be another's */
	b->unicast = true;
	assert_int_equal(bench_renew(b, 3, a), DHCP_REPLY); /* says it is ours: it is not */
	assert_int_equal(b->r.type, DHCP_NAK);
}

static enum dhcp_verdict init_reboot(struct bench *b, unsigned int n, const char *addr)
{
	struct cmsg m;

	cmsg_start(&m, DHCP_REQUEST, n);
	cmsg_addr(&m, OPT_REQUESTED, ip(addr));
	return bench_send(b, &m);
}

static void d8_init_reboot(void **state)
{
	struct bench *b = *state;

	assert_ip(bench_lease(b, 1), "10.0.2.128");
	assert_int_equal(init_reboot(b, 1, "10.0.2.128"), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_ACK);
	/* known client, wrong address */
	assert_int_equal(init_reboot(b, 1, "10.0.2.130"), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_NAK);
	/* RFC 2131 4.3.2: no record of the client: silence; wrong network: NAK, by broadcast */
	assert_int_equal(init_reboot(b, 9, "10.0.2.140"), DHCP_SILENT);
	assert_int_equal(init_reboot(b, 9, "192.168.77.5"), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_NAK);
	assert_true(mac_equal(&b->r.mac, &MAC_BROADCAST));
	assert_ip(b->r.dst, "255.255.255.255");
	assert_int_equal(reply_yiaddr(b), 0);
	assert_false(reply_has(b, OPT_LEASE));
	assert_false(reply_has(b, OPT_MASK));
	assert_true(reply_has(b, OPT_SERVER_ID));
}

static void d9_other_server_left_alone(void **state)
{
	struct bench *b = *state;
	be32 a = bench_discover(b, 1);
	struct cmsg m;

	cmsg_start(&m, DHCP_REQUEST, 1);
	cmsg_addr(&m, OPT_REQUESTED, ip("10.0.2.77"));
	cmsg_addr(&m, OPT_SERVER_ID, ip("10.0.2.5"));
	assert_int_equal(bench_send(b, &m), DHCP_SILENT);
	assert_int_equal(lease_by_addr(&b->s.leases, a)->state, LEASE_FREE);
}

static void d10_decline_quarantines(void **state)
{
	struct bench *b = *state;
	be32 a = bench_lease(b, 1);
	be32 again;

	bench_decline(b, 1, a);
	assert_int_equal(b->store.disk.n, 0);
	again = bench_discover(b, 1);
	assert_int_not_equal(again, 0);
	assert_int_not_equal(again, a);
	/* a stranger's DECLINE does nothing */
	bench_decline(b, 2, again);
	assert_int_equal(lease_by_addr(&b->s.leases, again)->state, LEASE_OFFERED);
	b->now += DHCP_DECLINED_MS + 1000;
	lease_table_run(&b->s.leases, b->now);
	assert_int_equal(lease_by_addr(&b->s.leases, a)->state, LEASE_FREE);
}

static void d10_decline_cannot_burn_the_pool(void **state)
{
	struct bench *b = *state;

	for (unsigned int i = 0; i < 500; i++) {
		be32 a = bench_lease(b, 1);

		assert_int_not_equal(a, 0);
		bench_decline(b, 1, a);
	}
	assert_true(b->s.leases.queue[LEASE_DECLINED].n <= 126 / 4);
	for (unsigned int n = 2; n < 90; n++)
		assert_int_not_equal(bench_lease(b, n), 0);
}

static void d11_release_and_same_again(void **state)
{
	struct bench *b = *state;
	be32 a = bench_lease(b, 1);

	bench_lease(b, 2);
	bench_release(b, 1, a);
	assert_int_equal(lease_by_addr(&b->s.leases, a)->state, LEASE_FREE);
	for (unsigned int n = 10; n < 20; n++)
		assert_int_not_equal(bench_lease(b, n), a);
	assert_int_equal(bench_lease(b, 1), a);
	/* also after a restart */
	bench_release(b, 1, a);
	bench_restart(b);
	assert_int_equal(bench_lease(b, 1), a);
}

static void d12_release_by_a_stranger(void **state)
{
	struct bench *b = *state;
	struct dhcp_lease *l;
	struct cmsg m;
	be32 a;

	b->port = 5;
	a = bench_lease(b, 1);
	l = lease_by_addr(&b->s.leases, a);
	bench_release(b, 2, a);
	assert_int_equal(l->state, LEASE_BOUND);
	b->port = 6; /* with the owner's MAC, but from another port */
	bench_release(b, 1, a);
	assert_int_equal(l->state, LEASE_BOUND);
	b->port = 5;
	cmsg_start(&m, DHCP_RELEASE, 1);
	cmsg_hdr(&m)->ciaddr = a;
	cmsg_addr(&m, OPT_SERVER_ID, ip("10.0.2.5"));
	bench_send(b, &m);
	assert_int_equal(l->state, LEASE_BOUND);
	bench_release(b, 1, a);
	assert_int_equal(l->state, LEASE_FREE);
}

static void d13_inform(void **state)
{
	struct bench *b = *state;
	struct cmsg m;

	cmsg_start(&m, DHCP_INFORM, 1);
	cmsg_hdr(&m)->ciaddr = ip("10.0.2.50");
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_ACK);
	assert_false(b->r.durable);
	assert_int_equal(reply_yiaddr(b), 0);
	assert_ip(b->r.dst, "10.0.2.50");
	assert_false(reply_has(b, OPT_LEASE) || reply_has(b, OPT_T1) || reply_has(b, OPT_T2));
	assert_ip(reply_addr(b, OPT_ROUTER), "10.0.2.2");
	cmsg_hdr(&m)->ciaddr = ip("192.168.1.1");
	assert_int_equal(bench_send(b, &m), DHCP_SILENT);
}

static void d14_relay(void **state)
{
	static const uint8_t agent[] = {1, 4, 'p', 'o', 'r', 't'};
	struct bench *b = *state;
	struct dhcp_hdr *h = (struct dhcp_hdr *)b->r.data;
	struct cmsg m;
	size_t at;

	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_opt(&m, OPT_AGENT, agent, sizeof(agent));
	cmsg_hdr(&m)->giaddr = ip("10.0.2.9");
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_ip(b->r.dst, "10.0.2.9");
	assert_int_equal(b->r.dport, DHCP_PORT_SERVER);
	assert_int_equal(h->giaddr, ip("10.0.2.9"));
	for (at = b->r.len - 1; b->r.data[at] == OPT_PAD; at--)
		;
	assert_int_equal(b->r.data[at], OPT_END);
	assert_int_equal(b->r.data[at - 8], OPT_AGENT);
	assert_memory_equal(b->r.data + at - 6, agent, sizeof(agent));
	/* NAK by way of a relay: it must broadcast */
	cmsg_start(&m, DHCP_REQUEST, 1);
	cmsg_hdr(&m)->giaddr = ip("10.0.2.9");
	cmsg_addr(&m, OPT_REQUESTED, ip("10.9.9.9"));
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_NAK);
	assert_true(h->flags & htons(DHCP_FLAG_BROADCAST));
	assert_ip(b->r.dst, "10.0.2.9");
	/* a relay on a subnet that we do not serve */
	cmsg_hdr(&m)->giaddr = ip("10.7.0.1");
	assert_int_equal(bench_send(b, &m), DHCP_SILENT);
}

static size_t reply_size_with(struct bench *b, uint16_t max_size, be32 giaddr)
{
	uint8_t id[255], agent[255];
	be16 size = htons(max_size);
	struct cmsg m;

	memset(id, 7, sizeof(id));
	memset(agent, 8, sizeof(agent));
	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_hdr(&m)->giaddr = giaddr;
	cmsg_opt(&m, OPT_CLIENT_ID, id, sizeof(id));
	cmsg_opt(&m, OPT_AGENT, agent, sizeof(agent));
	if (max_size)
		cmsg_opt(&m, OPT_MAX_SIZE, &size, 2);
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_true(reply_has(b, OPT_CLIENT_ID) && reply_has(b, OPT_LEASE));
	return b->r.len;
}

static void d15_message_size(void **state)
{
	struct bench *b = *state;

	assert_true(reply_size_with(b, 0, 0) <= 548);
	assert_false(reply_has(b, OPT_AGENT));
	assert_true(reply_size_with(b, 1, 0) <= 548); /* under 576 counts as 576 */
	assert_true(reply_size_with(b, 576, 0) <= 548);
	assert_true(reply_size_with(b, 65535, 0) > 548);
	assert_true(reply_has(b, OPT_AGENT));
	/* the relay's option is not the client's burden */
	assert_true(reply_size_with(b, 576, ip("10.0.2.9")) > 548);
	assert_true(reply_has(b, OPT_AGENT));
}

static void d17_probe(void **state)
{
	struct bench *b = *state;
	struct mac stranger = client_mac(77), self = client_mac(1);
	struct cmsg m;

	b->s.conf.probe_ms = 300;
	cmsg_start(&m, DHCP_DISCOVER, 1);
	assert_int_equal(bench_send(b, &m), DHCP_PROBE);
	assert_ip(b->r.dst, "10.0.2.128");
	assert_int_equal(dhcp_server_deadline(&b->s), b->now + 300);
	assert_int_equal(bench_send(b, &m), DHCP_SILENT); /* repeated: still waiting */
	assert_int_equal(dhcp_server_conflict(&b->s, ip("10.0.2.128"), &self, b->now, &b->r),
			 DHCP_SILENT);
	b->now += 100;
	assert_int_equal(dhcp_server_conflict(&b->s, ip("10.0.2.128"), &stranger, b->now, &b->r),
			 DHCP_PROBE);
	assert_ip(b->r.dst, "10.0.2.129");
	assert_int_equal(dhcp_server_due(&b->s, b->now, &b->r), DHCP_SILENT);
	b->now += 200; /* 300 after the DISCOVER, whatever happened between */
	assert_int_equal(dhcp_server_due(&b->s, b->now, &b->r), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_OFFER);
	assert_ip(reply_yiaddr(b), "10.0.2.129");
	assert_int_equal(dhcp_server_due(&b->s, b->now, &b->r), DHCP_SILENT);
	assert_int_equal(dhcp_server_deadline(&b->s), 0);
	/* known to be this client's: at once */
	assert_ip(bench_select(b, 1, ip("10.0.2.129")), "10.0.2.129");
	assert_ip(bench_discover(b, 1), "10.0.2.129");
	/* more at once than can wait: unprobed, but served */
	for (unsigned int n = 2; n < 2 + DHCP_PENDING_MAX; n++)
		assert_int_equal(bench_discover(b, n), 0);
	assert_int_not_equal(bench_discover(b, 100), 0);
}

static void d18_rapid_commit_and_lease_query_ignored(void **state)
{
	struct bench *b = *state;
	struct cmsg m;

	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_opt(&m, 80, "", 0);
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_OFFER);
	for (unsigned int type = 9; type < 256; type++) {
		cmsg_start(&m, (enum dhcp_type)type, 1);
		assert_int_equal(bench_send(b, &m), DHCP_SILENT);
	}
	for (unsigned int type = DHCP_OFFER; type < 7; type += 3) { /* OFFER, ACK */
		cmsg_start(&m, (enum dhcp_type)type, 1);
		assert_int_equal(bench_send(b, &m), DHCP_SILENT);
	}
}

static void lease_time_within_bounds(void **state)
{
	static const struct {
		uint32_t ask, get;
	} rows[] = {{0, 3600}, {1, 60}, {600, 600}, {3600, 3600}, {7200, 3600}, {0xffffffff, 3600}};
	struct bench *b = *state;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cmsg m;
		uint32_t v;

		cmsg_start(&m, DHCP_DISCOVER, 1);
		cmsg_addr(&m, OPT_LEASE, htonl(rows[i].ask));
		assert_int_equal(bench_send(b, &m), DHCP_REPLY);
		assert_true(reply_u32(b, OPT_LEASE, &v));
		assert_int_equal(v, rows[i].get);
	}
}

static void parameter_list_honoured(void **state)
{
	static const uint8_t params[] = {6, 26, 28, 6, 252};
	struct bench *b = *state;
	struct cmsg m;
	size_t len_dns, len_mtu;

	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_opt(&m, OPT_PARAMS, params, sizeof(params));
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_false(reply_has(b, OPT_ROUTER));
	assert_ip(reply_addr(b, OPT_BROADCAST), "10.0.2.255");
	assert_true(dhcp_find(b->r.data, b->r.len, OPT_DNS, &len_dns) <
		    dhcp_find(b->r.data, b->r.len, OPT_MTU, &len_mtu));
	assert_int_equal(len_dns, 4);
	assert_int_equal(len_mtu, 2);
}

static void requested_address_given_if_free(void **state)
{
	struct bench *b = *state;
	struct cmsg m;

	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_addr(&m, OPT_REQUESTED, ip("10.0.2.200"));
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_ip(reply_yiaddr(b), "10.0.2.200");
	cmsg_start(&m, DHCP_DISCOVER, 2);
	cmsg_addr(&m, OPT_REQUESTED, ip("10.0.2.200"));
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_ip(reply_yiaddr(b), "10.0.2.128");
	cmsg_start(&m, DHCP_DISCOVER, 3);
	cmsg_addr(&m, OPT_REQUESTED, ip("10.0.2.254"));
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_ip(reply_yiaddr(b), "10.0.2.129");
}

/* The address free for longest is given to a new client first. */
static void oldest_expired_is_reused(void **state)
{
	struct bench *b = *state;

	for (unsigned int n = 1; n <= 126; n++)
		bench_lease(b, n);
	bench_release(b, 9, ip("10.0.2.136"));
	bench_release(b, 4, ip("10.0.2.131"));
	assert_ip(bench_lease(b, 500), "10.0.2.136");
	assert_ip(bench_lease(b, 501), "10.0.2.131");
	assert_int_equal(bench_lease(b, 502), 0);
	assert_int_equal(bench_lease(b, 4), 0); /* gone to another; nothing left */
}

static void offer_expires(void **state)
{
	struct bench *b = *state;
	be32 a = bench_discover(b, 1);

	b->now += DHCP_OFFER_MS + 100;
	lease_table_run(&b->s.leases, b->now);
	assert_int_equal(lease_by_addr(&b->s.leases, a)->state, LEASE_FREE);
	assert_int_equal(bench_select(b, 1, a), a); /* late, but nobody else has it */
	assert_int_equal(bench_select(b, 2, a), 0);
	assert_int_equal(b->r.type, DHCP_NAK);
}

static void full_disk_no_ack(void **state)
{
	struct bench *b = *state;
	be32 a = bench_discover(b, 1);

	b->store.full = true;
	assert_int_equal(bench_select(b, 1, a), 0);
	assert_int_equal(lease_by_addr(&b->s.leases, a)->state, LEASE_OFFERED);
	b->store.full = false;
	b->store.full_put = true;
	assert_int_equal(bench_select(b, 1, a), 0);
	assert_int_equal(b->s.count[DHCP_N_STORE_FAILED], 2);
	assert_int_equal(b->s.count[DHCP_N_ACK], 0);
	assert_int_equal(b->store.disk.n, 0);
	b->store.full_put = false;
	assert_int_equal(bench_select(b, 1, a), a);
	assert_int_equal(b->store.disk.n, 1);
}

/* Every lease told is there after a restart; nobody else gets it. */
static void restart_keeps_leases(void **state)
{
	struct bench *b = *state;
	be32 addr[50];

	for (unsigned int n = 0; n < 50; n++)
		addr[n] = bench_lease(b, n);
	b->now = 1000; /* a reboot: the monotonic clock starts anew */
	b->wall_s += 100;
	bench_restart(b);
	assert_int_equal(b->s.leases.queue[LEASE_BOUND].n, 50);
	for (unsigned int n = 100; n < 150; n++) {
		be32 a = bench_lease(b, n);

		for (unsigned int i = 0; i < 50; i++)
			assert_int_not_equal(a, addr[i]);
	}
	for (unsigned int n = 0; n < 50; n++)
		assert_int_equal(bench_renew(b, n, addr[n]), DHCP_REPLY);
}

static void clock_jumps(void **state)
{
	struct bench *b = *state;
	be32 a = bench_lease(b, 1);
	struct dhcp_lease *l;

	b->wall_s -= 10 * 86400; /* back: no more left than was granted */
	bench_restart(b);
	l = lease_by_addr(&b->s.leases, a);
	assert_int_equal(l->state, LEASE_BOUND);
	assert_int_equal(l->expires_ms, b->now + 3600 * 1000);
	b->wall_s += 20 * 86400; /* forward: ended, but still this client's first choice */
	bench_restart(b);
	assert_int_equal(lease_by_addr(&b->s.leases, a)->state, LEASE_FREE);
	assert_int_not_equal(bench_lease(b, 2), a);
	assert_int_equal(bench_renew(b, 1, a), DHCP_REPLY);
	assert_int_equal(b->r.type, DHCP_ACK);
}

static void hostname_kept_bounded(void **state)
{
	struct bench *b = *state;
	char name[255];
	struct cmsg m;

	memset(name, 'x', sizeof(name));
	name[3] = '\n';
	cmsg_start(&m, DHCP_DISCOVER, 1);
	cmsg_opt(&m, OPT_HOSTNAME, name, sizeof(name));
	assert_int_equal(bench_send(b, &m), DHCP_REPLY);
	assert_int_equal(lease_by_addr(&b->s.leases, reply_yiaddr(b))->hostname_len, 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(d1_offer_golden),
		TEST(d2_broadcast_bit),
		TEST(d3_offer_is_kept_and_repeated),
		TEST(d4_distinct_to_the_last),
		TEST(d4_never_ours),
		TEST(d5_client_id_echoed),
		TEST(d6_client_id_names_the_client),
		TEST(d7_renew_and_rebind),
		TEST(d7_renew_of_somebody_elses),
		TEST(d8_init_reboot),
		TEST(d9_other_server_left_alone),
		TEST(d10_decline_quarantines),
		TEST(d10_decline_cannot_burn_the_pool),
		TEST(d11_release_and_same_again),
		TEST(d12_release_by_a_stranger),
		TEST(d13_inform),
		TEST(d14_relay),
		TEST(d15_message_size),
		TEST(d17_probe),
		TEST(d18_rapid_commit_and_lease_query_ignored),
		TEST(lease_time_within_bounds),
		TEST(parameter_list_honoured),
		TEST(requested_address_given_if_free),
		TEST(oldest_expired_is_reused),
		TEST(offer_expires),
		TEST(full_disk_no_ack),
		TEST(restart_keeps_leases),
		TEST(clock_jumps),
		TEST(hostname_kept_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
