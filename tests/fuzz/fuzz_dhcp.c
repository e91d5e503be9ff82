/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_dhcp.c - the DHCP server against everything a network can say, with a model that watches.
 *
 * The input is a list of steps: a message of one of 16 clients made from the fuzzer's choices (so
 * that deep states are reached), or raw bytes as they are; steps of the clock; a disk that fills
 * up; a restart; a reservation. After each step it must hold:
 *  - no two clients were told, by ACK, that they have the same address at the same time;
 *  - no address is ours, the gateway's, the network's or the broadcast address;
 *  - what was told is on disk;
 *  - every reply parses, fits, and answers the one who asked.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/dhcp_bench.h"

enum { CLIENTS = 16, POOL = 24, TOLD_MAX = 64 };

/* What a client believes after an ACK: it has the address until then. */
struct told {
	struct dhcp_key key;
	struct mac mac;
	be32 addr;
	msec until;
};

static const char *const ports[] = {NULL, NULL, "one.eth0", "two.eth0"};

static struct bench b;
static struct told told[TOLD_MAX];
static unsigned int n_told;

static be32 some_addr(uint8_t v)
{
	static const char *const odd[] = {"10.0.2.254",	     "10.0.2.255",  "10.0.2.0", "0.0.0.0",
					  "255.255.255.255", "192.168.7.7", "10.0.2.2", "10.0.2.1"};

	return v < 8 ? ip(odd[v]) : htonl(0x0a000200 + 120 + v % 40);
}

static void told_forget(const struct dhcp_key *key)
{
	for (unsigned int i = 0; i < n_told;) {
		if (dhcp_key_equal(&told[i].key, key) || told[i].until <= b.now)
			told[i] = told[--n_told];
		else
			i++;
	}
}

/* One NIC under two names (boot ROM, then system) may share the address reserved for it. */
static bool same_machine(const struct told *t, const struct mac *mac)
{
	struct dhcp_lease *l = lease_by_addr(&b.s.leases, t->addr);

	return l && dhcp_who_is(&l->reserved, &t->key, mac) && mac_equal(&t->mac, mac);
}

static void told_add(const struct dhcp_key *key, const struct mac *mac, be32 addr, uint32_t lease_s)
{
	told_forget(key);
	for (unsigned int i = 0; i < n_told; i++)
		MUST(told[i].addr != addr || same_machine(&told[i], mac));
	if (n_told < TOLD_MAX)
		told[n_told++] = (struct told){*key, *mac, addr, b.now + (msec)lease_s * 1000};
}

static bool on_disk(be32 addr, const struct dhcp_key *key)
{
	for (unsigned int i = 0; i < b.store.disk.n; i++) {
		const struct dhcp_record *rec = &b.store.disk.rec[i];

		if (rec->addr == addr && dhcp_key_equal(&rec->key, key))
			return true;
	}
	return false;
}

/* @msg is what was asked, or NULL for an OFFER that came later. */
static void check_reply(const struct dhcp_msg *msg)
{
	be32 addr = reply_yiaddr(&b);
	uint32_t lease_s;

	MUST(b.r.len >= DHCP_LEN_MIN && b.r.len <= DHCP_LEN_MAX);
	MUST(b.r.dst && reply_addr(&b, OPT_SERVER_ID) == b.conf.subnet[0].server);
	if (msg)
		MUST(((struct dhcp_hdr *)b.r.data)->xid == msg->hdr.xid);
	if (!addr)
		return;
	MUST(dhcp_pool_reservable(&b.s.pool[0], addr));
	MUST(reply_u32(&b, OPT_LEASE, &lease_s) && lease_s <= b.conf.lease_s);
	if (b.r.type == DHCP_ACK) {
		MUST(msg);
		struct dhcp_key key = dhcp_key_of(msg, dhcp_where(b.at));

		MUST(b.r.durable && on_disk(addr, &key));
		told_add(&key, &msg->mac, addr, lease_s);
	}
}

/* The client lets go: it released, declined, or starts anew (RFC 2131 figure 5, INIT). */
static void client_lets_go(const struct dhcp_msg *msg)
{
	struct dhcp_key key = dhcp_key_of(msg, dhcp_where(b.at));

	if (msg->type == DHCP_RELEASE || msg->type == DHCP_DECLINE || msg->type == DHCP_DISCOVER)
		told_forget(&key);
}

