/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_tcp.h - what a translator must know of a TCP connection: is it opening, open or closing?
 *
 * RFC 7857 section 2 asks for the state machine of RFC 6146 3.5.2; this is that machine with
 * "inside" for its IPv6 and "outside" for its IPv4 side. It looks at flags only, never at
 * sequence numbers, so a blind RST can shorten a connection's time but never end it: the first
 * segment after it makes the connection established again (RFC 7857 2.2).
 */
#ifndef MODES_NAT_TCP_H
#define MODES_NAT_TCP_H

#include "lib/types.h"

enum nat_dir { NAT_OUT, NAT_IN };

enum nat_tcp_state {
	NAT_TCP_SYN_OUT,     /* inside has sent a SYN (or a segment of an unknown connection) */
	NAT_TCP_SYN_IN,	     /* outside has sent a SYN */
	NAT_TCP_ESTABLISHED, /* both have spoken */
	NAT_TCP_FIN_OUT,     /* inside will send no more */
	NAT_TCP_FIN_IN,	     /* outside will send no more */
	NAT_TCP_CLOSING,     /* both have sent FIN */
	NAT_TCP_RESET	     /* somebody has sent RST; it may have been forged */
};

/* The state after a segment with @flags (TCP_SYN...) in direction @dir. */
enum nat_tcp_state nat_tcp_next(enum nat_tcp_state state, enum nat_dir dir, uint8_t flags);
/* Can a segment with these flags be part of any connection at all? */
bool nat_tcp_flags_valid(uint8_t flags);
/* Does the long timeout hold (RFC 5382 REQ-5), or the transitory one? */
bool nat_tcp_is_established(enum nat_tcp_state state);
/* Have both ends finished, so that the port may be taken back when ports run out? */
bool nat_tcp_is_over(enum nat_tcp_state state);
const char *nat_tcp_word(enum nat_tcp_state state);

#endif
