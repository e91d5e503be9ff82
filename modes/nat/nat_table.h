/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_table.h - the memory of a translator: who inside has which number outside, and with whom.
 *
 * Theory of operation. A *mapping* binds an inside endpoint (protocol, address, port or echo id)
 * to a port of an outside address; it is made by the first packet out and stays the same for every
 * peer (endpoint-independent mapping, RFC 4787 REQ-1), unless the settings ask for another
 * kind. Under it hangs one *session* for each peer: it carries the state, the timeout and the
 * counters, and it is what inbound packets are filtered by. A mapping lives as long as it has a
 * session, or for ever when it is a port forward.
 *
 * Everything is allocated at start and handed out from free lists, so the path never touches the
 * heap; the lists are filled on first use, so that untouched entries never become resident. Hashes
 * are keyed, so nobody can aim at one bucket. Each session has a timer; a packet only moves the
 * session's expiry time, and the timer, when it fires, sees that it must wait longer.
 *
 * Limits. @max mappings and @max sessions; an inside address gets at most @max_guest sessions and
 * half of an outside address's ports (RFC 6888 REQ-4), so that one guest can't starve another.
 * When a limit is met, the oldest mapping whose TCP connections are all over is given up (RFC 7857
 * wants it kept 4 minutes; an idle corpse is worth less than a new flow); if there is none the new
 * flow is refused and all that exist live on (RFC 5508 REQ-8).
 */
#ifndef MODES_NAT_TABLE_H
#define MODES_NAT_TABLE_H

#include "lib/addr.h"
#include "lib/hash.h"
#include "lib/timer.h"
#include "modes/nat/nat_ext.h"
#include "modes/nat/nat_tcp.h"

/* RFC 4787 4.1 and 5: what of the peer a mapping, or a filter, depends on. */
enum nat_kind { NAT_ENDPOINT, NAT_ADDRESS, NAT_ADDRESS_PORT };

/* What becomes of the maximum segment size in TCP's SYNs. */
enum nat_mss { NAT_MSS_OFF, NAT_MSS_CLAMP, NAT_MSS_MIN = 88 };

struct nat_settings {
	uint32_t max, max_guest;
	uint32_t mss; /* enum nat_mss, or the largest in bytes; default: clamp to the way's MTU */
	enum nat_kind mapping; /* RFC 4787 REQ-1; default: endpoint */
	enum nat_kind filter;  /* RFC 4787 REQ-8; default: address */
	msec udp_ms;	       /* RFC 4787 REQ-5: 300 s */
	msec udp_dns_ms;       /* peers' port 53 (REQ-5a lets well-known ports be shorter): 30 s */
	msec icmp_ms;	       /* RFC 5508 REQ-2: 60 s */
	msec tcp_established_ms; /* RFC 5382 REQ-5: 2 h 4 min */
	msec tcp_transitory_ms;	 /* RFC 5382 REQ-5: 4 min */
	msec hold_ms;		 /* RFC 6888 REQ-8: 120 s */
};
extern const struct nat_settings NAT_SETTINGS_DEFAULT;

/* An inside address's use of the table. */
struct nat_guest {
	uint32_t sessions;
	uint32_t ports[NAT_PROTOS];
	uint32_t icmp_tokens; /* ICMP errors that may be sent to it now */
	msec icmp_ms;
};

/* Why a session exists: who opened it. */
enum nat_cause { NAT_BY_GUEST, NAT_BY_PEER, NAT_BY_NEIGHBOUR, NAT_BY_FORWARD };
/* Why one ended. */
enum nat_why {
	NAT_END_IDLE,
	NAT_END_CLOSED,	 /* TCP: both ends were done, and its rest is over */
	NAT_END_ROOM,	 /* gave way to a new flow */
	NAT_END_FORWARD, /* a port forward was made or removed */
	NAT_END_UPLINK,
	NAT_END_SETTING, /* the rule of mapping is another now */
	NAT_END_NETWORK
};
enum nat_note { NAT_CREATED, NAT_CHANGED, NAT_ENDED };
const char *nat_cause_text(enum nat_cause cause);
const char *nat_why_text(enum nat_why why);

/* A doubly linked hash chain whose members can leave without knowing their bucket. */
struct nat_link {
	struct nat_link *next, **prev;
};

struct nat_session {
	struct timer_node timer; /* next doubles as the free list's link */
	struct nat_link by_peer, by_addr, of_mapping;
	struct nat_mapping *mapping;
	be32 peer;
	be16 peer_port; /* 0 for ICMP */
	uint8_t tcp;	/* enum nat_tcp_state */
	bool replied;	/* the peer has answered */
	uint8_t cause;	/* enum nat_cause */
	msec created_ms, expires_ms;
	uint64_t tx_bytes, rx_bytes;
};

