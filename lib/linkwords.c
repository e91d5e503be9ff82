/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * linkwords.c - the words of one direction, and the quantities in them.
 *
 * Quantities carry their unit and must be whole in the smallest one, so that what is asked is what
 * is done.
 */
#include "lib/linkwords.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PPM	     LINK_PPM
#define DELAY_MAX_US (60 * 1000000ull)
#define RATE_MIN     1000ull	     /* a frame of 1,514 bytes then takes 12 s */
#define RATE_MAX     100000000000ull /* 100 Gbit/s */

/* ---- quantities ------------------------------------------------------------------------------ */

struct unit {
	const char *word;
	uint64_t factor;
};

static const struct unit times[] = {
	{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60000000ull}, {"h", 3600000000ull}, {0}};
static const struct unit shares[] = {{"%", PPM / 100}, {0}};
static const struct unit rates[] = {
	{"bit", 1}, {"kbit", 1000}, {"Mbit", 1000000}, {"Gbit", 1000000000ull}, {0}};
static const struct unit counts[] = {{"", 1}, {0}};
static const struct unit sizes[] = {{"B", 1}, {"KiB", 1024}, {"MiB", 1 << 20}, {0}};

/* Digits, perhaps with a fraction, as a whole number of millionths. */
static const char *decimal(const char *text, uint64_t *millionths)
{
	uint64_t v = 0, scale = PPM;
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 11)
		return NULL;
	for (; digits; digits--)
		v = v * 10 + (uint64_t)(*text++ - '0');
	v *= PPM;
	if (*text != '.') {
		*millionths = v;
		return text;
	}
	digits = strspn(++text, "0123456789");
	if (!digits || digits > 6)
		return NULL;
	for (; digits; digits--) {
		scale /= 10;
		v += (uint64_t)(*text++ - '0') * scale;
	}
	*millionths = v;
	return text;
}

/* A decimal with one of @units. False when it is none, or not whole in the smallest unit. */
static bool quantity(const char *text, const struct unit *units, uint64_t *out)
{
	unsigned __int128 v;
	uint64_t millionths = 0;
	const char *rest = decimal(text, &millionths);

	for (; rest && units->word; units++) {
		if (strcmp(units->word, rest))
			continue;
		v = (unsigned __int128)millionths * units->factor;
		if (v % PPM || v / PPM > UINT64_MAX / 2)
			return false;
		*out = (uint64_t)(v / PPM);
		return true;
	}
	return false;
}

int link_in_range(uint64_t v, uint64_t lo, uint64_t hi, const char *range, struct err *err)
{
	return v >= lo && v <= hi ? 0 : err_set(err, -EINVAL, "must be %s", range);
}

int link_read_time(const char *text, uint64_t hi, const char *range, uint64_t *out, struct err *err)
{
	if (!quantity(text, times, out))
		return err_set(err, -EINVAL,
			       "wants a time with its unit, such as 20ms, 500us or 1.5s");
	return link_in_range(*out, 0, hi, range, err);
}

static int read_share(const char *text, uint64_t *out, struct err *err)
{
	if (!quantity(text, shares, out))
		return err_set(err, -EINVAL, "wants a share such as 1%% or 0.05%%");
	return link_in_range(*out, 0, PPM, "from 0% to 100%", err);
}

int link_read_count(const char *text, uint64_t lo, uint64_t hi, uint64_t *out, struct err *err)
{
	char range[64];

	if (!quantity(text, counts, out))
		return err_set(err, -EINVAL, "wants a whole number");
	snprintf(range, sizeof(range), "from %llu to %llu", (unsigned long long)lo,
		 (unsigned long long)hi);
	return link_in_range(*out, lo, hi, range, err);
}

/* ---- words of one direction ------------------------------------------------------------------ */

static void put(struct link_faults *f, enum link_field field, uint64_t v)
{
	f->v[field] = v;
	f->given |= 1u << field;
}

static int word_delay(struct link_faults *f, const char *text, struct err *err)
{
	uint64_t v;
	int rc = link_read_time(text, DELAY_MAX_US, "at most 60s", &v, err);

	if (!rc)
		put(f, LINK_DELAY, v);
	return rc;
}

static int word_jitter(struct link_faults *f, const char *text, struct err *err)
{
	uint64_t v;
	int rc = link_read_time(text, DELAY_MAX_US, "at most 60s", &v, err);

	if (!rc)
		put(f, LINK_JITTER, v);
	return rc;
}

static int word_distribution(struct link_faults *f, const char *text, struct err *err)
{
	bool normal = !strcmp(text, "normal");

	if (!normal && strcmp(text, "uniform"))
		return err_set(err, -EINVAL, "wants uniform or normal");
	put(f, LINK_NORMAL, normal);
	return 0;
}

