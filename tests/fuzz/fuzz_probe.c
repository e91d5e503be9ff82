/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_probe - frames to a probe that also asks.
 *
 * One byte what (bit 0: to our MAC and IP address; bit 2: mend checksums; bits 3 and 4: what we
 * ask before; bit 5: the frame has the ends of our question; bit 6: a connection; bit 7: there is
 * a router), then a frame. Of a connection (bit 5: of our question, which must be of TCP; else to
 * us as a server) the handshake is made here, and what follows are its segments: flags, by how much
 * the sequence and acknowledgement numbers are off, data offset, length, data.
 *
 * All that is sent is well formed, ours, rightly summed, and at most two frames for one; an RST has
 * no answer; no question is answered twice, and a page says no more than the segments did.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/frame.h"
#include "probe/probe.h"
#include "tests/fuzz/fuzz.h"

enum { OURS = 1, CLEAN = 4, ASK = 8, ENDS = 32, STREAM = 64, ROUTER = 128, L3 = 14, L4 = 34 };

static unsigned int sent, over, asked;
static size_t said; /* bytes of data in segments to the probe */
static uint8_t last[PROBE_FRAME_MAX];
static const struct probe_conf conf = {.mac = {{2, 0, 0, 0, 0, 9}}, .name = "fuzz"};

static void check_sums(const uint8_t *frame, size_t len)
{
	const struct ip4_hdr *ip = (const void *)(frame + L3);
	uint32_t sum = 0;

	if (frame[12] != 8 || frame[13])
		return;
	MUST(!csum_ip4(ip, sizeof(*ip)) && ntohs(ip->tot_len) == len - L3);
	if (ip->proto != IPPROTO_ICMP_)
		sum = csum_pseudo4(ip->src, ip->dst, ip->proto, (uint32_t)(len - L4));
	MUST(!csum_fold(csum_add(sum, frame + L4, len - L4)));
}

static void op_send(void *ctx, const uint8_t *frame, size_t len)
{
	struct frame f;

	(void)ctx;
	MUST(len <= PROBE_FRAME_MAX);
	MUST(frame_parse(frame, len, &f) == FRAME_OK);
	MUST(mac_equal(&frame_eth(&f)->src, &conf.mac));
	check_sums(frame, len);
	memcpy(last, frame, len);
	sent++;
}

static void op_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	memset(buf, 7, len);
}

static void op_done(void *ctx, void *who, const struct probe_answer *a)
{
	(void)ctx;
	MUST(who == &over);
	MUST(!a || !a->page || strlen(a->page) <= (said < PROBE_PAGE_MAX ? said : PROBE_PAGE_MAX));
	over++;
}

static void ask(struct probe *p, uint8_t what)
{
	struct probe_question q = {.kind = (enum probe_kind)(what / ASK & 3),
				   .to = htonl(0x0a000001),
				   .port = 80,
				   .bytes = 8,
				   .text = "/",
				   .timeout_ms = 100,
				   .who = &over};
	struct {
		struct eth_hdr eth;
		struct arp_hdr arp;
	} WIRE_PACKED is_at = {{conf.mac, {{2, 0, 0, 0, 0, 1}}, htons(ETHERTYPE_ARP_)},
			       {htons(1),
				htons(0x0800),
				6,
				4,
				htons(ARP_REPLY),
				{{2, 0, 0, 0, 0, 1}},
				q.to,
				conf.mac,
				htonl(0x0a000009)}};

	MUST(!probe_ask(p, &q, 1, NULL));
	asked++;
	probe_input(p, (const uint8_t *)&is_at, sizeof(is_at), 2);
}

/* To us, and from the end that our question went to. */
static void aim(uint8_t *frame, size_t len, uint8_t what)
{
	uint8_t proto;

	if (len < L4 + 8 || !(what & OURS))
		return;
	memcpy(frame, &conf.mac, 6);
	frame[6] &= 0xfe;
	if (frame[12] != 8 || frame[13])
		return;
	memcpy(frame + L3 + 16, "\x0a\0\0\x09", 4);
	if (!(what & ENDS))
		return;
	memcpy(frame + L3 + 12, "\x0a\0\0\x01", 4);
	proto = frame[L3 + 9];
	if (proto == IPPROTO_TCP_ || proto == IPPROTO_UDP_) {
		memcpy(frame + L4, last + L4 + 2, 2);
		memcpy(frame + L4 + 2, last + L4, 2);
	} else {
		memcpy(frame + L4 + 4, last + L4 + 4, 4);
	}
}

static void mend(uint8_t *frame, size_t len)
{
	static const uint8_t at[] = {[IPPROTO_ICMP_] = 2, [IPPROTO_TCP_] = 16, [IPPROTO_UDP_] = 6};
	struct ip4_hdr *ip = (void *)(frame + L3);
	uint32_t sum = 0;
	be16 csum;

	if (len < L4 + 20 || frame[12] != 8 || frame[13])
		return;
	ip->ver_ihl = 0x45;
	ip->tot_len = htons((uint16_t)(len - L3));
	ip->frag_off = 0;
	ip->csum = 0;
	ip->csum = csum_ip4(ip, sizeof(*ip));
	if (ip->proto >= sizeof(at) || !at[ip->proto])
		return;
	if (ip->proto != IPPROTO_ICMP_)
		sum = csum_pseudo4(ip->src, ip->dst, ip->proto, (uint32_t)(len - L4));
	memset(frame + L4 + at[ip->proto], 0, 2);
	csum = csum_fold(csum_add(sum, frame + L4, len - L4));
	memcpy(frame + L4 + at[ip->proto], &csum, 2);
}

