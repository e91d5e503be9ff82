# SPDX-License-Identifier: GPL-2.0-or-later
probe-srcs := probe/probe.c probe/probe_out.c probe/probe_tcp.c probe/probe_ask.c

unit-tests += probe
test_probe-objs := probe lib
fuzz-targets += probe
fuzz_probe-objs := probe lib
