/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_reset.h - what a guest is told when a flow of its can't go on, so that nothing hangs.
 *
 * The translator keeps no sequence numbers, and needs none. A TCP segment of no session is answered
 * with a RST that is made from the segment's own acknowledgement number (RFC 9293 3.5.2), as a host
 * answers for a connection that does not exist; the guest must believe it. A guest that only waits
 * sends nothing that could be answered: when its way out is lost it gets a segment that can't be
 * acceptable, which makes it say where it is (RFC 9293 3.10.7.4: "send an acknowledgment"), and
 * that is answered with the RST. Other flows get an ICMP error that quotes what the guest would
 * have sent. No system calls.
 */
#ifndef MODES_NAT_RESET_H
#define MODES_NAT_RESET_H

#include "modes/nat/nat_xlate.h"

/* Answer the TCP segment @v of a guest with a RST from its peer; counted among the errors that
 * the guest may get. Borrows @v. */
void nat_reset_inside(struct nat *n, const struct nat_view *v);

/* @ext is about to go: tell the inside end of each of its sessions, of the first few thousand. */
void nat_tell_ext_gone(struct nat *n, const struct nat_ext *ext, msec now);

/* RFC 879 and RFC 4459 3.2: lower the maximum segment size that a SYN announces to what fits into
 * @mtu, by the setting @mss (enum nat_mss, or a number to use instead). */
void nat_mss_clamp(struct nat_view *v, uint32_t mss, uint32_t mtu);

/* ---- for IPv6 (nat6_reset.c) ----------------------------------------------------------------- */

/* Packets told at once when a way out goes: what the pool can spare; the rest is told when it
 * speaks. */
enum { NAT_TELL_MAX = 2048 };

/* What a segment of our own says. */
struct nat_answer {
	uint8_t flags;
	be32 seq, ack;
};
/* The RST that answers a segment (RFC 9293 3.10.7.1). */
struct nat_answer nat_reset_answer(const struct tcp_hdr *tcp, uint32_t l4_len);
/* The segment that makes a guest say where it is. */
struct nat_answer nat_reset_question(struct nat_table *t);
/* Its header, all but the checksum. */
void nat_segment_fill(struct tcp_hdr *tcp, be16 sport, be16 dport, const struct nat_answer *a);

/* The largest segment by @mss (as above) where @mtu bytes carry @headers of IP and TCP; 0: leave
 * what is said. */
uint32_t nat_mss_most(uint32_t mss, uint32_t mtu, uint32_t headers);
/* Lower it in the options of the SYN at @l4. */
void nat_mss_lower(uint8_t *l4, uint32_t l4_len, bool partial, uint32_t most);

#endif
