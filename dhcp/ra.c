/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/ra.h"

#include <arpa/inet.h>
#include <string.h>

#include "dhcp/domain.h"
#include "lib/frame.h"

enum {
	RA_FAST = 3, /* RFC 4861 10: the first few, each at most so much later */
	RA_FAST_MS = 16000,
	RA_MIN_MS = 200000,
	RA_MAX_MS = 600000,
	RA_GAP_MS = 3000, /* RFC 4861 10, MIN_DELAY_BETWEEN_RAS */
	ANSWER_BURST = 32,
	ANSWER_PER_S = 16,
	PREFIX_VALID_S = 86400,
	PREFIX_PREFERRED_S = 14400,
	HOP_LIMIT = 64,
	RA_MANAGED = 0x80, /* RFC 4861 4.2 */
	RA_OTHER = 0x40,
	PIO_ON_LINK = 0x80,
	PIO_AUTONOMOUS = 0x40
};
enum { OPT_PREFIX = 3, OPT_MTU = 5, OPT_ROUTE = 24, OPT_RDNSS = 25, OPT_DNSSL = 31 };

struct ra_hdr {
	struct icmp_hdr icmp; /* rest: hop limit, flags, router lifetime */
	be32 reachable, retrans;
} WIRE_PACKED;

struct opt_ll {
	uint8_t type, len;
	struct mac mac;
} WIRE_PACKED;

struct opt_mtu {
	uint8_t type, len;
	be16 reserved;
	be32 mtu;
} WIRE_PACKED;

struct opt_prefix {
	uint8_t type, len, plen, flags;
	be32 valid, preferred, reserved;
	struct ip_addr prefix;
} WIRE_PACKED;

/* RFC 8106 5.1, 5.2; RFC 4191 2.3 has two bytes of its own where `reserved` is. */
struct opt_head {
	uint8_t type, len;
	uint8_t plen, preference;
	be32 lifetime;
} WIRE_PACKED;

_Static_assert(RA_LEN_MAX >= sizeof(struct ra_hdr) + sizeof(struct opt_ll) +
				     sizeof(struct opt_mtu) + sizeof(struct opt_prefix) +
				     (1 + RA_DNS_MAX * 2) * 8 + RA_ROUTES_MAX * 24 + 256 + 8,
	       "all options fit");

static size_t put(uint8_t *out, size_t at, const void *what, size_t len)
{
	memcpy(out + at, what, len);
	return at + len;
}

static size_t put_prefix(const struct ra_conf *c, uint8_t *out, size_t at)
{
	struct opt_prefix o = {
		.type = OPT_PREFIX,
		.len = sizeof(o) / 8,
		.plen = 64,
		.flags = (uint8_t)(PIO_ON_LINK | (c->autonomous ? PIO_AUTONOMOUS : 0)),
		.valid = htonl(PREFIX_VALID_S),
		.preferred = htonl(c->ending ? 0 : PREFIX_PREFERRED_S),
		.prefix = c->prefix};

	return put(out, at, &o, sizeof(o));
}

static be32 lifetime(const struct ra_conf *c)
{
	return htonl(c->ending ? 0 : RA_LIFETIME_S);
}

static size_t put_dns(const struct ra_conf *c, uint8_t *out, size_t at)
{
	struct opt_head o = {
		.type = OPT_RDNSS, .len = (uint8_t)(1 + 2 * c->n_dns), .lifetime = lifetime(c)};

	if (!c->n_dns)
		return at;
	at = put(out, at, &o, sizeof(o));
	return put(out, at, c->dns, c->n_dns * sizeof(c->dns[0]));
}

static size_t put_search(const struct ra_conf *c, uint8_t *out, size_t at)
{
	uint8_t names[256] = {0}; /* padded with zeros (RFC 8106 5.2) */
	size_t len = c->search ? domain_list_build(c->search, names, sizeof(names) - 7) : 0;
	struct opt_head o = {.type = OPT_DNSSL, .lifetime = lifetime(c)};

	if (!len)
		return at;
	len = (len + 7) / 8 * 8;
	o.len = (uint8_t)(1 + len / 8);
	at = put(out, at, &o, sizeof(o));
	return put(out, at, names, len);
}

/* RFC 4191 2.3; the preference is medium. */
static size_t put_route(const struct ra_conf *c, const struct ip_net *route, uint8_t *out,
			size_t at)
{
	struct opt_head o = {
		.type = OPT_ROUTE, .len = 3, .plen = route->plen, .lifetime = lifetime(c)};

	at = put(out, at, &o, sizeof(o));
	return put(out, at, &route->addr, sizeof(route->addr));
}

size_t ra_build(const struct ra_conf *c, uint8_t out[static RA_LEN_MAX])
{
	uint32_t flags = (c->managed ? RA_MANAGED : 0) | (c->other ? RA_OTHER : 0);
	uint32_t rest = (uint32_t)HOP_LIMIT << 24 | flags << 16 | (c->ending ? 0 : c->lifetime_s);
	struct ra_hdr hdr = {.icmp = {.type = ND_RA, .rest = htonl(rest)}};
	struct opt_ll ll = {ND_OPT_SOURCE_LL, 1, c->mac};
	struct opt_mtu mtu = {OPT_MTU, 1, 0, htonl(c->mtu)};
	size_t at = put(out, 0, &hdr, sizeof(hdr));

	at = put(out, at, &ll, sizeof(ll));
	at = put(out, at, &mtu, sizeof(mtu));
	at = put_prefix(c, out, at);
	at = put_dns(c, out, at);
	at = put_search(c, out, at);
	for (unsigned int i = 0; i < c->n_routes; i++)
		at = put_route(c, &c->routes[i], out, at);
	return at;
}

/* ---- when ------------------------------------------------------------------------------------ */

bool ra_timer_due(struct ra_timer *t, msec now, uint32_t random)
{
	if (t->last_ms && now - t->last_ms < RA_GAP_MS)
		return false;
	if (!t->wanted && now < t->next_ms)
		return false;
	t->wanted = false;
	t->last_ms = now ? now : 1;
	t->next_ms = now + RA_MIN_MS + random % (RA_MAX_MS - RA_MIN_MS);
	if (t->fast < RA_FAST) {
		t->fast++;
		t->next_ms = now + RA_FAST_MS;
	}
	return true;
}

bool ra_timer_answer(struct ra_timer *t, msec now)
{
	uint64_t more = (now - t->tokens_ms) * ANSWER_PER_S / 1000;

	if (!t->tokens_ms || more >= ANSWER_BURST) {
		t->tokens = ANSWER_BURST;
		t->tokens_ms = now ? now : 1;
	} else if (more) {
		t->tokens = (uint32_t)MIN(t->tokens + more, (uint64_t)ANSWER_BURST);
		t->tokens_ms = now;
	}
	if (!t->tokens)
		return false;
	t->tokens--;
	return true;
}
