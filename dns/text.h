/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.h - names and records as people write them: RFC 1035 5.1, 3597 5.
 *
 * As in a zone file, a name that ends with a dot is whole, any other is below the origin, "@" is
 * the origin itself. Output leaves the last dot out and escapes what is not printable.
 */
#ifndef DNS_TEXT_H
#define DNS_TEXT_H

#include "dns/wire.h"
#include "lib/err.h"
#include "lib/ipaddr.h"

enum {
	DNS_NAME_STR = 1016, /* RFC 1035 5.1: \DDD for each byte */
	DNS_TYPE_STR = 10,
	DNS_RDATA_MAX = 1024 /* of a record that is written by hand */
};

/* 0 or -EINVAL. @origin NULL: every name is whole. */
int dns_name_parse(const char *text, const struct dns_name *origin, struct dns_name *out);
char *dns_name_format(const struct dns_name *name, char buf[static DNS_NAME_STR]);
/* One label, without its length byte, as text for @size bytes. */
char *dns_label_format(const uint8_t *label, unsigned int len, char *buf, size_t size);

/* "A", "AAAA"..., or "TYPE65" for any. 0 or -EINVAL. */
int dns_type_parse(const char *text, uint16_t *out);
char *dns_type_format(unsigned int type, char buf[static DNS_TYPE_STR]);
/* "NOERROR", "NXDOMAIN"... or "RCODE11". */
const char *dns_rcode_format(unsigned int rcode, char buf[static DNS_TYPE_STR]);

/* The data of a record of @type from what a person wrote: an address (A, AAAA), a name (CNAME, PTR,
 * NS), "10 mail" (MX), "0 5 5060 host" (SRV: priority, weight, port, target), text (TXT: words in
 * quotes are strings of their own, as is all of it without any), "\# 3 0a0b0c" (any). Its length
 * in *@len. 0 or -EINVAL with what is wrong. */
int dns_rdata_parse(unsigned int type, const char *text, const struct dns_name *origin,
		    uint8_t out[static DNS_RDATA_MAX], size_t *len, struct err *err);
/* The other way round; names inside may be compressed. What can't be told is "\# ...", cut to
 * @size. */
char *dns_rdata_format(const uint8_t *msg, size_t len, const struct dns_rr *rr, char *out,
		       size_t size);

/* The name under in-addr.arpa or ip6.arpa for @addr, and back. */
void dns_reverse_name(const struct ip_addr *addr, struct dns_name *out);
/* False when @name is not of one whole address. */
bool dns_reverse_addr(const struct dns_name *name, struct ip_addr *out);

#endif
