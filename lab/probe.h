/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.h - probes of a running lab: a machine on a network that nobody is root on, inside the
 * daemon (`net probe` in vnetctl(1)).
 */
#ifndef LAB_PROBE_H
#define LAB_PROBE_H

#include "lab/try.h"

/* Its address now; -ENOENT with @err when there is none. */
int probe_address(struct lab_run *r, const struct lab_net *net, be32 *out, struct err *err);
/* "LAB.NET.probe" */
const char *probe_port(const struct lab_net *net, char buf[static 2 * NAME_MAX_]);

/* try_probe.c: ping, tcp, udp and http of a check whose `from` is a probe. */
enum attempt try_from_probe(struct try *t);

#endif
