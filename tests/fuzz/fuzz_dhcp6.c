/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_dhcp6.c - the DHCPv6 server against everything a network can say, with a model that watches.
 *
 * The input is a list of steps: a message of one of 8 clients made from the fuzzer's choices, also
 * by a relay; raw bytes as they are; the clock; a disk that fills up; a restart; a reservation.
 * After each step it must hold:
 *  - no two clients were told by a Reply that they have the same address at the same time;
 *  - no address is ours, the gateway's or the host's, and what was told is on disk;
 *  - every reply is well formed, fits, and answers the one who asked.
 */
#include <arpa/inet.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/dhcp6_bench.h"

enum { CLIENTS = 8, TOLD_MAX = 64 };

/* What a client believes after a Reply: it has the address until then. */
struct told {
	unsigned int client;
	const char *at;
	uint32_t iaid;
	struct ip_addr addr;
	msec until;
};

static const char *const ports[] = {NULL, NULL, "one.eth0", "two.eth0"};

static struct bench6 b;
static struct told told[TOLD_MAX];
static unsigned int n_told;

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- the model ------------------------------------------------------------------------------- */

static bool is_mine(const struct told *t, uint32_t iaid)
{
	return t->client == b.client && t->at == b.at && t->iaid == iaid;
}

static void forget(uint32_t iaid)
{
	for (unsigned int i = 0; i < n_told;) {
		if (is_mine(&told[i], iaid) || told[i].until <= b.now)
			told[i] = told[--n_told];
		else
			i++;
	}
}

/* The boot ROM and the system of one machine, or one machine that has moved, may share an address
 * that is reserved for it. */
static bool reserved(be32 name)
{
	struct dhcp_lease *l = lease_by_addr(&b.s.leases.leases, name);

	return l && l->reserved.len;
}

static bool on_disk(be32 name)
{
	for (unsigned int i = 0; i < b.store.disk.n; i++)
		if (b.store.disk.rec[i].addr == name)
			return true;
	return false;
}

static void note(uint32_t iaid, const struct ip_addr *addr, uint32_t lease_s)
{
	be32 name = dhcp6_name(&b.conf, addr);

	MUST(dhcp_pool_reservable(b.s.leases.pool, name) && lease_s <= b.conf.lease_s);
	if (b.r.type != DHCP6_REPLY)
		return;
	MUST(b.r.durable && on_disk(name));
	for (unsigned int i = 0; i < n_told; i++)
		MUST(!ip_addr_equal(&told[i].addr, addr) || told[i].client == b.client ||
		     reserved(name));
	if (n_told < TOLD_MAX)
		told[n_told++] =
			(struct told){b.client, b.at, iaid, *addr, b.now + (msec)lease_s * 1000};
}

/* ---- replies --------------------------------------------------------------------------------- */

static void check_ia(const uint8_t *ia, size_t len)
{
	const uint8_t *o = ia + 12;
	size_t left = len - 12;

	MUST(len >= 12);
	forget(get32(ia));
	while (left) {
		size_t n = (size_t)o[2] << 8 | o[3];
		struct ip_addr addr;

		MUST(left >= 4 && n <= left - 4);
		if (o[1] == OPT6_IAADDR) {
			MUST(n >= 24);
			memcpy(&addr, o + 4, sizeof(addr));
			if (get32(o + 24))
				note(get32(ia), &addr, get32(o + 24));
		}
		left -= 4 + n;
		o += 4 + n;
	}
}

static void check_reply(void)
{
	const uint8_t *o = b.r.data + 4;
	size_t left = b.r.len - 4;

	MUST(b.r.len >= 4 && b.r.len <= DHCP6_LEN_MAX);
	if (b.r.to_relay)
		return; /* what is inside was made by the same code */
	MUST(b.r.data[0] == b.r.type);
	while (left) {
		size_t n = (size_t)o[2] << 8 | o[3];

		MUST(left >= 4 && n <= left - 4);
		if ((o[0] << 8 | o[1]) == OPT6_IA_NA)
			check_ia(o + 4, n);
		left -= 4 + n;
		o += 4 + n;
	}
}

/* ---- steps ----------------------------------------------------------------------------------- */

