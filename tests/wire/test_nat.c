/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The NAT gateway on a switch: guests are dummy ports, the outside is a list of packets. */
#include <arpa/inet.h>

#include "lib/csum.h"
#include "modes/nat/nat_gateway.h"
#include "tests/wire/world.h"

enum { OUT_MAX = 64, ARP_LEN = 42 };

static struct world w;
static struct gateway gw;
static struct nat_ext *ext;
static struct port *gw_port;
static struct pkt *out[OUT_MAX];
static unsigned int n_out;

static be32 addr(const char *text)
{
	be32 a;

	assert_int_equal(ip4_parse(text, &a), 0);
	return a;
}

static enum drop_reason env_route(void *ctx, be32 dst, struct nat_route *rt)
{
	(void)ctx;
	*rt = (struct nat_route){ext, dst, 1500, dst == ext->addr, NULL};
	return DROP_NONE;
}

static void env_outside(void *ctx, const struct nat_route *rt, struct pkt *p)
{
	(void)ctx;
	(void)rt;
	assert_true(n_out < OUT_MAX);
	out[n_out++] = p;
}

static void env_inside(void *ctx, be32 dst, struct pkt *p)
{
	(void)ctx;
	gateway_send(&gw, dst, p, w.runner.now);
}

static void gw_emit(void *ctx, struct pkt *p)
{
	(void)ctx;
	port_local_inject(gw_port, p);
}

static void gw_lost(void *ctx, enum drop_reason why, struct pkt *p)
{
	(void)ctx;
	port_drop(gw_port, why, p);
}

static void gw_input(void *ctx, struct pkt *p)
{
	(void)ctx;
	gateway_input(&gw, p, w.runner.now);
}

