/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_probe - frames to a probe that also asks.
 *
 * One byte what (bits 0, 1: to our MAC and IP address; bit 2: mend checksums; bits 3 and 4: ask
 * before; bit 5: the frame has the ends of our question), then a frame. All that is sent is well
 * formed, ours, and at most two frames for one; no question is answered twice.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lib/csum.h"
#include "lib/frame.h"
#include "probe/probe.h"
#include "tests/fuzz/fuzz.h"

enum { OURS = 1, CLEAN = 4, ASK = 8, ENDS = 32, L3 = 14, L4 = 34 };

static unsigned int sent, over, asked;
static uint8_t last[PROBE_FRAME_MAX];
static const struct probe_conf conf = {.mac = {{2, 0, 0, 0, 0, 9}}, .name = "fuzz"};

static void op_send(void *ctx, const uint8_t *frame, size_t len)
{
	struct frame f;

	(void)ctx;
	MUST(len <= PROBE_FRAME_MAX);
	MUST(frame_parse(frame, len, &f) == FRAME_OK);
	MUST(mac_equal(&frame_eth(&f)->src, &conf.mac));
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
	MUST(!a || !a->page || strlen(a->page) <= PROBE_PAGE_MAX);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct probe_env env = {NULL, op_send, op_random, op_done};
	struct probe_conf c = conf;
	uint8_t frame[2000];
	unsigned int before;
	struct probe p;
	uint8_t what;

	if (!size || size > sizeof(frame))
		return 0;
	what = *data++;
	size--;
	memcpy(frame, data, size);
	c.addr = (struct ip4_prefix){htonl(0x0a000009), 24};
	c.router = what & 0x80 ? htonl(0x0a0000fe) : 0;
	probe_init(&p, &c, &env);
	sent = over = asked = 0;
	ask(&p, what);
	aim(frame, size, what);
	if (what & CLEAN)
		mend(frame, size);
	before = sent;
	probe_input(&p, frame, size, 3);
	MUST(sent <= before + 2);
	probe_tick(&p, 50);
	probe_input(&p, frame, size, 60);
	MUST(!probe_tick(&p, 1000) || over < asked);
	probe_fini(&p);
	MUST(over == asked);
	return 0;
}
