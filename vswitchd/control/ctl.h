/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.h - the control socket and its clients.
 */
#ifndef VSWITCHD_CTL_H
#define VSWITCHD_CTL_H

#include <jansson.h>

#include "lib/err.h"

struct client;
struct ctl;
struct daemon;

enum {
	CTL_CLIENTS_MAX = 64,
	CTL_LINE_MAX = 1 << 20,
	CTL_BACKLOG_MAX = 4 << 20, /* bytes that may wait for a slow client */
};

/* Listen at @path, mode 0660, group "vswitchd" where there is one. A socket file that nobody
 * listens on is taken over; anything else there is an error. Hold the state lock before. */
struct ctl *ctl_open(struct daemon *d, const char *path, struct err *err);
/* Close all clients and remove the socket. NULL is accepted. */
void ctl_close(struct ctl *ctl);

/* Queue one JSON text and, unless -1, a descriptor that arrives with its first byte. Borrows
 * @msg, takes @fd. A client that lets too much wait is closed (later, by the loop). */
void client_send(struct client *c, const json_t *msg, int fd);
/* May it do everything (uid 0 or the daemon's own uid)? */
bool client_is_root(const struct client *c);
uid_t client_uid(const struct client *c);
gid_t client_gid(const struct client *c);
/* Send it events from now on: all but the loud ones (events.h), or, when @topics is given, those
 * whose name begins with one of its strings. */
int client_subscribe(struct client *c, const json_t *topics, struct err *err);
/* Send the notification @msg of @event to all that want it. Borrows. Who is far behind gets
 * "events.lost" with their number in place of events, not the end of its connection. */
void ctl_broadcast(struct ctl *ctl, const char *event, bool loud, const json_t *msg);
bool ctl_wants(const struct ctl *ctl, const char *event, bool loud);

#endif
