/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "dhcp/domain.h"
#include "dhcp/server6_int.h"

enum {
	REFRESH_MIN_S = 600, /* RFC 8415 7.6, IRT_MINIMUM */
	MAX_RT_S = 3600,     /* RFC 8415 7.6, SOL_MAX_RT and INF_MAX_RT */
	NTP_ADDRESS = 1,     /* RFC 5908 4.1 */
	FQDN_S = 1,	     /* RFC 4704 4.1: the server sees to the name */
	FQDN_O = 2,
	FQDN_N = 4
};

/* Our identifier: DUID-LL (RFC 8415 11.4), of a MAC that is made of the network's name and so the
 * same after each restart. */
static void put_server_id(struct turn6 *t)
{
	uint8_t duid[4 + sizeof(struct mac)] = {0, 3, 0, 1};

	memcpy(duid + 4, &t->s->conf.mac, sizeof(struct mac));
	dhcp6_option(&t->w, OPT6_SERVERID, duid, sizeof(duid));
}

void reply6_start(struct turn6 *t, enum dhcp6_type type)
{
	const struct dhcp6_msg *m = t->msg;

	t->w = (struct dhcp6_writer){.buf = t->out->data, .max = sizeof(t->out->data)};
	t->out->type = type;
	t->out->to_relay = m->n_relays;
	dhcp6_relays_open(&t->w, m, t->relays);
	dhcp6_put(&t->w, (uint8_t[]){(uint8_t)type}, 1);
	dhcp6_put(&t->w, m->xid, sizeof(m->xid));
	if (m->client_id.len)
		dhcp6_option(&t->w, OPT6_CLIENTID, m->client_id.b, m->client_id.len);
	put_server_id(t);
}

void reply6_say(struct turn6 *t, enum dhcp6_status status, const char *text)
{
	t->out->status = status;
	dhcp6_put_status(&t->w, status, text);
}

/* ---- IAs ------------------------------------------------------------------------------------- */

void reply6_note(struct turn6 *t, const struct dhcp6_ia *ia, const struct grant6 *g)
{
	t->out->outcome[t->out->n_outcomes++] =
		(struct dhcp6_outcome){.ia = (unsigned int)(ia - t->msg->ias),
				       .status = g->status,
				       .name = g->lease ? g->lease->addr : 0,
				       .was = g->was,
				       .pick = g->pick,
				       .refused = g->refused};
}

static void put_addr(struct turn6 *t, const struct ip_addr *addr, uint32_t lifetime_s)
{
	size_t at = dhcp6_begin(&t->w, OPT6_IAADDR);

	dhcp6_put(&t->w, addr, sizeof(*addr));
	dhcp6_put_u32(&t->w, lifetime_s);
	dhcp6_put_u32(&t->w, lifetime_s);
	dhcp6_end(&t->w, at);
}

/* RFC 8415 18.3.4: what the client shall not use any more has lifetimes of 0. */
static void put_old_addrs(struct turn6 *t, const struct dhcp6_ia *ia, const struct ip_addr *now)
{
	for (unsigned int i = 0; i < ia->n_addrs; i++)
		if (!ip_addr_equal(&ia->addrs[i], now))
			put_addr(t, &ia->addrs[i], 0);
}

