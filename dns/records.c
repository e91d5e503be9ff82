/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

static struct dns_record **bucket_of(const struct dns_records *r, const struct dns_name *name)
{
	return &r->bucket[hash_bytes(&r->secret, name->b, name->len) % BUCKETS];
}

int dns_records_init(struct dns_records *r)
{
	*r = (struct dns_records){.bucket = calloc(BUCKETS, sizeof(struct dns_record *))};
	r->end = &r->all;
	hash_key_init(&r->secret);
	return r->bucket ? 0 : -ENOMEM;
}

void dns_records_fini(struct dns_records *r)
{
	struct dns_record *next;

	for (struct dns_record *rec = r->all; rec; rec = next) {
		next = rec->next;
		free(rec);
	}
	free(r->bucket);
	*r = (struct dns_records){.bucket = NULL};
}

const struct dns_record *dns_records_next(const struct dns_records *r, const struct dns_name *name,
					  const struct dns_record *last)
{
	const struct dns_record *rec = last ? last->next_named : *bucket_of(r, name);

	while (rec && !dns_name_equal(&rec->name, name))
		rec = rec->next_named;
	return rec;
}

static bool is(const struct dns_record *rec, unsigned int type, const void *rdata, size_t rdlen)
{
	return (!type || rec->type == type) &&
	       (!rdata || (rec->rdlen == rdlen && !memcmp(rec->rdata, rdata, rdlen)));
}

static int check(const struct dns_records *r, const struct dns_name *name, unsigned int type,
		 const void *rdata, size_t rdlen, struct err *err)
{
	for (const struct dns_record *rec = dns_records_next(r, name, NULL); rec;
	     rec = dns_records_next(r, name, rec)) {
		if (is(rec, type, rdata, rdlen))
			return err_set(err, -EEXIST, "there is such a record already");
		if (rec->type == DNS_CNAME || type == DNS_CNAME)
			return err_set(err, -EEXIST,
				       "a name with a CNAME has no other records, and this name "
				       "has one");
	}
	if (r->n >= DNS_RECORDS_MAX)
		return err_set(err, -ENOSPC, "there are %d records already", DNS_RECORDS_MAX);
	return 0;
}

int dns_records_add(struct dns_records *r, const struct dns_name *name, unsigned int type,
		    uint32_t ttl, const void *rdata, size_t rdlen, struct err *err)
{
	struct dns_record *rec, **at;
	int rc = check(r, name, type, rdata, rdlen, err);

	if (rc)
		return rc;
	rec = calloc(1, sizeof(*rec) + rdlen);
	if (!rec)
		return err_set(err, -ENOMEM, "memory is short");
	rec->name = *name;
	rec->type = (uint16_t)type;
	rec->ttl = ttl;
	rec->rdlen = (uint16_t)rdlen;
	memcpy(rec->rdata, rdata, rdlen);
	for (at = bucket_of(r, name); *at;)
		at = &(*at)->next_named;
	*at = rec;
	*r->end = rec;
	r->end = &rec->next;
	r->n++;
	return 0;
}

static void drop(struct dns_records *r, struct dns_record **link)
{
	struct dns_record *rec = *link, **at = bucket_of(r, &rec->name);

	while (*at != rec)
		at = &(*at)->next_named;
	*at = rec->next_named;
	*link = rec->next;
	if (!*link)
		r->end = link;
	r->n--;
	free(rec);
}

unsigned int dns_records_del(struct dns_records *r, const struct dns_name *name, unsigned int type,
			     const void *rdata, size_t rdlen)
{
	unsigned int n = 0;

	for (struct dns_record **link = &r->all; *link;) {
		if (dns_name_equal(&(*link)->name, name) && is(*link, type, rdata, rdlen)) {
			drop(r, link);
			n++;
		} else {
			link = &(*link)->next;
		}
	}
	return n;
}

bool dns_records_below(const struct dns_records *r, const struct dns_name *name)
{
	for (const struct dns_record *rec = r->all; rec; rec = rec->next)
		if (rec->name.len > name->len && dns_name_under(&rec->name, name))
			return true;
	return false;
}

const struct dns_record *dns_records_with(const struct dns_records *r, unsigned int type,
					  const void *rdata, size_t rdlen)
{
	const struct dns_record *rec = r->all;

	while (rec && !is(rec, type, rdata, rdlen))
		rec = rec->next;
	return rec;
}
