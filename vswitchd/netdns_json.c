/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdns_json.c - names for people and programs: dns.list, stats, flush, explain, records.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dns/text.h"
#include "vswitchd/netdns_int.h"
#include "vswitchd/switch/mode.h"
#include "vswitchd/switch/runner.h"

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* ---- records --------------------------------------------------------------------------------- */

struct record {
	struct dns_name name;
	uint16_t type;
	bool has_value;
	uint8_t rdata[DNS_RDATA_MAX];
	size_t rdlen;
	uint32_t ttl;
};

static int read_type(const char *text, uint16_t *out, struct err *err)
{
	char shown[64];

	/* Those that are no data: RFC 6895 3.1. */
	if (dns_type_parse(text, out) || !*out || *out == DNS_OPT || *out == DNS_SOA ||
	    (*out >= 128 && *out <= DNS_ANY))
		return err_set(err, -EINVAL,
			       "\"%s\" is not a type that a record may have: A, AAAA, CNAME, MX, "
			       "TXT, SRV, PTR or TYPEnumber",
			       str_escape(text, strlen(text), shown, sizeof(shown)));
	return 0;
}

static int read_name(const struct netdns *d, const char *text, struct dns_name *out,
		     struct err *err)
{
	char shown[128];

	if (dns_name_parse(text, &d->proxy.zone.origin, out))
		return err_set(err, -EINVAL, "\"%s\" is not a name",
			       str_escape(text, strlen(text), shown, sizeof(shown)));
	dns_name_lower(out);
	return 0;
}

static int read_record(const struct netdns *d, const json_t *o, struct record *r, struct err *err)
{
	const char *type = text_of(o, "type"), *value = text_of(o, "value");
	json_t *ttl = json_object_get(o, "ttl");
	int rc = read_name(d, text_of(o, "name"), &r->name, err);

	r->type = 0;
	r->ttl = ttl ? (uint32_t)json_integer_value(ttl) : DNS_RECORD_TTL;
	r->has_value = value;
	if (!rc && type)
		rc = read_type(type, &r->type, err);
	if (!rc && value)
		rc = dns_rdata_parse(r->type, value, &d->proxy.zone.origin, r->rdata, &r->rdlen,
				     err);
	return rc;
}

/* Whoever asks for a CNAME wants what it leads to, which is looked for among our names only. */
static int check_alias(const struct netdns *d, const struct record *r, struct err *err)
{
	struct dns_name target;

	if (r->type != DNS_CNAME)
		return 0;
	target.len = (uint8_t)r->rdlen;
	memcpy(target.b, r->rdata, r->rdlen);
	dns_name_lower(&target);
	if (dns_name_under(&target, &d->proxy.zone.origin) || dns_zone_has(&d->proxy.zone, &target))
		return 0;
	return err_set(err, -EINVAL,
		       "a CNAME leads to another name of this network, and this one does not "
		       "(a name without a dot at its end is of this network)");
}

int netdns_add(struct net *net, const json_t *record, struct err *err)
{
	struct netdns *d = net->dns;
	struct record r;
	int rc;

	if (!d)
		return err_set(err, -EOPNOTSUPP, "network \"%s\" (%s) has no name server",
			       net->conf.name, net->conf.mode ? net->conf.mode->name : "");
	rc = read_record(d, record, &r, err);
	if (!rc)
		rc = check_alias(d, &r, err);
	if (rc)
		return rc;
	rc = dns_records_add(&d->proxy.zone.records, &r.name, r.type, r.ttl, r.rdata, r.rdlen, err);
	/* A name of somebody outside, that was asked for before. */
	if (!rc)
		dns_cache_flush(&d->proxy.cache, &r.name);
	return rc;
}

int netdns_del(struct net *net, const json_t *record, struct err *err)
{
	struct netdns *d = net->dns;
	struct record r;
	int rc = d ? read_record(d, record, &r, err) : 0;

	if (!d || rc)
		return rc;
	return (int)dns_records_del(&d->proxy.zone.records, &r.name, r.type,
				    r.has_value ? r.rdata : NULL, r.rdlen);
}

