/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/zone.h"

#include <errno.h>
#include <string.h>

#include "dns/text.h"
#include "lib/addr.h"

enum { ALIASES_MAX = 8 }; /* of a chain of CNAMEs */

const struct dns_name dns_vnet = {.len = 6, .b = "\4vnet"};

/* ---- the zone of a network ------------------------------------------------------------------- */

/* A dot in a network's name makes another label; one at its end makes nothing. */
int dns_zone_origin(const char *name, struct dns_name *out)
{
	char text[NAME_MAX_ + 1];
	size_t n = strlen(name);

	while (n && name[n - 1] == '.')
		n--;
	if (!name_valid(name) || !n || n >= sizeof(text))
		return -EINVAL;
	memcpy(text, name, n);
	text[n] = '\0';
	if (dns_name_parse(text, &dns_vnet, out))
		return -EINVAL;
	dns_name_lower(out);
	return 0;
}

void dns_add_soa(struct dns_reply *r, enum dns_section section, const struct dns_name *zone,
		 uint32_t ttl)
{
	static const struct dns_name nobody = {.len = 16, .b = "\6nobody\7invalid"};
	static const uint32_t numbers[] = {1, 3600, 1200, 604800}; /* RFC 6303 3 */
	uint8_t rdata[2 * DNS_NAME_MAX + 20];
	struct dns_writer w = {.b = rdata, .max = sizeof(rdata)};

	dns_put(&w, zone->b, zone->len);
	dns_put(&w, nobody.b, nobody.len);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		dns_put32(&w, numbers[i]);
	dns_put32(&w, ttl);
	dns_reply_add(r, section, zone, DNS_SOA, ttl, rdata, w.len);
}

static void add_addr(struct dns_reply *r, const struct dns_name *owner, unsigned int type,
		     uint32_t ttl, const struct ip_addr *addr)
{
	bool four = ip_addr_is4(addr);

	if ((four && (type == DNS_A || type == DNS_ANY)) ||
	    (!four && (type == DNS_AAAA || type == DNS_ANY)))
		dns_reply_add(r, DNS_ANSWER, owner, four ? DNS_A : DNS_AAAA, ttl,
			      addr->b + (four ? 12 : 0), four ? 4 : 16);
}

/* The label of a host directly below the origin, in lower case; NULL: @name is not one. */
static const uint8_t *host_label(const struct dns_zone *z, const struct dns_name *name)
{
	return dns_name_under(name, &z->origin) &&
			       dns_name_labels(name) == dns_name_labels(&z->origin) + 1
		       ? name->b
		       : NULL;
}

/* The addresses of a host. False when there is none of that name. */
static bool add_host(const struct dns_zone *z, const struct dns_name *name,
		     const struct dns_name *owner, struct dns_reply *r)
{
	const uint8_t *label = host_label(z, name);
	struct ip_addr addrs[DNS_HOST_ADDRS];
	int n = label ? z->hosts.addrs(z->hosts.ctx, label, addrs, DNS_HOST_ADDRS) : -1;

	for (int i = 0; i < n; i++)
		add_addr(r, owner, r->q->type, DNS_OWN_TTL, &addrs[i]);
	return n >= 0;
}

/* The records of @name that were asked for. *@alias is set to its CNAME, if that is what it has.
 * False when it has none of any type. */
static bool add_records(const struct dns_zone *z, const struct dns_name *name,
			const struct dns_name *owner, struct dns_reply *r,
			const struct dns_record **alias)
{
	const struct dns_record *rec = NULL;
	unsigned int type = r->q->type;
	bool found = false;

	*alias = NULL;
	while ((rec = dns_records_next(&z->records, name, rec))) {
		found = true;
		if (rec->type == type || type == DNS_ANY || rec->type == DNS_CNAME)
			dns_reply_add(r, DNS_ANSWER, owner, rec->type, rec->ttl, rec->rdata,
				      rec->rdlen);
		if (rec->type == DNS_CNAME && type != DNS_CNAME && type != DNS_ANY)
			*alias = rec;
	}
	return found;
}

