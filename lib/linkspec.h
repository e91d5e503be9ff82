/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkspec.h - what a cable is to do to frames, in words and in figures.
 *
 * One flat list of words says all of it: on the command line, in the state store, and (made from
 * YAML) in a topology file:
 *
 *	delay=20ms loss=1% dir=out rate=10Mbit at=30s down=5s at=60s loss=10% for=10s
 *
 * A word means both directions, or the one that the last dir= named. Words after at= belong to
 * that step of the schedule. What a list does not name stays as it was; `none` forgets all.
 */
#ifndef LIB_LINKSPEC_H
#define LIB_LINKSPEC_H

#include "lib/err.h"

/* Seen from the switch: LINK_IN is from the far end into it. */
enum link_dir { LINK_IN, LINK_OUT, LINK_DIRS };

/* Shares are in parts per million, times in microseconds. */
enum link_field {
	LINK_DELAY,
	LINK_JITTER,
	LINK_NORMAL, /* 1: jitter is the standard deviation of a normal distribution; 0: uniform */
	LINK_LOSS,   /* of all frames, in the mean */
	LINK_BURST,  /* mean length of a run of lost frames; 0: each frame has its own luck */
	LINK_GE_ENTER, /* Gilbert-Elliott, when GE_LEAVE is not 0: from the good state to the bad */
	LINK_GE_LEAVE, /* and back, */
	LINK_GE_BAD,   /* and what is lost in the bad state */
	LINK_GE_GOOD,  /* and in the good one */
	LINK_REORDER,  /* frames that overtake those being delayed */
	LINK_GAP,      /* only each GAP-th frame may */
	LINK_DUPLICATE, /* frames that arrive twice */
	LINK_CORRUPT,	/* frames with one bit turned over */
	LINK_RATE,	/* bit/s of Ethernet frames, header included; 0: no limit */
	LINK_QUEUE,	/* frames that may wait for the rate; 0: see LINK_QUEUE_BYTES */
	LINK_QUEUE_BYTES,
	LINK_MTU, /* longest payload of a frame; 0: the network's */
	LINK_FIELDS
};

struct link_faults {
	uint32_t given; /* bits of enum link_field: what a step of a schedule changes */
	uint64_t v[LINK_FIELDS];
};

enum {
	LINK_STEPS_MAX = 16,
	LINK_TEXT_MAX = 4096, /* of link_spec_text(), with room */
	LINK_WORD_MAX = 96,
};
#define LINK_NEVER UINT64_MAX

struct link_step {
	uint64_t at_us;	 /* since the schedule began */
	uint64_t for_us; /* LINK_NEVER: for good */
	bool down;
	struct link_faults dir[LINK_DIRS];
};

struct link_spec {
	struct link_faults dir[LINK_DIRS];
	bool seeded; /* the user chose @seed */
	uint32_t seed;
	struct link_step steps[LINK_STEPS_MAX]; /* in the order in which they were given */
	unsigned int n_steps;
	uint64_t repeat_us; /* the schedule begins again after this; 0: never */
	bool begun;	    /* @since_ms is known */
	uint64_t since_ms;  /* when the schedule began, by clock.h */
};

/* What holds at one moment. */
struct link_now {
	struct link_faults dir[LINK_DIRS];
	bool down;
};

/* Where a list of words has got to. */
struct link_words {
	struct link_spec *spec;
	struct link_step *step; /* NULL: no at= yet */
	unsigned int dirs;	/* bits of enum link_dir */
	bool scheduled;		/* the list has a schedule, which takes the place of the old one */
};

/* Change @spec as the words of @text say, all of them or none. Errors name the word. */
int link_spec_parse(struct link_spec *spec, const char *text, struct err *err);

/* The same in steps, for one who wants to say where the fault is. A word is given as its key and
 * its value ("" when it has none). link_words_end() checks what no single word can. */
void link_words_begin(struct link_words *w, struct link_spec *spec);
int link_word(struct link_words *w, const char *key, const char *value, struct err *err);
int link_words_end(struct link_words *w, struct err *err);
bool link_word_known(const char *key);

/* Nothing is asked of the cable. */
bool link_spec_empty(const struct link_spec *spec);
bool link_faults_empty(const struct link_faults *f);

/* As words that link_spec_parse() makes the same spec of again, starting with none. */
void link_spec_text(const struct link_spec *spec, char *text, size_t size);
/* One direction's faults; one step without its at=. "" when there are none. */
void link_faults_text(const struct link_faults *f, char *text, size_t size);
void link_step_text(const struct link_step *step, char *text, size_t size);
void link_time_text(uint64_t us, char *text, size_t size);

/* What holds @elapsed_us after the schedule began. Returns when that changes next (on the same
 * clock), or LINK_NEVER; *@next (may be NULL) is then the step that begins, or NULL when one ends.
 */
uint64_t link_spec_at(const struct link_spec *spec, uint64_t elapsed_us, struct link_now *now,
		      const struct link_step **next);

/* Names of the presets, NULL-terminated. */
extern const char *const link_presets[];
/* The words of @name in the direction @dir; NULL when there is no such preset. */
const char *link_preset_words(const char *name, enum link_dir dir);

#endif
