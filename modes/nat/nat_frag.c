/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_frag.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/hash.h"

enum { BUCKETS = 1024, NONE = 0xffff };

struct entry {
	struct nat_frag_key key;
	bool used, decided, spoilt;
	uint8_t n_pieces;
	uint16_t share;
	uint16_t hash_next;
	uint16_t older, newer; /* all entries in order of birth */
	uint16_t first, last;  /* kept frames */
	msec born_ms;
	struct nat_frag_fate fate;
};

/* In units of 8 bytes, of which all but the last piece are whole ones. */
struct piece {
	uint16_t first, end;
};

struct slot {
	uint16_t next;
	uint32_t len;
	struct virtio_net_hdr vnet;
};

struct nat_frags {
	struct hash_key key;
	uint32_t slot_bytes;
	uint16_t buckets[BUCKETS];
	struct entry entries[NAT_FRAG_ENTRIES];
	struct slot slots[NAT_FRAG_SLOTS];
	uint16_t free_entry, free_slot, oldest, newest;
	uint16_t share_entries[NAT_FRAG_SHARES], share_slots[NAT_FRAG_SHARES];
	uint16_t n_held;
	uint8_t *bytes;
	struct piece (*pieces)[NAT_FRAG_PIECES]; /* by entry; not touched for IPv4 */
};

struct nat_frags *nat_frags_create(uint32_t slot_bytes, const uint64_t seed[2])
{
	struct nat_frags *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->bytes = malloc((size_t)slot_bytes * NAT_FRAG_SLOTS);
	f->pieces = malloc(NAT_FRAG_ENTRIES * sizeof(*f->pieces));
	if (!f->bytes || !f->pieces) {
		nat_frags_destroy(f);
		return NULL;
	}
	f->key = (struct hash_key){seed[0], seed[1]};
	f->slot_bytes = slot_bytes;
	f->oldest = f->newest = NONE;
	for (unsigned int i = 0; i < BUCKETS; i++)
		f->buckets[i] = NONE;
	for (unsigned int i = 0; i < NAT_FRAG_ENTRIES; i++)
		f->entries[i].hash_next = i + 1 < NAT_FRAG_ENTRIES ? (uint16_t)(i + 1) : NONE;
	for (unsigned int i = 0; i < NAT_FRAG_SLOTS; i++)
		f->slots[i].next = i + 1 < NAT_FRAG_SLOTS ? (uint16_t)(i + 1) : NONE;
	return f;
}

void nat_frags_destroy(struct nat_frags *f)
{
	if (!f)
		return;
	free(f->bytes);
	free(f->pieces);
	free(f);
}

unsigned int nat_frags_held(const struct nat_frags *f)
{
	return f->n_held;
}

static uint16_t *bucket_of(struct nat_frags *f, const struct nat_frag_key *k)
{
	return &f->buckets[hash_bytes(&f->key, k, sizeof(*k)) % BUCKETS];
}

static struct entry *entry_find(struct nat_frags *f, const struct nat_frag_key *k)
{
	for (uint16_t i = *bucket_of(f, k); i != NONE; i = f->entries[i].hash_next) {
		if (memcmp(&f->entries[i].key, k, sizeof(*k)) == 0)
			return &f->entries[i];
	}
	return NULL;
}

static void slot_pop(struct nat_frags *f, struct entry *e)
{
	uint16_t i = e->first;

	e->first = f->slots[i].next;
	f->slots[i].next = f->free_slot;
	f->free_slot = i;
	f->share_slots[e->share]--;
	f->n_held--;
}

static void entry_del(struct nat_frags *f, struct entry *e)
{
	uint16_t self = (uint16_t)(e - f->entries);
	uint16_t *at = bucket_of(f, &e->key);

	while (e->first != NONE)
		slot_pop(f, e);
	while (*at != self)
		at = &f->entries[*at].hash_next;
	*at = e->hash_next;
	*(e->older == NONE ? &f->oldest : &f->entries[e->older].newer) = e->newer;
	*(e->newer == NONE ? &f->newest : &f->entries[e->newer].older) = e->older;
	f->share_entries[e->share]--;
	e->used = false;
	e->hash_next = f->free_entry;
	f->free_entry = self;
}