/* ---- dns.list -------------------------------------------------------------------------------- */

struct rows {
	struct netdns *d;
	json_t *list;
};

static void host_row(void *ctx, const uint8_t *label, const struct ip_addr *addr,
		     const char *source, const char *shadowed)
{
	char name[4 * DNS_LABEL_MAX + 1], text[IP_ADDR_STR];
	struct rows *rows = ctx;

	dns_label_format(label + 1, label[0], name, sizeof(name));
	json_array_append_new(rows->list,
			      json_pack("{s:s, s:s, s:s, s:i, s:s, s:s?}", "name", name, "type",
					ip_addr_is4(addr) ? "A" : "AAAA", "value",
					ip_addr_format(addr, text), "ttl", DNS_OWN_TTL, "source",
					source, "shadowed", shadowed));
}

/* A name of the zone as it is written in it; others whole, with their dot. */
static char *short_name(const struct netdns *d, const struct dns_name *name,
			char buf[static DNS_NAME_STR])
{
	const struct dns_name *origin = &d->proxy.zone.origin;
	struct dns_name rel = *name;

	if (dns_name_equal(name, origin))
		return memcpy(buf, "@", 2);
	if (!dns_name_under(name, origin)) {
		dns_name_format(name, buf);
		return memcpy(buf + strlen(buf), ".", 2), buf;
	}
	rel.len = (uint8_t)(name->len - origin->len + 1);
	rel.b[rel.len - 1] = 0;
	return dns_name_format(&rel, buf);
}

static json_t *record_row(const struct netdns *d, const struct dns_record *rec)
{
	char name[DNS_NAME_STR + 1], type[DNS_TYPE_STR], value[4 * DNS_RDATA_MAX];
	struct dns_rr rr = {.type = rec->type, .rdata_at = DNS_HDR, .rdlen = rec->rdlen};
	uint8_t msg[DNS_HDR + DNS_RDATA_MAX] = {0};

	memcpy(msg + DNS_HDR, rec->rdata, rec->rdlen);
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:n}", "name", short_name(d, &rec->name, name),
			 "type", dns_type_format(rec->type, type), "value",
			 dns_rdata_format(msg, DNS_HDR + rec->rdlen, &rr, value, sizeof(value)),
			 "ttl", (json_int_t)rec->ttl, "source", "record", "shadowed");
}

static json_t *servers_json(const struct netdns *d)
{
	const struct dns_upstream *u = &d->proxy.up;
	msec now = d->net->runner->now;
	json_t *list = json_array();
	char addr[IP_ADDR_STR];

	for (unsigned int i = 0; i < u->n; i++) {
		const struct dns_server *s = &u->server[i];
		bool rests = s->failures >= 2 && now < s->rests_until_ms;

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:o, s:I, s:I, s:I}", "address",
				  ip_addr_format(&s->addr, addr), "state",
				  rests		? "rests"
				  : s->failures ? "failing"
						: "used",
				  "rtt_ms", s->srtt_ms ? json_integer(s->srtt_ms) : json_null(),
				  "asked", (json_int_t)s->asked, "answered",
				  (json_int_t)s->answered, "failures", (json_int_t)s->timeouts));
	}
	return list;
}

json_t *netdns_rate_json(struct netdns *d)
{
	netdns_rate(d, d->net->runner->now);
	return json_pack("{s:I, s:I}", "queries_ps", (json_int_t)d->rate.queries_ps, "cached_ps",
			 (json_int_t)d->rate.cached_ps);
}

