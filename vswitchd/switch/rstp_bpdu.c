/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "vswitchd/switch/rstp.h"

/* IEEE 802.1D-2004 9.3: fields are big endian and packed; times count 1/256 s. */
enum {
	CONFIG_LEN = 35,
	TCN_LEN = 4,
	RST_LEN = 36,
	TYPE_CONFIG = 0x00,
	TYPE_RST = 0x02,
	TYPE_TCN = 0x80,
	ROLE_UNKNOWN = 0,
};

static uint64_t get(const uint8_t *at, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *at++;
	return v;
}

static void put(uint8_t *at, unsigned int bytes, uint64_t v)
{
	while (bytes--) {
		at[bytes] = (uint8_t)v;
		v >>= 8;
	}
}

static void parse_body(const uint8_t *bpdu, struct rstp_bpdu *out)
{
	out->flags = bpdu[4];
	out->vector.root = get(bpdu + 5, 8);
	out->vector.cost = (uint32_t)get(bpdu + 13, 4);
	out->vector.bridge = get(bpdu + 17, 8);
	out->vector.port = (uint16_t)get(bpdu + 25, 2);
	/* A fraction of a second counts as none, as in every bridge that ticks in seconds. */
	out->times.message_age = (uint16_t)(get(bpdu + 27, 2) >> 8);
	out->times.max_age = (uint16_t)(get(bpdu + 29, 2) >> 8);
	out->times.hello = (uint16_t)(get(bpdu + 31, 2) >> 8);
	out->times.fwd_delay = (uint16_t)(get(bpdu + 33, 2) >> 8);
}

/* 17.14: outside these a bridge is set up wrong; a fast or endless timer would hurt everybody. */
static bool times_sane(const struct rstp_times *t)
{
	return t->max_age >= 6 && t->max_age <= 40 && t->fwd_delay >= 4 && t->fwd_delay <= 30 &&
	       t->hello <= 10;
}

bool rstp_bpdu_parse(const uint8_t *bpdu, size_t len, struct rstp_bpdu *out)
{
	memset(out, 0, sizeof(*out));
	if (len < TCN_LEN || bpdu[0] || bpdu[1]) /* protocol identifier 0 */
		return false;
	switch (bpdu[3]) {
	case TYPE_TCN:
		out->kind = BPDU_TCN;
		return true;
	case TYPE_CONFIG:
		if (len < CONFIG_LEN)
			return false;
		out->kind = BPDU_CONFIG;
		break;
	case TYPE_RST:
		if (len < RST_LEN || bpdu[2] < 2)
			return false;
		out->kind = BPDU_RST;
		break;
	default:
		return false;
	}
	parse_body(bpdu, out);
	/* 9.2.9: a role of 0 is a configuration message. It always speaks for a designated port. */
	if (out->kind == BPDU_RST && (out->flags & BPDU_ROLE) >> 2 == ROLE_UNKNOWN)
		out->kind = BPDU_CONFIG;
	if (out->kind == BPDU_CONFIG)
		out->flags &= BPDU_TC | BPDU_TC_ACK;
	if (!times_sane(&out->times))
		return false;
	/* 9.3.4 a: too old to be told. A rapid one is heard all the same, and ages out at once. */
	return out->kind == BPDU_RST || out->times.message_age < out->times.max_age;
}

size_t rstp_bpdu_build(const struct rstp_bpdu *in, uint8_t *out)
{
	memset(out, 0, RSTP_BPDU_MAX);
	if (in->kind == BPDU_TCN) {
		out[3] = TYPE_TCN;
		return TCN_LEN;
	}
	out[2] = in->kind == BPDU_RST ? 2 : 0;
	out[3] = in->kind == BPDU_RST ? TYPE_RST : TYPE_CONFIG;
	out[4] = in->flags;
	put(out + 5, 8, in->vector.root);
	put(out + 13, 4, in->vector.cost);
	put(out + 17, 8, in->vector.bridge);
	put(out + 25, 2, in->vector.port);
	put(out + 27, 2, in->times.message_age << 8);
	put(out + 29, 2, in->times.max_age << 8);
	put(out + 31, 2, in->times.hello << 8);
	put(out + 33, 2, in->times.fwd_delay << 8);
	return in->kind == BPDU_RST ? RST_LEN : CONFIG_LEN;
}
