/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netprobe.h - the probe of a network (probe/) on a port of its own, "NET.probe".
 *
 * It is there when it is asked for (probe=), on a network of any mode; its address is never the
 * host's. Frames for it pass the switch like those of any machine, so captures, counters and the
 * MAC table show it.
 */
#ifndef VSWITCHD_NETPROBE_H
#define VSWITCHD_NETPROBE_H

#include "probe/probe.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/settings.h"

/* Whose question is over; NULL: the probe is gone. The answer is borrowed. */
typedef void netprobe_done_fn(void *who, const struct probe_answer *a);

/* Let the probe of @net ask @q, whose `who` goes to @done, once, later or before this returns. A
 * negative errno with @err when nothing was asked. */
int netprobe_ask(struct net *net, const struct probe_question *q, netprobe_done_fn *done,
		 struct err *err);
/* Called by modes from stop(). Nothing happens where there is no probe. */
void netprobe_stop(struct net *net);

/* Rows for mode_ops.services. */
extern const struct net_setting netprobe_settings[];

#endif
