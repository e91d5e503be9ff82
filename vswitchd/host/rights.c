/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rights.c - capabilities kept, and the ids of guests.
 *
 * Kept, and for what:
 *   NET_ADMIN   interfaces, addresses, nftables, taps
 *   NET_RAW     packet sockets
 *   NET_BIND_SERVICE   port forwards below 1024, for the host's own connections
 *   SYS_ADMIN   making and entering network namespaces, mounting them at /run/netns
 *   SETUID, SETGID   guests run under ids of their own; files are opened with a client's ids
 *   KILL        signals to those guests
 *   SYS_PTRACE  /proc/PID/ns of processes of other users, to find who is in a namespace
 *   CHOWN       the control socket's group
 *   DAC_OVERRIDE   none of ours needs it, but /run/netns and a state directory can belong to
 *               another user where the daemon is root of a user namespace
 *
 * The bounding set stays whole and no_new_privs stays off, although both would look good: the first
 * process of a namespace node (nsinit/) is started from here and needs all of root's rights to shut
 * the node up, and in there a DHCP client, a name server that changes its user, or ping would fail
 * with either limit for no reason that a student could see. A guest's process does not profit: it
 * changes its ids before exec, which clears its capabilities, and sets no_new_privs itself.
 */
#include "vswitchd/host/rights.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

/* Not given to anybody on a Linux system: systemd's list of uid ranges (UIDS-GIDS) names
 * 1879048192 to 2147483647 as unused. */
enum { GUEST_UID_FIRST = 1886388224, GUEST_UIDS = 65536 };

static const struct {
	unsigned int cap;
	bool must; /* nothing works without it */
} kept[] = {
	{CAP_NET_ADMIN, true},	   {CAP_NET_RAW, true},
	{CAP_SYS_ADMIN, false},	   {CAP_SETUID, false},
	{CAP_SETGID, false},	   {CAP_KILL, false},
	{CAP_CHOWN, false},	   {CAP_SYS_PTRACE, false},
	{CAP_DAC_OVERRIDE, false}, {CAP_NET_BIND_SERVICE, false},
	{CAP_SYS_CHROOT, false},
};

int rights_drop(struct err *err)
{
	bool had[ARRAY_SIZE(kept)];

	if (capng_get_caps_process() < 0)
		return err_set(err, -EPERM, "cannot read this process's capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, kept[i].cap);
	capng_clear(CAPNG_SELECT_CAPS);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (had[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i].cap);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return err_set(err, -EPERM, "cannot give up capabilities");
	/* The groups of whoever started us are nobody's business here. EPERM as an ordinary user.
	 */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return err_sys(err, -errno, "cannot give up supplementary groups");
	return 0;
}

bool rights_enough(char *missing, size_t size)
{
	size_t used = 0;

	missing[0] = '\0';
	capng_get_caps_process();
	for (size_t i = 0; i < ARRAY_SIZE(kept) && used < size; i++)
		if (kept[i].must && !capng_have_capability(CAPNG_EFFECTIVE, kept[i].cap))
			used += (size_t)snprintf(missing + used, size - used, "%scap_%s",
						 used ? ", " : "",
						 capng_capability_to_name(kept[i].cap));
	return !missing[0];
}

void rights_become_guest(unsigned int slot)
{
	uid_t id = (uid_t)GUEST_UID_FIRST + slot % GUEST_UIDS;

	if (setgroups(0, NULL) < 0 || setresgid(id, id, id) < 0)
		return;
	if (setresuid(id, id, id) < 0 && setresgid(getuid(), getuid(), getuid()) < 0)
		_exit(127); /* half changed is worse than not at all */
}

int rights_open_as(uid_t uid, gid_t gid, const char *path, int flags)
{
	int fd, rc;

	/* With a file system uid other than 0 the kernel takes the file capabilities out of the
	 * effective set (capabilities(7)), and puts them back on return to 0. */
	setfsgid(gid);
	setfsuid(uid);
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	rc = fd < 0 ? -errno : fd;
	setfsuid(geteuid());
	setfsgid(getegid());
	return rc;
}
