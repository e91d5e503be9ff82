/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rstp_roles.c - from a role to a state: port role transitions, port states and topology changes,
 * IEEE 802.1D-2004 17.29 to 17.31. The one thing that must never go wrong is here: a port forwards
 * only after everybody who could close a loop through it has agreed or had time to block.
 */
#include "vswitchd/switch/rstp_int.h"

enum { TC_INACTIVE, TC_LEARNING, TC_ACTIVE };

/* ---- port role transitions, 17.29 ------------------------------------------------------------ */

static void sync_tree(struct rstp_bridge *b) /* 17.21.14 */
{
	for (struct rstp_port *p = b->ports; p; p = p->next)
		p->sync = true;
}

static void re_root_tree(struct rstp_bridge *b) /* 17.21.15 */
{
	for (struct rstp_port *p = b->ports; p; p = p->next)
		p->re_root = true;
}

/* 17.20.3: nobody but the root port can still pass what the new root has not agreed to */
static bool all_synced(const struct rstp_bridge *b)
{
	for (const struct rstp_port *p = b->ports; p; p = p->next)
		if (!rstp_is_settled(p) || p->role != p->selected_role ||
		    (p->role != RSTP_ROOT && !p->synced))
			return false;
	return true;
}

/* 17.20.10 */
static bool re_rooted(const struct rstp_port *port)
{
	for (const struct rstp_port *p = port->bridge->ports; p; p = p->next)
		if (p != port && p->rr_while)
			return false;
	return true;
}

/* PROPOSED and AGREED of a root or alternate port. */
static bool answer_proposal(struct rstp_port *p)
{
	if (p->proposed && !p->agree) {
		sync_tree(p->bridge);
		p->proposed = false;
		return true;
	}
	if ((!p->agree && all_synced(p->bridge)) || (p->proposed && p->agree)) {
		p->proposed = p->sync = false;
		p->agree = p->new_info = true;
		return true;
	}
	return false;
}

static bool root_step(struct rstp_port *p)
{
	bool ready = p->fd_while == 0 || (re_rooted(p) && p->rb_while == 0);

	if (answer_proposal(p))
		return true;
	if (!p->forward && !p->re_root) { /* REROOT */
		re_root_tree(p->bridge);
	} else if (ready && !p->learn) { /* ROOT_LEARN */
		p->fd_while = rstp_forward_delay(p);
		p->learn = true;
	} else if (ready && !p->forward) { /* ROOT_FORWARD */
		p->fd_while = 0;
		p->forward = true;
	} else if (p->re_root && p->forward) { /* REROOTED */
		p->re_root = false;
	} else if (p->rr_while != p->designated_times.fwd_delay) { /* ROOT_PORT */
		p->rr_while = p->designated_times.fwd_delay;
	} else {
		return false;
	}
	return true;
}

static bool designated_synced(struct rstp_port *p)
{
	bool quiet = !p->learning && !p->forwarding;

	if (!((quiet || p->agreed || p->oper_edge) && !p->synced) && !(p->sync && p->synced))
		return false;
	p->rr_while = 0;
	p->synced = true;
	p->sync = false;
	return true;
}

static bool designated_discard(struct rstp_port *p)
{
	if (!((p->sync && !p->synced) || (p->re_root && p->rr_while) || p->disputed) ||
	    p->oper_edge || !(p->learn || p->forward))
		return false;
	p->learn = p->forward = p->disputed = false;
	p->fd_while = rstp_forward_delay(p);
	return true;
}

static bool designated_open(struct rstp_port *p)
{
	if (!(p->fd_while == 0 || p->agreed || p->oper_edge) || (p->rr_while && p->re_root) ||
	    p->sync || p->forward)
		return false;
	if (!p->learn) { /* DESIGNATED_LEARN */
		p->learn = true;
		p->fd_while = rstp_forward_delay(p);
	} else { /* DESIGNATED_FORWARD */
		p->forward = true;
		p->fd_while = 0;
		p->agreed = p->send_rstp;
	}
	return true;
}

static bool designated_step(struct rstp_port *p)
{
	if (!p->forward && !p->agreed && !p->proposing && !p->oper_edge) { /* PROPOSE */
		p->proposing = true;
		p->edge_delay_while =
			p->point_to_point ? RSTP_MIGRATE_S : p->designated_times.max_age;
		p->new_info = true;
		return true;
	}
	if (designated_synced(p) || designated_discard(p))
		return true;
	if (p->rr_while == 0 && p->re_root) { /* RETIRED */
		p->re_root = false;
		return true;
	}
	return designated_open(p);
}

/* What DISABLED_PORT and ALTERNATE_PORT hold a port at. */
static bool hold_blocked(struct rstp_port *p, uint16_t fd_while)
{
	if (p->fd_while == fd_while && !p->sync && !p->re_root && p->synced)
		return false;
	p->fd_while = fd_while;
	p->synced = true;
	p->rr_while = 0;
	p->sync = p->re_root = false;
	return true;
}

static bool blocked_step(struct rstp_port *p)
{
	if (p->learning || p->forwarding) /* BLOCK_PORT waits for the state machine */
		return false;
	if (p->role == RSTP_DISABLED)
		return hold_blocked(p, p->designated_times.max_age);
	if (answer_proposal(p))
		return true;
	if (p->role == RSTP_BACKUP && p->rb_while != 2 * RSTP_HELLO_S) {
		p->rb_while = 2 * RSTP_HELLO_S;
		return true;
	}
	return hold_blocked(p, rstp_forward_delay(p));
}

