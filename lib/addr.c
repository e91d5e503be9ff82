/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/hash.h"
#include "lib/hex.h"

const struct mac MAC_BROADCAST = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

int mac_parse(const char *text, struct mac *out)
{
	struct mac m;

	for (int i = 0; i < ETH_ALEN_; i++, text += 3) {
		int b = hex_byte(text);

		if (b < 0 || text[2] != (i < ETH_ALEN_ - 1 ? ':' : '\0'))
			return -EINVAL;
		m.b[i] = (uint8_t)b;
	}
	*out = m;
	return 0;
}

char *mac_format(const struct mac *mac, char buf[static MAC_STR])
{
	snprintf(buf, MAC_STR, "%02x:%02x:%02x:%02x:%02x:%02x", mac->b[0], mac->b[1], mac->b[2],
		 mac->b[3], mac->b[4], mac->b[5]);
	return buf;
}

struct mac mac_from_name(const char *seed)
{
	/* A fixed key: the same name gives the same MAC on every host and after every restart. */
	static const struct hash_key key = {0x76737769746368, 0x64};
	uint64_t h = hash_bytes(&key, seed, strlen(seed));

	return (struct mac){{0x52, 0x54, 0x00, (uint8_t)(h >> 16), (uint8_t)(h >> 8), (uint8_t)h}};
}

/* A decimal number of 0..@max without leading zeros. Moves *@text behind it. */
static int number_parse(const char **text, unsigned int max, unsigned int *out)
{
	const char *at = *text;
	unsigned int n = 0;

	if (*at < '0' || *at > '9' || (at[0] == '0' && at[1] >= '0' && at[1] <= '9'))
		return -EINVAL;
	for (; *at >= '0' && *at <= '9'; at++) {
		n = n * 10 + (unsigned int)(*at - '0');
		if (n > max)
			return -EINVAL;
	}
	*text = at;
	*out = n;
	return 0;
}

/* Four numbers and dots at *@text, which is moved behind them. */
static int quad_parse(const char **text, be32 *out)
{
	const char *at = *text;
	uint32_t addr = 0;

	for (int i = 0; i < 4; i++) {
		unsigned int n;

		if (i && *at++ != '.')
			return -EINVAL;
		if (number_parse(&at, 255, &n) < 0)
			return -EINVAL;
		addr = addr << 8 | n;
	}
	*text = at;
	*out = htonl(addr);
	return 0;
}

int ip4_parse(const char *text, be32 *out)
{
	be32 addr;

	if (quad_parse(&text, &addr) < 0 || *text)
		return -EINVAL;
	*out = addr;
	return 0;
}

char *ip4_format(be32 addr, char buf[static IP4_STR])
{
	uint32_t a = ntohl(addr);

	snprintf(buf, IP4_STR, "%u.%u.%u.%u", a >> 24, a >> 16 & 0xff, a >> 8 & 0xff, a & 0xff);
	return buf;
}

int ip4_prefix_parse(const char *text, struct ip4_prefix *out)
{
	unsigned int plen;
	be32 addr;

	if (quad_parse(&text, &addr) < 0 || *text++ != '/' || number_parse(&text, 32, &plen) < 0 ||
	    *text)
		return -EINVAL;
	*out = (struct ip4_prefix){addr, (uint8_t)plen};
	return 0;
}

char *ip4_prefix_format(struct ip4_prefix p, char buf[static IP4_PREFIX_STR])
{
	char addr[IP4_STR];

	snprintf(buf, IP4_PREFIX_STR, "%s/%u", ip4_format(p.addr, addr), p.plen % 100u);
	return buf;
}

be32 ip4_mask(uint8_t plen)
{
	if (plen == 0)
		return 0;
	return htonl(plen >= 32 ? UINT32_MAX : UINT32_MAX << (32 - plen));
}

be32 ip4_network(struct ip4_prefix p)
{
	return p.addr & ip4_mask(p.plen);
}

be32 ip4_broadcast(struct ip4_prefix p)
{
	return p.addr | ~ip4_mask(p.plen);
}

bool ip4_prefix_has(struct ip4_prefix p, be32 addr)
{
	return ((p.addr ^ addr) & ip4_mask(p.plen)) == 0;
}

bool ip4_prefix_overlaps(struct ip4_prefix a, struct ip4_prefix b)
{
	return ((a.addr ^ b.addr) & ip4_mask(MIN(a.plen, b.plen))) == 0;
}

be32 ip4_nth(struct ip4_prefix p, uint32_t n)
{
	return htonl(ntohl(ip4_network(p)) + n);
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool name_valid_max(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len > max || !is_alnum(text[0]) || strstr(text, ".."))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_alnum(text[i]) && text[i] != '_' && text[i] != '.' && text[i] != '-')
			return false;
	return true;
}

bool name_valid(const char *text)
{
	return name_valid_max(text, NAME_MAX_);
}

char *str_escape(const void *in, size_t len, char *out, size_t size)
{
	const uint8_t *from = in;
	size_t n = 0;

	if (!size)
		return out;
	for (size_t i = 0; i < len; i++) {
		/* A backslash is escaped too, so that no text can pretend to be an escape. */
		bool plain = from[i] >= 0x20 && from[i] < 0x7f && from[i] != '\\';
		size_t need = plain ? 1 : 4;

		if (n + need >= size)
			break;
		if (plain) {
			out[n] = (char)from[i];
		} else {
			out[n] = '\\';
			out[n + 1] = 'x';
			hex_format(from + i, 1, out + n + 2);
		}
		n += need;
	}
	out[n] = '\0';
	return out;
}
