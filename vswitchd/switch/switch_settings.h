/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * switch_settings.h - settings of the switch itself: hub or switch, its table, its frame length.
 */
#ifndef VSWITCHD_SWITCH_SETTINGS_H
#define VSWITCHD_SWITCH_SETTINGS_H

#include "vswitchd/switch/settings.h"

extern const struct port_setting switch_port_settings[];
extern const struct net_setting switch_net_settings[];

#endif
