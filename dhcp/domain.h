/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domain.h - domain names on the wire as RFC 1035 3.1 has them, without compression: what router
 * advertisements (RFC 8106 5.2) and DHCPv6 (RFC 8415 10) carry.
 */
#ifndef DHCP_DOMAIN_H
#define DHCP_DOMAIN_H

#include "lib/types.h"

/* The names of @list, separated by commas or blanks, one behind the other. Returns how many bytes
 * were written; 0 when @list is empty, makes no sense (labels of 1 to 63 bytes, names of at most
 * 255) or does not fit into @size. */
size_t domain_list_build(const char *list, uint8_t *out, size_t size);
/* The first label of the name at @data, of @len bytes, into @out (NUL-terminated). Returns its
 * length; 0 when there is none or it holds bytes that no host name has. */
size_t domain_first_label(const uint8_t *data, size_t len, char out[static 64]);

#endif
