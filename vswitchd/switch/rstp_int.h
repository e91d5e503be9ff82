/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rstp_int.h - what the files of the spanning tree share: rstp.c (life, the loop that runs the
 * machines, timers), rstp_info.c (17.21: priorities and roles), rstp_machines.c (what comes in and
 * goes out), rstp_roles.c (role and topology change machines).
 */
#ifndef VSWITCHD_RSTP_INT_H
#define VSWITCHD_RSTP_INT_H

#include "vswitchd/switch/rstp.h"

/* Each runs one step of one of the port's machines; true when it moved. */
bool rstp_receive_step(struct rstp_port *p);	 /* 17.23 */
bool rstp_migration_step(struct rstp_port *p);	 /* 17.24 */
bool rstp_edge_step(struct rstp_port *p);	 /* 17.25 */
bool rstp_transmit_step(struct rstp_port *p);	 /* 17.26 */
bool rstp_info_step(struct rstp_port *p);	 /* 17.27 */
bool rstp_selection_step(struct rstp_bridge *b); /* 17.28 */
bool rstp_role_step(struct rstp_port *p);	 /* 17.29 */
bool rstp_state_step(struct rstp_port *p);	 /* 17.30 */
bool rstp_tc_step(struct rstp_port *p);		 /* 17.31 */

/* Every machine to its first state (BEGIN). */
void rstp_machines_begin(struct rstp_port *p);
void rstp_roles_begin(struct rstp_port *p);
/* Bridge detection alone: what the user says holds until a BPDU says otherwise. */
void rstp_edge_begin(struct rstp_port *p);

/* 17.21 */
void rstp_classify(struct rstp_port *p); /* rcvInfo() into rcvd_info */
bool rstp_better_or_same(const struct rstp_port *p, int new_info_is);
bool rstp_vector_equal(const struct rstp_vector *a, const struct rstp_vector *b);
bool rstp_times_equal(const struct rstp_times *a, const struct rstp_times *b);
void rstp_update_roles(struct rstp_bridge *b); /* updtRolesTree() */
void rstp_send(struct rstp_port *p, int kind); /* txConfig(), txTcn(), txRstp() */

static inline bool rstp_is_settled(const struct rstp_port *p)
{
	return p->selected && !p->updt_info;
}

/* 17.20.5: what a step towards forwarding waits for when nobody agrees. */
static inline uint16_t rstp_forward_delay(const struct rstp_port *p)
{
	return p->send_rstp ? p->designated_times.hello : p->designated_times.fwd_delay;
}

#endif
