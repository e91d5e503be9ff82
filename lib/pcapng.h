/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapng.h - the blocks of a pcapng file (draft-ietf-opsawg-pcapng), written and read.
 *
 * Pure: bytes in memory only. Numbers are in the byte order of this machine, which the section
 * header tells readers (4.1). Times are nanoseconds since the epoch (if_tsresol 9).
 */
#ifndef LIB_PCAPNG_H
#define LIB_PCAPNG_H

#include "lib/types.h"

/* Block types (4) */
enum {
	PCAPNG_SECTION = 0x0a0d0d0a,
	PCAPNG_INTERFACE = 1,
	PCAPNG_STATS = 5,
	PCAPNG_PACKET = 6,
};

enum {
	PCAPNG_BLOCK_MIN = 12,	      /* type, length, length again */
	PCAPNG_BLOCK_MAX = 384 << 10, /* longer than any that we write */
	PCAPNG_COMMENTS_MAX = 64,
};

/* epb_flags (4.3.1) */
enum {
	PCAPNG_INBOUND = 1,
	PCAPNG_OUTBOUND = 2,
	PCAPNG_DIRECTION = 3,
	PCAPNG_UNICAST = 1 << 2,
	PCAPNG_MULTICAST = 2 << 2,
	PCAPNG_BROADCAST = 3 << 2,
	PCAPNG_NO_CSUM = 1 << 9, /* the checksum is still to be computed */
	PCAPNG_TSO = 1 << 11,	 /* still to be cut into segments */
};

/* Where blocks are put. A block that finds no room is left out whole and @full is set. */
struct pcapng_out {
	uint8_t *buf;
	size_t size, len;
	bool full;
};

struct pcapng_interface {
	const char *name, *description; /* @description, @filter may be NULL */
	const char *filter;
	uint32_t snaplen;
};

struct pcapng_packet {
	uint32_t interface; /* nth interface block of the section, from 0 */
	uint32_t flags;
	uint64_t time_ns;
	const uint8_t *data;
	uint32_t caplen, len;
	uint64_t dropped; /* frames lost on this interface since the packet before */
	uint64_t id;	  /* of a packet that is seen on several interfaces; 0: none */
	unsigned int n_comments;
	/* Written: texts that end with a NUL. Read: pointers into the block, comment_len bytes. */
	const char *comment[PCAPNG_COMMENTS_MAX];
	uint16_t comment_len[PCAPNG_COMMENTS_MAX];
};

struct pcapng_stats {
	uint32_t interface;
	uint64_t start_ns, end_ns;
	uint64_t received, dropped;
};

void pcapng_put_section(struct pcapng_out *o, const char *application);
void pcapng_put_interface(struct pcapng_out *o, const struct pcapng_interface *i);
/* Reads comment[] up to its NUL; comment_len is ignored. */
void pcapng_put_packet(struct pcapng_out *o, const struct pcapng_packet *p);
void pcapng_put_stats(struct pcapng_out *o, const struct pcapng_stats *s);

/* ---- reading: everything in a block is checked; false when it is malformed --------------------
 */

/* The head of a block, 8 bytes at @head: its type and whole length. False when the length can't be
 * one, or is over PCAPNG_BLOCK_MAX. */
bool pcapng_block(const uint8_t head[static 8], uint32_t *type, uint32_t *len);
/* In these @block is a whole block of @len bytes, head included. What comes out points into it. */
bool pcapng_get_packet(const uint8_t *block, size_t len, struct pcapng_packet *p);
/* The interface's name (not terminated) and its link type. *@name is NULL when it has none. */
bool pcapng_get_interface(const uint8_t *block, size_t len, uint16_t *linktype, const char **name,
			  uint16_t *name_len);
bool pcapng_get_stats(const uint8_t *block, size_t len, struct pcapng_stats *s);

#endif
