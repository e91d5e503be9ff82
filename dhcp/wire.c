/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

_Static_assert(sizeof(struct dhcp_hdr) == DHCP_HDR_LEN, "the fixed part has no padding");

enum { OVERLOAD_LEN = 3 }; /* option 52 */

/* RFC 3527 3, RFC 5010 3 */
enum { AGENT_LINK = 5, AGENT_FLAGS = 10, AGENT_UNICAST = 0x80 };

/* The instances of one fixed-length option as they add up (RFC 3396 7). */
struct fixed {
	uint8_t len; /* more than 4: too long */
	uint8_t b[4];
};

struct gathered {
	struct dhcp_msg *msg;
	struct fixed type, requested, server_id, lease, max_size, overload, arch;
};

static int value_add(struct dhcp_value *v, const uint8_t *data, size_t len)
{
	if (len > sizeof(v->b) - v->len)
		return -EBADMSG;
	memcpy(v->b + v->len, data, len);
	v->len = (uint8_t)(v->len + len);
	return 0;
}

/* What need not be had whole: its beginning. */
static int value_add_head(struct dhcp_value *v, const uint8_t *data, size_t len)
{
	return value_add(v, data, MIN(len, sizeof(v->b) - v->len));
}

static int fixed_add(struct fixed *f, const uint8_t *data, size_t len)
{
	if (len > sizeof(f->b) - f->len)
		return -EBADMSG;
	memcpy(f->b + f->len, data, len);
	f->len = (uint8_t)(f->len + len);
	return 0;
}

static int option_add(struct gathered *g, uint8_t code, const uint8_t *data, size_t len)
{
	switch (code) {
	case OPT_TYPE:
		return fixed_add(&g->type, data, len);
	case OPT_REQUESTED:
		return fixed_add(&g->requested, data, len);
	case OPT_SERVER_ID:
		return fixed_add(&g->server_id, data, len);
	case OPT_LEASE:
		return fixed_add(&g->lease, data, len);
	case OPT_MAX_SIZE:
		return fixed_add(&g->max_size, data, len);
	case OPT_OVERLOAD:
		return fixed_add(&g->overload, data, len);
	case OPT_CLIENT_ID:
		return value_add(&g->msg->client_id, data, len);
	case OPT_HOSTNAME:
		return value_add_head(&g->msg->hostname, data, len);
	case OPT_PARAMS:
		return value_add_head(&g->msg->params, data, len);
	case OPT_AGENT:
		return value_add(&g->msg->agent, data, len);
	case OPT_VENDOR:
		return value_add_head(&g->msg->vendor, data, len);
	case OPT_USER_CLASS:
		return value_add_head(&g->msg->user, data, len);
	case OPT_ARCH:
		return fixed_add(&g->arch, data, MIN(len, sizeof(g->arch.b) - g->arch.len));
	case OPT_RAPID_COMMIT:
		g->msg->rapid = true;
		return 0;
	default:
		return 0;
	}
}

/* Walk one option field. A missing END is forgiven (the field ends), an option that runs over the
 * end is not. */
static int options_walk(struct gathered *g, const uint8_t *p, size_t len)
{
	size_t at = 0;

	while (at < len && p[at] != OPT_END) {
		size_t n;
		int rc;

		if (p[at] == OPT_PAD) {
			at++;
			continue;
		}
		if (len - at < 2 || p[at + 1] > len - at - 2)
			return -EBADMSG;
		n = p[at + 1];
		rc = option_add(g, p[at], p + at + 2, n);
		if (rc)
			return rc;
		at += 2 + n;
	}
	return 0;
}

static bool fixed_is(const struct fixed *f, size_t len)
{
	return f->len == 0 || f->len == len;
}

static uint32_t fixed_u32(const struct fixed *f)
{
	uint32_t v = 0;

	for (unsigned int i = 0; i < f->len; i++)
		v = v << 8 | f->b[i];
	return v;
}

/* RFC 2132 9.3: 1 file, 2 sname, 3 both hold options; file is read first (RFC 3396 7). */
static int overload_walk(struct gathered *g)
{
	const struct dhcp_hdr *h = &g->msg->hdr;
	uint32_t which = fixed_u32(&g->overload);
	int rc = 0;

	if (!fixed_is(&g->overload, 1) || which > 3)
		return -EBADMSG;
	if (which & 1)
		rc = options_walk(g, h->file, sizeof(h->file));
	if (!rc && which & 2)
		rc = options_walk(g, h->sname, sizeof(h->sname));
	return rc;
}

/* The sub-options that we act on; the rest goes back as it came. One that is malformed is the
 * relay's affair (RFC 3046 2.2: the server treats the field as opaque). */
