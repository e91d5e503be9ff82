/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When ports or flows run out: who is refused, and who has the most, said once in a while. The
 * refused packet itself is answered by the translator (ICMP 3/13) and counted (`table-full`). The
 * same of protocols without ports, when somebody has them with the peer already (`proto-taken`,
 * `proto-host`), and of a subnet that the host has got too.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "lib/ipproto.h"
#include "lib/log.h"
#include "modes/nat/nat_net.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/runner.h"

enum { TELL_MS = 10000 };

static const char *const words[] = {"tcp ports", "udp ports", "echo ids",
				    "peers of other protocols", "flows"};

static uint32_t use_of(const struct nat_guest *g, enum nat_lack what, enum nat_proto proto)
{
	return what == NAT_LACK_FLOWS ? g->sessions : g->ports[proto];
}

/* Whose use is the greatest: the number of the table's guest, counted from @base on. */
static uint32_t greediest(const struct nat_table *t, uint32_t base, enum nat_lack what,
			  enum nat_proto proto)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i <= t->guest_mask; i++)
		if (use_of(&t->guests[(base + i) & t->guest_mask], what, proto) >
		    use_of(&t->guests[(base + best) & t->guest_mask], what, proto))
			best = i;
	return base + best;
}

static bool is_time(msec *told, msec now)
{
	if (*told && now - *told < TELL_MS)
		return false;
	*told = now ? now : 1;
	return true;
}

/* One guest is too fast, and nothing has run out for anybody else. */
static void tell_rate(const struct nat_net *nn, const struct nat_table *t, const char *refused)
{
	log_warn("nat \"%s\": %s makes more than %u mappings a second", nn->net->conf.name, refused,
		 t->set.guest_rate);
	runner_event(nn->net->runner, "nat.exhausted",
		     json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "net", nn->net->conf.name,
			       "what", "mappings a second", "refused", refused, "most", refused,
			       "most_has", (json_int_t)t->set.guest_rate, "left", (json_int_t)0,
			       "refused_in_all", (json_int_t)t->refused));
}

/* @refused, @most: an address, or who has the most. */
static void tell(struct nat_net *nn, const struct nat_table *t, enum nat_lack what,
		 const struct nat_key *k, const char *refused, uint32_t greedy, const char *most)
{
	const char *word = words[what == NAT_LACK_FLOWS ? NAT_PROTOS : k->proto];
	uint32_t n = use_of(&t->guests[greedy & t->guest_mask], what, k->proto);
	uint32_t left = what == NAT_LACK_FLOWS ? t->set.max - t->n_sessions
					       : nat_ext_free(k->ext, k->proto);

	if (what == NAT_LACK_RATE) {
		tell_rate(nn, t, refused);
		return;
	}
	log_warn(
		"nat \"%s\": no more %s for %s; the most, %u, are %s's, and %u are left for others",
		nn->net->conf.name, word, refused, n, most, left);
	runner_event(nn->net->runner, "nat.exhausted",
		     json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "net", nn->net->conf.name,
			       "what", word, "refused", refused, "most", most, "most_has",
			       (json_int_t)n, "left", (json_int_t)left, "refused_in_all",
			       (json_int_t)t->refused));
}

void nat_lack_note(void *ctx, enum nat_lack what, const struct nat_key *k)
{
	struct nat_net *nn = ctx;
	const struct nat_table *t = &nn->nat->table;
	char refused[IP4_STR], most[IP4_STR];
	uint32_t greedy;

	if (!is_time(&nn->lack_told, nn->net->runner->now))
		return;
	greedy = greediest(t, ntohl(ip4_network(nn->nat->conf.subnet)), what, k->proto);
	ip4_format(k->addr, refused);
	ip4_format(htonl(greedy), most);
	tell(nn, t, what, k, refused, greedy, most);
}

void nat_lack_note6(void *ctx, enum nat_lack what, const struct nat_key *k)
{
	const struct nat6 *six = ctx;
	struct nat_net *nn = six->env.ctx;
	char refused[IP_ADDR_STR], most[MAC_STR];
	struct ip_addr addr = nat6_inside_addr(six, k->addr);
	uint32_t greedy;

	if (!is_time(&nn->lack_told, nn->net->runner->now))
		return;
	greedy = greediest(&six->table, 0, what, k->proto);
	ip_addr_format(&addr, refused);
	mac_format(&six->guests[greedy % NAT6_NEIGHS].mac, most);
	tell(nn, &six->table, what, k, refused, greedy, most);
}

void nat_clash_check(struct nat_net *nn)
{
	struct runner *r = nn->net->runner;
	char leg[16], route[64], subnet[IP4_PREFIX_STR];
	bool clash;

	port_ifname(nn->net->conf.name, leg);
	clash = r->loop && nl_subnet_used(nn->nat->conf.subnet, leg, route, sizeof(route));
	if (clash && !nn->clash) {
		ip4_prefix_format(nn->nat->conf.subnet, subnet);
		log_warn("nat \"%s\": the host has %s now, which is also this network's %s: guests "
			 "can't reach those addresses outside; give the network another subnet",
			 nn->net->conf.name, route, subnet);
		runner_event(r, "nat.clash",
			     json_pack("{s:s, s:s, s:s}", "net", nn->net->conf.name, "subnet",
				       subnet, "host", route));
	}
	nn->clash = clash;
}

void nat_taken_note(void *ctx, const struct nat_key *k, const struct nat_mapping *holder,
		    const struct nat *owner)
{
	struct nat_net *nn = ctx;
	struct runner *r = nn->net->runner;
	const struct nat_net *theirs = owner ? owner->env.ctx : NULL;
	char refused[IP4_STR], peer[IP4_STR], by[IP4_STR], proto[IP_PROTO_STR];

	if (!is_time(&nn->taken_told, r->now))
		return;
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
