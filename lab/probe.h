/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.h - probes of a running lab: a machine on a network that nobody is root on, inside the
 * daemon (`net probe` in vnetctl(1)).
 */
#ifndef LAB_PROBE_H
#define LAB_PROBE_H

#include "lab/run.h"

/* Its address now; -ENOENT with @err when there is none. */
int probe_address(struct lab_run *r, const struct lab_net *net, be32 *out, struct err *err);
/* The daemon's name of its port, "LAB.NET.probe", into @buf; returned. */
const char *probe_port(const struct lab_net *net, char buf[static 2 * NAME_MAX_]);

#endif
