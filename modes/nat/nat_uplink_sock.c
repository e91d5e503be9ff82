/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_uplink_int.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vswitchd/host/hostrules.h"
#include "vswitchd/host/pcapfilter.h"
#include "vswitchd/host/reaper.h"

enum {
	VNET_HDR = sizeof(struct virtio_net_hdr),
	/* Bursts of super-frames: 64 KiB each, and as much again in the kernel's accounting. */
	SOCK_BUF = 16 << 20,
	READS_PER_TURN = 4,
	FILTER_PORTS = 64, /* ranges, each some 8 instructions of at most 4,096 */
};

/* ---- opening --------------------------------------------------------------------------------- */

/* The ports of ours, in pcap's words: " or (tcp and dst portrange 80-80)" for each forward. Of many
 * the filter would be longer than a socket's may be; then all is looked at. */
static void print_ports(FILE *f, const struct uplink *up)
{
	if (up->n_ports > FILTER_PORTS) {
		fprintf(f, "(tcp or udp)");
		return;
	}
	fprintf(f, "((tcp or udp) and dst portrange %u-%u)", up->ext->first, up->ext->last);
	for (unsigned int i = 0; i < up->n_ports; i++) {
		const struct port_range *r = &up->ports[i];

		fprintf(f, " or (%s and dst portrange %u-%u)",
			r->protos == GUARD_TCP	 ? "tcp"
			: r->protos == GUARD_UDP ? "udp"
						 : "(tcp or udp)",
			r->first, r->last);
	}
}

/* What may concern a guest. Later fragments have no ports, so all for us pass (of IPv4 all other
 * protocols while a guest has any, and all for addresses that are only ours); neither has what is
 * behind an extension header of IPv6 (RFC 8200 4: hop-by-hop, routing, fragment, destination). */
static void print_filter(FILE *f, const struct uplink *up)
{
	struct ip_addr own = uplink_addr(up);
	char text[IP_ADDR_STR];

	if (!up->raw)
		fprintf(f, "ether dst %s and ", mac_format(&up->mac, text));
	ip_addr_format(&own, text);
	if (uplink_is6(up))
		fprintf(f,
			"(ip6 dst %s and (ip6[6] == 58 or ip6[6] == 0 or ip6[6] == 43 or ip6[6] == "
			"44 or ip6[6] == 60 or ",
			text);
	else
		fprintf(f, "(ip dst %s and (icmp or (ip[6:2] & 0x1fff != 0 and (tcp or udp)) or %s",
			text, up->n_pairs ? "not (tcp or udp or icmp) or " : "");
	print_ports(f, up);
	fprintf(f, ")");
	for (const struct extra *x = up->extras; x; x = x->next)
		fprintf(f, " or ip dst %s", ip4_format(x->ext->addr, text));
	fprintf(f, ")");
}

/* The caller frees it. NULL when memory is short. */
static char *filter_text(const struct uplink *up)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	print_filter(f, up);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

int uplink_sock_filter(struct uplink *up, struct err *err)
{
	char *text = filter_text(up);
	struct bpf_program prog = {0};
	struct sock_fprog fprog;
	int rc = text ? 0 : err_sys(err, -ENOMEM, "filter for %s", up->ifname);

	if (rc == 0)
		rc = pcapfilter_compile(text, up->raw ? DLT_RAW : DLT_EN10MB, PKT_FRAME_MAX, &prog,
					err);
	free(text);
	if (rc < 0)
		return rc;
	/* Classic BPF as BSD and Linux know it: the two structures are the same. */
	fprog.len = (unsigned short)prog.bf_len;
	fprog.filter = (struct sock_filter *)(void *)prog.bf_insns;
	if (setsockopt(up->fd, SOL_SOCKET, SO_ATTACH_FILTER, &fprog, sizeof(fprog)) < 0)
		rc = err_sys(err, -errno, "attach a filter on %s", up->ifname);
	pcapfilter_free(&prog);
	return rc;
}

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* By force with CAP_NET_ADMIN in the first user namespace, else what the host allows. */
static void set_buffer(int fd, int force, int plain)
{
	if (set_option(fd, SOL_SOCKET, force, SOCK_BUF) < 0)
		set_option(fd, SOL_SOCKET, plain, SOCK_BUF);
}

