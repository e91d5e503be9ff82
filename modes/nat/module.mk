# SPDX-License-Identifier: GPL-2.0-or-later
nat-core-srcs := modes/nat/nat_tcp.c modes/nat/nat_ext.c modes/nat/nat_table.c modes/nat/nat_frag.c \
	modes/nat/nat_packet.c modes/nat/nat_icmp.c modes/nat/nat_xlate.c modes/nat/nat_out.c \
	modes/nat/nat_in.c
modes-srcs += $(nat-core-srcs)

unit-tests += nat_tcp nat_xlate
test_nat_tcp-objs := modes/nat/nat_tcp.c
test_nat_xlate-objs := tests/unit/nat_world.c nat-core lib
