/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pump.c - stands for a VMM and its guest in the benchmarks: one NIC's tap on this side, a
 * namespace as the guest.
 *
 *	pump NS IFNAME ADDRESS/PLEN TAP
 *
 * Makes the tap IFNAME in namespace NS and moves every frame between it and TAP, as vnet-vmm does
 * between a virtqueue and TAP: virtio-net header and all, a burst read before it is written, one
 * process for each NIC. The same for every switch, so that its cost cancels out.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BATCH = 16, FRAME_MAX = 66000 };

/* Since Linux 6.2; not in older headers. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static void die(const char *what)
{
	fprintf(stderr, "pump: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int tap_open(const char *ifname)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	unsigned int offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		die("/dev/net/tun");
	strncpy(ifr.ifr_name, ifname, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		die(ifname);
	if (ioctl(fd, TUNSETOFFLOAD, offloads | TUN_F_USO4 | TUN_F_USO6) < 0 &&
	    ioctl(fd, TUNSETOFFLOAD, offloads) < 0)
		die("offloads");
	return fd;
}

/* Make the guest's side; this thread goes there and comes back. */
static int guest_tap(const char *ns, const char *ifname, const char *address)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, fd;
	char path[128], cmd[256];

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0)
		die(path);
	fd = tap_open(ifname);
	snprintf(cmd, sizeof(cmd), "ip addr add %s dev %s && ip link set %s up", address, ifname,
		 ifname);
	if (system(cmd) != 0)
		die(cmd);
	if (setns(home, CLONE_NEWNET) < 0)
		die("back home");
	close(there);
	close(home);
	return fd;
}

static void move(int from, int to)
{
	static char frame[BATCH][FRAME_MAX];
	ssize_t len[BATCH];
	int n = 0;

	while (n < BATCH && (len[n] = read(from, frame[n], FRAME_MAX)) > 0)
		n++;
	if (n < BATCH && errno != EAGAIN && errno != EINTR)
		die("read");
	for (int i = 0; i < n; i++) {
		ssize_t rc = write(to, frame[i], (size_t)len[i]);

		(void)rc; /* a full queue drops, as a guest's would */
	}
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};

	if (argc != 5) {
		fputs("usage: pump NS IFNAME ADDRESS/PLEN TAP\n", stderr);
		return 2;
	}
	fds[0].fd = guest_tap(argv[1], argv[2], argv[3]);
	fds[1].fd = tap_open(argv[4]);
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			die("poll");
		for (int i = 0; i < 2; i++)
			if (fds[i].revents)
				move(fds[i].fd, fds[!i].fd);
	}
}
