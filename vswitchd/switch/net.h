/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net.h - a network: a learning switch, its ports, and the mode that gives it meaning.
 *
 * The switch knows no mode. A mode (mode.h) plugs its own ports in when the network starts and may
 * look at frames on their way in. All of a network belongs to one runner.
 */
#ifndef VSWITCHD_NET_H
#define VSWITCHD_NET_H

#include <jansson.h>

#include "lib/addr.h"
#include "lib/clock.h"
#include "lib/due.h"
#include "lib/err.h"
#include "lib/ipaddr.h"
#include "lib/pkt.h"
#include "vswitchd/switch/fdb.h"
#include "vswitchd/switch/learn.h"

struct frame_hook;
struct mode_ops;
struct netdhcp;
struct netdns;
struct netprobe;
struct nettftp;
struct netsix;
struct port;
struct runner;
struct station;

/* An IPv6 prefix of 64 bits. */
struct ip6_net {
	bool given;
	uint8_t prefix[8];
};

/* How guests get IPv6 addresses in subnet6. UNSET is the mode's way and ON the usual one (SLAAC):
 * check() puts another in their place. */
enum net_ipv6 { IPV6_UNSET, IPV6_OFF, IPV6_ON, IPV6_SLAAC, IPV6_STATELESS, IPV6_STATEFUL };
extern const char *const net_ipv6_words[];
/* By word; -EINVAL. */
int net_ipv6_parse(const char *word, enum net_ipv6 *out);

/* Whom the network's name server asks for names that it does not know: the mode's way; there is no
 * name server; nobody; the host's resolvers; those in addr[]. */
enum net_dns_way { NET_DNS_UNSET, NET_DNS_OFF, NET_DNS_OWN, NET_DNS_HOST, NET_DNS_LIST };
enum { NET_DNS_MAX = 3 };
struct net_dns {
	enum net_dns_way way;
	unsigned int n;
	struct ip_addr addr[NET_DNS_MAX];
};
/* "off", "own", "host", or up to three addresses with commas between. -EINVAL. */
#define NET_DNS_TEXT "off, own, host or up to three addresses with commas between"
int net_dns_parse(const char *text, struct net_dns *out);
char *net_dns_format(const struct net_dns *dns, char *text, size_t size);

/* AUTO: single-mac on a wireless NIC, else plain. */
enum net_uplink { UPLINK_AUTO, UPLINK_PLAIN, UPLINK_SINGLE_MAC };

/* Settings of `net add`. Zero means "not given"; the mode's check() fills defaults in. */
struct net_conf {
	char name[NAME_MAX_ + 1];
	const struct mode_ops *mode;
	char lab[NAME_MAX_ + 1];  /* owner tag, "" when none */
	struct ip4_prefix subnet; /* plen 0: none */
	be32 gateway;		  /* address of the mode's own gateway (NAT: .2); 0: none */
	be32 host;		  /* address of the host's leg (.1); 0: none */
	bool host_off;		  /* nat: the host has no leg, so any number may have a subnet */
	struct ip6_net subnet6;	  /* the host's leg is ::1 there */
	enum net_ipv6 ipv6;
	be32 dhcp_server; /* address of the DHCP server (.254); 0: none */
	bool dhcp_given;  /* the user said dhcp=... */
	bool dhcp;
	be32 dhcp_first, dhcp_last;
	be32 dhcp_router; /* option 3; 0: the mode's default */
	struct net_dns dns;
	/* Worked out from dns (netdns.h): option 6, and the same by IPv6; 0: none. */
	be32 dhcp_dns;
	struct ip_addr dns6;
	const json_t *dhcp_rules;   /* netdhcp_rules.h; borrowed while the network starts */
	char domain[NAME_MAX_ + 6]; /* what guests complete names with: "NET.vnet"; "": nothing */
	uint32_t lease_s;	    /* 0: 3600 */
	char nic[16];		    /* bridge: the NIC, or "auto" */
	char via[16];		    /* bridge: a bridge of the host's to join instead */
	enum net_uplink uplink;	    /* bridge: how many MAC addresses may be seen outside */
	uint16_t vlan;		    /* LAN segment: its id on trunks of segments; 0: none */
	uint16_t mtu;		    /* 0: 1500 */
};

