/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nic_filter.h - which frames of a bridged NIC the kernel shall show us: a classic BPF program.
 *
 * From the wire: multicast, broadcast, and unicast that is not for the host itself; where guests
 * have no MAC address of their own there (@single), only unicast that is for the host. Sent by the
 * host: multicast, broadcast, and unicast to the addresses in a list, the guests'; all that the
 * host otherwise sends, however much, costs one look at four bytes and is never copied.
 */
#ifndef VSWITCHD_NIC_FILTER_H
#define VSWITCHD_NIC_FILTER_H

#include <linux/filter.h>

#include "lib/wire.h"

enum {
	NIC_GUESTS_MAX = 512, /* more than that: everything that the host sends is looked at */
	NIC_FILTER_MAX = 2 * NIC_GUESTS_MAX + 16,
};

/* Addresses that are behind the switch, as far as the NIC must know them. Zero at first. */
struct nic_guests {
	unsigned int n;
	bool overflow; /* there are more than fit */
	struct mac macs[NIC_GUESTS_MAX];
};

/* False when it was there already. */
bool nic_guests_add(struct nic_guests *guests, const struct mac *mac);

/* Write the program for a NIC whose own address is @host. Returns its length. Only the last four
 * bytes of the guests' addresses are compared: what comes in by mistake is dropped later. */
unsigned int nic_filter_build(struct sock_filter prog[NIC_FILTER_MAX], const struct mac *host,
			      bool single, const struct nic_guests *guests);

#endif