/* Forget the oldest datagram, of @share unless that is negative, but not @keep. */
static bool forget_oldest(struct nat_frags *f, int share, const struct entry *keep, bool with_slots)
{
	for (uint16_t i = f->oldest; i != NONE; i = f->entries[i].newer) {
		struct entry *e = &f->entries[i];

		if (e == keep || (share >= 0 && e->share != share) ||
		    (with_slots && e->first == NONE))
			continue;
		entry_del(f, e);
		return true;
	}
	return false;
}

static struct entry *entry_add(struct nat_frags *f, const struct nat_frag_key *k, uint16_t share,
			       msec now)
{
	uint16_t *bucket = bucket_of(f, k);
	struct entry *e;
	uint16_t self;

	if (f->share_entries[share] >= NAT_FRAG_ENTRIES / 4)
		forget_oldest(f, share, NULL, false);
	if (f->free_entry == NONE)
		forget_oldest(f, -1, NULL, false);
	self = f->free_entry;
	e = &f->entries[self];
	f->free_entry = e->hash_next;
	*e = (struct entry){.key = *k, .used = true, .share = share, .born_ms = now};
	e->first = e->last = e->newer = NONE;
	e->hash_next = *bucket;
	*bucket = self;
	e->older = f->newest;
	*(f->newest == NONE ? &f->oldest : &f->entries[f->newest].newer) = self;
	f->newest = self;
	f->share_entries[share]++;
	return e;
}

void nat_frags_age(struct nat_frags *f, msec now)
{
	while (f->oldest != NONE && now >= f->entries[f->oldest].born_ms + NAT_FRAG_MS)
		entry_del(f, &f->entries[f->oldest]);
}

static bool piece_add(struct nat_frags *f, struct entry *e, struct piece new, bool *again)
{
	struct piece *have = f->pieces[e - f->entries];

	*again = false;
	for (unsigned int i = 0; i < e->n_pieces; i++) {
		if (have[i].first >= new.end || new.first >= have[i].end)
			continue;
		*again = have[i].first == new.first &&have[i].end == new.end;
		return *again;
	}
	if (e->n_pieces == NAT_FRAG_PIECES)
		return false;
	have[e->n_pieces++] = new;
	return true;
}

enum nat_frag_seen nat_frags_see(struct nat_frags *f, const struct nat_frag_key *k, uint32_t share,
				 uint32_t at, uint32_t len, msec now)
{
	struct piece new = {(uint16_t)(at / 8), (uint16_t)((at + len + 7) / 8)};
	struct entry *e;
	bool again;

	nat_frags_age(f, now);
	e = entry_find(f, k);
	if (!e)
		e = entry_add(f, k, (uint16_t)(share % NAT_FRAG_SHARES), now);
	if (!e->spoilt && piece_add(f, e, new, &again))
		return again ? NAT_FRAG_AGAIN : NAT_FRAG_NEW;
	e->spoilt = true;
	e->decided = false;
	while (e->first != NONE)
		slot_pop(f, e);
	return NAT_FRAG_SPOILT;
}

const struct nat_frag_fate *nat_frags_find(struct nat_frags *f, const struct nat_frag_key *k,
					   msec now)
{
	struct entry *e;

	nat_frags_age(f, now);
	e = entry_find(f, k);
	return e && e->decided ? &e->fate : NULL;
}

bool nat_frags_hold(struct nat_frags *f, const struct nat_frag_key *k, uint32_t share,
		    const struct pkt *p, msec now)
{
	uint16_t sh = (uint16_t)(share % NAT_FRAG_SHARES);
	struct entry *e = entry_find(f, k);
	uint16_t i;

	if (p->len > f->slot_bytes)
		return false;
	if (!e)
		e = entry_add(f, k, sh, now);
	if (f->share_slots[e->share] >= NAT_FRAG_SLOTS / 4 && !forget_oldest(f, e->share, e, true))
		return false;
	if (f->free_slot == NONE && !forget_oldest(f, -1, e, true))
		return false;
	i = f->free_slot;
	f->free_slot = f->slots[i].next;
	f->slots[i] = (struct slot){.next = NONE, .len = p->len, .vnet = p->vnet};
	memcpy(f->bytes + (size_t)i * f->slot_bytes, p->data, p->len);
	*(e->first == NONE ? &e->first : &f->slots[e->last].next) = i;
	e->last = i;
	f->share_slots[e->share]++;
	f->n_held++;
	return true;
}

