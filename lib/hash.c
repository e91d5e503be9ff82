/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-1-3: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), with one
 * compression round a word and three finalisation rounds. It is strong enough to keep bucket
 * positions secret, which is all that a hash table needs, and costs a third less than 2-4.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/hash.h"

struct sip {
	uint64_t v0, v1, v2, v3;
};

void random_bytes(void *buf, size_t len)
{
	uint8_t *at = buf;

	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		/* Nothing that needs a secret may go on without one. */
		if (n < 0)
			abort();
		at += n;
		len -= (size_t)n;
	}
}

void hash_key_init(struct hash_key *key)
{
	random_bytes(key, sizeof(*key));
}

static inline uint64_t rotl(uint64_t x, unsigned int n)
{
	return (x << n) | (x >> (64 - n));
}

/* SipRound, section 2.2 of the paper */
static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 = rotl(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len)
{
	/* The constants spell "somepseudorandomlygeneratedbytes". */
	struct sip s = {key->k0 ^ 0x736f6d6570736575, key->k1 ^ 0x646f72616e646f6d,
			key->k0 ^ 0x6c7967656e657261, key->k1 ^ 0x7465646279746573};
	const uint8_t *at = data;
	uint64_t word, last = 0;
	size_t left;

	for (left = len; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sip_word(&s, le64toh(word));
	}
	/* The last word: what is left, and the length modulo 256 in its top byte. */
	if (left)
		memcpy(&last, at, left);
	sip_word(&s, le64toh(last) | (uint64_t)len << 56);

	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
