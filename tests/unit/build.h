/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * build.h - a frame put together from hexadecimal text, layer by layer, with nothing checked: what
 * is malformed on purpose must stay so.
 */
#ifndef TESTS_BUILD_H
#define TESTS_BUILD_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct build {
	uint8_t b[2048];
	size_t len;
};

/* Append bytes: digits in pairs, anything else between them is ignored. */
static inline void build_hex(struct build *f, const char *hex)
{
	unsigned int v;

	for (; *hex; hex++)
		if (strchr("0123456789abcdef", *hex) && sscanf(hex, "%2x", &v) == 1) {
			f->b[f->len++] = (uint8_t)v;
			hex++;
		}
}

static inline void build_set16(struct build *f, size_t at, size_t v)
{
	f->b[at] = (uint8_t)(v >> 8);
	f->b[at + 1] = (uint8_t)v;
}

/* Station 1 (52:54:00:00:00:01) to everybody. */
static inline struct build build_eth(const char *type)
{
	struct build f = {.len = 0};

	build_hex(&f, "ffffffffffff 525400000001");
	build_hex(&f, type);
	return f;
}

/* IPv4 from @src (8 digits) with what @rest says behind the header; @frag is the field. */
static inline struct build build_ip4(const char *proto, const char *src, const char *frag,
				     const char *rest)
{
	struct build f = build_eth("0800");

	build_hex(&f, "4500 0000 0001");
	build_hex(&f, frag);
	build_hex(&f, "40");
	build_hex(&f, proto);
	build_hex(&f, "0000");
	build_hex(&f, src);
	build_hex(&f, "ffffffff");
	build_hex(&f, rest);
	build_set16(&f, 16, f.len - 14);
	return f;
}

/* IPv6 from @src (32 digits); @next is the first next header. */
static inline struct build build_ip6(const char *next, const char *src, const char *rest)
{
	struct build f = build_eth("86dd");

	build_hex(&f, "60000000 0000");
	build_hex(&f, next);
	build_hex(&f, "ff");
	build_hex(&f, src);
	build_hex(&f, "ff020000000000000000000000000001");
	build_hex(&f, rest);
	build_set16(&f, 18, f.len - 54);
	return f;
}

static inline struct build build_arp(const char *op, const char *sha, const char *spa)
{
	struct build f = build_eth("0806");

	build_hex(&f, "0001 0800 06 04");
	build_hex(&f, op);
	build_hex(&f, sha);
	build_hex(&f, spa);
	build_hex(&f, "000000000000 0a000063");
	return f;
}

#define MAC_1	"525400000001"
#define MAC_2	"525400000002"
#define LL_1	"fe80000000000000505400fffe000001"
#define UDP_68	"0044 0043 000c 0000 61626364"
#define UDP_67	"0043 0044 000c 0000 61626364"
#define UDP_80	"0050 0050 000c 0000 61626364"
#define UDP_547 "0223 0222 000c 0000 61626364"
#define RA	"86 00 0000 40000708 0000000000000000"
#define NOBODY6 "00000000000000000000000000000000"

#endif
