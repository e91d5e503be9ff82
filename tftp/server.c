/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tftp/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/wire.h"

enum { ID_FIRST = 49152, ID_N = 65536 - ID_FIRST, IP4_UDP = 28, IP6_UDP = 48 };

/* ---- sessions -------------------------------------------------------------------------------- */

static uint32_t next_random(struct tftp_server *s)
{
	s->random = s->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(s->random >> 33);
}

bool tftp_server_port(const struct tftp_server *s, uint16_t port)
{
	for (unsigned int i = 0; i < TFTP_SESSIONS; i++)
		if (s->sessions[i].used && s->sessions[i].id == port)
			return true;
	return port == TFTP_PORT;
}

unsigned int tftp_server_sessions(const struct tftp_server *s)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < TFTP_SESSIONS; i++)
		n += s->sessions[i].used;
	return n;
}

static bool same_peer(const struct tftp_peer *a, const struct tftp_peer *b)
{
	return a->port == b->port && ip_addr_equal(&a->addr, &b->addr) &&
	       ip_addr_equal(&a->to, &b->to);
}

static void note(struct tftp_server *s, const struct tftp_peer *peer, const char *name,
		 const char *why, uint64_t bytes, msec took)
{
	s->ops->note(s->ctx, &(struct tftp_note){peer, name, why, bytes, took});
}

static void end(struct tftp_server *s, struct tftp_session *x, const char *why, msec now)
{
	if (why)
		s->failed++;
	else
		s->done++;
	note(s, &x->peer, x->name, why, x->bytes, now - x->begun_ms);
	s->ops->close(s->ctx, x->file);
	x->used = false;
}

/* A slot, unless the machine with @mac has its share already. */
static struct tftp_session *session_new(struct tftp_server *s, const struct mac *mac)
{
	struct tftp_session *free = NULL;
	unsigned int own = 0;

	for (unsigned int i = 0; i < TFTP_SESSIONS; i++) {
		struct tftp_session *x = &s->sessions[i];

		own += x->used && mac_equal(&x->peer.mac, mac);
		if (!x->used)
			free = x;
	}
	return own < TFTP_PER_PEER ? free : NULL;
}

static void send_error(struct tftp_server *s, const struct tftp_peer *to, uint16_t sport,
		       enum tftp_error code, const char *text)
{
	uint8_t msg[128];

