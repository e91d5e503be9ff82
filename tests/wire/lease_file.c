/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/wire/lease_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/wire/world.h"
#include "vswitchd/netdhcp.h"

static char dir[] = "/tmp/test-lease-file-XXXXXX";

void lease_file_open(void)
{
	struct err err;

	netdhcp_close_store();
	memset(dir + strlen(dir) - 6, 'X', 6);
	assert_non_null(mkdtemp(dir));
	if (netdhcp_open_store(dir, &err))
		fail_msg("%s", err.text);
}

void lease_file_close(void)
{
	char cmd[64];

	netdhcp_close_store();
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	assert_int_equal(system(cmd), 0);
}