static int setup(void **state)
{
	const uint64_t seed[4] = {1, 2, 3, 4};
	struct nat_conf conf = {.mtu = 1500, .set = NAT_SETTINGS_DEFAULT};
	struct nat_env env = {.route = env_route, .outside = env_outside, .inside = env_inside};
	struct err err;

	(void)state;
	world_init(&w, 2);
	conf.subnet = (struct ip4_prefix){addr("10.0.2.0"), 24};
	conf.gateway = addr("10.0.2.2");
	conf.host = addr("10.0.2.1");
	env.pool = w.runner.pool;
	ext = nat_ext_create(addr("198.51.100.2"), NAT_PORT_FIRST, NAT_PORT_LAST, 120000, seed);
	gw = (struct gateway){.nat = nat_create(&conf, &env, seed, w.runner.now),
			      .addr = conf.gateway,
			      .mac = mac_from_name("n.gateway"),
			      .pool = w.runner.pool,
			      .emit = gw_emit,
			      .lost = gw_lost};
	assert_int_equal(gateway_init(&gw, 24), 0);
	gw_port = port_local_add(w.net, "n.gateway", &gw.mac, gw_input, NULL, &err);
	assert_non_null(gw_port);
	n_out = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (n_out)
		pkt_put(out[--n_out]);
	gateway_fini(&gw);
	port_del(gw_port, true);
	nat_destroy(gw.nat);
	nat_ext_destroy(ext);
	world_fini(&w);
	return 0;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void send_arp(unsigned int guest, unsigned int op, const char *spa, const char *tpa,
		     size_t len)
{
	uint8_t frame[ARP_LEN] = {0};
	struct eth_hdr *eth = (void *)frame;
	struct arp_hdr *arp = (void *)(eth + 1);

	*eth = (struct eth_hdr){MAC_BROADCAST, station(guest), htons(ETHERTYPE_ARP_)};
	*arp = (struct arp_hdr){.htype = htons(1),
				.ptype = htons(ETHERTYPE_IP4),
				.hlen = 6,
				.plen = 4,
				.op = htons((uint16_t)op),
				.sha = station(guest),
				.spa = addr(spa),
				.tpa = addr(tpa)};
	port_dummy_receive(w.port[guest - 1], frame, len, NULL);
}

/* A TCP packet of guest 1, 10.0.2.5, to 198.51.100.7:80 by the gateway. */
static void send_tcp(uint8_t flags, size_t payload, uint16_t gso)
{
	struct frame_spec s = {.payload = payload, .gso_size = gso, .tcp_flags = flags};
	struct pkt *p = frame_make(w.runner.pool, &s);
	struct eth_hdr *eth = (void *)p->data;

	eth->dst = gw.mac;
	eth->src = station(1);
	world_input(w.port[0], p);
}

/* The answer to what is at out[@i], as it comes from outside. */
static enum drop_reason answer(unsigned int i, uint8_t flags)
{
	struct pkt *p = pkt_from(w.runner.pool, out[i]->data, 54);
	struct ip4_hdr *ip = (void *)(p->data + 14);
	uint8_t *tcp = p->data + 34;
	be32 a = ip->src;
	struct nat *owner;
	enum drop_reason why;

	ip->src = ip->dst;
	ip->dst = a;
	ip->tot_len = htons(40);
	ip->csum = 0;
	ip->csum = csum_ip4(ip, 20);
	memcpy(tcp, out[i]->data + 36, 2);
	memcpy(tcp + 2, out[i]->data + 34, 2);
	tcp[13] = flags;
	put16(tcp + 16, 0);
	put16(tcp + 16, (uint16_t)~ref_sum(tcp, 20, ref_pseudo(p->data + 14, false, 6, 20)));
	why = nat_from_outside(ext, p, w.runner.now, &owner);
	if (why)
		pkt_put(p);
	return why;
}

static void drain(struct port *port)
{
	struct pkt *p;

	while ((p = port_dummy_sent(port)))
		pkt_put(p);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void gateway_answers_arp(void **state)
{
	struct pkt *p;
	const struct arp_hdr *arp;

	(void)state;
	send_arp(1, ARP_REQUEST, "10.0.2.5", "10.0.2.2", ARP_LEN);
	p = port_dummy_sent(w.port[0]);
	assert_non_null(p);
	arp = (const void *)(p->data + 14);
	assert_int_equal(arp->op, htons(ARP_REPLY));
	assert_true(mac_equal(&arp->sha, &gw.mac));
	assert_int_equal(arp->spa, gw.addr);
	pkt_put(p);
	/* Not for others, and not to what is cut. */
	send_arp(1, ARP_REQUEST, "10.0.2.5", "10.0.2.9", ARP_LEN);
	for (size_t len = 14; len < ARP_LEN; len++)
		send_arp(1, ARP_REQUEST, "10.0.2.5", "10.0.2.2", len);
	assert_null(port_dummy_sent(w.port[0]));
	assert_int_equal(world_drops(gw_port, DROP_BAD_ARP), ARP_LEN - 14);
}

static void out_and_back(void **state)
{
	struct pkt *p;

	(void)state;
	send_tcp(TCP_SYN, 0, 0);
	assert_int_equal(n_out, 1);
	assert_int_equal(((struct ip4_hdr *)(void *)(out[0]->data + 14))->src, ext->addr);
	assert_int_equal(answer(0, TCP_SYN | TCP_ACK), DROP_NONE);
	p = port_dummy_sent(w.port[0]);
	assert_non_null(p);
	assert_true(mac_equal(&((struct eth_hdr *)(void *)p->data)->src, &gw.mac));
	assert_memory_equal(p->data, station(1).b, 6);
	assert_int_equal(((struct ip4_hdr *)(void *)(p->data + 14))->dst, addr("10.0.2.5"));
	assert_int_equal(p->data[36] << 8 | p->data[37], 40000);
	pkt_put(p);
	/* Known by its traffic: no ARP was needed, and nobody else heard. */
	assert_int_equal(world_take(w.port[1]), -1);
}

static void super_frames_stay_whole(void **state)
{
	(void)state;
	send_tcp(TCP_SYN, 0, 0);
	assert_int_equal(answer(0, TCP_SYN | TCP_ACK), DROP_NONE);
	send_tcp(TCP_ACK, 60000, 1448);
	assert_int_equal(n_out, 2);
	assert_true(out[1]->len > 60000);
	assert_true(pkt_is_gso(out[1]));
}

static void a_silent_guest_is_asked_for(void **state)
{
	struct nat_key k = {ext, NAT_TCP, addr("10.0.2.77"), 0, htons(80), 0};
	struct nat_mapping *m;
	unsigned int asked = 0;
	struct pkt *p;
	int error = 0;

	(void)state;
	send_tcp(TCP_SYN, 0, 0); /* something to answer to */
	drain(w.port[0]);
	m = nat_mapping_add_forward(&gw.nat->table, &k, htons(8080), w.runner.now, &error);
	assert_non_null(m);
	put16(out[0]->data + 34, 8080);
	assert_int_equal(answer(0, TCP_SYN), DROP_NONE);
	p = port_dummy_sent(w.port[1]);
	assert_non_null(p);
	assert_int_equal(p->len, ARP_LEN);
	pkt_put(p);
	/* It answers: what waited arrives. */
	send_arp(2, ARP_REPLY, "10.0.2.77", "10.0.2.2", ARP_LEN);
	p = port_dummy_sent(w.port[1]);
	assert_non_null(p);
	assert_int_equal(((struct ip4_hdr *)(void *)(p->data + 14))->dst, addr("10.0.2.77"));
	pkt_put(p);

	/* Another one never does. */
	nat_mapping_del(&gw.nat->table, m, NAT_END_FORWARD, w.runner.now);
	k.addr = addr("10.0.2.78");
	assert_non_null(
		nat_mapping_add_forward(&gw.nat->table, &k, htons(8080), w.runner.now, &error));
	assert_int_equal(answer(0, TCP_SYN), DROP_NONE);
	for (int i = 0; i < 6; i++) {
		runner_step(&w.runner, w.runner.now + 1000);
		gateway_tick(&gw, w.runner.now);
		net_flush(w.net);
		for (; (p = port_dummy_sent(w.port[1])); pkt_put(p))
			asked++;
	}
	assert_int_equal(asked, 3);
	assert_int_equal(world_drops(gw_port, DROP_NO_NEIGHBOUR), 1);
}

static void nobody_claims_the_networks_addresses(void **state)
{
	static const struct {
		const char *spa;
		enum drop_reason want;
	} rows[] = {{"10.0.2.2", DROP_SPOOFED},
		    {"10.0.2.1", DROP_SPOOFED},
		    {"10.0.2.5", DROP_NONE},
		    {"0.0.0.0", DROP_NONE}}; /* RFC 5227 probe */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pkt *p = pkt_alloc(w.runner.pool);
		struct eth_hdr *eth = (void *)p->data;
		struct arp_hdr *arp = (void *)(eth + 1);

		p->len = ARP_LEN;
		*eth = (struct eth_hdr){MAC_BROADCAST, station(1), htons(ETHERTYPE_ARP_)};
		*arp = (struct arp_hdr){.htype = htons(1),
					.ptype = htons(ETHERTYPE_IP4),
					.hlen = 6,
					.plen = 4,
					.op = htons(ARP_REQUEST),
					.sha = station(1),
					.spa = addr(rows[i].spa)};
		assert_int_equal(gateway_check_claim(&gw, p), rows[i].want);
		eth->src = gw.mac;
		assert_int_equal(gateway_check_claim(&gw, p), DROP_SPOOFED);
		pkt_put(p);
	}
	/* A probe teaches nothing. */
	send_arp(1, ARP_REQUEST, "0.0.0.0", "10.0.2.5", ARP_LEN);
	assert_null(gateway_mac_of(&gw, addr("10.0.2.5")));
}

static void an_arp_flood_evicts_nobody(void **state)
{
	(void)state;
	send_arp(2, ARP_REQUEST, "10.0.2.9", "10.0.2.2", ARP_LEN);
	for (unsigned int i = 0; i < 20000; i++) {
		char text[IP4_STR];

		snprintf(text, sizeof(text), "10.0.%u.%u", 3 + i / 250 % 200, 1 + i % 250);
		send_arp(1, ARP_REQUEST, text, "10.0.2.2", ARP_LEN);
	}
	drain(w.port[0]);
	assert_non_null(gateway_mac_of(&gw, addr("10.0.2.9")));
	assert_memory_equal(gateway_mac_of(&gw, addr("10.0.2.9")), station(2).b, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gateway_answers_arp, setup, teardown),
		cmocka_unit_test_setup_teardown(out_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(super_frames_stay_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(a_silent_guest_is_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_claims_the_networks_addresses, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_arp_flood_evicts_nobody, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
