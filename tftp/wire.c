/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tftp/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* The text at *@at and on to what follows its NUL; NULL when there is none. */
static const char *take_text(const char **at, const char *end)
{
	const char *text = *at, *nul = memchr(text, 0, (size_t)(end - text));

	if (!nul)
		return NULL;
	*at = nul + 1;
	return text;
}

/* A decimal number in @min..@max; 0 when it is none. */
static uint32_t number(const char *text, uint32_t min, uint32_t max)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long v = strtoul(text, NULL, 10);

	return !digits || text[digits] || digits > 9 || v < min || v > max ? 0 : (uint32_t)v;
}

static void take_option(struct tftp_packet *p, const char *name, const char *value)
{
	if (!strcasecmp(name, "blksize"))
		p->blksize = number(value, TFTP_BLOCK_MIN, TFTP_BLOCK_MAX);
	else if (!strcasecmp(name, "timeout"))
		p->timeout_s = number(value, 1, 255);
	else if (!strcasecmp(name, "windowsize"))
		p->windowsize = number(value, 1, 65535);
	else if (!strcasecmp(name, "tsize"))
		p->tsize = true;
}

static int parse_request(struct tftp_packet *p, const char *at, const char *end)
{
	const char *mode, *name, *value;

	if (end - at > TFTP_REQUEST_MAX)
		return -EBADMSG;
	p->name = take_text(&at, end);
	mode = p->name ? take_text(&at, end) : NULL;
	if (!mode || !p->name[0] || strlen(p->name) > TFTP_NAME_MAX)
		return -EBADMSG;
	p->netascii = !strcasecmp(mode, "netascii");
	if (!p->netascii && strcasecmp(mode, "octet") != 0)
		return -EOPNOTSUPP;
	while (at < end) {
		name = take_text(&at, end);
		value = name ? take_text(&at, end) : NULL;
		if (!value)
			return -EBADMSG;
		take_option(p, name, value);
	}
	return 0;
}

int tftp_parse(const void *data, size_t len, struct tftp_packet *out)
{
	const uint8_t *b = data;

	*out = (struct tftp_packet){0};
	if (len < 4 || b[0] || b[1] < TFTP_RRQ || b[1] > TFTP_OACK)
		return -EBADMSG;
	out->op = b[1];
	if (out->op == TFTP_RRQ || out->op == TFTP_WRQ)
		return parse_request(out, (const char *)b + 2, (const char *)b + len);
	out->block = (uint16_t)(b[2] << 8 | b[3]);
	return 0;
}

size_t tftp_put_data_head(uint8_t *out, uint16_t block)
{
	put16(out, TFTP_DATA);
	put16(out + 2, block);
	return TFTP_HEAD;
}

size_t tftp_put_error(uint8_t *out, size_t size, enum tftp_error code, const char *text)
{
	put16(out, TFTP_ERROR);
	put16(out + 2, (uint16_t)code);
	snprintf((char *)out + 4, size - 4, "%s", text);
	return 4 + strlen((char *)out + 4) + 1;
}

size_t tftp_put_oack_head(uint8_t *out)
{
	put16(out, TFTP_OACK);
	return 2;
}

size_t tftp_put_option(uint8_t *out, size_t len, size_t size, const char *name, uint64_t value)
{
	int n = snprintf((char *)out + len, size - len, "%s%c%llu", name, 0,
			 (unsigned long long)value);

	return n < 0 || (size_t)n + 1 > size - len ? len : len + (size_t)n + 1;
}
