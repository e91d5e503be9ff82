# SPDX-License-Identifier: GPL-2.0-or-later
lib-srcs := lib/addr.c lib/clock.c lib/csum.c lib/drop.c lib/err.c lib/gso.c lib/hash.c \
	lib/log.c lib/pkt.c lib/timer.c
lib-srcs += lib/nearest.c lib/pcapng.c
lib-srcs += lib/frame.c lib/ipaddr.c
lib-srcs += lib/linkspec.c lib/linkwords.c lib/linktext.c lib/linkmodel.c lib/holdq.c lib/due.c lib/alarm.c
lib-srcs += lib/ipproto.c lib/setting_names.c lib/late.c
lib-srcs += lib/base64.c lib/hex.c lib/tag.c lib/sha256.c
lib-srcs += lib/dhcp_option_table.c lib/dhcp_option_value.c lib/dhcp_option_names.c

unit-tests += sha256 addr csum gso hash pcapng pkt tag text timer
test_addr-objs := lib
test_sha256-objs := lib
test_csum-objs := lib
test_gso-objs := lib
test_hash-objs := lib
test_pcapng-objs := lib
test_pkt-objs := lib
test_tag-objs := lib
test_text-objs := lib
test_timer-objs := lib

unit-tests += frame ipaddr late
test_frame-objs := lib
test_ipaddr-objs := lib
test_late-objs := lib

unit-tests += link holdq
test_link-objs := lib
test_holdq-objs := lib
fuzz-targets += link
fuzz_link-objs := lib
