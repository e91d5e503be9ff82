/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet sockets: what "tap" and "nic" (port_nic.c) share, and "tap", the switch's side of a
 * guest's tap.
 *
 * Theory of operation. With PACKET_VNET_HDR each frame comes and goes with its virtio-net header,
 * so that super-frames and unfinished checksums cross in both directions; what the device below
 * can't do itself the kernel does in software when we send. PACKET_IGNORE_OUTGOING keeps from us
 * what we or the host send out of the interface. The kernel takes VLAN tags out of the frame
 * before a packet socket sees it; PACKET_AUXDATA tells the tag and it is put back.
 *
 * "tap": whoever has the tap's descriptor (vnet-vmm, QEMU) is the far end. The interface is kept
 * from the host's stack by a classifier that runs after packet sockets.
 *
 * The interface may vanish (ENETDOWN or ENXIO, and its index names nothing any more): the port has
 * failed. One that is only down costs the frames sent meanwhile; the kernel hooks the socket up
 * again by itself when it comes back.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/tag.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/carrier/packet.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/host/reaper.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/carrier/tap.h"

enum {
	VNET_HDR = sizeof(struct virtio_net_hdr),
	/* A burst of super-frames (64 KiB each, and as much again in the kernel's accounting). */
	RCVBUF = 16 << 20,
	SNDBUF = 16 << 20,
};

struct port *port_by_ifname(const struct runner *r, const char *ifname, const struct port *except)
{
	for (const struct net *n = r->nets; n; n = n->next)
		for (struct port *p = n->ports; p; p = p->next)
			if (p != except && !p->netns[0] && strcmp(p->ifname, ifname) == 0)
				return p;
	return NULL;
}

/* The kernel takes what is sent to a tap that nobody has opened, or to a NIC without a cable, and
 * drops it without a word. So the link is asked for, but not for each burst. */
struct packet_port {
	msec asked_ms;
	bool running;
};

enum { LINK_ASK_MS = 100 };

/* ---- opening ------------------------------------------------------------------------------ */

static int sock_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* A buffer size: by force with CAP_NET_ADMIN in the first user namespace, else what rmem_max and
 * wmem_max allow. */
static void sock_buffer(int fd, int force, int plain, int size)
{
	if (sock_set(fd, SOL_SOCKET, force, size) < 0)
		sock_set(fd, SOL_SOCKET, plain, size);
}

/* UDP super-frames are in the kernel's virtio-net header since Linux 6.2; a packet socket has no
 * way to ask. */
static bool kernel_has_uso(void)
{
	struct utsname u;
	unsigned int major = 0, minor = 0;

	return uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 2));
}

int packet_socket(struct err *err)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return err_sys(err, -errno, "packet socket (needs CAP_NET_RAW)");
	rc = sock_set(fd, SOL_PACKET, PACKET_VNET_HDR, 1);
	if (rc == 0)
		rc = sock_set(fd, SOL_PACKET, PACKET_AUXDATA, 1);
	if (rc == 0)
		rc = sock_set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	if (rc < 0) {
		close(fd);
		return err_sys(err, rc, "packet socket");
	}
	sock_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, RCVBUF);
	sock_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, SNDBUF);
	return fd;
}

int packet_bind(struct port *port, struct err *err)
{
	struct sockaddr_ll sll = {.sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = port->ifindex};

	port->priv = calloc(1, sizeof(struct packet_port));
	if (!port->priv)
		return err_set(err, -ENOMEM, "out of memory");
	if (bind(port->fd, (struct sockaddr *)&sll, sizeof(sll)) < 0)
		return err_sys(err, -errno, "packet socket on %s", port->ifname);
	port->offloads = OFFLOAD_ALL & (kernel_has_uso() ? ~0u : ~(unsigned int)OFFLOAD_USO);
	return 0;
}

void packet_close(struct port *port)
{
	reaper_close(port->fd);
	port->fd = -1;
	free(port->priv);
	port->priv = NULL;
}

int packet_check_free(const struct port *port, struct err *err)
{
	const struct port *other = port_by_ifname(port->net->runner, port->ifname, port);

	if (!other)
		return 0;
	return err_set(err, -EBUSY, "interface %s is in use by port %s of network %s", port->ifname,
		       other->name, other->net->conf.name);
}

/* A guest of ours has its tap already; for anybody else one is made here, to be opened by name. */
static int guest_tap_ready(const struct port *port, struct err *err)
{
	if (!port->vm[0])
		return tap_make_named(port->ifname, port->name, err);
	if (!nl_ifindex(port->ifname))
		return err_set(err, -ENODEV, "tap %s of guest %s is gone", port->ifname, port->vm);
	return 0;
}

