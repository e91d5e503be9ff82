/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * setting_names.h - the words of all settings of ports and networks.
 *
 * What they mean is in the daemon (vswitchd/switch/settings.h); the words are here so that topology
 * files and command lines are checked without one. A test compares the two.
 */
#ifndef LIB_SETTING_NAMES_H
#define LIB_SETTING_NAMES_H

#include <stdbool.h>

/* NULL-terminated. */
extern const char *const port_setting_names[];
extern const char *const net_setting_names[];

bool setting_name_in(const char *const *names, const char *name);

#endif