struct nat_mapping {
	struct nat_link by_inside;
	struct nat_link closed; /* on the table's list when every session is over */
	struct nat_link *sessions;
	struct nat_session *last; /* the one used last; NULL: look it up */
	struct nat_ext *ext;
	be32 addr; /* inside */
	be16 port; /* inside */
	be16 ext_port;
	be32 peer; /* of a mapping that depends on the peer: the only one */
	be16 peer_port;
	uint8_t proto;
	bool forward; /* a port forward: stays without sessions, lets everybody in */
	uint32_t n_sessions, n_open;
};

struct nat_table {
	struct nat_settings set;
	struct nat *owner;
	struct hash_key key;
	uint64_t rng[2];
	struct timer_wheel wheel;
	struct nat_guest *guests;
	uint32_t guest_mask;
	uint32_t bucket_mask;
	struct nat_link **by_inside, **by_peer, **by_addr;
	struct nat_mapping *mappings;
	struct nat_session *sessions;
	struct nat_link *free_mappings;
	struct timer_node *free_sessions;
	uint32_t mappings_touched, sessions_touched; /* above: never used */
	uint32_t n_mappings, n_sessions;
	struct nat_link *closed, **closed_tail;
	uint64_t reclaimed;
	/* Told of every session's life; NULL: nobody listens. @why is only for NAT_ENDED. */
	void (*note)(void *ctx, enum nat_note what, const struct nat_session *s, enum nat_why why);
	void *note_ctx;
};

/* What a packet says of its flow, seen from inside. */
struct nat_key {
	struct nat_ext *ext;
	enum nat_proto proto;
	be32 addr, peer;
	be16 port, peer_port;
};

/* 0 or -ENOMEM. @seed: 32 random bytes. @plen: prefix length of the inside subnet. */
int nat_table_init(struct nat_table *t, const struct nat_settings *set, struct nat *owner,
		   uint8_t plen, const uint64_t seed[4], msec now);
/* Map by another rule from now on: what was mapped by the old one ends, port forwards stay. */
void nat_table_set_mapping(struct nat_table *t, enum nat_kind mapping, msec now);
/* Make room for @max mappings and sessions in a table without any. 0 or -ENOMEM. */
int nat_table_resize(struct nat_table *t, uint32_t max, uint8_t plen, msec now);
/* Gives all ports back. A zeroed table is accepted. */
void nat_table_fini(struct nat_table *t, msec now);

struct nat_mapping *nat_mapping_find(struct nat_table *t, const struct nat_key *k);
/* Make a mapping with a port of its own; NULL when there is no room. It must get a session at
 * once (nat_session_add() deletes it when that fails). */
struct nat_mapping *nat_mapping_add(struct nat_table *t, const struct nat_key *k, msec now);
/* A port forward: outside @ext_port to the inside endpoint of @k. Negative errno in *@error. */
struct nat_mapping *nat_mapping_add_forward(struct nat_table *t, const struct nat_key *k,
					    be16 ext_port, msec now, int *error);
/* With all its sessions. */
void nat_mapping_del(struct nat_table *t, struct nat_mapping *m, enum nat_why why, msec now);

struct nat_session *nat_session_find(struct nat_table *t, struct nat_mapping *m, be32 peer,
				     be16 peer_port);
/* May @peer come in by @m, by the filtering rule? */
bool nat_session_admits(struct nat_table *t, const struct nat_mapping *m, be32 peer,
			be16 peer_port);
/* NULL when there is no room; a dynamic mapping without any session is then deleted. */
struct nat_session *nat_session_add(struct nat_table *t, struct nat_mapping *m, be32 peer,
				    be16 peer_port, enum nat_cause cause, msec now);
/* A packet of @dir has passed: state, expiry. @tcp_flags only matter for TCP. */
void nat_session_touch(struct nat_table *t, struct nat_session *s, enum nat_dir dir,
		       uint8_t tcp_flags, msec now);
/* Also ends its mapping when it was the last. */
void nat_session_del(struct nat_table *t, struct nat_session *s, enum nat_why why, msec now);

struct nat_guest *nat_guest_of(struct nat_table *t, be32 addr);
/* Run due timers; at most a few thousand a call. */
void nat_table_run(struct nat_table *t, msec now);
/* End everything on @ext (the address is gone). Returns how many sessions that were. Forwards on
 * it end too. */
unsigned int nat_table_drop_ext(struct nat_table *t, const struct nat_ext *ext, msec now);
void nat_table_each(const struct nat_table *t,
		    void (*fn)(void *ctx, const struct nat_mapping *m, const struct nat_session *s),
		    void *ctx);
/* 64 random bits, by a generator seeded at init: never guessable from outside (SipHash). */
uint64_t nat_random(struct nat_table *t);

#endif
