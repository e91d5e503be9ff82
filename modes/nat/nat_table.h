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
 * heap; the lists are filled on first use, so that untouched entries never become resident. A flow
 * of one mapping and one session costs 128 bytes, buckets and all: entries refer to each other by
 * number, and times are ticks of 64 ms. Hashes are keyed, so nobody can aim at one bucket.
 *
 * Time. Beside the sessions is an array of ticks, one for each: look at it then. Once a second a
 * hand goes round that array, a million in half a millisecond; where the tick has come it looks at
 * the session and ends it, or writes down its later time. So a packet writes only its session's
 * own time, there is no timer to move and no cascade to wait for, and the round is cut into pieces
 * (nat_table_run()) that hold no packet up, however many sessions end at once.
 *
 * Limits. @max mappings and @max sessions. An inside address gets at most @max_guest sessions, and
 * of sessions and of an outside address's ports never more than are still free or held by closed
 * connections only (the dynamic
 * threshold of Choudhury and Hahne 1998; RFC 6888 REQ-4 wants a limit): one greedy guest gets half
 * and two get a third each, and something is always left for whoever comes late. When a limit is
 * met, the oldest mapping whose TCP connections are all over is given up (RFC 7857 wants it kept 4
 * minutes; an idle corpse is worth less than a new flow), a guest over its share only its own; if
 * there is none the new flow is refused and all that exist live on (RFC 5508 REQ-8).
 */
#ifndef MODES_NAT_TABLE_H
#define MODES_NAT_TABLE_H

#include "lib/addr.h"
#include "lib/hash.h"
#include "modes/nat/nat_bucket.h"
#include "modes/nat/nat_ext.h"
#include "modes/nat/nat_tcp.h"

/* RFC 4787 4.1 and 5: what of the peer a mapping, or a filter, depends on. */
enum nat_kind { NAT_ENDPOINT, NAT_ADDRESS, NAT_ADDRESS_PORT };

/* What becomes of the maximum segment size in TCP's SYNs. */
enum nat_mss { NAT_MSS_OFF, NAT_MSS_CLAMP, NAT_MSS_MIN = 88 };

struct nat_settings {
	uint32_t max, max_guest;
	uint32_t guest_ports; /* of a protocol that a guest may have (RFC 6888 REQ-4); 0: any */
	uint32_t guest_rate;  /* mappings that it may make a second (REQ-4 (C)); 0: any */
	uint32_t mss; /* enum nat_mss, or the largest in bytes; default: clamp to the way's MTU */
	bool refresh_in;       /* RFC 4787 REQ-6a: what comes in keeps a flow too; default: not */
	enum nat_kind mapping; /* RFC 4787 REQ-1; default: endpoint */
	enum nat_kind filter;  /* RFC 4787 REQ-8; default: address */
	msec udp_ms;	       /* RFC 4787 REQ-5: 300 s */
	msec udp_dns_ms;       /* peers' port 53 (REQ-5a lets well-known ports be shorter): 30 s */
	msec icmp_ms;	       /* RFC 5508 REQ-2: 60 s */
	msec other_ms;	       /* protocols without ports, which no RFC speaks of: 600 s */
	msec tcp_established_ms; /* RFC 5382 REQ-5: 2 h 4 min */
	msec tcp_transitory_ms;	 /* RFC 5382 REQ-5: 4 min */
	msec hold_ms;		 /* RFC 6888 REQ-8: 120 s */
};
extern const struct nat_settings NAT_SETTINGS_DEFAULT;

/* A guest's use of the table: of an inside address, or of a MAC address (nat6.h). */
struct nat_guest {
	uint32_t sessions;
	uint32_t ports[NAT_PROTOS];
	struct nat_bucket errors; /* to it */
	struct nat_bucket opens;  /* mappings that it makes */
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
	NAT_END_HOST,	 /* the host itself uses the protocol with this peer now */
	NAT_END_NETWORK
};
enum nat_note { NAT_CREATED, NAT_CHANGED, NAT_ENDED };
const char *nat_cause_text(enum nat_cause cause);
const char *nat_why_text(enum nat_why why);

/* What a packet says of its flow, seen from inside. Of NAT_OTHER the port is the number of the IP
 * protocol, and the peer always counts: there is one mapping for each. */
struct nat_key {
	struct nat_ext *ext;
	enum nat_proto proto;
	be32 addr, peer;
	be16 port, peer_port;
};

