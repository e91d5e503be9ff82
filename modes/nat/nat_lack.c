/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When ports or flows run out: who is refused, and who has the most, said once in a while. The
 * refused packet itself is answered by the translator (ICMP 3/13) and counted (`table-full`). The
 * same of protocols without ports, when somebody has them with the peer already (`proto-taken`,
 * `proto-host`).
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "lib/ipproto.h"
#include "lib/log.h"
#include "modes/nat/nat_net.h"
#include "vswitchd/switch/runner.h"

enum { TELL_MS = 10000 };

static const char *const words[] = {"tcp ports", "udp ports", "echo ids",
				    "peers of other protocols", "flows"};

static uint32_t use_of(const struct nat_guest *g, enum nat_lack what, enum nat_proto proto)
{
	return what == NAT_LACK_FLOWS ? g->sessions : g->ports[proto];
}

/* Whose use is the greatest. */
static be32 greediest(const struct nat_net *nn, enum nat_lack what, enum nat_proto proto)
{
	const struct nat_table *t = &nn->nat->table;
	uint32_t base = ntohl(ip4_network(nn->nat->conf.subnet)), best = 0;

	for (uint32_t i = 1; i <= t->guest_mask; i++)
		if (use_of(&t->guests[(base + i) & t->guest_mask], what, proto) >
		    use_of(&t->guests[(base + best) & t->guest_mask], what, proto))
			best = i;
	return htonl(base + best);
}

void nat_lack_note(void *ctx, enum nat_lack what, const struct nat_key *k)
{
	struct nat_net *nn = ctx;
	const struct nat_table *t = &nn->nat->table;
	const char *word = words[what == NAT_LACK_FLOWS ? NAT_PROTOS : k->proto];
	struct runner *r = nn->net->runner;
	char refused[IP4_STR], most[IP4_STR];
	uint32_t n, left;
	be32 greedy;

	if (nn->lack_told && r->now - nn->lack_told < TELL_MS)
		return;
	nn->lack_told = r->now ? r->now : 1;
	greedy = greediest(nn, what, k->proto);
	n = use_of(&t->guests[ntohl(greedy) & t->guest_mask], what, k->proto);
	left = what == NAT_LACK_FLOWS ? t->set.max - t->n_sessions : nat_ext_free(k->ext, k->proto);
	ip4_format(k->addr, refused);
	ip4_format(greedy, most);
	log_warn(
		"nat \"%s\": no more %s for %s; the most, %u, are %s's, and %u are left for others",
		nn->net->conf.name, word, refused, n, most, left);
	runner_event(r, "nat.exhausted",
		     json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "net", nn->net->conf.name,
			       "what", word, "refused", refused, "most", most, "most_has",
			       (json_int_t)n, "left", (json_int_t)left, "refused_in_all",
			       (json_int_t)t->refused));
}

void nat_taken_note(void *ctx, const struct nat_key *k, const struct nat_mapping *holder,
		    const struct nat *owner)
{
	struct nat_net *nn = ctx;
	struct runner *r = nn->net->runner;
	const struct nat_net *theirs = owner ? owner->env.ctx : NULL;
	char refused[IP4_STR], peer[IP4_STR], by[IP4_STR], proto[IP_PROTO_STR];

	if (nn->taken_told && r->now - nn->taken_told < TELL_MS)
		return;
	nn->taken_told = r->now ? r->now : 1;
	ip4_format(k->addr, refused);
	ip4_format(k->peer, peer);
	ip_proto_text((uint8_t)ntohs(k->port), proto);
	if (holder)
		ip4_format(holder->addr, by);
	log_info(
		"nat \"%s\": %s with %s is not for %s: %s has it, and it has no ports to tell them apart",
		nn->net->conf.name, proto, peer, refused, holder ? by : "the host itself");
	runner_event(r, "nat.taken",
		     json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?}", "net", nn->net->conf.name,
			       "proto", proto, "peer", peer, "refused", refused, "holder",
			       holder ? by : NULL, "holder_net",
			       theirs ? theirs->net->conf.name : NULL));
}
