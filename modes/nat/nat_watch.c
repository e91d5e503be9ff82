/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes/nat/nat_watch.h"

#include <stdio.h>
#include <string.h>

#include "lib/frame.h"
#include "modes/nat/nat_uplink_int.h"
#include "vswitchd/switch/watch.h"

enum { PACKET_TEXT = 2 * IP_ADDR_STR + 48, PAIR_TEXT = PACKET_TEXT + 160 };

/* ---- in words -------------------------------------------------------------------------------- */

static int put_end(char *out, size_t size, const struct ip_addr *addr, bool ports, uint16_t port)
{
	char text[IP_ADDR_STR];

	ip_addr_format(addr, text);
	if (!ports)
		return snprintf(out, size, "%s", text);
	return snprintf(out, size, ip_addr_is4(addr) ? "%s:%u" : "[%s]:%u", text, port);
}

/* "udp 10.0.2.128:5000 > 198.51.100.9:53" */
static const char *describe(const struct pkt *p, char out[PACKET_TEXT])
{
	struct frame f;
	bool ports;
	int n;

	frame_parse(p->data, p->len, &f);
	ports = f.has_l4 && (f.proto == IPPROTO_TCP_ || f.proto == IPPROTO_UDP_);
	if (f.frag_off)
		n = snprintf(out, PACKET_TEXT, "fragment at %u ", f.frag_off);
	else if (ports)
		n = snprintf(out, PACKET_TEXT, f.proto == IPPROTO_TCP_ ? "tcp " : "udp ");
	else if (f.has_l4)
		n = snprintf(out, PACKET_TEXT, "icmp %u/%u ", f.icmp_type, f.icmp_code);
	else
		n = snprintf(out, PACKET_TEXT, "protocol %u ", f.proto);
	n += put_end(out + n, PACKET_TEXT - (size_t)n, &f.src, ports, f.sport);
	n += snprintf(out + n, PACKET_TEXT - (size_t)n, " > ");
	put_end(out + n, PACKET_TEXT - (size_t)n, &f.dst, ports, f.dport);
	return out;
}

static bool is_answer(const struct pkt *before, const struct pkt *p)
{
	struct frame a, b;

	frame_parse(before->data, before->len, &a);
	frame_parse(p->data, p->len, &b);
	return ip_addr_equal(&a.src, &b.dst);
}

/* ---- showing --------------------------------------------------------------------------------- */

static void show(const struct nat_watch *w, const struct nat_net *nn, const struct pkt *p,
		 const struct nat_ext *by, bool out, const char *text, const struct pkt *other)
{
	const struct uplink *up = by ? uplink_of(by) : NULL;
	struct pair_side side = {.id = w->id,
				 .ifname = up ? up->ifname : NULL,
				 .side = up ? UINT64_C(1) << 63 | (unsigned int)up->ifindex : 0,
				 .text = text,
				 .other = other};
	struct sighting s = {.port = nn->port, .p = p, .out = out, .pair = &side};

	watch_pair(nn->net, &s);
}

static void show_before(struct nat_watch *w, const struct nat_net *nn, const struct pkt *after)
{
	char left[PACKET_TEXT], text[PAIR_TEXT];

	snprintf(text, sizeof(text), "nat %llu before: leaves as %s", (unsigned long long)w->id,
		 describe(after, left));
	show(w, nn, w->before, w->by, false, text, after);
	w->shown = true;
}

/* It stays: for a reason, or because it waits for the rest of its packet. */
static void show_end(struct nat_watch *w, const struct nat_net *nn, enum drop_reason why)
{
	unsigned long long id = w->id;
	char text[PAIR_TEXT];

	if (why == DROP_NONE || why == DROP_CONSUMED)
		snprintf(text, sizeof(text), "nat %llu taken: %s", id,
			 w->n_answers ? "answered" : "kept until its first fragment comes");
	else
		snprintf(text, sizeof(text), "nat %llu dropped: %s: %s", id, drop_word(why),
			 drop_text(why));
	show(w, nn, w->before, w->by, false, text, NULL);
}

static void show_answers(const struct nat_watch *w, const struct nat_net *nn)
{
	char said[PACKET_TEXT], text[PAIR_TEXT];

	for (unsigned int i = 0; i < w->n_answers; i++) {
		snprintf(text, sizeof(text), "nat %llu answer: to %s", (unsigned long long)w->id,
			 describe(w->before, said));
		show(w, nn, w->answers[i], w->by, true, text, w->before);
	}
}

/* ---- the way of a packet --------------------------------------------------------------------- */

void nat_watch_take(struct nat_watch *w, struct runner *r, const struct pkt *p,
		    const struct nat_ext *by)
{
	w->before = pkt_from(r->pool, p->data, p->len);
	if (!w->before)
		return;
	w->before->vnet = p->vnet;
	w->id++;
	w->by = by;
	w->shown = false;
	w->lost = DROP_NONE;
}

/* The edges put the Ethernet header on later; until then there is none that means anything. */
static void head(const struct nat_net *nn, struct pkt *p, const struct nat_ext *to)
{
	struct eth_hdr *eth = (void *)p->data;
	be32 dst = ((const struct ip4_hdr *)(const void *)(p->data + ETH_HLEN_))->dst;
	bool six = p->data[ETH_HLEN_] >> 4 == 6;
	const struct mac *mac;

	eth->type = htons(six ? ETHERTYPE_IP6 : ETHERTYPE_IP4);
	if (to) {
		eth->src = uplink_of(to)->mac;
		eth->dst = (struct mac){{0}};
	} else if (!six) {
		mac = gateway_mac_of(&nn->gw, dst);
		eth->src = nn->gw.mac;
		eth->dst = mac ? *mac : (struct mac){{0}};
	}
}

void nat_watch_after(struct nat_watch *w, struct nat_net *nn, struct pkt *p,
		     const struct nat_ext *to)
{
	char came[PACKET_TEXT], text[PAIR_TEXT];

	if (!w->before || !nn->net->pair_hooks)
		return;
	if (p->len >= ETH_HLEN_ + sizeof(struct ip4_hdr))
		head(nn, p, to);
	if (to == w->by && is_answer(w->before, p)) {
		if (w->n_answers < NAT_WATCH_ANSWERS)
			w->answers[w->n_answers++] = pkt_get(p);
		return;
	}
	if (!w->shown)
		show_before(w, nn, p);
	snprintf(text, sizeof(text), "nat %llu after: came as %s", (unsigned long long)w->id,
		 describe(w->before, came));
	show(w, nn, p, to, true, text, w->before);
}

void nat_watch_end(struct nat_watch *w, struct nat_net *nn, enum drop_reason why)
{
	bool watched = w->before && nn && nn->net->pair_hooks;

	if (!w->before)
		return;
	if (watched && !w->shown)
		show_end(w, nn, why);
	if (watched)
		show_answers(w, nn);
	while (w->n_answers)
		pkt_put(w->answers[--w->n_answers]);
	pkt_put(w->before);
	w->before = NULL;
}
