/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rstp_info.c - who is better: priority vectors, what a message means, which role each port gets
 * (IEEE 802.1D-2004 17.6, 17.7, 17.21).
 */
#include <string.h>

#include "vswitchd/switch/rstp_int.h"

#define ADDRESS_OF(id)	  ((id)&0xffffffffffffull)
#define NUMBER_OF(port)	  ((port)&0xfff)
#define ROLE_FLAGS(value) ((value) << 2)

static int cmp(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* 17.6: below zero when @a is better. */
static int vector_cmp(const struct rstp_vector *a, const struct rstp_vector *b)
{
	int c = cmp(a->root, b->root);

	if (!c)
		c = cmp(a->cost, b->cost);
	if (!c)
		c = cmp(a->bridge, b->bridge);
	return c ? c : cmp(a->port, b->port);
}

bool rstp_vector_equal(const struct rstp_vector *a, const struct rstp_vector *b)
{
	return vector_cmp(a, b) == 0;
}

bool rstp_times_equal(const struct rstp_times *a, const struct rstp_times *b)
{
	return a->message_age == b->message_age && a->max_age == b->max_age &&
	       a->hello == b->hello && a->fwd_delay == b->fwd_delay;
}

uint64_t rstp_bridge_id(const struct rstp_bridge *b)
{
	uint64_t id = b->priority;

	for (int i = 0; i < ETH_ALEN_; i++)
		id = id << 8 | b->mac.b[i];
	return id;
}

static uint16_t port_id(const struct rstp_port *p)
{
	return (uint16_t)((p->priority & 0xf0) << 8 | p->number);
}

/* 17.6: a message that is better, or comes from the same port as what is held, replaces it. */
static bool is_superior(const struct rstp_vector *msg, const struct rstp_vector *held)
{
	return vector_cmp(msg, held) < 0 || (ADDRESS_OF(msg->bridge) == ADDRESS_OF(held->bridge) &&
					     NUMBER_OF(msg->port) == NUMBER_OF(held->port));
}

static int classify_designated(const struct rstp_port *p)
{
	bool same = rstp_vector_equal(&p->msg_priority, &p->port_priority) &&
		    rstp_times_equal(&p->msg_times, &p->port_times);

	if (same && p->info_is == INFO_RECEIVED)
		return REPEATED_DESIGNATED;
	if (is_superior(&p->msg_priority, &p->port_priority))
		return SUPERIOR_DESIGNATED;
	return INFERIOR_DESIGNATED;
}

/* 17.21.8 rcvInfo() */
void rstp_classify(struct rstp_port *p)
{
	const struct rstp_bpdu *m = &p->rcvd;
	uint8_t role = m->flags & BPDU_ROLE;

	p->rcvd_info = OTHER;
	if (m->kind == BPDU_TCN) {
		p->rcvd_tcn = true;
		return;
	}
	p->msg_priority = m->vector;
	p->msg_times = m->times;
	if (p->msg_times.hello < 1) /* 17.21.23: never faster than this */
		p->msg_times.hello = 1;
	if (m->kind == BPDU_CONFIG || role == ROLE_FLAGS(3))
		p->rcvd_info = classify_designated(p);
	else if (vector_cmp(&p->msg_priority, &p->port_priority) >= 0)
		p->rcvd_info = ROOT_ALTERNATE;
}

/* 17.21.1 betterorsameInfo() */
bool rstp_better_or_same(const struct rstp_port *p, int new_info_is)
{
	if ((int)p->info_is != new_info_is)
		return false;
	return vector_cmp(new_info_is == INFO_RECEIVED ? &p->msg_priority : &p->designated_priority,
			  &p->port_priority) <= 0;
}

/* The way to the root through @p, if what was heard there is a way (17.21.25 a, b). */
static bool root_path(const struct rstp_port *p, uint64_t own, struct rstp_vector *v)
{
	if (p->info_is != INFO_RECEIVED || ADDRESS_OF(p->port_priority.bridge) == ADDRESS_OF(own))
		return false;
	*v = p->port_priority;
	v->cost += p->cost;
	return true;
}

/* 17.21.25 c to e: the best way, ours or through a port. */
static void choose_root(struct rstp_bridge *b)
{
	uint64_t own = rstp_bridge_id(b);
	struct rstp_vector v;

	b->root_priority = (struct rstp_vector){.root = own, .bridge = own};
	b->root_times = (struct rstp_times){0, RSTP_MAX_AGE_S, RSTP_HELLO_S, RSTP_FWD_DELAY_S};
	b->root_port = NULL;
	for (struct rstp_port *p = b->ports; p; p = p->next) {
		int c;

		if (!root_path(p, own, &v))
			continue;
		c = vector_cmp(&v, &b->root_priority);
		if (c > 0 || (c == 0 && b->root_port && port_id(b->root_port) <= port_id(p)))
			continue;
		b->root_priority = v;
		b->root_port = p;
		b->root_times = p->port_times;
		b->root_times.message_age++;
	}
}

/* 17.21.25 g to l */
static void choose_role(struct rstp_port *p)
{
	const struct rstp_bridge *b = p->bridge;
	bool better = vector_cmp(&p->designated_priority, &p->port_priority) < 0;

	switch (p->info_is) {
	case INFO_DISABLED:
		p->selected_role = RSTP_DISABLED;
		return;
	case INFO_AGED:
		p->selected_role = RSTP_DESIGNATED;
		p->updt_info = true;
		return;
	case INFO_MINE:
		p->selected_role = RSTP_DESIGNATED;
		if (!rstp_vector_equal(&p->port_priority, &p->designated_priority) ||
		    !rstp_times_equal(&p->port_times, &p->designated_times))
			p->updt_info = true;
		return;
	case INFO_RECEIVED:
		break;
	}
	p->updt_info = false;
	if (b->root_port == p) {
		p->selected_role = RSTP_ROOT;
	} else if (better) {
		p->selected_role = RSTP_DESIGNATED;
		p->updt_info = true;
	} else if (ADDRESS_OF(p->port_priority.bridge) == ADDRESS_OF(rstp_bridge_id(b))) {
		p->selected_role = RSTP_BACKUP;
	} else {
		p->selected_role = RSTP_ALTERNATE;
	}
}

void rstp_update_roles(struct rstp_bridge *b)
{
	choose_root(b);
	for (struct rstp_port *p = b->ports; p; p = p->next) {
		p->designated_priority = b->root_priority; /* 17.21.25 f */
		p->designated_priority.bridge = rstp_bridge_id(b);
		p->designated_priority.port = port_id(p);
		p->designated_times = b->root_times;
		p->designated_times.hello = RSTP_HELLO_S;
		choose_role(p);
	}
}

/* ---- what is sent (17.21.19 to 17.21.21) ----------------------------------------------------- */

static uint8_t rst_flags(const struct rstp_port *p)
{
	static const uint8_t roles[] = {[RSTP_DISABLED] = ROLE_FLAGS(0),
					[RSTP_ROOT] = ROLE_FLAGS(2),
					[RSTP_DESIGNATED] = ROLE_FLAGS(3),
					[RSTP_ALTERNATE] = ROLE_FLAGS(1),
					[RSTP_BACKUP] = ROLE_FLAGS(1)};
	uint8_t flags = roles[p->role];

	if (p->agree)
		flags |= BPDU_AGREEMENT;
	if (p->proposing)
		flags |= BPDU_PROPOSAL;
	if (p->learning)
		flags |= BPDU_LEARNING;
	if (p->forwarding)
		flags |= BPDU_FORWARDING;
	return flags;
}

void rstp_send(struct rstp_port *p, int kind)
{
	struct rstp_bpdu m = {
		.kind = kind, .vector = p->designated_priority, .times = p->designated_times};
	uint8_t bytes[RSTP_BPDU_MAX];

	if (kind == BPDU_RST)
		m.flags = rst_flags(p);
	else if (p->tc_ack)
		m.flags = BPDU_TC_ACK;
	if (p->tc_while)
		m.flags |= BPDU_TC;
	p->tx_count++;
	p->bpdus_out++;
	p->bridge->ops->send(p->owner, bytes, rstp_bpdu_build(&m, bytes));
}
