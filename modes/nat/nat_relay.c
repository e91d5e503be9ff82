/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's own connections to forwarded ports.
 *
 * Theory of operation. What the host sends to its own address never leaves it, so the translator
 * does not see it. Instead of a rule that bends the host's own output (which needs connection
 * tracking and a change of routing), the daemon listens at the forwarded port like any server, and
 * for each connection opens one from the host's leg to the guest and copies bytes both ways. The
 * listening socket also keeps the port from other programs, which then are told "in use" instead of
 * being cut off. All of it is sockets: it ends with the process, whatever ends it.
 *
 * TCP: a connection has a buffer for each direction; an end of stream is passed on, and the
 * connection ends when both ends are done or one fails (then the other is reset). UDP: each client
 * (address and port) of a listener has a socket towards the guest, until it was quiet for as long
 * as a translated flow may be.
 *
 * Limits: CONNS_MAX connections and PEERS_MAX UDP clients a network; what comes beyond is reset, or
 * takes the place of the client that was quiet for longest. The guest sees the host's leg as its
 * peer, which is who it is.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "modes/nat/nat_forward.h"
#include "vswitchd/host/procfs.h"
#include "vswitchd/switch/runner.h"

enum { CONNS_MAX = 256, PEERS_MAX = 128, BUF = 32768, DATAGRAMS = 32, DATAGRAM_MAX = 65535 };

struct listener {
	struct listener *next;
	struct nat_net *nn;
	const struct nat_forward *f;
	enum nat_proto proto;
	be32 addr;
	uint16_t to_port;
	int fd;
	struct ev_io io;
};

/* Bytes from end @i to the other. */
struct stream_dir {
	size_t start, len;
	bool eof, shut; /* end @i has ended; the other has been told */
	uint8_t buf[BUF];
};

struct conn {
	struct conn *next;
	struct listener *l;
	int fd[2]; /* the host's client, the guest */
	bool connecting;
	struct ev_io io[2];
	struct stream_dir dir[2];
};

struct udp_peer {
	struct udp_peer *next;
	struct listener *l;
	struct sockaddr_in client;
	int fd;
	struct ev_io io;
	msec heard_ms;
};

struct relay {
	struct listener *listeners;
	struct conn *conns;
	struct udp_peer *peers;
	unsigned int n_conns, n_peers;
};

static struct ev_loop *loop_of(const struct listener *l)
{
	return l->nn->net->runner->loop;
}

static struct sockaddr_in sockaddr(be32 addr, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = addr};
}

