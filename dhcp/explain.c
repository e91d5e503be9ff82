/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/explain.h"

bool dhcp_explain(struct dhcp_server *s, const struct dhcp_rx *rx, const struct dhcp_msg *msg,
		  msec now, struct dhcp_explained *out)
{
	const struct dhcp_pool *pool;
	struct turn t;

	*out = (struct dhcp_explained){0};
	lease_table_run(&s->leases, now);
	if (!turn_init(&t, s, rx, msg, now, 0, NULL))
		return false;
	out->lease = dhcp_link_pick(&t.link, &s->leases, &t.client, msg->requested, &out->why);
	out->over_limit = out->lease && turn_over_limit(&t, out->lease);
	pool = out->lease ? dhcp_link_pool(&t.link, out->lease->addr) : NULL;
	out->on = pool ? &pool->conf : &t.link.v[0]->conf;
	dhcp_options_of(&t, out->on, &out->options);
	out->lease_s = dhcp_lease_time(&t, &out->options);
	return true;
}
