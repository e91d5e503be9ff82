/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "nic": a physical interface by a packet socket (port_packet.c).
 *
 * Promiscuous for as long as the socket lives, so that frames to guests' MAC addresses come in and
 * nothing is left behind by a crash; with a filter (nic_filter.h) that lets pass what may concern
 * a guest. The filter is attached before the socket is bound: no frame passes unfiltered. The
 * NIC's own settings are the host's and are left alone.
 *
 * The host has its place on the same cable. When the mode asks for it (nic_host_join()), frames to
 * the host's address go to its stack (nichost.h) and not out of the NIC, broadcasts go both ways,
 * and frames that the host sends to guests are taken from the socket as they leave; the kernel
 * never shows us those that we send ourselves. So the switch has one port for the cable with all
 * that is on it, the host included.
 *
 * The guests' addresses are in the filter. It is changed as soon as one is new, but a guest that
 * makes addresses up costs no more than FILTER_CHANGES changes a second; the rest waits for the
 * tick.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/log.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/carrier/nic.h"
#include "vswitchd/carrier/nic_filter.h"
#include "vswitchd/carrier/nichost.h"
#include "vswitchd/carrier/packet.h"
#include "vswitchd/switch/runner.h"

enum { FILTER_CHANGES = 32 };

struct nic {
	struct mac mac;
	struct nichost host;
	bool joined;			 /* the host is reached */
	bool again;			 /* and if not, it is worth another try */
	char reason[ERR_TEXT_MAX];	 /* why it can't be */
	const struct nic_translate *how; /* NULL: guests have their own addresses */
	struct nic_guests guests;
	unsigned int changes; /* of the filter since the last tick */
	bool stale;	      /* the filter lacks a guest */
};

/* ---- the filter --------------------------------------------------------------------------- */

static int filter_attach(struct port *port, struct err *err)
{
	struct sock_filter prog[NIC_FILTER_MAX];
	struct sock_fprog fprog = {.filter = prog};

	fprog.len = (unsigned short)nic_filter_build(prog, &port->nic->mac, port->nic->how,
						     &port->nic->guests);
	if (setsockopt(port->fd, SOL_SOCKET, SO_ATTACH_FILTER, &fprog, sizeof(fprog)) < 0)
		return err_sys(err, -errno, "%s: attach a packet filter", port->ifname);
	port->nic->stale = false;
	return 0;
}

static void filter_change(struct port *port)
{
	port->nic->stale = true;
	if (!port->nic->joined || port->nic->changes++ >= FILTER_CHANGES)
		return;
	/* Without memory for it the old filter stays, and the tick tries again. */
	filter_attach(port, NULL);
}

void nic_guest_seen(struct port *port, const struct mac *mac)
{
	if (port->nic && nic_guests_add(&port->nic->guests, mac))
		filter_change(port);
}

void nic_guests_clear(struct port *port)
{
	if (!port->nic)
		return;
	port->nic->guests.n = 0;
	port->nic->guests.overflow = false;
	port->nic->stale = true;
}

void nic_tick(struct port *port, msec now)
{
	(void)now;
	if (!port->nic)
		return;
	port->nic->changes = 0;
	if (port->nic->again)
		nic_host_join(port);
	if (port->nic->stale && port->nic->joined)
		filter_attach(port, NULL);
}

/* ---- the host's place --------------------------------------------------------------------- */

static int host_join(struct port *port, struct err *err)
{
	struct nic *nic = port->nic;
	char ifname[16];
	int off = 0, rc;

	port_ifname(port->name, ifname);
	rc = nichost_open(&nic->host, ifname, port->name, port->ifindex, &nic->mac, err);
	if (rc == 0 &&
	    setsockopt(port->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &off, sizeof(off)) < 0)
		rc = err_sys(err, -errno, "%s: see what the host sends", port->ifname);
	if (rc < 0)
		nichost_close(&nic->host);
	return rc;
}

void nic_host_join(struct port *port)
{
	struct nic *nic = port->nic;
	struct err err = {0};
	int rc = host_join(port, &err);

	nic->joined = rc == 0;
	/* The kernel may still be closing the tap of the port that was here before. */
	nic->again = rc == -EBUSY || rc == -EEXIST;
	if (rc < 0 && !nic->again && strcmp(nic->reason, err.text) != 0)
		log_warn("network %s: host and guests do not hear each other: %s",
			 port->net->conf.name, err.text);
	snprintf(nic->reason, sizeof(nic->reason), "%s", err.text);
}

bool nic_owns_link(const struct port *port, const char *ifname)
{
	char own[16];

	port_ifname(port->name, own);
	return port->nic && port->nic->joined && strcmp(own, ifname) == 0;
}

const char *nic_host_reason(const struct port *port)
{
	if (!port->nic)
		return "there is no NIC";
	return port->nic->joined ? NULL : port->nic->reason;
}

/* ---- opening ------------------------------------------------------------------------------ */

static int nic_promiscuous(struct port *port, bool on, struct err *err)
{
	struct packet_mreq mreq = {.mr_ifindex = port->ifindex, .mr_type = PACKET_MR_PROMISC};

	if (setsockopt(port->fd, SOL_PACKET, on ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP,
		       &mreq, sizeof(mreq)) < 0)
		return err_sys(err, -errno, "%s: promiscuous mode", port->ifname);
	return 0;
}