struct net {
	struct net_conf conf;
	json_t *defaults; /* of what was set, by settings.c; NULL: nothing was */
	struct runner *runner;
	struct net *next;		 /* in the runner's list */
	struct port *ports, **ports_end; /* in the order in which they came */
	struct port *queued;		 /* ports with frames to flush */
	bool switching;			 /* inside net_input() or net_flush() */
	bool injected; /* a port->ops->queues has frames that wait to be switched */
	unsigned int n_ports, next_port_id;
	unsigned int n_vlan;	/* ports that are access or trunk: above 0 VLANs are kept apart */
	struct learn_told told; /* learn.c */
	struct due ageing;	/* learn.c: the next step of ageing */
	unsigned int storms;	/* ports with a storm (storm.c) */
	unsigned int monitors;	/* ports that mirror others (mirror.c) */
	struct fdb *fdb;
	void *mode_state;
	struct frame_hook *hooks; /* watch.h; NULL: nobody watches */
	struct frame_hook *pair_hooks;
	struct stp *stp;	   /* stp.c */
	const struct mac *own_mac; /* the bridge's, that no port may use; NULL: no bridge */
	struct snoop *snoop;	   /* snoop.c; NULL: multicast is flooded */
	bool hub;		   /* repeats every frame to every port, learns nothing */
	struct station *station;   /* station.h; NULL: no service is on it */
	struct netdhcp *dhcp;	   /* NULL when the network serves no DHCP */
	struct netsix *six;	   /* netsix.h; NULL when it serves no IPv6 */
	/* Whose lease is @addr? False when nobody has it. *@port_id is port->id + 1, 0 when not
	 * known. Set with dhcp. */
	bool (*leased)(const struct net *net, be32 addr, struct mac *mac, unsigned int *port_id);
	/* Why @addr is not free to choose: the server gives it out, or it is the network's own, of
	 * a further subnet too. A clause; NULL: it is free. Set with dhcp. */
	const char *(*claims)(const struct net *net, be32 addr);
	/* Which of its further subnets on the wire overlaps @p? NULL: none. Set with dhcp. */
	const struct ip4_prefix *(*further)(const struct net *net, struct ip4_prefix p);
	struct nettftp *tftp;	/* nettftp.h; NULL: it gives no files */
	struct netdns *dns;	/* NULL: the network has no name server */
	struct netprobe *probe; /* netprobe.h; NULL: it has none */
	/* A service that looks at frames for the network's own ports (gateway, station) before they
	 * do. True: it took @p. NULL: there is none. */
	bool (*service)(struct net *net, struct port *port, struct pkt *p);
	/* A lease is in force, to a client that calls itself @host. NULL: nobody wants to know. */
	void (*lease_told)(struct net *net, be32 addr, const struct mac *mac, const uint8_t *host,
			   size_t len);
	uint16_t port_leases; /* addresses that DHCP may give behind a guest's port; LEASES_ANY; 0:
			       * the usual number */
	unsigned int listeners; /* ports that are shown others' unicast (guard.h) */
	uint64_t floods;	/* frames sent to all ports */
};

/* For struct net's port_leases and struct port's leases. */
enum { LEASES_MAX = 1024, LEASES_ANY = UINT16_MAX };

enum { NET_MTU_MIN = 576, NET_MTU_MAX = 65520, NET_MTU_DEFAULT = 1500 };

static inline uint16_t net_mtu(const struct net *net)
{
	return net->conf.mtu ? net->conf.mtu : NET_MTU_DEFAULT;
}
/* Another MTU: the far ends that we can tell are told (port_ops.mtu), the switch drops what is
 * longer. All ports or none. */
int net_set_mtu(struct net *net, uint16_t mtu, struct err *err);

/* Make and start a network. On failure nothing is left. The runner owns it. */
struct net *net_add(struct runner *r, const struct net_conf *conf, struct err *err);
/* Stop and free it with all its ports. @forget as in port_del(). */
void net_del(struct net *net, bool forget);
struct net *net_find(struct runner *r, const char *name);

/* Switch a batch that came in by @from (walk.h), then flush every port that got something. Takes
 * the packets. */
void net_input(struct net *net, struct port *from, struct pkt_batch *b);
/* Frames of another network, or of nobody's, came to queues of this one: it is flushed when what is
 * being switched now has been. For carriers that join networks. */
void net_wake(struct net *net);
/* Flush queued ports (and what that makes arrive from local ports) until nothing is left. */
void net_flush(struct net *net);

/* Parse the settings of a `net.add` request. Unknown keys and bad values are errors that name the
 * key. */
int net_conf_parse(const json_t *params, struct net_conf *conf, struct err *err);
/* Is @name one of those settings? */
bool net_conf_key(const char *name);
/* The stable JSON of `vnetctl -j net list|show`. New reference. */
json_t *net_json(const struct net *net);
/* Default frame length limit: MTU + Ethernet header + one VLAN tag. */
static inline uint32_t net_frame_max(const struct net *net)
{
	return net_mtu(net) + 18u;
}

#endif
