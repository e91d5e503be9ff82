/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taps of ours: those whose descriptor we hold and switch ("hosttap", "netns"), and those that we
 * make for somebody else to open (tap_open_guest(), tap_make_named()).
 *
 * Theory of operation. A frame written to the descriptor arrives on the interface, a frame sent on
 * the interface is read from the descriptor; both are preceded by the 10-byte virtio-net header,
 * and TUNSETOFFLOAD has told the kernel that super-frames and unfinished checksums may come. What
 * we write may have them always.
 *
 * Life. A tap of ours is persistent: when the daemon dies, interface, addresses and routes stay
 * and only the carrier goes; a daemon that starts again opens it by name. It goes with the port
 * (close with @forget), by closing the descriptor with persistence off. A "netns" tap is made by a
 * thread that is inside the namespace, so that it never was an interface of the host's; the
 * descriptor works from anywhere. Closing takes the kernel 20 ms: that is the reaper's work.
 *
 * A deleted interface shows as EBADFD or EFAULT when read; one that is only down as EIO when
 * written, which costs the frame and nothing more.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vswitchd/switch/net.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/host/reaper.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/host/state.h"
#include "vswitchd/carrier/tap.h"
#include "vswitchd/carrier/uring.h"

/* Since Linux 6.2; not in older headers. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum {
	VNET_HDR = sizeof(struct virtio_net_hdr),
};

/* ---- making taps -------------------------------------------------------------------------- */

static void alias_make(const char *what, char *out, size_t size)
{
	snprintf(out, size, "vswitchd:%s:%s", state_instance(), what);
}

bool tap_is_ours(const char *ifname)
{
	char prefix[32], alias[128];

	alias_make("", prefix, sizeof(prefix));
	nl_link_alias_get(ifname, alias, sizeof(alias));
	return strncmp(alias, prefix, strlen(prefix)) == 0;
}

static int dev_net_tun(struct err *err)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENODEV)
		return err_sys(err, -errno, "/dev/net/tun (try `modprobe tun`)");
	if (errno == EACCES || errno == EPERM)
		return err_sys(err, -errno,
			       "/dev/net/tun (it is open to root only on some systems: "
			       "`chmod 0666 /dev/net/tun`)");
	return err_sys(err, -errno, "/dev/net/tun");
}

/* Ask for what the kernel can leave undone; the offloads that it then will. */
static unsigned int offload_set(int fd)
{
	const unsigned int base = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;

	if (ioctl(fd, TUNSETOFFLOAD, base | TUN_F_USO4 | TUN_F_USO6) == 0)
		return OFFLOAD_ALL;
	if (ioctl(fd, TUNSETOFFLOAD, base) == 0)
		return OFFLOAD_CSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6;
	return 0;
}

/* Make or, without IFF_TUN_EXCL in @flags, attach to tap @ifname; with the virtio-net header where
 * IFF_VNET_HDR is in @flags. A descriptor or a negative errno. */
static int tun_attach(const char *ifname, int flags, struct err *err)
{
	struct ifreq ifr = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | flags)};
	int fd, rc, size = VNET_HDR;

	fd = dev_net_tun(err);
	if (fd < 0)
		return fd;
	memcpy(ifr.ifr_name, ifname, strnlen(ifname, IFNAMSIZ - 1));
	if (ioctl(fd, TUNSETIFF, &ifr) == 0 &&
	    (!(flags & IFF_VNET_HDR) || ioctl(fd, TUNSETVNETHDRSZ, &size) == 0))
		return fd;
	rc = -errno;
	close(fd);
	if (rc == -EBUSY)
		return err_set(err, rc, "tap %s is held by another process", ifname);
	if (rc == -EPERM)
		return err_sys(err, rc, "tap %s (needs CAP_NET_ADMIN)", ifname);
	return err_sys(err, rc, "tap %s", ifname);
}

/* Make tap @ifname. One of that name may be on its way out: its port was just deleted and is made
 * again. */
