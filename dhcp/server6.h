/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server6.h - the DHCPv6 server of one network, sans I/O: RFC 8415 18.3.
 *
 * Theory of operation. A message and the time go in, at most one reply comes out, as in server.h.
 * Leases are the same thing in both families, so a struct dhcp_server keeps them: the one table,
 * the one rule of who gets which address (pool.h), the one way to disk (store.h), the one place for
 * what people do to them (reserve, release). That server never sees a DHCPv4 message. It knows
 * addresses of 32 bits, which here are *names*: the last 32 bits of an address in the /64, whose
 * other host bits are 0. In the store the network is called "NET/6", which no network can be.
 *
 * A client is its DUID and the IA's IAID, in the form of an RFC 4361 identifier (255, IAID, DUID):
 * a client that sends that in DHCPv4 too is the same client in both families. Where one machine
 * only is behind a port, the port is part of the key as in DHCPv4 (client.h), so that clones get
 * different addresses.
 *
 * Durability. A reply with `durable` set promises something that is in the store's open
 * transaction: commit first, send only when that worked, else take all of `undo` back, newest
 * first.
 *
 * Limits. One address an IA; no temporary addresses and no prefixes (both are refused as RFC 8415
 * has it); no Reconfigure, no authentication.
 */
#ifndef DHCP_SERVER6_H
#define DHCP_SERVER6_H

#include "dhcp/server.h"
#include "dhcp/wire6.h"

enum {
	DHCP6_FIRST = 0xd0001, /* PREFIX::d:1 to PREFIX::d:fffe are given out usually */
	DHCP6_LAST = 0xdfffe,
	DHCP6_DNS_MAX = 3
};

struct dhcp6_conf {
	char net[DHCP_NET_MAX]; /* in the store */
	struct ip_addr prefix;	/* /64 */
	struct mac mac;		/* the server's; makes its DUID */
	uint32_t first, last;	/* names that are given out */
	bool stateful;		/* addresses, too */
	uint32_t lease_s;
	unsigned int n_dns;
	struct ip_addr dns[DHCP6_DNS_MAX];
	const char *search; /* names separated by commas or blanks; NULL: none */
	struct ip_addr ntp; /* zero: none */
	/* The boot file for a client of architecture @arch (-1: not said), @ipxe: whose loader is
	 * iPXE already. Fills @url; false when there is none. NULL: never. */
	bool (*boot)(void *ctx, int arch, bool ipxe, char *url, size_t size);
	void *boot_ctx;
};

/* Everything that is counted. Words for people in dhcp6_count_word(). */
/* clang-format off */
#define DHCP6_COUNTS(X) \
	X(SOLICIT, "solicit") X(REQUEST, "request") X(CONFIRM, "confirm") X(RENEW, "renew") \
	X(REBIND, "rebind") X(RELEASE, "release") X(DECLINE, "decline") \
	X(INFORMATION, "information-request") X(ADVERTISE, "advertise") X(REPLY, "reply") \
	X(MALFORMED, "malformed") X(NOT_FOR_US, "not-for-a-server") X(OTHER_SERVER, "other-server") \
	X(WRONG_NET, "wrong-net") X(NO_BINDING, "no-binding") X(POOL_EXHAUSTED, "pool-exhausted") \
	X(PORT_LIMIT, "port-limit") X(STORE_FAILED, "store-failed") X(REFUSED, "refused")

enum dhcp6_count {
#define X(id, word) DHCP6_N_##id,
	DHCP6_COUNTS(X)
#undef X
	DHCP6_N
};
/* clang-format on */
const char *dhcp6_count_word(enum dhcp6_count c);

/* How a message came in. */
struct dhcp6_rx {
	const void *data; /* the UDP payload */
	size_t len;
	struct mac src;		 /* of the frame: the client, or its relay */
	bool unicast;		 /* sent to our own address */
	uint32_t port;		 /* identity of the switch port; 0: not known */
	const char *at;		 /* its name, when one machine only is behind it, else NULL */
	unsigned int port_limit; /* addresses that such a port may hold; 0: no limit */
};

/* What became of one IA of the message, for people who look on. */
struct dhcp6_outcome {
	unsigned int ia; /* which of the message */
	enum dhcp6_status status;
	be32 name;		  /* given; 0: none */
	enum lease_state was;	  /* of it, or of what is given up */
	enum dhcp_pick pick;	  /* of what is given: why this one */
	enum dhcp6_count refused; /* else: the reason */
};

struct dhcp6_reply {
	enum dhcp6_type type;
	enum dhcp6_status status; /* of the whole message */
	bool to_relay;		  /* to port 547 of the sender, else to 546 */
	bool durable;
	unsigned int n_undo;
	struct dhcp_undo undo[DHCP6_IAS_MAX];
	unsigned int n_outcomes;
	struct dhcp6_outcome outcome[DHCP6_IAS_MAX];
	size_t len;
	uint8_t data[DHCP6_LEN_MAX];
};

struct dhcp6_server {
	struct dhcp6_conf conf;
	struct dhcp_server
		leases; /* dhcp_server_reserve(), _release(), _undo(), _load() work on it */
	uint64_t count[DHCP6_N];
};

/* @conf is copied, its strings borrowed. -ENOMEM. */
int dhcp6_server_init(struct dhcp6_server *s, const struct dhcp6_conf *conf,
		      const struct dhcp_store_ops *store, void *store_ctx, msec now);
void dhcp6_server_fini(struct dhcp6_server *s);

/* Take one message. True: *@out is filled; else only its outcomes are, of what there were. */
bool dhcp6_server_input(struct dhcp6_server *s, const struct dhcp6_rx *rx, msec now, int64_t wall_s,
			struct dhcp6_reply *out);

/* What would a Solicit of the client with the RFC 4361 identifier @id (255, IAID, DUID), that came
 * by @rx, be given? No lease changes; but an address that nobody ever had may get its (empty) entry
 * in the table. */
struct dhcp6_outcome dhcp6_explain(struct dhcp6_server *s, const struct dhcp6_rx *rx,
				   const struct dhcp_value *id, msec now);
/* The RFC 4361 identifier of the client that sent @msg, for its IA with @iaid. */
void dhcp6_client_id(const struct dhcp6_msg *msg, uint32_t iaid, struct dhcp_value *out);

/* The commit failed, or the reply can't be sent: leases are what they were. */
void dhcp6_server_undo(struct dhcp6_server *s, const struct dhcp6_reply *reply);

/* An address and its name. 0: @addr is none that has a name. */
struct ip_addr dhcp6_addr(const struct dhcp6_conf *conf, be32 name);
be32 dhcp6_name(const struct dhcp6_conf *conf, const struct ip_addr *addr);

#endif
