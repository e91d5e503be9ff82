# SPDX-License-Identifier: GPL-2.0-or-later
# Router advertisements, which the NAT gateway sends too.
ra-srcs := dhcp/ra.c dhcp/domain.c
dhcp-srcs := $(ra-srcs) dhcp/wire6.c dhcp/server6.c dhcp/server6_lease.c dhcp/server6_reply.c
dhcp-srcs += dhcp/wire.c dhcp/client.c dhcp/lease.c dhcp/pool.c \
	dhcp/policy.c dhcp/reply.c \
	dhcp/server.c dhcp/turn.c dhcp/probe.c dhcp/explain.c dhcp/admin.c \
	dhcp/store_sqlite.c dhcp/store_open.c dhcp/lease_change.c dhcp/lease_writer.c

unit-tests += dhcp_option dhcp_wire dhcp_who dhcp_server dhcp_store lease_writer
test_lease_writer-objs := tests/unit/tight_disk.c dhcp lib
test_dhcp_option-objs := tests/unit/dhcp_bench.c dhcp lib
test_dhcp_wire-objs := tests/unit/dhcp_bench.c dhcp lib
test_dhcp_who-objs := tests/unit/dhcp_bench.c dhcp lib
test_dhcp_server-objs := tests/unit/dhcp_bench.c dhcp lib
test_dhcp_store-objs := dhcp lib

fuzz-targets += dhcp dhcp_wire dhcp_option
fuzz_dhcp_option-objs := dhcp lib
fuzz_dhcp-objs := tests/unit/dhcp_bench.c dhcp lib
fuzz_dhcp_wire-objs := dhcp lib

wire-tests += dhcp
test_dhcp-objs := tests/wire/world.c tests/wire/ear.c tests/wire/carriers.c tests/unit/dhcp_bench.c \
	tests/unit/tight_disk.c tests/wire/lease_file.c station vswitchd/netdns_frame.c tftp vswitchd-core dhcp lib

unit-tests += dhcp6
test_dhcp6-objs := tests/unit/dhcp6_bench.c tests/unit/dhcp_bench.c dhcp lib
fuzz-targets += dhcp6
fuzz_dhcp6-objs := tests/unit/dhcp6_bench.c tests/unit/dhcp_bench.c dhcp lib
fuzz-targets += dhcp6_wire
fuzz_dhcp6_wire-objs := dhcp/wire6.c dhcp/domain.c

wire-tests += netsix
test_netsix-objs := tests/wire/world.c tests/wire/ear.c tests/wire/carriers.c tests/unit/dhcp6_bench.c tests/unit/dhcp_bench.c \
	tests/unit/tight_disk.c tests/wire/lease_file.c station vswitchd/netdns_frame.c tftp vswitchd-core dhcp lib
# What a message says, of any frame, beside the reasons that a network remembers.
fuzz-targets += netsay
fuzz_netsay-objs := vswitchd/netsay.c vswitchd/netdhcp_words.c vswitchd/netsix_words.c dhcp lib