/* A socket from the host's leg towards the guest; its connection may still be under way. */
static int connect_guest(const struct listener *l)
{
	struct sockaddr_in from = sockaddr(l->nn->net->conf.host, 0);
	struct sockaddr_in to = sockaddr(l->f->to, l->to_port);
	int type = l->proto == NAT_TCP ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -errno;
	if (l->proto == NAT_TCP) /* a guest that vanishes is noticed some day */
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

/* ---- TCP ------------------------------------------------------------------------------------- */

static void conn_close(struct conn *c, bool reset)
{
	struct relay *r = c->l->nn->relay;
	struct linger now = {.l_onoff = 1};

	for (int i = 0; i < 2; i++) {
		ev_io_stop(loop_of(c->l), &c->io[i]);
		if (reset)
			setsockopt(c->fd[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(c->fd[i]);
	}
	for (struct conn **at = &r->conns; *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	r->n_conns--;
	free(c);
}

/* Wait for what can go on: room in the own direction, bytes of the other. */
static void conn_watch(struct conn *c)
{
	for (int i = 0; i < 2; i++) {
		const struct stream_dir *out = &c->dir[i], *in = &c->dir[!i];
		int events = 0;

		if (!c->connecting && !out->eof && out->start + out->len < BUF)
			events |= EV_READ;
		if (in->len || (i == 1 && c->connecting))
			events |= EV_WRITE;
		ev_io_stop(loop_of(c->l), &c->io[i]);
		ev_io_set(&c->io[i], c->fd[i], events);
		if (events)
			ev_io_start(loop_of(c->l), &c->io[i]);
	}
}

/* Negative when the connection has failed. */
static int dir_read(struct conn *c, int i)
{
	struct stream_dir *d = &c->dir[i];
	ssize_t n = recv(c->fd[i], d->buf + d->start + d->len, BUF - d->start - d->len, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	d->eof = n == 0;
	d->len += (size_t)n;
	return 0;
}

static int dir_write(struct conn *c, int i)
{
	struct stream_dir *d = &c->dir[i];
	ssize_t n = d->len ? send(c->fd[!i], d->buf + d->start, d->len, MSG_NOSIGNAL) : 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	d->start += (size_t)n;
	d->len -= (size_t)n;
	if (!d->len)
		d->start = 0;
	if (d->eof && !d->len && !d->shut) {
		d->shut = true;
		shutdown(c->fd[!i], SHUT_WR);
	}
	return 0;
}

/* Has the connection to the guest come about? */
static int conn_finish(struct conn *c)
{
	socklen_t len = sizeof(int);
	int error = 0;

	getsockopt(c->fd[1], SOL_SOCKET, SO_ERROR, &error, &len);
	c->connecting = false;
	return -error;
}

static void conn_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct conn *c = w->data;
	int i = w == &c->io[1], rc = 0;

	(void)loop;
	if (c->connecting && i == 1)
		rc = conn_finish(c);
	else if (revents & EV_READ)
		rc = dir_read(c, i);
	for (int k = 0; k < 2 && rc == 0 && !c->connecting; k++)
		rc = dir_write(c, k);
	if (rc < 0 || (c->dir[0].shut && c->dir[1].shut))
		conn_close(c, rc < 0);
	else
		conn_watch(c);
}

static struct conn *conn_create(struct listener *l, int fd)
{
	struct conn *c = malloc(sizeof(*c));

	if (!c)
		return NULL;
	/* Not the buffers, which are filled before they are read. */
	memset(c, 0, offsetof(struct conn, dir));
	for (int i = 0; i < 2; i++) {
		memset(&c->dir[i], 0, offsetof(struct stream_dir, buf));
		ev_init(&c->io[i], conn_cb);
		c->io[i].data = c;
	}
	c->l = l;
	c->fd[0] = fd;
	c->fd[1] = connect_guest(l);
	c->connecting = true;
	if (c->fd[1] >= 0)
		return c;
	free(c);
	return NULL;
}

static void accept_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct listener *l = w->data;
	struct relay *r = l->nn->relay;
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct conn *c = NULL;

	(void)loop;
	(void)revents;
	if (fd < 0)
		return;
	if (r->n_conns < CONNS_MAX)
		c = conn_create(l, fd);
	if (!c) {
		struct linger now = {.l_onoff = 1};

		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
		return;
	}
	c->next = r->conns;
	r->conns = c;
	r->n_conns++;
	conn_watch(c);
}

/* ---- UDP ------------------------------------------------------------------------------------- */

static void peer_close(struct udp_peer *p)
{
	struct relay *r = p->l->nn->relay;

	ev_io_stop(loop_of(p->l), &p->io);
	close(p->fd);
	for (struct udp_peer **at = &r->peers; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	r->n_peers--;
	free(p);
}

/* The guest has answered. */
static void peer_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	static uint8_t buf[DATAGRAM_MAX];
	struct udp_peer *p = w->data;

	(void)loop;
	(void)revents;
	for (int i = 0; i < DATAGRAMS; i++) {
		ssize_t n = recv(p->fd, buf, sizeof(buf), 0);

		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			peer_close(p); /* nobody is there: the client may ask again */
			return;
		}
		if (n < 0)
			return;
		sendto(p->l->fd, buf, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&p->client,
		       sizeof(p->client));
	}
}

static struct udp_peer *peer_find(const struct listener *l, const struct sockaddr_in *client)
{
	for (struct udp_peer *p = l->nn->relay->peers; p; p = p->next)
		if (p->l == l && p->client.sin_port == client->sin_port &&
		    p->client.sin_addr.s_addr == client->sin_addr.s_addr)
			return p;
	return NULL;
}

static struct udp_peer *peer_oldest(const struct relay *r)
{
	struct udp_peer *oldest = r->peers;

	for (struct udp_peer *p = r->peers; p; p = p->next)
		if (p->heard_ms < oldest->heard_ms)
			oldest = p;
	return oldest;
}

static struct udp_peer *peer_add(struct listener *l, const struct sockaddr_in *client)
{
	struct relay *r = l->nn->relay;
	struct udp_peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->fd = connect_guest(l);
	if (p->fd < 0) {
		free(p);
		return NULL;
	}
	if (r->n_peers == PEERS_MAX)
		peer_close(peer_oldest(r));
	p->l = l;
	p->client = *client;
	ev_io_init(&p->io, peer_cb, p->fd, EV_READ);
	p->io.data = p;
	ev_io_start(loop_of(l), &p->io);
	p->next = r->peers;
	r->peers = p;
	r->n_peers++;
	return p;
}

static void datagram_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	static uint8_t buf[DATAGRAM_MAX];
	struct listener *l = w->data;

	(void)loop;
	(void)revents;
	for (int i = 0; i < DATAGRAMS; i++) {
		struct sockaddr_in client;
		socklen_t len = sizeof(client);
		ssize_t n = recvfrom(l->fd, buf, sizeof(buf), 0, (struct sockaddr *)&client, &len);
		struct udp_peer *p;

		if (n < 0)
			return;
		p = peer_find(l, &client);
		if (!p)
			p = peer_add(l, &client);
		if (!p)
			continue;
		p->heard_ms = l->nn->net->runner->now;
		send(p->fd, buf, (size_t)n, MSG_NOSIGNAL);
	}
}

/* ---- listeners ------------------------------------------------------------------------------- */

static int refused(const struct listener *l, uint16_t port, int error, struct err *err)
{
	char addr[IP4_STR], who[64];
	bool own;

	ip4_format(l->addr, addr);
	if (error != EADDRINUSE)
		return err_sys(err, -error, "%s port %u of %s", l->proto == NAT_TCP ? "tcp" : "udp",
			       port, addr);
	proc_port_user(l->proto == NAT_UDP, port, who, sizeof(who), &own);
	if (own)
		return err_set(err, -EADDRINUSE,
			       "another network of this daemon forwards %s port %u: choose another",
			       forward_proto_word(1u << l->proto), port);
	return err_set(err, -EADDRINUSE,
		       "the host itself uses %s port %u%s%s%s: choose another or stop it",
		       forward_proto_word(1u << l->proto), port, who[0] ? " (" : "", who,
		       who[0] ? ")" : "");
}

static int listener_open(struct listener *l, uint16_t port)
{
	struct sockaddr_in at = sockaddr(l->addr, port);
	bool tcp = l->proto == NAT_TCP;
	int one = 1;

	l->fd = socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return errno;
	/* What an earlier run has left in TIME-WAIT is not in the way. A listener still is. */
	if (tcp)
		setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l->fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    (tcp && listen(l->fd, SOMAXCONN) < 0)) {
		int error = errno;

		close(l->fd);
		return error;
	}
	ev_io_init(&l->io, tcp ? accept_cb : datagram_cb, l->fd, EV_READ);
	l->io.data = l;
	ev_io_start(loop_of(l), &l->io);
	return 0;
}

