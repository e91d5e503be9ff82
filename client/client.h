/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client.h - a connection to vswitchd's control socket (vnet-control(7)).
 *
 * Blocking and single-threaded. Several calls may be under way at once: client_send() gives each
 * an id, client_wait() reads until that id is answered and keeps what else arrives for whoever
 * waits for it next.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <jansson.h>

#include "lib/err.h"

#define CLIENT_SOCKET_DEFAULT "/run/vswitchd/control.sock"

struct client;

/* Connect to the daemon at @path and say hello. NULL with a text that tells how to start the
 * daemon when nobody listens. The caller owns it. */
struct client *client_open(const char *path, struct err *err);
/* NULL is accepted. */
void client_close(struct client *c);

/* The socket that it is connected to. Borrowed. */
const char *client_path(const struct client *c);

/* One call: takes @params (NULL: {}), returns a new reference to the result, or NULL with the
 * daemon's own words in @err and its errno as the code. */
json_t *client_call(struct client *c, const char *method, json_t *params, struct err *err);
/* The same for methods that answer with a descriptor; *@fd is -1 on failure, else the caller's. */
json_t *client_call_fd(struct client *c, const char *method, json_t *params, int *fd,
		       struct err *err);

/* Send a request without waiting; takes @params. Returns its id (> 0) or a negative errno. */
json_int_t client_send(struct client *c, const char *method, json_t *params, struct err *err);
/* Wait for the answer to @id, as client_call() does. -EINTR when a signal handler ran and
 * client_interruptible() is on; the answer then is still to come. */
json_t *client_wait(struct client *c, json_int_t id, struct err *err);
/* Shall a signal end client_wait() and client_event()? Off at first. */
void client_interruptible(struct client *c, bool on);

/* Wait for the next event (after events.subscribe): its params, a new reference. NULL with
 * -EINTR or the reason why the connection is over. */
json_t *client_event(struct client *c, struct err *err);

#endif
