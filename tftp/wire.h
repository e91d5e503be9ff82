/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.h - TFTP packets: bytes to structure and back (RFC 1350 5, 2347 2, 2348, 2349, 7440 3).
 *
 * Pure. A parsed request borrows its texts from the bytes, which are checked to end with NUL.
 */
#ifndef TFTP_WIRE_H
#define TFTP_WIRE_H

#include "lib/types.h"

enum { TFTP_PORT = 69 };
enum tftp_op { TFTP_RRQ = 1, TFTP_WRQ, TFTP_DATA, TFTP_ACK, TFTP_ERROR, TFTP_OACK };

/* RFC 1350 appendix I, RFC 2347 3 */
enum tftp_error {
	TFTP_E_OTHER,
	TFTP_E_NOT_FOUND,
	TFTP_E_ACCESS,
	TFTP_E_FULL,
	TFTP_E_ILLEGAL,
	TFTP_E_UNKNOWN_ID
};

enum {
	TFTP_BLOCK = 512,	/* RFC 1350 2, without the option */
	TFTP_BLOCK_MIN = 8,	/* RFC 2348 2 */
	TFTP_BLOCK_MAX = 65464, /* RFC 2348 2 */
	TFTP_HEAD = 4,		/* of DATA */
	TFTP_NAME_MAX = 255,
	TFTP_REQUEST_MAX = 512 /* RFC 2347 2 */
};

struct tftp_packet {
	enum tftp_op op;
	uint16_t block; /* ACK */
	/* RRQ, WRQ. An option that is not there, or makes no sense, is 0. */
	const char *name;
	bool netascii; /* else octet */
	bool tsize;
	uint32_t blksize, timeout_s, windowsize;
};

/* 0; -EBADMSG when malformed; -EOPNOTSUPP: a request for a mode that nobody uses any more. */
int tftp_parse(const void *data, size_t len, struct tftp_packet *out);

/* All write to @out and return the length. DATA's payload is put behind its head by the caller. */
size_t tftp_put_data_head(uint8_t *out, uint16_t block);
/* @text is cut where it does not fit into @size. */
size_t tftp_put_error(uint8_t *out, size_t size, enum tftp_error code, const char *text);
size_t tftp_put_oack_head(uint8_t *out);
/* One more option of an OACK of @len bytes; returns the new length, @len when it does not fit. */
size_t tftp_put_option(uint8_t *out, size_t len, size_t size, const char *name, uint64_t value);

#endif
