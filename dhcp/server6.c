/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/server6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "dhcp/server6_int.h"

static const char *const count_words[DHCP6_N] = {
#define X(id, word) word,
	DHCP6_COUNTS(X)
#undef X
};

const char *dhcp6_count_word(enum dhcp6_count c)
{
	return count_words[c];
}

static bool silent(struct turn6 *t, enum dhcp6_count why)
{
	t->s->count[why]++;
	return false;
}

static bool in_prefix(const struct turn6 *t, const struct ip_addr *addr)
{
	return memcmp(addr->b, t->s->conf.prefix.b, 8) == 0;
}

static bool on_link(const struct turn6 *t, const struct dhcp6_ia *ia)
{
	for (unsigned int i = 0; i < ia->n_addrs; i++)
		if (!in_prefix(t, &ia->addrs[i]))
			return false;
	return true;
}

/* ---- addresses asked for --------------------------------------------------------------------- */

/* What is said when there is none, or none of that kind. */
static const char *const no_addrs = "no address is left for this client";
static const char *const no_dhcp_addrs = "addresses are not given here: ipv6= is not stateful";
static const char *const no_temporary = "there are no temporary addresses here";
static const char *const no_prefix = "there are no prefixes here";
static const char *const other_link = "that address is not of this network";

/* Refuse what we never give; true when that is done. */
static bool refuse_kind(struct turn6 *t, const struct dhcp6_ia *ia)
{
	bool pd = ia->type == OPT6_IA_PD;
	struct grant6 g = {.status = pd ? STATUS6_NO_PREFIX : STATUS6_NO_ADDRS,
			   .refused = DHCP6_N_REFUSED};

	if (ia->type == OPT6_IA_NA && t->s->conf.stateful)
		return false;
	t->s->count[DHCP6_N_REFUSED]++;
	reply6_ia(t, ia, &g,
		  pd			   ? no_prefix
		  : ia->type == OPT6_IA_TA ? no_temporary
					   : no_dhcp_addrs);
	return true;
}

static void give_all(struct turn6 *t, bool bind)
{
	for (unsigned int i = 0; i < t->msg->n_ias; i++) {
		const struct dhcp6_ia *ia = &t->msg->ias[i];
		struct grant6 g;

		if (refuse_kind(t, ia))
			continue;
		g = lease6_give(t, ia, bind);
		reply6_ia(t, ia, &g, g.lease ? NULL : no_addrs);
	}
}

/* RFC 8415 18.3.1 */
static bool solicit(struct turn6 *t)
{
	bool rapid = t->msg->rapid_commit && t->s->conf.stateful;

	reply6_start(t, rapid ? DHCP6_REPLY : DHCP6_ADVERTISE);
	if (rapid)
		dhcp6_option(&t->w, OPT6_RAPID_COMMIT, NULL, 0);
	give_all(t, rapid);
	reply6_options(t);
	return true;
}

/* RFC 8415 18.3.2 */
static bool request(struct turn6 *t)
{
	reply6_start(t, DHCP6_REPLY);
	for (unsigned int i = 0; i < t->msg->n_ias; i++) {
		const struct dhcp6_ia *ia = &t->msg->ias[i];
		struct grant6 g = {.status = STATUS6_NOT_ON_LINK, .refused = DHCP6_N_WRONG_NET};

		if (refuse_kind(t, ia))
			continue;
		if (on_link(t, ia))
			g = lease6_give(t, ia, true);
		else
			t->s->count[DHCP6_N_WRONG_NET]++;
		reply6_ia(t, ia, &g,
			  g.lease			    ? NULL
			  : g.status == STATUS6_NOT_ON_LINK ? other_link
							    : no_addrs);
	}
	reply6_options(t);
	return true;
}

/* RFC 8415 18.3.3. Says only whether the client is still where it was. */
static bool confirm(struct turn6 *t)
{
	unsigned int n = 0;
	bool ok = true;

	for (unsigned int i = 0; i < t->msg->n_ias; i++) {
		n += t->msg->ias[i].n_addrs;
		ok &= on_link(t, &t->msg->ias[i]);
	}
	if (!n)
		return silent(t, DHCP6_N_NO_BINDING);
	reply6_start(t, DHCP6_REPLY);
	reply6_say(t, ok ? STATUS6_SUCCESS : STATUS6_NOT_ON_LINK,
		   ok ? "you are where you were" : other_link);
	if (!ok)
		t->s->count[DHCP6_N_WRONG_NET]++;
	return true;
}

/* RFC 8415 18.3.4, 18.3.5. A client that is not on record gets what is free, its own address if it
 * can be had: after the loss of a lease file nobody has to begin anew. */
static bool renew(struct turn6 *t)
{
	reply6_start(t, DHCP6_REPLY);
	give_all(t, true);
	reply6_options(t);
	return true;
}

/* ---- addresses given up ---------------------------------------------------------------------- */

/* RFC 8415 18.3.7, 18.3.8 */
static bool give_up(struct turn6 *t, bool declined)
{
	static const struct grant6 none = {.status = STATUS6_NO_BINDING,
					   .refused = DHCP6_N_NO_BINDING},
				   done = {.was = LEASE_BOUND};

	reply6_start(t, DHCP6_REPLY);
	reply6_say(t, STATUS6_SUCCESS, declined ? "noted" : "released");
	for (unsigned int i = 0; i < t->msg->n_ias; i++) {
		const struct dhcp6_ia *ia = &t->msg->ias[i];
		bool had = ia->n_addrs;

		for (unsigned int k = 0; k < ia->n_addrs; k++)
			had &= lease6_end(t, ia, &ia->addrs[k], declined);
		if (had) {
			reply6_note(t, ia, &done);
			continue;
		}
		t->s->count[DHCP6_N_NO_BINDING]++;
		reply6_ia(t, ia, &none, "no such lease");
	}
	return true;
}

