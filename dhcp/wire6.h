/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire6.h - DHCPv6 messages: bytes to structure and back (RFC 8415 8, 9, 21).
 *
 * Pure. A parsed message borrows from the bytes it was parsed from.
 */
#ifndef DHCP_WIRE6_H
#define DHCP_WIRE6_H

#include "lib/ipaddr.h"

enum { DHCP6_PORT_CLIENT = 546, DHCP6_PORT_SERVER = 547 };

enum dhcp6_type {
	DHCP6_SOLICIT = 1,
	DHCP6_ADVERTISE,
	DHCP6_REQUEST,
	DHCP6_CONFIRM,
	DHCP6_RENEW,
	DHCP6_REBIND,
	DHCP6_REPLY,
	DHCP6_RELEASE,
	DHCP6_DECLINE,
	DHCP6_RECONFIGURE,
	DHCP6_INFORMATION_REQUEST,
	DHCP6_RELAY_FORW,
	DHCP6_RELAY_REPL
};

/* RFC 8415 21; 3319 and later where noted. */
enum dhcp6_opt {
	OPT6_CLIENTID = 1,
	OPT6_SERVERID = 2,
	OPT6_IA_NA = 3,
	OPT6_IA_TA = 4,
	OPT6_IAADDR = 5,
	OPT6_ORO = 6,
	OPT6_RELAY_MSG = 9,
	OPT6_STATUS = 13,
	OPT6_RAPID_COMMIT = 14,
	OPT6_USER_CLASS = 15,
	OPT6_INTERFACE_ID = 18,
	OPT6_DNS = 23,	  /* RFC 3646 */
	OPT6_SEARCH = 24, /* RFC 3646 */
	OPT6_IA_PD = 25,
	OPT6_REFRESH_TIME = 32,
	OPT6_FQDN = 39,		/* RFC 4704 */
	OPT6_NTP = 56,		/* RFC 5908 */
	OPT6_BOOTFILE_URL = 59, /* RFC 5970 */
	OPT6_CLIENT_ARCH = 61,	/* RFC 5970 */
	OPT6_CLIENT_LL = 79,	/* RFC 6939 */
	OPT6_SOL_MAX_RT = 82,
	OPT6_INF_MAX_RT = 83
};

/* RFC 8415 21.13 */
enum dhcp6_status {
	STATUS6_SUCCESS,
	STATUS6_UNSPEC_FAIL,
	STATUS6_NO_ADDRS,
	STATUS6_NO_BINDING,
	STATUS6_NOT_ON_LINK,
	STATUS6_USE_MULTICAST,
	STATUS6_NO_PREFIX
};
/* "NoAddrsAvail"; NULL for success and for what the RFC does not name. A constant. */
const char *dhcp6_status_word(unsigned int status);

enum {
	DHCP6_DUID_MAX = 130, /* RFC 8415 11.1 */
	DHCP6_IAS_MAX = 8,    /* of one message; more are not answered */
	DHCP6_ADDRS_MAX = 4,  /* of one IA */
	DHCP6_RELAYS_MAX = 4, /* nested; RFC 8415 7.6 has 8 as a bound */
	DHCP6_LEN_MAX = 1232  /* of what we send: 1280 less the headers */
};

/* Some bytes of a message. len 0: not there. */
struct dhcp6_blob {
	const uint8_t *b;
	uint16_t len;
};

struct dhcp6_ia {
	uint16_t type; /* OPT6_IA_NA, _TA or _PD */
	uint32_t iaid;
	unsigned int n_addrs;
	struct ip_addr addrs[DHCP6_ADDRS_MAX]; /* of IA_NA and IA_TA */
};

struct dhcp6_relay {
	uint8_t hops;
	struct ip_addr link, peer;
	struct dhcp6_blob interface_id;
};

struct dhcp6_msg {
	enum dhcp6_type type;
	uint8_t xid[3];
	struct dhcp6_blob client_id, server_id, oro, fqdn, user_class;
	bool rapid_commit;
	int arch; /* RFC 5970 3.3; -1: not said */
	unsigned int n_ias;
	struct dhcp6_ia ias[DHCP6_IAS_MAX];
	unsigned int n_relays; /* outermost first */
	struct dhcp6_relay relays[DHCP6_RELAYS_MAX];
	bool has_ll; /* a relay told the client's link-layer address */
	struct mac ll;
};

/* 0; -EBADMSG when malformed; -EPROTO when well-formed but nothing for a server. */
int dhcp6_parse(const void *data, size_t len, struct dhcp6_msg *out);
/* Does the client ask for option @opt? */
bool dhcp6_wants(const struct dhcp6_msg *msg, enum dhcp6_opt opt);

/* A message being written; once something did not fit, `full` stays set. */
struct dhcp6_writer {
	uint8_t *buf;
	size_t len, max;
	bool full;
};

void dhcp6_put(struct dhcp6_writer *w, const void *data, size_t len);
void dhcp6_put_u32(struct dhcp6_writer *w, uint32_t v);
/* An option whose value comes between the two. Returns what end() wants. */
size_t dhcp6_begin(struct dhcp6_writer *w, enum dhcp6_opt opt);
void dhcp6_end(struct dhcp6_writer *w, size_t at);
void dhcp6_option(struct dhcp6_writer *w, enum dhcp6_opt opt, const void *data, size_t len);
void dhcp6_put_status(struct dhcp6_writer *w, enum dhcp6_status status, const char *text);
/* The headers of relays, outermost first, down to where the answer to @msg begins; @open gets what
 * close() wants (RFC 8415 19.3). */
void dhcp6_relays_open(struct dhcp6_writer *w, const struct dhcp6_msg *msg,
		       size_t open[static DHCP6_RELAYS_MAX]);
void dhcp6_relays_close(struct dhcp6_writer *w, const struct dhcp6_msg *msg,
			const size_t open[static DHCP6_RELAYS_MAX]);

/* Value of the first option @opt among the options at @data; NULL when it is not there. For tests.
 */
const uint8_t *dhcp6_find(const uint8_t *data, size_t len, enum dhcp6_opt opt, size_t *len_out);

#endif
