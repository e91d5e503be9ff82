/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/pcapng.h"

#include <string.h>

/* Options (3.5, 4.1 to 4.4) */
enum {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	EPB_FLAGS = 2,
	EPB_DROPCOUNT = 4,
	EPB_PACKETID = 5,
	ISB_STARTTIME = 2,
	ISB_ENDTIME = 3,
	ISB_IFRECV = 4,
	ISB_IFDROP = 5,
};
enum { LINKTYPE_ETHERNET_ = 1, OPTION_MAX = 1024 };
enum { PACKET_FIXED = 28, INTERFACE_FIXED = 16, STATS_FIXED = 20 };

/* ---- writing --------------------------------------------------------------------------------- */

static void put_bytes(struct pcapng_out *o, const void *data, size_t len)
{
	static const uint8_t zero[4];
	size_t pad = -len & 3; /* everything is padded to 32 bits */

	if (o->full || o->size - o->len < len + pad) {
		o->full = true;
		return;
	}
	memcpy(o->buf + o->len, data, len);
	memcpy(o->buf + o->len + len, zero, pad);
	o->len += len + pad;
}

static void put32(struct pcapng_out *o, uint32_t v)
{
	put_bytes(o, &v, sizeof(v));
}

static void put_time(struct pcapng_out *o, uint64_t ns)
{
	put32(o, (uint32_t)(ns >> 32));
	put32(o, (uint32_t)ns);
}

static void put_option(struct pcapng_out *o, uint16_t code, const void *data, size_t len)
{
	uint16_t head[2] = {code, (uint16_t)len};

	put_bytes(o, head, sizeof(head));
	if (len)
		put_bytes(o, data, len);
}

static void put_text(struct pcapng_out *o, uint16_t code, const char *text)
{
	if (text)
		put_option(o, code, text, strnlen(text, OPTION_MAX));
}

static size_t block_begin(struct pcapng_out *o, uint32_t type)
{
	size_t at = o->len;

	o->full = false;
	put32(o, type);
	put32(o, 0);
	return at;
}

/* Its length goes to both ends; a block that did not fit is taken back. */
static void block_end(struct pcapng_out *o, size_t at)
{
	uint32_t len = (uint32_t)(o->len - at + 4);

	put32(o, len);
	if (o->full)
		o->len = at;
	else
		memcpy(o->buf + at + 4, &len, sizeof(len));
}

void pcapng_put_section(struct pcapng_out *o, const char *application)
{
	size_t at = block_begin(o, PCAPNG_SECTION);
	uint16_t version[2] = {1, 0};

	put32(o, 0x1a2b3c4d);
	put_bytes(o, version, sizeof(version));
	put32(o, UINT32_MAX); /* the section's length is not known: a stream */
	put32(o, UINT32_MAX);
	put_text(o, SHB_USERAPPL, application);
	put_option(o, OPT_END, NULL, 0);
	block_end(o, at);
}

void pcapng_put_interface(struct pcapng_out *o, const struct pcapng_interface *i)
{
	size_t at = block_begin(o, PCAPNG_INTERFACE);
	uint16_t linktype[2] = {LINKTYPE_ETHERNET_, 0};
	uint8_t resolution = 9, filter[OPTION_MAX] = {0}; /* 0: a pcap-filter(7) text follows */

	put_bytes(o, linktype, sizeof(linktype));
	put32(o, i->snaplen);
	put_text(o, IF_NAME, i->name);
	put_text(o, IF_DESCRIPTION, i->description);
	put_option(o, IF_TSRESOL, &resolution, sizeof(resolution));
	if (i->filter) {
		size_t len = strnlen(i->filter, sizeof(filter) - 1);

		memcpy(filter + 1, i->filter, len);
		put_option(o, IF_FILTER, filter, len + 1);
	}
	put_option(o, OPT_END, NULL, 0);
	block_end(o, at);
}

void pcapng_put_packet(struct pcapng_out *o, const struct pcapng_packet *p)
{
	size_t at = block_begin(o, PCAPNG_PACKET);

	put32(o, p->interface);
	put_time(o, p->time_ns);
	put32(o, p->caplen);
	put32(o, p->len);
	put_bytes(o, p->data, p->caplen);
	put_option(o, EPB_FLAGS, &p->flags, sizeof(p->flags));
	if (p->dropped)
		put_option(o, EPB_DROPCOUNT, &p->dropped, sizeof(p->dropped));
	if (p->id)
		put_option(o, EPB_PACKETID, &p->id, sizeof(p->id));
	for (unsigned int i = 0; i < p->n_comments; i++)
		put_text(o, OPT_COMMENT, p->comment[i]);
	put_option(o, OPT_END, NULL, 0);
	block_end(o, at);
}

/* Times in options have their upper half first too, and no other number has (4.4). */
static void put_time_option(struct pcapng_out *o, uint16_t code, uint64_t ns)
{
	uint32_t halves[2] = {(uint32_t)(ns >> 32), (uint32_t)ns};

	put_option(o, code, halves, sizeof(halves));
}