static bool release(struct turn6 *t)
{
	return give_up(t, false);
}

static bool decline(struct turn6 *t)
{
	return give_up(t, true);
}

/* RFC 8415 18.3.6 */
static bool information(struct turn6 *t)
{
	reply6_start(t, DHCP6_REPLY);
	reply6_options(t);
	return true;
}

/* ---- entry ----------------------------------------------------------------------------------- */

/* What a message must and must not have (RFC 8415 16), and who takes it. */
enum want { NOT, MAY, MUST };

static const struct row {
	enum dhcp6_count count;
	enum want client, server;
	bool ias; /* IAs make sense there */
	bool (*take)(struct turn6 *t);
} rows[] = {
	[DHCP6_SOLICIT] = {DHCP6_N_SOLICIT, MUST, NOT, true, solicit},
	[DHCP6_REQUEST] = {DHCP6_N_REQUEST, MUST, MUST, true, request},
	[DHCP6_CONFIRM] = {DHCP6_N_CONFIRM, MUST, NOT, true, confirm},
	[DHCP6_RENEW] = {DHCP6_N_RENEW, MUST, MUST, true, renew},
	[DHCP6_REBIND] = {DHCP6_N_REBIND, MUST, NOT, true, renew},
	[DHCP6_RELEASE] = {DHCP6_N_RELEASE, MUST, MUST, true, release},
	[DHCP6_DECLINE] = {DHCP6_N_DECLINE, MUST, MUST, true, decline},
	[DHCP6_INFORMATION_REQUEST] = {DHCP6_N_INFORMATION, MAY, MAY, false, information},
};

static bool is_us(const struct turn6 *t)
{
	const struct dhcp6_blob *id = &t->msg->server_id;
	const uint8_t head[4] = {0, 3, 0, 1};

	return id->len == sizeof(head) + sizeof(struct mac) && !memcmp(id->b, head, sizeof(head)) &&
	       !memcmp(id->b + sizeof(head), &t->s->conf.mac, sizeof(struct mac));
}

/* RFC 8415 18.4: a client may send to us alone only when told so, and we tell nobody. */
static bool unicast(struct turn6 *t, const struct row *row)
{
	if (row->server != MUST)
		return silent(t, DHCP6_N_MALFORMED);
	reply6_start(t, DHCP6_REPLY);
	reply6_say(t, STATUS6_USE_MULTICAST, "send to all servers");
	return true;
}

static bool dispatch(struct turn6 *t)
{
	const struct dhcp6_msg *m = t->msg;
	const struct row *row = &rows[m->type];

	t->s->count[row->count]++;
	if ((row->client == MUST && !m->client_id.len) ||
	    (row->server == MUST && !m->server_id.len) ||
	    (row->server == NOT && m->server_id.len) || (!row->ias && m->n_ias))
		return silent(t, DHCP6_N_MALFORMED);
	if (m->server_id.len && !is_us(t))
		return silent(t, DHCP6_N_OTHER_SERVER);
	if (t->rx->unicast && !m->n_relays)
		return unicast(t, row);
	return row->take(t);
}

/* Is the relay that is next to the client on our link? Zero: it does not say (RFC 8415 19.1.1). */
static bool relay_ok(const struct turn6 *t)
{
	const struct ip_addr *link = &t->msg->relays[t->msg->n_relays - 1].link;

	return ip_addr_is_zero(link) || in_prefix(t, link);
}

bool dhcp6_server_input(struct dhcp6_server *s, const struct dhcp6_rx *rx, msec now, int64_t wall_s,
			struct dhcp6_reply *out)
{
	struct dhcp6_msg msg;
	struct turn6 t = {.s = s, .rx = rx, .msg = &msg, .now = now, .wall_s = wall_s, .out = out};
	int rc = dhcp6_parse(rx->data, rx->len, &msg);

	out->n_undo = out->n_outcomes = 0;
	out->status = STATUS6_SUCCESS;
	out->durable = false;
	if (rc)
		return silent(&t, rc == -EPROTO ? DHCP6_N_NOT_FOR_US : DHCP6_N_MALFORMED);
	if (msg.n_relays && !relay_ok(&t))
		return silent(&t, DHCP6_N_WRONG_NET);
	lease_table_run(&s->leases.leases, now);
	if (dispatch(&t) && !t.failed && reply6_finish(&t))
		return true;
	dhcp6_server_undo(s, out);
	return false;
}

void dhcp6_server_undo(struct dhcp6_server *s, const struct dhcp6_reply *reply)
{
	for (unsigned int i = reply->n_undo; i-- > 0;)
		dhcp_server_undo(&s->leases, &reply->undo[i]);
}

int dhcp6_server_init(struct dhcp6_server *s, const struct dhcp6_conf *conf,
		      const struct dhcp_store_ops *store, void *store_ctx, msec now)
{
	struct dhcp_conf leases = {.n_subnets = 1,
				   .subnet = {{.server = htonl(0xfe),
					       .first = htonl(conf->first),
					       .last = htonl(conf->last)}},
				   .avoid = {htonl(1), htonl(2)}};

	memset(s->count, 0, sizeof(s->count));
	s->conf = *conf;
	leases.net = s->conf.net;
	return dhcp_server_init(&s->leases, &leases, store, store_ctx, now);
}

void dhcp6_server_fini(struct dhcp6_server *s)
{
	dhcp_server_fini(&s->leases);
}
