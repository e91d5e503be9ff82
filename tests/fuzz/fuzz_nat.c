/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_nat - a list of packets from inside and outside, by the gateway and past it, with steps of
 * the clock and changes of what is set between them.
 *
 * Each record: one byte what (bit 0: from outside, bit 1: a command instead, bit 2: mend no
 * checksum, bit 3: leave it to an offload, bit 4: to the port used last outside, bit 5: as a
 * super-frame, bit 6: to the gateway, from a guest or, with bit 0, from the host, bit 7: that is
 * ARP), one byte length in units of 4, then the IPv4 packet. A command is bits 2 to 4 (enum
 * command; with bit 5 EXTRA), its argument the length. Addresses and protocols are drawn to the few
 * that matter, so that packets meet: some of what comes from outside is for one of the extra
 * addresses, which commands make a static map or the pool's. What leaves must have its checksums
 * right (unless they were left wrong on purpose) and, outside, the address it goes by as source;
 * the table must be one at the end; nothing may leak.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/gso.h"
#include "modes/nat/nat_extra.h"
#include "modes/nat/nat_gateway.h"
#include "modes/nat/nat_reset.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/nat_packets.h"
#include "tests/unit/nat_world.h"

enum command {
	STEP,
	SET_MAPPING,
	SET_FILTER,
	FORWARD_ADD,
	FORWARD_DEL,
	EXT_GONE,
	SET_WAY,
	LOSE_NEXT,
	EXTRA /* arg: bits 0, 1 which, bit 2 a map and not the pool, bit 3 whose, bit 4 the pooling,
		 bit 5 out again */
};

static const struct mac gateway_mac = {{2, 0, 0, 0, 0, 1}}, host_mac = {{2, 0, 0, 0, 0, 2}};

static struct gateway gw;
static uint16_t host_port; /* that the host was last spoken to from */
static bool lose_next;

/* ---- the gateway ----------------------------------------------------------------------------- */

static void gw_emit(void *ctx, struct pkt *p)
{
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));

	(void)ctx;
	MUST(eth && mac_equal(&eth->src, &gateway_mac));
	if (mac_equal(&eth->dst, &host_mac) && p->len >= ETH_HLEN_ + 28)
		host_port = port_of(p, 0);
	pkt_put(p);
}

static void gw_lost(void *ctx, enum drop_reason why, struct pkt *p)
{
	(void)ctx;
	MUST(why != DROP_NONE);
	pkt_put(p);
}

static void gw_reset(struct world *w)
{
	static const uint64_t seed[2] = {5, 6};

	if (!gw.host_ext)
		gw.host_ext = nat_ext_create(GATEWAY, 1024, 1151, 1000, seed);
	else
		gateway_fini(&gw);
	gw = (struct gateway){.nat = w->nat,
			      .addr = GATEWAY,
			      .mac = gateway_mac,
			      .pool = w->pool,
			      .emit = gw_emit,
			      .lost = gw_lost,
			      .host_ext = gw.host_ext,
			      .host_to = HOST_LEG,
			      .host_mac = host_mac};
	MUST(gw.host_ext && gateway_init(&gw, 24) == 0);
}

/* Takes @p: a body behind room for an Ethernet header. */
static void feed_gateway(struct world *w, uint8_t what, struct pkt *p)
{
	struct eth_hdr *eth = (void *)p->data;
	struct arp_hdr *arp = pkt_at(p, ETH_HLEN_, sizeof(*arp));

	eth->dst = gateway_mac;
	eth->src = what & OUTSIDE_IN ? host_mac : (struct mac){{2, 0, 0, 0, 1, what & 1}};
	eth->type = htons(what & ARP ? ETHERTYPE_ARP_ : ETHERTYPE_IP4);
	if (arp && (what & ARP) && !(what & RAW)) {
		*arp = (struct arp_hdr){.htype = htons(1),
					.ptype = htons(ETHERTYPE_IP4),
					.hlen = ETH_ALEN_,
					.plen = 4,
					.op = arp->op & htons(3),
					.sha = eth->src,
					.spa = nat_gateway_end(arp->spa, what & OUTSIDE_IN, true),
					.tpa = nat_gateway_end(arp->tpa, false, false)};
	}
	if (!(what & OUTSIDE_IN) && gateway_check_claim(&gw, p) != DROP_NONE)
		pkt_put(p);
	else
		gateway_input(&gw, p, w->now);
}

