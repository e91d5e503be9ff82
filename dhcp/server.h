/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.h - the DHCP server of one network, sans I/O: RFC 2131 4.3.
 *
 * Theory of operation. A message and the time go in, at most one reply comes out; sockets, frames
 * and ARP are the caller's (vswitchd/netdhcp.c), the disk is a struct dhcp_store_ops. So every rule
 * runs under unit tests and the fuzzer with a stepped clock.
 *
 * Durability. A reply with `durable` set promises a lease: the caller commits the store first,
 * sends only when that worked, and else calls dhcp_server_undo(), newest first. A burst of
 * requests shares one commit.
 *
 * Probing. Before an address goes to somebody new, the caller is asked (DHCP_PROBE) whether a
 * stranger uses it: it sends an ARP probe for `lease->addr`; a sign of life goes to
 * dhcp_server_conflict(), silence until the deadline makes dhcp_server_due() give the OFFER. A
 * client waits once, conf.probe_ms at most, however many addresses turn out to be taken.
 *
 *   server.c   what each message means (RFC 2131 4.3)
 *   turn.c     what all of them need: offering, leasing, refusing
 *   probe.c    DISCOVERs that wait for a probe
 *   reply.c    the bytes of an answer
 *   admin.c    beginning and end, pools, what people do to leases
 */
#ifndef DHCP_SERVER_H
#define DHCP_SERVER_H

#include "dhcp/policy.h"
#include "dhcp/pool.h"
#include "dhcp/store.h"

enum {
	DHCP_OFFER_MS = 30000,	   /* an OFFER is held this long for its client */
	DHCP_DECLINED_MS = 600000, /* quarantine of an address in use by a stranger */
	DHCP_LEASE_MIN_S = 60,	   /* shorter wishes are raised to this (or the network's lease) */
	DHCP_PENDING_MAX = 64,	   /* probes under way; with more, offers go out unprobed */
	DHCP_AT_MAX = 63	   /* longest name of a port */
};

struct dhcp_conf {
	const char *net; /* borrowed for the server's life */
	unsigned int n_subnets;
	struct dhcp_subnet subnet[DHCP_POOLS_MAX]; /* the first is on our wire */
	be32 avoid[DHCP_AVOID_MAX];		   /* gateway, host...; 0: nothing */
	be32 dns;				   /* option 6; 0: not sent */
	const char *domain; /* options 15 and 119; NULL or "": not sent; borrowed, may change */
	uint16_t mtu;	    /* option 26; 0: not sent */
	uint32_t lease_s;   /* default and longest lease */
	uint32_t probe_ms;  /* 0: never probe */
	const struct dhcp_policy *policy; /* NULL: no options beside ours; borrowed, may change */
	/* The boot file for a client that boots, of architecture @arch (RFC 4578 2.1; -1: not
	 * said), @ipxe: whose loader is iPXE already. False: there is none. NULL: never. */
	bool (*boot)(void *ctx, int arch, bool ipxe, char *file, size_t size);
	void *boot_ctx;
};

/* Everything that is counted. Words for people in dhcp_count_word(). */
/* clang-format off */
#define DHCP_COUNTS(X) \
	X(DISCOVER, "discover") X(REQUEST, "request") X(DECLINE, "decline") X(RELEASE, "release") \
	X(INFORM, "inform") X(OFFER, "offer") X(ACK, "ack") X(NAK, "nak") X(PROBE, "probe") \
	X(CONFLICT, "conflict") X(MALFORMED, "malformed") X(NOT_DHCP, "not-dhcp") \
	X(UNKNOWN_TYPE, "unknown-type") X(OTHER_SERVER, "other-server") X(NOT_OWNER, "not-owner") \
	X(WRONG_NET, "wrong-net") X(UNKNOWN_CLIENT, "unknown-client") X(RAPID, "rapid-commit") \
	X(POOL_EXHAUSTED, "pool-exhausted") X(PORT_LIMIT, "port-limit") X(STORE_FAILED, "store-failed")

enum dhcp_count {
#define X(id, word) DHCP_N_##id,
	DHCP_COUNTS(X)
#undef X
	DHCP_N
};
/* clang-format on */
const char *dhcp_count_word(enum dhcp_count c);

/* How a message came in. */
struct dhcp_rx {
	const void *data; /* the UDP payload */
	size_t len;
	struct mac src;		 /* of the frame: the client, or its relay */
	bool unicast;		 /* sent to an address of ours */
	uint32_t port;		 /* identity of the switch port; 0: not known */
	const char *at;		 /* its name, when one machine only is behind it; NULL: not so */
	unsigned int port_limit; /* addresses that `at` may hold; 0: no limit */
};

/* A lease as it was, and whose. */
struct dhcp_was {
	enum lease_state state;
	msec expires_ms;
	struct dhcp_key key; /* len 0: nobody's */
	struct mac mac;
	uint32_t port;
	uint8_t hostname_len;
	uint8_t hostname[DHCP_HOSTNAME_KEEP];
};

/* What an ACK changed. The lease may have been another client's: where an address is reserved for
 * a MAC or a port, several clients (of two IAs, say) may hold it in turn. */
struct dhcp_undo {
	struct dhcp_lease *lease; /* NULL: nothing to take back */
	struct dhcp_was was;
	/* What its client held instead until then, as where another address was reserved for it
	 * meanwhile; NULL: nothing. */
	struct dhcp_lease *left;
	struct dhcp_was left_was;
};