static struct ip_addr some_addr(uint8_t v)
{
	static const char *const odd[] = {"fd00::",    "fd00::1",     "fd00::2",   "fd00::fe",
					  "fd01::d:1", "fd00::1:0:1", "fd00::d:0", "ff02::1"};
	struct ip_addr a = ip6("fd00::d:0");

	if (v < 8)
		return ip6(odd[v]);
	a.b[15] = v % 16;
	return a;
}

static void put_options(struct input *in, struct msg6 *m, uint8_t what)
{
	static const uint8_t oro[] = {0, 23, 0, 24, 0, 32, 0, 39, 0, 56, 0, 59, 0, 82, 0, 83};
	struct ip_addr addr;

	if (what & 1)
		msg6_server(&b, m);
	for (unsigned int i = 0; i < (what >> 1 & 3); i++) {
		uint8_t v = take8(in);

		addr = some_addr(v);
		msg6_ia(m, v % 3, v & 0x40 ? &addr : NULL);
	}
	if (what & 8)
		msg6_opt(m, OPT6_RAPID_COMMIT, NULL, 0);
	if (what & 16)
		msg6_opt(m, OPT6_ORO, oro, sizeof(oro));
	if (what & 32)
		msg6_opt(m, OPT6_FQDN, in->at, MIN(in->left, (size_t)20));
	if (what & 64)
		msg6_opt(m, (enum dhcp6_opt)(take8(in) % 32), in->at, MIN(in->left, (size_t)48));
}

static void relay(struct msg6 *m)
{
	struct msg6 inner = *m;

	memset(m->b, 0, 34);
	m->b[0] = DHCP6_RELAY_FORW;
	m->b[2] = 0xfd;
	m->len = 34;
	msg6_opt(m, OPT6_CLIENT_LL, "\0\1\2\0\0\0\0\7", 8);
	msg6_opt(m, OPT6_RELAY_MSG, inner.b, inner.len);
}

static void message(struct input *in)
{
	uint8_t who = take8(in), type = take8(in);
	struct msg6 m;

	b.client = who % CLIENTS;
	b.at = ports[who / CLIENTS % 4];
	b.port = b.at ? who / CLIENTS % 4 : 0;
	b.port_limit = 4;
	b.unicast = who & 0x80;
	msg6_start(&b, &m, (enum dhcp6_type)(type % 14));
	put_options(in, &m, take8(in));
	if (type & 0x80)
		relay(&m);
	if (type % 14 == DHCP6_RELEASE || type % 14 == DHCP6_DECLINE || type & 0x80)
		n_told = 0; /* what they believe then is not followed */
	if (bench6_send(&b, &m))
		check_reply();
}

static void raw(struct input *in)
{
	struct msg6 m = {.len = MIN(in->left, sizeof(m.b))};

	memcpy(m.b, in->at, m.len);
	in->left = 0;
	n_told = 0;
	if (bench6_send(&b, &m))
		check_reply();
}

static void reserve(struct input *in)
{
	struct mac mac = client_mac(take8(in) % CLIENTS);
	struct ip_addr addr = some_addr(take8(in));
	struct dhcp_who who = dhcp_who_mac(&mac);

	dhcp_server_reserve(&b.s.leases, dhcp6_name(&b.conf, &addr), &who);
}

static void step(struct input *in)
{
	switch (take8(in) % 16) {
	case 0:
		raw(in);
		break;
	case 1:
		b.now += (msec)take8(in) * 30000;
		b.wall_s += b.now / 1000000;
		break;
	case 2:
		b.store.full = take8(in) & 1;
		b.store.full_put = take8(in) & 1;
		break;
	case 3:
		b.store.full = b.store.full_put = false;
		bench6_restart(&b);
		n_told = 0; /* the clocks were not in step */
		break;
	case 4:
		reserve(in);
		break;
	case 5:
		b.s.conf.stateful = take8(in) & 3;
		break;
	default:
		message(in);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	bench6_init(&b);
	n_told = 0;
	for (unsigned int i = 0; in.left && i < 64; i++)
		step(&in);
	bench6_fini(&b);
	return 0;
}