/* Bound to one family, so that the kernel shows us no frame that the host sends. */
static int sock_bind(struct uplink *up, struct err *err)
{
	struct sockaddr_ll sll = {.sll_family = AF_PACKET,
				  .sll_protocol = htons(uplink_is6(up) ? ETH_P_IPV6 : ETH_P_IP),
				  .sll_ifindex = up->ifindex};

	if (bind(up->fd, (struct sockaddr *)&sll, sizeof(sll)) < 0)
		return err_sys(err, -errno, "packet socket on %s", up->ifname);
	return 0;
}

int uplink_sock_open(struct uplink *up, struct err *err)
{
	int rc;

	/* Protocol 0: it gets nothing before the filter is there and it is bound. */
	up->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (up->fd < 0)
		return err_sys(err, -errno, "packet socket (needs CAP_NET_RAW)");
	rc = set_option(up->fd, SOL_PACKET, PACKET_VNET_HDR, 1);
	if (rc < 0)
		err_sys(err, rc, "packet socket on %s", up->ifname);
	else
		rc = uplink_sock_filter(up, err);
	set_buffer(up->fd, SO_RCVBUFFORCE, SO_RCVBUF);
	set_buffer(up->fd, SO_SNDBUFFORCE, SO_SNDBUF);
	if (rc == 0)
		rc = sock_bind(up, err);
	if (rc < 0)
		uplink_sock_close(up);
	return rc;
}

void uplink_sock_close(struct uplink *up)
{
	pkt_batch_put(&up->tx);
	if (up->fd >= 0)
		reaper_close(up->fd);
	up->fd = -1;
}

static bool bind_free(enum nat_proto proto, const struct sockaddr *addr, socklen_t len)
{
	bool ok;
	int fd;

	if (proto == NAT_ICMP)
		return true;
	fd = socket(addr->sa_family, (proto == NAT_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return true; /* out of descriptors: the range is ours by agreement */
	ok = bind(fd, addr, len) == 0 || errno != EADDRINUSE;
	close(fd);
	return ok;
}

bool uplink_port_free(enum nat_proto proto, const struct ip_addr *addr, uint16_t port)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};

	memcpy(&sin6.sin6_addr, addr->b, sizeof(addr->b));
	sin.sin_addr.s_addr = ip_addr_get4(addr);
	return ip_addr_is4(addr) ? bind_free(proto, (struct sockaddr *)&sin, sizeof(sin))
				 : bind_free(proto, (struct sockaddr *)&sin6, sizeof(sin6));
}

/* ---- bare IP packets ------------------------------------------------------------------------- */

/* The translator knows Ethernet frames. Where there is no Ethernet the packet is read to where it
 * would begin in a frame and sent from there; offsets in its virtio-net header count from what the
 * kernel sees. */
static uint32_t head_len(const struct uplink *up)
{
	return up->raw ? ETH_HLEN_ : 0;
}

static void vnet_shift(struct pkt *p, int by)
{
	if (pkt_needs_csum(p))
		p->vnet.csum_start = htole16((uint16_t)(le16toh(p->vnet.csum_start) + by));
	if (pkt_is_gso(p))
		p->vnet.hdr_len = htole16((uint16_t)(le16toh(p->vnet.hdr_len) + by));
}

static void head_add(const struct uplink *up, struct pkt *p)
{
	struct eth_hdr *eth = (void *)p->data;

	eth->dst = eth->src = (struct mac){{0}};
	eth->type = htons(uplink_is6(up) ? ETHERTYPE_IP6 : ETHERTYPE_IP4);
	p->len += ETH_HLEN_;
	vnet_shift(p, ETH_HLEN_);
}

/* ---- receiving ------------------------------------------------------------------------------- */

struct rx_slots {
	struct mmsghdr msg[PKT_BATCH_MAX];
	struct iovec iov[PKT_BATCH_MAX][2];
	struct pkt *pkt[PKT_BATCH_MAX];
};

