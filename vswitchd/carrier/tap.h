/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tap.h - taps that this daemon makes, and how it knows them again after a restart.
 *
 * Each carries an interface alias "vswitchd:INSTANCE:WHAT", so that `ip link` says whose it is, a
 * restarted daemon takes back only its own, and leftovers can be told from the user's interfaces.
 */
#ifndef VSWITCHD_TAP_H
#define VSWITCHD_TAP_H

#include "lib/err.h"
#include "lib/wire.h"
#include "lib/pkt.h"
#include "lib/types.h"

struct port;

/* Make a persistent tap @ifname, isolated (nl_tap_isolate()) and up, that another program opens
 * by name; or take it back when it is ours from before. -EEXIST when somebody else's interface
 * has the name. @what goes into its alias. */
int tap_make_named(const char *ifname, const char *what, struct err *err);

/* A tap @ifname with address @mac, up, that lives as long as the descriptor that is returned (or a
 * negative errno): every frame that is written to it arrives by interface @to instead
 * (nl_tap_redirect()). @what as above. */
int tap_open_redirected(const char *ifname, const char *what, int to, const struct mac *mac,
			struct err *err);

/* Is the interface @ifname of the calling thread's namespace one that this daemon made? */
bool tap_is_ours(const char *ifname);

/* port_tap_io.c: recv and send of port_ops, for a port whose fd is a tap's. */
int tap_recv(struct port *port, struct pkt_batch *b);
void tap_send(struct port *port, struct pkt_batch *b);

#endif
