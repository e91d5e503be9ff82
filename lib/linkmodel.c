/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/linkmodel.h"

#include <string.h>

#define PPM 1000000ull

enum {
	QUEUE_MS = 100,		/* what may wait when nothing is said: this much of the rate, */
	QUEUE_BYTES_MIN = 65536 /* but a sender's super-frame at least */
};

/* SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014) */
static uint64_t draw(uint64_t *stream)
{
	uint64_t z = *stream += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* True for @ppm of a million draws. */
static bool chance(uint64_t *stream, uint64_t ppm)
{
	return (draw(stream) >> 32) * PPM >> 32 < ppm;
}

void link_model_seed(struct link_model *m, uint32_t seed, enum link_dir dir)
{
	uint64_t root = (uint64_t)seed << 1 | (unsigned int)dir;

	for (int i = 0; i < LINK_STREAMS; i++)
		m->stream[i] = draw(&root);
	m->bad = false;
	m->in_gap = 0;
}

/* Gilbert-Elliott: the state changes, then the frame has the luck of the state (Hasslinger and
 * Hohlfeld, "The Gilbert-Elliott model for packet loss", MMB 2008). */
static bool gilbert(struct link_model *m, uint64_t enter, uint64_t leave, uint64_t bad,
		    uint64_t good)
{
	if (chance(&m->stream[STREAM_STATE], m->bad ? leave : enter))
		m->bad = !m->bad;
	return chance(&m->stream[STREAM_LOSS], m->bad ? bad : good);
}

static bool is_lost(struct link_model *m, const struct link_faults *f)
{
	uint64_t loss = f->v[LINK_LOSS], burst = f->v[LINK_BURST];

	if (f->v[LINK_GE_LEAVE])
		return gilbert(m, f->v[LINK_GE_ENTER], f->v[LINK_GE_LEAVE], f->v[LINK_GE_BAD],
			       f->v[LINK_GE_GOOD]);
	/* A bad state in which all is lost lasts 1/leave frames, and is had for
	 * enter/(enter+leave) of the time: solved for the burst and the share that are asked. */
	if (burst && loss)
		return gilbert(m, PPM * loss / (burst * (PPM - loss)), PPM / burst, PPM, 0);
	draw(&m->stream[STREAM_STATE]);
	return chance(&m->stream[STREAM_LOSS], loss);
}

static bool overtakes(struct link_model *m, const struct link_faults *f)
{
	bool luck = chance(&m->stream[STREAM_REORDER], f->v[LINK_REORDER]);

	if (!f->v[LINK_REORDER] || ++m->in_gap < f->v[LINK_GAP])
		return false;
	m->in_gap = luck ? 0 : m->in_gap;
	return luck;
}

struct link_fate link_model_fate(struct link_model *m, const struct link_faults *f)
{
	struct link_fate fate = {
		.lost = is_lost(m, f),
		.reordered = overtakes(m, f),
		.duplicated = chance(&m->stream[STREAM_DUPLICATE], f->v[LINK_DUPLICATE]),
		.corrupted = chance(&m->stream[STREAM_CORRUPT], f->v[LINK_CORRUPT]),
		.bit = draw(&m->stream[STREAM_BIT]),
	};

	return fate;
}

/* Between -1 and 1 in units of 2^-32, or normal with a deviation of 1. */
static int64_t deviation(uint64_t *stream, bool normal)
{
	int64_t sum = 0;

	if (!normal) {
		uint64_t r = draw(stream);

		return (int64_t)(r >> 31) - ((int64_t)1 << 32);
	}
	/* Twelve uniform numbers have a variance of 1, and a sum that is normal up to three
	 * deviations to within a few per mille (Irwin and Hall). Each draw gives two. */
	for (int i = 0; i < 6; i++) {
		uint64_t r = draw(stream);

		sum += (int64_t)(r >> 32) + (int64_t)(r & UINT32_MAX);
	}
	return sum - ((int64_t)6 << 32);
}

static uint64_t propagation(struct link_model *m, const struct link_faults *f)
{
	int64_t jitter = (int64_t)f->v[LINK_JITTER];
	int64_t us = (int64_t)f->v[LINK_DELAY];

	us += (int64_t)((__int128)deviation(&m->stream[STREAM_JITTER], f->v[LINK_NORMAL]) *
				jitter >>
			32);
	return us > 0 ? (uint64_t)us : 0;
}

uint64_t link_wire_ns(const struct link_faults *f, uint64_t len)
{
	uint64_t rate = f->v[LINK_RATE];

	return rate ? len * 8 * 1000000000 / rate : 0;
}

void link_model_times(struct link_model *m, const struct link_faults *f, uint32_t len,
		      uint64_t now_us, uint64_t *leave_us, uint64_t *due_us)
{
	uint64_t due;

	*leave_us = now_us;
	if (f->v[LINK_RATE]) {
		m->free_ns = MAX(now_us * 1000, m->free_ns) + link_wire_ns(f, len);
		*leave_us = (m->free_ns + 999) / 1000;
	}
	due = *leave_us + propagation(m, f);
	*due_us = m->last_due_us = MAX(due, m->last_due_us);
}

bool link_queue_has_room(const struct link_faults *f, unsigned int frames, uint64_t bytes,
			 uint32_t len)
{
	uint64_t limit = f->v[LINK_QUEUE_BYTES];

	if (!f->v[LINK_RATE])
		return true;
	if (f->v[LINK_QUEUE])
		return frames < f->v[LINK_QUEUE];
	if (!limit)
		limit = MAX(f->v[LINK_RATE] / 8 * QUEUE_MS / 1000, (uint64_t)QUEUE_BYTES_MIN);
	return bytes + len <= limit;
}

bool link_per_frame(const struct link_faults *f)
{
	return f->v[LINK_LOSS] | f->v[LINK_GE_LEAVE] | f->v[LINK_REORDER] | f->v[LINK_DUPLICATE] |
	       f->v[LINK_CORRUPT] | f->v[LINK_RATE];
}
