/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_eth.c - any bytes as an Ethernet frame with its VLAN tags. */
#include "tests/fuzz/frame_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_behind(NULL, 0, data, size);
	return 0;
}
