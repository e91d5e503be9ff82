# SPDX-License-Identifier: GPL-2.0-or-later

# What runs inside the default guest.
unit-tests += agent guest_config
test_agent-objs := vmm/image/agent.c vmm/image/agent_parser.c
test_guest_config-objs := vmm/image/config.c
fuzz-targets += agent
fuzz_agent-objs := vmm/image/agent_parser.c vmm/image/config.c

# The daemon's core with the carriers and the mode of wire tests.
wire-world := tests/wire/world.c tests/wire/carriers.c vswitchd-core lib
wire-tests += switch isolation offload ports net settings
wire-tests += see
wire-tests += vlan patch segment
test_segment-objs := $(wire-world)
test_patch-objs := $(wire-world)
test_vlan-objs := $(wire-world)
test_switch-objs := $(wire-world)
test_isolation-objs := $(wire-world)
test_offload-objs := $(wire-world)
test_ports-objs := $(wire-world)
test_net-objs := $(wire-world)
test_settings-objs := $(wire-world)
test_see-objs := $(wire-world)
fuzz-targets += gso switch
fuzz_gso-objs := lib
fuzz_switch-objs := vswitchd-core lib

wire-tests += guard
test_guard-objs := $(wire-world)
fuzz-targets += guard
fuzz_guard-objs := vswitchd-core lib

# One parser, entered at each of its layers.
frame-fuzzers := eth arp ip4 ip6 icmp
fuzz-targets += $(frame-fuzzers)
$(foreach x,$(frame-fuzzers),$(eval fuzz_$(x)-objs := lib/frame.c))
wire-tests += impair
test_impair-objs := $(wire-world)

# Loops and multicast.
wire-tests += loops multicast
test_loops-objs := $(wire-world)
test_multicast-objs := $(wire-world)
fuzz-targets += stp snoop
fuzz_stp-objs := vswitchd/switch/rstp.c vswitchd/switch/rstp_bpdu.c vswitchd/switch/rstp_info.c vswitchd/switch/rstp_machines.c \
	vswitchd/switch/rstp_roles.c
fuzz_snoop-objs := vswitchd-core lib

# The bridge mode with a NIC that tests make.
wire-tests += bridge
test_bridge-objs := $(wire-world) modes/bridge/bridge.c modes/bridge/singlemac.c \
	modes/bridge/singlemac_table.c vswitchd/switch/modeconf.c vswitchd/netprobe.c probe
