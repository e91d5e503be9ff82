/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat6.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modes/nat/nat_xlate.h"

/* ---- life ------------------------------------------------------------------------------------ */

/* A session names its ends from its first packet on (nat6_names_get()) until it ends. */
static void note_cb(void *ctx, enum nat_note what, const struct nat_session *s, enum nat_why why)
{
	struct nat6 *n = ctx;

	if (n->env.note)
		n->env.note(n->env.ctx, what, s, why);
	if (what == NAT_ENDED)
		nat6_names_put(n, nat_mapping_of(&n->table, s)->addr, s->peer);
}

struct nat6 *nat6_create(const struct nat6_conf *conf, const struct nat6_env *env,
			 const struct nat_settings *set, struct nat *owner, const uint64_t seed[4],
			 msec now)
{
	struct nat6 *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->conf = *conf;
	n->env = *env;
	n->now = now;
	n->link_local = ip_addr_link_local(&conf->mac);
	n->addr = conf->prefix;
	n->addr.b[15] = 2;
	nat6_advertise(n, &(struct ra_conf){.autonomous = true});
	n->frags =
		nat_frags_create(MAX((uint32_t)NAT_FRAG_SLOT_DEFAULT, conf->mtu + ETH_HLEN_), seed);
	if (!n->frags || nat6_peers_init(n, set->max) < 0 ||
	    nat_table_init(&n->table, set, owner, 32 - NAT6_NEIGH_BITS, seed, now) < 0) {
		nat_frags_destroy(n->frags);
		free(n->peers);
		free(n->peer_heads);
		free(n);
		return NULL;
	}
	n->table.note = note_cb;
	n->table.note_ctx = n;
	return n;
}

void nat6_destroy(struct nat6 *n)
{
	if (!n)
		return;
	nat_table_fini(&n->table, n->now);
	nat_frags_destroy(n->frags);
	free(n->peers);
	free(n->peer_heads);
	free(n);
}

bool nat6_tick(struct nat6 *n, bool online, msec now)
{
	n->now = now;
	nat_frags_age(n->frags, now);
	nat6_nd_tick(n, online);
	return nat_table_run(&n->table, now);
}

void nat6_follow(struct nat6 *n, const struct nat_settings *set, msec now)
{
	uint32_t max = n->table.set.max;

	nat_table_set_mapping(&n->table, set->mapping, now);
	n->table.set = *set;
	n->table.set.max = max;
}

int nat6_resize(struct nat6 *n, uint32_t max, msec now)
{
	struct nat6_peer *peers = n->peers;
	uint32_t *heads = n->peer_heads, mask = n->peer_mask;

	if (nat6_peers_init(n, max) == 0 &&
	    nat_table_resize(&n->table, max, 32 - NAT6_NEIGH_BITS, now) == 0) {
		free(peers);
		free(heads);
		return 0;
	}
	if (n->peers != peers) {
		free(n->peers);
		free(n->peer_heads);
	}
	n->peers = peers;
	n->peer_heads = heads;
	n->peer_mask = mask;
	return -ENOMEM;
}

/* ---- addresses ------------------------------------------------------------------------------- */

bool nat6_is_inside(const struct nat6 *n, const struct ip_addr *addr)
{
	return memcmp(addr->b, n->conf.prefix.b, 8) == 0;
}

bool nat6_is_own(const struct nat6 *n, const struct ip_addr *addr)
{
	struct ip_addr leg = n->conf.prefix;

	leg.b[15] = 1;
	return ip_addr_equal(addr, &n->addr) || ip_addr_equal(addr, &n->link_local) ||
	       ip_addr_equal(addr, &leg);
}

/* ---- towards guests -------------------------------------------------------------------------- */

void nat6_to_guest(struct nat6 *n, const struct mac *to, struct pkt *p)
{
	struct eth_hdr *eth = (void *)p->data;

	*eth = (struct eth_hdr){*to, n->conf.mac, htons(ETHERTYPE_IP6)};
	n->env.emit(n->env.ctx, p);
}

void nat6_error_inside(struct nat6 *n, const struct nat6_view *v, uint8_t type, uint8_t code,
		       uint32_t word)
{
	struct ip_addr src = nat6_src(v);
	struct nat6_neigh *to = nat6_neigh_find(n, &src);
	struct pkt *p;

	/* RFC 4443 2.4 (f) */
	if (!to ||
	    !nat_bucket_take(&nat_guest_of(&n->table, nat6_neigh_name(n, to))->errors, n->now))
		return;
	p = nat6_error(n->env.pool, v, &n->addr, type, code, word);
	if (!p)
		return;
	n->errors_sent++;
	nat6_to_guest(n, &to->mac, p);
}