static unsigned int rx_prepare(const struct uplink *up, struct pkt_pool *pool, struct rx_slots *s)
{
	unsigned int n;

	for (n = 0; n < PKT_BATCH_MAX; n++) {
		struct pkt *p = pkt_alloc(pool);

		if (!p)
			break;
		s->pkt[n] = p;
		s->iov[n][0] = (struct iovec){&p->vnet, VNET_HDR};
		s->iov[n][1] = (struct iovec){p->data + head_len(up), PKT_FRAME_MAX - head_len(up)};
		s->msg[n].msg_hdr = (struct msghdr){.msg_iov = s->iov[n], .msg_iovlen = 2};
	}
	return n;
}

static bool ifindex_exists(const struct uplink *up)
{
	struct ifreq ifr = {.ifr_ifindex = up->ifindex};

	return ioctl(up->fd, SIOCGIFNAME, &ifr) == 0;
}

/* Read one burst. 0: there may be more; -EAGAIN: not; else the interface is gone. */
static int rx_burst(struct uplink *up, struct pkt_pool *pool,
		    void (*input)(struct uplink *up, struct pkt *p))
{
	struct rx_slots s;
	unsigned int n = rx_prepare(up, pool, &s);
	int got, error;
	char some[64];

	if (n == 0) {
		/* No buffer: lose one, or the loop would spin on it. */
		up->drops++;
		return recv(up->fd, some, sizeof(some), MSG_DONTWAIT) < 0 ? -EAGAIN : 0;
	}
	got = recvmmsg(up->fd, s.msg, n, MSG_DONTWAIT, NULL);
	error = got < 0 ? errno : 0;
	for (int i = 0; i < got; i++) {
		struct pkt *p = s.pkt[i];

		if (s.msg[i].msg_len < VNET_HDR + ETH_HLEN_ - head_len(up) ||
		    (s.msg[i].msg_hdr.msg_flags & MSG_TRUNC)) {
			up->drops++;
			pkt_put(p);
			continue;
		}
		up->rx_frames++;
		p->len = s.msg[i].msg_len - VNET_HDR;
		if (up->raw)
			head_add(up, p);
		input(up, p);
	}
	for (unsigned int i = got > 0 ? (unsigned int)got : 0; i < n; i++)
		pkt_put(s.pkt[i]);
	if (error && error != EAGAIN && error != EINTR && !ifindex_exists(up))
		return -ENODEV;
	return got == (int)n ? 0 : -EAGAIN;
}

bool uplink_sock_read(struct uplink *up, struct pkt_pool *pool,
		      void (*input)(struct uplink *up, struct pkt *p))
{
	int rc = 0;

	for (int i = 0; i < READS_PER_TURN && rc == 0; i++)
		rc = rx_burst(up, pool, input);
	return rc == 0 || rc == -EAGAIN;
}

/* ---- sending --------------------------------------------------------------------------------- */

void uplink_sock_send(struct uplink *up, struct pkt *p)
{
	/* VIRTIO 1.2 5.1.6.2.1: a driver sets no other flag, and this is a driver's side. */
	p->vnet.flags &= VIRTIO_NET_HDR_F_NEEDS_CSUM;
	if (up->tx.n == PKT_BATCH_MAX)
		uplink_sock_flush(up);
	up->tx.pkts[up->tx.n++] = p;
}

void uplink_sock_flush(struct uplink *up)
{
	struct mmsghdr msg[PKT_BATCH_MAX];
	struct iovec iov[PKT_BATCH_MAX][2];
	unsigned int done = 0;

	for (unsigned int i = 0; i < up->tx.n; i++) {
		struct pkt *p = up->tx.pkts[i];

		iov[i][0] = (struct iovec){&p->vnet, VNET_HDR};
		if (up->raw)
			vnet_shift(p, -ETH_HLEN_);
		iov[i][1] = (struct iovec){p->data + head_len(up), p->len - head_len(up)};
		msg[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = iov[i], .msg_iovlen = 2}};
	}
	while (done < up->tx.n) {
		int sent = sendmmsg(up->fd, msg + done, up->tx.n - done, MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			up->drops++;
		else
			up->tx_frames += (unsigned int)sent;
		done += sent < 0 ? 1 : (unsigned int)sent;
	}
	pkt_batch_put(&up->tx);
}