static json_t *list_json(struct netdns *d)
{
	char zone[DNS_NAME_STR], way[NET_DNS_MAX * IP_ADDR_STR];
	struct rows rows = {d, json_array()};
	struct net_dns dns = d->net->conf.dns;

	if (dns.way == NET_DNS_UNSET)
		dns.way = d->usual;
	for (const struct dns_record *r = d->proxy.zone.records.all; r; r = r->next)
		json_array_append_new(rows.list, record_row(d, r));
	netdns_each_host(d, host_row, &rows);
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "zone",
			 dns_name_format(&d->proxy.zone.origin, zone), "dns",
			 net_dns_format(&dns, way, sizeof(way)), "rate", netdns_rate_json(d),
			 "resolvers", servers_json(d), "names", rows.list);
}

/* ---- dns.stats, dns.flush -------------------------------------------------------------------- */

static json_t *stats_json(struct netdns *d)
{
	const struct dns_cache *c = &d->proxy.cache;
	json_t *counts = json_object();

	for (unsigned int i = 0; i < DNS_N; i++)
		json_object_set_new(counts, dns_count_word((enum dns_count)i),
				    json_integer((json_int_t)d->proxy.count[i]));
	return json_pack("{s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:I, s:o}", "counts", counts,
			 "rate", netdns_rate_json(d), "cache", "entries", (json_int_t)c->n,
			 "entries_max", (json_int_t)DNS_CACHE_ENTRIES, "bytes",
			 (json_int_t)(DNS_CACHE_CHUNKS - c->n_free_chunks) * DNS_CACHE_CHUNK,
			 "bytes_max", (json_int_t)DNS_CACHE_CHUNKS * DNS_CACHE_CHUNK, "hits",
			 (json_int_t)c->hits, "evicted", (json_int_t)c->evicted, "under_way",
			 (json_int_t)d->proxy.n_txns, "resolvers", servers_json(d));
}

static int flush(struct netdns *d, const json_t *params, json_t **result, struct err *err)
{
	const char *text = text_of(params, "name");
	struct dns_name name;

	if (text && dns_name_parse(text, NULL, &name))
		return err_set(err, -EINVAL, "that is not a name");
	*result = json_pack("{s:i}", "flushed",
			    (int)dns_cache_flush(&d->proxy.cache, text ? &name : NULL));
	return 0;
}

/* ---- dns.explain ----------------------------------------------------------------------------- */

static void say(void *ctx, const char *line)
{
	json_array_append_new(ctx, json_string(line));
}

static int explain(struct netdns *d, const json_t *params, json_t **result, struct err *err)
{
	const char *type = text_of(params, "type"), *text = text_of(params, "name");
	struct dns_query q = {.flags = DNS_RD, .class = DNS_IN, .type = DNS_A};
	char name[DNS_NAME_STR], word[DNS_TYPE_STR];
	json_t *steps;

	/* As a resolver of the guest would complete it: without a dot it is of this network. */
	if (dns_name_parse(text, strchr(text, '.') ? NULL : &d->proxy.zone.origin, &q.name))
		return err_set(err, -EINVAL, "that is not a name");
	if (type && dns_type_parse(type, &q.type))
		return err_set(err, -EINVAL, "there is no type of that name");
	netdns_host_look(d->net->runner->now);
	steps = json_array();
	dns_proxy_explain(&d->proxy, &q, d->net->runner->now, say, steps);
	*result = json_pack("{s:s, s:s, s:o}", "name", dns_name_format(&q.name, name), "type",
			    dns_type_format(q.type, word), "steps", steps);
	return 0;
}

int netdns_call(struct net *net, const char *method, json_t *params, json_t **result,
		struct err *err)
{
	struct netdns *d = net->dns;

	if (!d || !net->service)
		return err_set(err, -EOPNOTSUPP, "network \"%s\" (%s) has no name server%s",
			       net->conf.name, net->conf.mode ? net->conf.mode->name : "",
			       d ? ": dns=off" : "");
	if (!strcmp(method, "dns.list"))
		netdns_host_look(net->runner->now);
	if (!strcmp(method, "dns.flush"))
		return flush(d, params, result, err);
	if (!strcmp(method, "dns.explain"))
		return explain(d, params, result, err);
	*result = !strcmp(method, "dns.list") ? list_json(d) : stats_json(d);
	return 0;
}
