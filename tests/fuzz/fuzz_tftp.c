/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_tftp.c - the TFTP server against any packets in any order, a file that changes and fails.
 *
 * The input is a list of packets: a length, who sends it, to which port, and bytes. It must hold:
 * files that are open are those of the sessions there are; no packet is longer than the network
 * carries; a clean name never has ".." in it; one packet brings no more than a window.
 */
#include <errno.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tftp/server.h"

static struct {
	int open;
	unsigned int sent;
	uint16_t last_port;
	uint8_t mood;
} w;

static int op_open(void *ctx, const char *name, uint64_t *size)
{
	(void)ctx;
	MUST(name[0] && name[0] != '/' && strncmp(name, "../", 3) != 0 && !strstr(name, "/../"));
	if (w.mood & 1)
		return -ENOENT;
	w.open++;
	*size = 5000;
	return 3;
}

static ssize_t op_read(void *ctx, int file, uint64_t off, void *buf, size_t len)
{
	size_t n = off < 5000 ? MIN(len, 5000 - (size_t)off) : 0;

	(void)ctx;
	MUST(file == 3);
	if (w.mood & 2)
		return -EIO;
	memset(buf, w.mood & 4 ? '\n' : 'x', n);
	return (ssize_t)n;
}

static void op_close(void *ctx, int file)
{
	(void)ctx;
	MUST(file == 3 && w.open-- > 0);
}

static void op_send(void *ctx, const struct tftp_peer *to, uint16_t sport, const void *data,
		    size_t len)
{
	const uint8_t *b = data;

	(void)ctx;
	(void)to;
	MUST(len >= 4 && len <= 1500 - 28 && !b[0] && b[1] >= TFTP_DATA && b[1] <= TFTP_OACK);
	w.sent++;
	if (sport != TFTP_PORT)
		w.last_port = sport;
}

static void op_note(void *ctx, const struct tftp_note *n)
{
	(void)ctx;
	MUST(n->name || n->why);
}

static const struct tftp_ops ops = {op_open, op_read, op_close, op_send, op_note};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tftp_server s;
	struct tftp_peer peer = {.addr = {{[10] = 0xff, [11] = 0xff, 10}}, .port = 2000};
	msec now = 1000;

	memset(&w, 0, sizeof(w));
	tftp_server_init(&s, &ops, NULL, 1500, 42);
	while (size > 3) {
		size_t len = MIN((size_t)data[0], size - 3);
		uint16_t port = data[1] & 1 ? TFTP_PORT : w.last_port;

		w.mood = data[2] & 0x87 ? data[2] & 7 : 0;
		peer.port = (uint16_t)(2000 + (data[1] >> 1 & 3));
		peer.mac.b[5] = data[1] >> 3 & 1;
		w.sent = 0;
		tftp_server_input(&s, &peer, port, data + 3, len, now);
		MUST(w.sent <= TFTP_WINDOW_MAX + 1);
		if (data[1] & 0x80)
			tftp_server_tick(&s, now += 700);
		MUST(w.open == (int)tftp_server_sessions(&s));
		data += 3 + len;
		size -= 3 + len;
	}
	tftp_server_fini(&s);
	MUST(!w.open);
	return 0;
}