/* A reply and where it goes (RFC 2131 4.1). */
struct dhcp_reply {
	struct mac mac; /* L2 destination */
	be32 src, dst;	/* L3: an address of ours, destination */
	uint16_t dport;
	enum dhcp_type type;
	bool durable; /* commit first */
	struct dhcp_undo undo;
	size_t len;
	uint8_t data[DHCP_LEN_MAX];
};

enum dhcp_verdict { DHCP_SILENT, DHCP_REPLY, DHCP_PROBE };

/* A DISCOVER that waits for its probe; in a ring, oldest first, equal delays. */
struct dhcp_pending {
	be32 addr; /* 0: this slot is done with */
	msec deadline_ms;
	int64_t wall_s; /* when it came */
	struct mac src;
	char at[DHCP_AT_MAX + 1]; /* of struct dhcp_rx; "" for NULL */
	struct dhcp_msg msg;
};

struct dhcp_server {
	struct dhcp_conf conf;
	struct dhcp_pool pool[DHCP_POOLS_MAX]; /* as many as conf.subnet */
	struct lease_table leases;
	const struct dhcp_store_ops *store;
	void *store_ctx;
	uint64_t count[DHCP_N];
	enum dhcp_pick picked; /* how the address for the last DISCOVER was chosen */
	unsigned int pending_head, pending_n;
	struct dhcp_pending pending[DHCP_PENDING_MAX];
};

/* @conf is copied; -EINVAL when the range has no usable address, -ENOMEM. */
int dhcp_server_init(struct dhcp_server *s, const struct dhcp_conf *conf,
		     const struct dhcp_store_ops *store, void *store_ctx, msec now);
void dhcp_server_fini(struct dhcp_server *s);
/* Read the network's leases from the store; @lost (may be NULL) counts those that do not fit the
 * network any more. */
int dhcp_server_load(struct dhcp_server *s, msec now, int64_t wall_s, unsigned int *lost);

/* Give every lease and reservation of the table to put() and reserve() of @to, as records that
 * load() would make the same table of. */
void dhcp_server_save(const struct dhcp_server *s, const struct dhcp_store_ops *to, void *to_ctx,
		      msec now, int64_t wall_s);

/* Is @addr one of the server's own? */
bool dhcp_server_is(const struct dhcp_server *s, be32 addr);
/* The pools for a client on our wire (@relay 0), or behind a relay that names @relay as an address
 * of the client's subnet. Empty when we don't serve it. */
struct dhcp_link dhcp_server_link(const struct dhcp_server *s, be32 relay);
/* The pool in whose subnet @addr is; NULL when there is none. */
struct dhcp_pool *dhcp_server_pool(const struct dhcp_server *s, be32 addr);
/* Addresses in all ranges, and how many nobody holds and nothing pins. */
uint32_t dhcp_server_size(const struct dhcp_server *s);
uint32_t dhcp_server_free(const struct dhcp_server *s);

/* Take one message. DHCP_REPLY: *@out is filled. DHCP_PROBE: out->dst is the address to probe. */
enum dhcp_verdict dhcp_server_input(struct dhcp_server *s, const struct dhcp_rx *rx, msec now,
				    int64_t wall_s, struct dhcp_reply *out);
/* Write @l, which ends in @lease_s, to the store without committing. The store's error. */
int dhcp_server_record(struct dhcp_server *s, const struct dhcp_lease *l, int64_t wall_s,
		       uint32_t lease_s);
/* The lease of @l's client is @l from now on, whatever it was; what is to be undone if that can't
 * be told to it. Until it can be, nobody else gets what it held. */
struct dhcp_undo dhcp_server_move(struct dhcp_server *s, struct dhcp_lease *l,
				  const struct dhcp_client *c, msec now);
/* The lease is what it was before dhcp_server_move(), and its client has what it had. */
void dhcp_server_move_back(struct dhcp_server *s, const struct dhcp_undo *undo);
/* The commit failed and the reply was not sent: the lease is what it was. */
void dhcp_server_undo(struct dhcp_server *s, const struct dhcp_undo *undo);

/* @mac uses @addr. When another client waits for it, a new address is chosen: as for input(). */
enum dhcp_verdict dhcp_server_conflict(struct dhcp_server *s, be32 addr, const struct mac *mac,
				       msec now, struct dhcp_reply *out);
/* The next OFFER whose probe was not answered in time; call until DHCP_SILENT. */
enum dhcp_verdict dhcp_server_due(struct dhcp_server *s, msec now, struct dhcp_reply *out);
/* Nobody gets @l for a while: a stranger uses its address. */
void dhcp_server_quarantine(struct dhcp_server *s, struct dhcp_lease *l, msec now);
/* When dhcp_server_due() has work; 0: nothing waits. */
msec dhcp_server_deadline(const struct dhcp_server *s);

/* Pin @addr to @who (one reservation each: an older one moves). Commits: in force at once, on disk
 * when the store has it. -EADDRINUSE: another
 * client holds it now or it is reserved for another; -EADDRNOTAVAIL: not an address for guests;
 * -ENOSPC: too many; else the store's error. */
int dhcp_server_reserve(struct dhcp_server *s, be32 addr, const struct dhcp_who *who);
/* End whatever is known of @addr: lease, quarantine and reservation. Commits. -ENOENT. */
int dhcp_server_release(struct dhcp_server *s, be32 addr);
/* The port of this name is gone for good, and the machine behind it: its leases end. Commits; what
 * can't be written ends by itself. */
void dhcp_server_port_gone(struct dhcp_server *s, const char *port, int64_t wall_s);

#endif
