/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any frame, in words: the text ends, is one line of printable characters, and says its protocol.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "vswitchd/netsay.h"

static struct net net;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[NETSAY_TEXT];
	struct pkt p = {.data = (uint8_t *)data, .len = (uint32_t)size};
	const char *said = netsay(&net, &p, text);

	if (!said)
		return 0;
	MUST(strnlen(said, sizeof(text)) < sizeof(text));
	MUST(strncmp(said, "dhcp", 4) == 0 || strncmp(said, "ipv6: ", 6) == 0);
	for (; *said; said++)
		MUST(*said >= ' ' && *said <= '~');
	return 0;
}