static void input(struct probe *p, const uint8_t *frame, size_t len, msec now)
{
	unsigned int before = sent;

	probe_input(p, frame, len, now);
	MUST(sent <= before + 2);
}

/* ---- a connection ---------------------------------------------------------------------------- */

/* The peer's side of it: its ports, and the next byte of either. */
struct peer {
	be16 sport, dport;
	uint32_t seq, ack;
};

static const struct tcp_hdr *last_tcp(void)
{
	return (const void *)(last + L4);
}

/* A segment with right checksums; @off: the byte with the data offset, 0: as it should be. */
static void segment(struct probe *p, const struct peer *peer, uint8_t flags, uint8_t off,
		    const uint8_t *data, size_t len)
{
	struct {
		struct eth_hdr eth;
		struct ip4_hdr ip;
		struct tcp_hdr tcp;
		uint8_t data[256];
	} WIRE_PACKED s = {
		{conf.mac, {{2, 0, 0, 0, 0, 1}}, htons(ETHERTYPE_IP4)},
		{.proto = IPPROTO_TCP_, .src = htonl(0x0a000001), .dst = htonl(0x0a000009)},
		{.sport = peer->sport,
		 .dport = peer->dport,
		 .seq = htonl(peer->seq),
		 .ack = htonl(peer->ack),
		 .off = off ? off : 0x50,
		 .flags = flags},
		{0}};
	unsigned int before = sent;

	if (len)
		memcpy(s.data, data, len);
	len += L4 + sizeof(s.tcp);
	mend((uint8_t *)&s, len);
	said += len - L4 - sizeof(s.tcp);
	input(p, (const uint8_t *)&s, len, 3);
	if (flags & TCP_RST)
		MUST(sent == before);
}

/* The handshake, to or from the probe; its numbers are then what it says. */
static void connect_peer(struct probe *p, struct peer *peer, uint8_t what)
{
	unsigned int before = sent;

	if (what & ENDS) {
		*peer = (struct peer){last_tcp()->dport, last_tcp()->sport, 1000,
				      ntohl(last_tcp()->seq) + 1};
		segment(p, peer, TCP_SYN | TCP_ACK, 0, NULL, 0);
		MUST(sent > before && last_tcp()->flags & TCP_ACK);
	} else {
		*peer = (struct peer){htons(5000), htons(80), 1000, 0};
		segment(p, peer, TCP_SYN, 0, NULL, 0);
		MUST(sent == before + 1 && last_tcp()->flags == (TCP_SYN | TCP_ACK));
		peer->ack = ntohl(last_tcp()->seq) + 1;
	}
	MUST(ntohl(last_tcp()->ack) == 1001);
	peer->seq = 1001;
}

static void stream(struct probe *p, uint8_t what, struct input in)
{
	struct peer peer;

	if (what & ENDS && (what / ASK & 3) < PROBE_TCP)
		return;
	connect_peer(p, &peer, what);
	for (int i = 0; i < 32 && in.left; i++) {
		unsigned int before = sent;
		uint8_t flags = take8(&in);
		struct peer skewed = peer;
		const uint8_t *data;
		uint8_t off;
		size_t len;

		skewed.seq += (uint32_t)(int8_t)take8(&in);
		skewed.ack += (uint32_t)(int8_t)take8(&in) * 8;
		off = take8(&in);
		len = take8(&in);
		data = take(&in, &len);
		segment(p, &skewed, flags, off, data, len);
		if (sent > before && last_tcp()->flags & TCP_ACK)
			peer.seq = ntohl(last_tcp()->ack);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct probe_env env = {NULL, op_send, op_random, op_done};
	struct probe_conf c = conf;
	uint8_t frame[2000];
	struct probe p;
	uint8_t what;

	if (!size || size > sizeof(frame))
		return 0;
	what = *data++;
	size--;
	memcpy(frame, data, size);
	c.addr = (struct ip4_prefix){htonl(0x0a000009), 24};
	c.router = what & ROUTER ? htonl(0x0a0000fe) : 0;
	probe_init(&p, &c, &env);
	sent = over = asked = 0;
	said = size;
	ask(&p, what);
	if (what & STREAM) {
		said = 0;
		stream(&p, what, (struct input){data, size});
	} else {
		aim(frame, size, what);
		if (what & CLEAN)
			mend(frame, size);
		input(&p, frame, size, 3);
	}
	probe_tick(&p, 50);
	if (!(what & STREAM))
		input(&p, frame, size, 60);
	MUST(!probe_tick(&p, 1000) || over < asked);
	probe_fini(&p);
	MUST(over == asked);
	return 0;
}
