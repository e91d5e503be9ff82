/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/tight_disk.h"

#include <signal.h>
#include <sys/resource.h>

void tighten(bool on)
{
	static struct rlimit old;
	struct rlimit tight = {.rlim_cur = 4 << 10};

	if (!on) {
		setrlimit(RLIMIT_FSIZE, &old);
		return;
	}
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	tight.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &tight);
}
