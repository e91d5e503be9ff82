/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_icmp.c - any bytes as an upper layer: the first one chooses ICMP over IPv4 (0), ICMPv6 with
 * neighbour discovery (1), or an extension header, a fragment, UDP or TCP before or instead (2 and
 * on), as the next header of IPv6.
 */
#include "tests/fuzz/frame_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t next[] = {58, 0, 44, 60, 43, 51, 17, 6};
	uint8_t v4[34] = "\x52\x54\0\0\0\2\x52\x54\0\0\0\1\x08\0\x45\0\0\0\0\1\0\0\x40\1";
	uint8_t v6[54] = "\x52\x54\0\0\0\2\x52\x54\0\0\0\1\x86\xdd\x60\0\0\0\0\0\x3a\xff";

	if (!size)
		return 0;
	if (data[0]) {
		v6[20] = next[(data[0] - 1) % sizeof(next)];
		check_behind(v6, sizeof(v6), data + 1, size - 1);
	} else {
		check_behind(v4, sizeof(v4), data + 1, size - 1);
	}
	return 0;
}
