/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drop.h - every reason for which a frame is not delivered, by name.
 *
 * One row a reason: identifier, the word shown in `vnetctl port show` and captures, and the
 * sentence for a student. Whoever drops a frame counts it with port_drop() on the port that the
 * frame came from (ingress) or should have left by (egress).
 */
#ifndef LIB_DROP_H
#define LIB_DROP_H

/* clang-format off */
#define DROP_REASONS(X) \
	X(NONE,           "none",           "not dropped") \
	X(RUNT,           "runt",           "shorter than an Ethernet header") \
	X(TOO_BIG,        "too-big",        "longer than the network's MTU allows") \
	X(BAD_VNET_HDR,   "bad-vnet-hdr",   "its offload header contradicts the frame") \
	X(BAD_SRC_MAC,    "bad-src-mac",    "source address is multicast, broadcast or zero") \
	X(RESERVED_MAC,   "reserved-mac",   "sent to 01:80:c2:00:00:00-0f, which a bridge never forwards") \
	X(HAIRPIN,        "hairpin",        "the destination is behind the port it came from") \
	X(PORT_DOWN,      "port-down",      "the port is set down") \
	X(LINK_DOWN,      "link-down",      "the far end's interface is down, or nobody has opened its tap") \
	X(NO_PORT,        "no-port",        "no other port is on the network") \
	X(NO_BUFFER,      "no-buffer",      "no packet buffer was free") \
	X(QUEUE_FULL,     "queue-full",     "the receiver does not read fast enough") \
	X(SEND_ERROR,     "send-error",     "the kernel refused to take the frame") \
	X(NOT_FOR_US,     "not-for-us",     "unicast to an address that is not on this network") \
	X(GSO_UNSUPPORTED,"gso-unsupported","an offload that this port's far end can't take and that can't be undone") \
	X(BAD_IP,         "bad-ip",         "the IPv4 header is malformed") \
	X(BAD_CSUM,       "bad-csum",       "a checksum is wrong") \
	X(BAD_L4,         "bad-l4",         "the TCP, UDP, ICMP or other header is malformed") \
	X(BAD_ARP,        "bad-arp",        "the ARP packet is malformed") \
	X(SPOOFED,        "spoofed",        "the source address does not belong to the sender") \
	X(TTL_EXCEEDED,   "ttl-exceeded",   "the TTL came to zero; answered with ICMP 11/0") \
	X(NEEDS_FRAG,     "needs-frag",     "too big for the way out and must not be fragmented; answered with ICMP 3/4") \
	X(FRAGMENT,       "fragment",       "a fragment that can't be matched with its first part") \
	X(NO_ROUTE,       "no-route",       "the host has no route there; answered with ICMP 3/0") \
	X(NO_NEIGHBOUR,   "no-neighbour",   "the next hop does not answer ARP") \
	X(NO_MAPPING,     "no-mapping",     "nobody inside has opened this flow") \
	X(FILTERED,       "filtered",       "the mapping does not let this peer in") \
	X(TABLE_FULL,     "table-full",     "the translation table or this guest's share of it is full") \
	X(PROTO,          "proto",          "a protocol that is not translated") \
	X(PROTO_TAKEN,    "proto-taken",    "another guest uses this protocol, which has no ports, with this peer; answered with ICMP 3/13") \
	X(PROTO_HOST,     "proto-host",     "the host itself, or another daemon on it, uses this protocol, which has no ports, with this peer; answered with ICMP 3/13") \
	X(MARTIAN,        "martian",        "an address that must not be seen here") \
	X(MAC_SPOOFED,    "mac-spoofed",    "mac-guard: a source address that is not this port's") \
	X(ADDR_SPOOFED,   "address-spoofed","address-guard: an IP address that was neither leased nor given to this port") \
	X(ROGUE_DHCP,     "rogue-dhcp",     "dhcp-guard: a DHCP server's message from a port that may have none") \
	X(ROGUE_RA,       "rogue-ra",       "router-guard: a router's message from a port that may have none") \
	X(UNCHECKED,      "unchecked",      "a guard can't see what it must check: malformed, cut or nested too deep") \
	X(ISOLATED,       "isolated",       "an isolated port hears only ports that are not") \
	X(PROMISCUOUS,    "promiscuous",    "promiscuous=deny: unicast to somebody else is not shown to this port") \
	X(MONITOR,        "monitor",        "a port that mirrors others (mirror=) takes no part itself") \
	X(VLAN,           "vlan",           "the port does not carry the VLAN that it is in") \
	X(UNTAGGED,       "untagged",       "it has no VLAN tag, and the port has no native VLAN") \
	X(MODE,           "mode",           "the network's mode does not allow it") \
	X(IMPAIR_LOSS,    "impair-loss",    "lost on its cable, as `port impair` asked") \
	X(IMPAIR_QUEUE,   "impair-queue",   "the queue for its cable was full, whose rate `port impair` limits") \
	X(IMPAIR_DOWN,    "impair-down",    "the schedule of its cable has pulled it") \
	X(STP_BLOCKING,   "stp-blocking",   "spanning tree keeps the port closed, because this way is a loop or may be one") \
	X(LOOP,           "loop",           "the port is blocked: what leaves by it comes back by another") \
	X(BAD_BPDU,       "bad-bpdu",       "a spanning tree message that is malformed") \
	X(NO_MEMBER,      "no-member",      "multicast that nobody has joined, by IGMP or MLD") \
	X(STORM,          "storm",          "more broadcast, multicast or unknown frames than its port lets in (storm-...=)") \
	X(MAC_LIMIT,      "mac-limit",      "one more address than its port may have (macs=)") \
	X(CONSUMED,       "consumed",       "taken by a service inside the switch")

enum drop_reason {
#define X(id, word, text) DROP_##id,
	DROP_REASONS(X)
#undef X
	DROP_N
};
/* clang-format on */

/* The word ("too-big") and the sentence of @reason. */
const char *drop_word(enum drop_reason reason);
const char *drop_text(enum drop_reason reason);

#endif