static bool role_change(struct rstp_port *p)
{
	p->role = p->selected_role;
	switch (p->role) {
	case RSTP_ROOT:
		p->rr_while = p->designated_times.fwd_delay;
		break;
	case RSTP_DESIGNATED:
		break;
	default: /* DISABLE_PORT, BLOCK_PORT */
		p->learn = p->forward = false;
	}
	p->bridge->ops->changed(p->owner);
	return true;
}

bool rstp_role_step(struct rstp_port *p)
{
	if (!rstp_is_settled(p))
		return false;
	if (p->role != p->selected_role)
		return role_change(p);
	switch (p->role) {
	case RSTP_ROOT:
		return root_step(p);
	case RSTP_DESIGNATED:
		return designated_step(p);
	default:
		return blocked_step(p);
	}
}

/* ---- port states, 17.30 ---------------------------------------------------------------------- */

bool rstp_state_step(struct rstp_port *p)
{
	bool learning = p->learn, forwarding = p->learn && p->forward;

	if (p->learning == learning && p->forwarding == forwarding)
		return false;
	p->transitions += forwarding && !p->forwarding;
	p->learning = learning;
	p->forwarding = forwarding;
	p->bridge->ops->changed(p->owner);
	return true;
}

/* ---- topology changes, 17.31 ----------------------------------------------------------------- */

/* 17.21.7 newTcWhile() */
static void new_tc_while(struct rstp_port *p)
{
	const struct rstp_times *t = &p->bridge->root_times;

	if (p->tc_while)
		return;
	if (p->send_rstp) {
		p->tc_while = RSTP_HELLO_S + 1;
		p->new_info = true;
	} else {
		p->tc_while = t->max_age + t->fwd_delay;
	}
}

/* 17.21.18 setTcPropTree() */
static void tell_others(struct rstp_port *port)
{
	for (struct rstp_port *p = port->bridge->ports; p; p = p->next)
		if (p != port)
			p->tc_prop = true;
}

static void flush(struct rstp_port *p)
{
	p->bridge->ops->flush(p->owner);
}

static void tc_detected(struct rstp_port *p)
{
	new_tc_while(p);
	tell_others(p);
	p->new_info = true;
	p->at.tc = TC_ACTIVE;
	p->bridge->topology_changes++;
	p->bridge->ops->topology(p->owner, false);
}

static bool tc_learning_step(struct rstp_port *p)
{
	bool active = p->role == RSTP_ROOT || p->role == RSTP_DESIGNATED;

	if (p->rcvd_tc || p->rcvd_tcn || p->rcvd_tc_ack || p->tc_prop) {
		p->rcvd_tc = p->rcvd_tcn = p->rcvd_tc_ack = p->tc_prop = false;
		return true;
	}
	if (active && p->forward && !p->oper_edge) {
		tc_detected(p);
		return true;
	}
	if (active || p->learn || p->learning)
		return false;
	flush(p); /* INACTIVE: what was learnt here is elsewhere now */
	p->tc_while = 0;
	p->tc_ack = false;
	p->at.tc = TC_INACTIVE;
	return true;
}

static bool tc_active_step(struct rstp_port *p)
{
	if ((p->role != RSTP_ROOT && p->role != RSTP_DESIGNATED) || p->oper_edge) {
		p->at.tc = TC_LEARNING;
		p->rcvd_tc = p->rcvd_tcn = p->rcvd_tc_ack = p->tc_prop = false;
	} else if (p->rcvd_tcn || p->rcvd_tc) {
		if (p->rcvd_tcn)
			new_tc_while(p);
		p->tc_ack |= p->rcvd_tcn && p->role == RSTP_DESIGNATED;
		p->rcvd_tcn = p->rcvd_tc = false;
		tell_others(p);
		p->bridge->topology_changes++;
		p->bridge->ops->topology(p->owner, true);
	} else if (p->tc_prop && !p->oper_edge) {
		new_tc_while(p);
		flush(p);
		p->tc_prop = false;
	} else if (p->rcvd_tc_ack) {
		p->tc_while = 0;
		p->rcvd_tc_ack = false;
	} else {
		return false;
	}
	return true;
}

bool rstp_tc_step(struct rstp_port *p)
{
	switch (p->at.tc) {
	case TC_INACTIVE:
		if (!p->learn)
			return false;
		p->rcvd_tc = p->rcvd_tcn = p->rcvd_tc_ack = p->tc_prop = false;
		p->at.tc = TC_LEARNING;
		return true;
	case TC_LEARNING:
		return tc_learning_step(p);
	default:
		return tc_active_step(p);
	}
}

void rstp_roles_begin(struct rstp_port *p)
{
	p->role = p->selected_role = RSTP_DISABLED;
	p->learn = p->forward = p->disputed = false;
	p->synced = false;
	p->sync = p->re_root = true;
	p->rr_while = RSTP_FWD_DELAY_S;
	p->fd_while = RSTP_MAX_AGE_S;
	p->rb_while = 0;
	p->tc_while = 0;
	p->tc_ack = false;
	p->at.tc = TC_INACTIVE;
}