static int tun_make(const char *ifname, int flags, struct err *err)
{
	int fd = tun_attach(ifname, flags | IFF_TUN_EXCL, err);

	if (fd != -EBUSY)
		return fd;
	reaper_settle();
	return tun_attach(ifname, flags | IFF_TUN_EXCL, err);
}

static int name_check(const char *ifname, struct err *err)
{
	if (ifname[0] && strlen(ifname) <= IFNAME_MAX)
		return 0;
	return err_set(err, -EINVAL, "'%.40s' can't name an interface", ifname);
}

static int check_ours(const char *ifname, struct err *err)
{
	if (tap_is_ours(ifname))
		return 0;
	return err_set(err, -EEXIST,
		       "interface %s is there already and is not ours: choose another name, "
		       "or remove it with `ip link del %s`",
		       ifname, ifname);
}

/* Make tap @ifname, or take back one of ours from before. To make it and find that it is there
 * asks the kernel once; to look first would ask twice. A descriptor or a negative errno. */
static int tun_take(const char *ifname, int flags, bool *existed, struct err *err)
{
	int fd = name_check(ifname, err);

	if (fd < 0)
		return fd;
	fd = tun_make(ifname, flags, err);
	*existed = fd == -EBUSY;
	if (fd != -EBUSY)
		return fd;
	fd = check_ours(ifname, err);
	return fd < 0 ? fd : tun_attach(ifname, flags, err);
}

/* Named as @what, up, and with what @s says beside that. */
static int tap_settle(const char *ifname, int ifindex, const char *what, struct nl_setup s,
		      struct err *err)
{
	char alias[128];

	alias_make(what, alias, sizeof(alias));
	s.alias = alias;
	return nl_link_setup(ifname, ifindex, &s, err);
}

/* A tap that the host's stack does not see, up. Takes @fd; gives it back, or a negative errno. */
static int guest_tap(int fd, const char *ifname, const char *what, struct err *err)
{
	int ifindex = nl_ifindex_there(ifname);
	int rc = nl_tap_isolate(ifname, ifindex, err);

	if (rc == 0)
		rc = tap_settle(ifname, ifindex, what, (struct nl_setup){.noarp = true}, err);
	if (rc == 0)
		return fd;
	reaper_close(fd);
	return rc;
}

int tap_open_guest(const char *ifname, bool vnet_hdr, struct err *err)
{
	bool existed;
	int fd = tun_take(ifname, vnet_hdr ? IFF_VNET_HDR : 0, &existed, err);

	return fd < 0 ? fd : guest_tap(fd, ifname, "guest", err);
}

int tap_open_redirected(const char *ifname, const char *what, int to, const struct mac *mac,
			struct err *err)
{
	bool existed;
	int fd = tun_take(ifname, IFF_VNET_HDR, &existed, err), rc, ifindex;

	if (fd < 0)
		return fd;
	ifindex = nl_ifindex_there(ifname);
	rc = nl_tap_redirect(ifname, ifindex, to, err);
	/* The kernel tells frames to this address from those to others when they arrive. */
	if (rc == 0)
		rc = tap_settle(ifname, ifindex, what, (struct nl_setup){.mac = mac, .noarp = true},
				err);
	if (rc == 0)
		return fd;
	reaper_close(fd);
	return rc;
}

int tap_make_named(const char *ifname, const char *what, struct err *err)
{
	int fd = name_check(ifname, err), rc = 0;

	if (fd < 0)
		return fd;
	fd = tun_make(ifname, IFF_VNET_HDR, err);
	if (fd == -EBUSY)
		return check_ours(ifname, err);
	if (fd >= 0)
		fd = guest_tap(fd, ifname, what, err);
	if (fd < 0)
		return fd;
	if (ioctl(fd, TUNSETPERSIST, 1) < 0)
		rc = err_sys(err, -errno, "tap %s: make it persistent", ifname);
	reaper_close(fd);
	return rc;
}

/* ---- the carriers "hosttap" and "netns" --------------------------------------------------- */

struct tap_setup {
	struct port *port;
	bool given_mac;
};

