/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_packets.h - a fuzzer's bytes as packets that meet the translator's tables: addresses and
 * protocols drawn to the few that matter.
 */
#ifndef TESTS_FUZZ_NAT_PACKETS_H
#define TESTS_FUZZ_NAT_PACKETS_H

#include "tests/unit/nat_world.h"

/* What a record is (fuzz_nat.c has the format). */
enum {
	OUTSIDE_IN = 1,
	COMMAND = 2,
	RAW = 4,
	PARTIAL = 8,
	LAST_PORT = 16,
	GSO = 32,
	TO_GATEWAY = 64,
	ARP = 128
};
#define HOST_LEG ip("10.0.2.1")

/* Addresses beside the host's own, of the world's. */
be32 nat_extra_addr(unsigned int i);
/* An end of what passes the gateway, from the host or from a guest: @addr drawn to those there are.
 */
be32 nat_gateway_end(be32 addr, bool from_host, bool src);
/* The packet of the record @what, its @len bytes from @data; with LAST_PORT to @last_port. The
 * caller's. */
struct pkt *nat_packet_build(struct world *w, uint8_t what, const uint8_t *data, uint32_t len,
			     uint16_t last_port);

#endif