static bool follow(const struct dns_record *alias, struct dns_name *name)
{
	if (!alias)
		return false;
	memcpy(name->b, alias->rdata, alias->rdlen);
	name->len = (uint8_t)alias->rdlen;
	dns_name_lower(name);
	return true;
}

/* Something is there, if only below it or at the zone's top (RFC 8020: then it is no NXDOMAIN). */
static bool is_there(const struct dns_zone *z, const struct dns_name *name)
{
	return dns_name_equal(name, &z->origin) || dns_records_below(&z->records, name);
}

bool dns_zone_has(const struct dns_zone *z, const struct dns_name *name)
{
	return dns_records_next(&z->records, name, NULL) != NULL;
}

unsigned int dns_zone_answer(const struct dns_zone *z, const struct dns_name *name,
			     struct dns_reply *r)
{
	struct dns_name at = *name;
	const struct dns_record *alias = NULL;
	bool found = false;

	for (unsigned int i = 0; i < ALIASES_MAX; i++) {
		const struct dns_name *owner = i ? &at : NULL;

		found = add_records(z, &at, owner, r, &alias) || add_host(z, &at, owner, r);
		if (!follow(alias, &at))
			break;
	}
	if (dns_name_equal(&at, &z->origin) && r->q->type == DNS_SOA && !r->count[DNS_ANSWER]) {
		dns_add_soa(r, DNS_ANSWER, &z->origin, DNS_OWN_TTL);
		return DNS_NOERROR;
	}
	found = found || is_there(z, &at);
	if (!r->count[DNS_ANSWER] || !found)
		dns_add_soa(r, DNS_AUTHORITY, dns_name_under(&at, &z->origin) ? &z->origin : &at,
			    DNS_OWN_TTL);
	return found ? DNS_NOERROR : DNS_NXDOMAIN;
}

/* ---- reverse names --------------------------------------------------------------------------- */

bool dns_zone_reverse(const struct dns_zone *z, const struct dns_name *name, struct ip_addr *addr)
{
	if (!dns_reverse_addr(name, addr))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(z->subnet); i++)
		if (z->subnet[i].plen && ip_net_has(&z->subnet[i], addr))
			return true;
	return false;
}

/* The name of the record that gives out @addr. */
static const struct dns_record *record_of(const struct dns_zone *z, const struct ip_addr *addr)
{
	bool four = ip_addr_is4(addr);

	return dns_records_with(&z->records, four ? DNS_A : DNS_AAAA, addr->b + (four ? 12 : 0),
				four ? 4 : 16);
}

unsigned int dns_zone_answer_reverse(const struct dns_zone *z, const struct dns_name *name,
				     const struct ip_addr *addr, struct dns_reply *r)
{
	const struct dns_record *rec = dns_records_next(&z->records, name, NULL);
	struct dns_name host = {.len = 0}, label, zone = dns_name_parent(name, 1);

	if (rec) {
		add_records(z, name, NULL, r, &rec);
	} else if ((rec = record_of(z, addr))) {
		host = rec->name;
	} else if (z->hosts.label(z->hosts.ctx, addr, label.b)) {
		label.b[label.b[0] + 1] = 0;
		label.len = (uint8_t)(label.b[0] + 2);
		dns_name_join(&host, &label, &z->origin);
	} else {
		dns_add_soa(r, DNS_AUTHORITY, &zone, DNS_OWN_TTL);
		return DNS_NXDOMAIN;
	}
	if (host.len && (r->q->type == DNS_PTR || r->q->type == DNS_ANY))
		dns_reply_add(r, DNS_ANSWER, NULL, DNS_PTR, DNS_OWN_TTL, host.b, host.len);
	if (!r->count[DNS_ANSWER])
		dns_add_soa(r, DNS_AUTHORITY, &zone, DNS_OWN_TTL);
	return DNS_NOERROR;
}

/* ---- names with a meaning of their own ------------------------------------------------------- */

