/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_tftp.c - the TFTP server against clients that lose, repeat and lie (RFC 1350, 2347 to 2349,
 * 7440), on files in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tftp/server.h"

enum { SENT_MAX = 64, FILE_MAX = 300000 };

static struct {
	uint8_t file[FILE_MAX];
	size_t size;
	int open;
	unsigned int n;
	struct {
		uint16_t sport;
		size_t len;
		uint8_t data[TFTP_PACKET_MAX];
	} sent[SENT_MAX];
	char why[128];
	uint64_t bytes;
	bool broken;
} w;

static struct tftp_server s;
static struct tftp_peer peer = {.addr = {{[10] = 0xff, [11] = 0xff, 10, 0, 2, 128}},
				.to = {{[10] = 0xff, [11] = 0xff, 10, 0, 2, 254}},
				.mac = {{2, 0, 0, 0, 0, 1}},
				.port = 2000};

static int op_open(void *ctx, const char *name, uint64_t *size)
{
	(void)ctx;
	if (strcmp(name, "file") != 0)
		return strcmp(name, "secret") ? -ENOENT : -EXDEV;
	w.open++;
	*size = w.size;
	return 7;
}

static ssize_t op_read(void *ctx, int file, uint64_t off, void *buf, size_t len)
{
	size_t n = off < w.size ? MIN(len, w.size - (size_t)off) : 0;

	(void)ctx;
	assert_int_equal(file, 7);
	if (w.broken)
		return -EIO;
	memcpy(buf, w.file + off, n);
	return (ssize_t)n;
}

static void op_close(void *ctx, int file)
{
	(void)ctx;
	assert_int_equal(file, 7);
	w.open--;
}

static void op_send(void *ctx, const struct tftp_peer *to, uint16_t sport, const void *data,
		    size_t len)
{
	(void)ctx;
	assert_int_equal(to->port, peer.port);
	assert_in_range(w.n, 0, SENT_MAX - 1);
	w.sent[w.n].sport = sport;
	w.sent[w.n].len = len;
	memcpy(w.sent[w.n++].data, data, len);
}

static void op_note(void *ctx, const struct tftp_note *n)
{
	(void)ctx;
	snprintf(w.why, sizeof(w.why), "%s", n->why ? n->why : "done");
	w.bytes = n->bytes;
}

static const struct tftp_ops ops = {op_open, op_read, op_close, op_send, op_note};

static int setup(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	for (size_t i = 0; i < FILE_MAX; i++)
		w.file[i] = (uint8_t)(i * 31 + i / 251);
	w.size = 1300;
	peer.port = 2000;
	tftp_server_init(&s, &ops, NULL, 1500, 42);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tftp_server_fini(&s);
	assert_int_equal(w.open, 0);
	return 0;
}

/* @text: the request behind its code, '|' for NUL. */
static void ask(const char *text)
{
	uint8_t msg[600] = {0, TFTP_RRQ};
	size_t len = strlen(text);

	memcpy(msg + 2, text, len);
	for (size_t i = 2; i < len + 2; i++)
		if (msg[i] == '|')
			msg[i] = 0;
	w.n = 0;
	tftp_server_input(&s, &peer, TFTP_PORT, msg, len + 2, 1000);
}

static void ack(uint16_t block, msec now)
{
	uint8_t msg[4] = {0, TFTP_ACK, (uint8_t)(block >> 8), (uint8_t)block};
	uint16_t id = w.sent[0].sport;

	w.n = 0;
	w.sent[0].sport = id;
	tftp_server_input(&s, &peer, id, msg, sizeof(msg), now);
}

static unsigned int block_of(unsigned int i)
{
	assert_in_range(i, 0, w.n - 1);
	assert_int_equal(w.sent[i].data[1], TFTP_DATA);
	return (unsigned int)w.sent[i].data[2] << 8 | w.sent[i].data[3];
}

static void is_error(unsigned int code)
{
	assert_int_equal(w.n, 1);
	assert_int_equal(w.sent[0].data[1], TFTP_ERROR);
	assert_int_equal(w.sent[0].data[3], code);
}

/* ---- lockstep -------------------------------------------------------------------------------- */

