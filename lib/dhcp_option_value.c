/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp_option_value.c - values of options, text to bytes and back; dhcp_option.h says how they
 * look.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dhcp_option.h"
#include "lib/addr.h"
#include "lib/hex.h"

enum { ITEM_MAX = 64 };

struct out {
	uint8_t *b;
	size_t len;
};

static int put(struct out *o, const void *data, size_t len)
{
	if (len > OPTION_VALUE_MAX - o->len)
		return -EINVAL;
	memcpy(o->b + o->len, data, len);
	o->len += len;
	return 0;
}

/* ---- text to bytes --------------------------------------------------------------------------- */

static int put_ip(struct out *o, const char *text, uint32_t min)
{
	be32 addr;

	(void)min;
	return ip4_parse(text, &addr) ? -EINVAL : put(o, &addr, sizeof(addr));
}

static int put_pair(struct out *o, const char *text, uint32_t min)
{
	const char *slash = strchr(text, '/');
	char first[IP4_STR];

	if (!slash || (size_t)(slash - text) >= sizeof(first))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
	return put_ip(o, first, min) || put_ip(o, slash + 1, min) ? -EINVAL : 0;
}

/* A decimal number of @size bytes. */
static int put_number(struct out *o, const char *text, uint32_t min, size_t size)
{
	unsigned long long n, max = (1ULL << 8 * size) - 1;
	uint8_t b[4];
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n < min || n > max)
		return -EINVAL;
	for (size_t i = 0; i < size; i++)
		b[i] = (uint8_t)(n >> 8 * (size - 1 - i));
	return put(o, b, size);
}

static int put_u16(struct out *o, const char *text, uint32_t min)
{
	return put_number(o, text, min, 2);
}

static int put_i32(struct out *o, const char *text)
{
	char *end;
	long long n;
	be32 wire;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (!*text || *text == ' ' || *text == '+' || *end || errno || n < INT32_MIN ||
	    n > INT32_MAX)
		return -EINVAL;
	wire = htonl((uint32_t)n);
	return put(o, &wire, sizeof(wire));
}

static int put_time(struct out *o, const char *text, uint32_t min)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'\0', 1}, {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	unsigned long long n;
	char *end;
	be32 wire;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || (*end && end[1]))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (units[i].unit != *end)
			continue;
		if (n > INT32_MAX / units[i].seconds || n * units[i].seconds < min)
			return -EINVAL;
		wire = htonl((uint32_t)n * units[i].seconds);
		return put(o, &wire, sizeof(wire));
	}
	return -EINVAL;
}

/* RFC 3442: the length, as many bytes of the destination as matter, the router. */
static int put_route(struct out *o, const char *text, uint32_t min)
{
	const char *via = strstr(text, " via "), *router;
	char dest[IP4_PREFIX_STR];
	struct ip4_prefix p;
	size_t n;

	router = via ? via + 5 : strchr(text, ':') ? strchr(text, ':') + 1 : NULL;
	n = !router ? 0 : via ? (size_t)(via - text) : (size_t)(router - 1 - text);
	if (!n || n >= sizeof(dest))
		return -EINVAL;
	snprintf(dest, sizeof(dest), "%.*s", (int)n, text);
	if (ip4_prefix_parse(dest, &p) || ip4_network(p) != p.addr || put(o, &p.plen, 1) ||
	    put(o, &p.addr, (p.plen + 7u) / 8))
		return -EINVAL;
	return put_ip(o, router, min);
}

static int put_hex(struct out *o, const char *text)
{
	while (*text) {
		int n = hex_byte(text);
		uint8_t b = (uint8_t)n;

		if (n < 0 || put(o, &b, 1))
			return -EINVAL;
		text += 2;
		if (*text == ':' && text[1])
			text++;
	}
	return o->len ? 0 : -EINVAL;
}

/* Printable or UTF-8: what reaches the clients' shells is their affair, but no control bytes. */
static int put_text(struct out *o, const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return -EINVAL;
	return *text ? put(o, text, strlen(text)) : -EINVAL;
}

static int put_bool(struct out *o, const char *text)
{
	uint8_t on = strcmp(text, "on") == 0;

	return on || strcmp(text, "off") == 0 ? put(o, &on, 1) : -EINVAL;
}

/* Each of the items between commas; spaces around them don't count. */
static int put_list(struct out *o, const char *text, uint32_t min,
		    int (*item)(struct out *o, const char *text, uint32_t min))
{
	char one[ITEM_MAX];

	for (;;) {
		size_t n;

		text += strspn(text, " ");
		n = strcspn(text, ",");
		if (n >= sizeof(one))
			return -EINVAL;
		snprintf(one, sizeof(one), "%.*s", (int)n, text);
		for (size_t k = n; k && one[k - 1] == ' '; k--)
			one[k - 1] = '\0';
		if (item(o, one, min))
			return -EINVAL;
		if (!text[n])
			return 0;
		text += n + 1;
	}
}

