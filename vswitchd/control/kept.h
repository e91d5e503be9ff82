/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kept.h - settings that users gave to ports, kept by the port's name.
 *
 * A port's settings outlive the port: those of a guest's NIC or of a mode's own port are applied
 * again when a port of that name is made, be it after a restart or because a NIC came back. They
 * are forgotten when the port is deleted for good.
 */
#ifndef VSWITCHD_KEPT_H
#define VSWITCHD_KEPT_H

#include <jansson.h>

#include "lib/err.h"

struct daemon;
struct port;

/* Read the records, and hear of ports that are made from now on. */
void kept_open(struct daemon *d);
void kept_close(void);
/* Set all that @values names and record it, or change nothing. */
int kept_port_set(struct port *port, const json_t *values, struct err *err);
/* The port @name is gone for good. */
void kept_port_forget(const char *name);
/* All ports are back: apply what needed a port that came later, and say what can't be applied. */
void kept_settle(struct daemon *d);

/* @old with the members of @values; those for which @now (settings_json) has nothing are at their
 * default and left out. New reference. */
json_t *kept_merge(const json_t *old, const json_t *values, const json_t *now);

#endif
