/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event_text.h - the daemon's events as sentences.
 */
#ifndef VNETCTL_EVENT_TEXT_H
#define VNETCTL_EVENT_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* What @event (the parameters of a notification) says, without its time and without a newline. An
 * event that no sentence is known for is written as "key=value ...". What the daemon passes on from
 * guests is escaped. */
void event_print(FILE *out, const json_t *event);

#endif
