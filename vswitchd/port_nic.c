/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "nic": a physical interface by a packet socket (port_packet.c).
 *
 * Promiscuous for as long as the socket lives, so that frames to guests' MAC addresses come in and
 * nothing is left behind by a crash; with a filter compiled by libpcap that lets pass what may
 * concern a guest: multicast, broadcast, and unicast that is not for the host itself. The filter
 * is attached before the socket is bound: no frame passes unfiltered. The NIC's own settings are
 * the host's and are left alone.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "vswitchd/netlink.h"
#include "vswitchd/packet.h"

/* Compile @text and put it on @fd. */
static int filter_attach(int fd, const char *text, struct err *err)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, PKT_FRAME_MAX);
	struct bpf_program prog = {0};
	struct sock_fprog fprog;
	int rc = 0;

	if (!pcap)
		return err_set(err, -ENOMEM, "out of memory");
	if (pcap_compile(pcap, &prog, text, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		rc = err_set(err, -EINVAL, "filter '%s': %s", text, pcap_geterr(pcap));
	} else {
		/* The two structures are the same: classic BPF as BSD and Linux know it. */
		fprog.len = (unsigned short)prog.bf_len;
		fprog.filter = (struct sock_filter *)(void *)prog.bf_insns;
		if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &fprog, sizeof(fprog)) < 0)
			rc = err_sys(err, -errno, "attach filter '%s'", text);
		pcap_freecode(&prog);
	}
	pcap_close(pcap);
	return rc;
}

static int nic_promiscuous(struct port *port, struct err *err)
{
	struct packet_mreq mreq = {.mr_ifindex = port->ifindex, .mr_type = PACKET_MR_PROMISC};

	if (setsockopt(port->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) < 0)
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
	char text[64], mac_text[MAC_STR];
	struct mac mac;
	int rc = nic_check(port->fd, port->ifname, err);

	if (rc < 0)
		return rc;
	rc = nl_link_mac_get(port->ifname, &mac);
	if (rc < 0)
		return err_sys(err, rc, "interface %s", port->ifname);
	snprintf(text, sizeof(text), "ether multicast or not ether dst %s",
		 mac_format(&mac, mac_text));
	rc = filter_attach(port->fd, text, err);
	if (rc == 0)
		rc = packet_bind(port, err);
	return rc ? rc : nic_promiscuous(port, err);
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
	port->fd = packet_socket(err);
	if (port->fd < 0)
		return port->fd;
	rc = nic_attach(port, err);
	if (rc < 0)
		packet_close(port);
	return rc;
}

static void nic_close(struct port *port, bool forget)
{
	(void)forget;
	packet_close(port);
}

const struct port_ops port_nic_ops = {
	.type = "nic",
	.offloads = OFFLOAD_ALL,
	.open = nic_open,
	.close = nic_close,
	.recv = packet_recv,
	.send = packet_send,
};
