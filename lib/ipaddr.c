/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ipaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"

enum { PLEN_BASE4 = 96, PLEN_MAX = 128 };

bool ip_addr_is_zero(const struct ip_addr *a)
{
	static const struct ip_addr zero;

	return ip_addr_is4(a) ? ip_addr_get4(a) == 0 : ip_addr_equal(a, &zero);
}

struct ip_addr ip_addr_link_local(const struct mac *mac)
{
	struct ip_addr a = {{0xfe, 0x80}};

	a.b[8] = mac->b[0] ^ 2;
	a.b[9] = mac->b[1];
	a.b[10] = mac->b[2];
	a.b[11] = 0xff;
	a.b[12] = 0xfe;
	memcpy(a.b + 13, mac->b + 3, 3);
	return a;
}

bool ip_net_has(const struct ip_net *net, const struct ip_addr *addr)
{
	unsigned int bytes = net->plen / 8u, bits = net->plen % 8u;

	/* 0.0.0.0/0 and ::/0 are not the same. */
	if (ip_addr_is4(&net->addr) != ip_addr_is4(addr) ||
	    memcmp(net->addr.b, addr->b, bytes) != 0)
		return false;
	return !bits || ((net->addr.b[bytes] ^ addr->b[bytes]) >> (8 - bits)) == 0;
}

static int addr_parse(const char *text, struct ip_addr *out)
{
	struct ip_addr a;
	be32 v4;

	if (ip4_parse(text, &v4) == 0) {
		*out = ip_addr_from4(v4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, a.b) != 1 || ip_addr_is4(&a))
		return -EINVAL;
	*out = a;
	return 0;
}

/* One to three digits, no leading zero. */
static int plen_parse(const char *text, unsigned int max, unsigned int *out)
{
	unsigned int n = 0;

	if (!*text || strlen(text) > 3 || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = n * 10 + (unsigned int)(*text - '0');
	}
	*out = n;
	return n > max ? -EINVAL : 0;
}

int ip_net_parse(const char *text, struct ip_net *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned int base, plen;
	char addr[IP_ADDR_STR];
	struct ip_addr a;

	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (addr_parse(addr, &a) < 0)
		return -EINVAL;
	base = ip_addr_is4(&a) ? PLEN_BASE4 : 0;
	plen = PLEN_MAX - base;
	if (slash && plen_parse(slash + 1, plen, &plen) < 0)
		return -EINVAL;
	*out = (struct ip_net){a, (uint8_t)(base + plen)};
	return 0;
}

char *ip_addr_format(const struct ip_addr *addr, char buf[static IP_ADDR_STR])
{
	if (ip_addr_is4(addr))
		inet_ntop(AF_INET, addr->b + 12, buf, IP_ADDR_STR);
	else
		inet_ntop(AF_INET6, addr->b, buf, IP_ADDR_STR);
	return buf;
}

char *ip_net_format(const struct ip_net *net, char buf[static IP_NET_STR])
{
	unsigned int base = ip_addr_is4(&net->addr) ? PLEN_BASE4 : 0;
	size_t n;

	ip_addr_format(&net->addr, buf);
	n = strlen(buf);
	if (net->plen < PLEN_MAX)
		snprintf(buf + n, IP_NET_STR - n, "/%u", net->plen - base);
	return buf;
}
