# SPDX-License-Identifier: GPL-2.0-or-later
# The translator and the gateway make no system calls: what unit, wire and fuzz tests link.
nat-core-srcs := modes/nat/nat_extra.c modes/nat/nat_tcp.c modes/nat/nat_pair.c modes/nat/nat_ext.c modes/nat/nat_table.c modes/nat/nat_mapping.c modes/nat/nat_session.c modes/nat/nat_frag.c \
	modes/nat/nat_packet.c modes/nat/nat_icmp.c modes/nat/nat_xlate.c modes/nat/nat_out.c \
	modes/nat/nat_in.c modes/nat/nat_reset.c modes/nat/nat_gateway.c modes/nat/nat_host.c \
	modes/nat/nat6_packet.c modes/nat/nat6.c modes/nat/nat6_names.c modes/nat/nat6_out.c modes/nat/nat6_in.c \
	modes/nat/nat6_reset.c modes/nat/nat6_nd.c
modes-srcs += $(nat-core-srcs) modes/nat/nat_uplink.c modes/nat/nat_uplink_one.c modes/nat/nat_uplink_route.c modes/nat/nat_uplink_ports.c modes/nat/nat_uplink_sock.c \
	modes/nat/nat_uplink_hop.c modes/nat/nat_uplink_pair.c modes/nat/nat_forward.c \
	modes/nat/nat_forward_parse.c modes/nat/nat_forward_guest.c modes/nat/nat_relay.c modes/nat/nat_relay_tcp.c modes/nat/nat_relay_udp.c modes/nat/nat_explain.c modes/nat/nat_explain_in.c modes/nat/nat_explain6.c modes/nat/nat_show.c modes/nat/nat_lack.c modes/nat/nat_settings.c modes/nat/nat_edge.c modes/nat/nat_watch.c modes/nat/mode_nat.c
modes-srcs += modes/nat/nat_uplink_range.c modes/nat/nat_uplink_extra.c modes/nat/nat_map.c modes/nat/nat_pool.c modes/nat/nat_ports.c

unit-tests += nat_tcp nat_xlate nat_frag nat_icmp nat6 nat6_frag nat_rows
unit-tests += nat_proto nat_extra nat_limits nat_udp
test_nat_udp-objs := tests/unit/nat_world.c nat-core ra lib
test_nat_limits-objs := tests/unit/nat_world.c nat-core ra lib
test_nat_extra-objs := tests/unit/nat_world.c nat-core ra lib
unit-tests += nat_peers
test_nat_peers-objs := tests/unit/nat_world.c nat-core ra lib
test_nat_proto-objs := tests/unit/nat_world.c nat-core ra lib
test_nat_tcp-objs := modes/nat/nat_tcp.c
test_nat_xlate-objs := tests/unit/nat_world.c nat-core ra lib
test_nat_frag-objs := tests/unit/nat_world.c nat-core ra lib
test_nat_icmp-objs := tests/unit/nat_world.c nat-core ra lib
test_nat6-objs := tests/unit/nat6_world.c nat-core ra lib
test_nat_rows-objs := tests/unit/nat_world.c nat-core ra lib
test_nat6_frag-objs := tests/unit/nat6_world.c nat-core ra lib

wire-tests += nat
test_nat-objs := tests/wire/world.c tests/wire/carriers.c nat-core ra vswitchd-core lib

fuzz-targets += nat nat6
fuzz_nat-objs := tests/fuzz/nat_packets.c tests/unit/nat_world.c nat-core ra lib
fuzz_nat6-objs := nat-core ra lib
