/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <string.h>

#include "vswitchd/carrier/nic_filter.h"

enum { REJECT = 0, ACCEPT = 0x40000 }; /* bytes of the frame to show */

bool nic_guests_add(struct nic_guests *guests, const struct mac *mac)
{
	for (unsigned int i = 0; i < guests->n; i++)
		if (mac_equal(&guests->macs[i], mac))
			return false;
	if (guests->n == NIC_GUESTS_MAX) {
		bool news = !guests->overflow;

		guests->overflow = true;
		return news;
	}
	guests->macs[guests->n++] = *mac;
	return true;
}

static uint32_t last_four(const struct mac *mac)
{
	be32 v;

	memcpy(&v, mac->b + 2, sizeof(v));
	return ntohl(v);
}

unsigned int nic_filter_build(struct sock_filter prog[NIC_FILTER_MAX], const struct mac *host,
			      bool single, const struct nic_guests *guests)
{
	const struct sock_filter head[] = {
		/* multicast and broadcast: bit 0 of the first byte */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ACCEPT),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 6, 0),
		/* from the wire: to the host? */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, last_four(host), 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(host->b[0] << 8 | host->b[1]), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, single ? ACCEPT : REJECT),
		BPF_STMT(BPF_RET | BPF_K, single ? REJECT : ACCEPT),
		/* from the host: to a guest */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
	};
	unsigned int n = ARRAY_SIZE(head);

	memcpy(prog, head, sizeof(head));
	for (unsigned int i = 0; i < guests->n && !guests->overflow; i++) {
		prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 last_four(&guests->macs[i]), 0, 1);
		prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ACCEPT);
	}
	prog[n++] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, guests->overflow ? ACCEPT : REJECT);
	return n;
}
