/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkmodel.h - the luck of frames on one direction of a cable.
 *
 * Pure: the faults, the seed and the clock are arguments. Each kind of fault has a stream of
 * random numbers of its own and takes the same number of them from it for each frame, so the
 * pattern of lost frames depends on the seed and on how the frames are counted only: the same seed
 * loses the same frames again, whatever else is set or changed meanwhile.
 */
#ifndef LIB_LINKMODEL_H
#define LIB_LINKMODEL_H

#include "lib/linkspec.h"

enum link_stream {
	STREAM_LOSS,
	STREAM_STATE,
	STREAM_JITTER,
	STREAM_REORDER,
	STREAM_DUPLICATE,
	STREAM_CORRUPT,
	STREAM_BIT,
	LINK_STREAMS
};

struct link_model {
	uint64_t stream[LINK_STREAMS];
	bool bad;	     /* Gilbert-Elliott: in the bad state */
	unsigned int in_gap; /* frames since one might overtake */
	uint64_t free_ns;    /* when the wire has sent what it was given */
	uint64_t last_due_us;
};

/* What befalls one frame. */
struct link_fate {
	bool lost, duplicated, corrupted, reordered;
	uint64_t bit; /* corrupted: a random number that chooses the bit */
};

/* Start again with @seed; @dir makes the two directions differ. Keeps the times. */
void link_model_seed(struct link_model *m, uint32_t seed, enum link_dir dir);
/* Draw the fate of the next frame. */
struct link_fate link_model_fate(struct link_model *m, const struct link_faults *f);
/* When a frame of @len bytes that is given to the wire at @now_us has left, and when it is there
 * (never before one that went before it). */
void link_model_times(struct link_model *m, const struct link_faults *f, uint32_t len,
		      uint64_t now_us, uint64_t *leave_us, uint64_t *due_us);
/* How long @len bytes take at the rate, in nanoseconds; 0 without a rate. */
uint64_t link_wire_ns(const struct link_faults *f, uint64_t len);
/* May another @len bytes wait where @frames and @bytes do? */
bool link_queue_has_room(const struct link_faults *f, unsigned int frames, uint64_t bytes,
			 uint32_t len);
/* Must a super-frame be cut, because the faults are those of single frames? */
bool link_per_frame(const struct link_faults *f);

#endif
