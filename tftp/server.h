/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * server.h - a TFTP server that only gives, sans I/O: RFC 1350, 2347, 2348, 2349, 7440.
 *
 * Theory of operation. A packet, its sender and the time go in; packets go out by ops->send, files
 * are read by ops->open, read and close. Each transfer is a session with a port of our own (its
 * transfer id). Of its file the server knows how far the client has acknowledged (`base` blocks)
 * and how far it was sent (`next`); between the two lies the window. An ACK moves base and sends
 * the next window; nothing else sends DATA but the timer, so that a duplicate ACK never doubles the
 * traffic (the sorcerer's apprentice, RFC 1123 4.2.3.1). Where block k of the window begins in the
 * file is kept in mark[k], since in netascii lengths change on the way.
 *
 * Block numbers have 16 bits on the wire and go round; here they have 64.
 *
 * Limits. TFTP_SESSIONS transfers, TFTP_PER_PEER for one MAC; a block is never longer than what one
 * packet of the network carries. Writing is refused.
 */
#ifndef TFTP_SERVER_H
#define TFTP_SERVER_H

#include "lib/clock.h"
#include "lib/ipaddr.h"
#include "tftp/wire.h"

enum {
	TFTP_SESSIONS = 64,
	TFTP_PER_PEER = 4,
	TFTP_WINDOW_MAX = 32, /* blocks; a window fits into the queue of a port */
	TFTP_TIMEOUT_MS = 1000,
	TFTP_TRIES = 6,
	TFTP_PACKET_MAX = TFTP_HEAD + 9000
};

struct tftp_peer {
	struct ip_addr addr, to; /* the client's, and ours that it asked */
	struct mac mac;
	uint16_t port;
};

/* What became of a request. */
struct tftp_note {
	const struct tftp_peer *peer;
	const char *name;
	const char *why; /* it was refused or failed; NULL: the file is there */
	uint64_t bytes;
	msec took_ms;
};

struct tftp_ops {
	/* Open the regular file @name for reading; sets *@size. A handle of 0 or more, or a
	 * negative errno (-ENOENT, -EACCES...). */
	int (*open)(void *ctx, const char *name, uint64_t *size);
	/* Up to @len bytes at @off; how many, 0 at the end, or a negative errno. */
	ssize_t (*read)(void *ctx, int file, uint64_t off, void *buf, size_t len);
	void (*close)(void *ctx, int file);
	void (*send)(void *ctx, const struct tftp_peer *to, uint16_t sport, const void *data,
		     size_t len);
	void (*note)(void *ctx, const struct tftp_note *note);
};

/* Where in the file a block begins: an offset, and in netascii perhaps the second half of a pair.
 */
struct tftp_mark {
	uint64_t off;
	bool half;
	uint8_t pending;
};

struct tftp_session {
	bool used;
	struct tftp_peer peer;
	uint16_t id; /* our port */
	int file;
	uint64_t size;
	bool netascii, oack; /* oack: the options are not acknowledged yet */
	uint32_t blksize, window;
	uint64_t base, next, last; /* last: number of the short block; 0: not reached */
	struct tftp_mark mark[TFTP_WINDOW_MAX + 1];
	msec begun_ms, deadline_ms, timeout_ms;
	unsigned int tries;
	bool again; /* the window was sent again since base moved */
	uint64_t bytes;
	size_t oack_len;
	uint8_t oack_msg[128];
	char name[TFTP_NAME_MAX + 1];
};

struct tftp_server {
	const struct tftp_ops *ops;
	void *ctx;
	uint32_t mtu; /* of the network; may change */
	uint64_t random;
	uint64_t requests, refused, done, failed, resent;
	struct tftp_session sessions[TFTP_SESSIONS];
};

void tftp_server_init(struct tftp_server *s, const struct tftp_ops *ops, void *ctx, uint32_t mtu,
		      uint64_t seed);
/* Ends all transfers, without a word to the clients. */
void tftp_server_fini(struct tftp_server *s);
/* A packet that came to our port @dport. */
void tftp_server_input(struct tftp_server *s, const struct tftp_peer *from, uint16_t dport,
		       const void *data, size_t len, msec now);
/* Send again what was not acknowledged in time. */
void tftp_server_tick(struct tftp_server *s, msec now);
/* Is @port one that transfers have? */
bool tftp_server_port(const struct tftp_server *s, uint16_t port);
unsigned int tftp_server_sessions(const struct tftp_server *s);

#endif
