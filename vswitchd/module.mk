# SPDX-License-Identifier: GPL-2.0-or-later
vswitchd-srcs += vswitchd/netlink.c vswitchd/netlink_route.c vswitchd/netlink_ns.c vswitchd/netlink_tap.c
vswitchd-srcs += vswitchd/port_tap.c vswitchd/port_packet.c vswitchd/reaper.c
vswitchd-srcs += vswitchd/hostrules.c vswitchd/hostleg.c vswitchd/addrplan.c vswitchd/modeconf.c
vswitchd-srcs += vswitchd/netdhcp.c vswitchd/netdhcp_frame.c vswitchd/netdhcp_json.c
vswitchd-core-srcs += vswitchd/fdb.c vswitchd/net.c vswitchd/net_conf.c vswitchd/port.c vswitchd/runner.c \
	vswitchd/mode.c vswitchd/port_dummy.c vswitchd/port_local.c
vswitchd-srcs += $(vswitchd-core-srcs) vswitchd/mode_array.c vswitchd/port_carriers.c

unit-tests += addrplan
test_addrplan-objs := vswitchd/addrplan.c lib

unit-tests += fdb
test_fdb-objs := vswitchd/fdb.c lib
