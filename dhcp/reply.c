/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/reply.h"

#include <arpa/inet.h>
#include <string.h>

#include "dhcp/domain.h"

/* ---- what there is to say -------------------------------------------------------------------- */

static struct dhcp_said *said_slot(struct dhcp_options *o, uint16_t code)
{
	if (!o->at[code])
		o->at[code] = (uint16_t)++o->n;
	return &o->v[o->at[code] - 1];
}

static void server_says(struct dhcp_options *o, uint16_t code, enum option_type type,
			const void *data, size_t len, bool quiet)
{
	*said_slot(o, code) = (struct dhcp_said){.code = code,
						 .len = (uint16_t)len,
						 .type = (uint8_t)type,
						 .quiet = quiet,
						 .data = data};
}

/* By which names without a dot are completed: the older option, and the list of RFC 3397. */
static void server_says_domain(struct dhcp_options *o, const char *domain)
{
	size_t n = domain_list_build(domain, o->search, sizeof(o->search));

	server_says(o, OPT_DOMAIN, OPTION_TEXT, domain, strlen(domain), true);
	if (n)
		server_says(o, OPT_SEARCH, OPTION_NAMES, o->search, n, true);
}

/* For machines that boot from the network: where our files are, and which is for them (RFC
 * 2132 9.4, 9.5; RFC 4578). */
static void server_says_boot(struct dhcp_options *o, const struct turn *t, be32 server)
{
	const struct dhcp_conf *c = &t->s->conf;
	const struct dhcp_msg *m = t->msg;
	bool ipxe = m->user.len == 4 && !memcmp(m->user.b, "iPXE", 4);

	if (!c->boot || (!m->has_arch && !ipxe) ||
	    !c->boot(c->boot_ctx, m->has_arch ? m->arch : -1, ipxe, o->boot_file,
		     sizeof(o->boot_file)))
		return;
	o->next_server = server;
	ip4_format(server, o->boot_server);
	server_says(o, OPTION_NEXT_SERVER, OPTION_IP, &o->next_server, sizeof(o->next_server),
		    true);
	server_says(o, OPT_TFTP, OPTION_TEXT, o->boot_server, strlen(o->boot_server), true);
	server_says(o, OPT_BOOTFILE, OPTION_TEXT, o->boot_file, strlen(o->boot_file), true);
}

static void layer_says(struct dhcp_options *o, const struct dhcp_optset *set, unsigned int from)
{
	for (unsigned int i = 0; i < set->n; i++) {
		const struct set_option *opt = &set->v[i];

		*said_slot(o, opt->code) = (struct dhcp_said){.code = opt->code,
							      .len = opt->len,
							      .type = opt->type,
							      .force = opt->force,
							      .none = opt->none,
							      .from = (uint8_t)from,
							      .data = opt->data};
	}
}

/* RFC 3442: a client that takes routes ignores the router. So that to set routes does not cost
 * clients their way out, a default route by the router is added when they have none. */
static void complete_routes(struct dhcp_options *o)
{
	const struct dhcp_said *router = dhcp_options_find(o, OPT_ROUTER);
	struct dhcp_said *s = o->at[OPT_ROUTES] ? &o->v[o->at[OPT_ROUTES] - 1] : NULL;

	if (!s || s->none || !router || router->len < 4)
		return;
	for (size_t at = 0; at < s->len; at += 1 + (s->data[at] + 7u) / 8 + 4)
		if (!s->data[at])
			return;
	memcpy(o->routes, s->data, s->len);
	o->routes[s->len] = 0;
	memcpy(o->routes + s->len + 1, router->data, 4);
	s->data = o->routes;
	s->len = (uint16_t)(s->len + 5);
}

void dhcp_options_of(const struct turn *t, const struct dhcp_subnet *on, struct dhcp_options *o)
{
	const struct dhcp_conf *conf = &t->s->conf;
	const struct dhcp_said *routes;

	o->n = 0;
	memset(o->at, 0, sizeof(o->at));
	o->router = on->router;
	o->dns = conf->dns;
	o->mtu = htons(conf->mtu);
	o->broadcast = ip4_broadcast(on->subnet);
	if (o->router)
		server_says(o, OPT_ROUTER, OPTION_IPS, &o->router, sizeof(o->router), false);
	if (o->dns)
		server_says(o, OPT_DNS, OPTION_IPS, &o->dns, sizeof(o->dns), false);
	if (conf->domain && conf->domain[0])
		server_says_domain(o, conf->domain);
	if (o->mtu)
		server_says(o, OPT_MTU, OPTION_U16, &o->mtu, sizeof(o->mtu), true);
	server_says(o, OPT_BROADCAST, OPTION_IP, &o->broadcast, sizeof(o->broadcast), true);
	server_says_boot(o, t, on->server);
	policy_layers(conf->policy, &t->client, t->msg, on->subnet, &o->layers);
	for (unsigned int i = 0; i < o->layers.n; i++)
		layer_says(o, o->layers.v[i].set, i + 1);
	complete_routes(o);
	routes = dhcp_options_find(o, OPT_ROUTES);
	if (routes && !o->at[OPT_MS_ROUTES]) { /* the same under its older number */
		struct dhcp_said old = *routes;

		old.code = OPT_MS_ROUTES;
		old.quiet = true;
		old.force = false;
		*said_slot(o, OPT_MS_ROUTES) = old;
	}
}

