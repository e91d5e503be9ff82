/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rstp_machines.c - what comes in, what goes out, and what a port knows: the machines of IEEE
 * 802.1D-2004 17.23 to 17.28. A step leaves a state at most once; rstp.c repeats until nothing
 * moves.
 */
#include "vswitchd/switch/rstp_int.h"

enum { RX_DISCARD, RX_RECEIVE };
enum { MIG_CHECKING, MIG_SENSING, MIG_SELECTING_STP };
enum { EDGE_NO, EDGE_YES };
enum { INFO_AT_DISABLED, INFO_AT_AGED, INFO_AT_CURRENT };

/* ---- port receive, 17.23 --------------------------------------------------------------------- */

bool rstp_receive_step(struct rstp_port *p)
{
	if (!p->enabled && (p->rcvd_bpdu || p->edge_delay_while != RSTP_MIGRATE_S)) {
		p->rcvd_bpdu = p->rcvd_rstp = p->rcvd_stp = p->rcvd_msg = false;
		p->edge_delay_while = RSTP_MIGRATE_S;
		p->at.receive = RX_DISCARD;
		return true;
	}
	if (!p->enabled || !p->rcvd_bpdu || (p->at.receive == RX_RECEIVE && p->rcvd_msg))
		return false;
	if (p->rcvd.kind == BPDU_RST) /* updtBPDUVersion(), 17.21.22 */
		p->rcvd_rstp = true;
	else
		p->rcvd_stp = true;
	p->oper_edge = p->rcvd_bpdu = false;
	p->rcvd_msg = true;
	p->edge_delay_while = RSTP_MIGRATE_S;
	p->at.receive = RX_RECEIVE;
	return true;
}

/* ---- port protocol migration, 17.24 ---------------------------------------------------------- */

static bool migration_to(struct rstp_port *p, uint8_t state)
{
	p->at.migration = state;
	if (state == MIG_SENSING) {
		p->rcvd_rstp = p->rcvd_stp = false;
		return true;
	}
	p->send_rstp = state == MIG_CHECKING;
	p->mdelay_while = RSTP_MIGRATE_S;
	return true;
}

bool rstp_migration_step(struct rstp_port *p)
{
	switch (p->at.migration) {
	case MIG_CHECKING:
		if (p->mdelay_while == 0)
			return migration_to(p, MIG_SENSING);
		if (p->mdelay_while != RSTP_MIGRATE_S && !p->enabled)
			return migration_to(p, MIG_CHECKING);
		return false;
	case MIG_SENSING:
		if (!p->enabled || (!p->send_rstp && p->rcvd_rstp))
			return migration_to(p, MIG_CHECKING);
		if (p->send_rstp && p->rcvd_stp)
			return migration_to(p, MIG_SELECTING_STP);
		return false;
	default:
		if (p->mdelay_while == 0 || !p->enabled)
			return migration_to(p, MIG_SENSING);
		return false;
	}
}

/* ---- bridge detection, 17.25 ----------------------------------------------------------------- */

bool rstp_edge_step(struct rstp_port *p)
{
	if (p->at.edge == EDGE_NO) {
		if ((p->enabled || !p->admin_edge) &&
		    !(p->edge_delay_while == 0 && p->auto_edge && p->send_rstp && p->proposing))
			return false;
		p->at.edge = EDGE_YES;
		p->oper_edge = true;
		return true;
	}
	if ((p->enabled || p->admin_edge) && p->oper_edge)
		return false;
	p->at.edge = EDGE_NO;
	p->oper_edge = false;
	return true;
}

void rstp_edge_begin(struct rstp_port *p)
{
	p->oper_edge = p->admin_edge;
	p->at.edge = p->admin_edge ? EDGE_YES : EDGE_NO;
}

/* ---- port transmit, 17.26 -------------------------------------------------------------------- */

bool rstp_transmit_step(struct rstp_port *p)
{
	bool designated = p->role == RSTP_DESIGNATED, root = p->role == RSTP_ROOT;

	if (!rstp_is_settled(p) || !p->enabled)
		return false;
	if (p->hello_when == 0) { /* TRANSMIT_PERIODIC, then IDLE */
		p->new_info |= designated || (root && p->tc_while);
		p->hello_when = RSTP_HELLO_S;
		return true;
	}
	if (!p->new_info || p->tx_count >= RSTP_TX_HOLD)
		return false;
	if (!p->send_rstp && !designated && !root)
		return false;
	p->new_info = false;
	rstp_send(p, p->send_rstp ? BPDU_RST : designated ? BPDU_CONFIG : BPDU_TCN);
	p->hello_when = RSTP_HELLO_S;
	if (p->send_rstp || designated)
		p->tc_ack = false;
	return true;
}

/* ---- port information, 17.27 ----------------------------------------------------------------- */

