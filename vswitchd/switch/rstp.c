/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rstp.c - the life of a spanning tree bridge, and the loop that runs its machines.
 *
 * Theory of operation. The standard describes nine little machines for each port that share
 * variables, each acting whenever its condition holds. Whatever happens here (a BPDU, a second, a
 * link, a word of the user's) changes some variables and then lets all machines step, round by
 * round, until a round moves none. They settle in a few rounds; RUN_ROUNDS_MAX only bounds the work
 * should that ever not be so, and what is left goes on at the next tick. While it runs, callbacks
 * must not call back into the bridge; `running` guards against frames that come back at once.
 *
 * What is held for a port is one vector (port_priority) and where it is from (info_is): its own,
 * received, or none. Roles follow from these alone (rstp_info.c), states from roles and from what
 * neighbours agreed to (rstp_roles.c).
 */
#include <string.h>

#include "vswitchd/switch/rstp_int.h"

enum { RUN_ROUNDS_MAX = 100 };

static bool step_port(struct rstp_port *p)
{
	bool moved = false;

	moved |= rstp_receive_step(p);
	moved |= rstp_migration_step(p);
	moved |= rstp_info_step(p);
	moved |= rstp_edge_step(p);
	return moved;
}

static bool step_all(struct rstp_bridge *b)
{
	bool moved = false;

	for (struct rstp_port *p = b->ports; p; p = p->next)
		moved |= step_port(p);
	moved |= rstp_selection_step(b);
	for (struct rstp_port *p = b->ports; p; p = p->next) {
		moved |= rstp_role_step(p);
		moved |= rstp_state_step(p);
		moved |= rstp_tc_step(p);
	}
	return moved;
}

/* Let all machines settle, then send what there is to tell: one BPDU a port says it all. */
static void run(struct rstp_bridge *b)
{
	if (b->running)
		return;
	b->running = true;
	for (int round = 0; round < RUN_ROUNDS_MAX && step_all(b); round++)
		;
	for (struct rstp_port *p = b->ports; p; p = p->next)
		while (rstp_transmit_step(p))
			;
	b->running = false;
}

static void begin(struct rstp_port *p)
{
	rstp_machines_begin(p);
	rstp_roles_begin(p);
}

/* ---- life ------------------------------------------------------------------------------------ */

void rstp_bridge_init(struct rstp_bridge *b, const struct mac *mac, uint16_t priority,
		      const struct rstp_ops *ops)
{
	*b = (struct rstp_bridge){.ops = ops, .mac = *mac, .priority = priority};
	rstp_update_roles(b);
}

static void select_again(struct rstp_bridge *b)
{
	for (struct rstp_port *p = b->ports; p; p = p->next) {
		p->reselect = true;
		p->selected = false;
	}
	if (!b->ports)
		rstp_update_roles(b);
	run(b);
}

void rstp_bridge_config(struct rstp_bridge *b, uint16_t priority)
{
	b->priority = priority;
	for (struct rstp_port *p = b->ports; p; p = p->next)
		begin(p);
	select_again(b);
}

uint16_t rstp_number_free(const struct rstp_bridge *b)
{
	uint16_t number = 1;

	for (const struct rstp_port *p = b->ports; p && p->number == number; p = p->next)
		number++;
	return number <= RSTP_PORT_NUMBER_MAX ? number : 0;
}

void rstp_port_add(struct rstp_bridge *b, struct rstp_port *p, uint16_t number, void *owner)
{
	struct rstp_port **at = &b->ports;

	*p = (struct rstp_port){.bridge = b,
				.owner = owner,
				.number = number,
				.priority = RSTP_PORT_PRIORITY_DEFAULT,
				.cost = RSTP_COST_10G,
				.auto_edge = true,
				.point_to_point = true};
	while (*at && (*at)->number < number)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	begin(p);
	run(b);
}

void rstp_port_del(struct rstp_port *p)
{
	struct rstp_bridge *b = p->bridge;

	rstp_port_enable(p, false);
	for (struct rstp_port **at = &b->ports; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	if (b->root_port == p)
		b->root_port = NULL;
	select_again(b);
}

void rstp_port_enable(struct rstp_port *p, bool enabled)
{
	if (p->enabled == enabled)
		return;
	p->enabled = enabled;
	run(p->bridge);
}

void rstp_port_config(struct rstp_port *p)
{
	if (p->admin_edge || !p->auto_edge)
		rstp_edge_begin(p);
	select_again(p->bridge);
}

/* ---- what happens ---------------------------------------------------------------------------- */

bool rstp_input(struct rstp_port *p, const uint8_t *bpdu, size_t len)
{
	if (!p->enabled || p->bridge->running)
		return true;
	if (!rstp_bpdu_parse(bpdu, len, &p->rcvd)) {
		p->bad_bpdus++;
		return false;
	}
	p->bpdus_in++;
	p->rcvd_bpdu = true;
	run(p->bridge);
	return true;
}

static void count_down(uint16_t *timer)
{
	*timer -= *timer > 0;
}

/* 17.22 */
void rstp_tick(struct rstp_bridge *b)
{
	for (struct rstp_port *p = b->ports; p; p = p->next) {
		count_down(&p->hello_when);
		count_down(&p->tc_while);
		count_down(&p->fd_while);
		count_down(&p->rcvd_info_while);
		count_down(&p->rr_while);
		count_down(&p->rb_while);
		count_down(&p->mdelay_while);
		count_down(&p->edge_delay_while);
		p->tx_count -= p->tx_count > 0;
	}
	run(b);
}

/* ---- words ----------------------------------------------------------------------------------- */

enum rstp_state rstp_port_state(const struct rstp_port *p)
{
	if (p->forwarding)
		return RSTP_FORWARDING;
	return p->learning ? RSTP_LEARNING : RSTP_DISCARDING;
}

const char *rstp_role_word(enum rstp_role role)
{
	static const char *const words[] = {"disabled", "root", "designated", "alternate",
					    "backup"};

	return words[role];
}

const char *rstp_state_word(enum rstp_state state)
{
	static const char *const words[] = {"discarding", "learning", "forwarding"};

	return words[state];
}
