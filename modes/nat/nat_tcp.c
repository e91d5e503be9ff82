/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_tcp.h"

#include "lib/wire.h"

bool nat_tcp_flags_valid(uint8_t flags)
{
	unsigned int core = flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK);

	if (!core)
		return false;
	/* A SYN opens; it can't close in the same breath (RFC 793 3.4 knows no such segment). */
	if ((core & TCP_SYN) && (core & (TCP_FIN | TCP_RST)))
		return false;
	return !((core & TCP_RST) && (core & TCP_FIN));
}

static enum nat_tcp_state after_fin(enum nat_tcp_state state, enum nat_dir dir)
{
	if (state == NAT_TCP_FIN_OUT)
		return dir == NAT_IN ? NAT_TCP_CLOSING : state;
	if (state == NAT_TCP_FIN_IN)
		return dir == NAT_OUT ? NAT_TCP_CLOSING : state;
	return dir == NAT_OUT ? NAT_TCP_FIN_OUT : NAT_TCP_FIN_IN;
}

/* Opening states end when the other side speaks, by SYN (also simultaneous open, RFC 5382
 * REQ-2) or by any segment of a connection that is older than this table. */
static enum nat_tcp_state after_other(enum nat_tcp_state state, enum nat_dir dir)
{
	switch (state) {
	case NAT_TCP_SYN_OUT:
		return dir == NAT_IN ? NAT_TCP_ESTABLISHED : state;
	case NAT_TCP_SYN_IN:
		return dir == NAT_OUT ? NAT_TCP_ESTABLISHED : state;
	case NAT_TCP_RESET:
		return NAT_TCP_ESTABLISHED;
	default:
		return state;
	}
}

enum nat_tcp_state nat_tcp_next(enum nat_tcp_state state, enum nat_dir dir, uint8_t flags)
{
	bool syn = (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	if (flags & TCP_RST)
		return NAT_TCP_RESET;
	/* The same addresses and ports start over (RFC 1122 4.2.2.13). */
	if (syn && nat_tcp_is_over(state))
		return dir == NAT_OUT ? NAT_TCP_SYN_OUT : NAT_TCP_SYN_IN;
	if (state == NAT_TCP_CLOSING)
		return state;
	if (flags & TCP_FIN)
		return after_fin(state, dir);
	return after_other(state, dir);
}

bool nat_tcp_is_established(enum nat_tcp_state state)
{
	return state == NAT_TCP_ESTABLISHED || state == NAT_TCP_FIN_OUT || state == NAT_TCP_FIN_IN;
}

bool nat_tcp_is_over(enum nat_tcp_state state)
{
	return state == NAT_TCP_CLOSING || state == NAT_TCP_RESET;
}

const char *nat_tcp_word(enum nat_tcp_state state)
{
	static const char *const words[] = {"syn-out", "syn-in",  "established", "fin-out",
					    "fin-in",  "closing", "reset"};

	return words[state];
}
