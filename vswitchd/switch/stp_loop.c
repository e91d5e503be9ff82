/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stp_loop.c - the loop guard of networks without spanning tree.
 *
 * Theory of operation. A loop is proven by a frame that we send by one port and get back by
 * another, or by the same. Such a probe is Ethernet's own loopback message (Ethernet 2.0, chapter
 * 8, a "reply", which no station answers) to the multicast address of that protocol, which switches
 * pass on like any other. It names the port, carries a number, and is signed with a secret of the
 * network's, so that nobody can make one up; an old one proves nothing. Who replays a fresh one at
 * another of his ports has joined the two himself, and only they can be blocked.
 *
 * Silence is the rule. Probes are sent when a port has come up (after 1, 3 and 9 seconds: the far
 * end may take a while), and on suspicion: addresses that move to a port again and again, or
 * a flood of flooded frames. Suspicion that was not confirmed makes the guard wait twice as long
 * each time, up to a minute. So an idle network sends nothing, and a physical one sees less of
 * this than a hardware switch's keepalives.
 *
 * Of the two ports the younger is blocked: what it joined worked before it came. It is tried again
 * after RETRY_MS without opening it: a probe is sent while it stays blocked for all other frames,
 * and only when that does not come back the port is opened.
 */
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/stp_int.h"

enum {
	RETRY_MS = 30000,
	ANSWER_MS = 2000, /* a probe that has not come back by then won't */
	FIRST_MS = 1000,  /* after a port came up; then three times as long each time */
	FIRST_PROBES = 3,
	FRESH_MS = 5000,
	MOVES_SUSPECT = 8,    /* addresses that moved to a port within a second */
	FLOODS_SUSPECT = 200, /* flooded frames within a second */
	GAP_MIN_MS = 1000,
	GAP_MAX_MS = 60000,
	PROBE_LEN = 60,
	PROBE_AT = 20, /* behind skip count, function and receipt number */
};

struct probe {
	uint8_t magic[4];
	uint32_t port, seq; /* only we read them */
	uint64_t tag;
} WIRE_PACKED;

static const uint8_t magic[4] = {'v', 'n', 'l', 'g'};
/* Loopback assistance multicast address */
static const struct mac loop_group = {{0xcf, 0, 0, 0, 0, 0}};

static uint64_t probe_tag(const struct stp *s, const struct probe *probe)
{
	return hash_bytes(&s->secret, probe, offsetof(struct probe, tag));
}

static void send_probe(struct port *port)
{
	struct stp *s = port->net->stp;
	struct stp_port *sp = port->stp;
	struct probe probe = {.port = port->id, .seq = ++s->probe_seq};
	uint8_t frame[PROBE_LEN] = {0};
	struct pkt *p;

	memcpy(frame, &loop_group, ETH_ALEN_);
	memcpy(frame + ETH_ALEN_, &s->mac, ETH_ALEN_);
	frame[12] = ETHERTYPE_LOOP_ >> 8;
	frame[16] = 1; /* function: reply; little endian in this protocol */
	memcpy(probe.magic, magic, sizeof(magic));
	probe.tag = probe_tag(s, &probe);
	memcpy(frame + PROBE_AT, &probe, sizeof(probe));
	sp->seq = probe.seq;
	sp->sent_at = port->net->runner->now;
	p = pkt_from(port->net->runner->pool, frame, sizeof(frame));
	if (p)
		port_queue(port, p);
}

/* ---- blocking -------------------------------------------------------------------------------- */

static struct port *port_by_id(struct net *net, unsigned int id)
{
	for (struct port *port = net->ports; port; port = port->next)
		if (port->id == id)
			return port;
	return NULL;
}

static void tell(struct port *port, const char *event)
{
	if (port->net->runner->events)
		stp_event(port->net, event,
			  json_pack("{s:s, s:s, s:s}", "net", port->net->conf.name, "port",
				    port->name, "with", port->stp->loop_with));
}

static void block(struct port *port, const struct port *with)
{
	struct stp_port *sp = port->stp;
	bool is_new = !sp->looped;

	sp->looped = true;
	sp->retrying = false;
	sp->retry_at = port->net->runner->now + RETRY_MS;
	snprintf(sp->loop_with, sizeof(sp->loop_with), "%s", with->name);
	if (!is_new)
		return;
	stp_update_feature(port);
	fdb_flush(port->net->fdb, port);
	log_write(LOG_LEVEL_WARN, "network %s: loop between ports %s and %s: %s is blocked",
		  port->net->conf.name, with->name, port->name, port->name);
	tell(port, "loop.found");
}

