/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * statics.h - addresses that a user tied to a port (`mac add`), kept in the state store.
 *
 * They go with their port: they are back when a port of that name is made on that network, and
 * forgotten when it is deleted for good or moved away.
 */
#ifndef VSWITCHD_STATICS_H
#define VSWITCHD_STATICS_H

#include "lib/err.h"
#include "lib/wire.h"

struct net;
struct port;

enum { STATICS_MAX = 1024 }; /* of all networks */

void statics_open(void);
void statics_close(void);
/* The port was made: tie what is kept for it. */
void statics_apply(struct port *port);
/* It is gone for good. */
void statics_forget(const char *port);
int statics_add(struct port *port, const struct mac *mac, uint16_t vid, struct err *err);
int statics_del(struct net *net, const struct mac *mac, uint16_t vid, struct err *err);

#endif
