/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream_int.h - the two halves of DNS over TCP: what comes in (stream.c) and what goes out
 * (stream_out.c).
 */
#ifndef DNS_STREAM_INT_H
#define DNS_STREAM_INT_H

#include "dns/stream.h"

enum {
	STREAM_HDR = 20,
	STREAM_HEADERS = 60,   /* IPv6 and TCP */
	STREAM_MSS_OPTION = 2, /* RFC 9293 3.2 */
};

/* An RST to a segment @in of no connection, with @data bytes (RFC 9293 3.10.7.1). */
void dns_stream_send_reset(struct dns_streams *s, const struct dns_asker *to,
			   const struct tcp_hdr *in, size_t data);
/* A segment with ACK and @flags; @len bytes of data, within the peer's segment size. */
void dns_stream_send(struct dns_streams *s, const struct dns_stream *c, uint32_t seq,
		     unsigned int flags, const uint8_t *data, size_t len);
/* SYN and ACK, with our segment size. */
void dns_stream_send_syn(struct dns_streams *s, const struct dns_stream *c);
/* Send what window and slow start let through. False: there was nothing to send. */
bool dns_stream_push(struct dns_streams *s, struct dns_stream *c, msec now);

/* Bytes of answers that are sent and not acknowledged. */
size_t dns_stream_under_way(const struct dns_stream *c);

#endif
