/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_table_int.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { GUESTS_MAX = 65536 };

const struct nat_settings NAT_SETTINGS_DEFAULT = {
	.max = 65536,
	.max_guest = 16384,
	.mss = NAT_MSS_CLAMP,
	.filter = NAT_ADDRESS,
	.udp_ms = 300000,
	.udp_dns_ms = 30000,
	.icmp_ms = 60000,
	.other_ms = 600000,
	.tcp_established_ms = 7440000,
	.tcp_transitory_ms = 240000,
	.hold_ms = 120000,
};

const char *nat_cause_text(enum nat_cause cause)
{
	static const char *const texts[] = {
		"the guest spoke first",
		"let in from outside: the guest had spoken to this peer",
		"let in from a guest of this network by the outside address",
		"let in by a port forward",
	};

	return texts[cause];
}

const char *nat_why_text(enum nat_why why)
{
	static const char *const texts[] = {
		"nothing passed until its time was over",
		"both ends have closed it",
		"gave way to a new flow",
		"its port forward changed",
		"the way out is gone",
		"the rule of mapping is another now",
		"the host itself uses this protocol with this peer now",
		"the network is gone",
	};

	return texts[why];
}

/* ---- set-up ---------------------------------------------------------------------------------- */

static uint32_t pow2_at_least(uint32_t n)
{
	uint32_t p = 16;

	while (p < n && p < 1u << 24)
		p *= 2;
	return p;
}

int nat_table_init(struct nat_table *t, const struct nat_settings *set, struct nat *owner,
		   uint8_t plen, const uint64_t seed[4], msec now)
{
	uint32_t buckets = pow2_at_least(set->max);
	uint32_t guests = plen > 16 ? 1u << (32 - plen) : GUESTS_MAX;

	*t = (struct nat_table){.set = *set, .owner = owner, .born = now};
	t->key = (struct hash_key){seed[0], seed[1]};
	t->rng[0] = seed[2];
	t->rng[1] = seed[3];
	t->spread = nat_random(t) | 1;
	t->guest_mask = guests - 1;
	t->bucket_mask = buckets - 1;
	t->guests = calloc(guests, sizeof(*t->guests));
	t->by_inside = calloc(buckets, sizeof(nat_ref));
	t->by_peer = calloc(buckets, sizeof(nat_ref));
	t->by_addr = calloc(buckets, sizeof(nat_ref));
	t->mappings = calloc(set->max, sizeof(*t->mappings));
	/* Not zeroed: each is filled when it is taken. */
	t->sessions = aligned_alloc(_Alignof(struct nat_session), set->max * sizeof(*t->sessions));
	t->look = calloc(set->max, sizeof(*t->look));
	if (t->guests && t->by_inside && t->by_peer && t->by_addr && t->mappings && t->sessions &&
	    t->look)
		return 0;
	nat_table_fini(t, now);
	return -ENOMEM;
}

/* End what is mapped on @ext (NULL: any), but port forwards only when @forwards. */
static void end_all(struct nat_table *t, const struct nat_ext *ext, bool forwards, enum nat_why why,
		    msec now)
{
	for (uint32_t i = 0; i < t->mappings_touched; i++) {
		struct nat_mapping *m = &t->mappings[i];

		if (m->ext && (!ext || m->ext == ext) && (forwards || !m->forward))
			nat_mapping_del(t, m, why, now);
	}
}

void nat_table_set_mapping(struct nat_table *t, enum nat_kind mapping, msec now)
{
	if (mapping == t->set.mapping)
		return;
	end_all(t, NULL, false, NAT_END_SETTING, now);
	t->set.mapping = mapping;
}

int nat_table_resize(struct nat_table *t, uint32_t max, uint8_t plen, msec now)
{
	uint64_t seed[4] = {t->key.k0, t->key.k1, t->rng[0], t->rng[1]};
	struct nat_settings set = t->set;
	struct nat_table new;

	assert(!t->n_mappings);
	set.max = max;
	if (nat_table_init(&new, &set, t->owner, plen, seed, now) < 0)
		return -ENOMEM;
	new.note = t->note;
	new.lack = t->lack;
	new.note_ctx = t->note_ctx;
	nat_table_fini(t, now);
	*t = new;
	return 0;
}

void nat_table_fini(struct nat_table *t, msec now)
{
	if (t->mappings)
		end_all(t, NULL, true, NAT_END_NETWORK, now);
	free(t->guests);
	free(t->by_inside);
	free(t->by_peer);
	free(t->by_addr);
	free(t->mappings);
	free(t->sessions);
	free(t->look);
	*t = (struct nat_table){0};
}

uint64_t nat_random(struct nat_table *t)
{
	t->rng[1]++;
	return hash_bytes(&t->key, t->rng, sizeof(t->rng));
}

struct nat_guest *nat_guest_of(const struct nat_table *t, be32 addr)
{
	return &t->guests[ntohl(addr) & t->guest_mask];
}

/* ---- walks ----------------------------------------------------------------------------------- */

unsigned int nat_table_drop_ext(struct nat_table *t, const struct nat_ext *ext, msec now)
{
	uint32_t before = t->n_sessions;

	end_all(t, ext, true, NAT_END_UPLINK, now);
	return before - t->n_sessions;
}

void nat_table_each(const struct nat_table *t,
		    void (*fn)(void *ctx, const struct nat_mapping *m, const struct nat_session *s),
		    void *ctx)
{
	for (uint32_t i = 0; i < t->mappings_touched; i++) {
		const struct nat_mapping *m = &t->mappings[i];

		if (!m->ext)
			continue;
		for (nat_ref r = m->sessions; r; r = session_at(t, r)->next)
			fn(ctx, m, session_at(t, r));
	}
}
