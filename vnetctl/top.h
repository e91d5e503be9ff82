/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top.h - rates in words.
 */
#ifndef VNETCTL_TOP_H
#define VNETCTL_TOP_H

#include <jansson.h>

/* "0", "980", "1.2k", "12M": of a thousand each, into @buf; returned. */
char *human_rate(json_int_t n, char *buf, size_t size);

#endif
