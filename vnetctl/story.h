/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * story.h - what happened to a frame, for people: one line, or a block with each step.
 */
#ifndef VNETCTL_STORY_H
#define VNETCTL_STORY_H

#include <jansson.h>

#include "vnetctl/decode.h"
#include "vnetctl/frames.h"

/* A frame of a capture on one line, what the switch did with it at the end in brackets. */
void story_line(struct decoder *d, const struct frames *f, const struct pcapng_packet *p);
/* A frame of a trace: the line without the brackets, its steps below, what came of it last. */
void story_block(struct decoder *d, const struct frames *f, const struct pcapng_packet *p);
/* Either as one line of JSON. */
void story_json(struct decoder *d, const struct frames *f, const struct pcapng_packet *p);

/* "    step      text" and "  = verdict", as in a block. Escaped. */
void story_step(const char *step, const char *text);
void story_verdict(const char *text, bool good);

#endif