static void agent_read(const struct dhcp_value *agent, struct dhcp_agent *out)
{
	size_t at = 0;

	*out = (struct dhcp_agent){0};
	while (agent->len - at >= 2 && agent->b[at + 1] <= agent->len - at - 2) {
		const uint8_t *v = agent->b + at + 2;
		size_t n = agent->b[at + 1];

		if (agent->b[at] == AGENT_LINK && n == sizeof(out->link))
			memcpy(&out->link, v, n);
		if (agent->b[at] == AGENT_FLAGS && n == 1) {
			out->has_flags = true;
			out->unicast = v[0] & AGENT_UNICAST;
		}
		at += 2 + n;
	}
}

static int gathered_store(const struct gathered *g, struct dhcp_msg *out)
{
	if (!fixed_is(&g->type, 1) || !fixed_is(&g->requested, 4) || !fixed_is(&g->server_id, 4) ||
	    !fixed_is(&g->lease, 4) || !fixed_is(&g->max_size, 2))
		return -EBADMSG;
	if (!g->type.len)
		return -EPROTO; /* BOOTP */
	out->type = (enum dhcp_type)g->type.b[0];
	out->requested = htonl(fixed_u32(&g->requested));
	out->server_id = htonl(fixed_u32(&g->server_id));
	out->lease_s = fixed_u32(&g->lease);
	out->max_size = (uint16_t)fixed_u32(&g->max_size);
	out->has_arch = g->arch.len >= 2;
	out->arch = (uint16_t)(g->arch.b[0] << 8 | g->arch.b[1]);
	agent_read(&out->agent, &out->relay);
	/* RFC 2132 9.14: a client identifier has at least two octets; one is no name. */
	return out->client_id.len == 1 ? -EBADMSG : 0;
}

int dhcp_parse(const void *data, size_t len, struct dhcp_msg *out)
{
	struct gathered g = {.msg = out};
	int rc;

	if (len < DHCP_HDR_LEN)
		return -EBADMSG;
	memcpy(&out->hdr, data, DHCP_HDR_LEN);
	out->client_id.len = out->hostname.len = out->params.len = out->agent.len = 0;
	out->vendor.len = out->user.len = 0;
	out->rapid = false;
	if (out->hdr.op != DHCP_BOOTREQUEST || out->hdr.htype != DHCP_HTYPE_ETHER ||
	    out->hdr.cookie != htonl(DHCP_COOKIE))
		return -EPROTO;
	if (out->hdr.hlen != ETH_ALEN_)
		return -EBADMSG;
	memcpy(&out->mac, out->hdr.chaddr, ETH_ALEN_);
	if (mac_is_multicast(&out->mac) || mac_is_zero(&out->mac))
		return -EPROTO;
	rc = options_walk(&g, (const uint8_t *)data + DHCP_HDR_LEN, len - DHCP_HDR_LEN);
	if (!rc)
		rc = overload_walk(&g);
	return rc ? rc : gathered_store(&g, out);
}

/* ---- writing --------------------------------------------------------------------------------- */

void dhcp_reply_start(struct dhcp_writer *w, void *buf, size_t max, size_t kept,
		      const struct dhcp_msg *req, enum dhcp_type type)
{
	struct dhcp_hdr h = {
		.op = DHCP_BOOTREPLY,
		.htype = DHCP_HTYPE_ETHER,
		.hlen = ETH_ALEN_,
		.xid = req->hdr.xid,
		.flags = req->hdr.flags,
		.giaddr = req->hdr.giaddr,
		.cookie = htonl(DHCP_COOKIE),
	};
	uint8_t t = (uint8_t)type;

	memcpy(h.chaddr, req->hdr.chaddr, sizeof(h.chaddr));
	*w = (struct dhcp_writer){.buf = buf, .len = DHCP_HDR_LEN, .max = max, .kept = kept};
	for (unsigned int i = 0; i < DHCP_AREAS; i++)
		w->usable[i] = true;
	memcpy(buf, &h, sizeof(h));
	dhcp_put(w, OPT_TYPE, &t, 1);
}

static uint8_t *area_of(const struct dhcp_writer *w, enum dhcp_area area, size_t *size)
{
	struct dhcp_hdr *h = (struct dhcp_hdr *)w->buf;

	*size = area == AREA_FILE ? sizeof(h->file) : sizeof(h->sname);
	return area == AREA_FILE ? h->file : h->sname;
}

static bool put_field(struct dhcp_writer *w, enum dhcp_area area, const void *text, size_t len)
{
	size_t size;
	uint8_t *field = area_of(w, area, &size);

	if (len >= size || w->used[area])
		return false;
	memcpy(field, text, len);
	w->usable[area] = false;
	return true;
}

