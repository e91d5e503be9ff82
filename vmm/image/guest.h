/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The default guest: what its first process, its network set-up and its agent share.
 *
 * Everything here runs inside a guest (only the parsers also run in unit tests on the host), so
 * nothing includes the project's lib/: the guest must build with a C library alone.
 */
#ifndef GUEST_H
#define GUEST_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum { GUEST_NICS = 8, GUEST_NAME_MAX = 64 };

enum nic_mode { NIC_DHCP, NIC_NONE, NIC_STATIC };

struct nic_config {
	enum nic_mode mode;
	struct in_addr addr; /* NIC_STATIC only, as are the rest */
	unsigned int plen;
	struct in_addr gateway; /* INADDR_ANY: none */
	struct in_addr dns;	/* INADDR_ANY: none */
};

struct guest_config {
	char hostname[GUEST_NAME_MAX + 1];
	struct nic_config nic[GUEST_NICS];
	bool forward;
	int nat_nic;	  /* index of the NIC to masquerade out of, or -1 */
	char hosts[1024]; /* lines ready for /etc/hosts */
};

/* Fill @cfg from the kernel command line @text; words it does not know or cannot read are left at
 * their defaults (hostname "guest", every NIC by DHCP), because a guest without a network is worse
 * than one with a surprising network. Returns the number of vnet.* words it could not read. */
int guest_config_parse(struct guest_config *cfg, const char *text);

/* Read a small file into @buf (NUL-terminated); false when it cannot be read. */
bool guest_read_file(const char *path, char *buf, size_t size);

/* ---- drivers.c ---- */

/* Load the drivers of the devices that are there; call it first. */
void guest_load_drivers(void);
/* Load one by its name; nothing when it is not in the initramfs (it may be built in). */
void guest_load_driver(const char *driver);

/* ---- root.c ---- */

/* What a root file system need not have: programs of ours, there under any root. */
#define GUEST_OWN "/run/vnet"

/* Make GUEST_OWN. Then, where there is a disk with a root file system, go there and forget the
 * initramfs; else stay. /dev, /proc, /sys and /run are mounted before and go along. */
void guest_enter_root(void);

/* ---- guestnet.c ---- */

/* Bring up lo and every ethN that exists, give static NICs their addresses, default route and name
 * server. Returns a bit mask of the NICs that want DHCP. */
unsigned int guestnet_start(const struct guest_config *cfg);

/* Have SIGIO sent to this process when something about a link changes. Returns a descriptor, or -1.
 */
int guestnet_watch(void);
/* User-mode Linux calls its NICs vec0, vec1...: here they are eth0, eth1... as elsewhere. */
void guestnet_rename(void);
/* After SIGIO: a bit mask of the NICs that have a carrier now. */
unsigned int guestnet_carriers(int watch);
/* Has ethN an address that a DHCP server gave? */
bool guestnet_leased(int nic);

/* What udhcpc calls (argv[1] = deconfig|bound|renew|nak|leasefail; facts in the environment).
 * Returns an exit status. */
int guestnet_dhcp_event(const char *event);

#endif
