/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_ip4.c - any bytes behind an Ethernet header of IPv4. */
#include "tests/fuzz/frame_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t head[14] = "\x52\x54\0\0\0\2\x52\x54\0\0\0\1\x08\x00";

	check_behind(head, sizeof(head), data, size);
	return 0;
}
