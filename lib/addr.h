/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * addr.h - MAC addresses, IPv4 addresses and prefixes as text, and the arithmetic of subnets.
 *
 * Parsers accept exactly one spelling (no octal, no spaces, no trailing bytes) and return 0 or
 * -EINVAL; the output is untouched on failure. Formatters write into the caller's buffer and
 * return it.
 */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include "lib/wire.h"

enum { MAC_STR = 18, IP4_STR = 16, IP4_PREFIX_STR = 19, IFNAME_MAX = 15, NAME_MAX_ = 47 };

struct ip4_prefix {
	be32 addr;    /* network address, or an interface's address with its prefix length */
	uint8_t plen; /* 0..32 */
};

int mac_parse(const char *text, struct mac *out);
char *mac_format(const struct mac *mac, char buf[static MAC_STR]);
/* A stable, locally administered unicast MAC (52:54:00 prefix) made from @seed text. */
struct mac mac_from_name(const char *seed);

int ip4_parse(const char *text, be32 *out);
char *ip4_format(be32 addr, char buf[static IP4_STR]);
/* "10.0.2.0/24"; host bits are kept, so that "10.0.2.5/24" is an interface's address. */
int ip4_prefix_parse(const char *text, struct ip4_prefix *out);
char *ip4_prefix_format(struct ip4_prefix p, char buf[static IP4_PREFIX_STR]);

be32 ip4_mask(uint8_t plen);
/* Host bits cleared. */
be32 ip4_network(struct ip4_prefix p);
be32 ip4_broadcast(struct ip4_prefix p);
bool ip4_prefix_has(struct ip4_prefix p, be32 addr);
bool ip4_prefix_overlaps(struct ip4_prefix a, struct ip4_prefix b);
/* The @n-th address of the subnet (0 = network address). */
be32 ip4_nth(struct ip4_prefix p, uint32_t n);

/* Is @text a name for a network, port, guest or lab: [A-Za-z0-9][A-Za-z0-9_.-]*, at most
 * NAME_MAX_ bytes, no "..". The one allow-list for names that reach files or the kernel. */
bool name_valid(const char *text);
/* The same for names of up to @max bytes (a port's: "GUEST.ethN"). */
bool name_valid_max(const char *text, size_t max);

/* Copy of @len bytes of @in with everything outside printable ASCII as \xNN, NUL-terminated, cut
 * to @size. Returns @out. For bytes from guests that reach people. */
char *str_escape(const void *in, size_t len, char *out, size_t size);

#endif
