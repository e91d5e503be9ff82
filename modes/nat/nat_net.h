/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_net.h - a NAT network: what mode_nat.c, the uplinks and the forwards share.
 */
#ifndef MODES_NAT_NET_H
#define MODES_NAT_NET_H

#include <jansson.h>

#include "lib/due.h"
#include "modes/nat/nat6.h"
#include "modes/nat/nat_gateway.h"
#include "modes/nat/nat_wish.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/settings.h"

struct nat_forward;
struct trace;
struct relay;
struct nat_watch;
struct uplinks;

struct nat_net {
	struct net *net;
	struct port *port; /* the gateway's */
	struct nat *nat;
	struct due round;	  /* the table's next piece of a round that takes long */
	struct nat_ext *host_ext; /* the gateway as the host sees it, when nat-host is on */
	struct gateway gw;
	struct uplinks *uplinks;
	struct nat_watch *watch; /* the uplinks' */
	struct nat6 *six;	 /* NULL: no IPv6 */
	struct ra_conf ra;	 /* what the gateway advertises */
	bool ra_known;
	struct nat_net *next; /* among those that share the uplinks */
	struct nat_forward *forwards;
	struct relay *relay; /* nat_relay.c; NULL: the host has no way to a forward */
	unsigned int next_forward;
	struct nat_map *maps; /* nat_map.h */
	struct nat_pool_wishes pool;
	uint16_t ports_first, ports_last; /* nat-ports; 0: whatever is free */
	unsigned int lookups;		  /* of routes, in the second that began at */
	msec lookups_since;
	bool clash;	/* the host has our subnet elsewhere */
	msec lack_told; /* when an exhaustion was last said; 0: never */
	msec taken_told;
};

/* Count a dropped frame on the gateway's port; takes @p (may be NULL). */
void nat_net_lost(struct nat_net *nn, enum drop_reason why, struct pkt *p);

/* nat_edge.c: what the translators need of the world, and the gateway's port. @ctx: the nat_net. */
struct nat_env nat_edge_env(struct nat_net *nn);
struct nat6_env nat_edge_env6(struct nat_net *nn);
void nat_edge_input(void *ctx, struct pkt *p);
void nat_edge_emit(void *ctx, struct pkt *p);
void nat_edge_lost(void *ctx, enum drop_reason why, struct pkt *p);
bool nat_is_ip6(const struct pkt *p);

/* nat_settings.c */
extern const struct net_setting nat_settings_rows[];
/* The words of nat-mapping and nat-filtering, by enum nat_kind. */
extern const char *const nat_kind_words[];

/* nat_ports.c: the setting nat-ports. */
int nat_ports_set(struct net *net, const char *value, struct err *err);
bool nat_ports_get(const struct net *net, char *text, size_t size);

/* nat_forward.c */
int nat_forward_add(struct nat_net *nn, json_t *params, json_t **result, struct err *err);
int nat_forward_list(struct nat_net *nn, json_t **result);
int nat_forward_del(struct nat_net *nn, json_t *params, json_t **result, struct err *err);
/* Uplinks have come or gone: bind what wants to be bound. */
void nat_forward_refresh(struct nat_net *nn);
/* @ext is going away: unbind what is bound there. */
void nat_forward_ext_gone(struct nat_net *nn, const struct nat_ext *ext);
void nat_forward_fini(struct nat_net *nn);

/* nat_lack.c */
/* nat_table.lack: the event nat.exhausted and a line of log, every 10 s at most. @ctx: the nat_net.
 */
void nat_lack_note(void *ctx, enum nat_lack what, const struct nat_key *k);
/* The same of IPv6; @ctx: the nat6. */
void nat_lack_note6(void *ctx, enum nat_lack what, const struct nat_key *k);
/* RFC 4787 REQ-7: has the host got our subnet elsewhere (a lease on its uplink)? Said once, by the
 * event nat.clash and a line of log; a network that is made on a taken subnet is refused. */
void nat_clash_check(struct nat_net *nn);

/* nat_env.taken: the event nat.taken, every 10 s at most. @ctx: the nat_net. */
void nat_taken_note(void *ctx, const struct nat_key *k, const struct nat_mapping *holder,
		    const struct nat *owner);

/* nat_explain.c, nat_explain_in.c: mode_ops.explain and explain_outside. */
void nat_explain(struct net *net, struct port *to, const struct pkt *p, struct trace *t);
bool nat_explain_outside(struct net *net, const struct pkt *p, struct trace *t);

/* nat_explain6.c: of an IPv6 packet to the gateway's MAC, or from outside. */
void nat_explain6(struct nat_net *nn, const struct pkt *p, struct trace *t);
bool nat_explain6_outside(struct nat_net *nn, const struct pkt *p, struct trace *t);

/* nat_show.c */
/* nat.list: narrowed by guest, proto, state, address and peer of @params. */
int nat_show_flows(struct nat_net *nn, const json_t *params, json_t **result, struct err *err);
/* nat.guests: what each inside address uses. */
json_t *nat_show_guests(struct nat_net *nn);
/* nat_table.note: the event nat.flow, while somebody asks for it. @ctx: the nat_net. */
void nat_show_note(void *ctx, enum nat_note what, const struct nat_session *s, enum nat_why why);
/* nat6_env.note, likewise. */
void nat_show_note6(void *ctx, enum nat_note what, const struct nat_session *s, enum nat_why why);
void nat_show_facts(struct nat_net *nn, json_t *out);

#endif