bool dhcp_put_sname(struct dhcp_writer *w, const void *text, size_t len)
{
	return put_field(w, AREA_SNAME, text, len);
}

bool dhcp_put_file(struct dhcp_writer *w, const void *text, size_t len)
{
	return put_field(w, AREA_FILE, text, len);
}

/* Bytes that are free in @area, less its END and, in the first, what option 52 would take. */
static size_t area_free(const struct dhcp_writer *w, enum dhcp_area area)
{
	size_t size, taken;

	if (!w->usable[area])
		return 0;
	if (area == AREA_OPTIONS) {
		size = w->max;
		taken = w->len + w->kept + 1 + OVERLOAD_LEN;
	} else {
		area_of(w, area, &size);
		taken = w->used[area] + 1;
	}
	return size > taken ? size - taken : 0;
}

static void put_piece(struct dhcp_writer *w, enum dhcp_area area, enum dhcp_opt opt,
		      const uint8_t *p, size_t n)
{
	size_t size, *used = area == AREA_OPTIONS ? &w->len : &w->used[area];
	uint8_t *to = area == AREA_OPTIONS ? w->buf : area_of(w, area, &size);

	to += *used;
	to[0] = (uint8_t)opt;
	to[1] = (uint8_t)n;
	if (n)
		memcpy(to + 2, p, n);
	*used += 2 + n;
}

/* RFC 3396 7 puts the pieces together field by field, so each goes into the field of the one before
 * or a later one. With @go false nothing is written: would it fit? */
static bool put_pieces(struct dhcp_writer *w, enum dhcp_opt opt, const uint8_t *p, size_t len,
		       bool go)
{
	enum dhcp_area area = AREA_OPTIONS;
	size_t room = area_free(w, area);

	while (len) {
		size_t n = room > 2 ? MIN(MIN(len, 255u), room - 2) : 0;

		if (!n) {
			if (++area == DHCP_AREAS)
				return false;
			room = area_free(w, area);
			continue;
		}
		if (go)
			put_piece(w, area, opt, p, n);
		p += n;
		len -= n;
		room -= 2 + n;
	}
	return true;
}

bool dhcp_put(struct dhcp_writer *w, enum dhcp_opt opt, const void *data, size_t len)
{
	if (len > 255)
		return put_pieces(w, opt, data, len, false) && put_pieces(w, opt, data, len, true);
	for (enum dhcp_area area = AREA_OPTIONS; area < DHCP_AREAS; area++) {
		if (area_free(w, area) < 2 + len)
			continue;
		put_piece(w, area, opt, data, len);
		return true;
	}
	return false;
}

bool dhcp_put_be32(struct dhcp_writer *w, enum dhcp_opt opt, be32 v)
{
	return dhcp_put(w, opt, &v, sizeof(v));
}

bool dhcp_put_u32(struct dhcp_writer *w, enum dhcp_opt opt, uint32_t v)
{
	return dhcp_put_be32(w, opt, htonl(v));
}

/* RFC 2132 9.3: which of the two fields hold options. */
static void put_overload(struct dhcp_writer *w)
{
	uint8_t which = 0;

	for (enum dhcp_area area = AREA_FILE; area < DHCP_AREAS; area++) {
		size_t size;

		if (!w->used[area])
			continue;
		which |= area == AREA_FILE ? 1 : 2;
		area_of(w, area, &size)[w->used[area]] = OPT_END;
	}
	if (which)
		put_piece(w, AREA_OPTIONS, OPT_OVERLOAD, &which, 1);
}

size_t dhcp_reply_end(struct dhcp_writer *w, enum dhcp_opt opt, const struct dhcp_value *last)
{
	put_overload(w);
	if (last->len)
		put_piece(w, AREA_OPTIONS, opt, last->b, last->len);
	w->buf[w->len++] = OPT_END;
	if (w->len < DHCP_LEN_MIN) {
		memset(w->buf + w->len, OPT_PAD, DHCP_LEN_MIN - w->len);
		w->len = DHCP_LEN_MIN;
	}
	return w->len;
}

const uint8_t *dhcp_find(const void *data, size_t len, enum dhcp_opt opt, size_t *len_out)
{
	const uint8_t *p = data;
	size_t at = DHCP_HDR_LEN;

	while (at < len && p[at] != OPT_END) {
		if (p[at] == OPT_PAD) {
			at++;
			continue;
		}
		if (len - at < 2 || p[at + 1] > len - at - 2)
			return NULL;
		if (p[at] == opt) {
			*len_out = p[at + 1];
			return p + at + 2;
		}
		at += 2u + p[at + 1];
	}
	return NULL;
}
