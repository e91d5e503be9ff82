/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * singlemac.h - guests behind a NIC that may use one MAC address only.
 *
 * Theory of operation. A wireless access point takes frames from the address that has associated
 * and sends none to others; a switch port with port security does the same. So each frame that a
 * guest sends leaves with the NIC's address as its source, and a table remembers which guest has
 * which IP address, learnt from what guests send. What comes in for the NIC's address goes to the
 * guest that has the IP destination; what is for none of them is the host's own.
 *
 * MAC addresses inside of packets are translated too: the sender's in ARP (RFC 826), the link-layer
 * options of neighbour discovery (RFC 4861 4.6.1; the checksum follows). A DHCP client is made to
 * ask for its answers by broadcast (RFC 2131 4.1), its chaddr and client id stay, so that the
 * server tells guests apart. Anything but ARP, IPv4 and IPv6 can't be translated and is dropped.
 *
 * The table holds SINGLEMAC_ADDRS addresses, at most SINGLEMAC_PER_GUEST for one MAC address (more
 * push out its own oldest), and forgets one that was silent for SINGLEMAC_AGE_MS. Addresses that
 * the host has are never a guest's. No heap after creation, no system call, time is an argument.
 */
#ifndef MODES_BRIDGE_SINGLEMAC_H
#define MODES_BRIDGE_SINGLEMAC_H

#include "lib/clock.h"
#include "lib/drop.h"
#include "lib/pkt.h"
#include "lib/wire.h"

enum {
	SINGLEMAC_ADDRS = 1024,
	SINGLEMAC_PER_GUEST = 16,
	SINGLEMAC_AGE_MS = 300000,
	SINGLEMAC_HOST_ADDRS = 64,
};

/* IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2). */
struct ip_any {
	uint8_t b[16];
};

struct singlemac;

struct singlemac *singlemac_create(const struct mac *nic);
void singlemac_destroy(struct singlemac *s);
/* The addresses of the host itself; those beyond SINGLEMAC_HOST_ADDRS are not protected. */
void singlemac_host_addrs(struct singlemac *s, const struct ip_any *addrs, unsigned int n);
unsigned int singlemac_count(const struct singlemac *s);
/* Different after an address has come or gone. */
unsigned int singlemac_version(const struct singlemac *s);
/* Call @fn for each address in the table. */
void singlemac_each(const struct singlemac *s,
		    void (*fn)(void *ctx, const struct ip_any *addr, const struct mac *mac),
		    void *ctx);
void singlemac_age(struct singlemac *s, msec now);

/* Make @p, which must be writable, fit to leave by the NIC. */
enum drop_reason singlemac_out(struct singlemac *s, struct pkt *p, msec now);
/* Give @p, which came in by the NIC and must be writable, back to its guest. DROP_CONSUMED: it is
 * the host's. */
enum drop_reason singlemac_in(struct singlemac *s, struct pkt *p, msec now);

struct ip_any ip_any4(be32 addr);

#endif
