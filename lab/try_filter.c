/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * try_filter.c - how questions and answers look on the wire, in either family.
 *
 * pcap-filter(7) looks into TCP and ICMP of IPv4 only, so of IPv6 bytes are named: its next header
 * is at 6, its payload's length at 4, and what follows at 40. Extension headers are not looked
 * behind: nobody puts one before a ping or a SYN.
 */
#include <stdio.h>
#include <string.h>

#include "lab/try.h"

enum {
	ICMP_OVERHEAD = 28,  /* headers of IPv4 (its length counts them) and ICMP */
	ICMP6_OVERHEAD = 8,  /* of ICMPv6 */
	ICMP6_REQUEST = 128, /* RFC 4443 4.1 */
	ICMP6_REPLY = 129    /* 4.2 */
};

char *filter_echo(char out[static FILTER_SIZE], const char *addr, bool reply, unsigned int bytes)
{
	if (strchr(addr, ':'))
		snprintf(out, FILTER_SIZE, "ip6[6] = 58 and ip6[40] = %d and ip6[4:2] = %u",
			 reply ? ICMP6_REPLY : ICMP6_REQUEST, bytes + ICMP6_OVERHEAD);
	else
		snprintf(out, FILTER_SIZE, "icmp[icmptype] = icmp-echo%s and ip[2:2] = %u",
			 reply ? "reply" : "", bytes + ICMP_OVERHEAD);
	return out;
}

char *filter_syn_ack(char out[static FILTER_SIZE], const char *addr)
{
	snprintf(out, FILTER_SIZE, "%s",
		 strchr(addr, ':') ? "ip6[6] = 6 and ip6[53] & 0x12 = 0x12"
				   : "tcp[tcpflags] & (tcp-syn|tcp-ack) = (tcp-syn|tcp-ack)");
	return out;
}

char *addr_port(char *out, size_t size, const char *addr, unsigned int port)
{
	bool six = strchr(addr, ':');

	snprintf(out, size, "%s%s%s:%u", six ? "[" : "", addr, six ? "]" : "", port);
	return out;
}
