/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port.h - a port of a network's switch, and the carrier that moves its frames.
 *
 * A port belongs to one network and to that network's runner thread; nothing here locks. What
 * carries its frames is a `struct port_ops`, one file each (port_tap.c, port_packet.c,
 * port_dummy.c, port_local.c). The switch knows ports only through this header.
 *
 * Walk of a frame: the runner sees the carrier's fd readable and calls recv, which fills a batch;
 * net_input() (net.h) checks, learns, looks up and puts references on the txq of each port it
 * must leave by; when the whole batch is decided, each port that has something is flushed once by
 * send. A carrier thus sees bursts, and notifies its far end once a burst.
 */
#ifndef VSWITCHD_PORT_H
#define VSWITCHD_PORT_H

#include <ev.h>
#include <jansson.h>

#include "lib/addr.h"
#include "lib/clock.h"
#include "lib/drop.h"
#include "lib/err.h"
#include "lib/gso.h"
#include "lib/pkt.h"
#include "vswitchd/switch/fdb.h"
#include "vswitchd/switch/rates.h"

struct frame_hook;
struct net;
struct port;
struct runner;
struct walk;

enum {
	PORT_NAME_MAX = 63,
	/* How long the far end of a port that moves has no carrier: long enough for the kernel and
	 * a DHCP client to notice (linkwatch tells once a second at most). */
	PORT_REPLUG_MS = 1000,
	PORTS_MAX = 4096 /* ports of one network, those of its mode included */
};

/* What a user or a mode asks for. Strings are borrowed during the call only. */
struct port_conf {
	const char *name;    /* unique in the daemon, e.g. "web.eth0" */
	const char *carrier; /* "tap" (guest side), "hosttap", "netns", "nic", "dummy", "local",
			      * "patch" */
	const char *ifname;  /* interface to make or to use; NULL: made from the name */
	const char *peer;    /* for "patch" and "trunk": name of the port at the other end */
	const char *netns;   /* for "netns": name below /run/netns */
	const char *lab;     /* owner tag, or NULL */
	const char *vm;	     /* guest whose NIC this is, or NULL */
	struct mac mac;	     /* the far end's MAC when known, else zero */
	bool persistent;     /* recorded in the state store and made again after a restart */
};

struct port_stats {
	uint64_t rx_frames, rx_bytes; /* from the far end into the switch */
	uint64_t tx_frames, tx_bytes; /* from the switch to the far end */
	uint64_t rx_gso, tx_gso;      /* of these, super-frames longer than the MTU */
	uint64_t soft_gso, soft_csum; /* super-frames cut, checksums completed in software */
	uint64_t drops[DROP_N];
};

struct port_ops {
	const char *type;
	/* Bits of enum offload that the far end takes undone. */
	unsigned int offloads;
	/* recv takes frames from a queue inside this process; who fills it sets net->injected. */
	bool queues;
	/* Make or attach the OS thing; sets port->fd (or -1) and port->priv. All or nothing. */
	int (*open)(struct port *port, const struct port_conf *conf, struct err *err);
	/* Undo open and free priv. Never blocks (slow kernel work goes to reaper.h). Accepts a
	 * half-opened port. @forget: also remove what would outlive us (persistent taps). */
	void (*close)(struct port *port, bool forget);
	/* Fill @b, giving the packets to the caller. 0, or -EAGAIN when nothing (more) is there, or
	 * another negative errno when the carrier is gone. */
	int (*recv)(struct port *port, struct pkt_batch *b);
	/* Send every packet; takes the references whatever happens and counts tx and drops. */
	void (*send)(struct port *port, struct pkt_batch *b);
	/* Optional: tell the far end about its carrier (cable pulled or back). */
	void (*carrier)(struct port *port, bool up);
	/* Optional: why there is no link to the far end just now; NULL when there is. */
	const char *(*no_link)(const struct port *port);
	/* Optional: give the interface at the far end this MTU. */
	int (*mtu)(struct port *port, uint16_t mtu, struct err *err);
};

struct port {
	char name[PORT_NAME_MAX + 1];
	char ifname[16]; /* our interface on the host, "" when there is none */
	char netns[64];	 /* namespace that holds it, "" for the host's */
	char vm[32], lab[32];
	struct net *net;
	json_t *defaults;		/* of what was set, by settings.c; NULL: nothing was */
	struct port *next, **prev_next; /* in net->ports */
	const struct port_ops *ops;
	void *priv;
	/* What the far end takes undone: ops->offloads, unless open() found that this kernel or
	 * device takes less. */
	unsigned int offloads;
	int fd;
	int ifindex;
	struct ev_io io;
	struct mac mac;	 /* far end's, zero when not known */
	be32 said_addr;	 /* IPv4 address that @mac last claimed by ARP, else 0: shown, never trusted
			  */
	uint16_t leases; /* addresses that DHCP may give behind it; LEASES_ANY; 0: as the network
			  * says */
	unsigned int id; /* unique in the network; flood order */
	uint64_t plug;	 /* unique for ever: one more each time a port comes to a network */
	bool admin_up;	 /* `port up`, `port down` */
	msec replug_ms;	 /* moved: when its far end has a carrier again; 0: it was not moved */
	bool pulled;	 /* by the schedule of its cable (impair.h) */
	bool persistent;
	bool failed; /* the carrier vanished; see fail_text */
	bool queued; /* on the net's list of ports to flush */
	struct port *next_queued;
	struct port *next_named;    /* all ports of the daemon, for port_find() */
	struct fdb_share fdb_share; /* the entries that lead here; only fdb.c looks into it */
	char fail_text[128];
	struct pkt_batch txq;
	struct frame_hook *hooks; /* NULL: nobody watches */
	unsigned int n_groups;	  /* multicast memberships; belongs to snoop.c */
	unsigned int features;	  /* bits of enum port_feature (walk.h) */
	/* Each belongs to the module of its name and is NULL when the port does not use it. */
	struct vlan_port *vlan;
	struct stp_port *stp;
	struct guard *guard;
	struct storm *storm;
	struct impair *impair;
	struct mirror *mirror;
	struct nic *nic;
	struct port_stats stats;
	struct rates rates; /* how fast they grow */
};

