/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat-ports=: the ports that flows have outside, as far as this network is concerned.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "modes/nat/nat_net.h"
#include "modes/nat/nat_uplink.h"

/* Fewer are used up by one page of the web. */
enum { PORTS_MIN = 64 };

static int parse_ports(const char *value, uint16_t *first, uint16_t *last, struct err *err)
{
	unsigned int a, b;
	char end;

	*first = *last = 0;
	if (!strcmp(value, "auto"))
		return 0;
	if (sscanf(value, "%5u-%5u%c", &a, &b, &end) != 2 || a < 1024 || b > 65535 || b < a ||
	    b - a + 1 < PORTS_MIN)
		return err_set(err, -EINVAL,
			       "wants auto, or FIRST-LAST of 1024 to 65535, %d at least",
			       PORTS_MIN);
	*first = (uint16_t)a;
	*last = (uint16_t)b;
	return 0;
}

int nat_ports_set(struct net *net, const char *value, struct err *err)
{
	struct nat_net *nn = net->mode_state;
	uint16_t first = nn->ports_first, last = nn->ports_last;
	int rc = parse_ports(value, &nn->ports_first, &nn->ports_last, err);

	if (rc == 0)
		rc = uplinks_range_change(nn->uplinks, err);
	if (rc < 0) {
		nn->ports_first = first;
		nn->ports_last = last;
	}
	return rc;
}

bool nat_ports_get(const struct net *net, char *text, size_t size)
{
	const struct nat_net *nn = net->mode_state;

	if (nn->ports_first)
		snprintf(text, size, "%u-%u", nn->ports_first, nn->ports_last);
	else
		snprintf(text, size, "auto");
	return nn->ports_first;
}
