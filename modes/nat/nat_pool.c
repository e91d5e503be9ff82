/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat-pool=: several outside addresses for the guests of a network.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modes/nat/nat_map.h"
#include "modes/nat/nat_icmp.h"
#include "modes/nat/nat_uplink.h"
#include "vswitchd/switch/runner.h"

#define POOL_TEXT "off, or addresses outside: 198.51.100.8, 198.51.100.8-198.51.100.11, with commas"

static struct nat_pool_wishes *pool_of(const struct net *net)
{
	struct nat_net *nn = net->mode_state;

	return &nn->pool;
}

static void wish_stop(struct nat_net *nn, struct nat_wish *w)
{
	if (w->used)
		nat_pool_del(nn->nat, w->ext, nn->net->runner->now);
	w->used = false;
}

/* ---- words ----------------------------------------------------------------------------------- */

static int add_range(struct nat_pool_wishes *p, be32 first, be32 last, struct err *err)
{
	uint32_t a = ntohl(first), b = ntohl(last);

	if (b < a || b - a >= NAT_EXTRAS || p->n + (b - a) >= NAT_EXTRAS)
		return err_set(err, -EINVAL, "a pool has at most %d addresses", NAT_EXTRAS);
	for (; a <= b; a++) {
		if (nat_is_martian(htonl(a)))
			return err_set(err, -EINVAL, "wants " POOL_TEXT);
		for (unsigned int i = 0; i < p->n; i++)
			if (p->at[i].addr == htonl(a))
				return err_set(err, -EINVAL, "an address is in it twice");
		p->at[p->n++] = (struct nat_wish){.addr = htonl(a)};
	}
	return 0;
}

static int parse_word(struct nat_pool_wishes *p, char *word, struct err *err)
{
	char *dash = strchr(word, '-');
	be32 first, last;

	if (dash)
		*dash = 0;
	if (ip4_parse(word, &first) < 0 || (dash && ip4_parse(dash + 1, &last) < 0))
		return err_set(err, -EINVAL, "wants " POOL_TEXT);
	return add_range(p, first, dash ? last : first, err);
}

static int parse(struct nat_pool_wishes *p, const char *value, struct err *err)
{
	char text[512], *save = NULL;
	int rc = 0;

	if (!strcmp(value, "off"))
		return 0;
	if (strlen(value) >= sizeof(text) || !value[0])
		return err_set(err, -EINVAL, "wants " POOL_TEXT);
	snprintf(text, sizeof(text), "%s", value);
	for (char *w = strtok_r(text, ",", &save); w && rc == 0; w = strtok_r(NULL, ",", &save))
		rc = parse_word(p, w, err);
	return rc;
}

static bool same(const struct nat_pool_wishes *a, const struct nat_pool_wishes *b)
{
	for (unsigned int i = 0; i < a->n && i < b->n; i++)
		if (a->at[i].addr != b->at[i].addr)
			return false;
	return a->n == b->n;
}

int nat_pool_set(struct net *net, const char *value, struct err *err)
{
	struct nat_net *nn = net->mode_state;
	struct nat_pool_wishes new = {.arbitrary = nn->pool.arbitrary};
	int rc = parse(&new, value, err);

	if (rc < 0 || same(&new, &nn->pool))
		return rc;
	nat_pool_fini(nn);
	nn->pool = new;
	nat_pool_refresh(nn);
	return 0;
}

/* Neighbours are one range, as they were said to be. */
bool nat_pool_get(const struct net *net, char *text, size_t size)
{
	const struct nat_pool_wishes *p = pool_of(net);
	char first[IP4_STR], last[IP4_STR];
	size_t len = 0;

	snprintf(text, size, "off");
	for (unsigned int i = 0, k; i < p->n && len < size; i = k + 1) {
		for (k = i; k + 1 < p->n && ntohl(p->at[k + 1].addr) == ntohl(p->at[k].addr) + 1;)
			k++;
		ip4_format(p->at[i].addr, first);
		ip4_format(p->at[k].addr, last);
		len += (size_t)snprintf(text + len, size - len, "%s%s%s%s", i ? "," : "", first,
					k > i ? "-" : "", k > i ? last : "");
	}
	return p->n;
}

int nat_pooling_set(struct net *net, const char *value, struct err *err)
{
	struct nat_net *nn = net->mode_state;

	if (strcmp(value, "paired") != 0 && strcmp(value, "arbitrary") != 0)
		return err_set(err, -EINVAL, "wants paired or arbitrary");
	nn->pool.arbitrary = !strcmp(value, "arbitrary");
	nn->nat->pool_arbitrary = nn->pool.arbitrary;
	return 0;
}

bool nat_pooling_get(const struct net *net, char *text, size_t size)
{
	snprintf(text, size, "%s", pool_of(net)->arbitrary ? "arbitrary" : "paired");
	return pool_of(net)->arbitrary;
}

/* ---- life ------------------------------------------------------------------------------------ */

void nat_pool_refresh(struct nat_net *nn)
{
	for (unsigned int i = 0; i < nn->pool.n; i++) {
		struct nat_wish *w = &nn->pool.at[i];

		if (nat_wish_run(nn, w))
			w->used = nat_pool_add(nn->nat, w->ext);
	}
}

void nat_pool_lost(struct nat_net *nn, const struct nat_ext *ext, bool gone)
{
	for (unsigned int i = 0; i < nn->pool.n; i++) {
		struct nat_wish *w = &nn->pool.at[i];

		if (w->ext != ext)
			continue;
		wish_stop(nn, w);
		if (!gone)
			return;
		w->ext = NULL;
		snprintf(w->reason, sizeof(w->reason), "its uplink is gone");
	}
}

void nat_pool_fini(struct nat_net *nn)
{
	for (unsigned int i = 0; i < nn->pool.n; i++) {
		wish_stop(nn, &nn->pool.at[i]);
		nat_wish_end(&nn->pool.at[i]);
	}
	nn->pool.n = 0;
}

json_t *nat_pool_json(const struct nat_net *nn)
{
	json_t *rows = json_array();

	for (unsigned int i = 0; i < nn->pool.n; i++) {
		const struct nat_wish *w = &nn->pool.at[i];
		char addr[IP4_STR];

		json_array_append_new(rows,
				      json_pack("{s:s, s:b, s:s?}", "address",
						ip4_format(w->addr, addr), "active", (int)w->used,
						"reason", w->reason[0] ? w->reason : NULL));
	}
	return rows;
}
