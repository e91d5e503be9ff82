/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipaddr.h - an IP address of either family in one type, and prefixes of them.
 */
#ifndef LIB_IPADDR_H
#define LIB_IPADDR_H

#include "lib/wire.h"

/* "0000:...:255.255.255.255", "/128" and the NUL */
enum { IP_ADDR_STR = 46, IP_NET_STR = IP_ADDR_STR + 4 };

/* IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
struct ip_addr {
	uint8_t b[16];
};

struct ip_net {
	struct ip_addr addr; /* host bits are kept */
	uint8_t plen;	     /* 0..128, 96 and on for IPv4 */
};

static inline struct ip_addr ip_addr_from4(be32 addr)
{
	struct ip_addr a = {{[10] = 0xff, [11] = 0xff}};

	__builtin_memcpy(a.b + 12, &addr, 4);
	return a;
}

static inline bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return __builtin_memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool ip_addr_is4(const struct ip_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return __builtin_memcmp(a, mapped, sizeof(mapped)) == 0;
}

/* The IPv4 address in @a. */
static inline be32 ip_addr_get4(const struct ip_addr *a)
{
	be32 addr;

	__builtin_memcpy(&addr, a->b + 12, 4);
	return addr;
}

/* 0.0.0.0 or :: */
bool ip_addr_is_zero(const struct ip_addr *a);
/* The link-local address that a NIC with @mac gives itself (RFC 4291 appendix A). */
struct ip_addr ip_addr_link_local(const struct mac *mac);
bool ip_net_has(const struct ip_net *net, const struct ip_addr *addr);

/* "10.0.0.5", "fd00::5", with or without "/PLEN" (without: the address alone). One spelling of IPv4
 * only; no IPv4-mapped IPv6. 0 or -EINVAL, with @out untouched. */
int ip_net_parse(const char *text, struct ip_net *out);
char *ip_addr_format(const struct ip_addr *addr, char buf[static IP_ADDR_STR]);
/* Without "/PLEN" when that is the whole address. */
char *ip_net_format(const struct ip_net *net, char buf[static IP_NET_STR]);

#endif