/* ---- extra addresses ------------------------------------------------------------------------- */

static struct nat_ext *ext_of(const struct world *w, be32 addr)
{
	for (unsigned int i = 0; i < WORLD_EXTRAS; i++)
		if (w->extras[i]->addr == addr)
			return w->extras[i];
	return w->ext;
}

static void extra_leave(struct world *w, struct nat_ext *ext)
{
	nat_one_del(w->nat, ext);
	nat_pool_del(w->nat, ext, w->now);
}

static void extra(struct world *w, uint8_t arg)
{
	struct nat_ext *ext = w->extras[arg & 3];

	w->nat->pool_arbitrary = arg & 16;
	extra_leave(w, ext);
	if (arg & 32)
		return;
	MUST(arg & 4 ? nat_one_add(w->nat, ext, arg & 8 ? GUEST_A : GUEST_B)
		     : nat_pool_add(w->nat, ext));
}

static void extras_make(struct world *w)
{
	const uint64_t seed[2] = {7, 8};

	for (unsigned int i = 0; i < WORLD_EXTRAS; i++) {
		w->extras[i] = nat_ext_create(nat_extra_addr(i), 1024, 1087, 2000, seed);
		MUST(w->extras[i]);
		w->extras[i]->via = w->ext;
	}
}

/* ---- records --------------------------------------------------------------------------------- */

/* What came in goes to its guests by the gateway. */
static void pass_on(struct world *w)
{
	for (unsigned int i = 0; i < w->n_in; i++)
		gateway_send(&gw, ip_of(w->in[i])->dst, w->in[i], w->now);
	w->n_in = 0;
	if (lose_next && w->n_out) {
		lose_next = false;
		nat_undeliverable(w->nat, ext_of(w, ip_of(w->out[0])->src), w->out[0], w->now);
	}
	world_clear(w);
}

/* As the edge finds it by the destination. */
static struct nat_ext *ext_at(const struct world *w, const struct pkt *p)
{
	const struct ip4_hdr *h = pkt_at(p, ETH_HLEN_, sizeof(*h));

	return h ? ext_of(w, h->dst) : w->ext;
}

static void feed_translator(struct world *w, uint8_t what, struct pkt *p, uint16_t *last_port)
{
	w->n_bad = 0;
	if (what & OUTSIDE_IN)
		world_receive_at(w, ext_at(w, p), p);
	else
		world_send(w, p);
	MUST(!w->n_bad || what & RAW);
	if (w->n_out && w->out[0]->len >= ETH_HLEN_ + 28)
		*last_port = port_of(w->out[0], ip_of(w->out[0])->proto == IPPROTO_ICMP_ ? 2 : 0);
}

static void feed(struct world *w, uint8_t what, const uint8_t *data, uint32_t len,
		 uint16_t *last_port)
{
	struct pkt *p =
		nat_packet_build(w, what, data, len, what & TO_GATEWAY ? host_port : *last_port);

	/* The switch lets no frame in whose offload header lies. */
	if ((p->vnet.flags | p->vnet.gso_type) && gso_check(p) != DROP_NONE) {
		pkt_put(p);
		return;
	}
	if (what & TO_GATEWAY)
		feed_gateway(w, what, p);
	else
		feed_translator(w, what, p, last_port);
	pass_on(w);
}

static void forward(struct world *w, uint8_t arg, bool add)
{
	enum nat_proto proto = arg & 1 ? NAT_TCP : NAT_UDP;
	be16 port = htons((uint16_t)(8000 + (arg >> 1 & 7)));
	struct nat_key k = {.ext = w->ext,
			    .proto = proto,
			    .addr = arg & 16 ? GUEST_A : GUEST_B,
			    .port = htons((uint16_t)(80 + (arg >> 5)))};
	struct nat *owner;
	struct nat_mapping *m = nat_ext_find(w->ext, proto, port, &owner);
	int error = 0;

	if (add)
		nat_mapping_add_forward(&w->nat->table, &k, port, w->now, &error);
	else if (m)
		nat_mapping_del(&w->nat->table, m, NAT_END_FORWARD, w->now);
}