static int listen_one(struct nat_net *nn, const struct nat_forward *f, be32 addr,
		      enum nat_proto proto, unsigned int i, struct err *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	uint16_t port = (uint16_t)(f->first + i);
	int error;

	if (!l)
		return err_sys(err, -ENOMEM, "port forward");
	*l = (struct listener){.nn = nn,
			       .f = f,
			       .proto = proto,
			       .addr = addr,
			       .to_port = (uint16_t)(f->to_first + i)};
	error = listener_open(l, port);
	if (error) {
		refused(l, port, error, err);
		free(l);
		return -error;
	}
	l->next = nn->relay->listeners;
	nn->relay->listeners = l;
	return 0;
}

int relay_listen(struct nat_net *nn, const struct nat_forward *f, be32 addr, struct err *err)
{
	int rc = 0;

	if (!nn->relay)
		nn->relay = calloc(1, sizeof(*nn->relay));
	if (!nn->relay)
		return err_sys(err, -ENOMEM, "port forward");
	for (enum nat_proto proto = NAT_TCP; proto <= NAT_UDP; proto++)
		for (unsigned int i = 0;
		     rc == 0 && f->protos & 1u << proto && i <= (unsigned int)(f->last - f->first);
		     i++)
			rc = listen_one(nn, f, addr, proto, i, err);
	if (rc < 0)
		relay_forget(nn, f, addr);
	return rc;
}

static void listener_close(struct listener *l)
{
	struct relay *r = l->nn->relay;
	struct conn *c, *next_c;
	struct udp_peer *p, *next_p;

	for (c = r->conns; c; c = next_c) {
		next_c = c->next;
		if (c->l == l)
			conn_close(c, true);
	}
	for (p = r->peers; p; p = next_p) {
		next_p = p->next;
		if (p->l == l)
			peer_close(p);
	}
	ev_io_stop(loop_of(l), &l->io);
	close(l->fd);
	free(l);
}

void relay_forget(struct nat_net *nn, const struct nat_forward *f, be32 addr)
{
	struct listener **at = nn->relay ? &nn->relay->listeners : NULL;

	while (at && *at) {
		struct listener *l = *at;

		if (l->f != f || (addr && l->addr != addr)) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		listener_close(l);
	}
	if (nn->relay && !nn->relay->listeners) {
		free(nn->relay);
		nn->relay = NULL;
	}
}

unsigned int relay_count(const struct nat_net *nn, const struct nat_forward *f)
{
	unsigned int n = 0;

	if (!nn->relay)
		return 0;
	for (const struct conn *c = nn->relay->conns; c; c = c->next)
		n += c->l->f == f;
	for (const struct udp_peer *p = nn->relay->peers; p; p = p->next)
		n += p->l->f == f;
	return n;
}

void relay_tick(struct nat_net *nn, msec now)
{
	struct udp_peer *p, *next;

	for (p = nn->relay ? nn->relay->peers : NULL; p; p = next) {
		next = p->next;
		if (now > p->heard_ms + nn->nat->table.set.udp_ms)
			peer_close(p);
	}
}
