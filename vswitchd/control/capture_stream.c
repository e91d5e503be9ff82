/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/control/capture_stream.h"

#include <stdio.h>
#include <string.h>

#include "lib/pcapng.h"
#include "vswitchd/netsay.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"
#include "vswitchd/switch/walk.h"

/* The classic format (draft-ietf-opsawg-pcap), with nanoseconds. */
enum { LINKTYPE_ETHERNET_ = 1 };
static const uint32_t PCAP_MAGIC_NS = 0xa1b23c4d;

struct pcap_start {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snaplen, linktype;
};

struct pcap_record {
	uint32_t sec, nsec, caplen, len;
};

/* ---- the buffer ------------------------------------------------------------------------------ */

/* The free end of the buffer, all of what is free. */
static struct pcapng_out out_open(struct stream *s)
{
	if (s->start && s->start + s->len > sizeof(s->buf) / 2) {
		memmove(s->buf, s->buf + s->start, s->len);
		s->start = 0;
	}
	return (struct pcapng_out){.buf = s->buf + s->start + s->len,
				   .size = sizeof(s->buf) - s->start - s->len};
}

/* False when a block found no room. */
static bool out_close(struct stream *s, const struct pcapng_out *o)
{
	s->len += o->len;
	return !o->full;
}

void stream_written(struct stream *s, size_t n)
{
	s->start += n;
	s->len -= n;
	if (!s->len)
		s->start = 0;
}

static bool put_classic(struct stream *s, const void *head, size_t head_len, const void *data,
			size_t len)
{
	struct pcapng_out o = out_open(s);

	if (o.size < head_len + len)
		return false;
	memcpy(o.buf, head, head_len);
	if (len)
		memcpy(o.buf + head_len, data, len);
	s->len += head_len + len;
	return true;
}

void stream_begin(struct stream *s, uint64_t now_ns)
{
	const struct pcap_start head = {.magic = PCAP_MAGIC_NS,
					.major = 2,
					.minor = 4,
					.snaplen = s->snaplen,
					.linktype = LINKTYPE_ETHERNET_};
	struct pcapng_out o;

	s->start_ns = now_ns;
	if (s->classic) {
		put_classic(s, &head, sizeof(head), NULL, 0);
		return;
	}
	o = out_open(s);
	pcapng_put_section(&o, "vswitchd " VERSION);
	out_close(s, &o);
}

/* ---- interfaces ------------------------------------------------------------------------------ */

static bool put_interface(struct stream *s, const char *name, const char *description)
{
	struct pcapng_out o = out_open(s);
	const struct pcapng_interface i = {.name = name,
					   .description = description,
					   .filter = s->filter,
					   .snaplen = s->snaplen};

	pcapng_put_interface(&o, &i);
	return out_close(s, &o);
}

static bool put_port(struct stream *s, const struct port *port)
{
	char text[256];

	snprintf(text, sizeof(text), "network %s%s%s%s%s%s%s", port->net->conf.name,
		 port->vm[0] ? ", guest " : "", port->vm, port->netns[0] ? ", namespace " : "",
		 port->netns, port->ifname[0] ? ", interface " : "", port->ifname);
	return put_interface(s, port->name, text);
}

/* The slot of @plug, or the free one where it belongs. Half of the slots stay free. */
static uint16_t *find_slot(struct stream *s, uint64_t plug)
{
	unsigned int at = (unsigned int)(plug * 0x9e3779b97f4a7c15u >> 32) % STREAM_SLOTS;

	while (s->slot[at] && s->interface[s->slot[at] - 1].plug != plug)
		at = (at + 1) % STREAM_SLOTS;
	return &s->slot[at];
}

/* The number of the interface of @port, or of the other side of its translator; it is made when
 * there is none. -1 when there is no room for its block now. */
static int interface_of(struct stream *s, const struct port *port, const struct pair_side *pair)
{
	bool outside = pair && pair->ifname;
	uint64_t plug = outside ? pair->side : port->plug;
	uint16_t *slot = find_slot(s, plug);

	if (*slot)
		return *slot - 1;
	if (s->n_interfaces == STREAM_INTERFACES)
		return STREAM_INTERFACES - 1;
	if (!(outside ? put_interface(s, pair->ifname, "uplink") : put_port(s, port)))
		return -1;
	s->interface[s->n_interfaces].plug = plug;
	*slot = (uint16_t)++s->n_interfaces;
	return *slot - 1;
}

