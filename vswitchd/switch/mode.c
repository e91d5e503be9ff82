/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "vswitchd/switch/mode.h"

const struct mode_ops *mode_find(const char *name)
{
	for (const struct mode_ops *const *m = modes; *m; m++)
		if (strcmp((*m)->name, name) == 0)
			return *m;
	return NULL;
}
