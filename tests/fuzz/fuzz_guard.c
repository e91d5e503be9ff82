/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_guard.c - a port with all kinds of guards, and frames of any bytes in both directions.
 *
 * Input: a byte of settings, then frames with two bytes before each: direction and form, length.
 * What comes through is looked at by a reader of its own, which knows nothing of lib/frame.c: no
 * foreign source address, no DHCP server, no router may be in it. Asking first must give the same
 * answer as doing.
 */
#include <arpa/inet.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "vswitchd/switch/guard.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { SET_MAC = 1, SET_ADDRESS = 2, SET_DHCP = 4, SET_ROUTER = 8, SET_ISOLATED = 16 };

static const struct mode_ops mode_plain = {.name = "lan-segment"};
const struct mode_ops *const modes[] = {&mode_plain, NULL};
const struct port_ops *const port_carriers[] = {&port_dummy_ops, &port_local_ops, NULL};

static const char *const words[] = {"mac-guard", "address-guard", "dhcp-guard", "router-guard",
				    "isolated"};
static const char *const levels[] = {"normal", "deny", "guests", "all"};
static const uint8_t own_mac[6] = {0x52, 0x54, 0, 0, 0, 1};

struct stage {
	struct runner runner;
	struct net *net;
	struct port *port[3]; /* the first is guarded */
};

static void set(struct port *port, const char *name, const char *value)
{
	for (const struct port_setting *s = guard_settings; s->name; s++)
		if (!strcmp(s->name, name))
			MUST(s->set(port, value, NULL) == 0);
}

static void stage_init(struct stage *s)
{
	struct net_conf conf = {.name = "n", .mode = &mode_plain};
	char name[] = "p0";

	MUST(runner_init(&s->runner, NULL) == 0);
	runner_step(&s->runner, 1);
	s->net = net_add(&s->runner, &conf, NULL);
	MUST(s->net);
	for (int i = 0; i < 3; i++, name[1]++) {
		struct port_conf p = {.name = name, .carrier = "dummy"};

		s->port[i] = port_add(s->net, &p, NULL);
		MUST(s->port[i]);
		memcpy(&s->port[i]->mac, own_mac, 6);
		s->port[i]->mac.b[5] = (uint8_t)(i + 1);
	}
}

static void stage_set(struct stage *s, uint8_t how)
{
	for (int i = 0; i < 5; i++)
		set(s->port[0], words[i], how & (1 << i) ? "on" : "off");
	set(s->port[0], "addresses", "10.0.0.5,fd00::/64");
	set(s->port[0], "promiscuous", levels[how >> 6]);
	set(s->port[1], "isolated", how & 32 ? "on" : "off");
	for (int i = 0; i < 3; i++)
		fdb_flush(s->net->fdb, s->port[i]);
}

/* ---- what came through ----------------------------------------------------------------------- */

/* Addresses of p0: given, its link-local one, none at all, or learnt (10.0.0.9: see send_frame). */
static bool own4(const uint8_t *a)
{
	return !memcmp(a, "\0\0\0\0", 4) || !memcmp(a, "\x0a\0\0\x05", 4) || a[0] == 77;
}

static bool own6(const uint8_t *a)
{
	static const uint8_t zero[16],
		ll[16] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x50, 0x54, 0x00, 0xff, 0xfe, 0, 0, 1};

	return !memcmp(a, zero, 16) || !memcmp(a, ll, 16) || !memcmp(a, "\xfd\0\0\0\0\0\0\0", 8);
}

static void check_ip4(const uint8_t *ip, size_t len, uint8_t how)
{
	size_t ihl = (ip[0] & 15) * 4u;

	if (len < 20 || ip[0] >> 4 != 4)
		return;
	if (how & SET_ADDRESS)
		MUST(own4(ip + 12));
	if (ihl < 20 || len < ihl + 4 || ((ip[6] << 8 | ip[7]) & 0x1fff))
		return;
	if (how & SET_DHCP && ip[9] == 17) {
		MUST(ip[ihl] || ip[ihl + 1] != 67);
		MUST(ip[ihl + 2] || ip[ihl + 3] != 68);
	}
	if (how & SET_ROUTER && ip[9] == 1)
		MUST(ip[ihl] != 5 && ip[ihl] != 9);
}

