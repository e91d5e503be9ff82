/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.h - the DHCP message on the wire: RFC 2131 2, options of RFC 2132.
 *
 * Pure functions over bytes: nothing here keeps state, allocates or asks for the time. The parser
 * reads a message of any length and content and copies what the server needs out of it, so that
 * nothing points into the packet afterwards. Options may be spread over the option, file and sname
 * fields (option 52) and over several instances (RFC 3396); both are put together here.
 */
#ifndef DHCP_WIRE_H
#define DHCP_WIRE_H

#include "lib/wire.h"

enum { DHCP_PORT_SERVER = 67, DHCP_PORT_CLIENT = 68 };

enum {
	DHCP_HDR_LEN = 240, /* fixed fields and the magic cookie */
	DHCP_LEN_MIN = 300, /* BOOTP's size (RFC 951 3): old clients and relays drop shorter ones */
	DHCP_FRAME_MAX = 1500,
	DHCP_LEN_MAX = 1472, /* longest reply ever built: one Ethernet frame */
	DHCP_SIZE_MIN = 576, /* IP packet that every client takes (RFC 2131 2) */
	DHCP_IP_UDP = 28     /* what option 57 counts beside the message (RFC 2132 9.10) */
};

enum { DHCP_BOOTREQUEST = 1, DHCP_BOOTREPLY = 2, DHCP_HTYPE_ETHER = 1 };
enum { DHCP_COOKIE = 0x63825363, DHCP_FLAG_BROADCAST = 0x8000 };

/* RFC 2132 9.6 */
enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM
};

/* RFC 2132; 77 is RFC 3004, 80 RFC 4039, 82 RFC 3046, 93 RFC 4578, 108 RFC 8925, 118 RFC 3011, 119
 * RFC 3397, 121 RFC 3442, 249 what Windows had before that. */
enum dhcp_opt {
	OPT_PAD = 0,
	OPT_MASK = 1,
	OPT_ROUTER = 3,
	OPT_DNS = 6,
	OPT_HOSTNAME = 12,
	OPT_DOMAIN = 15,
	OPT_MTU = 26,
	OPT_BROADCAST = 28,
	OPT_REQUESTED = 50,
	OPT_LEASE = 51,
	OPT_OVERLOAD = 52,
	OPT_TYPE = 53,
	OPT_SERVER_ID = 54,
	OPT_PARAMS = 55,
	OPT_MESSAGE = 56,
	OPT_MAX_SIZE = 57,
	OPT_T1 = 58,
	OPT_T2 = 59,
	OPT_VENDOR = 60,
	OPT_CLIENT_ID = 61,
	OPT_TFTP = 66,
	OPT_BOOTFILE = 67,
	OPT_USER_CLASS = 77,
	OPT_RAPID_COMMIT = 80,
	OPT_AGENT = 82,
	OPT_ARCH = 93,
	OPT_IPV6_ONLY = 108,
	OPT_SUBNET_SELECTION = 118,
	OPT_SEARCH = 119,
	OPT_ROUTES = 121,
	OPT_MS_ROUTES = 249,
	OPT_END = 255
};

struct dhcp_hdr {
	uint8_t op, htype, hlen, hops;
	be32 xid;
	be16 secs, flags;
	be32 ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16];
	uint8_t sname[64];
	uint8_t file[128];
	be32 cookie;
} WIRE_PACKED;

/* The value of an option whose length varies; len 0: not there. */
struct dhcp_value {
	uint8_t len;
	uint8_t b[255];
};

/* What a relay says in option 82 of the client's link. */
struct dhcp_agent {
	be32 link;	/* RFC 3527: the client's subnet; 0: not given */
	bool has_flags; /* RFC 5010 */
	bool unicast;	/* the client had sent to the server's address */
};

struct dhcp_msg {
	struct dhcp_hdr hdr;
	struct mac mac; /* chaddr: unicast, not zero */
	enum dhcp_type type;
	be32 requested, server_id; /* 0: not given */
	uint32_t lease_s;	   /* 0: not given */
	uint16_t max_size;	   /* 0: not given */
	bool rapid;		   /* RFC 4039 */
	bool has_arch;
	uint16_t arch; /* the first of option 93 */
	struct dhcp_value client_id, hostname, params, agent, vendor, user;
	struct dhcp_agent relay;
};

/*
 * Parse @len bytes at @data into @out.
 * 0; -EBADMSG when malformed (too short, an option runs over the end or has an impossible
 * length); -EPROTO when well-formed but nothing for a DHCP server (a reply, plain BOOTP, not
 * Ethernet, a group address as chaddr). @out is undefined on failure.
 */
int dhcp_parse(const void *data, size_t len, struct dhcp_msg *out);

/*
 * A reply being written. Options fill the option field, then, where the header leaves them free,
 * the file and sname fields (option 52). What fits nowhere is left out whole, never cut.
 */
enum dhcp_area { AREA_OPTIONS, AREA_FILE, AREA_SNAME, DHCP_AREAS };

struct dhcp_writer {
	uint8_t *buf;
	size_t len, max;	 /* of the message with its option field */
	size_t kept;		 /* bytes at the end for what comes last */
	size_t used[DHCP_AREAS]; /* of file and sname */
	bool usable[DHCP_AREAS]; /* file and sname: may hold options */
};

/*
 * Start the reply of @type to @req in @buf: BOOTREPLY, with xid, flags, giaddr and chaddr of the
 * request, and option 53. @max bytes at most are written in all, DHCP_LEN_MIN <= max, of which
 * @kept are for the @last of dhcp_reply_end().
 */
void dhcp_reply_start(struct dhcp_writer *w, void *buf, size_t max, size_t kept,
		      const struct dhcp_msg *req, enum dhcp_type type);
/* The server's name and the boot file's in the header: they are cut off from options then. Text of
 * @len bytes that fits with its NUL; else nothing happens and it is false. Before any option that
 * is not small. */
bool dhcp_put_sname(struct dhcp_writer *w, const void *text, size_t len);
bool dhcp_put_file(struct dhcp_writer *w, const void *text, size_t len);
/* Append an option, split into several when longer than 255 (RFC 3396 5). False when it does not
 * fit (END always will); nothing is then written. */
bool dhcp_put(struct dhcp_writer *w, enum dhcp_opt opt, const void *data, size_t len);
bool dhcp_put_be32(struct dhcp_writer *w, enum dhcp_opt opt, be32 v);
bool dhcp_put_u32(struct dhcp_writer *w, enum dhcp_opt opt, uint32_t v);
/* Append option 52 if it is needed, @last as the last option (len 0: none), END and the padding to
 * DHCP_LEN_MIN; returns the length of the message. */
size_t dhcp_reply_end(struct dhcp_writer *w, enum dhcp_opt opt, const struct dhcp_value *last);

/* Value of option @opt in the option field of message @data, its length in @len_out; NULL when it
 * is not there. For tests and clients; does not put split options together. */
const uint8_t *dhcp_find(const void *data, size_t len, enum dhcp_opt opt, size_t *len_out);

#endif