/*
 * A reference to an entry: its number plus one; 0 is nobody. Half of a pointer, and most of an
 * entry is references.
 */
typedef uint32_t nat_ref;

/* One cache line: what a packet of a known flow reads and writes. */
struct nat_session {
	nat_ref mapping;
	nat_ref peer_next; /* in its chain of by_peer; on the free list */
	nat_ref addr_next, addr_prev;
	nat_ref next, prev; /* of the same mapping */
	be32 peer;
	be16 peer_port;		   /* 0 for ICMP */
	uint8_t tcp;		   /* enum nat_tcp_state */
	uint8_t cause : 4;	   /* enum nat_cause */
	bool replied : 1;	   /* the peer has answered */
	bool fresh : 1;		   /* nothing has passed yet */
	uint32_t created, expires; /* ticks; nat_session_created(), nat_session_expires() */
	uint64_t tx_bytes, rx_bytes;
} __attribute__((aligned(64)));

struct nat_mapping {
	struct nat_ext *ext;
	nat_ref inside_next;		  /* in its chain of by_inside; on the free list */
	nat_ref closed_next, closed_prev; /* the table's list of those whose sessions are over */
	nat_ref sessions;
	nat_ref last; /* the session used last; 0: look it up */
	be32 addr;    /* inside */
	be32 peer;    /* for whom it was made, which counts where mapping depends on it; others may
			 come in by it, so its sessions don't tell */
	be16 port;    /* inside */
	be16 ext_port;
	uint64_t peer_port : 16, n_sessions : 21, n_open : 21, proto : 4;
	bool forward : 1; /* a port forward: stays without sessions, lets everybody in */
	bool closed : 1;  /* on that list */
};

/* What has run out when a flow is refused. */
enum nat_lack { NAT_LACK_PORTS, NAT_LACK_FLOWS, NAT_LACK_RATE };

struct nat_table {
	struct nat_settings set;
	struct nat *owner;
	struct hash_key key;
	uint64_t spread; /* odd and secret */
	uint64_t rng[2];
	msec born;
	struct nat_guest *guests;
	uint32_t guest_mask;
	uint32_t bucket_mask;
	nat_ref *by_inside, *by_peer, *by_addr;
	struct nat_mapping *mappings;
	struct nat_session *sessions;
	uint32_t *look; /* the tick at which to look at each session; 0: it is free */
	nat_ref free_mappings, free_sessions;
	uint32_t mappings_touched, sessions_touched; /* above: never used */
	uint32_t n_mappings, n_sessions;
	uint32_t hand; /* the session that the round has come to */
	nat_ref closed_first, closed_last;
	uint32_t n_closed;
	uint64_t reclaimed, refused;
	/* Told of every session's life; NULL: nobody listens. @why is only for NAT_ENDED. */
	void (*note)(void *ctx, enum nat_note what, const struct nat_session *s, enum nat_why why);
	/* Told of every flow that is refused for want of room; NULL: nobody listens. */
	void (*lack)(void *ctx, enum nat_lack what, const struct nat_key *k);
	void *note_ctx;
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
static inline struct nat_mapping *nat_mapping_of(const struct nat_table *t,
						 const struct nat_session *s)
{
	return &t->mappings[s->mapping - 1];
}
/* When it began, and when it ends if nothing passes any more; a tick (64 ms) exact. */
msec nat_session_created(const struct nat_table *t, const struct nat_session *s);
msec nat_session_expires(const struct nat_table *t, const struct nat_session *s);
/* Also ends its mapping when it was the last. */
void nat_session_del(struct nat_table *t, struct nat_session *s, enum nat_why why, msec now);

struct nat_guest *nat_guest_of(const struct nat_table *t, be32 addr);
/* Go on with the round through the sessions and end those whose time is over: a bounded piece of
 * less than 100 us. True when the round is not finished and wants to be called again soon. Start a
 * round about once a second. */
bool nat_table_run(struct nat_table *t, msec now);
/* End everything on @ext (the address is gone). Returns how many sessions that were. Forwards on
 * it end too. */
unsigned int nat_table_drop_ext(struct nat_table *t, const struct nat_ext *ext, msec now);
void nat_table_each(const struct nat_table *t,
		    void (*fn)(void *ctx, const struct nat_mapping *m, const struct nat_session *s),
		    void *ctx);
/* 64 random bits, by a generator seeded at init: never guessable from outside (SipHash). */
uint64_t nat_random(struct nat_table *t);

#endif
