/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netdns_socket.c - one socket for each question that is under way to a resolver.
 *
 * Theory of operation. A socket is made for a question, connected, and closed with its answer: the
 * kernel gives each a random port, takes packets of that resolver only, and says at once when
 * nobody is there (RFC 5452 9.2). There are SOCKETS of them for all networks; who gets none waits
 * in its proxy until one is free. By TCP a question is written, then the answer is read into a
 * buffer of the socket's own, which is made for it; at most STREAMS of these.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vswitchd/netdns_int.h"
#include "vswitchd/switch/runner.h"

enum { SOCKETS = 512, STREAMS = 64, DATAGRAMS = 8 /* read at once */ };

struct dns_socket {
	struct dns_socket *next_free;
	struct netdns *d;
	struct dns_txn *txn;
	struct ev_io io;
	int fd;
	bool tcp;
	/* TCP */
	uint8_t out[2 + DNS_HDR + DNS_NAME_MAX + 4 + DNS_OPT_FIXED];
	size_t out_len, sent, got;
	uint8_t *in; /* 2 + DNS_MSG_MAX */
};

static struct {
	struct dns_socket *all, *free;
	unsigned int made, streams;
	bool short_of; /* somebody was told to wait */
} pool;

/* ---- life ------------------------------------------------------------------------------------ */

static struct dns_socket *take(bool tcp)
{
	struct dns_socket *s = pool.free;

	if (!pool.all)
		pool.all = calloc(SOCKETS, sizeof(*pool.all));
	if (!pool.all || (tcp && pool.streams == STREAMS))
		return NULL;
	if (s)
		pool.free = s->next_free;
	else if (pool.made < SOCKETS)
		s = &pool.all[pool.made++];
	else
		return NULL;
	*s = (struct dns_socket){.fd = -1, .tcp = tcp};
	pool.streams += tcp ? 1 : 0;
	return s;
}

static void give_back(struct dns_socket *s)
{
	if (s->d)
		ev_io_stop(s->d->net->runner->loop, &s->io);
	if (s->fd >= 0)
		close(s->fd);
	free(s->in);
	s->in = NULL;
	s->fd = -1;
	pool.streams -= s->tcp ? 1 : 0;
	s->next_free = pool.free;
	pool.free = s;
}

void netdns_unask(void *ctx, struct dns_txn *txn)
{
	struct dns_socket *s = txn->socket;

	(void)ctx;
	txn->socket = NULL;
	if (s)
		give_back(s);
}

/* A socket is free again: whoever waits for one, of any network. */
static void go_on(msec now)
{
	if (!pool.short_of)
		return;
	pool.short_of = false;
	for (struct netdns *d = netdns_all; d; d = d->next) {
		dns_proxy_go_on(&d->proxy, now);
		net_flush(d->net);
	}
}

/* ---- in -------------------------------------------------------------------------------------- */

static void done(struct netdns *d)
{
	net_flush(d->net);
	go_on(d->net->runner->now);
}

static void failed(struct dns_socket *s)
{
	struct netdns *d = s->d;

	dns_proxy_failed(&d->proxy, s->txn, d->net->runner->now);
	done(d);
}

/* Until the socket is gone (the answer was taken) or empty. */
static void read_datagrams(struct dns_socket *s)
{
	static uint8_t buf[DNS_MSG_MAX];
	struct netdns *d = s->d;
	struct dns_txn *txn = s->txn;

	for (int i = 0; i < DATAGRAMS && txn->socket == s; i++) {
		ssize_t n = recv(s->fd, buf, sizeof(buf), 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			failed(s);
			return;
		}
		dns_proxy_answer(&d->proxy, txn, buf, (size_t)n, d->net->runner->now);
	}
	done(d);
}

static void read_stream(struct dns_socket *s)
{
	static uint8_t buf[DNS_MSG_MAX]; /* s->in goes with the socket, which the answer ends */
	size_t want = s->got < 2 ? 2 : 2 + (size_t)dns_get16(s->in);
	ssize_t n = recv(s->fd, s->in + s->got, want - s->got, 0);
	struct netdns *d = s->d;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		failed(s);
		return;
	}
	s->got += (size_t)n;
	if (s->got < 2 || s->got < 2 + (size_t)dns_get16(s->in))
		return;
	n = dns_get16(s->in);
	memcpy(buf, s->in + 2, (size_t)n);
	s->got = 0;
	dns_proxy_answer(&d->proxy, s->txn, buf, (size_t)n, d->net->runner->now);
	done(d);
}

static void write_stream(struct dns_socket *s)
{
	ssize_t n = send(s->fd, s->out + s->sent, s->out_len - s->sent, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		failed(s);
		return;
	}
	s->sent += n > 0 ? (size_t)n : 0;
	if (s->sent < s->out_len)
		return;
	ev_io_stop(s->d->net->runner->loop, &s->io);
	ev_io_set(&s->io, s->fd, EV_READ);
	ev_io_start(s->d->net->runner->loop, &s->io);
}

static void io_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct dns_socket *s = w->data;

	(void)loop;
	runner_clock(s->d->net->runner);
	if (!s->tcp)
		read_datagrams(s);
	else if (revents & EV_WRITE)
		write_stream(s);
	else
		read_stream(s);
}

/* ---- out ------------------------------------------------------------------------------------- */

static socklen_t address_of(const struct dns_server *server, struct sockaddr_storage *ss)
{
	struct sockaddr_in *four = (void *)ss;
	struct sockaddr_in6 *six = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	if (ip_addr_is4(&server->addr)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(53);
		four->sin_addr.s_addr = ip_addr_get4(&server->addr);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(53);
	six->sin6_scope_id = server->scope;
	memcpy(&six->sin6_addr, server->addr.b, sizeof(six->sin6_addr));
	return sizeof(*six);
}

static int open_socket(struct dns_socket *s, const struct dns_server *server)
{
	struct sockaddr_storage ss;
	socklen_t len = address_of(server, &ss);
	int one = 1;

	s->fd = socket(ss.ss_family,
		       (s->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return errno == EMFILE || errno == ENFILE ? -EAGAIN : -errno;
	if (s->tcp)
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(s->fd, (struct sockaddr *)&ss, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return 0;
}

static int start_stream(struct dns_socket *s, const uint8_t *msg, size_t len)
{
	s->in = malloc(2 + DNS_MSG_MAX);
	if (!s->in || len + 2 > sizeof(s->out))
		return -ENOMEM;
	dns_set16(s->out, (unsigned int)len);
	memcpy(s->out + 2, msg, len);
	s->out_len = len + 2;
	return 0;
}

int netdns_ask(void *ctx, struct dns_txn *txn, const struct dns_server *server, bool tcp,
	       const uint8_t *msg, size_t len)
{
	struct netdns *d = ctx;
	struct dns_socket *s;
	int rc;

	if (!d->net->runner->loop)
		return -ENETUNREACH; /* driven by hand: there is no host */
	s = take(tcp);
	if (!s) {
		pool.short_of = true;
		return -EAGAIN;
	}
	rc = open_socket(s, server);
	if (!rc && tcp)
		rc = start_stream(s, msg, len);
	else if (!rc && send(s->fd, msg, len, MSG_NOSIGNAL) < 0)
		rc = -errno;
	if (rc) {
		give_back(s);
		pool.short_of |= rc == -EAGAIN;
		return rc;
	}
	s->d = d;
	s->txn = txn;
	txn->socket = s;
	ev_io_init(&s->io, io_cb, s->fd, tcp ? EV_WRITE : EV_READ);
	s->io.data = s;
	ev_io_start(d->net->runner->loop, &s->io);
	return 0;
}