static int tap_configure(const struct tap_setup *s, bool existed, struct err *err)
{
	struct port *port = s->port;
	struct nl_setup setup = {.mtu = port->net->conf.mtu};
	int rc = 0;

	if (!existed || s->given_mac)
		setup.mac = &port->mac;
	/* A guest's router advertisement must not become the host's default route. */
	if (!port->netns[0])
		rc = nl_link_no_ipv6(port->ifname, err);
	if (rc == 0)
		rc = tap_settle(port->ifname, port->ifindex, port->name, setup, err);
	if (rc == 0 && ioctl(port->fd, TUNSETPERSIST, 1) < 0)
		rc = err_sys(err, -errno, "tap %s: make it persistent", port->ifname);
	return rc;
}

/* Runs in the namespace that shall have the interface. */
static int tap_setup(void *ctx, struct err *err)
{
	struct tap_setup *s = ctx;
	struct port *port = s->port;
	bool existed;
	int rc;

	port->fd = tun_take(port->ifname, IFF_VNET_HDR, &existed, err);
	if (port->fd < 0)
		return port->fd;
	port->offloads = offload_set(port->fd);
	port->ifindex = nl_ifindex_there(port->ifname);
	rc = tap_configure(s, existed, err);
	if (rc < 0) {
		if (!existed)
			ioctl(port->fd, TUNSETPERSIST, 0);
		reaper_close(port->fd);
		port->fd = -1;
	}
	return rc;
}

struct tap_mtu {
	const char *ifname;
	uint16_t mtu;
};

static int mtu_in_netns(void *ctx, struct err *err)
{
	const struct tap_mtu *m = ctx;

	return nl_link_mtu(m->ifname, m->mtu, err);
}

static int tap_mtu(struct port *port, uint16_t mtu, struct err *err)
{
	struct tap_mtu m = {port->ifname, mtu};

	if (!port->netns[0])
		return mtu_in_netns(&m, err);
	return nl_in_netns(port->netns, mtu_in_netns, &m, err);
}

static int tap_open(struct port *port, const struct port_conf *conf, struct err *err)
{
	struct tap_setup s = {port, !mac_is_zero(&conf->mac)};
	char seed[128];
	int rc;

	port->fd = -1;
	port_set_ifname(port, conf);
	/* The same port has the same MAC after each restart; another daemon on the same wire has
	 * other ones. */
	snprintf(seed, sizeof(seed), "%s/%s", state_instance(), port->name);
	port->mac = s.given_mac ? conf->mac : mac_from_name(seed);
	if (!conf->netns || !conf->netns[0]) {
		port->netns[0] = '\0';
		rc = tap_setup(&s, err);
	} else {
		snprintf(port->netns, sizeof(port->netns), "%s", conf->netns);
		rc = nl_in_netns(port->netns, tap_setup, &s, err);
		if (rc < 0)
			err_wrap(err, "namespace %s", port->netns);
	}
	if (rc == 0 && uring_suits(port->net->runner->uring, port->fd))
		port->priv = port->net->runner->uring;
	return rc;
}

static void tap_close(struct port *port, bool forget)
{
	if (port->fd < 0)
		return;
	if (forget)
		ioctl(port->fd, TUNSETPERSIST, 0);
	reaper_close(port->fd);
	port->fd = -1;
	port->priv = NULL;
}

static void tap_carrier(struct port *port, bool up)
{
	int on = up;

	ioctl(port->fd, TUNSETCARRIER, &on);
}

const struct port_ops port_hosttap_ops = {
	.type = "hosttap",
	.offloads = OFFLOAD_ALL,
	.open = tap_open,
	.close = tap_close,
	.recv = tap_recv,
	.send = tap_send,
	.carrier = tap_carrier,
	.mtu = tap_mtu,
};

const struct port_ops port_netns_ops = {
	.type = "netns",
	.offloads = OFFLOAD_ALL,
	.open = tap_open,
	.close = tap_close,
	.recv = tap_recv,
	.send = tap_send,
	.carrier = tap_carrier,
	.mtu = tap_mtu,
};
