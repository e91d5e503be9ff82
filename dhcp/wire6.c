/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/wire6.h"

#include <errno.h>
#include <string.h>

enum {
	MSG_HEAD = 4,	 /* RFC 8415 8: type and transaction */
	RELAY_HEAD = 34, /* RFC 8415 9: type, hops, link and peer address */
	OPT_HEAD = 4,
	IA_NA_HEAD = 12, /* IAID, T1, T2 */
	IA_TA_HEAD = 4,	 /* IAID */
	IAADDR_LEN = 24	 /* address and two lifetimes, before its options */
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

const char *dhcp6_status_word(unsigned int status)
{
	static const char *const words[] = {
		[STATUS6_UNSPEC_FAIL] = "UnspecFail",	  [STATUS6_NO_ADDRS] = "NoAddrsAvail",
		[STATUS6_NO_BINDING] = "NoBinding",	  [STATUS6_NOT_ON_LINK] = "NotOnLink",
		[STATUS6_USE_MULTICAST] = "UseMulticast", [STATUS6_NO_PREFIX] = "NoPrefixAvail",
	};

	return status < ARRAY_SIZE(words) ? words[status] : NULL;
}

/* ---- options --------------------------------------------------------------------------------- */

struct opt {
	uint16_t code, len;
	const uint8_t *b;
};

/* Take the option at the start of *@data off. 1, 0 at the end, -EBADMSG when it runs over. */
static int next_opt(const uint8_t **data, size_t *len, struct opt *o)
{
	if (!*len)
		return 0;
	if (*len < OPT_HEAD)
		return -EBADMSG;
	*o = (struct opt){get16(*data), get16(*data + 2), *data + OPT_HEAD};
	if (o->len > *len - OPT_HEAD)
		return -EBADMSG;
	*data += OPT_HEAD + o->len;
	*len -= OPT_HEAD + o->len;
	return 1;
}

const uint8_t *dhcp6_find(const uint8_t *data, size_t len, enum dhcp6_opt opt, size_t *len_out)
{
	struct opt o;

	while (next_opt(&data, &len, &o) > 0)
		if (o.code == opt) {
			*len_out = o.len;
			return o.b;
		}
	return NULL;
}

/* ---- in -------------------------------------------------------------------------------------- */

/* The addresses among the options of an IA. */
static int parse_ia_addrs(struct dhcp6_ia *ia, const uint8_t *data, size_t len)
{
	struct opt o;
	int rc;

	while ((rc = next_opt(&data, &len, &o)) > 0) {
		if (o.code != OPT6_IAADDR)
			continue;
		if (o.len < IAADDR_LEN)
			return -EBADMSG;
		if (ia->n_addrs < DHCP6_ADDRS_MAX)
			memcpy(&ia->addrs[ia->n_addrs++], o.b, sizeof(struct ip_addr));
	}
	return rc;
}

static int parse_ia(struct dhcp6_msg *m, const struct opt *o)
{
	size_t head = o->code == OPT6_IA_TA ? IA_TA_HEAD : IA_NA_HEAD;
	struct dhcp6_ia *ia = &m->ias[m->n_ias];

	if (o->len < head)
		return -EBADMSG;
	if (m->n_ias == DHCP6_IAS_MAX)
		return 0;
	m->n_ias++;
	*ia = (struct dhcp6_ia){.type = o->code, .iaid = get32(o->b)};
	return o->code == OPT6_IA_PD ? 0 : parse_ia_addrs(ia, o->b + head, o->len - head);
}

/* RFC 8415 11.1: two bytes of type and up to 128 more. */
static int parse_duid(struct dhcp6_blob *out, const struct opt *o)
{
	if (o->len < 3 || o->len > DHCP6_DUID_MAX || out->len)
		return -EBADMSG;
	*out = (struct dhcp6_blob){o->b, o->len};
	return 0;
}

static int parse_opt(struct dhcp6_msg *m, const struct opt *o)
{
	struct dhcp6_blob blob = {o->b, o->len};

	switch (o->code) {
	case OPT6_CLIENTID:
		return parse_duid(&m->client_id, o);
	case OPT6_SERVERID:
		return parse_duid(&m->server_id, o);
	case OPT6_IA_NA:
	case OPT6_IA_TA:
	case OPT6_IA_PD:
		return parse_ia(m, o);
	case OPT6_ORO:
		m->oro = blob;
		return o->len % 2 ? -EBADMSG : 0;
	case OPT6_RAPID_COMMIT:
		m->rapid_commit = true;
		return o->len ? -EBADMSG : 0;
	case OPT6_FQDN:
		m->fqdn = blob;
		return o->len ? 0 : -EBADMSG;
	case OPT6_USER_CLASS:
		m->user_class = blob;
		return 0;
	case OPT6_CLIENT_ARCH:
		if (o->len < 2 || o->len % 2)
			return -EBADMSG;
		m->arch = get16(o->b); /* the one it likes best is first */
		return 0;
	default:
		return 0;
	}
}

static bool for_server(unsigned int type)
{
	switch (type) {
	case DHCP6_SOLICIT:
	case DHCP6_REQUEST:
	case DHCP6_CONFIRM:
	case DHCP6_RENEW:
	case DHCP6_REBIND:
	case DHCP6_RELEASE:
	case DHCP6_DECLINE:
	case DHCP6_INFORMATION_REQUEST:
		return true;
	default:
		return false;
	}
}

static int parse_client(struct dhcp6_msg *m, const uint8_t *data, size_t len)
{
	struct opt o;
	int rc;

	if (len < MSG_HEAD)
		return -EBADMSG;
	if (!for_server(data[0]))
		return -EPROTO;
	m->type = data[0];
	memcpy(m->xid, data + 1, sizeof(m->xid));
	data += MSG_HEAD;
	len -= MSG_HEAD;
	while ((rc = next_opt(&data, &len, &o)) > 0)
		if (parse_opt(m, &o))
			return -EBADMSG;
	return rc;
}

/* RFC 6939: the hardware type, then the address. */
static void parse_ll(struct dhcp6_msg *m, const struct opt *o)
{
	if (o->len != 2 + sizeof(m->ll) || get16(o->b) != 1)
		return;
	memcpy(&m->ll, o->b + 2, sizeof(m->ll));
	m->has_ll = !mac_is_multicast(&m->ll) && !mac_is_zero(&m->ll);
}

/* Take one relay's header off: *@data is what it carries then. */
static int parse_relay(struct dhcp6_msg *m, const uint8_t **data, size_t *len)
{
	struct dhcp6_relay *r = &m->relays[m->n_relays++];
	const uint8_t *at = *data + RELAY_HEAD;
	size_t left = *len - RELAY_HEAD;
	struct opt inner = {0}, o;
	int rc;

	*r = (struct dhcp6_relay){.hops = (*data)[1]};
	memcpy(&r->link, *data + 2, sizeof(r->link));
	memcpy(&r->peer, *data + 18, sizeof(r->peer));
	while ((rc = next_opt(&at, &left, &o)) > 0) {
		if (o.code == OPT6_RELAY_MSG)
			inner = o;
		else if (o.code == OPT6_INTERFACE_ID)
			r->interface_id = (struct dhcp6_blob){o.b, o.len};
		else if (o.code == OPT6_CLIENT_LL)
			parse_ll(m, &o);
	}
	*data = inner.b;
	*len = inner.len;
	return rc < 0 || !inner.len ? -EBADMSG : 0;
}

int dhcp6_parse(const void *bytes, size_t len, struct dhcp6_msg *out)
{
	const uint8_t *data = bytes;
	int rc;

	*out = (struct dhcp6_msg){.arch = -1};
	while (len && data[0] == DHCP6_RELAY_FORW) {
		if (len < RELAY_HEAD || out->n_relays == DHCP6_RELAYS_MAX)
			return -EBADMSG;
		rc = parse_relay(out, &data, &len);
		if (rc)
			return rc;
	}
	return parse_client(out, data, len);
}

bool dhcp6_wants(const struct dhcp6_msg *msg, enum dhcp6_opt opt)
{
	for (unsigned int i = 0; i + 1 < msg->oro.len; i += 2)
		if (get16(msg->oro.b + i) == opt)
			return true;
	return false;
}

/* ---- out ------------------------------------------------------------------------------------- */

void dhcp6_put(struct dhcp6_writer *w, const void *data, size_t len)
{
	if (w->full || len > w->max - w->len) {
		w->full = true;
		return;
	}
	if (len)
		memcpy(w->buf + w->len, data, len);
	w->len += len;
}

static void put_u16(struct dhcp6_writer *w, uint16_t v)
{
	dhcp6_put(w, (uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

void dhcp6_put_u32(struct dhcp6_writer *w, uint32_t v)
{
	put_u16(w, (uint16_t)(v >> 16));
	put_u16(w, (uint16_t)v);
}

size_t dhcp6_begin(struct dhcp6_writer *w, enum dhcp6_opt opt)
{
	put_u16(w, (uint16_t)opt);
	put_u16(w, 0);
	return w->len;
}

void dhcp6_end(struct dhcp6_writer *w, size_t at)
{
	size_t len = w->len - at;

	if (w->full)
		return;
	w->buf[at - 2] = (uint8_t)(len >> 8);
	w->buf[at - 1] = (uint8_t)len;
}

void dhcp6_option(struct dhcp6_writer *w, enum dhcp6_opt opt, const void *data, size_t len)
{
	size_t at = dhcp6_begin(w, opt);

	dhcp6_put(w, data, len);
	dhcp6_end(w, at);
}

void dhcp6_put_status(struct dhcp6_writer *w, enum dhcp6_status status, const char *text)
{
	size_t at = dhcp6_begin(w, OPT6_STATUS);

	put_u16(w, (uint16_t)status);
	dhcp6_put(w, text, strlen(text));
	dhcp6_end(w, at);
}

void dhcp6_relays_open(struct dhcp6_writer *w, const struct dhcp6_msg *msg,
		       size_t open[static DHCP6_RELAYS_MAX])
{
	for (unsigned int i = 0; i < msg->n_relays; i++) {
		const struct dhcp6_relay *r = &msg->relays[i];

		dhcp6_put(w, (uint8_t[]){DHCP6_RELAY_REPL, r->hops}, 2);
		dhcp6_put(w, &r->link, sizeof(r->link));
		dhcp6_put(w, &r->peer, sizeof(r->peer));
		if (r->interface_id.len)
			dhcp6_option(w, OPT6_INTERFACE_ID, r->interface_id.b, r->interface_id.len);
		open[i] = dhcp6_begin(w, OPT6_RELAY_MSG);
	}
}

void dhcp6_relays_close(struct dhcp6_writer *w, const struct dhcp6_msg *msg,
			const size_t open[static DHCP6_RELAYS_MAX])
{
	for (unsigned int i = msg->n_relays; i-- > 0;)
		dhcp6_end(w, open[i]);
}