void stp_loop_clear(struct port *port)
{
	struct stp_port *sp = port->stp;

	sp->probes_left = 0;
	sp->probe_at = 0;
	if (!sp->looped)
		return;
	sp->looped = sp->retrying = false;
	stp_update_feature(port);
	tell(port, "loop.gone");
}

/* A probe sent by @sent came in by @came. */
static void found(struct port *sent, struct port *came)
{
	struct port *young = sent->id > came->id ? sent : came;
	struct port *old = young == sent ? came : sent;

	/* One that is blocked already explains it; one without a guard is not touched. */
	if (old->stp->looped && !young->stp->looped) {
		block(old, young);
		return;
	}
	if (young->stp->guarded)
		block(young, old);
	else if (old->stp->guarded)
		block(old, young);
}

enum drop_reason stp_loop_input(struct walk *w)
{
	const uint8_t *at = pkt_at(w->p, PROBE_AT, sizeof(struct probe));
	struct stp *s = w->net->stp;
	struct probe probe;
	struct port *sent;

	if (!at || !s)
		return DROP_NONE;
	memcpy(&probe, at, sizeof(probe));
	if (memcmp(probe.magic, magic, sizeof(magic)) != 0 || probe.tag != probe_tag(s, &probe))
		return DROP_NONE; /* another switch's: it wants it back */
	if (w->dry)
		return DROP_CONSUMED;
	sent = port_by_id(w->net, probe.port);
	if (sent && sent->stp && stp_port_of(w->from) && sent->stp->seq == probe.seq && !s->on &&
	    w->net->runner->now - sent->stp->sent_at < FRESH_MS)
		found(sent, w->from);
	return DROP_CONSUMED;
}

/* ---- when to look ---------------------------------------------------------------------------- */

void stp_loop_arm(struct port *port)
{
	struct stp_port *sp = port->stp;

	if (!sp->guarded)
		return;
	sp->probes_left = FIRST_PROBES;
	sp->probe_at = port->net->runner->now + FIRST_MS;
}

static void suspect(struct port *port)
{
	struct stp_port *sp = port->stp;
	msec now = port->net->runner->now;

	if (!sp->guarded || sp->looped || !port->admin_up || port->failed || now < sp->hold_until)
		return;
	/* Long after the last suspicion it starts anew. */
	if (!sp->gap_ms || now - sp->hold_until > GAP_MAX_MS)
		sp->gap_ms = GAP_MIN_MS;
	sp->hold_until = now + sp->gap_ms;
	sp->gap_ms = MIN(sp->gap_ms * 2, (unsigned int)GAP_MAX_MS);
	send_probe(port);
}

void stp_moved(struct net *net, struct port *port)
{
	struct stp *s = net->stp;

	if (s && !s->on && port->stp && ++port->stp->moves == MOVES_SUSPECT)
		suspect(port);
}

static void retry(struct port *port, msec now)
{
	struct stp_port *sp = port->stp;

	if (now < sp->retry_at)
		return;
	if (!sp->retrying && port->admin_up && !port->failed) {
		sp->retrying = true;
		sp->retry_at = now + ANSWER_MS;
		send_probe(port);
		return;
	}
	stp_loop_clear(port);
	stp_loop_arm(port);
}

static void probe_tick(struct port *port, msec now, bool flooded)
{
	struct stp_port *sp = port->stp;

	sp->moves = 0;
	if (sp->looped)
		return retry(port, now);
	if (sp->probes_left && now >= sp->probe_at) {
		sp->probes_left--;
		sp->probe_at = now + 2 * (now - sp->probe_at + FIRST_MS);
		send_probe(port);
	} else if (flooded) {
		suspect(port);
	}
}

void stp_loop_tick(struct net *net, msec now)
{
	struct stp *s = net->stp;
	bool flooded = net->floods - s->floods_before > FLOODS_SUSPECT;

	s->floods_before = net->floods;
	for (struct port *port = net->ports; port; port = port->next)
		if (port->stp && port->stp->guarded)
			probe_tick(port, now, flooded);
}

void stp_port_retry(struct port *port)
{
	if (!port->stp || !port->stp->looped)
		return;
	stp_loop_clear(port);
	stp_loop_arm(port);
}

const char *stp_blocked_why(const struct port *port, char *text, size_t size)
{
	if (!port->stp || !port->stp->looped)
		return NULL;
	if (strcmp(port->stp->loop_with, port->name) == 0)
		snprintf(text, size, "loop behind this port");
	else
		snprintf(text, size, "loop with port %s", port->stp->loop_with);
	return text;
}
