# SPDX-License-Identifier: GPL-2.0-or-later
# What talks to the daemon: the connection, one call, tables, events, copies. Used by vnetctl and lab.
client-srcs := $(addprefix client/,client.c ctl.c table.c text.c watch.c)
client-srcs += $(addprefix client/,shell.c copy_exec.c copy_in.c copy_out.c tree.c)

unit-tests += table tree
test_table-objs := client lib
libs-test_table := -larchive
test_tree-objs := client/tree.c lib
libs-test_tree := -larchive

fuzz-targets += tree
fuzz_tree-objs := client/tree.c lib
