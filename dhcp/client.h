/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client.h - who a client is: the key that its lease is kept under, and the names by which people
 * mean it.
 *
 * RFC 2131 4.2 tells clients apart by client identifier, else by hardware address. Copies of one
 * disk all send the same identifier, so where one machine only can be behind a port (a guest's NIC,
 * a namespace), the port's name is part of the key: clones on different ports are different
 * clients. Names outlive a restart, so the key does.
 */
#ifndef DHCP_CLIENT_H
#define DHCP_CLIENT_H

#include "dhcp/wire.h"

enum {
	DHCP_KEY_ID_MAX = 63, /* bytes of identifier kept; longer ones as a beginning and a hash */
	DHCP_KEY_MAX = 1 + 8 + DHCP_KEY_ID_MAX
};

/* b[0] is the kind, then comes the port's mark if the kind says so, then the MAC or identifier. */
struct dhcp_key {
	uint8_t len; /* 0: no client */
	uint8_t b[DHCP_KEY_MAX];
};

enum { DHCP_KEY_MAC = 0, DHCP_KEY_ID = 1, DHCP_KEY_LONG_ID = 2, DHCP_KEY_AT_PORT = 0x80 };

/* What stands for the port of this name in keys. Never 0, which is "no port"; NULL gives 0. */
uint64_t dhcp_where(const char *port);

struct dhcp_key dhcp_key_of(const struct dhcp_msg *msg, uint64_t where);
bool dhcp_key_equal(const struct dhcp_key *a, const struct dhcp_key *b);
/* The port's mark in @key; 0: none. */
uint64_t dhcp_key_where(const struct dhcp_key *key);
/* Kind (without the port) and MAC or identifier in @key: what it says of the machine itself. */
uint8_t dhcp_key_kind(const struct dhcp_key *key);
const uint8_t *dhcp_key_id(const struct dhcp_key *key, size_t *len);
/* The same machine, as far as it can tell itself; the port may be another. */
bool dhcp_key_same_id(const struct dhcp_key *a, const struct dhcp_key *b);

/* Who sent a message. */
struct dhcp_client {
	struct dhcp_key key;
	struct mac mac;
	const char *port; /* name, when one machine only is behind it, else NULL; borrowed */
};

struct dhcp_client dhcp_client_of(const struct dhcp_msg *msg, const char *port);

/*
 * Whom an address is reserved for or an option is set for. b[0] is the kind: odd, so that it is
 * never taken for the beginning of a unicast MAC address.
 */
enum { DHCP_WHO_MAC = 1, DHCP_WHO_ID = 3, DHCP_WHO_PORT = 5 };
enum { DHCP_WHO_MAX = 1 + DHCP_KEY_ID_MAX, DHCP_WHO_STR = 4 + 2 * DHCP_KEY_ID_MAX };

struct dhcp_who {
	uint8_t len; /* 0: nobody */
	uint8_t b[DHCP_WHO_MAX];
};

struct dhcp_who dhcp_who_mac(const struct mac *mac);
/* The client identifier or the port of a client; nobody when it has none. */
struct dhcp_who dhcp_who_id(const struct dhcp_key *key);
struct dhcp_who dhcp_who_port(const char *port);
/*
 * "52:54:00:00:00:01"; "id:ff0102" (2 bytes at least, in hex); "web:1", the guest "web" and the
 * number of its NIC; "web" for "web:0"; "web.eth1", the port of a NIC; "port:p1", any port. None of
 * them need be there. 0 or -EINVAL.
 */
int dhcp_who_parse(const char *text, struct dhcp_who *out);
/* The same way back: MAC, "id:...", "web.eth1" or "port:...". */
char *dhcp_who_format(const struct dhcp_who *who, char buf[static DHCP_WHO_STR]);
bool dhcp_who_equal(const struct dhcp_who *a, const struct dhcp_who *b);
/* Is it the client with this key and hardware address? */
bool dhcp_who_is(const struct dhcp_who *who, const struct dhcp_key *key, const struct mac *mac);

#endif