static void plain(void **state)
{
	(void)state;
	ask("file|octet|");
	assert_int_not_equal(w.sent[0].sport, TFTP_PORT);
	assert_int_equal(block_of(0), 1);
	assert_int_equal(w.sent[0].len, 516);
	assert_memory_equal(w.sent[0].data + 4, w.file, 512);
	ack(1, 1000);
	ack(2, 1000);
	assert_int_equal(block_of(0), 3);
	assert_int_equal(w.sent[0].len, 4 + 1300 - 1024);
	assert_memory_equal(w.sent[0].data + 4, w.file + 1024, 1300 - 1024);
	ack(3, 1010);
	assert_int_equal(w.n, 0);
	assert_string_equal(w.why, "done");
	assert_int_equal(w.bytes, 1300);
	assert_int_equal(tftp_server_sessions(&s), 0);
}

/* A file of whole blocks ends with an empty one. */
static void whole_blocks(void **state)
{
	(void)state;
	w.size = 1024;
	ask("/file|OCTET|");
	ack(1, 1000);
	ack(2, 1000);
	assert_int_equal(w.sent[0].len, 4);
	ack(3, 1000);
	assert_string_equal(w.why, "done");
}

/* The sorcerer's apprentice (RFC 1123 4.2.3.1): the same ACK twice sends nothing. */
static void duplicates(void **state)
{
	(void)state;
	ask("file|octet|");
	ack(1, 1000);
	assert_int_equal(w.n, 1);
	ack(1, 1000);
	assert_int_equal(w.n, 0);
	ack(0, 1000);
	ack(9, 1000);
	assert_int_equal(w.n, 0);
}

static void lost(void **state)
{
	(void)state;
	ask("file|octet|");
	w.n = 0;
	tftp_server_tick(&s, 1500);
	assert_int_equal(w.n, 0);
	tftp_server_tick(&s, 2000);
	assert_int_equal(block_of(0), 1);
	for (msec now = 3000; now < 8000; now += 1000)
		tftp_server_tick(&s, now);
	assert_int_equal(tftp_server_sessions(&s), 0);
	assert_non_null(strstr(w.why, "does not answer"));
}

/* 16 bits of block numbers go round. */
static void goes_round(void **state)
{
	uint64_t blocks = FILE_MAX / 8 * 2;

	(void)state;
	w.size = FILE_MAX;
	ask("file|octet|blksize|8|");
	ack(0, 1000);
	for (uint64_t i = 1; i <= FILE_MAX / 8; i++) {
		assert_int_equal(block_of(0), (uint16_t)i);
		ack((uint16_t)i, 1000);
	}
	assert_true(blocks > 65536);
	assert_int_equal(w.sent[0].len, 4);
}

/* ---- options --------------------------------------------------------------------------------- */

static void options(void **state)
{
	static const char oack[] = "\0\6blksize\0"
				   "1468\0timeout\0"
				   "3\0windowsize\0"
				   "32\0tsize\0"
				   "1300";

	(void)state;
	ask("file|octet|tsize|0|blksize|65464|windowsize|4000|timeout|3|unknown|x|");
	assert_int_equal(w.sent[0].len, sizeof(oack));
	assert_memory_equal(w.sent[0].data, oack, sizeof(oack));
	w.n = 0;
	tftp_server_tick(&s, 3999);
	assert_int_equal(w.n, 0);
	tftp_server_tick(&s, 4000); /* the OACK again */
	assert_memory_equal(w.sent[0].data, oack, sizeof(oack));
	ack(0, 4000);
	assert_int_equal(w.sent[0].len, 1304);
}

/* What makes no sense is not acknowledged, and the rest goes by the book. */
static void odd_options(void **state)
{
	(void)state;
	ask("file|octet|blksize|7|timeout|0|windowsize|0|");
	assert_int_equal(block_of(0), 1);
	ask("file|octet|blksize|99999|");
	assert_int_equal(block_of(0), 1);
}

