/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/switch/port.h"

/* Every carrier that there is. Apart from port.c, so that tests can link the core without the ones
 * that need a kernel. */
const struct port_ops *const port_carriers[] = {
	&port_tap_ops,	 &port_hosttap_ops, &port_netns_ops,  &port_nic_ops, &port_dummy_ops,
	&port_local_ops, &port_patch_ops,   &port_member_ops, NULL,
};
