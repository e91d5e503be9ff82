/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/dhcp6_bench.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

static const struct mac server_mac = {{2, 0, 0, 0, 0, 0xfe}};

struct ip_addr ip6(const char *text)
{
	struct ip_addr a = {{0}};

	inet_pton(AF_INET6, text, a.b);
	return a;
}

static void start(struct bench6 *b)
{
	int rc = dhcp6_server_init(&b->s, &b->conf, &bench_store_ops, &b->store, b->now);

	assert(!rc);
	rc = dhcp_server_load(&b->s.leases, b->now, b->wall_s, NULL);
	assert(!rc);
	(void)rc;
}

void bench6_init(struct bench6 *b)
{
	memset(b, 0, sizeof(*b));
	b->conf = (struct dhcp6_conf){.net = "n/6",
				      .prefix = ip6("fd00::"),
				      .mac = server_mac,
				      .first = DHCP6_FIRST,
				      .last = DHCP6_FIRST + 127,
				      .stateful = true,
				      .lease_s = 3600,
				      .n_dns = 1,
				      .dns = {ip6("fd00::53")},
				      .search = "lab.vnet",
				      .ntp = ip6("fd00::123")};
	b->now = 1000;
	b->wall_s = 1700000000;
	b->client = 1;
	start(b);
}

void bench6_fini(struct bench6 *b)
{
	dhcp6_server_fini(&b->s);
}

void bench6_restart(struct bench6 *b)
{
	dhcp6_server_fini(&b->s);
	start(b);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void add(struct msg6 *m, const void *data, size_t len)
{
	if (len > sizeof(m->b) - m->len)
		len = sizeof(m->b) - m->len;
	if (len)
		memcpy(m->b + m->len, data, len);
	m->len += len;
}

void msg6_opt(struct msg6 *m, enum dhcp6_opt opt, const void *data, size_t len)
{
	uint8_t head[4] = {(uint8_t)(opt >> 8), (uint8_t)opt, (uint8_t)(len >> 8), (uint8_t)len};

	add(m, head, sizeof(head));
	add(m, data, len);
}

void msg6_start(const struct bench6 *b, struct msg6 *m, enum dhcp6_type type)
{
	struct mac mac = client_mac(b->client);
	uint8_t head[4] = {(uint8_t)type, 1, 2, 3}, duid[10] = {0, 3, 0, 1};

	m->len = 0;
	add(m, head, sizeof(head));
	memcpy(duid + 4, &mac, sizeof(mac));
	msg6_opt(m, OPT6_CLIENTID, duid, sizeof(duid));
}

void msg6_server(const struct bench6 *b, struct msg6 *m)
{
	uint8_t duid[10] = {0, 3, 0, 1};

	memcpy(duid + 4, &b->conf.mac, sizeof(b->conf.mac));
	msg6_opt(m, OPT6_SERVERID, duid, sizeof(duid));
}

void msg6_ia(struct msg6 *m, uint32_t iaid, const struct ip_addr *addr)
{
	uint8_t ia[40] = {(uint8_t)(iaid >> 24), (uint8_t)(iaid >> 16), (uint8_t)(iaid >> 8),
			  (uint8_t)iaid};

	ia[13] = OPT6_IAADDR;
	ia[15] = 24;
	if (addr)
		memcpy(ia + 16, addr, sizeof(*addr));
	msg6_opt(m, OPT6_IA_NA, ia, addr ? sizeof(ia) : 12);
}

bool bench6_send(struct bench6 *b, const struct msg6 *m)
{
	struct dhcp6_rx rx = {.data = m->b,
			      .len = m->len,
			      .src = client_mac(b->client),
			      .unicast = b->unicast,
			      .port = b->port,
			      .at = b->at,
			      .port_limit = b->port_limit};

	b->replied = dhcp6_server_input(&b->s, &rx, b->now, b->wall_s, &b->r);
	if (bench_store_ops.commit(&b->store) && b->replied && b->r.durable) {
		dhcp6_server_undo(&b->s, &b->r);
		b->replied = false;
	}
	return b->replied;
}

bool bench6_do(struct bench6 *b, enum dhcp6_type type, const struct ip_addr *addr)
{
	struct msg6 m;

	msg6_start(b, &m, type);
	if (type != DHCP6_SOLICIT && type != DHCP6_CONFIRM && type != DHCP6_REBIND)
		msg6_server(b, &m);
	msg6_ia(&m, 7, addr);
	return bench6_send(b, &m);
}

/* ---- replies --------------------------------------------------------------------------------- */

const uint8_t *reply6_opt(const struct bench6 *b, enum dhcp6_opt opt, size_t *len)
{
	return b->replied ? dhcp6_find(b->r.data + 4, b->r.len - 4, opt, len) : NULL;
}

struct ip_addr reply6_addr(const struct bench6 *b)
{
	struct ip_addr none = {{0}}, addr;
	size_t ia_len, len;
	const uint8_t *ia = reply6_opt(b, OPT6_IA_NA, &ia_len);
	const uint8_t *o = ia ? dhcp6_find(ia + 12, ia_len - 12, OPT6_IAADDR, &len) : NULL;

	if (!o || len < 24 || !(o[20] | o[21] | o[22] | o[23]))
		return none;
	memcpy(&addr, o, sizeof(addr));
	return addr;
}

int reply6_status(const struct bench6 *b)
{
	size_t ia_len, len;
	const uint8_t *ia = reply6_opt(b, OPT6_IA_NA, &ia_len);
	const uint8_t *o = ia ? dhcp6_find(ia + 12, ia_len - 12, OPT6_STATUS, &len)
			      : reply6_opt(b, OPT6_STATUS, &len);

	return o && len >= 2 ? o[0] << 8 | o[1] : -1;
}
