# SPDX-License-Identifier: GPL-2.0-or-later
modes-srcs += modes/bridge/bridge.c modes/bridge/bridge_link.c modes/bridge/bridge_single.c modes/bridge/singlemac.c modes/bridge/singlemac_table.c

unit-tests += singlemac
test_singlemac-objs := modes/bridge/singlemac.c modes/bridge/singlemac_table.c lib
fuzz-targets += singlemac
fuzz_singlemac-objs := modes/bridge/singlemac.c modes/bridge/singlemac_table.c lib
