/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests behind one MAC address: what is rewritten, what is learnt, what is refused. */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "modes/bridge/singlemac.h"
#include "tests/unit/unit.h"

static const struct mac nic = {{2, 0, 0, 0, 0, 0xff}}, peer = {{2, 0, 0, 0, 0, 0xee}};
static struct pkt_pool *pool;
static struct singlemac *s;

static struct mac guest(unsigned int n)
{
	return (struct mac){{0x52, 0x54, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

static int setup(void **state)
{
	(void)state;
	pool = pkt_pool_create(4);
	s = singlemac_create(&nic);
	return !pool || !s;
}

static int teardown(void **state)
{
	(void)state;
	singlemac_destroy(s);
	pkt_pool_destroy(pool);
	return 0;
}

static struct pkt *frame(const struct mac *src, const struct mac *dst, uint16_t type,
			 const void *body, size_t len)
{
	struct pkt *p = pkt_alloc(pool);
	struct eth_hdr eth = {*dst, *src, htons(type)};

	memcpy(p->data, &eth, sizeof(eth));
	memcpy(p->data + sizeof(eth), body, len);
	p->len = (uint32_t)(sizeof(eth) + len);
	return p;
}

static struct arp_hdr arp_from(const struct mac *mac, be32 spa, be32 tpa, uint16_t op)
{
	return (struct arp_hdr){.htype = htons(1),
				.ptype = htons(ETHERTYPE_IP4),
				.hlen = 6,
				.plen = 4,
				.op = htons(op),
				.sha = *mac,
				.spa = spa,
				.tha = nic,
				.tpa = tpa};
}

static be32 ip(unsigned int last)
{
	return htonl(0x0a000000 + last);
}

static enum drop_reason send_arp(unsigned int from, unsigned int addr, msec now)
{
	struct mac mac = guest(from);
	struct arp_hdr arp = arp_from(&mac, ip(addr), ip(254), ARP_REQUEST);
	struct pkt *p = frame(&mac, &MAC_BROADCAST, ETHERTYPE_ARP_, &arp, sizeof(arp));
	enum drop_reason reason = singlemac_out(s, p, now);

	pkt_put(p);
	return reason;
}

/* Who gets an IPv4 packet to @addr that comes in for the NIC? */
static enum drop_reason receive(unsigned int addr, msec now, struct mac *to)
{
	struct ip4_hdr h = {.ver_ihl = 0x45, .src = ip(254), .dst = ip(addr), .tot_len = htons(20)};
	struct pkt *p = frame(&peer, &nic, ETHERTYPE_IP4, &h, sizeof(h));
	enum drop_reason reason = singlemac_in(s, p, now);

	*to = ((struct eth_hdr *)(void *)p->data)->dst;
	pkt_put(p);
	return reason;
}

static void arp_carries_the_nics_address(void **state)
{
	struct mac g = guest(1), to;
	struct arp_hdr arp = arp_from(&g, ip(1), ip(254), ARP_REQUEST), *got;
	struct pkt *p = frame(&g, &MAC_BROADCAST, ETHERTYPE_ARP_, &arp, sizeof(arp));

	(void)state;
	assert_int_equal(singlemac_out(s, p, 1000), DROP_NONE);
	got = pkt_at(p, ETH_HLEN_, sizeof(*got));
	assert_true(mac_equal(&got->sha, &nic));
	assert_true(mac_equal(&((struct eth_hdr *)(void *)p->data)->src, &nic));
	pkt_put(p);
	/* the answer */
	arp = arp_from(&peer, ip(254), ip(1), ARP_REPLY);
	p = frame(&peer, &nic, ETHERTYPE_ARP_, &arp, sizeof(arp));
	assert_int_equal(singlemac_in(s, p, 1000), DROP_NONE);
	got = pkt_at(p, ETH_HLEN_, sizeof(*got));
	assert_true(mac_equal(&got->tha, &g));
	assert_true(mac_equal(&((struct eth_hdr *)(void *)p->data)->dst, &g));
	pkt_put(p);
	assert_int_equal(receive(1, 1000, &to), DROP_NONE);
	assert_true(mac_equal(&to, &g));
	assert_int_equal(receive(2, 1000, &to), DROP_CONSUMED);
}

static void a_dhcp_client_asks_for_broadcast(void **state)
{
	struct {
		struct ip4_hdr ip;
		struct udp_hdr udp;
		uint8_t bootp[240];
	} WIRE_PACKED m = {.ip = {.ver_ihl = 0x45, .proto = 17, .tot_len = htons(268)},
			   .udp = {htons(68), htons(67), htons(248), 0}},
		      *got;
	struct mac g = guest(1);
	struct pkt *p;
	uint32_t sum;

	(void)state;
	m.ip.dst = 0xffffffff;
	m.bootp[0] = 1;
	memcpy(m.bootp + 28, &g, sizeof(g));
	m.udp.csum = csum_fold(csum_add(csum_pseudo4(0, m.ip.dst, 17, 248), &m.udp, 248));
	p = frame(&g, &MAC_BROADCAST, ETHERTYPE_IP4, &m, sizeof(m));
	assert_int_equal(singlemac_out(s, p, 0), DROP_NONE);
	got = pkt_at(p, ETH_HLEN_, sizeof(*got));
	assert_int_equal(got->bootp[10], 0x80);
	assert_memory_equal(got->bootp + 28, &g, sizeof(g));
	sum = csum_add(csum_pseudo4(0, m.ip.dst, 17, 248), &got->udp, 248);
	assert_int_equal(csum_fold(sum), 0);
	pkt_put(p);
	assert_int_equal(singlemac_count(s), 0); /* 0.0.0.0 is nobody's */

	/* A server that answers by unicast all the same. */
	m.ip.src = ip(254);
	m.ip.dst = ip(77);
	m.udp.sport = htons(67);
	m.udp.dport = htons(68);
	m.bootp[0] = 2;
	p = frame(&peer, &nic, ETHERTYPE_IP4, &m, sizeof(m));
	assert_int_equal(singlemac_in(s, p, 0), DROP_NONE);
	assert_true(mac_equal(&((struct eth_hdr *)(void *)p->data)->dst, &g));
	pkt_put(p);
}

static void neighbour_discovery_keeps_its_checksum(void **state)
{
	struct {
		struct ip6_hdr_wire ip;
		uint8_t icmp[32];
	} WIRE_PACKED m = {.ip = {.ver_class_flow = htonl(6u << 28),
				  .payload_len = htons(32),
				  .next = 58,
				  .src = {0xfe, 0x80, [15] = 1},
				  .dst = {0xff, 2, [15] = 2}},
			   .icmp = {135, [24] = 1, [25] = 1}},
		      *got;
	struct mac g = guest(1);
	struct pkt *p;
	be16 csum;

	(void)state;
	memcpy(m.icmp + 26, &g, sizeof(g));
	csum = csum_fold(csum_add(csum_pseudo6(m.ip.src, m.ip.dst, 58, 32), m.icmp, 32));
	memcpy(m.icmp + 2, &csum, sizeof(csum));
	p = frame(&g, &MAC_BROADCAST, ETHERTYPE_IP6, &m, sizeof(m));
	assert_int_equal(singlemac_out(s, p, 0), DROP_NONE);
	got = pkt_at(p, ETH_HLEN_, sizeof(*got));
	assert_memory_equal(got->icmp + 26, &nic, sizeof(nic));
	assert_int_equal(
		csum_fold(csum_add(csum_pseudo6(m.ip.src, m.ip.dst, 58, 32), got->icmp, 32)), 0);
	pkt_put(p);
	assert_int_equal(singlemac_count(s), 1);

	/* An option of no length must not loop for ever. */
	m.icmp[25] = 0;
	p = frame(&g, &MAC_BROADCAST, ETHERTYPE_IP6, &m, sizeof(m));
	assert_int_equal(singlemac_out(s, p, 0), DROP_NONE);
	pkt_put(p);
}

static void the_table_is_bounded_fair_and_ages(void **state)
{
	struct mac to, g2 = guest(2);

	(void)state;
	assert_int_equal(send_arp(2, 1, 0), DROP_NONE);
	for (unsigned int i = 100; i < 5000; i++)
		assert_int_equal(send_arp(1, i, i), DROP_NONE);
	assert_int_equal(singlemac_count(s), 1 + SINGLEMAC_PER_GUEST);
	assert_int_equal(receive(1, 5000, &to), DROP_NONE);
	assert_true(mac_equal(&to, &g2));
	for (unsigned int i = 0; i < SINGLEMAC_ADDRS; i++)
		send_arp(10 + i, 10000 + i, 5000);
	assert_int_equal(singlemac_count(s), SINGLEMAC_ADDRS);
	assert_int_equal(send_arp(5000, 20000, 5000), DROP_TABLE_FULL);
	assert_int_equal(receive(1, 5000, &to), DROP_NONE);
	assert_int_equal(receive(1, 5001 + SINGLEMAC_AGE_MS, &to), DROP_CONSUMED);
	singlemac_age(s, 5001 + SINGLEMAC_AGE_MS);
	assert_int_equal(singlemac_count(s), 0);
}

static void the_hosts_address_is_not_a_guests(void **state)
{
	struct ip_any own = ip_any4(ip(9));
	struct mac to;

	(void)state;
	singlemac_host_addrs(s, &own, 1);
	assert_int_equal(send_arp(1, 9, 0), DROP_SPOOFED);
	assert_int_equal(receive(9, 0, &to), DROP_CONSUMED);
}

static void what_cant_be_translated_is_dropped(void **state)
{
	struct mac g = guest(1);
	uint8_t body[46] = {0};
	const struct {
		uint16_t type;
		size_t len;
		enum drop_reason reason;
	} all[] = {{0x88cc, 46, DROP_PROTO},	       {ETHERTYPE_CTAG, 46, DROP_PROTO},
		   {ETHERTYPE_ARP_, 27, DROP_BAD_ARP}, {ETHERTYPE_IP4, 46, DROP_BAD_IP},
		   {ETHERTYPE_IP6, 39, DROP_BAD_IP},   {ETHERTYPE_IP6, 46, DROP_BAD_IP}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct pkt *p = frame(&g, &peer, all[i].type, body, all[i].len);

		assert_int_equal(singlemac_out(s, p, 0), all[i].reason);
		pkt_put(p);
	}
}

static void an_echo_is_known(void **state)
{
	struct arp_hdr arp = arp_from(&nic, ip(1), ip(254), ARP_REQUEST);
	struct pkt *p;

	(void)state;
	send_arp(1, 1, 0);
	p = frame(&nic, &MAC_BROADCAST, ETHERTYPE_ARP_, &arp, sizeof(arp));
	assert_int_equal(singlemac_in(s, p, 0), DROP_SPOOFED);
	pkt_put(p);
	/* The host's own broadcast is none. */
	arp.spa = ip(9);
	p = frame(&nic, &MAC_BROADCAST, ETHERTYPE_ARP_, &arp, sizeof(arp));
	assert_int_equal(singlemac_in(s, p, 0), DROP_NONE);
	pkt_put(p);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(arp_carries_the_nics_address),
		T(a_dhcp_client_asks_for_broadcast),
		T(neighbour_discovery_keeps_its_checksum),
		T(the_table_is_bounded_fair_and_ages),
		T(the_hosts_address_is_not_a_guests),
		T(what_cant_be_translated_is_dropped),
		T(an_echo_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
