/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decode.h - a frame as one line: by tcpdump where it is installed, else in words of our own.
 */
#ifndef VNETCTL_DECODE_H
#define VNETCTL_DECODE_H

#include "lib/pcapng.h"

struct decoder;

/* NULL only when memory is short. */
struct decoder *decoder_create(void);
void decoder_destroy(struct decoder *d);
/* Addresses, protocol and what is in it, without time and newline. Valid until the next call. */
const char *decode(struct decoder *d, const struct pcapng_packet *p);

#endif