static int guest_attach(struct port *port, struct err *err)
{
	int rc = 0;

	if (port->net->conf.mtu)
		rc = nl_link_mtu(port->ifname, port->net->conf.mtu, err);
	if (rc < 0)
		return rc;
	port->ifindex = nl_ifindex_there(port->ifname);
	nl_link_noqueue(port->ifindex);
	port->fd = packet_socket(err);
	return port->fd < 0 ? port->fd : packet_bind(port, err);
}

static void guest_close(struct port *port, bool forget)
{
	packet_close(port);
	/* A guest's tap lives by the descriptor that its process holds; one that was made to be
	 * opened by name lives until now. */
	if (forget && !port->failed && !port->vm[0])
		reaper_link_del(port->ifname);
}

static int guest_open(struct port *port, const struct port_conf *conf, struct err *err)
{
	int rc;

	port->fd = -1;
	port_set_ifname(port, conf);
	port->mac = conf->mac;
	rc = packet_check_free(port, err);
	if (rc == 0)
		rc = guest_tap_ready(port, err);
	if (rc < 0)
		return rc;
	rc = guest_attach(port, err);
	if (rc < 0)
		guest_close(port, true);
	return rc;
}

/* ---- receiving ---------------------------------------------------------------------------- */

union aux_buf {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
};

struct rx_slots {
	struct mmsghdr msg[PKT_BATCH_MAX];
	struct iovec iov[PKT_BATCH_MAX][2];
	union aux_buf aux[PKT_BATCH_MAX];
	struct pkt *pkt[PKT_BATCH_MAX];
};

static unsigned int rx_prepare(struct port *port, struct rx_slots *s)
{
	unsigned int n;

	for (n = 0; n < PKT_BATCH_MAX; n++) {
		struct pkt *p = pkt_alloc(port->net->runner->pool);

		if (!p)
			break;
		s->pkt[n] = p;
		s->iov[n][0] = (struct iovec){&p->vnet, VNET_HDR};
		s->iov[n][1] = (struct iovec){p->data, PKT_FRAME_MAX - TAG_LEN};
		s->msg[n].msg_hdr = (struct msghdr){.msg_iov = s->iov[n],
						    .msg_iovlen = 2,
						    .msg_control = &s->aux[n],
						    .msg_controllen = sizeof(s->aux[n])};
	}
	return n;
}

static const struct tpacket_auxdata *aux_of(struct msghdr *hdr)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(hdr);

	if (c && c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA &&
	    c->cmsg_len >= CMSG_LEN(sizeof(struct tpacket_auxdata)))
		return (const struct tpacket_auxdata *)(void *)CMSG_DATA(c);
	return NULL;
}

/* Put the 802.1Q tag back that the kernel took out. A fresh packet has room for it. */
static void vlan_restore(struct pkt *p, const struct tpacket_auxdata *aux)
{
	bool told = aux->tp_status & TP_STATUS_VLAN_TPID_VALID;

	tag_push(&p, told ? aux->tp_vlan_tpid : ETHERTYPE_CTAG, aux->tp_vlan_tci);
}

/* One received frame goes to the batch or is dropped with its reason. */
static void rx_take(struct port *port, struct mmsghdr *m, struct pkt *p, struct pkt_batch *b)
{
	const struct tpacket_auxdata *aux = aux_of(&m->msg_hdr);

	if (m->msg_hdr.msg_flags & MSG_TRUNC) {
		port_drop(port, DROP_TOO_BIG, p);
		return;
	}
	if (m->msg_len < VNET_HDR + ETH_HLEN_) {
		port_drop(port, DROP_RUNT, p);
		return;
	}
	p->len = m->msg_len - VNET_HDR;
	if (aux && (aux->tp_status & TP_STATUS_VLAN_VALID))
		vlan_restore(p, aux);
	pkt_batch_add(b, p);
}

/* Count what the kernel threw away because our receive buffer was full (reading clears it). */
static void rx_count_lost(struct port *port)
{
	struct tpacket_stats st;
	socklen_t len = sizeof(st);

	if (getsockopt(port->fd, SOL_PACKET, PACKET_STATISTICS, &st, &len) == 0)
		port->stats.drops[DROP_QUEUE_FULL] += st.tp_drops;
}

static bool ifindex_exists(const struct port *port)
{
	struct ifreq ifr = {.ifr_ifindex = port->ifindex};

	return ioctl(port->fd, SIOCGIFNAME, &ifr) == 0;
}