void stream_port(struct stream *s, const struct port *port)
{
	if (!s->classic)
		interface_of(s, port, NULL);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static uint32_t frame_flags(const struct sighting *seen)
{
	const struct eth_hdr *eth = pkt_at(seen->p, 0, sizeof(*eth));
	uint32_t flags = seen->out ? PCAPNG_OUTBOUND : PCAPNG_INBOUND;

	if (eth && mac_equal(&eth->dst, &MAC_BROADCAST))
		flags |= PCAPNG_BROADCAST;
	else if (eth)
		flags |= mac_is_multicast(&eth->dst) ? PCAPNG_MULTICAST : PCAPNG_UNICAST;
	if (pkt_needs_csum(seen->p))
		flags |= PCAPNG_NO_CSUM;
	if (pkt_is_gso(seen->p))
		flags |= PCAPNG_TSO;
	return flags;
}

static void comment(struct pcapng_packet *out, const char *text)
{
	if (out->n_comments < PCAPNG_COMMENTS_MAX)
		out->comment[out->n_comments++] = text;
}

struct comment_texts {
	char verdict[WALK_TEXT], said[NETSAY_TEXT];
};

/* The verdict first; then what the message says, where that is known; then, when they are wanted,
 * the steps that led to the verdict. */
static void put_comments(struct pcapng_packet *out, const struct sighting *seen,
			 struct comment_texts *texts)
{
	const char *said = seen->pair ? NULL : netsay(seen->port->net, seen->p, texts->said);
	char *text = texts->verdict;

	if (seen->pair)
		snprintf(text, WALK_TEXT, "%s", seen->pair->text);
	else if (seen->out)
		walk_origin(seen->walk, text, WALK_TEXT);
	else
		walk_verdict(seen->walk, text, WALK_TEXT);
	comment(out, text);
	if (said)
		comment(out, said);
	if (pkt_is_gso(seen->p))
		comment(out, "offload: a super-frame, which is cut later, at the latest by the "
			     "receiver's port");
	else if (pkt_needs_csum(seen->p))
		comment(out, "offload: the checksum is not computed yet, and that is no error");
	for (unsigned int i = 0; seen->told && i < seen->told->n; i++)
		comment(out, narration_step(seen->told, i));
	if (seen->told && seen->told->untold)
		comment(out, "more: there were more steps than are shown");
}

static bool put_frame(struct stream *s, int interface, const struct sighting *seen, uint64_t now_ns)
{
	struct stream_interface *i = &s->interface[interface];
	struct pcapng_packet out = {.interface = (uint32_t)interface,
				    .time_ns = now_ns,
				    .data = seen->p->data,
				    .caplen = MIN(seen->p->len, s->snaplen),
				    .len = seen->p->len,
				    .flags = frame_flags(seen),
				    .id = seen->pair ? seen->pair->id : 0,
				    .dropped = i->lost_now};
	struct pcapng_out o = out_open(s);
	struct comment_texts texts;

	put_comments(&out, seen, &texts);
	pcapng_put_packet(&o, &out);
	if (!out_close(s, &o))
		return false;
	i->lost_now = 0;
	i->frames++;
	return true;
}

static bool put_classic_frame(struct stream *s, const struct pkt *p, uint64_t now_ns)
{
	const struct pcap_record rec = {.sec = (uint32_t)(now_ns / 1000000000),
					.nsec = (uint32_t)(now_ns % 1000000000),
					.caplen = MIN(p->len, s->snaplen),
					.len = p->len};

	return put_classic(s, &rec, sizeof(rec), p->data, rec.caplen);
}

static void lost_on(struct stream *s, int interface)
{
	s->lost++;
	if (interface >= 0) {
		s->interface[interface].lost++;
		s->interface[interface].lost_now++;
	}
}

void stream_lost(struct stream *s, const struct port *port)
{
	lost_on(s, s->classic ? -1 : interface_of(s, port, NULL));
}

bool stream_frame(struct stream *s, const struct sighting *seen, uint64_t now_ns)
{
	int i = s->classic ? 0 : interface_of(s, seen->port, seen->pair);

	if (i < 0 ||
	    !(s->classic ? put_classic_frame(s, seen->p, now_ns) : put_frame(s, i, seen, now_ns))) {
		lost_on(s, s->classic ? -1 : i);
		return false;
	}
	s->frames++;
	return true;
}

bool stream_end(struct stream *s, uint64_t now_ns)
{
	while (!s->classic && s->n_stats < s->n_interfaces) {
		const struct stream_interface *i = &s->interface[s->n_stats];
		const struct pcapng_stats stats = {.interface = s->n_stats,
						   .start_ns = s->start_ns,
						   .end_ns = now_ns,
						   .received = i->frames + i->lost,
						   .dropped = i->lost};
		struct pcapng_out o = out_open(s);

		pcapng_put_stats(&o, &stats);
		if (!out_close(s, &o))
			return false;
		s->n_stats++;
	}
	return true;
}
