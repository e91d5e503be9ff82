# SPDX-License-Identifier: GPL-2.0-or-later
dns-srcs := dns/wire.c dns/text.c dns/records.c dns/cache.c dns/zone.c dns/upstream.c dns/proxy.c \
	dns/proxy_txn.c dns/stream.c dns/stream_out.c

unit-tests += dns_wire dns_proxy dns_stream
test_dns_wire-objs := dns lib
test_dns_proxy-objs := dns lib
test_dns_stream-objs := dns lib

fuzz-targets += dns dns_stream
fuzz_dns-objs := dns lib
fuzz_dns_stream-objs := dns lib
libs-test_dns_wire := -lldns

wire-tests += dns
test_dns-objs := tests/wire/world.c tests/wire/carriers.c netdns station vswitchd-core dhcp tftp dns lib
