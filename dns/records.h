/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * records.h - the records that people wrote down for a network (`vnetctl dns add`, a lab's file).
 *
 * Names are whole and in lower case here. A chain for each name's hash; records of one name and
 * type are answered in the order in which they came.
 */
#ifndef DNS_RECORDS_H
#define DNS_RECORDS_H

#include "dns/wire.h"
#include "lib/err.h"
#include "lib/hash.h"

enum { DNS_RECORDS_MAX = 4096, DNS_RECORD_TTL = 60 };

struct dns_record {
	struct dns_record *next_named; /* in its bucket */
	struct dns_record *next;       /* all of them, oldest first */
	struct dns_name name;
	uint16_t type;
	uint16_t rdlen;
	uint32_t ttl;
	uint8_t rdata[];
};

struct dns_records {
	struct dns_record **bucket;
	struct dns_record *all, **end;
	unsigned int n;
	struct hash_key secret;
};

/* 0 or -ENOMEM. */
int dns_records_init(struct dns_records *r);
void dns_records_fini(struct dns_records *r);

/* -EEXIST: it is there, or a CNAME would stand beside something else (RFC 1034 3.6.2); -ENOSPC. */
int dns_records_add(struct dns_records *r, const struct dns_name *name, unsigned int type,
		    uint32_t ttl, const void *rdata, size_t rdlen, struct err *err);
/* Those of @name, of @type (0: any) and with this data (NULL: any). Returns how many there were. */
unsigned int dns_records_del(struct dns_records *r, const struct dns_name *name, unsigned int type,
			     const void *rdata, size_t rdlen);
/* The first of @name after @last (NULL: from the start); @name in lower case. */
const struct dns_record *dns_records_next(const struct dns_records *r, const struct dns_name *name,
					  const struct dns_record *last);
/* Is a record's name below @name? */
bool dns_records_below(const struct dns_records *r, const struct dns_name *name);
/* The first of @type with this data, whatever its name; NULL when there is none. */
const struct dns_record *dns_records_with(const struct dns_records *r, unsigned int type,
					  const void *rdata, size_t rdlen);

#endif
