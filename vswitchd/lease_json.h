/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lease_json.h - what a lease of either family says of itself, as JSON. All are new references.
 */
#ifndef VSWITCHD_LEASE_JSON_H
#define VSWITCHD_LEASE_JSON_H

#include <jansson.h>

#include "dhcp/lease.h"

/* @len bytes, of which the first 255 are shown, in hex; null when there are none. */
json_t *lease_hex_json(const uint8_t *b, size_t len);

/* "bound", "offered", "declined", "reserved" or "expired"; a constant. */
const char *lease_state_word(const struct dhcp_lease *l);
/* The identifier by which its client is known, in hex; null: by its MAC address alone. */
json_t *lease_client_json(const struct dhcp_lease *l);
/* The name that the client gave itself, escaped; null: none. */
json_t *lease_hostname_json(const struct dhcp_lease *l);
/* Whom the address is reserved for, as dhcp_who_format() writes it; null: nobody. */
json_t *lease_reserved_json(const struct dhcp_lease *l);
/* Seconds until it ends, a begun one counted whole; 0: it has. */
json_int_t lease_rest_s(const struct dhcp_lease *l, msec now);

#endif