/* The carriers there are (port_carriers.c), NULL-terminated. Tests bring their own few. */
extern const struct port_ops *const port_carriers[];
extern const struct port_ops port_tap_ops, port_hosttap_ops, port_netns_ops, port_nic_ops,
	port_dummy_ops, port_local_ops, port_patch_ops, port_member_ops;
/* By name; NULL when there is none such. */
const struct port_ops *port_ops_find(const char *carrier);

/* Make a port and put it on @net, started. On failure nothing is left. The net owns it. */
struct port *port_add(struct net *net, const struct port_conf *conf, struct err *err);
/* Take it off its network (its MACs are forgotten) and free it. @forget as in close. */
void port_del(struct port *port, bool forget);
/* Search all networks. NULL when there is none. */
struct port *port_find(const char *name);

void port_set_admin(struct port *port, bool up);
/* The same by the cable's schedule: the far end sees its carrier go and come. */
void port_pull(struct port *port, bool pulled);
/* Is the far end ours (the NAT gateway, the DHCP server, the host's leg)? Such a port belongs to
 * its network for good, and nobody else may claim its address. */
bool port_is_own(const struct port *port);
/* The link to the far end came or went (ops->no_link() tells which): for carriers. */
void port_link_changed(struct port *port);
/* Why there is no link to the far end; NULL when there is, or when nobody can tell. */
const char *port_no_link(const struct port *port);
/* Move to another network of the same runner; learnt MACs are forgotten on both. The far end sees
 * its cable pulled, and back after PORT_REPLUG_MS, so that it asks for an address again. */
int port_move(struct port *port, struct net *to, struct err *err);
/* Once a second, and more often when the runner is driven by hand. */
void port_tick(struct port *port, msec now);

/* Count a frame that left by @port. For send() of the carriers. */
static inline void port_count_tx(struct port *port, const struct pkt *p)
{
	port->stats.tx_frames++;
	port->stats.tx_bytes += p->len;
	port->stats.tx_gso += pkt_is_gso(p);
}

/* Count a dropped frame and drop the caller's reference to @p (NULL: count only). */
void port_drop(struct port *port, enum drop_reason reason, struct pkt *p);
/* Send @p by @port: through its cable's faults (impair.h), if it has any, then port_transmit().
 * Takes the reference. */
void port_queue(struct port *port, struct pkt *p);
/* The same for a frame that the walk @w lets leave by @port. */
void port_queue_walked(struct port *port, struct pkt *p, const struct walk *w);
/* Queue @p for sending by @port at the end of the burst; takes the reference. Frames that the
 * port's offloads don't cover are cut or completed here. */
void port_transmit(struct port *port, struct pkt *p);
/* Switch bits of port->features on or off. */
static inline void port_feature(struct port *port, unsigned int bits, bool on)
{
	port->features = on ? port->features | bits : port->features & ~bits;
}
/* The carrier is gone (EBADFD, ENODEV, ENETDOWN...): stop watching it, remember why. */
void port_fail(struct port *port, const char *why);

/* The stable JSON of `vnetctl -j port list|show` (doc/vnet-control.7). New reference. */
json_t *port_json(const struct port *port);

/* A name for the kernel interface of @port_name: "vs-" and the name with '.' as '-'; a name that
 * does not fit into 15 bytes is cut and given four hash digits. */
void port_ifname(const char *port_name, char out[16]);
/* Name the port's interface: as @conf says, else after the port. */
void port_set_ifname(struct port *port, const struct port_conf *conf);

/* The port whose interface, in the host's own namespace, is @ifname; NULL when there is none but
 * @except. In port_packet.c. */
struct port *port_by_ifname(const struct runner *r, const char *ifname, const struct port *except);

/* port_local.c: a port whose far end is code in this process (NAT gateway, DHCP server). @input
 * takes each frame (and its reference) that the switch sends there; it gets unfinished checksums
 * and super-frames unless the caller clears port->offloads. port_local_inject() takes @p and makes
 * it arrive from there: right after the burst that is being switched, else before the loop sleeps
 * again (at once when the runner is driven by hand). The port's MAC is pinned: no other port can
 * take it over. */
typedef void port_local_fn(void *ctx, struct pkt *p);
struct port *port_local_add(struct net *net, const char *name, const struct mac *mac,
			    port_local_fn *input, void *ctx, struct err *err);
void port_local_inject(struct port *port, struct pkt *p);

/* port_patch.c: the name of the port at the other end of a "patch". */
const char *port_patch_peer(const struct port *port);

/* port_dummy.c: frames in and out by the control socket and by tests. */
int port_dummy_receive(struct port *port, const void *frame, size_t len,
		       const struct virtio_net_hdr *vnet);
/* Takes out the oldest frame sent to the port; NULL when there is none. Gives the reference. */
struct pkt *port_dummy_sent(struct port *port);

/* port_tap.c: create a tap for a guest and hand out its fd. @ifname is made with a virtio-net
 * header if @vnet_hdr (without one its holder gets frames that fit the MTU and are complete), kept
 * out of the host's IP stack (netlink_tap_isolate()), and lives as long as the returned descriptor.
 * Then add a port with carrier "tap" and this ifname. Negative errno. */
int tap_open_guest(const char *ifname, bool vnet_hdr, struct err *err);

#endif