bool nat_frags_decide(struct nat_frags *f, const struct nat_frag_key *k, uint32_t share,
		      const struct nat_frag_fate *fate, msec now)
{
	struct entry *e;

	nat_frags_age(f, now);
	e = entry_find(f, k);
	if (!e)
		e = entry_add(f, k, (uint16_t)(share % NAT_FRAG_SHARES), now);
	e->decided = true;
	e->fate = *fate;
	return true;
}

struct pkt *nat_frags_release(struct nat_frags *f, const struct nat_frag_key *k,
			      struct pkt_pool *pool)
{
	struct entry *e = entry_find(f, k);
	struct pkt *p;

	if (!e || e->first == NONE)
		return NULL;
	p = pkt_from(pool, f->bytes + (size_t)e->first * f->slot_bytes, f->slots[e->first].len);
	if (p)
		p->vnet = f->slots[e->first].vnet;
	slot_pop(f, e);
	return p;
}

void nat_frags_forget(struct nat_frags *f, const struct nat *owner, const struct nat_ext *ext)
{
	for (unsigned int i = 0; i < NAT_FRAG_ENTRIES; i++) {
		struct entry *e = &f->entries[i];

		if (e->used && e->decided &&
		    ((owner && e->fate.owner == owner) || (ext && e->fate.ext == ext)))
			entry_del(f, e);
	}
}

/* ---- cutting --------------------------------------------------------------------------------- */

/* Options of the pieces after the first: only those with the copied flag (RFC 791 3.1). Returns
 * their length, padded to whole words. */
static uint32_t copied_options(const uint8_t *opt, uint32_t len, uint8_t out[40])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < len && opt[i] != 0;) {
		uint32_t olen = opt[i] == 1 ? 1 : i + 1 < len ? opt[i + 1] : 0;

		if (olen == 0 || i + olen > len || (opt[i] != 1 && olen < 2))
			break;
		if (opt[i] & 0x80) {
			memcpy(out + n, opt + i, olen);
			n += olen;
		}
		i += olen;
	}
	while (n % 4)
		out[n++] = 0;
	return n;
}

static struct pkt *piece_make(const struct pkt *p, struct pkt_pool *pool, const uint8_t *opts,
			      uint32_t n_opts, uint32_t off, uint32_t len, bool more)
{
	const struct ip4_hdr *ip = (const void *)(p->data + ETH_HLEN_);
	uint32_t ihl = 20 + n_opts;
	struct pkt *q = pkt_alloc(pool);
	struct ip4_hdr *h;
	uint16_t old = ntohs(ip->frag_off);

	if (!q)
		return NULL;
	memcpy(q->data, p->data, ETH_HLEN_ + 20);
	memcpy(q->data + ETH_HLEN_ + 20, opts, n_opts);
	memcpy(q->data + ETH_HLEN_ + ihl, p->data + ETH_HLEN_ + ip4_ihl(ip) + off, len);
	q->len = ETH_HLEN_ + ihl + len;
	h = (void *)(q->data + ETH_HLEN_);
	h->ver_ihl = (uint8_t)(0x40 | ihl / 4);
	h->tot_len = htons((uint16_t)(ihl + len));
	h->frag_off =
		htons((uint16_t)((old & ~(IP4_OFFMASK | IP4_MF)) | ((old & IP4_OFFMASK) + off / 8) |
				 (more ? IP4_MF : (old & IP4_MF))));
	h->csum = 0;
	h->csum = csum_ip4(h, ihl);
	return q;
}

bool nat_fragment(const struct pkt *p, uint32_t mtu, struct pkt_pool *pool,
		  void (*emit)(void *ctx, struct pkt *piece), void *ctx)
{
	const struct ip4_hdr *ip = (const void *)(p->data + ETH_HLEN_);
	uint32_t ihl = ip4_ihl(ip), total = ntohs(ip->tot_len) - ihl;
	const uint8_t *opts = p->data + ETH_HLEN_ + 20;
	uint8_t rest[40];
	uint32_t n_rest = copied_options(opts, ihl - 20, rest);

	if (mtu < ihl + 8)
		return false;
	for (uint32_t off = 0; off < total;) {
		uint32_t head = off ? 20 + n_rest : ihl;
		uint32_t room = mtu - head;
		uint32_t len = total - off <= room ? total - off : room & ~7u;
		struct pkt *q = piece_make(p, pool, off ? rest : opts, head - 20, off, len,
					   off + len < total);

		if (!q)
			return false;
		emit(ctx, q);
		off += len;
	}
	return true;
}