/* gilbert:ENTER,LEAVE[,BAD[,GOOD]] */
static int read_gilbert(struct link_faults *f, const char *text, struct err *err)
{
	uint64_t v[4] = {0, 0, PPM, 0};
	char part[LINK_WORD_MAX];
	size_t n = 0, len;
	bool more = true;

	for (; more && n < 4; text += len + more) {
		len = strcspn(text, ",");
		if (len >= sizeof(part))
			break;
		memcpy(part, text, len);
		part[len] = '\0';
		if (read_share(part, &v[n++], err))
			return -EINVAL;
		more = text[len];
	}
	if (n < 2 || more || !v[0] || !v[1])
		return err_set(err, -EINVAL,
			       "wants gilbert:ENTER,LEAVE[,BAD[,GOOD]]: the shares of frames at "
			       "which a bad spell begins and ends (not 0), and what is lost in and "
			       "outside of one, such as gilbert:1%%,25%%");
	for (n = 0; n < 4; n++)
		put(f, LINK_GE_ENTER + n, v[n]);
	put(f, LINK_LOSS, 0);
	put(f, LINK_BURST, 0);
	return 0;
}

static int word_loss(struct link_faults *f, const char *text, struct err *err)
{
	uint64_t v;
	int rc;

	if (!strncmp(text, "gilbert:", 8))
		return read_gilbert(f, text + 8, err);
	rc = read_share(text, &v, err);
	if (rc)
		return rc;
	put(f, LINK_LOSS, v);
	for (int i = LINK_GE_ENTER; i <= LINK_GE_GOOD; i++)
		put(f, i, 0);
	return 0;
}

static int word_burst(struct link_faults *f, const char *text, struct err *err)
{
	uint64_t v;
	int rc = link_read_count(text, 1, 10000, &v, err);

	if (!rc)
		put(f, LINK_BURST, v == 1 ? 0 : v);
	return rc;
}

static int share_word(struct link_faults *f, enum link_field field, const char *text,
		      struct err *err)
{
	uint64_t v;
	int rc = read_share(text, &v, err);

	if (!rc)
		put(f, field, v);
	return rc;
}

static int word_reorder(struct link_faults *f, const char *text, struct err *err)
{
	return share_word(f, LINK_REORDER, text, err);
}

static int word_duplicate(struct link_faults *f, const char *text, struct err *err)
{
	return share_word(f, LINK_DUPLICATE, text, err);
}

static int word_corrupt(struct link_faults *f, const char *text, struct err *err)
{
	return share_word(f, LINK_CORRUPT, text, err);
}

static int word_gap(struct link_faults *f, const char *text, struct err *err)
{
	uint64_t v;
	int rc = link_read_count(text, 1, 10000, &v, err);

	if (!rc)
		put(f, LINK_GAP, v == 1 ? 0 : v);
	return rc;
}

static int word_rate(struct link_faults *f, const char *text, struct err *err)
{
	uint64_t v = 0;

	if (strcmp(text, "none") && !quantity(text, rates, &v))
		return err_set(err, -EINVAL,
			       "wants a rate such as 10Mbit, 512kbit or 1Gbit, or none");
	if (strcmp(text, "none") &&
	    link_in_range(v, RATE_MIN, RATE_MAX, "from 1kbit to 100Gbit", err))
		return -EINVAL;
	put(f, LINK_RATE, v);
	return 0;
}

static int word_queue(struct link_faults *f, const char *text, struct err *err)
{
	uint64_t frames = 0, bytes = 0;

	if (!quantity(text, counts, &frames) && !quantity(text, sizes, &bytes))
		return err_set(err, -EINVAL, "wants a number of frames, or bytes such as 64KiB");
	if (frames > 1000000 || bytes > 64 << 20 || (bytes && bytes < 1600) || !(frames | bytes))
		return err_set(err, -EINVAL,
			       "must be from 1 to 1000000 frames, or from 1600B to 64MiB");
	put(f, LINK_QUEUE, frames);
	put(f, LINK_QUEUE_BYTES, bytes);
	return 0;
}

static int word_mtu(struct link_faults *f, const char *text, struct err *err)
{
	uint64_t v;
	int rc = link_read_count(text, 68, 65535, &v, err); /* RFC 791 3.2: the least for IPv4 */

	if (!rc)
		put(f, LINK_MTU, v);
	return rc;
}

static const struct {
	const char *key;
	int (*read)(struct link_faults *f, const char *text, struct err *err);
} fault_words[] = {
	{"delay", word_delay},
	{"jitter", word_jitter},
	{"distribution", word_distribution},
	{"loss", word_loss},
	{"burst", word_burst},
	{"reorder", word_reorder},
	{"gap", word_gap},
	{"duplicate", word_duplicate},
	{"corrupt", word_corrupt},
	{"rate", word_rate},
	{"queue", word_queue},
	{"mtu", word_mtu},
	{0},
};

const char *link_fault_key(unsigned int i)
{
	return fault_words[i].key;
}

int link_fault_word(struct link_faults *f, const char *key, const char *text, struct err *err)
{
	for (size_t i = 0; fault_words[i].key; i++)
		if (!strcmp(fault_words[i].key, key))
			return fault_words[i].read(f, text, err);
	return -ENOENT;
}
