/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_frames - what vnetctl reads of a capture: the blocks of a pcapng stream, one after the
 * other, and the frames in them as text.
 */
#include <stdio.h>
#include <string.h>

#include "lib/pcapng.h"
#include "tests/fuzz/fuzz.h"
#include "vnetctl/packet_text.h"

/* Is [@at, @at + @n) inside of [@block, @block + @len)? */
static void inside(const void *at, size_t n, const uint8_t *block, size_t len)
{
	const uint8_t *from = at;

	MUST(from >= block && from <= block + len && n <= (size_t)(block + len - from));
}

static void show(const struct pcapng_packet *p)
{
	char line[512];
	FILE *out = fmemopen(line, sizeof(line), "w");

	MUST(out);
	setbuf(out, NULL);
	packet_print(out, p->data, p->caplen, p->len);
	fclose(out);
	MUST(!memchr(line, '\n', strnlen(line, sizeof(line))));
}

static void read_block(const uint8_t *block, size_t len)
{
	struct pcapng_packet p;
	struct pcapng_stats stats;
	const char *name;
	uint16_t type, name_len;

	if (pcapng_get_packet(block, len, &p)) {
		inside(p.data, p.caplen, block, len);
		MUST(p.n_comments <= PCAPNG_COMMENTS_MAX);
		for (unsigned int i = 0; i < p.n_comments; i++)
			inside(p.comment[i], p.comment_len[i], block, len);
		show(&p);
	}
	if (pcapng_get_interface(block, len, &type, &name, &name_len) && name)
		inside(name, name_len, block, len);
	pcapng_get_stats(block, len, &stats);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t type, len;

	while (size >= 8 && pcapng_block(data, &type, &len)) {
		uint8_t *block;

		MUST(len >= 8 && len <= PCAPNG_BLOCK_MAX);
		if (len > size)
			break;
		/* Of its own, so that a read behind its end is seen. */
		block = malloc(len);
		MUST(block);
		memcpy(block, data, len);
		read_block(block, len);
		free(block);
		data += len;
		size -= len;
	}
	return 0;
}
