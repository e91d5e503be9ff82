/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses, links and routes of the guest, by the plain ioctls of netdevice(7) and rtentry: each
 * is one system call, where running ip(8) costs a fork and an exec (10 to 40 ms each on an emulated
 * processor, and a guest's boot is measured).
 */
#include "vmm/image/guest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void set_name(struct ifreq *ifr, const char *ifname)
{
	memset(ifr, 0, sizeof(*ifr));
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", ifname);
}

static void put_addr(struct sockaddr *sa, struct in_addr a)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = a};

	memcpy(sa, &sin, sizeof(sin));
}

/* Bring @ifname up; false when there is no such interface. */
static bool link_up(int fd, const char *ifname)
{
	struct ifreq ifr;

	set_name(&ifr, ifname);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr))
		return false;
	ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP);
	return !ioctl(fd, SIOCSIFFLAGS, &ifr);
}

static struct in_addr mask_of(unsigned int plen)
{
	return (struct in_addr){.s_addr = htonl(plen ? ~0u << (32 - plen) : 0)};
}

static int addr_set(int fd, const char *ifname, struct in_addr a, struct in_addr mask)
{
	struct ifreq ifr;

	set_name(&ifr, ifname);
	put_addr(&ifr.ifr_addr, a);
	if (ioctl(fd, SIOCSIFADDR, &ifr))
		return -errno;
	if (a.s_addr == INADDR_ANY)
		return 0;
	set_name(&ifr, ifname);
	put_addr(&ifr.ifr_netmask, mask);
	return ioctl(fd, SIOCSIFNETMASK, &ifr) ? -errno : 0;
}

static int default_route(int fd, const char *ifname, struct in_addr gateway)
{
	struct rtentry rt = {.rt_flags = RTF_UP | RTF_GATEWAY};
	char dev[IFNAMSIZ];

	snprintf(dev, sizeof(dev), "%s", ifname);
	put_addr(&rt.rt_dst, (struct in_addr){INADDR_ANY});
	put_addr(&rt.rt_genmask, (struct in_addr){INADDR_ANY});
	put_addr(&rt.rt_gateway, gateway);
	rt.rt_dev = dev;
	return ioctl(fd, SIOCADDRT, &rt) && errno != EEXIST ? -errno : 0;
}

static void add_nameserver(const char *addr)
{
	FILE *f = fopen("/etc/resolv.conf", "a");

	if (!f)
		return;
	fprintf(f, "nameserver %s\n", addr);
	fclose(f);
}

static void start_static(int fd, const char *ifname, const struct nic_config *nic)
{
	char text[INET_ADDRSTRLEN];
	int err = addr_set(fd, ifname, nic->addr, mask_of(nic->plen));

	if (!err && nic->gateway.s_addr != INADDR_ANY)
		err = default_route(fd, ifname, nic->gateway);
	if (err)
		fprintf(stderr, "vnet: %s: cannot set the address or route: %s\n", ifname,
			strerror(-err));
	if (nic->dns.s_addr != INADDR_ANY)
		add_nameserver(inet_ntop(AF_INET, &nic->dns, text, sizeof(text)));
}

unsigned int guestnet_start(const struct guest_config *cfg)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned int dhcp = 0;

	if (fd < 0)
		return 0;
	link_up(fd, "lo");
	for (unsigned int i = 0; i < GUEST_NICS; i++) {
		char ifname[IFNAMSIZ];

		snprintf(ifname, sizeof(ifname), "eth%u", i);
		if (!link_up(fd, ifname))
			continue;
		if (cfg->nic[i].mode == NIC_STATIC)
			start_static(fd, ifname, &cfg->nic[i]);
		else if (cfg->nic[i].mode == NIC_DHCP)
			dhcp |= 1u << i;
	}
	close(fd);
	return dhcp;
}

/* ---- names ---- */

