/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocols without ports at the way out (nat_pair.h): the host is kept from each pair of protocol
 * and peer that a guest has, by a rule of its own, so that it does not answer "protocol
 * unreachable". A pair that the host speaks itself is the host's: no guest gets it, and one who has
 * it loses it when the host begins to use it. That is looked up for each new pair, and every other
 * second while there are any (hostprotos.h). So is a pair that another daemon has (claim.h).
 *
 * A rule is a transaction with the kernel, so new pairs are made at a bounded rate.
 */
#include <errno.h>
#include <stdio.h>

#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/host/claim.h"
#include "vswitchd/host/hostprotos.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/switch/runner.h"

enum { PAIR_BURST = 64, PAIR_PER_S = 16, FRESH_MS = 1000, LOOK_MS = 2000 };

/* What the host uses, for all uplinks: they ask about the same host. */
static struct {
	struct hostprotos hp;
	msec read_ms; /* 0: never */
} host;

static bool host_has(const struct uplink *up, uint8_t proto, be32 peer)
{
	msec now = up->runner->now;

	if (!host.read_ms || now - host.read_ms >= FRESH_MS) {
		hostprotos_read(&host.hp);
		host.read_ms = MAX(now, (msec)1);
	}
	return hostprotos_has(&host.hp, proto, up->ext->addr, peer);
}

/* Two daemons with the same address must not have the same pair. */
static int claim(const struct uplink *up, uint8_t proto, be32 peer)
{
	char own[IP4_STR], far[IP4_STR], name[64], holder[CLAIM_HOLDER_STR];

	snprintf(name, sizeof(name), "nat-pair/%s/%u/%s", ip4_format(up->ext->addr, own), proto,
		 ip4_format(peer, far));
	return claim_take(name, holder);
}

bool uplink_pair_free(void *ctx, uint8_t proto, be32 peer)
{
	int fd;

	if (host_has(ctx, proto, peer))
		return false;
	fd = claim(ctx, proto, peer);
	claim_drop(fd);
	return fd != -EADDRINUSE;
}

static bool bucket_take(struct uplink *up)
{
	msec now = up->runner->now;
	uint64_t more = (now - up->pair_ms) * PAIR_PER_S / 1000;

	if (more || !up->pair_ms) {
		up->pair_tokens = (unsigned int)MIN(up->pair_tokens + more, (uint64_t)PAIR_BURST);
		up->pair_ms = MAX(now, (msec)1);
	}
	if (!up->pair_tokens)
		return false;
	up->pair_tokens--;
	return true;
}

int uplink_pair_claim(void *ctx, uint16_t number, uint8_t proto, be32 peer)
{
	struct uplink *up = ctx;
	int rc;

	if (!bucket_take(up))
		return -EAGAIN;
	up->pair_claims[number] = claim(up, proto, peer);
	if (up->pair_claims[number] < 0)
		return up->pair_claims[number];
	rc = hostrules_pair("add", up->ifname, up->ext->addr, proto, peer, NULL);
	if (rc < 0) {
		claim_drop(up->pair_claims[number]);
		return rc;
	}
	if (up->n_pairs++ == 0)
		rc = uplink_sock_filter(up, NULL);
	if (rc < 0)
		uplink_pair_unclaim(up, number, proto, peer);
	return rc;
}

void uplink_pair_unclaim(void *ctx, uint16_t number, uint8_t proto, be32 peer)
{
	struct uplink *up = ctx;

	hostrules_pair("delete", up->ifname, up->ext->addr, proto, peer, NULL);
	claim_drop(up->pair_claims[number]);
	if (--up->n_pairs == 0)
		uplink_sock_filter(up, NULL);
}

void uplink_pair_tick(struct uplink *up, msec now)
{
	struct nat_pairs *pairs = &up->ext->pairs;

	if (!up->n_pairs || now - up->pair_looked < LOOK_MS)
		return;
	up->pair_looked = now;
	for (uint16_t i = 1; i <= pairs->touched; i++) {
		const struct nat_pair *p = &pairs->at[i];
		struct nat *owner;
		struct nat_mapping *m = nat_ext_find_pair(up->ext, p->proto, p->peer, &owner);

		if (m && host_has(up, p->proto, p->peer))
			nat_mapping_del(&owner->table, m, NAT_END_HOST, now);
	}
}
