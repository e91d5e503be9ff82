# SPDX-License-Identifier: GPL-2.0-or-later
# What reads files, without a daemon; then what works on one.
lab-model-srcs := $(addprefix lab/,errors.c model.c yaml.c schema.c parse.c parse_nets.c parse_dhcp.c parse_checks.c parse_about.c parse_link.c parse_cables.c parse_schedule.c \
	validate.c validate_checks.c names.c subst.c fmt.c probe_name.c)
lab-srcs := $(lab-model-srcs) $(addprefix lab/,progress.c wave.c guest.c up.c up_objects.c record.c change.c diff.c preflight.c up_files.c up_step.c \
	up_namespace.c up_network.c up_guest.c up_address.c up_link.c up_cable.c down.c node.c local.c probe.c \
	status.c schedule.c graph.c check.c attempt.c try.c observe.c \
	try_filter.c try_traffic.c try_http.c try_probe.c try_path.c try_packets.c try_tables.c report.c solution.c package.c save.c save_network.c save_switch.c restore.c work_files.c grade.c)

unit-tests += lab package schedule
test_package-objs := lab/package.c lab/work_files.c lib
libs-test_package := -larchive
test_schedule-objs := lab/schedule.c client lib
libs-test_schedule := -larchive -Wl,--wrap=client_call
test_lab-objs := $(lab-model-srcs) lib
fuzz-targets += lab package
fuzz_package-objs := lab/package.c lab/work_files.c lib
fuzz_lab-objs := $(lab-model-srcs) lib
