/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_arp.c - any bytes behind an Ethernet header of ARP; the first one chooses RARP and a tag. */
#include "tests/fuzz/frame_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t head[18] = "\xff\xff\xff\xff\xff\xff\x52\x54\0\0\0\1\x81\0\0\5\x08\x06";

	if (!size)
		return 0;
	if (data[0] & 1)
		memcpy(head + 16, "\x80\x35", 2);
	if (data[0] & 2)
		memcpy(head + 12, head + 16, 2);
	check_behind(head, data[0] & 2 ? 14 : 18, data + 1, size - 1);
	return 0;
}
