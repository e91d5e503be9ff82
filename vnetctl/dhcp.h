/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp.h - the verbs of `vnetctl dhcp` that have a file of their own.
 */
#ifndef VNETCTL_DHCP_H
#define VNETCTL_DHCP_H

#include "vnetctl/nouns.h"

/* dhcp_set.c: what is set for the server. */
int dhcp_set(struct ctl *c, int argc, char **argv);
int dhcp_options(struct ctl *c, int argc, char **argv);
int dhcp_class(struct ctl *c, int argc, char **argv);
int dhcp_subnet(struct ctl *c, int argc, char **argv);

/* dhcp_explain.c */
int dhcp_explain(struct ctl *c, int argc, char **argv);

/* dhcp_watch.c */
int dhcp_watch(struct ctl *c, int argc, char **argv);
int dhcp_stats(struct ctl *c, int argc, char **argv);

#endif
