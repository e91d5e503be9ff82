/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nouns.h - the nouns of vnetctl, one file each.
 */
#ifndef VNETCTL_NOUNS_H
#define VNETCTL_NOUNS_H

#include "client/ctl.h"

extern const struct noun noun_status, noun_doctor, noun_events, noun_net, noun_port, noun_mac,
	noun_stp, noun_group, noun_nat, noun_dhcp, noun_dns, noun_vm, noun_lab, noun_capture,
	noun_trace, noun_explain, noun_top, noun_image, noun_exec, noun_console, noun_copy;

/* net_probe.c: the verb. */
int net_probe_run(struct ctl *c, int argc, char **argv);

/* port_impair.c: the verb, and the lines of `port show` for member "impair" (none when it is
 * null). */
int port_impair(struct ctl *c, int argc, char **argv);
void port_print_impair(const json_t *impair);

#endif