const struct dhcp_said *dhcp_options_find(const struct dhcp_options *o, uint16_t code)
{
	const struct dhcp_said *s = o->at[code] ? &o->v[o->at[code] - 1] : NULL;

	return s && !s->none ? s : NULL;
}

static uint32_t said_u32(const struct dhcp_options *o, uint16_t code, uint32_t otherwise)
{
	const struct dhcp_said *s = dhcp_options_find(o, code);
	be32 v;

	if (!s || s->len != sizeof(v))
		return otherwise;
	memcpy(&v, s->data, sizeof(v));
	return ntohl(v);
}

uint32_t dhcp_lease_time(const struct turn *t, const struct dhcp_options *o)
{
	uint32_t most = said_u32(o, OPT_LEASE, t->s->conf.lease_s);
	uint32_t want = t->msg->lease_s ? t->msg->lease_s : most;

	return MIN(MAX(want, (uint32_t)DHCP_LEASE_MIN_S), most);
}

bool dhcp_allows_rapid(const struct turn *t, be32 addr)
{
	const struct dhcp_pool *pool = dhcp_link_pool(&t->link, addr);
	struct dhcp_options o;

	if (!pool || !t->s->conf.policy)
		return false;
	dhcp_options_of(t, &pool->conf, &o);
	return dhcp_options_find(&o, OPT_RAPID_COMMIT);
}

/* ---- saying it ------------------------------------------------------------------------------- */

/* RFC 2131 4.4.5: T1 and T2 are half and seven eighths of the lease, unless they are set and in
 * order. */
static void put_times(struct dhcp_writer *w, const struct dhcp_options *o, uint32_t lease_s)
{
	uint32_t t2 = said_u32(o, OPT_T2, (uint32_t)((uint64_t)lease_s * 7 / 8));
	uint32_t t1 = said_u32(o, OPT_T1, lease_s / 2);

	if (t2 >= lease_s)
		t2 = (uint32_t)((uint64_t)lease_s * 7 / 8);
	if (t1 > t2)
		t1 = MIN(lease_s / 2, t2);
	dhcp_put_u32(w, OPT_LEASE, lease_s);
	dhcp_put_u32(w, OPT_T1, t1);
	dhcp_put_u32(w, OPT_T2, t2);
}

/* Those that have a meaning of their own and a place of their own. */
static bool has_own_place(uint16_t code)
{
	return code == OPT_LEASE || code == OPT_T1 || code == OPT_T2 || code == OPT_RAPID_COMMIT ||
	       code > OPT_END;
}

static void put_said(struct dhcp_writer *w, const struct dhcp_said *s, bool done[256])
{
	if (!s || s->none || has_own_place(s->code) || done[s->code])
		return;
	done[s->code] = true;
	dhcp_put(w, (enum dhcp_opt)s->code, s->data, s->len);
}

/* In the client's order (RFC 2132 9.8), each once; the mask always and before the router (RFC 2132
 * 3.3). A client that does not say gets what is set. Then what is forced; but not the wish that a
 * host do without IPv4, which is for those alone who ask (RFC 8925 3.3). */
static void put_params(struct dhcp_writer *w, const struct dhcp_options *o,
		       const struct dhcp_subnet *on, const struct dhcp_value *params)
{
	bool done[256] = {false};

	dhcp_put_be32(w, OPT_MASK, ip4_mask(on->subnet.plen));
	for (unsigned int i = 0; i < params->len; i++)
		put_said(w, dhcp_options_find(o, params->b[i]), done);
	done[OPT_IPV6_ONLY] = true;
	for (unsigned int i = 0; i < o->n; i++)
		if (o->v[i].force || (!params->len && !o->v[i].quiet))
			put_said(w, &o->v[i], done);
}

/* What is in the header's fields for the boot loader is there for every client (RFC 2131 table 3);
 * the options of the same meaning are for those who ask. */
static void put_boot(struct dhcp_writer *w, const struct dhcp_options *o)
{
	const struct dhcp_said *next = dhcp_options_find(o, OPTION_NEXT_SERVER);
	const struct dhcp_said *name = dhcp_options_find(o, OPT_TFTP);
	const struct dhcp_said *file = dhcp_options_find(o, OPT_BOOTFILE);
	struct dhcp_hdr *h = (struct dhcp_hdr *)w->buf;
	char text[IP4_STR];
	be32 addr;

	if (name)
		dhcp_put_sname(w, name->data, name->len);
	if (file)
		dhcp_put_file(w, file->data, file->len);
	if (next) {
		memcpy(&h->siaddr, next->data, sizeof(h->siaddr));
	} else if (name && name->len < sizeof(text)) {
		memcpy(text, name->data, name->len);
		text[name->len] = '\0';
		if (!ip4_parse(text, &addr))
			h->siaddr = addr;
	}
}

