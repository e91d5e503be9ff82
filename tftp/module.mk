# SPDX-License-Identifier: GPL-2.0-or-later
tftp-srcs := tftp/wire.c tftp/server.c

unit-tests += tftp
test_tftp-objs := tftp lib
fuzz-targets += tftp
fuzz_tftp-objs := tftp lib