static int put_value(struct out *o, enum option_type type, uint32_t min, const char *text)
{
	int n;

	switch (type) {
	case OPTION_IP:
		return put_ip(o, text, min);
	case OPTION_IPS:
		return put_list(o, text, min, put_ip);
	case OPTION_PAIRS:
		return put_list(o, text, min, put_pair);
	case OPTION_U8:
		return put_number(o, text, min, 1);
	case OPTION_U16:
		return put_number(o, text, min, 2);
	case OPTION_U16S:
		return put_list(o, text, min, put_u16);
	case OPTION_U32:
		return put_number(o, text, min, 4);
	case OPTION_I32:
		return put_i32(o, text);
	case OPTION_TIME:
		return put_time(o, text, min);
	case OPTION_BOOL:
		return put_bool(o, text);
	case OPTION_FLAG:
		return strcmp(text, "on") ? -EINVAL : 0;
	case OPTION_NAMES:
		n = option_names_parse(text, o->b, OPTION_VALUE_MAX);
		o->len = n > 0 ? (size_t)n : 0;
		return n > 0 ? 0 : -EINVAL;
	case OPTION_ROUTES:
		return put_list(o, text, min, put_route);
	case OPTION_HEX:
		return put_hex(o, text);
	default:
		return put_text(o, text);
	}
}

int option_value_parse(enum option_type type, uint32_t min, const char *text,
		       uint8_t out[static OPTION_VALUE_MAX], struct err *err)
{
	struct out o = {.b = out};
	char shown[80], least[32] = "";

	if (put_value(&o, type, min, text) == 0)
		return (int)o.len;
	if (min > 1)
		snprintf(least, sizeof(least), ", %u at least", min);
	return err_set(err, -EINVAL, "\"%s\" is not %s%s",
		       str_escape(text, strlen(text), shown, sizeof(shown)), option_type_text(type),
		       least);
}

/* ---- bytes to text --------------------------------------------------------------------------- */

struct text {
	char *buf;
	size_t size, len;
	bool full;
};

static void CHECK_PRINTF(2, 3) add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->size - t->len) {
		t->full = true;
		t->buf[t->len] = '\0';
	} else {
		t->len += (size_t)n;
	}
}

static uint32_t number(const uint8_t *p, size_t len)
{
	uint32_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

static void add_ip(struct text *t, const uint8_t *p)
{
	char addr[IP4_STR];
	be32 a;

	memcpy(&a, p, sizeof(a));
	add(t, "%s", ip4_format(a, addr));
}

/* Lists of items of @size bytes. */
static bool add_list(struct text *t, enum option_type type, const uint8_t *p, size_t len,
		     size_t size)
{
	if (!len || len % size)
		return false;
	for (size_t i = 0; i < len; i += size) {
		if (i)
			add(t, ",");
		if (type == OPTION_U16S) {
			add(t, "%u", number(p + i, 2));
			continue;
		}
		add_ip(t, p + i);
		if (type == OPTION_PAIRS) {
			add(t, "/");
			add_ip(t, p + i + 4);
		}
	}
	return true;
}

static bool add_routes(struct text *t, const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t n = (p[at] + 7u) / 8;
		uint8_t dest[4] = {0};

		if (p[at] > 32 || len - at < 1 + n + 4)
			return false;
		memcpy(dest, p + at + 1, n);
		if (at)
			add(t, ", ");
		add_ip(t, dest);
		add(t, "/%u via ", p[at]);
		add_ip(t, p + at + 1 + n);
		at += 1 + n + 4;
	}
	return len > 0;
}

static bool add_text(struct text *t, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < ' ' || p[i] == 0x7f)
			return false;
	add(t, "%.*s", (int)len, (const char *)p);
	return len > 0;
}

static bool add_seconds(struct text *t, uint32_t v)
{
	if (v && v % 86400 == 0)
		add(t, "%ud", v / 86400);
	else if (v && v % 3600 == 0)
		add(t, "%uh", v / 3600);
	else if (v && v % 60 == 0)
		add(t, "%um", v / 60);
	else
		add(t, "%us", v);
	return true;
}

static bool add_fixed(struct text *t, enum option_type type, const uint8_t *p, size_t len,
		      size_t size)
{
	if (len != size)
		return false;
	if (type == OPTION_I32)
		add(t, "%d", (int32_t)number(p, len));
	else if (type == OPTION_BOOL)
		add(t, "%s", p[0] ? "on" : "off");
	else if (type == OPTION_TIME)
		return add_seconds(t, number(p, len));
	else
		add(t, "%u", number(p, len));
	return type != OPTION_BOOL || p[0] <= 1;
}

static bool add_value(struct text *t, enum option_type type, const uint8_t *p, size_t len)
{
	switch (type) {
	case OPTION_IP:
		return len == 4 && add_list(t, type, p, len, 4);
	case OPTION_IPS:
		return add_list(t, type, p, len, 4);
	case OPTION_PAIRS:
		return add_list(t, type, p, len, 8);
	case OPTION_U16S:
		return add_list(t, type, p, len, 2);
	case OPTION_U8:
	case OPTION_BOOL:
		return add_fixed(t, type, p, len, 1);
	case OPTION_U16:
		return add_fixed(t, type, p, len, 2);
	case OPTION_U32:
	case OPTION_I32:
	case OPTION_TIME:
		return add_fixed(t, type, p, len, 4);
	case OPTION_FLAG:
		add(t, "on");
		return len == 0;
	case OPTION_NAMES:
		return option_names_format(p, len, t->buf, t->size);
	case OPTION_ROUTES:
		return add_routes(t, p, len);
	case OPTION_TEXT:
		return add_text(t, p, len);
	default:
		return false;
	}
}

char *option_value_format(enum option_type type, const void *data, size_t len, char *buf,
			  size_t size)
{
	const uint8_t *p = data;
	struct text t = {.buf = buf, .size = size};

	buf[0] = '\0';
	if (add_value(&t, type, p, len) && !t.full)
		return buf;
	t = (struct text){.buf = buf, .size = size};
	buf[0] = '\0';
	for (size_t i = 0; i < len && !t.full; i++)
		add(&t, i ? ":%02x" : "%02x", p[i]);
	return buf;
}
