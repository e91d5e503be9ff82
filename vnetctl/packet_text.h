/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet_text.h - a frame as one line, where tcpdump is not installed.
 */
#ifndef VNETCTL_PACKET_TEXT_H
#define VNETCTL_PACKET_TEXT_H

#include <stdio.h>

#include "lib/types.h"

/* Print addresses and protocol of the @caplen bytes at @data, that were @len bytes on the wire,
 * without a newline. */
void packet_print(FILE *out, const uint8_t *data, size_t caplen, size_t len);

#endif