static void check_ip6(const uint8_t *ip, size_t len, uint8_t how)
{
	const uint8_t *l4 = ip + 40;
	uint8_t next;

	if (len < 48 || ip[0] >> 4 != 6)
		return;
	next = ip[6];
	if (how & SET_ADDRESS)
		MUST(own6(ip + 8));
	/* One extension header is enough to see whether they are followed. */
	if (next == 0 || next == 60 || next == 44) {
		size_t skip = next == 44 ? 8 : (l4[1] + 1u) * 8;

		if (next == 44 && (l4[2] || l4[3] & 0xf8))
			return;
		if (len < 40 + skip + 4)
			return;
		next = l4[0];
		l4 += skip;
	}
	if (how & SET_ROUTER && next == 58)
		MUST(l4[0] != 134 && l4[0] != 137);
	if (how & SET_DHCP && next == 17)
		MUST((l4[0] << 8 | l4[1]) != 547 && (l4[2] << 8 | l4[3]) != 546);
}

static void check_passed(const struct pkt *p, uint8_t how)
{
	const uint8_t *d = p->data;
	size_t l3 = 14;

	if (how & SET_MAC)
		MUST(!memcmp(d + 6, own_mac, 6));
	while (l3 + 4 <= p->len &&
	       ((d[l3 - 2] == 0x81 && d[l3 - 1] == 0) || (d[l3 - 2] == 0x88 && d[l3 - 1] == 0xa8)))
		l3 += 4;
	if (how & (SET_MAC | SET_ADDRESS | SET_DHCP | SET_ROUTER))
		MUST(l3 <= 22);
	if (d[l3 - 2] == 8 && d[l3 - 1] == 6 && p->len >= l3 + 28) {
		if (how & SET_MAC)
			MUST(!memcmp(d + l3 + 8, own_mac, 6));
		if (how & SET_ADDRESS)
			MUST(own4(d + l3 + 14));
	}
	if (d[l3 - 2] == 8 && d[l3 - 1] == 0)
		check_ip4(d + l3, p->len - l3, how);
	if (d[l3 - 2] == 0x86 && d[l3 - 1] == 0xdd)
		check_ip6(d + l3, p->len - l3, how);
}

static void drain(struct stage *s, uint8_t how, bool from_guarded)
{
	struct pkt *p;

	for (int i = 0; i < 3; i++)
		while ((p = port_dummy_sent(s->port[i]))) {
			if (from_guarded)
				check_passed(p, how);
			if (i == 0 && how >> 6 == 1 && !(p->data[0] & 1)) /* deny */
				MUST(!memcmp(p->data, own_mac, 6));
			pkt_put(p);
		}
}

/* ---- frames ---------------------------------------------------------------------------------- */

static const uint16_t types[] = {0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x8035};

/* Ask, then do. */
static void send_frame(struct stage *s, uint8_t form, const uint8_t *data, size_t len)
{
	struct port *from = s->port[form & 1 ? 1 : 0];
	struct walk w = {.net = s->net, .from = from, .dry = true};
	static uint8_t frame[512];
	enum drop_reason asked = DROP_NONE;
	uint16_t type = types[(form >> 2) % 6];

	memcpy(frame, form & 2 ? "\xff\xff\xff\xff\xff\xff" : "\x52\x54\0\0\0\2", 6);
	memcpy(frame + 6, own_mac, 6);
	frame[11] = (uint8_t)(form & 1 ? 2 : form & 0x80 ? 3 : 1);
	if (form & 1 && !(form & 2))
		frame[5] = form & 0x80 ? 9 : 1;
	frame[12] = (uint8_t)(type >> 8);
	frame[13] = (uint8_t)type;
	memcpy(frame + 14, data, len);
	/* What a server outside leases is 77.x.x.x: known to own4(). */
	if (form & 1 && len > 48)
		frame[14 + 28 + 16] = 77;
	w.p = pkt_from(s->runner.pool, frame, 14 + len);
	if (from->features & PORT_GUARD) {
		asked = guard_ingress(&w);
		w.dry = false;
		MUST(guard_ingress(&w) == asked);
	}
	pkt_put(w.p);
	port_dummy_receive(from, frame, 14 + len, NULL);
	if (asked != DROP_NONE)
		for (int i = 0; i < 3; i++)
			MUST(!port_dummy_sent(s->port[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage s;
	uint8_t how = size ? data[0] : 0;

	if (!s.net)
		stage_init(&s);
	stage_set(&s, how);
	for (size_t at = 1; at + 2 <= size;) {
		uint8_t form = data[at];
		size_t len = MIN((size_t)data[at + 1] * 2, size - at - 2);

		len = MIN(len, (size_t)480);
		send_frame(&s, form, data + at + 2, len);
		drain(&s, how, !(form & 1));
		at += 2 + len;
	}
	guard_port_left(s.port[0]); /* forget what was learnt; it has no listeners then */
	s.net->listeners += !!(s.port[0]->features & PORT_LISTEN);
	MUST(pkt_pool_free(s.runner.pool) == RUNNER_POOL);
	return 0;
}
