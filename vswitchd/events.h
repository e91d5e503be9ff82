/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events.h - tells subscribed clients what happens.
 */
#ifndef VSWITCHD_EVENTS_H
#define VSWITCHD_EVENTS_H

#include <jansson.h>

struct daemon;

/* For runner.events. @ctx is the daemon; borrows @params (an object, or NULL). */
void events_cb(void *ctx, const char *event, json_t *params);
/* The same for the control plane; takes @params. */
void events_send(struct daemon *d, const char *event, json_t *params);

#endif