void pcapng_put_stats(struct pcapng_out *o, const struct pcapng_stats *s)
{
	size_t at = block_begin(o, PCAPNG_STATS);

	put32(o, s->interface);
	put_time(o, s->end_ns);
	put_time_option(o, ISB_STARTTIME, s->start_ns);
	put_time_option(o, ISB_ENDTIME, s->end_ns);
	put_option(o, ISB_IFRECV, &s->received, sizeof(s->received));
	put_option(o, ISB_IFDROP, &s->dropped, sizeof(s->dropped));
	put_option(o, OPT_END, NULL, 0);
	block_end(o, at);
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint32_t get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint64_t get_time(const uint8_t *at)
{
	return (uint64_t)get32(at) << 32 | get32(at + 4);
}

bool pcapng_block(const uint8_t head[static 8], uint32_t *type, uint32_t *len)
{
	*type = get32(head);
	*len = get32(head + 4);
	return *len >= PCAPNG_BLOCK_MIN && *len <= PCAPNG_BLOCK_MAX && !(*len & 3);
}

/* Is it a whole block with @fixed bytes before its options, its length at both ends? */
static bool whole(const uint8_t *block, size_t len, size_t fixed)
{
	return len >= fixed + 4 && !(len & 3) && get32(block + 4) == len &&
	       get32(block + len - 4) == len;
}

struct option {
	uint16_t code, len;
	const uint8_t *data;
};

/* The next option of those from *@at to @end. False at the end, and when one is cut off. */
static bool next_option(const uint8_t **at, const uint8_t *end, struct option *o)
{
	size_t left = (size_t)(end - *at), padded;

	if (left < 4)
		return false;
	memcpy(&o->code, *at, 2);
	memcpy(&o->len, *at + 2, 2);
	padded = (o->len + 3u) & ~3u;
	if (o->code == OPT_END || left - 4 < padded)
		return false;
	o->data = *at + 4;
	*at += 4 + padded;
	return true;
}

static void packet_option(struct pcapng_packet *p, const struct option *o)
{
	if (o->code == EPB_FLAGS && o->len == sizeof(p->flags)) {
		memcpy(&p->flags, o->data, sizeof(p->flags));
	} else if (o->code == EPB_DROPCOUNT && o->len == sizeof(p->dropped)) {
		memcpy(&p->dropped, o->data, sizeof(p->dropped));
	} else if (o->code == EPB_PACKETID && o->len == sizeof(p->id)) {
		memcpy(&p->id, o->data, sizeof(p->id));
	} else if (o->code == OPT_COMMENT && p->n_comments < PCAPNG_COMMENTS_MAX) {
		p->comment[p->n_comments] = (const char *)o->data;
		p->comment_len[p->n_comments++] = o->len;
	}
}

bool pcapng_get_packet(const uint8_t *block, size_t len, struct pcapng_packet *p)
{
	const uint8_t *at;
	struct option o;
	size_t padded;

	if (!whole(block, len, PACKET_FIXED))
		return false;
	*p = (struct pcapng_packet){.interface = get32(block + 8),
				    .time_ns = get_time(block + 12),
				    .caplen = get32(block + 20),
				    .len = get32(block + 24),
				    .data = block + PACKET_FIXED};
	padded = ((size_t)p->caplen + 3) & ~(size_t)3;
	if (padded > len - PACKET_FIXED - 4)
		return false;
	at = block + PACKET_FIXED + padded;
	while (next_option(&at, block + len - 4, &o))
		packet_option(p, &o);
	return true;
}

bool pcapng_get_interface(const uint8_t *block, size_t len, uint16_t *linktype, const char **name,
			  uint16_t *name_len)
{
	const uint8_t *at;
	struct option o;

	if (!whole(block, len, INTERFACE_FIXED))
		return false;
	at = block + INTERFACE_FIXED;
	memcpy(linktype, block + 8, sizeof(*linktype));
	*name = NULL;
	*name_len = 0;
	while (next_option(&at, block + len - 4, &o))
		if (o.code == IF_NAME) {
			*name = (const char *)o.data;
			*name_len = o.len;
		}
	return true;
}

bool pcapng_get_stats(const uint8_t *block, size_t len, struct pcapng_stats *s)
{
	const uint8_t *at;
	struct option o;

	if (!whole(block, len, STATS_FIXED))
		return false;
	at = block + STATS_FIXED;
	*s = (struct pcapng_stats){.interface = get32(block + 8), .end_ns = get_time(block + 12)};
	while (next_option(&at, block + len - 4, &o)) {
		if (o.len != sizeof(uint64_t))
			continue;
		if (o.code == ISB_STARTTIME)
			s->start_ns = get_time(o.data);
		else if (o.code == ISB_IFRECV)
			memcpy(&s->received, o.data, sizeof(s->received));
		else if (o.code == ISB_IFDROP)
			memcpy(&s->dropped, o.data, sizeof(s->dropped));
	}
	return true;
}