/* Is it an Ethernet device that is not the loopback? */
static int nic_check(int fd, const char *ifname, struct err *err)
{
	struct ifreq ifr = {0};

	memcpy(ifr.ifr_name, ifname, strnlen(ifname, IFNAMSIZ - 1));
	if (ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		return err_sys(err, -errno, "interface %s", ifname);
	if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return err_set(err, -EINVAL, "interface %s does not carry Ethernet", ifname);
	return 0;
}

static int nic_attach(struct port *port, struct err *err)
{
	int rc = nic_check(port->fd, port->ifname, err);

	if (rc < 0)
		return rc;
	rc = nl_link_mac_get(port->ifname, &port->nic->mac);
	if (rc < 0)
		return err_sys(err, rc, "interface %s", port->ifname);
	rc = filter_attach(port, err);
	if (rc == 0)
		rc = packet_bind(port, err);
	return rc ? rc : nic_promiscuous(port, true, err);
}

int nic_single_mac(struct port *port, const struct nic_translate *how, struct err *err)
{
	struct packet_mreq mreq = {.mr_ifindex = port->ifindex, .mr_type = PACKET_MR_ALLMULTI};
	int rc = nic_promiscuous(port, false, err);

	/* Neighbour discovery goes to multicast groups that the host has not joined. */
	if (rc == 0 &&
	    setsockopt(port->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) < 0)
		rc = err_sys(err, -errno, "%s: receive all multicast", port->ifname);
	if (rc < 0)
		return rc;
	port->nic->how = how;
	return filter_attach(port, err);
}

static void nic_close(struct port *port, bool forget)
{
	(void)forget;
	if (port->nic)
		nichost_close(&port->nic->host);
	free(port->nic);
	port->nic = NULL;
	packet_close(port);
}

static int nic_open(struct port *port, const struct port_conf *conf, struct err *err)
{
	int rc;

	port->fd = -1;
	if (!conf->ifname || !conf->ifname[0])
		return err_set(err, -EINVAL, "which NIC? Say nic=IFNAME");
	snprintf(port->ifname, sizeof(port->ifname), "%s", conf->ifname);
	port->ifindex = nl_ifindex(port->ifname);
	if (!port->ifindex)
		return err_set(err, -ENODEV, "there is no interface %s", port->ifname);
	rc = packet_check_free(port, err);
	if (rc < 0)
		return rc;
	port->nic = calloc(1, sizeof(*port->nic));
	if (!port->nic)
		return err_set(err, -ENOMEM, "out of memory");
	port->nic->host.fd = -1;
	port->fd = packet_socket(err);
	rc = port->fd < 0 ? port->fd : nic_attach(port, err);
	if (rc < 0)
		nic_close(port, true);
	return rc;
}

/* ---- frames ------------------------------------------------------------------------------- */

/* What the mode has to do to @p; NULL: dropped. */
static struct pkt *translate(struct port *port, struct pkt *p,
			     enum drop_reason (*fn)(void *ctx, struct pkt *p, msec now))
{
	enum drop_reason reason;

	p = pkt_writable(p);
	if (!p) {
		port_drop(port, DROP_NO_BUFFER, NULL);
		return NULL;
	}
	reason = fn(port->nic->how->ctx, p, port->net->runner->now);
	if (reason == DROP_NONE)
		return p;
	if (reason == DROP_CONSUMED)
		pkt_put(p);
	else
		port_drop(port, reason, p);
	return NULL;
}

static int nic_recv(struct port *port, struct pkt_batch *b)
{
	const struct nic_translate *how = port->nic->how;
	int rc = packet_recv(port, b);
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		struct pkt *p = b->pkts[i];

		if (nichost_is_echo(&port->nic->host, p, port->net->runner->now)) {
			pkt_put(p);
			continue;
		}
		if (how)
			p = translate(port, p, how->in);
		if (p)
			b->pkts[n++] = p;
	}
	b->n = n;
	if (rc == -EAGAIN)
		nichost_drained(&port->nic->host, port->net->runner->now);
	return rc;
}

/* Give the host its own. True when the frame has no other receiver. */
static bool host_takes(struct port *port, struct pkt *p)
{
	const struct eth_hdr *eth = (const void *)p->data;
	enum drop_reason reason;

	if (!nichost_wants(&port->nic->host, &eth->dst))
		return false;
	reason = nichost_write(&port->nic->host, p, port->net->runner->now);
	if (reason != DROP_NONE)
		port_drop(port, reason, NULL);
	if (mac_is_multicast(&eth->dst))
		return false;
	if (reason == DROP_NONE)
		port_count_tx(port, p);
	return true;
}

static void nic_send(struct port *port, struct pkt_batch *b)
{
	const struct nic_translate *how = port->nic->how;
	unsigned int n = 0;

	for (unsigned int i = 0; i < b->n; i++) {
		struct pkt *p = b->pkts[i];

		if (host_takes(port, p)) {
			pkt_put(p);
			continue;
		}
		if (how)
			p = translate(port, p, how->out);
		if (p)
			b->pkts[n++] = p;
	}
	b->n = n;
	if (n)
		packet_send(port, b);
}

const struct port_ops port_nic_ops = {
	.type = "nic",
	.offloads = OFFLOAD_ALL,
	.open = nic_open,
	.close = nic_close,
	.recv = nic_recv,
	.send = nic_send,
};
