/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/switch/mode.h"

/* Every kind of network that there is. Apart from mode.c, so that tests can link fewer. */
const struct mode_ops *const modes[] = {
	&mode_nat, &mode_bridge, &mode_hostonly, &mode_internal, &mode_lansegment, NULL,
};
