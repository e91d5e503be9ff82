# SPDX-License-Identifier: GPL-2.0-or-later

# What runs inside the default guest.
unit-tests += agent guest_config
test_agent-objs := vmm/image/agent.c vmm/image/agent_parser.c
test_guest_config-objs := vmm/image/config.c
fuzz-targets += agent
fuzz_agent-objs := vmm/image/agent_parser.c vmm/image/config.c
