/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/host/claim.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vswitchd/host/procfs.h"

enum { ASKERS = 64 };

static socklen_t address(const char *name, struct sockaddr_un *sun)
{
	int n;

	*sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	/* unix(7): abstract when the first byte is zero; its length counts. */
	n = snprintf(sun->sun_path + 1, sizeof(sun->sun_path) - 1, "vswitchd/%s", name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

/* Who listens there: a connection is never answered, but the kernel tells whose it is. */
static void find_holder(const struct sockaddr_un *sun, socklen_t len, char *holder)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred who = {0};
	socklen_t size = sizeof(who);
	char name[24];

	snprintf(holder, CLAIM_HOLDER_STR, "another process");
	if (fd >= 0 && connect(fd, (const struct sockaddr *)sun, len) == 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.pid > 0) {
		proc_name(who.pid, name, sizeof(name));
		snprintf(holder, CLAIM_HOLDER_STR, "%s, process %d", name, (int)who.pid);
	}
	if (fd >= 0)
		close(fd);
}

int claim_take(const char *name, char holder[static CLAIM_HOLDER_STR])
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;
	struct sockaddr_un sun;
	socklen_t len = address(name, &sun);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&sun, len) < 0 || listen(fd, ASKERS) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	if (rc == -EADDRINUSE)
		find_holder(&sun, len, holder);
	return rc;
}

void claim_drop(int fd)
{
	if (fd >= 0)
		close(fd);
}
