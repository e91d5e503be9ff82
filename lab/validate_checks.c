/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * validate_checks.c - do a lab's checks make sense?
 */
#include <string.h>

#include "lab/parse.h"
#include "lab/subst.h"
#include "lib/nearest.h"

enum { NAMES_MAX = 256 };

void lab_unknown_node(const struct lab *lab, const struct lab_text *name, struct lab_errors *e)
{
	const char *names[NAMES_MAX + 1] = {NULL};
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < lab->n_nodes && n < NAMES_MAX; i++)
		if (lab->nodes[i].name.s)
			names[n++] = lab->nodes[i].name.s;
	near = nearest_word(name->s, names);
	if (near)
		lab_error_fix(e, name->pos, name->s, near,
			      "no node '%s' in this lab: did you mean '%s'?", name->s, near);
	else
		lab_error(e, name->pos, "no node '%s' in this lab", name->s);
}

/* The node that acts. The host may send pings and open connections, but runs no text of a file. */
static const struct lab_node *check_from(const struct lab *lab, const struct lab_check *c,
					 struct lab_errors *e)
{
	const struct lab_node *node = c->from.s ? lab_node_find(lab, c->from.s) : NULL;
	bool traffic = c->verb == LAB_PING || c->verb == LAB_TCP || c->verb == LAB_HTTP;
	bool probe;

	if (!c->from.s || node)
		return node;
	probe = lab_is_probe_word(lab, c->from.s);
	if (probe && !traffic && c->verb != LAB_UDP)
		lab_error(e, c->from.pos, "a probe can only ping, tcp, udp and http, not this");
	else if (probe && !lab_probe_net(lab, c->from.s))
		lab_unknown_probe(lab, &c->from, e);
	else if (!probe && strcmp(c->from.s, "host"))
		lab_unknown_node(lab, &c->from, e);
	else if (!probe && !traffic)
		lab_error(e, c->from.pos, "the host can only ping, tcp and http, not this");
	return NULL;
}

/* "NODE.ethN": the node, and *@nic; NULL after saying what is wrong. */
static const struct lab_node *nic_of(const struct lab *lab, const struct lab_text *text,
				     struct lab_errors *e)
{
	const char *dot = strrchr(text->s, '.');
	const struct lab_node *node;
	char name[NAME_MAX_ + 1];

	if (!dot || (size_t)(dot - text->s) >= sizeof(name)) {
		lab_unknown_node(lab, text, e);
		return NULL;
	}
	memcpy(name, text->s, (size_t)(dot - text->s));
	name[dot - text->s] = 0;
	node = lab_node_find(lab, name);
	if (!node)
		lab_unknown_node(lab, &(struct lab_text){name, text->pos}, e);
	else if (lab_nic_index(node, dot + 1) < 0)
		lab_error(e, text->pos, "node '%s' has no interface '%s'", name, dot + 1);
	return node;
}

/* "NODE", "NODE.ethN" or an address. */
static void check_to(const struct lab *lab, const struct lab_text *to, struct lab_errors *e)
{
	struct ip_net six;
	be32 a;

	if (to->s && strchr(to->s, ':')) {
		if (strchr(to->s, '/') || ip_net_parse(to->s, &six))
			lab_error(e, to->pos, "'%s' is not an IPv6 address", to->s);
	} else if (to->s && lab_is_probe_word(lab, to->s)) {
		if (!lab_probe_net(lab, to->s))
			lab_unknown_probe(lab, to, e);
	} else if (to->s && ip4_parse(to->s, &a) && !lab_node_find(lab, to->s))
		nic_of(lab, to, e);
}

static bool has_nic(enum lab_verb verb)
{
	return verb == LAB_LEASE || verb == LAB_ADDRESS || verb == LAB_DHCP ||
	       verb == LAB_MAC_TABLE;
}

static void check_nic(const struct lab_check *c, const struct lab_node *node, struct lab_errors *e)
{
	const char *ifname = c->nic.s ? c->nic.s : "eth0";
	int i = node ? lab_nic_index(node, ifname) : -1;

	if (!node || !has_nic(c->verb))
		return;
	if (i < 0) {
		lab_error(e, c->nic.s ? c->nic.pos : c->from.pos, "node '%s' has no interface '%s'",
			  c->from.s, ifname);
		return;
	}
	if (c->verb != LAB_LEASE || !node->nics[i].net)
		return;
	if (node->nics[i].net->mode == LAB_BRIDGE || !lab_net_serves(node->nics[i].net))
		lab_error(e, c->verb_pos,
			  "network '%s' has no DHCP server of ours to ask: use an address check",
			  node->nics[i].net->name.s);
}

static void check_nodes(const struct lab *lab, const struct lab_text *nodes, size_t n,
			struct lab_errors *e)
{
	for (size_t i = 0; i < n; i++)
		if (!lab_node_find(lab, nodes[i].s))
			lab_unknown_node(lab, &nodes[i], e);
}

static void check_packets(const struct lab_check *c, struct lab_errors *e)
{
	if (!c->n_see && !c->never.s)
		lab_error(e, c->verb_pos, "packets needs 'see:' or 'never:'");
	if (c->times.given && c->n_see != 1)
		lab_error(e, c->times.pos, "'times' counts the frames of one filter in 'see:'");
}

