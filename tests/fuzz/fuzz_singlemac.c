/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of a guest (even first byte) and of the network, through the translation to one MAC
 * address and back. Whatever they are: nothing that leaves names another source than the NIC, and
 * the table stays bounded.
 *
 * Input: records of a direction byte, a length byte and that many bytes of frame.
 */
#include <string.h>

#include "modes/bridge/singlemac.h"
#include "tests/fuzz/fuzz.h"

static const struct mac nic = {{2, 0, 0, 0, 0, 0xff}};

static void one(struct singlemac *s, struct pkt_pool *pool, bool out, const uint8_t *frame,
		size_t len, msec now)
{
	struct pkt *p = pkt_from(pool, frame, len);
	enum drop_reason reason;

	if (!p)
		return;
	reason = out ? singlemac_out(s, p, now) : singlemac_in(s, p, now);
	MUST(p->len == len);
	MUST(!out || reason != DROP_NONE || memcmp(p->data + 6, &nic, 6) == 0);
	pkt_put(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pkt_pool *pool;
	static struct singlemac *s;
	static msec now;

	if (!pool) {
		pool = pkt_pool_create(2);
		s = singlemac_create(&nic);
	}
	while (size > 2) {
		size_t len = MIN((size_t)data[1], size - 2);

		now += 1000;
		one(s, pool, !(data[0] & 1), data + 2, len, now);
		data += 2 + len;
		size -= 2 + len;
	}
	MUST(singlemac_count(s) <= SINGLEMAC_ADDRS);
	return 0;
}
