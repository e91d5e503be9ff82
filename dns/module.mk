# SPDX-License-Identifier: GPL-2.0-or-later
dns-srcs := dns/wire.c dns/text.c dns/records.c dns/cache.c dns/zone.c dns/upstream.c dns/proxy.c \
	dns/proxy_txn.c dns/stream.c
