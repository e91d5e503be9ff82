/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * events.h - tells subscribed clients what happens.
 *
 * Most events are rare and go to everybody who listens. Loud ones come with the traffic, thousands
 * a second: only who names them as a topic gets them, and they are not even made when nobody does.
 */
#ifndef VSWITCHD_EVENTS_H
#define VSWITCHD_EVENTS_H

#include <jansson.h>
#include <stdbool.h>

struct daemon;

/* For runner.events. @ctx is the daemon; borrows @params (an object, or NULL). */
void events_cb(void *ctx, const char *event, json_t *params);
/* For runner.wanted: does anybody want @event now? */
bool events_wanted(void *ctx, const char *event);
/* The same for the control plane; takes @params. */
void events_send(struct daemon *d, const char *event, json_t *params);

#endif
