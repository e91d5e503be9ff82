# SPDX-License-Identifier: GPL-2.0-or-later
nat-core-srcs := modes/nat/nat_tcp.c modes/nat/nat_ext.c modes/nat/nat_table.c modes/nat/nat_frag.c \
	modes/nat/nat_packet.c modes/nat/nat_icmp.c modes/nat/nat_xlate.c modes/nat/nat_out.c \
	modes/nat/nat_in.c
modes-srcs += $(nat-core-srcs)