static void window(void **state)
{
	(void)state;
	w.size = 10 * 512 + 100;
	ask("file|octet|windowsize|4|");
	ack(0, 1000);
	assert_int_equal(w.n, 4);
	assert_int_equal(block_of(3), 4);
	ack(4, 1000);
	assert_int_equal(block_of(0), 5);
	assert_int_equal(w.n, 4);
	ack(6, 1000); /* 7 was lost: from there on (RFC 7440 4) */
	assert_int_equal(block_of(0), 7);
	assert_int_equal(block_of(3), 10);
	ack(6, 1000); /* so was 7 of this one: once more, but not for ever */
	assert_int_equal(block_of(0), 7);
	ack(6, 1000);
	assert_int_equal(w.n, 0);
	ack(10, 1000);
	assert_int_equal(w.n, 1);
	assert_int_equal(w.sent[0].len, 104);
	ack(11, 1000);
	assert_string_equal(w.why, "done");
}

static void netascii(void **state)
{
	static const char text[] = "a\nb\rc\n";
	static const char wire[] = "a\r\nb\r\0c\r\n";
	char got[64];
	size_t n = 0;

	(void)state;
	memcpy(w.file, text, sizeof(text) - 1);
	memcpy(w.file + sizeof(text) - 1, "0123456789", 10);
	w.size = sizeof(text) - 1 + 10;
	ask("file|netascii|blksize|8|tsize|0|");
	assert_null(memmem(w.sent[0].data, w.sent[0].len, "tsize", 5));
	for (uint16_t i = 0; i < 3; i++) {
		ack(i, 1000);
		memcpy(got + n, w.sent[0].data + 4, w.sent[0].len - 4);
		n += w.sent[0].len - 4;
	}
	assert_int_equal(n, sizeof(wire) - 1 + 10);
	assert_memory_equal(got, wire, sizeof(wire) - 1);
	assert_memory_equal(got + sizeof(wire) - 1, "0123456789", 10);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refusals(void **state)
{
	(void)state;
	ask("other|octet|");
	is_error(TFTP_E_NOT_FOUND);
	ask("secret|octet|");
	is_error(TFTP_E_ACCESS);
	ask("a/../../etc/passwd|octet|");
	is_error(TFTP_E_ACCESS);
	ask("..|octet|");
	is_error(TFTP_E_ACCESS);
	ask("\\..\\x|octet|");
	is_error(TFTP_E_ACCESS);
	ask("file|mail|");
	is_error(TFTP_E_ILLEGAL);
	w.n = 0;
	tftp_server_input(&s, &peer, TFTP_PORT, "\0\2file\0octet", 13, 1000);
	is_error(TFTP_E_ACCESS);
	ask("file|octet|blksize");
	assert_int_equal(w.n, 0);
	ask("file");
	assert_int_equal(w.n, 0);
	assert_int_equal(w.open, 0);
}

static void strangers(void **state)
{
	uint16_t id;

	(void)state;
	ask("file|octet|");
	id = w.sent[0].sport;
	peer.port = 2001; /* somebody else, to the same port of ours */
	w.n = 0;
	tftp_server_input(&s, &peer, id, "\0\4\0\1", 4, 1000);
	is_error(TFTP_E_UNKNOWN_ID);
	w.n = 0;
	tftp_server_input(&s, &peer, id, "\0\5\0\0", 4, 1000); /* no error about an error */
	assert_int_equal(w.n, 0);
	peer.port = 2000;
	tftp_server_input(&s, &peer, id, "\0\5\0\0", 4, 1000);
	assert_int_equal(tftp_server_sessions(&s), 0);
	assert_non_null(strstr(w.why, "client ended"));
}

static void shares(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < TFTP_PER_PEER; i++) {
		peer.port = (uint16_t)(3000 + i);
		ask("file|octet|");
		assert_int_equal(block_of(0), 1);
	}
	peer.port = 4000;
	ask("file|octet|");
	is_error(TFTP_E_OTHER);
	peer.port = 3000; /* one that begins anew is not one more */
	ask("file|octet|");
	assert_int_equal(block_of(0), 1);
	assert_int_equal(w.open, TFTP_PER_PEER);
}

static void unreadable(void **state)
{
	(void)state;
	w.broken = true;
	ask("file|octet|");
	is_error(TFTP_E_OTHER);
	assert_int_equal(w.open, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(plain),     T(whole_blocks), T(duplicates), T(lost),	   T(goes_round),
		T(options),   T(odd_options),  T(window),     T(netascii), T(refusals),
		T(strangers), T(shares),       T(unreadable),
	};

	return cmocka_run_group_tests_name("tftp", tests, NULL, NULL);
}
