/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/host/hostprotos.h"

#include <linux/xfrm.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/ipgre.h>
#include <netlink/route/link/ipip.h>
#include <netlink/route/link/sit.h>

#include "vswitchd/host/hostprotos.h"
#include "vswitchd/host/netlink_int.h"

static void add(struct hostprotos *hp, uint8_t proto, be32 local, be32 remote)
{
	if (hp->n == HOSTPROTOS_MAX)
		hp->more = true;
	else
		hp->at[hp->n++] = (struct hostproto){proto, local, remote};
}

/* ---- sockets --------------------------------------------------------------------------------- */

/* Translated by their ports or identifiers; and IPPROTO_RAW, by which a program only sends. */
static bool is_elsewhere(unsigned int proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_ICMP ||
	       proto >= IPPROTO_RAW;
}

/* A table of /proc/net: addresses as the kernel has them in memory. Of raw sockets the local port
 * is the protocol, else it is @proto. */
static void read_sockets(struct hostprotos *hp, const char *path, unsigned int proto)
{
	FILE *f = fopen(path, "re");
	unsigned int local, remote, port;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*d: %x:%x %x:", &local, &port, &remote) == 3 &&
		    !is_elsewhere(proto ? proto : port))
			add(hp, (uint8_t)(proto ? proto : port), local, remote);
	}
	if (f)
		fclose(f);
}

/* Each association belongs to an endpoint; one that listens may be called by anybody. */
static void read_sctp(struct hostprotos *hp)
{
	FILE *f = fopen("/proc/net/sctp/eps", "re");
	char line[512];

	/* After a line of titles. */
	if (f && fgets(line, sizeof(line), f) && fgets(line, sizeof(line), f))
		add(hp, IPPROTO_SCTP, 0, 0);
	if (f)
		fclose(f);
}

/* ---- tunnels --------------------------------------------------------------------------------- */

static void read_tunnel(struct hostprotos *hp, struct rtnl_link *link)
{
	const char *type = rtnl_link_get_type(link);
	uint32_t local = 0, remote = 0;

	/* The one that comes with each module, gre0 and its like, is down until somebody wants it.
	 */
	if (!type || !(rtnl_link_get_flags(link) & IFF_UP))
		return;
	if (!strcmp(type, "gre") || !strcmp(type, "gretap")) {
		local = rtnl_link_ipgre_get_local(link);
		remote = rtnl_link_ipgre_get_remote(link);
		add(hp, IPPROTO_GRE, local, remote);
	} else if (!strcmp(type, "erspan")) {
		add(hp, IPPROTO_GRE, 0, 0);
	} else if (!strcmp(type, "ipip")) {
		local = rtnl_link_ipip_get_local(link);
		remote = rtnl_link_ipip_get_remote(link);
		add(hp, IPPROTO_IPIP, local, remote);
	} else if (!strcmp(type, "sit")) {
		local = rtnl_link_sit_get_local(link);
		remote = rtnl_link_sit_get_remote(link);
		add(hp, IPPROTO_IPV6, local, remote);
	}
}

static void read_tunnels(struct hostprotos *hp)
{
	struct nl_sock *sk = netlink_sock(NULL);
	struct nl_cache *cache;

	if (!sk || rtnl_link_alloc_cache(sk, AF_UNSPEC, &cache) < 0)
		return;
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o))
		read_tunnel(hp, (struct rtnl_link *)o);
	nl_cache_free(cache);
}

/* ---- IPsec ----------------------------------------------------------------------------------- */

static int sa_cb(struct nl_msg *msg, void *ctx)
{
	const struct nlmsghdr *h = nlmsg_hdr(msg);
	const struct xfrm_usersa_info *sa = nlmsg_data(h);

	if (nlmsg_datalen(h) < (int)sizeof(*sa) || sa->family != AF_INET)
		return NL_OK;
	/* In UDP (RFC 3948) it is UDP to everybody on the way. */
	if (nlmsg_find_attr((struct nlmsghdr *)h, sizeof(*sa), XFRMA_ENCAP))
		return NL_OK;
	/* One of each two ends is the host's own. */
	add(ctx, sa->id.proto, sa->id.daddr.a4, sa->saddr.a4);
	add(ctx, sa->id.proto, sa->saddr.a4, sa->id.daddr.a4);
	return NL_OK;
}

static void read_ipsec(struct hostprotos *hp)
{
	struct nl_sock *sk = nl_socket_alloc();

	if (sk && nl_connect(sk, NETLINK_XFRM) == 0) {
		nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, sa_cb, hp);
		if (nl_send_simple(sk, XFRM_MSG_GETSA, NLM_F_DUMP, NULL, 0) >= 0)
			nl_recvmsgs_default(sk);
	}
	nl_socket_free(sk);
}

/* ---- all of it ------------------------------------------------------------------------------- */

void hostprotos_read(struct hostprotos *hp)
{
	hp->n = 0;
	hp->more = false;
	read_sockets(hp, "/proc/net/raw", 0);
	read_sockets(hp, "/proc/net/udplite", IPPROTO_UDPLITE);
	read_sctp(hp);
	read_tunnels(hp);
	read_ipsec(hp);
}

bool hostprotos_has(const struct hostprotos *hp, uint8_t proto, be32 local, be32 remote)
{
	for (unsigned int i = 0; i < hp->n; i++) {
		const struct hostproto *p = &hp->at[i];

		if (p->proto == proto && (!p->local || p->local == local) &&
		    (!p->remote || p->remote == remote))
			return true;
	}
	return hp->more;
}
