# SPDX-License-Identifier: GPL-2.0-or-later
# What talks to the daemon: the connection, one call, tables, events. Used by vnetctl and lab.
client-srcs := $(addprefix client/,client.c ctl.c table.c text.c watch.c)
unit-tests += table
test_table-objs := client lib
