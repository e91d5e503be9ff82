/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rstp.h - the rapid spanning tree protocol, IEEE 802.1D-2004 clause 17: a bridge and its ports.
 *
 * Bytes and seconds in, bytes and verdicts out: this code knows no network, no frame and no clock,
 * so a whole room of bridges runs in one unit test. Names of variables, conditions and procedures
 * are the standard's own, so that it can be laid beside the code. Nothing here allocates.
 */
#ifndef VSWITCHD_RSTP_H
#define VSWITCHD_RSTP_H

#include "lib/wire.h"

/* Seconds and costs: table 17-1 and 17-3. */
enum {
	RSTP_HELLO_S = 2,
	RSTP_MAX_AGE_S = 20,
	RSTP_FWD_DELAY_S = 15,
	RSTP_MIGRATE_S = 3,
	RSTP_TX_HOLD = 6, /* BPDUs that a port may send within a second, and one a second on */
	RSTP_PRIORITY_DEFAULT = 32768,
	RSTP_PORT_PRIORITY_DEFAULT = 128,
	RSTP_COST_1G = 20000,
	RSTP_COST_10G = 2000,
	RSTP_COST_MAX = 200000000,
	RSTP_PORT_NUMBER_MAX = 4095,
	RSTP_BPDU_MAX = 36,
};

enum rstp_role {
	RSTP_DISABLED,
	RSTP_ROOT,
	RSTP_DESIGNATED,
	RSTP_ALTERNATE,
	RSTP_BACKUP,
};

enum rstp_state { RSTP_DISCARDING, RSTP_LEARNING, RSTP_FORWARDING };

/* 17.6: lower is better, field by field. The receiving port's own number is kept beside it. */
struct rstp_vector {
	uint64_t root;	 /* priority in the upper 16 bits, the address below */
	uint32_t cost;	 /* from there to the root */
	uint64_t bridge; /* that sends it */
	uint16_t port;	 /* that it is sent by: priority in the upper 4 bits, number below */
};

struct rstp_times { /* seconds */
	uint16_t message_age, max_age, hello, fwd_delay;
};

/* What a BPDU says (9.3). */
struct rstp_bpdu {
	enum { BPDU_CONFIG, BPDU_TCN, BPDU_RST } kind;
	uint8_t flags; /* enum rstp_flag */
	struct rstp_vector vector;
	struct rstp_times times;
};

enum rstp_flag {
	BPDU_TC = 0x01,
	BPDU_PROPOSAL = 0x02,
	BPDU_ROLE = 0x0c, /* 1 alternate or backup, 2 root, 3 designated */
	BPDU_LEARNING = 0x10,
	BPDU_FORWARDING = 0x20,
	BPDU_AGREEMENT = 0x40,
	BPDU_TC_ACK = 0x80,
};

/* Where each of the port's machines (17.23 to 17.31) is. */
struct rstp_machines {
	uint8_t receive, migration, edge, transmit, info, role, tc;
};

struct rstp_port {
	struct rstp_port *next; /* in the bridge; by number */
	struct rstp_bridge *bridge;
	void *owner;

	/* Configuration: rstp_port_add() sets defaults, rstp_port_config() takes changes in. */
	uint16_t number; /* 1 to RSTP_PORT_NUMBER_MAX */
	uint8_t priority;
	uint32_t cost;
	bool admin_edge, auto_edge;
	bool point_to_point;

	/* 17.17 timers: seconds to go */
	uint16_t edge_delay_while, fd_while, hello_when, mdelay_while, rb_while, rcvd_info_while,
		rr_while, tc_while;

	/* 17.19 variables */
	bool agree, agreed, disputed, enabled, forward, forwarding, learn, learning, new_info,
		oper_edge, proposed, proposing, rcvd_bpdu, rcvd_msg, rcvd_rstp, rcvd_stp, rcvd_tc,
		rcvd_tc_ack, rcvd_tcn, re_root, reselect, selected, send_rstp, sync, synced, tc_ack,
		tc_prop, updt_info;
	enum { INFO_DISABLED, INFO_AGED, INFO_MINE, INFO_RECEIVED } info_is;
	enum {
		SUPERIOR_DESIGNATED,
		REPEATED_DESIGNATED,
		INFERIOR_DESIGNATED,
		ROOT_ALTERNATE,
		OTHER
	} rcvd_info;
	enum rstp_role role, selected_role;
	uint8_t tx_count;
	struct rstp_vector designated_priority, msg_priority, port_priority;
	struct rstp_times designated_times, msg_times, port_times;
	struct rstp_bpdu rcvd;
	struct rstp_machines at;

	uint64_t bpdus_in, bpdus_out, bad_bpdus, transitions; /* to forwarding */
};

/* What the bridge asks of its owner. @port is rstp_port.owner. */
struct rstp_ops {
	/* Send a BPDU (from its protocol identifier on) by @port. Borrows. */
	void (*send)(void *port, const uint8_t *bpdu, size_t len);
	/* The port's role or state is not what it was. */
	void (*changed)(void *port);
	/* Forget what was learnt behind @port: the topology has changed. */
	void (*flush)(void *port);
	/* @port noticed a change of the topology or was told of one (@told). */
	void (*topology)(void *port, bool told);
};

struct rstp_bridge {
	const struct rstp_ops *ops;
	struct rstp_port *ports;
	struct mac mac;
	uint16_t priority; /* a multiple of 4096 */
	struct rstp_vector root_priority;
	struct rstp_times root_times;
	struct rstp_port *root_port; /* NULL: we are the root */
	bool running;
	uint64_t topology_changes;
};

/* A bridge without ports. Changes of @priority: rstp_bridge_config(). */
void rstp_bridge_init(struct rstp_bridge *b, const struct mac *mac, uint16_t priority,
		      const struct rstp_ops *ops);
/* Take a changed priority into use: all ports start anew. */
void rstp_bridge_config(struct rstp_bridge *b, uint16_t priority);

/* Put @p, whose @number is free, on the bridge: not enabled, discarding. The caller owns @p. */
void rstp_port_add(struct rstp_bridge *b, struct rstp_port *p, uint16_t number, void *owner);
void rstp_port_del(struct rstp_port *p);
/* The lowest number that no port has; 0 when all are taken. */
uint16_t rstp_number_free(const struct rstp_bridge *b);
/* Its link came up or went down. */
void rstp_port_enable(struct rstp_port *p, bool enabled);
/* Take changed priority, cost and edge words into use. */
void rstp_port_config(struct rstp_port *p);

/* A BPDU came in by @p: @bpdu is what follows the LLC header. False when it is malformed. */
bool rstp_input(struct rstp_port *p, const uint8_t *bpdu, size_t len);
/* A second is over. */
void rstp_tick(struct rstp_bridge *b);

enum rstp_state rstp_port_state(const struct rstp_port *p);
const char *rstp_role_word(enum rstp_role role);
const char *rstp_state_word(enum rstp_state state);
uint64_t rstp_bridge_id(const struct rstp_bridge *b);

/* rstp_bpdu.c. False when @bpdu is none or breaks 9.3.4. */
bool rstp_bpdu_parse(const uint8_t *bpdu, size_t len, struct rstp_bpdu *out);
/* Into @out (RSTP_BPDU_MAX bytes); returns the length. */
size_t rstp_bpdu_build(const struct rstp_bpdu *in, uint8_t *out);

#endif