static void say(struct cmsg *m)
{
	/* On the heap, exactly as long as it is, so that a read past the end is seen. */
	uint8_t *exact = malloc(m->len ? m->len : 1);
	struct dhcp_rx rx = {.data = exact,
			     .len = m->len,
			     .src = client_mac(99),
			     .unicast = b.unicast,
			     .port = b.port,
			     .at = b.at,
			     .port_limit = b.port_limit};
	struct dhcp_msg msg;
	bool ok = dhcp_parse(m->b, m->len, &msg) == 0;
	enum dhcp_verdict v;

	memcpy(exact, m->b, m->len);
	if (ok)
		client_lets_go(&msg);
	v = dhcp_server_input(&b.s, &rx, b.now, b.wall_s, &b.r);
	free(exact);
	MUST(ok || v == DHCP_SILENT);
	if (bench_store_ops.commit(&b.store) && v == DHCP_REPLY && b.r.durable)
		dhcp_server_undo(&b.s, &b.r.undo);
	else if (v == DHCP_REPLY)
		check_reply(&msg);
}

static void say_made(struct input *in)
{
	uint8_t what = take8(in), who = take8(in), more = take8(in);
	struct cmsg m;

	cmsg_start(&m, (enum dhcp_type)(1 + what % 9), who % CLIENTS);
	b.port = 1 + who % 3;
	b.at = ports[b.port];
	b.unicast = more & 1;
	if (more & 2)
		cmsg_opt(&m, OPT_CLIENT_ID, (const uint8_t[]){0, (uint8_t)(who / 16 % 4)}, 2);
	if (more & 4)
		cmsg_addr(&m, OPT_REQUESTED, some_addr(take8(in)));
	if (more & 8)
		cmsg_addr(&m, OPT_SERVER_ID, more & 16 ? ip("10.0.2.9") : b.conf.subnet[0].server);
	if (more & 32)
		cmsg_hdr(&m)->ciaddr = some_addr(take8(in));
	if (more & 64)
		cmsg_addr(&m, OPT_LEASE, htonl(take8(in) * 30u));
	if (more & 128)
		cmsg_hdr(&m)->giaddr = some_addr(take8(in));
	say(&m);
}

static void say_raw(struct input *in)
{
	size_t n = MIN((size_t)take8(in) * 4, in->left);
	struct cmsg m;

	cmsg_start(&m, DHCP_DISCOVER, 1);
	if (n && take8(in) & 1) { /* raw options after a sound head */
		n = MIN(n, in->left);
		memcpy(m.b + m.len, in->at, n);
		m.len += n;
	} else {
		n = MIN(n, in->left);
		memcpy(m.b, in->at, n);
		m.len = n;
	}
	in->at += n;
	in->left -= n;
	say(&m);
}

static void pass_time(struct input *in)
{
	msec ms = (msec)take8(in) * take8(in) * 50;

	b.now += ms;
	b.wall_s += (int64_t)(ms / 1000);
	while (dhcp_server_due(&b.s, b.now, &b.r) == DHCP_REPLY)
		check_reply(NULL);
}

static void somebody_else_has(struct input *in)
{
	struct mac stranger = client_mac(200);

	dhcp_server_conflict(&b.s, some_addr(take8(in)), &stranger, b.now, &b.r);
}

/* A person ends a lease: the client is not told, and that is what they wanted. */
static void admin(struct input *in)
{
	uint8_t what = take8(in);
	be32 addr = some_addr(take8(in));
	struct mac mac = client_mac(what % CLIENTS);
	struct dhcp_who who = what & 128 ? dhcp_who_port(ports[2]) : dhcp_who_mac(&mac);

	if (what & 64) {
		if (dhcp_server_release(&b.s, addr) == 0) {
			for (unsigned int i = 0; i < n_told; i++) {
				if (told[i].addr == addr)
					told[i].until = 0;
			}
			told_forget(&(struct dhcp_key){.len = 0});
		}
	} else {
		dhcp_server_reserve(&b.s, addr, &who);
	}
}

static void start(uint8_t flags)
{
	memset(&b.store, 0, sizeof(b.store));
	b.now = 5000000;
	b.wall_s = 1700000000;
	b.conf = (struct dhcp_conf){.net = "lan",
				    .n_subnets = 1,
				    .subnet = {{.server = ip("10.0.2.254"),
						.subnet = {ip("10.0.2.0"), 24},
						.first = ip("10.0.2.128"),
						.last = htonl(0x0a000280 + POOL - 1),
						.router = ip("10.0.2.2")}},
				    .avoid = {ip("10.0.2.1"), ip("10.0.2.2")},
				    .lease_s = 3600,
				    .probe_ms = flags & 1 ? 250 : 0};
	b.port_limit = flags & 2 ? 4 : 0;
	n_told = 0;
	bench_start(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	start(take8(&in));
	while (in.left) {
		uint8_t step = take8(&in);

		b.store.full = b.store.full_put = false;
		if (step < 160)
			say_made(&in);
		else if (step < 190)
			say_raw(&in);
		else if (step < 210)
			pass_time(&in);
		else if (step < 225)
			somebody_else_has(&in);
		else if (step < 235)
			admin(&in);
		else if (step < 240)
			bench_restart(&b);
		else {
			b.store.full = step & 1;
			b.store.full_put = step & 2;
			say_made(&in);
		}
	}
	bench_fini(&b);
	return 0;
}
