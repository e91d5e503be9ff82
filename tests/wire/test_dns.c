/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name server as frames: which it takes, what it answers, by UDP and TCP, and what it leaves to
 * others. */
#include <arpa/inet.h>

#include "dns/wire.h"
#include "lib/csum.h"
#include "tests/wire/world.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/netdns.h"

static struct world w;
static const uint8_t question[] = "\0\7\1\0\0\1\0\0\0\0\0\0\3dns\1n\4vnet\0\0\1\0"; /* and a 1 */

enum { QUESTION = sizeof(question), CLIENT_PORT = 999 };

static be32 addr(uint8_t last)
{
	return htonl(0x0a000200u | last);
}

static int setup(void **state)
{
	struct net_conf *c;
	struct err err;

	(void)state;
	world_init(&w, 2);
	c = &w.net->conf;
	c->subnet = (struct ip4_prefix){addr(0), 24};
	c->dhcp_server = addr(254);
	c->dhcp_first = addr(128);
	c->dhcp_last = addr(253);
	c->dhcp = true;
	if (netdns_start(w.net, NET_DNS_OWN, &err) || netdhcp_start(w.net, &err))
		fail_msg("%s", err.text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	netdns_stop(w.net);
	netdhcp_stop(w.net);
	netdhcp_forget(w.net->conf.name);
	world_fini(&w);
	netdhcp_close_store();
	return 0;
}

/* ---- frames ---------------------------------------------------------------------------------- */

struct frame {
	uint8_t b[2048];
	size_t len;
};

static struct ip4_hdr *ip_of(struct frame *f)
{
	return (void *)(f->b + ETH_HLEN_);
}

/* @len bytes of layer 4 from 10.0.2.5 to the station; checksums right. */
static struct frame wrap(uint8_t proto, const void *l4, size_t len)
{
	struct frame f = {.len = ETH_HLEN_ + 20 + len};
	size_t at = proto == IPPROTO_UDP_ ? 6 : 16;
	be16 csum;

	*(struct eth_hdr *)f.b = (struct eth_hdr){
		.dst = port_find("n.dhcp")->mac, .src = station(1), .type = htons(ETHERTYPE_IP4)};
	*ip_of(&f) = (struct ip4_hdr){.ver_ihl = 0x45,
				      .tot_len = htons((uint16_t)(20 + len)),
				      .ttl = 64,
				      .proto = proto,
				      .src = addr(5),
				      .dst = addr(254)};
	ip_of(&f)->csum = csum_ip4(ip_of(&f), 20);
	memcpy(f.b + 34, l4, len);
	csum = csum_fold(
		csum_add(csum_pseudo4(addr(5), addr(254), proto, (uint32_t)len), f.b + 34, len));
	memcpy(f.b + 34 + at, &csum, sizeof(csum));
	return f;
}

static struct frame udp(uint16_t dport)
{
	uint8_t b[8 + QUESTION];

	*(struct udp_hdr *)b =
		(struct udp_hdr){htons(CLIENT_PORT), htons(dport), htons(sizeof(b)), 0};
	memcpy(b + 8, question, QUESTION);
	b[8 + QUESTION - 1] = 1;
	return wrap(IPPROTO_UDP_, b, sizeof(b));
}

static struct frame tcp(uint32_t seq, uint32_t ack, uint8_t flags, const void *data, size_t len)
{
	uint8_t b[20 + 64];

	*(struct tcp_hdr *)b = (struct tcp_hdr){.sport = htons(CLIENT_PORT),
						.dport = htons(53),
						.seq = htonl(seq),
						.ack = htonl(ack),
						.off = 0x50,
						.flags = flags,
						.window = htons(8000)};
	memcpy(b + 20, data, len);
	return wrap(IPPROTO_TCP_, b, 20 + len);
}

static void put_in(const struct frame *f)
{
	assert_int_equal(port_dummy_receive(w.port[0], f->b, f->len, NULL), 0);
}

/* The next frame to the guest whose layer 4 is @proto; every sum in it is right. */
static bool take(struct frame *f, uint8_t proto)
{
	struct pkt *p;

	while ((p = port_dummy_sent(w.port[0]))) {
		memcpy(f->b, p->data, p->len);
		f->len = p->len;
		pkt_put(p);
		if (ip_of(f)->proto != proto)
			continue;
		assert_int_equal(ref_sum(f->b + 14, 20, 0), 0xffff);
		assert_int_equal(
			ref_sum(f->b + 34, f->len - 34,
				ref_pseudo(f->b + 14, false, proto, (uint32_t)(f->len - 34))),
			0xffff);
		assert_int_equal(ip_of(f)->src, addr(254));
		return true;
	}
	return false;
}

/* Is there, at @off, the answer 10.0.2.254? */
static void expect_answer(const struct frame *f, size_t off)
{
	assert_int_equal(dns_get16(f->b + off), 7);
	assert_int_equal(dns_get16(f->b + off + 2) & (DNS_QR | DNS_AA | DNS_RCODE),
			 DNS_QR | DNS_AA);
	assert_int_equal(dns_get16(f->b + off + 6), 1);
	assert_memory_equal(f->b + f->len - 4, "\12\0\2\376", 4);
}

/* ---- what it takes --------------------------------------------------------------------------- */

static void a_question_by_udp(void **state)
{
	struct frame f = udp(53), got = {.len = 0};

	(void)state;
	put_in(&f);
	assert_true(take(&got, IPPROTO_UDP_));
	expect_answer(&got, 42);
	assert_int_equal(dns_get16(got.b + 36), CLIENT_PORT);
}

static void a_question_by_tcp(void **state)
{
	struct frame f = tcp(100, 0, TCP_SYN, "", 0), got = {.len = 0};
	uint8_t data[2 + QUESTION] = {0, QUESTION};
	uint32_t theirs;

	(void)state;
	put_in(&f);
	assert_true(take(&got, IPPROTO_TCP_));
	assert_int_equal(got.b[47], TCP_SYN | TCP_ACK);
	theirs = dns_get32(got.b + 38) + 1;
	memcpy(data + 2, question, QUESTION);
	data[sizeof(data) - 1] = 1;
	f = tcp(101, theirs, TCP_ACK | TCP_PSH, data, sizeof(data));
	put_in(&f);
	assert_true(take(&got, IPPROTO_TCP_));
	expect_answer(&got, 34 + 20 + 2);
	f = tcp(101 + sizeof(data), theirs + (uint32_t)(got.len - 54), TCP_ACK | TCP_FIN, "", 0);
	put_in(&f);
	assert_true(take(&got, IPPROTO_TCP_));
	assert_true(got.b[47] & TCP_FIN);
}

/* ---- what it does not ------------------------------------------------------------------------ */

static void frames_that_are_wrong(void **state)
{
	struct port *port = port_find("n.dhcp");
	struct frame f = udp(53), got = {.len = 0};

	(void)state;
	f.b[f.len - 2] ^= 1; /* the checksum does not fit */
	put_in(&f);
	assert_int_equal(world_drops(port, DROP_BAD_CSUM), 1);
	f = udp(53);
	f.b[39] = 200; /* longer than its packet */
	put_in(&f);
	assert_int_equal(world_drops(port, DROP_BAD_L4), 1);
	f = udp(53);
	ip_of(&f)->src = htonl(0xc0000201); /* not of the network */
	ip_of(&f)->csum = 0;
	ip_of(&f)->csum = csum_ip4(ip_of(&f), 20);
	memset(f.b + 40, 0, 2);
	put_in(&f);
	assert_int_equal(world_drops(port, DROP_SPOOFED), 1);
	assert_false(take(&got, IPPROTO_UDP_));
}

static void other_ports_and_addresses(void **state)
{
	struct frame f = udp(54), got = {.len = 0};

	(void)state;
	put_in(&f);
	f = udp(53);
	ip_of(&f)->dst = addr(200);
	put_in(&f);
	assert_false(take(&got, IPPROTO_UDP_));
}

static void switched_off_and_on(void **state)
{
	struct frame f = udp(53), got = {.len = 0};
	struct err err;

	(void)state;
	assert_int_equal(w.net->conf.dhcp_dns, addr(254));
	assert_string_equal(w.net->conf.domain, "n.vnet");
	assert_int_equal(netdns_settings[0].set(w.net, "off", &err), 0);
	put_in(&f);
	assert_false(take(&got, IPPROTO_UDP_));
	assert_int_equal(w.net->conf.dhcp_dns, 0);
	assert_string_equal(w.net->conf.domain, "");
	/* A resolver that is on the network itself is what guests are told. */
	assert_int_equal(netdns_settings[0].set(w.net, "10.0.2.53", &err), 0);
	assert_int_equal(w.net->conf.dhcp_dns, addr(53));
	assert_int_equal(netdns_settings[0].set(w.net, "own", &err), 0);
	put_in(&f);
	assert_true(take(&got, IPPROTO_UDP_));
	assert_int_not_equal(netdns_settings[0].set(w.net, "nobody", &err), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_question_by_udp),	      T(a_question_by_tcp),   T(frames_that_are_wrong),
		T(other_ports_and_addresses), T(switched_off_and_on),
	};

	return cmocka_run_group_tests_name("dns", tests, NULL, NULL);
}