/* What an error of recvmmsg(2) means for the port. */
static int rx_error(struct port *port, int error)
{
	switch (error) {
	case EINTR:
		return -EAGAIN;
	case EINVAL: /* an offload that the header can't express; the frame is gone */
		port_drop(port, DROP_GSO_UNSUPPORTED, NULL);
		return -EAGAIN;
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		return -EAGAIN;
	}
	if (ifindex_exists(port))
		return -EAGAIN;
	port_fail(port, "its interface was removed");
	return -ENODEV;
}

/* No buffer is free: take a frame from the queue all the same, or the loop would spin on it. */
static int rx_discard(struct port *port)
{
	char some[64];

	if (recv(port->fd, some, sizeof(some), MSG_DONTWAIT) < 0)
		return rx_error(port, errno);
	port_drop(port, DROP_NO_BUFFER, NULL);
	return -EAGAIN;
}

int packet_recv(struct port *port, struct pkt_batch *b)
{
	struct rx_slots s;
	unsigned int n = rx_prepare(port, &s), i = 0;
	int got, rc = 0;

	if (n == 0)
		return rx_discard(port);
	got = recvmmsg(port->fd, s.msg, n, MSG_DONTWAIT, NULL);
	if (got < 0)
		rc = rx_error(port, errno);
	else if ((unsigned int)got < n)
		rc = -EAGAIN; /* with what there was */
	if (got > 0)
		((struct packet_port *)port->priv)->running = true;
	for (; (int)i < got; i++)
		rx_take(port, &s.msg[i], s.pkt[i], b);
	/* Only a queue that had this much in it can have overflowed. */
	if (got == PKT_BATCH_MAX)
		rx_count_lost(port);
	/* Backwards: the next call shall get the same buffers, which are in the cache. */
	while (n > i)
		pkt_put(s.pkt[--n]);
	return rc;
}

/* ---- sending ------------------------------------------------------------------------------ */

struct tx_slots {
	struct mmsghdr msg[PKT_BATCH_MAX];
	struct iovec iov[PKT_BATCH_MAX][2];
};

static void tx_sent(struct port *port, struct pkt *p)
{
	port_count_tx(port, p);
	pkt_put(p);
}

/* Frame @p was refused with @error. */
static void tx_refused(struct port *port, struct pkt *p, int error)
{
	switch (error) {
	case EAGAIN:
	case ENOBUFS:
		port_drop(port, DROP_QUEUE_FULL, p);
		return;
	case EMSGSIZE:
		port_drop(port, DROP_TOO_BIG, p);
		return;
	case ENETDOWN:
		port_drop(port, DROP_LINK_DOWN, p);
		return;
	}
	port_drop(port, DROP_SEND_ERROR, p);
	if ((error == ENXIO || error == ENODEV) && !ifindex_exists(port))
		port_fail(port, "its interface was removed");
}

static bool link_is_running(struct port *port)
{
	struct packet_port *pp = port->priv;
	msec now = port->net->runner->now;
	struct ifreq ifr = {0};

	if (pp->asked_ms && now - pp->asked_ms < LINK_ASK_MS)
		return pp->running;
	pp->asked_ms = now;
	memcpy(ifr.ifr_name, port->ifname, sizeof(port->ifname));
	/* A name that is gone is for the send to find out. */
	pp->running = ioctl(port->fd, SIOCGIFFLAGS, &ifr) < 0 || (ifr.ifr_flags & IFF_RUNNING);
	return pp->running;
}

void packet_send(struct port *port, struct pkt_batch *b)
{
	struct tx_slots s;
	unsigned int done = 0;

	for (; done < b->n && !link_is_running(port); done++)
		port_drop(port, DROP_LINK_DOWN, b->pkts[done]);
	for (unsigned int i = done; i < b->n; i++) {
		struct pkt *p = b->pkts[i];

		s.iov[i][0] = (struct iovec){&p->vnet, VNET_HDR};
		s.iov[i][1] = (struct iovec){p->data, p->len};
		s.msg[i].msg_hdr = (struct msghdr){.msg_iov = s.iov[i], .msg_iovlen = 2};
	}
	while (done < b->n) {
		int sent = sendmmsg(port->fd, s.msg + done, b->n - done, MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			tx_refused(port, b->pkts[done++], errno);
		for (int i = 0; i < sent; i++)
			tx_sent(port, b->pkts[done++]);
	}
	b->n = 0;
}

static int guest_mtu(struct port *port, uint16_t mtu, struct err *err)
{
	return nl_link_mtu(port->ifname, mtu, err);
}

const struct port_ops port_tap_ops = {
	.mtu = guest_mtu,
	.type = "tap",
	.offloads = OFFLOAD_ALL,
	.open = guest_open,
	.close = guest_close,
	.recv = packet_recv,
	.send = packet_send,
};
