/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firstuse.h - internal networks that are made when somebody first names them.
 *
 * "internal:NAME" where a NIC names its network is the internal network NAME, made now if there is
 * none. The mode is part of the word, so that a misspelt name of another network stays an error.
 * The network stays when the last NIC leaves, as any other does.
 */
#ifndef VSWITCHD_FIRSTUSE_H
#define VSWITCHD_FIRSTUSE_H

#include <jansson.h>

#include "lib/err.h"

struct daemon;

/* Replace "internal:NAME" in "net" of @object by NAME. What is made is added to the list of names
 * *@made (NULL at first; the caller frees it by firstuse_end()). */
int firstuse_resolve(struct daemon *d, json_t *object, json_t **made, struct err *err);
/* The request is over: with @failed the networks in @made are deleted again. Takes @made. */
void firstuse_end(struct daemon *d, json_t *made, bool failed);

#endif
