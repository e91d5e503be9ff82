/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/host/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, size - 1) : -1;

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

uint64_t proc_rss_kib(pid_t pid)
{
	char path[32], buf[4096];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	read_file(path, buf, sizeof(buf));
	p = strstr(buf, "\nVmRSS:");
	return p ? strtoull(p + 7, NULL, 10) : 0;
}

uint64_t proc_start_ticks(pid_t pid)
{
	char path[32], buf[1024];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	read_file(path, buf, sizeof(buf));
	/* proc(5): starttime is field 22; field 2 is the name in parentheses and may hold anything,
	 * so count from the last ')', which ends it. */
	p = strrchr(buf, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

void proc_name(pid_t pid, char *out, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (read_file(path, out, size) <= 0)
		snprintf(out, size, "?");
	out[strcspn(out, "\n")] = '\0';
}

void proc_boot_id(char out[static 37])
{
	if (read_file("/proc/sys/kernel/random/boot_id", out, 37) != 36)
		out[0] = '\0';
}

/* ---- who has a port -------------------------------------------------------------------------- */

/* States of proc_net_tcp: a listening TCP socket, a UDP socket without a peer. */
enum { STATE_LISTEN = 0x0a, STATE_UNCONNECTED = 0x07 };

/* The inode of the socket that has @port in one of the tables of /proc/net; 0 when there is none.
 */
static unsigned long socket_inode(const char *path, uint16_t port, unsigned int wanted)
{
	FILE *f = fopen(path, "re");
	unsigned int local, state;
	unsigned long inode, found = 0;
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu", &local,
			   &state, &inode) == 3 &&
		    local == port && state == wanted)
			found = inode;
	if (f)
		fclose(f);
	return found;
}

static bool process_has(const char *pid, const char *link)
{
	char path[300], target[64];
	struct dirent *e;
	bool found = false;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	fds = opendir(path);
	while (fds && !found && (e = readdir(fds))) {
		ssize_t n = readlinkat(dirfd(fds), e->d_name, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		found = strcmp(target, link) == 0;
	}
	if (fds)
		closedir(fds);
	return found;
}

void proc_port_user(bool udp, uint16_t port, char *out, size_t size, bool *own)
{
	unsigned int state = udp ? STATE_UNCONNECTED : STATE_LISTEN;
	unsigned long inode = socket_inode(udp ? "/proc/net/udp" : "/proc/net/tcp", port, state);
	char link[64], name[32];
	DIR *proc = opendir("/proc");
	struct dirent *e;

	out[0] = '\0';
	*own = false;
	if (!inode)
		inode = socket_inode(udp ? "/proc/net/udp6" : "/proc/net/tcp6", port, state);
	snprintf(link, sizeof(link), "socket:[%lu]", inode);
	while (inode && proc && !out[0] && (e = readdir(proc))) {
		if (!isdigit((unsigned char)e->d_name[0]) || !process_has(e->d_name, link))
			continue;
		proc_name(atoi(e->d_name), name, sizeof(name));
		snprintf(out, size, "%s, process %s", name, e->d_name);
		*own = atoi(e->d_name) == getpid();
	}
	if (proc)
		closedir(proc);
}