void reply6_ia(struct turn6 *t, const struct dhcp6_ia *ia, const struct grant6 *g, const char *why)
{
	uint32_t lease_s = g->lease ? t->s->conf.lease_s : 0;
	bool keeps = t->msg->type == DHCP6_RENEW || t->msg->type == DHCP6_REBIND;
	size_t at = dhcp6_begin(&t->w, (enum dhcp6_opt)ia->type);
	struct ip_addr addr = {{0}};

	reply6_note(t, ia, g);
	dhcp6_put_u32(&t->w, ia->iaid);
	if (ia->type != OPT6_IA_TA) {
		dhcp6_put_u32(&t->w, lease_s / 2); /* T1 and T2, RFC 8415 21.4 */
		dhcp6_put_u32(&t->w, (uint32_t)(lease_s * 4ull / 5));
	}
	if (g->lease) {
		addr = dhcp6_addr(&t->s->conf, g->lease->addr);
		put_addr(t, &addr, lease_s);
	}
	if (keeps)
		put_old_addrs(t, ia, &addr);
	if (why)
		dhcp6_put_status(&t->w, g->status, why);
	dhcp6_end(&t->w, at);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void put_search(struct turn6 *t)
{
	uint8_t names[256];
	size_t len =
		t->s->conf.search ? domain_list_build(t->s->conf.search, names, sizeof(names)) : 0;

	if (len)
		dhcp6_option(&t->w, OPT6_SEARCH, names, len);
}

static void put_ntp(struct turn6 *t)
{
	size_t at;

	if (ip_addr_is_zero(&t->s->conf.ntp))
		return;
	at = dhcp6_begin(&t->w, OPT6_NTP);
	dhcp6_option(&t->w, (enum dhcp6_opt)NTP_ADDRESS, &t->s->conf.ntp, sizeof(t->s->conf.ntp));
	dhcp6_end(&t->w, at);
}

/* Names come from the leases, so it is always we who see to them (RFC 4704 6). */
static void put_fqdn(struct turn6 *t)
{
	const struct dhcp6_blob *f = &t->msg->fqdn;
	uint8_t flags = FQDN_S;
	size_t at;

	if (!f->len)
		return;
	if (f->b[0] & FQDN_N)
		flags = FQDN_N;
	else if (!(f->b[0] & FQDN_S))
		flags |= FQDN_O;
	at = dhcp6_begin(&t->w, OPT6_FQDN);
	dhcp6_put(&t->w, &flags, 1);
	dhcp6_put(&t->w, f->b + 1, f->len - 1u);
	dhcp6_end(&t->w, at);
}

/* "iPXE" is what its loader says of itself (a user class: two bytes of length, then the text). */
static bool is_ipxe(const struct dhcp6_msg *m)
{
	return m->user_class.len == 6 && memcmp(m->user_class.b, "\0\4iPXE", 6) == 0;
}

static void put_boot(struct turn6 *t)
{
	const struct dhcp6_conf *c = &t->s->conf;
	char url[256];

	if (c->boot && c->boot(c->boot_ctx, t->msg->arch, is_ipxe(t->msg), url, sizeof(url)))
		dhcp6_option(&t->w, OPT6_BOOTFILE_URL, url, strlen(url));
}

static void put_seconds(struct turn6 *t, enum dhcp6_opt opt, uint32_t s)
{
	size_t at = dhcp6_begin(&t->w, opt);

	dhcp6_put_u32(&t->w, s);
	dhcp6_end(&t->w, at);
}

/* RFC 8415 18.3.9, 18.3.10: what the client lists in its option request. */
void reply6_options(struct turn6 *t)
{
	const struct dhcp6_conf *c = &t->s->conf;
	const struct dhcp6_msg *m = t->msg;

	if (dhcp6_wants(m, OPT6_DNS) && c->n_dns)
		dhcp6_option(&t->w, OPT6_DNS, c->dns, c->n_dns * sizeof(c->dns[0]));
	if (dhcp6_wants(m, OPT6_SEARCH))
		put_search(t);
	if (dhcp6_wants(m, OPT6_NTP))
		put_ntp(t);
	if (dhcp6_wants(m, OPT6_FQDN))
		put_fqdn(t);
	if (dhcp6_wants(m, OPT6_BOOTFILE_URL))
		put_boot(t);
	if (m->type == DHCP6_INFORMATION_REQUEST && dhcp6_wants(m, OPT6_REFRESH_TIME))
		put_seconds(t, OPT6_REFRESH_TIME, MAX(c->lease_s, (uint32_t)REFRESH_MIN_S));
	if (dhcp6_wants(m, OPT6_SOL_MAX_RT))
		put_seconds(t, OPT6_SOL_MAX_RT, MAX_RT_S);
	if (dhcp6_wants(m, OPT6_INF_MAX_RT))
		put_seconds(t, OPT6_INF_MAX_RT, MAX_RT_S);
}

bool reply6_finish(struct turn6 *t)
{
	dhcp6_relays_close(&t->w, t->msg, t->relays);
	t->out->len = t->w.len;
	t->s->count[t->out->type == DHCP6_ADVERTISE ? DHCP6_N_ADVERTISE : DHCP6_N_REPLY]++;
	return !t->w.full;
}
