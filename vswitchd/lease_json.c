/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/lease_json.h"

#include "lib/addr.h"
#include "lib/hex.h"

json_t *lease_hex_json(const uint8_t *b, size_t len)
{
	char text[2 * 255 + 1];

	return len ? json_string(hex_format(b, MIN(len, sizeof(text) / 2), text)) : json_null();
}

const char *lease_state_word(const struct dhcp_lease *l)
{
	switch (l->state) {
	case LEASE_BOUND:
		return "bound";
	case LEASE_OFFERED:
		return "offered";
	case LEASE_DECLINED:
		return "declined";
	default:
		return l->reserved.len ? "reserved" : "expired";
	}
}

json_t *lease_client_json(const struct dhcp_lease *l)
{
	size_t len;
	const uint8_t *id = dhcp_key_id(&l->key, &len);

	if (!l->key.len || dhcp_key_kind(&l->key) == DHCP_KEY_MAC)
		return json_null();
	return lease_hex_json(id, len);
}

json_t *lease_hostname_json(const struct dhcp_lease *l)
{
	char text[4 * DHCP_HOSTNAME_KEEP + 1];

	if (!l->hostname_len)
		return json_null();
	return json_string(str_escape(l->hostname, l->hostname_len, text, sizeof(text)));
}

json_t *lease_reserved_json(const struct dhcp_lease *l)
{
	char text[DHCP_WHO_STR];

	return l->reserved.len ? json_string(dhcp_who_format(&l->reserved, text)) : json_null();
}

json_int_t lease_rest_s(const struct dhcp_lease *l, msec now)
{
	return l->expires_ms > now ? (json_int_t)((l->expires_ms - now + 999) / 1000) : 0;
}
