/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zone.h - the names that we know ourselves: those of a network, and those that are nobody's.
 *
 * A network LAN has the zone "LAN.vnet": records that people wrote down, and hosts, which whoever
 * knows them (leases, guests) is asked for by one label. Its addresses have their reverse names. A
 * record beats a host of the same name. Names that RFC 6761, 6762, 7686 and 6303 give a meaning of
 * their own are answered as those say, and never asked outside. Pure.
 */
#ifndef DNS_ZONE_H
#define DNS_ZONE_H

#include "dns/records.h"
#include "lib/ipaddr.h"

enum {
	DNS_HOST_ADDRS = 16,
	DNS_SPECIAL_TTL = 10800, /* RFC 6303 3 */
	DNS_OWN_TTL = 0		 /* a lease may change at any moment */
};

/* Who knows the network's hosts. A label is a length byte and that many bytes in lower case. */
struct dns_hosts {
	void *ctx;
	/* Addresses of @label, of both families. Returns how many; -1: there is no such host. */
	int (*addrs)(void *ctx, const uint8_t *label, struct ip_addr *out, unsigned int max);
	/* The host that has @addr. */
	bool (*label)(void *ctx, const struct ip_addr *addr, uint8_t out[DNS_LABEL_MAX + 1]);
};

struct dns_zone {
	struct dns_name origin;	 /* in lower case */
	struct ip_net subnet[2]; /* whose reverse names are ours; plen 0: none */
	struct dns_records records;
	struct dns_hosts hosts;
};

/* "NAME.vnet" as the origin. 0, or -EINVAL when @name has a byte that names of networks have not.
 */
int dns_zone_origin(const char *name, struct dns_name *out);
/* Is @name (lower case) one that @z has a record for, wherever it is? */
bool dns_zone_has(const struct dns_zone *z, const struct dns_name *name);
/* Answer @r's question, whose name is @name in lower case. Returns the rcode. */
unsigned int dns_zone_answer(const struct dns_zone *z, const struct dns_name *name,
			     struct dns_reply *r);
/* Is @name the reverse of one of the zone's addresses? */
bool dns_zone_reverse(const struct dns_zone *z, const struct dns_name *name, struct ip_addr *addr);
unsigned int dns_zone_answer_reverse(const struct dns_zone *z, const struct dns_name *name,
				     const struct ip_addr *addr, struct dns_reply *r);

/* A name that means the same everywhere, or nothing. */
struct dns_special {
	struct dns_name zone;
	bool localhost;
	const char *why; /* the RFC, and what it says */
};
/* @name in lower case. */
bool dns_special_find(const struct dns_name *name, struct dns_special *out);
unsigned int dns_special_answer(const struct dns_special *s, struct dns_reply *r);
/* Say that there is nothing: the SOA of @zone into the authority section. */
void dns_add_soa(struct dns_reply *r, enum dns_section section, const struct dns_name *zone,
		 uint32_t ttl);

/* "vnet" itself, whose other names are nobody's. */
extern const struct dns_name dns_vnet;

#endif
