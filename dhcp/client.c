/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"
#include "lib/hash.h"
#include "lib/hex.h"

/* These hashes need no secret: whoever can make two identifiers collide could as well send the same
 * one twice, and people name the ports. They must be the same after a restart. */
static const struct hash_key fixed[] = {{1, 2}, {3, 4}, {5, 6}};

enum { WHERE_LEN = sizeof(uint64_t), PORT_NAME = 63 };

/* ---- keys ------------------------------------------------------------------------------------ */

uint64_t dhcp_where(const char *port)
{
	uint64_t h;

	if (!port || !port[0])
		return 0;
	h = hash_bytes(&fixed[2], port, strlen(port));
	return h ? h : 1;
}

static void key_put(struct dhcp_key *key, const void *data, size_t len)
{
	memcpy(key->b + key->len, data, len);
	key->len = (uint8_t)(key->len + len);
}

static void put_long_id(struct dhcp_key *key, const struct dhcp_value *id)
{
	key_put(key, id->b, DHCP_KEY_ID_MAX - 2 * sizeof(uint64_t));
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t h = hash_bytes(&fixed[i], id->b, id->len);

		key_put(key, &h, sizeof(h));
	}
}

struct dhcp_key dhcp_key_of(const struct dhcp_msg *msg, uint64_t where)
{
	const struct dhcp_value *id = &msg->client_id;
	struct dhcp_key key = {.len = 1};

	key.b[0] = id->len > DHCP_KEY_ID_MAX ? DHCP_KEY_LONG_ID
		   : id->len		     ? DHCP_KEY_ID
					     : DHCP_KEY_MAC;
	if (where) {
		key.b[0] |= DHCP_KEY_AT_PORT;
		key_put(&key, &where, sizeof(where));
	}
	if (id->len > DHCP_KEY_ID_MAX)
		put_long_id(&key, id);
	else if (id->len)
		key_put(&key, id->b, id->len);
	else
		key_put(&key, &msg->mac, sizeof(msg->mac));
	return key;
}

