/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP clients on the host of forwarded ports (nat_relay.c has the theory of operation).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modes/nat/nat_relay_int.h"
#include "vswitchd/switch/runner.h"

enum { PEERS_MAX = 128, DATAGRAMS = 32, DATAGRAM_MAX = 65535 };

struct relay_peer {
	struct relay_peer *next;
	struct relay_listener *l;
	union relay_addr client;
	socklen_t client_len;
	int fd;
	struct ev_io io;
	msec heard_ms;
};

static void peer_close(struct relay_peer *p)
{
	struct relay *r = p->l->nn->relay;

	ev_io_stop(relay_loop(p->l), &p->io);
	close(p->fd);
	for (struct relay_peer **at = &r->peers; *at; at = &(*at)->next)
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
	struct relay_peer *p = w->data;

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
		sendto(p->l->fd, buf, (size_t)n, MSG_NOSIGNAL, &p->client.any, p->client_len);
	}
}

static struct relay_peer *peer_find(const struct relay_listener *l, const union relay_addr *client,
				    socklen_t len)
{
	for (struct relay_peer *p = l->nn->relay->peers; p; p = p->next)
		if (p->l == l && p->client_len == len && memcmp(&p->client, client, len) == 0)
			return p;
	return NULL;
}

static struct relay_peer *peer_oldest(const struct relay *r)
{
	struct relay_peer *oldest = r->peers;

	for (struct relay_peer *p = r->peers; p; p = p->next)
		if (p->heard_ms < oldest->heard_ms)
			oldest = p;
	return oldest;
}

static struct relay_peer *peer_add(struct relay_listener *l, const union relay_addr *client,
				   socklen_t len)
{
	struct relay *r = l->nn->relay;
	struct relay_peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->fd = relay_connect(l);
	if (p->fd < 0) {
		free(p);
		return NULL;
	}
	if (r->n_peers == PEERS_MAX)
		peer_close(peer_oldest(r));
	p->l = l;
	p->client = *client;
	p->client_len = len;
	ev_io_init(&p->io, peer_cb, p->fd, EV_READ);
	p->io.data = p;
	ev_io_start(relay_loop(l), &p->io);
	p->next = r->peers;
	r->peers = p;
	r->n_peers++;
	return p;
}

void relay_udp_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	static uint8_t buf[DATAGRAM_MAX];
	struct relay_listener *l = w->data;

	(void)loop;
	(void)revents;
	for (int i = 0; i < DATAGRAMS; i++) {
		union relay_addr client = {0};
		socklen_t len = sizeof(client);
		ssize_t n = recvfrom(l->fd, buf, sizeof(buf), 0, &client.any, &len);
		struct relay_peer *p;

		if (n < 0)
			return;
		p = peer_find(l, &client, len);
		if (!p)
			p = peer_add(l, &client, len);
		if (!p)
			continue;
		p->heard_ms = l->nn->net->runner->now;
		send(p->fd, buf, (size_t)n, MSG_NOSIGNAL);
	}
}

void relay_udp_forget(struct relay *r, const struct relay_listener *l)
{
	struct relay_peer *p, *next;

	for (p = r->peers; p; p = next) {
		next = p->next;
		if (p->l == l)
			peer_close(p);
	}
}

unsigned int relay_udp_count(const struct relay *r, const struct nat_forward *f)
{
	unsigned int n = 0;

	for (const struct relay_peer *p = r->peers; p; p = p->next)
		n += p->l->f == f;
	return n;
}

void relay_udp_tick(struct relay *r, msec now, msec quiet_ms)
{
	struct relay_peer *p, *next;

	for (p = r->peers; p; p = next) {
		next = p->next;
		if (now > p->heard_ms + quiet_ms)
			peer_close(p);
	}
}
