/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nic.h - what a mode may tell and ask a "nic" port (port_nic.c).
 */
#ifndef VSWITCHD_NIC_H
#define VSWITCHD_NIC_H

#include "lib/clock.h"
#include "lib/drop.h"
#include "lib/err.h"
#include "lib/wire.h"

struct pkt;
struct port;

/* What a mode does to each frame on its way out of the NIC (not to the host) and in from it. Both
 * get a writable frame; anything but DROP_NONE drops it: CONSUMED without counting. */
struct nic_translate {
	void *ctx;
	enum drop_reason (*out)(void *ctx, struct pkt *p, msec now);
	enum drop_reason (*in)(void *ctx, struct pkt *p, msec now);
};

/* Use the NIC with one MAC address only, its own: it is not promiscuous, and frames that come in
 * for that address pass @how (borrowed), too. */
int nic_single_mac(struct port *nic, const struct nic_translate *how, struct err *err);

/* Give the host a place on the network behind @nic, by the NIC itself: what guests send to the
 * host's address, and broadcasts, arrives in the host's stack, and what the host sends to guests
 * comes in by @nic. Where the kernel can't do it, guests and host don't hear each other and
 * nic_host_reason() says why. */
void nic_host_join(struct port *nic);
/* Is @ifname the interface by which it is done? */
bool nic_owns_link(const struct port *nic, const char *ifname);
/* NULL: the host and the guests reach each other. */
const char *nic_host_reason(const struct port *nic);

/* @mac is behind the switch: frames that the host sends to it are wanted. Cheap when known. */
void nic_guest_seen(struct port *nic, const struct mac *mac);
/* Forget all guests; those that are still there shall be named again. */
void nic_guests_clear(struct port *nic);
/* Once a second. */
void nic_tick(struct port *nic, msec now);

#endif
