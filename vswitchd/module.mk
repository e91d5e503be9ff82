# SPDX-License-Identifier: GPL-2.0-or-later
vswitchd-srcs += vswitchd/netlink.c vswitchd/netlink_route.c vswitchd/netlink_ns.c vswitchd/netlink_tap.c
vswitchd-srcs += vswitchd/port_tap.c vswitchd/port_packet.c vswitchd/reaper.c
vswitchd-srcs += vswitchd/hostrules.c vswitchd/hostleg.c vswitchd/addrplan.c vswitchd/modeconf.c
