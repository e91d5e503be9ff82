/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * program.h - where our own programs are.
 */
#ifndef VSWITCHD_PROGRAM_H
#define VSWITCHD_PROGRAM_H

#include "lib/types.h"

/* DIR/REST into @out when that can be run; else "" and false. */
bool program_try(const char *dir, const char *rest, char *out, size_t size);
/* One that comes with the daemon: beside it, as in a build folder, or where `make install` puts it.
 * "" and false when it is in neither. */
bool program_find(const char *program, char *out, size_t size);

#endif
