# SPDX-License-Identifier: GPL-2.0-or-later
lib-srcs := lib/addr.c lib/clock.c lib/csum.c lib/drop.c lib/err.c lib/gso.c lib/hash.c \
	lib/log.c lib/pkt.c lib/timer.c
lib-srcs += lib/nearest.c
