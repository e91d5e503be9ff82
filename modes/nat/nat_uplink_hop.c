/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Next hops: the kernel resolves, we ask it. Its answer is used until a change is announced or it
 * is a while old; a change only makes us ask again.
 */
#include "modes/nat/nat_uplink_int.h"

#include <arpa/inet.h>
#include <string.h>

#include "vswitchd/host/netlink.h"

enum {
	/* The kernel does not see our packets, so it is told now and then that the neighbour is in
	 * use; then it checks that it is still there (RFC 4861 7.3.1, applied to ARP by Linux). */
	HOP_CHECK_MS = 20000,
	HOP_GIVE_UP_MS = 3000
};

static struct hop *hop_of(struct uplink *up, const struct ip_addr *addr)
{
	uint32_t w[4], a;

	memcpy(w, addr->b, sizeof(w));
	a = w[0] ^ w[1] ^ w[2] ^ ntohl(w[3]);
	return &up->hops[(a ^ a >> 8 ^ a >> 16) % HOPS];
}

static void give(struct uplink *up, const struct hop *h, struct pkt *p)
{
	struct eth_hdr *eth = (void *)p->data;

	*eth = (struct eth_hdr){h->mac, up->mac,
				htons(uplink_is6(up) ? ETHERTYPE_IP6 : ETHERTYPE_IP4)};
	uplink_sock_send(up, p);
}

/* Whose packet it is outside. */
static struct nat_ext *ext_of(const struct uplink *up, const struct pkt *p)
{
	const struct ip4_hdr *ip = pkt_at(p, ETH_HLEN_, sizeof(*ip));

	return ip ? uplink_ext_of(up, ip->src) : up->ext;
}

/* Let go of what waits: to the next hop when it is known, else back to its sender as an error. */
static void release(struct uplink *up, struct hop *h, bool answer, msec now)
{
	for (int i = 0; i < HOP_HOLD; i++) {
		struct pkt *p = h->hold[i];
		struct nat_net *nn = h->hold_for[i];

		if (!p)
			continue;
		h->hold[i] = NULL;
		up->waiting--;
		if (h->known) {
			give(up, h, p);
			continue;
		}
		if (answer && uplink_is6(up))
			nat6_undeliverable(nn->six, up->ext, p, now);
		else if (answer)
			nat_undeliverable(nn->nat, ext_of(up, p), p, now);
		nat_net_lost(nn, DROP_NO_NEIGHBOUR, p);
	}
}

/* Ask the kernel what it knows. */
static void hop_look(struct uplink *up, struct hop *h, msec now)
{
	h->old = false;
	h->known = nl_neigh_get(up->ifindex, &h->addr, &h->mac) == 0;
	if (h->known)
		release(up, h, false, now);
}

static void hop_probe(struct uplink *up, struct hop *h, msec now)
{
	h->checked_ms = now;
	nl_neigh_probe(up->ifindex, &h->addr);
}

static void hold(struct uplink *up, struct hop *h, struct nat_net *nn, struct pkt *p)
{
	for (int i = 0; i < HOP_HOLD; i++) {
		if (h->hold[i])
			continue;
		h->hold[i] = p;
		h->hold_for[i] = nn;
		up->waiting++;
		return;
	}
	nat_net_lost(nn, DROP_NO_NEIGHBOUR, p);
}

void uplink_hop_send(struct uplink *up, struct nat_net *nn, const struct ip_addr *addr,
		     struct pkt *p, msec now)
{
	struct hop *h = hop_of(up, addr);

	if (up->raw) {
		/* One far end, and nothing to resolve. */
		uplink_sock_send(up, p);
		return;
	}
	if (!ip_addr_equal(&h->addr, addr)) {
		release(up, h, false, now);
		*h = (struct hop){.addr = *addr, .old = true};
	}
	if (h->old) {
		hop_look(up, h, now);
		if (h->known && now - h->checked_ms > HOP_CHECK_MS)
			hop_probe(up, h, now);
	}
	if (h->known) {
		h->old = now - h->checked_ms > HOP_CHECK_MS;
		give(up, h, p);
		return;
	}
	if (!h->hold[0]) {
		h->asked_ms = now;
		hop_probe(up, h, now);
	}
	hold(up, h, nn, p);
}

void uplink_hop_old(struct uplink *up)
{
	for (int i = 0; i < HOPS; i++)
		up->hops[i].old = true;
}

void uplink_hop_refresh(struct uplink *up, msec now)
{
	for (int i = 0; up->waiting && i < HOPS; i++) {
		struct hop *h = &up->hops[i];

		if (!h->hold[0])
			continue;
		hop_look(up, h, now);
		if (h->hold[0] && now - h->asked_ms >= HOP_GIVE_UP_MS)
			release(up, h, true, now);
	}
}

void uplink_hop_purge(struct uplink *up, const struct nat_net *nn)
{
	for (int i = 0; i < HOPS; i++) {
		struct hop *h = &up->hops[i];
		int kept = 0;

		for (int k = 0; k < HOP_HOLD; k++) {
			struct pkt *p = h->hold[k];
			struct nat_net *owner = h->hold_for[k];

			h->hold[k] = NULL;
			if (!p)
				continue;
			if (nn && owner != nn) {
				h->hold[kept] = p;
				h->hold_for[kept++] = owner;
				continue;
			}
			up->waiting--;
			nat_net_lost(owner, DROP_NO_NEIGHBOUR, p);
		}
	}
}
