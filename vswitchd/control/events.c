/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/control/events.h"

#include <string.h>
#include <time.h>

#include "vswitchd/control/ctl.h"
#include "vswitchd/control/daemon.h"

static json_int_t wall_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (json_int_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Those that come with the traffic. */
static bool is_loud(const char *event)
{
	static const char *const loud[] = {"nat.flow", "dhcp.exchange", "dns.query", "mac.learnt",
					   "mac.aged"};

	for (size_t i = 0; i < ARRAY_SIZE(loud); i++)
		if (!strncmp(event, loud[i], strlen(loud[i])))
			return true;
	return false;
}

bool events_wanted(void *ctx, const char *event)
{
	const struct daemon *d = ctx;

	return ctl_wants(d->ctl, event, is_loud(event));
}

void events_cb(void *ctx, const char *event, json_t *params)
{
	struct daemon *d = ctx;
	json_t *all, *msg;

	if (!events_wanted(d, event))
		return;
	all = params ? json_copy(params) : json_object();
	json_object_set_new(all, "event", json_string(event));
	json_object_set_new(all, "time_ms", json_integer(wall_ms()));
	msg = json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", "event", "params", all);
	ctl_broadcast(d->ctl, event, is_loud(event), msg);
	json_decref(msg);
}

void events_send(struct daemon *d, const char *event, json_t *params)
{
	events_cb(d, event, params);
	json_decref(params);
}
