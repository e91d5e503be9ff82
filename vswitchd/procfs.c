/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/procfs.h"

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

void proc_boot_id(char out[static 37])
{
	if (read_file("/proc/sys/kernel/random/boot_id", out, 37) != 36)
		out[0] = '\0';
}