	s->ops->send(s->ctx, to, sport, msg, tftp_put_error(msg, sizeof(msg), code, text));
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Fill @out with a block in netascii (RFC 764): LF becomes CR LF, CR becomes CR NUL. Moves *@m. */
static ssize_t read_netascii(struct tftp_server *s, struct tftp_session *x, struct tftp_mark *m,
			     uint8_t *out)
{
	uint8_t raw[256];
	size_t n = 0;

	while (n < x->blksize) {
		ssize_t got;

		if (m->half) {
			out[n++] = m->pending;
			m->half = false;
			continue;
		}
		got = s->ops->read(s->ctx, x->file, m->off, raw,
				   MIN(sizeof(raw), (size_t)x->blksize - n));
		if (got <= 0)
			return got < 0 ? got : (ssize_t)n;
		for (ssize_t i = 0; i < got && n < x->blksize && !m->half; i++, m->off++) {
			bool pair = raw[i] == '\n' || raw[i] == '\r';

			out[n++] = pair ? '\r' : raw[i];
			m->half = pair;
			m->pending = raw[i] == '\n' ? '\n' : 0;
		}
	}
	return (ssize_t)n;
}

static ssize_t read_block(struct tftp_server *s, struct tftp_session *x, struct tftp_mark *m,
			  uint8_t *out)
{
	ssize_t n;

	if (x->netascii)
		return read_netascii(s, x, m, out);
	n = s->ops->read(s->ctx, x->file, m->off, out, x->blksize);
	if (n > 0)
		m->off += (uint64_t)n;
	return n;
}

/* Send block x->next + 1. False: the file can't be read, and the session is over. */
static bool send_block(struct tftp_server *s, struct tftp_session *x, msec now)
{
	struct tftp_mark m = x->mark[x->next - x->base];
	uint8_t msg[TFTP_PACKET_MAX];
	ssize_t n = read_block(s, x, &m, msg + TFTP_HEAD);

	if (n < 0) {
		send_error(s, &x->peer, x->id, TFTP_E_OTHER, "the file can't be read");
		end(s, x, "the file can't be read", now);
		return false;
	}
	x->next++;
	x->mark[x->next - x->base] = m;
	if ((size_t)n < x->blksize)
		x->last = x->next;
	tftp_put_data_head(msg, (uint16_t)x->next);
	s->ops->send(s->ctx, &x->peer, x->id, msg, TFTP_HEAD + (size_t)n);
	return true;
}

/* Everything from base on. */
static void send_window(struct tftp_server *s, struct tftp_session *x, msec now)
{
	x->next = x->base;
	x->deadline_ms = now + x->timeout_ms;
	while (x->next - x->base < x->window && (!x->last || x->next < x->last))
		if (!send_block(s, x, now))
			return;
}

static void send_oack(struct tftp_server *s, struct tftp_session *x, msec now)
{
	x->deadline_ms = now + x->timeout_ms;
	s->ops->send(s->ctx, &x->peer, x->id, x->oack_msg, x->oack_len);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void refuse(struct tftp_server *s, const struct tftp_peer *from, const char *name,
		   enum tftp_error code, const char *text)
{
	s->refused++;
	send_error(s, from, TFTP_PORT, code, text);
	note(s, from, name, text, 0, 0);
}

/* The name below the directory: without leading slashes, as boot loaders write "/file", and with
 * the slashes of those that write "\file". False when a part of it is "..": what is opened is
 * checked anyhow, but then it is no mere "not found". */
static bool clean_name(const char *name, char out[TFTP_NAME_MAX + 1])
{
	size_t n = 0;

	while (*name == '/' || *name == '\\')
		name++;
	for (; name[n]; n++)
		out[n] = name[n] == '\\' ? '/' : name[n];
	out[n] = '\0';
	for (const char *part = out; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			return false;
	}
	return n;
}

/* RFC 2347 2: what is not acknowledged was not taken. */
static void negotiate(struct tftp_server *s, struct tftp_session *x, const struct tftp_packet *p)
{
	uint32_t head = ip_addr_is4(&x->peer.addr) ? IP4_UDP : IP6_UDP;
	uint32_t most =
		MIN(s->mtu, (uint32_t)TFTP_PACKET_MAX + head - TFTP_HEAD) - head - TFTP_HEAD;
	size_t size = sizeof(x->oack_msg), len = tftp_put_oack_head(x->oack_msg);

	x->blksize = TFTP_BLOCK;
	x->window = 1;
	x->timeout_ms = TFTP_TIMEOUT_MS;
	if (p->blksize) {
		x->blksize = MIN(p->blksize, most);
		len = tftp_put_option(x->oack_msg, len, size, "blksize", x->blksize);
	}
	if (p->timeout_s) {
		x->timeout_ms = p->timeout_s * 1000ul;
		len = tftp_put_option(x->oack_msg, len, size, "timeout", p->timeout_s);
	}
	if (p->windowsize) {
		x->window = MIN(p->windowsize, (uint32_t)TFTP_WINDOW_MAX);
		len = tftp_put_option(x->oack_msg, len, size, "windowsize", x->window);
	}
	if (p->tsize && !p->netascii) /* how long it gets is not known without having read it */
		len = tftp_put_option(x->oack_msg, len, size, "tsize", x->size);
	x->oack_len = len;
	x->oack = len > 2;
}

static uint16_t new_id(struct tftp_server *s)
{
	uint16_t id;

	do
		id = (uint16_t)(ID_FIRST + next_random(s) % ID_N);
	while (tftp_server_port(s, id));
	return id;
}

static void start(struct tftp_server *s, struct tftp_session *x, const struct tftp_peer *from,
		  const struct tftp_packet *p, int file, uint64_t size, const char *name, msec now)
{
	*x = (struct tftp_session){.used = true,
				   .peer = *from,
				   .id = new_id(s),
				   .file = file,
				   .size = size,
				   .netascii = p->netascii,
				   .begun_ms = now};
	snprintf(x->name, sizeof(x->name), "%s", name);
	negotiate(s, x, p);
	if (x->oack)
		send_oack(s, x, now);
	else
		send_window(s, x, now);
}

static void read_request(struct tftp_server *s, const struct tftp_peer *from,
			 const struct tftp_packet *p, msec now)
{
	struct tftp_session *x;
	char name[TFTP_NAME_MAX + 1];
	uint64_t size = 0;
	int file;

	for (unsigned int i = 0; i < TFTP_SESSIONS; i++) /* it did not hear us */
		if (s->sessions[i].used && same_peer(&s->sessions[i].peer, from))
			end(s, &s->sessions[i], "the client begins anew", now);
	x = session_new(s, &from->mac);
	if (!clean_name(p->name, name)) {
		refuse(s, from, p->name, TFTP_E_ACCESS, "that is not below the directory");
		return;
	}
	if (!x) {
		refuse(s, from, name, TFTP_E_OTHER, "too many transfers at once");
		return;
	}
	file = s->ops->open(s->ctx, name, &size);
	if (file < 0)
		refuse(s, from, name, file == -ENOENT ? TFTP_E_NOT_FOUND : TFTP_E_ACCESS,
		       file == -ENOENT ? "there is no such file" : "that file is not given out");
	else
		start(s, x, from, p, file, size, name, now);
}

static void request(struct tftp_server *s, const struct tftp_peer *from, const void *data,
		    size_t len, msec now)
{
	struct tftp_packet p;
	int rc = tftp_parse(data, len, &p);

	s->requests++;
	if (rc == -EOPNOTSUPP)
		refuse(s, from, p.name, TFTP_E_ILLEGAL, "modes are octet and netascii");
	else if (rc || (p.op != TFTP_RRQ && p.op != TFTP_WRQ))
		s->refused++;
	else if (p.op == TFTP_WRQ)
		refuse(s, from, p.name, TFTP_E_ACCESS, "nothing can be written here");
	else
		read_request(s, from, &p, now);
}

/* ---- transfers ------------------------------------------------------------------------------- */

/* @n blocks more have arrived. */
static void moved_on(struct tftp_server *s, struct tftp_session *x, uint16_t n, msec now)
{
	if (!x->netascii)
		x->bytes = x->mark[n].off;
	else
		x->bytes += n * (uint64_t)x->blksize;
	memmove(&x->mark[0], &x->mark[n], sizeof(x->mark[0]) * (TFTP_WINDOW_MAX + 1u - n));
	x->base += n;
	x->tries = 0;
	x->again = false;
	if (x->last && x->base == x->last)
		end(s, x, NULL, now);
	else
		send_window(s, x, now);
}

static void ack(struct tftp_server *s, struct tftp_session *x, uint16_t block, msec now)
{
	uint16_t n = (uint16_t)(block - (uint16_t)x->base);

	if (x->oack) {
		if (block)
			return;
		x->oack = false;
		x->tries = 0;
		send_window(s, x, now);
	} else if (n && n <= x->next - x->base) {
		moved_on(s, x, n, now);
	} else if (!n && x->window > 1 && !x->again) {
		/* RFC 7440 4: the first block of the window was lost. Once only. */
		x->again = true;
		s->resent++;
		send_window(s, x, now);
	}
}

static struct tftp_session *session_find(struct tftp_server *s, const struct tftp_peer *from,
					 uint16_t id)
{
	for (unsigned int i = 0; i < TFTP_SESSIONS; i++) {
		struct tftp_session *x = &s->sessions[i];

		if (x->used && x->id == id && same_peer(&x->peer, from))
			return x;
	}
	return NULL;
}

void tftp_server_input(struct tftp_server *s, const struct tftp_peer *from, uint16_t dport,
		       const void *data, size_t len, msec now)
{
	struct tftp_session *x;
	struct tftp_packet p;

	if (dport == TFTP_PORT) {
		request(s, from, data, len, now);
		return;
	}
	if (tftp_parse(data, len, &p))
		return;
	x = session_find(s, from, dport);
	if (!x && p.op != TFTP_ERROR) /* RFC 1350 4 */
		send_error(s, from, dport, TFTP_E_UNKNOWN_ID, "no such transfer");
	else if (x && p.op == TFTP_ERROR) /* as loaders do that ask for the size alone */
		end(s, x, "the client ended it", now);
	else if (x && p.op == TFTP_ACK)
		ack(s, x, p.block, now);
}

void tftp_server_tick(struct tftp_server *s, msec now)
{
	for (unsigned int i = 0; i < TFTP_SESSIONS; i++) {
		struct tftp_session *x = &s->sessions[i];

		if (!x->used || now < x->deadline_ms)
			continue;
		if (++x->tries == TFTP_TRIES) {
			end(s, x, "the client does not answer any more", now);
			continue;
		}
		s->resent++;
		if (x->oack)
			send_oack(s, x, now);
		else
			send_window(s, x, now);
	}
}

void tftp_server_init(struct tftp_server *s, const struct tftp_ops *ops, void *ctx, uint32_t mtu,
		      uint64_t seed)
{
	*s = (struct tftp_server){.ops = ops, .ctx = ctx, .mtu = mtu, .random = seed};
}

void tftp_server_fini(struct tftp_server *s)
{
	for (unsigned int i = 0; i < TFTP_SESSIONS; i++)
		if (s->sessions[i].used)
			s->ops->close(s->ctx, s->sessions[i].file);
	memset(s->sessions, 0, sizeof(s->sessions));
}