/* Where packets are looked at: a network, a cable, an interface, or (its port of) a node. */
static void check_at(const struct lab *lab, const struct lab_check *c, struct lab_errors *e)
{
	if (c->at.s && !lab_net_find(lab, c->at.s) && !lab_cable_find(lab, c->at.s))
		check_to(lab, &c->at, e);
	if (c->network.s && !lab_net_find(lab, c->network.s))
		lab_unknown_network(lab, &c->network, e);
	else if (c->network.s && c->verb == LAB_NAT_TABLE &&
		 lab_net_find(lab, c->network.s)->mode != LAB_NAT)
		lab_error(e, c->network.pos, "network '%s' is not of mode nat", c->network.s);
	if (c->verb == LAB_PACKETS)
		check_packets(c, e);
	if ((c->at_least_ms.given || c->at_most_ms.given) && c->from.s &&
	    !lab_node_find(lab, c->from.s))
		lab_error(e, c->from.pos, "only a node's ping can be timed, not that of %s",
			  c->from.s);
	if (c->verb == LAB_PATH && !c->n_through && !c->n_around)
		lab_error(e, c->verb_pos, "path needs 'through:' or 'not-through:'");
	if (c->verb == LAB_THROUGHPUT && !c->at_least_kbit.given && !c->at_most_kbit.given)
		lab_error(e, c->verb_pos, "throughput needs 'at-least:' or 'at-most:'");
}

static void check_fault(const struct lab *lab, const struct lab_fault *fault, struct lab_errors *e)
{
	if (fault && fault->link.s && lab_net_find(lab, fault->link.s) &&
	    !lab_cable_find(lab, fault->link.s))
		lab_error(
			e, fault->link.pos,
			"'%s' is a network: a fault is of the cable of one interface (NODE.ethN), "
			"or of one under cables:",
			fault->link.s);
	else if (fault && fault->link.s && !lab_cable_find(lab, fault->link.s))
		nic_of(lab, &fault->link, e);
	if (fault && fault->power.s && !lab_node_find(lab, fault->power.s))
		lab_unknown_node(lab, &fault->power, e);
}

static void check_placeholders(const struct lab *lab, const struct lab_text *text,
			       struct lab_errors *e)
{
	char bad[NAME_MAX_ + 1];

	if (text->s && !subst_known(lab, text->s, bad, sizeof(bad)))
		lab_error(e, text->pos, "'{%s}' names no interface of this lab", bad);
}

static void check_text(const struct lab *lab, const struct lab_check *c, struct lab_errors *e)
{
	const struct lab_text *const texts[] = {&c->text, &c->never, &c->answer, &c->output,
						&c->via};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		check_placeholders(lab, texts[i], e);
	for (size_t i = 0; i < c->n_see; i++)
		check_placeholders(lab, &c->see[i], e);
}

static void check_needs(const struct lab *lab, const struct lab_check *c, struct lab_errors *e)
{
	bool positive = false;

	for (size_t i = 0; i < c->n_needs; i++) {
		const struct lab_check *other = lab_check_find(lab, c->needs[i].s);

		if (!other)
			lab_error(e, c->needs[i].pos, "no check '%s' in this lab", c->needs[i].s);
		else
			positive |= !other->expect_fail;
	}
	if (c->expect_fail && !positive)
		lab_error(
			e, c->expect_pos,
			"a check that expects failure needs one that proves its sender works: add "
			"needs: [ID]");
}

/* Does following `needs` from @c lead to @target? @seen (one flag a check) keeps it finite. */
static bool needs_reach(const struct lab *lab, const struct lab_check *c,
			const struct lab_check *target, bool seen[])
{
	for (size_t i = 0; i < c->n_needs; i++) {
		const struct lab_check *next = lab_check_find(lab, c->needs[i].s);

		if (!next)
			continue;
		if (next == target)
			return true;
		if (seen[next - lab->checks])
			continue;
		seen[next - lab->checks] = true;
		if (needs_reach(lab, next, target, seen))
			return true;
	}
	return false;
}

static void check_order(struct lab *lab, struct lab_errors *e)
{
	for (size_t i = 0; i < lab->n_checks; i++) {
		const struct lab_check *c = &lab->checks[i];
		bool *seen = lab_alloc(lab, lab->n_checks, sizeof(*seen));

		if (seen && c->n_needs && needs_reach(lab, c, c, seen)) {
			lab_error(e, c->needs[0].pos, "the needs of '%s' lead back to itself",
				  c->id.s ? c->id.s : "?");
			return;
		}
	}
}

/* What a check, or what runs while it looks at packets, names. */
static void check_one(const struct lab *lab, const struct lab_check *c, struct lab_errors *e)
{
	check_nic(c, check_from(lab, c, e), e);
	check_to(lab, &c->to, e);
	check_to(lab, &c->server, e);
	if (c->via.s && !strchr(c->via.s, '{'))
		check_to(lab, &c->via, e);
	if (c->from.s && lab_probe_net(lab, c->from.s) && lab_check_is6(c))
		lab_error(e, c->verb_pos, "a probe speaks IPv4: let a node ask this");
	check_nodes(lab, c->through, c->n_through, e);
	check_nodes(lab, c->around, c->n_around, e);
	check_at(lab, c, e);
	check_text(lab, c, e);
}

void lab_validate_checks(struct lab *lab, struct lab_errors *errors)
{
	for (size_t i = 0; i < lab->n_checks; i++) {
		const struct lab_check *c = &lab->checks[i];
		const struct lab_check *first = c->id.s ? lab_check_find(lab, c->id.s) : c;

		if (first != c)
			lab_error(errors, c->id.pos, "check '%s' is there twice, first in line %u",
				  c->id.s, first->id.pos.line);
		check_one(lab, c, errors);
		for (size_t k = 0; k < c->n_during; k++)
			check_one(lab, &c->during[k], errors);
		check_needs(lab, c, errors);
		check_fault(lab, c->fault, errors);
	}
	check_order(lab, errors);
}