void guestnet_rename(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (unsigned int i = 0; fd >= 0 && i < GUEST_NICS; i++) {
		struct ifreq ifr = {0};

		snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "vec%u", i);
		snprintf(ifr.ifr_newname, sizeof(ifr.ifr_newname), "eth%u", i);
		ioctl(fd, SIOCSIFNAME, &ifr); /* fails where it has the right name already */
	}
	if (fd >= 0)
		close(fd);
}

/* ---- carriers ---- */

int guestnet_watch(void)
{
	struct sockaddr_nl links = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&links, sizeof(links)) == 0 &&
	    fcntl(fd, F_SETOWN, getpid()) == 0 && fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) == 0)
		return fd;
	close(fd);
	return -1;
}

unsigned int guestnet_carriers(int watch)
{
	unsigned int up = 0;
	char buf[4096];
	struct ifreq ifr;

	/* That there was a message is enough; ENOBUFS means that there were many. */
	while (recv(watch, buf, sizeof(buf), 0) > 0 || errno == ENOBUFS)
		;
	for (unsigned int i = 0; i < GUEST_NICS; i++) {
		char ifname[IFNAMSIZ];

		snprintf(ifname, sizeof(ifname), "eth%u", i);
		set_name(&ifr, ifname);
		if (ioctl(watch, SIOCGIFFLAGS, &ifr) == 0 && ifr.ifr_flags & IFF_RUNNING)
			up |= 1u << i;
	}
	return up;
}

/* ---- DHCP ---- */

/* The sign that @ifname has a lease, for guestnet_leased(). */
static void mark_lease(const char *ifname, bool leased)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/lease.%s", ifname);
	if (!leased) {
		unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
}

bool guestnet_leased(int nic)
{
	char path[64];

	snprintf(path, sizeof(path), "/run/lease.eth%d", nic);
	return access(path, F_OK) == 0;
}

static bool env_addr(const char *name, struct in_addr *a)
{
	const char *v = getenv(name);
	char first[INET_ADDRSTRLEN];

	/* udhcpc gives lists with spaces between; the first entry is the one to use. */
	return v && sscanf(v, "%15s", first) == 1 && inet_pton(AF_INET, first, a) == 1;
}

static void write_nameservers(void)
{
	const char *list = getenv("dns"), *domain = getenv("domain");
	FILE *f;

	if (!list)
		return;
	f = fopen("/etc/resolv.conf", "w");
	if (!f)
		return;
	if (domain)
		fprintf(f, "search %s\n", domain);
	while (*list) {
		size_t n = strcspn(list, " ");

		if (n)
			fprintf(f, "nameserver %.*s\n", (int)n, list);
		list += n + strspn(list + n, " ");
	}
	fclose(f);
}

static int apply_lease(int fd, const char *ifname)
{
	struct in_addr ip, mask, gateway;
	int err;

	if (!env_addr("ip", &ip))
		return -EINVAL;
	/* No mask option: the class of the address decides (RFC 2132 3.3 makes it optional); /24
	 * is what a student expects, and 255.255.255.0 is what every server here sends anyway. */
	if (!env_addr("subnet", &mask))
		mask = mask_of(24);
	err = addr_set(fd, ifname, ip, mask);
	if (!err && env_addr("router", &gateway))
		err = default_route(fd, ifname, gateway);
	write_nameservers();
	return err;
}

int guestnet_dhcp_event(const char *event)
{
	const char *ifname = getenv("interface");
	int fd, err = 0;

	if (!ifname)
		return 1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 1;
	if (!strcmp(event, "deconfig")) {
		addr_set(fd, ifname, (struct in_addr){INADDR_ANY}, (struct in_addr){INADDR_ANY});
		link_up(fd, ifname);
		mark_lease(ifname, false);
	} else if (!strcmp(event, "bound") || !strcmp(event, "renew")) {
		err = apply_lease(fd, ifname);
		mark_lease(ifname, !err);
	}
	if (err)
		fprintf(stderr, "vnet: %s: cannot apply the lease: %s\n", ifname, strerror(-err));
	close(fd);
	return err ? 1 : 0;
}