bool dhcp_key_equal(const struct dhcp_key *a, const struct dhcp_key *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

/* Keys come from a file, too: one that is too short for its mark has none. */
static bool has_where(const struct dhcp_key *key)
{
	return key->len > 1 + WHERE_LEN && key->b[0] & DHCP_KEY_AT_PORT;
}

uint64_t dhcp_key_where(const struct dhcp_key *key)
{
	uint64_t where = 0;

	if (has_where(key))
		memcpy(&where, key->b + 1, sizeof(where));
	return where;
}

uint8_t dhcp_key_kind(const struct dhcp_key *key)
{
	return key->b[0] & (uint8_t)~DHCP_KEY_AT_PORT;
}

const uint8_t *dhcp_key_id(const struct dhcp_key *key, size_t *len)
{
	size_t head = has_where(key) ? 1 + WHERE_LEN : 1;

	*len = key->len > head ? key->len - head : 0;
	return key->b + head;
}

bool dhcp_key_same_id(const struct dhcp_key *a, const struct dhcp_key *b)
{
	size_t n, m;
	const uint8_t *p = dhcp_key_id(a, &n), *q = dhcp_key_id(b, &m);

	return dhcp_key_kind(a) == dhcp_key_kind(b) && n == m && memcmp(p, q, n) == 0;
}

struct dhcp_client dhcp_client_of(const struct dhcp_msg *msg, const char *port)
{
	return (struct dhcp_client){
		.key = dhcp_key_of(msg, dhcp_where(port)), .mac = msg->mac, .port = port};
}

/* ---- who ------------------------------------------------------------------------------------- */

static struct dhcp_who who_of(uint8_t kind, const void *data, size_t len)
{
	struct dhcp_who who = {.len = (uint8_t)(1 + len), .b = {kind}};

	memcpy(who.b + 1, data, len);
	return who;
}

struct dhcp_who dhcp_who_mac(const struct mac *mac)
{
	return who_of(DHCP_WHO_MAC, mac, sizeof(*mac));
}

struct dhcp_who dhcp_who_id(const struct dhcp_key *key)
{
	size_t len;
	const uint8_t *id = dhcp_key_id(key, &len);

	if (dhcp_key_kind(key) != DHCP_KEY_ID || len > DHCP_KEY_ID_MAX)
		return (struct dhcp_who){0};
	return who_of(DHCP_WHO_ID, id, len);
}

struct dhcp_who dhcp_who_port(const char *port)
{
	return port ? who_of(DHCP_WHO_PORT, port, strnlen(port, PORT_NAME)) : (struct dhcp_who){0};
}

static int parse_id(const char *hex, struct dhcp_who *out)
{
	uint8_t id[DHCP_KEY_ID_MAX];
	size_t n = strlen(hex);

	/* RFC 2132 9.14: two bytes at least. */
	if (n % 2 || n < 4 || n / 2 > sizeof(id))
		return -EINVAL;
	for (size_t i = 0; i < n / 2; i++) {
		int b = hex_byte(hex + 2 * i);

		if (b < 0)
			return -EINVAL;
		id[i] = (uint8_t)b;
	}
	*out = who_of(DHCP_WHO_ID, id, n / 2);
	return 0;
}

/* Is it "GUEST.ethN", the port of a guest's NIC? */
static bool is_nic(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && !strncmp(dot, ".eth", 4) && dot[4] && !dot[4 + strspn(dot + 4, "0123456789")];
}

/* "web", "web:1", "web.eth1" or "port:p1". */
static int parse_port(const char *text, struct dhcp_who *out)
{
	bool named = !strncmp(text, "port:", 5);
	const char *colon = named ? NULL : strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	char name[PORT_NAME + 8], port[PORT_NAME + 16];

	if (n >= sizeof(name) || (colon && (colon[1] < '0' || colon[1] > '9' || colon[2])))
		return -EINVAL;
	memcpy(name, text, n);
	name[n] = '\0';
	if (named || (!colon && is_nic(name)))
		snprintf(port, sizeof(port), "%s", named ? name + 5 : name);
	else
		snprintf(port, sizeof(port), "%s.eth%c", name, colon ? colon[1] : '0');
	if (!name_valid_max(port, PORT_NAME))
		return -EINVAL;
	*out = dhcp_who_port(port);
	return 0;
}

int dhcp_who_parse(const char *text, struct dhcp_who *out)
{
	struct mac mac;

	if (mac_parse(text, &mac) == 0) {
		if (mac_is_multicast(&mac) || mac_is_zero(&mac))
			return -EINVAL;
		*out = dhcp_who_mac(&mac);
		return 0;
	}
	return strncmp(text, "id:", 3) == 0 ? parse_id(text + 3, out) : parse_port(text, out);
}

char *dhcp_who_format(const struct dhcp_who *who, char buf[static DHCP_WHO_STR])
{
	struct mac mac;

	buf[0] = '\0';
	if (who->len == 1 + sizeof(mac) && who->b[0] == DHCP_WHO_MAC) {
		memcpy(&mac, who->b + 1, sizeof(mac));
		mac_format(&mac, buf);
	} else if (who->len && who->b[0] == DHCP_WHO_PORT) {
		char name[DHCP_WHO_MAX];

		str_escape(who->b + 1, who->len - 1u, name, sizeof(name));
		snprintf(buf, DHCP_WHO_STR, "%s%s", is_nic(name) ? "" : "port:", name);
	} else if (who->len && who->b[0] == DHCP_WHO_ID) {
		memcpy(buf, "id:", 3);
		hex_format(who->b + 1, who->len - 1u, buf + 3);
	}
	return buf;
}

bool dhcp_who_equal(const struct dhcp_who *a, const struct dhcp_who *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

/* A lease that was read back knows its port by the mark only. */
static bool is_at(const struct dhcp_who *who, const struct dhcp_key *key)
{
	char port[DHCP_WHO_MAX] = "";

	memcpy(port, who->b + 1, who->len - 1u);
	return dhcp_where(port) == dhcp_key_where(key);
}

bool dhcp_who_is(const struct dhcp_who *who, const struct dhcp_key *key, const struct mac *mac)
{
	struct dhcp_who other;

	if (!who->len)
		return false;
	if (who->b[0] == DHCP_WHO_PORT)
		return is_at(who, key);
	other = who->b[0] == DHCP_WHO_MAC ? dhcp_who_mac(mac) : dhcp_who_id(key);
	return dhcp_who_equal(who, &other);
}
