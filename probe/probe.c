/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.c - frames in: what is for us and well formed, and the answers to ARP, ping and echo.
 */
#include "probe/probe.h"

#include <string.h>

#include "probe/probe_int.h"

enum { ECHO_PORT = 7, PORTS_OF_SERVERS = 1024 };

void probe_init(struct probe *p, const struct probe_conf *conf, const struct probe_env *env)
{
	memset(p, 0, sizeof(*p));
	p->conf = *conf;
	p->env = *env;
	env->random(env->ctx, &p->key, sizeof(p->key));
}

/* ---- ARP ------------------------------------------------------------------------------------- */

/* RFC 826; requests without a sender's address are those who look for another with theirs (RFC 5227
 * 2.1.1), who must hear that it is taken. */
static enum drop_reason arp(struct probe *p, const uint8_t *frame, size_t len, msec now)
{
	const struct arp_hdr *a = (const void *)(frame + ETH_HLEN_);

	if (len < ETH_HLEN_ + sizeof(*a) || a->htype != htons(1) ||
	    a->ptype != htons(ETHERTYPE_IP4) || a->hlen != ETH_ALEN_ || a->plen != 4 ||
	    mac_is_multicast(&a->sha) || mac_is_zero(&a->sha))
		return DROP_BAD_ARP;
	if (a->op == htons(ARP_REQUEST) && a->tpa == p->conf.addr.addr) {
		probe_arp(p, ARP_REPLY, a->spa, &a->sha);
		p->answered++;
	} else if (a->op == htons(ARP_REPLY) && a->tpa == p->conf.addr.addr) {
		if (p->conf.router && a->spa == p->conf.router)
			probe_router_told(p, &a->sha, now);
		probe_asked_arp(p, a->spa, &a->sha, now);
	}
	return DROP_NONE;
}

/* ---- ping and echo --------------------------------------------------------------------------- */

static void answer_ping(struct probe *p, const struct probe_in *in, msec now)
{
	const struct icmp_hdr *icmp = (const void *)in->l4;
	struct icmp_hdr *reply;
	struct probe_out out;

	if (icmp->type != ICMP_ECHO_ || icmp->code)
		return;
	reply = probe_l4(&out);
	memcpy(reply, in->l4, in->len);
	reply->type = ICMP_ECHOREPLY_;
	reply->csum = 0;
	probe_send(p, &out, in->ip->src, IPPROTO_ICMP_, in->len, probe_back(p, in), now);
	p->answered++;
}

static void answer_udp(struct probe *p, const struct probe_in *in, msec now)
{
	const struct udp_hdr *udp = (const void *)in->l4;
	struct udp_hdr *reply;
	struct probe_out out;

	if (udp->dport != htons(ECHO_PORT) || ntohs(udp->sport) < PORTS_OF_SERVERS)
		return;
	reply = probe_l4(&out);
	memcpy(reply, in->l4, in->len);
	*reply = (struct udp_hdr){udp->dport, udp->sport, htons((uint16_t)in->len), 0};
	probe_send(p, &out, in->ip->src, IPPROTO_UDP_, in->len, probe_back(p, in), now);
	p->answered++;
}

/* ---- IPv4 ------------------------------------------------------------------------------------ */

/* TCP: the data offset (RFC 9293 3.1) covers a header and no more than there is. */
static bool tcp_fits(const struct probe_in *in)
{
	size_t head = probe_tcp_header((const void *)in->l4);

	return head >= sizeof(struct tcp_hdr) && head <= in->len;
}

/* Cut @in to what UDP says of its length; the checksum of TCP and UDP, where 0 is none for UDP. */
static enum drop_reason check_l4(struct probe_in *in)
{
	static const uint8_t shortest[] = {[IPPROTO_ICMP_] = sizeof(struct icmp_hdr),
					   [IPPROTO_TCP_] = sizeof(struct tcp_hdr),
					   [IPPROTO_UDP_] = sizeof(struct udp_hdr)};
	const struct udp_hdr *udp = (const void *)in->l4;
	uint8_t proto = in->ip->proto;
	uint32_t sum = 0;
	bool unsummed = false;

	if (proto >= sizeof(shortest) || !shortest[proto])
		return DROP_NONE;
	if (in->len < shortest[proto] || (proto == IPPROTO_TCP_ && !tcp_fits(in)))
		return DROP_BAD_L4;
	if (proto == IPPROTO_UDP_) {
		if (ntohs(udp->len) < sizeof(*udp) || ntohs(udp->len) > in->len)
			return DROP_BAD_L4;
		in->len = ntohs(udp->len);
		unsummed = !udp->csum;
	}
	if (proto != IPPROTO_ICMP_)
		sum = csum_pseudo4(in->ip->src, in->ip->dst, proto, (uint32_t)in->len);
	return unsummed || !csum_fold(csum_add(sum, in->l4, in->len)) ? DROP_NONE : DROP_BAD_CSUM;
}

/* No host: 0/8, 127/8, multicast and above (RFC 1122 3.2.1.3), ourselves, our broadcast. */
static bool martian(const struct probe *p, be32 src)
{
	uint8_t first = (uint8_t)(ntohl(src) >> 24);

	return !first || first == 127 || first >= 224 || src == p->conf.addr.addr ||
	       (p->conf.addr.plen < 31 && src == ip4_broadcast(p->conf.addr));
}

static enum drop_reason ip4(struct probe *p, const uint8_t *frame, size_t len, msec now)
{
	struct probe_in in = {.eth = (const void *)frame, .ip = (const void *)(frame + ETH_HLEN_)};
	enum drop_reason why;
	size_t ihl, total;

	if (len < PROBE_HEADERS)
		return DROP_BAD_IP;
	ihl = ip4_ihl(in.ip);
	total = ntohs(in.ip->tot_len);
	if (in.ip->ver_ihl >> 4 != 4 || ihl < sizeof(*in.ip) || total < ihl ||
	    total > len - ETH_HLEN_ || csum_ip4(in.ip, ihl))
		return DROP_BAD_IP;
	if (in.ip->dst != p->conf.addr.addr || !mac_equal(&in.eth->dst, &p->conf.mac))
		return DROP_NONE;
	if (martian(p, in.ip->src))
		return DROP_MARTIAN;
	if (ntohs(in.ip->frag_off) & (IP4_MF | IP4_OFFMASK))
		return DROP_FRAGMENT;
	in.l4 = frame + ETH_HLEN_ + ihl;
	in.len = total - ihl;
	why = check_l4(&in);
	if (why)
		return why;
	/* What does not fit an answer gets none. */
	if (in.len > PROBE_FRAME_MAX - PROBE_HEADERS)
		return DROP_TOO_BIG;
	if (in.ip->proto == IPPROTO_ICMP_ && !probe_asked_icmp(p, &in, now))
		answer_ping(p, &in, now);
	else if (in.ip->proto == IPPROTO_UDP_ && !probe_asked_udp(p, &in, now))
		answer_udp(p, &in, now);
	else if (in.ip->proto == IPPROTO_TCP_ && !probe_asked_tcp(p, &in, now))
		probe_serve_tcp(p, &in, now);
	return DROP_NONE;
}

enum drop_reason probe_input(struct probe *p, const uint8_t *frame, size_t len, msec now)
{
	const struct eth_hdr *eth = (const void *)frame;

	if (len < sizeof(*eth) || mac_is_multicast(&eth->src))
		return DROP_NONE;
	if (eth->type == htons(ETHERTYPE_ARP_))
		return arp(p, frame, len, now);
	return eth->type == htons(ETHERTYPE_IP4) ? ip4(p, frame, len, now) : DROP_NONE;
}