static const struct {
	const char *zone;
	bool localhost;
	const char *why;
} specials[] = {
	{"localhost.", true, "RFC 6761 6.3: always the asker itself"},
	{"invalid.", false, "RFC 6761 6.4: never exists"},
	{"local.", false, "RFC 6762: for multicast DNS, not for servers"},
	{"onion.", false, "RFC 7686: for Tor, not for servers"},
	/* RFC 6303 4, with the addresses of RFC 1918, 6598 and 4193: who asks a server outside for
	 * them tells it what is inside, and gets nothing. */
	{"0.in-addr.arpa.", false, "RFC 6303 4.2: addresses of nobody outside"},
	{"10.in-addr.arpa.", false, "RFC 6303 4.1: addresses that are private"},
	{"127.in-addr.arpa.", false, "RFC 6303 4.2: addresses of the asker itself"},
	{"254.169.in-addr.arpa.", false, "RFC 6303 4.2: addresses of one link"},
	{"168.192.in-addr.arpa.", false, "RFC 6303 4.1: addresses that are private"},
	{"2.0.192.in-addr.arpa.", false, "RFC 6303 4.2: addresses of examples"},
	{"100.51.198.in-addr.arpa.", false, "RFC 6303 4.2: addresses of examples"},
	{"113.0.203.in-addr.arpa.", false, "RFC 6303 4.2: addresses of examples"},
	{"255.255.255.255.in-addr.arpa.", false, "RFC 6303 4.2: everybody"},
	{"d.f.ip6.arpa.", false, "RFC 6303 4.4: addresses that are private"},
	{"8.e.f.ip6.arpa.", false, "RFC 6303 4.5: addresses of one link"},
	{"9.e.f.ip6.arpa.", false, "RFC 6303 4.5: addresses of one link"},
	{"a.e.f.ip6.arpa.", false, "RFC 6303 4.5: addresses of one link"},
	{"b.e.f.ip6.arpa.", false, "RFC 6303 4.5: addresses of one link"},
	{"8.b.d.0.1.0.0.2.ip6.arpa.", false, "RFC 6303 4.6: addresses of examples"},
};

/* RFC 1918's 172.16/12 and RFC 6598's 100.64/10 end inside a label: a zone for each value. */
static bool find_range(const struct dns_name *name, struct dns_special *out)
{
	static const struct {
		const char *top;
		unsigned int first, last;
		const char *why;
	} ranges[] = {{"172.in-addr.arpa.", 16, 31, "RFC 6303 4.1: addresses that are private"},
		      {"100.in-addr.arpa.", 64, 127, "RFC 7793: addresses that providers share"}};
	unsigned int labels = dns_name_labels(name), v = 0;
	const uint8_t *label;
	struct dns_name top;

	if (labels < 4)
		return false;
	label = dns_name_label(name, labels - 4);
	for (unsigned int i = 1; i <= label[0]; i++) {
		if (label[0] > 3 || label[i] < '0' || label[i] > '9')
			return false;
		v = v * 10 + label[i] - '0';
	}
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (v < ranges[i].first || v > ranges[i].last ||
		    dns_name_parse(ranges[i].top, NULL, &top) || !dns_name_under(name, &top))
			continue;
		*out = (struct dns_special){.zone = dns_name_parent(name, labels - 4),
					    .why = ranges[i].why};
		return true;
	}
	return false;
}

bool dns_special_find(const struct dns_name *name, struct dns_special *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
		if (dns_name_parse(specials[i].zone, NULL, &out->zone) ||
		    !dns_name_under(name, &out->zone))
			continue;
		out->localhost = specials[i].localhost;
		out->why = specials[i].why;
		return true;
	}
	return find_range(name, out);
}

unsigned int dns_special_answer(const struct dns_special *s, struct dns_reply *r)
{
	static const struct ip_addr four = {{[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};
	static const struct ip_addr six = {{[15] = 1}};

	if (s->localhost) {
		add_addr(r, NULL, r->q->type, DNS_SPECIAL_TTL, &four);
		add_addr(r, NULL, r->q->type, DNS_SPECIAL_TTL, &six);
	}
	if (!r->count[DNS_ANSWER])
		dns_add_soa(r, DNS_AUTHORITY, &s->zone, DNS_SPECIAL_TTL);
	return s->localhost || dns_name_equal(&r->q->name, &s->zone) ? DNS_NOERROR : DNS_NXDOMAIN;
}