static void step(struct world *w, uint8_t arg)
{
	w->now += arg * 80u;
	while (nat_tick(w->nat, w->now))
		;
	gateway_tick(&gw, w->now);
}

static void obey(struct world *w, enum command command, uint8_t arg)
{
	struct nat_settings *set = &w->nat->table.set;

	switch (command) {
	case STEP:
		step(w, arg);
		break;
	case SET_MAPPING:
		nat_table_set_mapping(&w->nat->table, arg % 3, w->now);
		break;
	case SET_FILTER:
		set->filter = arg % 3;
		set->mss = arg / 3;
		break;
	case FORWARD_ADD:
	case FORWARD_DEL:
		forward(w, arg, command == FORWARD_ADD);
		break;
	case EXT_GONE:
		nat_tell_ext_gone(w->nat, w->ext, w->now);
		nat_drop_ext(w->nat, w->ext, w->now);
		break;
	case EXTRA:
		extra(w, arg);
		break;
	case SET_WAY:
		w->mtu = 68u << (arg & 7);
		w->no_route = arg & 8 ? DROP_NO_ROUTE : DROP_NONE;
		break;
	case LOSE_NEXT:
		lose_next = true;
		break;
	}
	pass_on(w);
}

/* ---- the world ------------------------------------------------------------------------------- */

struct census {
	struct nat_table *t;
	uint32_t sessions;
};

static void count(void *ctx, const struct nat_mapping *m, const struct nat_session *s)
{
	struct census *c = ctx;
	struct nat_mapping *own = nat_mapping_of(c->t, s);

	MUST(own == m && nat_session_find(c->t, own, s->peer, s->peer_port) == s);
	c->sessions++;
}

/* What is counted is there, and what is there is found. */
static void check_table(struct nat_table *t)
{
	struct census c = {.t = t};
	uint32_t of_guests = 0, ports = 0;

	nat_table_each(t, count, &c);
	for (uint32_t i = 0; i <= t->guest_mask; i++) {
		of_guests += t->guests[i].sessions;
		for (unsigned int k = 0; k < NAT_PROTOS; k++)
			ports += t->guests[i].ports[k];
	}
	MUST(c.sessions == t->n_sessions && of_guests == t->n_sessions);
	MUST(ports == t->n_mappings && t->n_closed <= t->n_mappings);
}

/* The world is made once: its 20 MB of tables cost more than any input. */
static struct world *world_once(void)
{
	static struct world w;
	struct nat_settings set = NAT_SETTINGS_DEFAULT;

	set.max = 32;
	set.max_guest = 20;
	/* Short times, so that a few steps see a flow's end. */
	set.udp_ms = set.tcp_transitory_ms = 3000;
	set.icmp_ms = set.udp_dns_ms = set.other_ms = 1000;
	set.tcp_established_ms = 10000;
	set.hold_ms = 2000;
	if (w.nat) {
		w.nat->table.set = set;
	} else {
		world_init_pool(&w, &set, pkt_pool_create(WORLD_POOL));
		extras_make(&w);
	}
	w.mtu = 576;
	w.no_route = DROP_NONE;
	lose_next = false;
	gw_reset(&w);
	return &w;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = world_once();
	uint16_t last_port = NAT_PORT_FIRST;

	while (size >= 2) {
		uint8_t what = data[0], arg = data[1];
		uint32_t len = arg * 4u;

		data += 2;
		size -= 2;
		if (what & COMMAND) {
			obey(w, what & 32 ? EXTRA : what >> 2 & 7, arg);
			continue;
		}
		len = (uint32_t)MIN(len, size);
		feed(w, what, data, len, &last_port);
		data += len;
		size -= len;
	}
	check_table(&w->nat->table);
	for (unsigned int i = 0; i < WORLD_EXTRAS; i++)
		extra_leave(w, w->extras[i]);
	w->nat->pool_arbitrary = false;
	gateway_fini(&gw);
	gw.waiting = NULL;
	MUST(gateway_init(&gw, 24) == 0);
	world_reset(w);
	return 0;
}
