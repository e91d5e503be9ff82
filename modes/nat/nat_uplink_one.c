/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One uplink, of either family: what its interface is, the ports that the host is kept from, and
 * its beginning and end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/runner.h"

/* ---- interfaces ------------------------------------------------------------------------------ */

/* Bare IP packets: tun and WireGuard (NONE), PPP (its header is the driver's), IP in IP, modems
 * (RAWIP), GRE with one far end. */
static enum medium medium_of(unsigned int arphrd, unsigned int flags)
{
	switch (arphrd) {
	case ARPHRD_ETHER:
		return MEDIUM_ETHERNET;
	case ARPHRD_NONE:
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_SIT:
	case ARPHRD_RAWIP:
		return MEDIUM_IP;
	case ARPHRD_IPGRE:
		return flags & IFF_POINTOPOINT ? MEDIUM_IP : MEDIUM_OTHER;
	default:
		return MEDIUM_OTHER;
	}
}

enum medium uplink_link_medium(const char *ifname)
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned int arphrd = ARPHRD_VOID;

	if (fd < 0)
		return MEDIUM_OTHER;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr) == 0)
		arphrd = ifr.ifr_hwaddr.sa_family;
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		ifr.ifr_flags = 0;
	close(fd);
	return medium_of(arphrd, (unsigned short)ifr.ifr_flags);
}

bool uplink_link_is_ours(const struct runner *r, const char *ifname)
{
	for (const struct net *net = r->nets; net; net = net->next) {
		for (const struct port *port = net->ports; port; port = port->next) {
			if (strcmp(port->ifname, ifname) == 0 && !port->netns[0] &&
			    strcmp(port->ops->type, "nic") != 0)
				return true;
		}
	}
	return false;
}

/* ---- life ------------------------------------------------------------------------------------ */

void uplink_tell(struct uplink *up, const char *event, unsigned int ended)
{
	struct ip_addr addr = uplink_addr(up);
	char text[IP_ADDR_STR];

	ip_addr_format(&addr, text);
	log_info("nat: %s, uplink %s with %s, %u flows ended", event, up->ifname, text, ended);
	runner_event(up->runner, event,
		     json_pack("{s:s, s:s, s:i}", "ifname", up->ifname, "address", text, "ended",
			       (int)ended));
}

struct uplink *uplink_create(struct uplinks *u, const char *ifname, int ifindex,
			     const struct ip_addr *addr)
{
	struct uplink *up = calloc(1, sizeof(*up));
	bool four = ip_addr_is4(addr);
	uint64_t seed[2];

	if (!up)
		return NULL;
	up->all = u;
	up->runner = u->runner;
	up->fd = up->arp_fd = -1;
	up->ifindex = ifindex;
	snprintf(up->ifname, sizeof(up->ifname), "%s", ifname);
	random_bytes(seed, sizeof(seed));
	up->ext = nat_ext_create(four ? ip_addr_get4(addr) : 0, u->range.first, u->range.last,
				 NAT_SETTINGS_DEFAULT.hold_ms, seed);
	if (!up->ext) {
		free(up);
		return NULL;
	}
	if (!four)
		up->ext->addr6 = *addr;
	up->ext->ctx = up;
	return up;
}

void uplink_destroy(struct uplink *up)
{
	struct ip_addr addr = uplink_addr(up);

	if (up->n_guards)
		hostrules_guards("delete", up->ifname, &addr, up->guards, up->n_guards, NULL);
	uplink_sock_close(up);
	nat_ext_destroy(up->ext);
	free(up->guards);
	free(up->ports);
	free(up);
}

static int range_push(struct uplink *up, uint16_t first, uint16_t last)
{
	struct port_range *more = realloc(up->guards, (up->n_guards + 1) * sizeof(*up->guards));

	if (!more)
		return -ENOMEM;
	up->guards = more;
	up->guards[up->n_guards++] = (struct port_range){first, last, GUARD_BOTH};
	return 0;
}

/* The ports of the range that the host does not use itself; the others are not handed out. */
static int find_ranges(struct uplink *up, unsigned int *hosts)
{
	struct nat_ext *ext = up->ext;
	struct ip_addr addr = uplink_addr(up);
	uint32_t first = ext->first;
	int rc = 0;

	*hosts = 0;
	for (uint32_t port = first; rc == 0 && port <= ext->last; port++) {
		if (uplink_port_free(NAT_TCP, &addr, (uint16_t)port) &&
		    uplink_port_free(NAT_UDP, &addr, (uint16_t)port))
			continue;
		++*hosts;
		nat_ext_exclude(ext, (uint16_t)port);
		if (port > first)
			rc = range_push(up, (uint16_t)first, (uint16_t)(port - 1));
		first = port + 1;
	}
	if (rc == 0 && first <= ext->last)
		rc = range_push(up, (uint16_t)first, ext->last);
	return rc;
}

/* Keep the host from our ports, but not from those of the range that it uses itself already. What
 * it opens there later is cut off. */
static int guard_range(struct uplink *up, struct err *err)
{
	struct ip_addr addr = uplink_addr(up);
	unsigned int hosts, n;
	int rc = find_ranges(up, &hosts);

	if (rc < 0)
		return err_sys(err, rc, "uplink %s", up->ifname);
	if (hosts)
		log_info(
			"nat: %u of ports %u to %u of %s are in use by the host and stay the host's",
			hosts, up->ext->first, up->ext->last, up->ifname);
	/* Only what is guarded is there to be undone. */
	n = up->n_guards;
	up->n_guards = 0;
	if (n)
		rc = hostrules_guards("add", up->ifname, &addr, up->guards, n, err);
	if (rc == 0)
		up->n_guards = n;
	return rc;
}

int uplink_start(struct uplink *up,
		 void (*readable)(struct ev_loop *loop, struct ev_io *w, int revents),
		 struct err *err)
{
	struct runner *r = up->runner;
	int rc = 0;

	up->raw = uplink_link_medium(up->ifname) == MEDIUM_IP;
	if (!up->raw)
		rc = nl_link_mac_get(up->ifname, &up->mac);
	if (rc < 0)
		return err_sys(err, rc, "interface %s", up->ifname);
	rc = guard_range(up, err);
	if (rc == 0)
		rc = uplink_sock_open(up, err);
	if (rc == 0 && r->loop) {
		ev_io_init(&up->io, readable, up->fd, EV_READ);
		up->io.data = up;
		ev_io_start(r->loop, &up->io);
	}
	return rc;
}
