/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What port forwards want of uplinks: that they are open before anybody inside has spoken, and that
 * ports beside the range reach us and not the host.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/host/netlink.h"

struct open_for {
	struct uplinks *u;
	const struct ip_addr *addr;
	unsigned int n;
	void (*fn)(void *ctx, struct nat_ext *ext, const char *ifname);
	void *ctx;
};

/* Can @ifname be a way out at all? */
static bool is_way_out(const struct uplinks *u, const char *ifname)
{
	return !uplink_link_is_ours(u->runner, ifname) && nl_link_is_up(ifname) &&
	       uplink_link_medium(ifname) != MEDIUM_OTHER;
}

static void open_one(struct open_for *o, const char *ifname, int ifindex,
		     const struct ip_addr *addr)
{
	struct uplink *up;

	if (!ip_addr_is_zero(o->addr) && !ip_addr_equal(addr, o->addr))
		return;
	up = uplink_find(o->u, ifindex, addr);
	if (!up)
		up = uplink_open(o->u, ifname, ifindex, addr);
	if (!up)
		return;
	o->n++;
	o->fn(o->ctx, up->ext, ifname);
}

static void open_link(void *ctx, const char *ifname, const char *alias)
{
	struct open_for *o = ctx;
	struct ip4_prefix first;
	struct ip_addr addr;
	int ifindex = nl_ifindex(ifname);

	(void)alias;
	if (!ifindex || !is_way_out(o->u, ifname) || nl_addr_first(ifname, &first) < 0)
		return;
	addr = ip_addr_from4(first.addr);
	open_one(o, ifname, ifindex, &addr);
}

static void open_addr6(void *ctx, int ifindex, int family, const void *bytes)
{
	struct open_for *o = ctx;
	char ifname[IF_NAMESIZE];
	struct ip_addr addr;

	if (family != AF_INET6)
		return;
	memcpy(addr.b, bytes, sizeof(addr.b));
	if (uplinks_is_source(o->u, &addr) && if_indextoname((unsigned int)ifindex, ifname) &&
	    is_way_out(o->u, ifname))
		open_one(o, ifname, ifindex, &addr);
}

unsigned int uplinks_open_for(struct uplinks *u, const struct ip_addr *addr,
			      void (*fn)(void *ctx, struct nat_ext *ext, const char *ifname),
			      void *ctx)
{
	struct open_for o = {u, addr, 0, fn, ctx};

	if (ip_addr_is4(addr))
		nl_link_each(open_link, &o);
	else
		nl_addr_each(open_addr6, &o);
	return o.n;
}

int uplinks_ports_open(struct nat_ext *ext, unsigned int protos, uint16_t first, uint16_t last,
		       struct err *err)
{
	struct uplink *up = uplink_of(ext);
	struct ip_addr addr = uplink_addr(up);
	struct port_range *more;
	int rc;

	/* Those of the range are ours already. */
	if (first >= ext->first && last <= ext->last)
		return 0;
	if (last >= ext->first && first <= ext->last)
		return err_set(err, -EINVAL,
			       "ports %u to %u are only partly of those that are translated (%u to "
			       "%u): make two forwards",
			       first, last, ext->first, ext->last);
	more = realloc(up->ports, (up->n_ports + 1) * sizeof(*up->ports));
	if (!more)
		return err_sys(err, -ENOMEM, "ports of %s", up->ifname);
	up->ports = more;
	rc = hostrules_guard_add(up->ifname, &addr, protos, first, last, err);
	if (rc < 0)
		return rc;
	up->ports[up->n_ports++] = (struct port_range){first, last, protos};
	rc = uplink_sock_filter(up, err);
	if (rc < 0)
		uplinks_ports_close(ext, protos, first, last);
	return rc;
}

void uplinks_ports_close(struct nat_ext *ext, unsigned int protos, uint16_t first, uint16_t last)
{
	struct uplink *up = uplink_of(ext);
	struct ip_addr addr = uplink_addr(up);

	for (unsigned int i = 0; i < up->n_ports; i++) {
		struct port_range *r = &up->ports[i];

		if (r->first != first || r->last != last || r->protos != protos)
			continue;
		*r = up->ports[--up->n_ports];
		hostrules_guard_del(up->ifname, &addr, protos, first, last);
		uplink_sock_filter(up, NULL);
		return;
	}
}