/* RFC 2131 4.1; RFC 3046 2.1 and RFC 951 8 for the relay, which is reached where its frame came
 * from: no ARP is ever needed. */
static void address(const struct turn *t, be32 yiaddr)
{
	const struct dhcp_msg *msg = t->msg;
	struct dhcp_reply *out = t->out;
	bool broadcast = msg->hdr.flags & htons(DHCP_FLAG_BROADCAST);

	out->dport = DHCP_PORT_CLIENT;
	out->mac = msg->mac;
	if (msg->hdr.giaddr) {
		out->dst = msg->hdr.giaddr;
		out->dport = DHCP_PORT_SERVER;
		out->mac = t->rx->src;
	} else if (out->type != DHCP_NAK && msg->hdr.ciaddr) {
		out->dst = msg->hdr.ciaddr;
	} else if (out->type != DHCP_NAK && !broadcast) {
		out->dst = yiaddr;
	} else {
		out->dst = htonl(0xffffffff);
		out->mac = MAC_BROADCAST;
	}
}

/* The relay gets back what it added, whole (RFC 3046 2.2). A switch that adds it without being a
 * relay (giaddr 0) does, too, as far as the client's own need leaves room. */
static size_t kept_for_agent(const struct dhcp_msg *msg, size_t max)
{
	enum { NEED = 64 }; /* type, server, times, mask, what closes */
	size_t len = 2u + msg->agent.len, id = 2u + msg->client_id.len;

	if (!msg->agent.len)
		return 0;
	return msg->hdr.giaddr || DHCP_HDR_LEN + NEED + id + len <= max ? len : 0;
}

/* What the client can take: never less than 576 (RFC 2132 9.10), never more than a frame. What the
 * relay added, and will take off again, does not count (RFC 3046 2.1). */
static size_t room(const struct turn *t)
{
	const struct dhcp_msg *msg = t->msg;
	size_t frame = t->s->conf.mtu ? MAX(t->s->conf.mtu, DHCP_SIZE_MIN) : DHCP_FRAME_MAX;
	size_t max = MIN(MAX(msg->max_size, DHCP_SIZE_MIN), frame) - DHCP_IP_UDP;

	if (msg->hdr.giaddr && msg->agent.len)
		max += 2u + msg->agent.len;
	return MIN(max, DHCP_LEN_MAX);
}

/* Our address on the client's subnet; what is behind a relay reaches the one on our wire. */
static be32 server_id(const struct turn *t, const struct dhcp_subnet *on)
{
	return on->relayed ? t->s->conf.subnet[0].server : on->server;
}

static const struct dhcp_subnet *subnet_of(const struct turn *t, be32 yiaddr)
{
	const struct dhcp_pool *pool =
		dhcp_link_pool(&t->link, yiaddr ? yiaddr : t->msg->hdr.ciaddr);

	return pool ? &pool->conf : &t->link.v[0]->conf;
}

static void put_answer(const struct turn *t, const struct dhcp_subnet *on, struct dhcp_writer *w,
		       struct dhcp_answer *a)
{
	struct dhcp_options o;

	dhcp_options_of(t, on, &o);
	put_boot(w, &o);
	if (a->timed) {
		a->lease_s = dhcp_lease_time(t, &o);
		put_times(w, &o, a->lease_s);
	}
	if (a->type == DHCP_ACK && t->msg->type == DHCP_DISCOVER)
		dhcp_put(w, OPT_RAPID_COMMIT, "", 0);
	put_params(w, &o, on, &t->msg->params);
}

void dhcp_compose(const struct turn *t, struct dhcp_answer *a)
{
	const struct dhcp_msg *msg = t->msg;
	const struct dhcp_subnet *on = subnet_of(t, a->yiaddr);
	struct dhcp_reply *out = t->out;
	struct dhcp_hdr *h = (struct dhcp_hdr *)out->data;
	size_t max = room(t), kept = kept_for_agent(msg, max);
	static const struct dhcp_value nothing;
	struct dhcp_writer w;

	out->type = a->type;
	out->src = server_id(t, on);
	out->durable = false;
	out->undo.lease = NULL;
	dhcp_reply_start(&w, out->data, max, kept, msg, a->type);
	h->yiaddr = a->yiaddr;
	if (a->type == DHCP_ACK)
		h->ciaddr = msg->hdr.ciaddr;
	/* RFC 2131 4.3.2: the relay must broadcast a NAK, the client has no address. */
	if (a->type == DHCP_NAK && msg->hdr.giaddr)
		h->flags |= htons(DHCP_FLAG_BROADCAST);
	dhcp_put_be32(&w, OPT_SERVER_ID, out->src);
	if (msg->client_id.len) /* RFC 6842 3 */
		dhcp_put(&w, OPT_CLIENT_ID, msg->client_id.b, msg->client_id.len);
	if (a->say)
		dhcp_put(&w, OPT_MESSAGE, a->say, strlen(a->say));
	if (a->type != DHCP_NAK) /* RFC 2131 table 3 */
		put_answer(t, on, &w, a);
	out->len = dhcp_reply_end(&w, OPT_AGENT, kept ? &msg->agent : &nothing);
	address(t, a->yiaddr);
}
