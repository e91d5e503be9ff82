/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests behind the NIC's one MAC address (singlemac.h): what that needs of the host.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "modes/bridge/bridge.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/host/netlink.h"

bool bridge_is_wireless(const char *ifname)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/phy80211", ifname);
	if (access(path, F_OK) == 0)
		return true;
	snprintf(path, sizeof(path), "/sys/class/net/%s/wireless", ifname);
	return access(path, F_OK) == 0;
}

struct host_addrs {
	struct ip_any addrs[SINGLEMAC_HOST_ADDRS];
	unsigned int n;
};

static void add_host_addr(void *ctx, int ifindex, int family, const void *addr)
{
	struct host_addrs *h = ctx;
	be32 four;

	(void)ifindex;
	if (h->n == SINGLEMAC_HOST_ADDRS)
		return;
	if (family == AF_INET) {
		memcpy(&four, addr, sizeof(four));
		h->addrs[h->n++] = ip_any4(four);
	} else {
		memcpy(h->addrs[h->n++].b, addr, sizeof(h->addrs[0].b));
	}
}

void bridge_single_follow_host(struct bridge *br)
{
	struct host_addrs h = {.n = 0};

	if (!br->single)
		return;
	nl_addr_each(add_host_addr, &h);
	singlemac_host_addrs(br->single, h.addrs, h.n);
}

struct guest_addrs {
	uint8_t addrs[SINGLEMAC_ADDRS][16];
	unsigned int n;
};

static void add_guest_addr(void *ctx, const struct ip_any *addr, const struct mac *mac)
{
	struct guest_addrs *g = ctx;

	(void)mac;
	memcpy(g->addrs[g->n++], addr->b, sizeof(addr->b));
}

/* The NIC's address is the host's too, so its stack gets what is for guests. A host that forwards
 * would send it on, or tell the sender of a better way. */
void bridge_single_tick(struct net *net, msec now)
{
	struct bridge *br = net->mode_state;
	struct guest_addrs g = {.n = 0};
	struct err err = {0};

	if (!br->single)
		return;
	singlemac_age(br->single, now);
	if (br->guarded == singlemac_version(br->single))
		return;
	br->guarded = singlemac_version(br->single);
	singlemac_each(br->single, add_guest_addr, &g);
	if (hostrules_guests_set(br->nic, g.addrs, g.n, &err) < 0)
		log_debug("network %s: %s", net->conf.name, err.text);
}

static enum drop_reason single_out(void *ctx, struct pkt *p, msec now)
{
	return singlemac_out(ctx, p, now);
}

static enum drop_reason single_in(void *ctx, struct pkt *p, msec now)
{
	return singlemac_in(ctx, p, now);
}

int bridge_single_start(struct bridge *br, struct err *err)
{
	br->single = singlemac_create(&br->mac);
	if (!br->single)
		return err_set(err, -ENOMEM, "out of memory");
	bridge_single_follow_host(br);
	br->translate = (struct nic_translate){br->single, single_out, single_in};
	return nic_single_mac(br->port, &br->translate, err);
}

void bridge_single_stop(struct bridge *br)
{
	if (br->single)
		hostrules_guests_set(br->nic, NULL, 0, NULL);
	br->guarded = 0;
	singlemac_destroy(br->single);
	br->single = NULL;
}
