/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/host/program.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool program_try(const char *dir, const char *rest, char *out, size_t size)
{
	int n = snprintf(out, size, "%s/%s", dir, rest);

	if (n > 0 && (size_t)n < size && access(out, X_OK) == 0)
		return true;
	out[0] = '\0';
	return false;
}

bool program_find(const char *program, char *out, size_t size)
{
	char self[PATH_MAX], up[64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	/* vnetctl in bin/, where the daemon is in sbin/ */
	snprintf(up, sizeof(up), "../bin/%s", program);
	return (slash && program_try(self, program, out, size)) ||
	       (slash && program_try(self, up, out, size)) ||
	       program_try(LIBEXECDIR, program, out, size);
}