static void info_disable(struct rstp_port *p)
{
	p->rcvd_msg = false;
	p->proposing = p->proposed = p->agree = p->agreed = false;
	p->rcvd_info_while = 0;
	p->info_is = INFO_DISABLED;
	p->reselect = true;
	p->selected = false;
	p->at.info = INFO_AT_DISABLED;
}

static bool info_age(struct rstp_port *p)
{
	p->info_is = INFO_AGED;
	p->reselect = true;
	p->selected = false;
	p->at.info = INFO_AT_AGED;
	return true;
}

static bool info_update(struct rstp_port *p)
{
	p->proposing = p->proposed = false;
	p->agreed = p->agreed && rstp_better_or_same(p, INFO_MINE);
	p->synced = p->synced && p->agreed;
	p->port_priority = p->designated_priority;
	p->port_times = p->designated_times;
	p->updt_info = false;
	p->info_is = INFO_MINE;
	p->new_info = true;
	p->at.info = INFO_AT_CURRENT;
	return true;
}

/* 17.21.10 */
static void record_proposal(struct rstp_port *p)
{
	if (p->rcvd.flags & BPDU_PROPOSAL)
		p->proposed = true;
}

/* 17.21.9. On a shared medium one neighbour can't speak for all. */
static void record_agreement(struct rstp_port *p)
{
	p->agreed = p->point_to_point && p->rcvd.flags & BPDU_AGREEMENT;
	if (p->agreed)
		p->proposing = false;
}

/* 17.21.17 */
static void set_tc_flags(struct rstp_port *p)
{
	p->rcvd_tc |= (p->rcvd.flags & BPDU_TC) != 0;
	p->rcvd_tc_ack |= p->rcvd.kind == BPDU_CONFIG && p->rcvd.flags & BPDU_TC_ACK;
}

/* 17.21.24: three hellos, unless the message is too old to be passed on */
static void keep_info(struct rstp_port *p)
{
	const struct rstp_times *t = &p->port_times;

	p->rcvd_info_while = t->message_age + 1 <= t->max_age ? 3 * t->hello : 0;
}

static void info_superior(struct rstp_port *p)
{
	p->agreed = p->proposing = false;
	record_proposal(p);
	set_tc_flags(p);
	p->agree = p->agree && rstp_better_or_same(p, INFO_RECEIVED);
	record_agreement(p);
	p->synced = p->synced && p->agreed;
	p->port_priority = p->msg_priority;
	p->port_times = p->msg_times;
	keep_info(p);
	p->info_is = INFO_RECEIVED;
	p->reselect = true;
	p->selected = false;
}

static bool info_receive(struct rstp_port *p)
{
	rstp_classify(p);
	switch (p->rcvd_info) {
	case SUPERIOR_DESIGNATED:
		info_superior(p);
		break;
	case REPEATED_DESIGNATED:
		record_proposal(p);
		set_tc_flags(p);
		record_agreement(p);
		keep_info(p);
		break;
	case INFERIOR_DESIGNATED:
		/* 17.21.10 recordDispute(): it believes itself designated, and forwards */
		if (p->rcvd.kind == BPDU_RST && p->rcvd.flags & BPDU_LEARNING) {
			p->disputed = true;
			p->agreed = false;
		}
		break;
	case ROOT_ALTERNATE:
		record_agreement(p);
		set_tc_flags(p);
		break;
	case OTHER:
		break;
	}
	p->rcvd_msg = false;
	return true;
}

bool rstp_info_step(struct rstp_port *p)
{
	if (!p->enabled && p->info_is != INFO_DISABLED) {
		info_disable(p);
		return true;
	}
	if (p->at.info == INFO_AT_DISABLED) {
		if (p->enabled)
			return info_age(p);
		p->rcvd_msg = false;
		return false;
	}
	if (p->selected && p->updt_info)
		return info_update(p);
	if (p->at.info == INFO_AT_AGED || p->updt_info)
		return false;
	if (p->rcvd_msg)
		return info_receive(p);
	if (p->info_is == INFO_RECEIVED && p->rcvd_info_while == 0)
		return info_age(p);
	return false;
}

/* ---- port role selection, 17.28 -------------------------------------------------------------- */

bool rstp_selection_step(struct rstp_bridge *b)
{
	bool wanted = false;

	for (struct rstp_port *p = b->ports; p; p = p->next) {
		wanted |= p->reselect;
		p->reselect = false;
	}
	if (!wanted)
		return false;
	rstp_update_roles(b);
	for (struct rstp_port *p = b->ports; p; p = p->next)
		p->selected = true;
	return true;
}

void rstp_machines_begin(struct rstp_port *p)
{
	p->rcvd_bpdu = p->rcvd_rstp = p->rcvd_stp = false;
	p->edge_delay_while = RSTP_MIGRATE_S;
	p->at.receive = RX_DISCARD;
	migration_to(p, MIG_CHECKING);
	rstp_edge_begin(p);
	p->new_info = true;
	p->tx_count = 0;
	p->hello_when = RSTP_HELLO_S;
	info_disable(p);
}
