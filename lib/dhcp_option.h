/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp_option.h - what DHCP options there are, and their values as text and on the wire.
 *
 * One table (dhcp_option_table.c) says of each option that has a name which number and type it has.
 * Any other can be written by number and type: "option:224:text". Values are text, the same on the
 * command line, in the state store and in a topology file:
 *
 *   ip      10.0.2.1                     one address
 *   ips     10.0.2.1,10.0.2.2
 *   pairs   10.9.0.1/10.0.2.1,...        two addresses each (RFC 2132 3.4, 5.8)
 *   u8 u16 u32 i32, u16s (a list)        decimal
 *   time    3600, 60m, 1h, 1d            seconds on the wire
 *   bool    on, off
 *   flag    on                           an option without a value
 *   text    as it stands
 *   names   a.example,b.example          compressed (RFC 3397)
 *   routes  10.8.0.0/16 via 10.0.2.9,... (RFC 3442)
 *   hex     01:02:ff or 0102ff
 *
 * What they mean to the server is in dhcp/; they are here so that topology files are checked
 * without one.
 */
#ifndef LIB_DHCP_OPTION_H
#define LIB_DHCP_OPTION_H

#include "lib/err.h"
#include "lib/types.h"

enum option_type {
	OPTION_IP,
	OPTION_IPS,
	OPTION_PAIRS,
	OPTION_U8,
	OPTION_U16,
	OPTION_U16S,
	OPTION_U32,
	OPTION_I32,
	OPTION_TIME,
	OPTION_BOOL,
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_NAMES,
	OPTION_ROUTES,
	OPTION_HEX,
	OPTION_TYPES
};

/* Codes above those of the wire stand for fields of the header. */
enum { OPTION_NEXT_SERVER = 256, OPTION_CODES };

enum {
	OPTION_VALUE_MAX = 1024, /* bytes of one value; longer than 255 it is split (RFC 3396) */
	OPTION_TEXT_MAX = 4096,	 /* a value as text */
	OPTION_KEY_MAX = 48
};

struct option_def {
	uint16_t code;
	const char *name;
	enum option_type type;
	uint32_t min; /* numbers: the smallest allowed */
};

/* Ends with a NULL name. */
extern const struct option_def option_table[];

/* NULL: none of this code (name). */
const struct option_def *option_by_code(unsigned int code);
const struct option_def *option_by_name(const char *name);
const char *option_type_word(enum option_type type);
/* What a value of @type looks like: "an IPv4 address". */
const char *option_type_text(enum option_type type);

/* Which option does a user mean by "router", "option:3", "option:150:ips"? Options that the server
 * makes itself can't be set. 0 or -EINVAL, which @err explains with the nearest name. */
int option_key_parse(const char *key, uint16_t *code, enum option_type *type, uint32_t *min,
		     struct err *err);
/* The shortest key that means this option with this type. */
char *option_key_format(uint16_t code, enum option_type type, char buf[static OPTION_KEY_MAX]);

/* @text to wire format in @out. Bytes written, or -EINVAL and @err. */
int option_value_parse(enum option_type type, uint32_t min, const char *text,
		       uint8_t out[static OPTION_VALUE_MAX], struct err *err);
/* Wire format to text, which option_value_parse() takes back. Bytes that are no value of this type
 * are shown in hex. Returns @buf. */
char *option_value_format(enum option_type type, const void *data, size_t len, char *buf,
			  size_t size);

/* dhcp_option_names.c: a list of domain names (RFC 3397 2), @text as "a.example,b.example". Bytes,
 * or -EINVAL: not a name, or no room. */
int option_names_parse(const char *text, uint8_t *out, size_t max);
/* False when @data is no such list. */
bool option_names_format(const uint8_t *data, size_t len, char *buf, size_t size);

#endif
