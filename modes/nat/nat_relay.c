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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modes/nat/nat_relay_int.h"
#include "vswitchd/host/procfs.h"
#include "vswitchd/switch/runner.h"

/* ---- sockets --------------------------------------------------------------------------------- */

struct ev_loop *relay_loop(const struct relay_listener *l)
{
	return l->nn->net->runner->loop;
}

union relay_addr relay_addr(const struct ip_addr *addr, uint16_t port)
{
	union relay_addr a = {.six = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};

	if (ip_addr_is4(addr))
		a.four = (struct sockaddr_in){.sin_family = AF_INET,
					      .sin_port = htons(port),
					      .sin_addr.s_addr = ip_addr_get4(addr)};
	else
		memcpy(&a.six.sin6_addr, addr->b, sizeof(addr->b));
	return a;
}

socklen_t relay_addr_len(const struct ip_addr *addr)
{
	return ip_addr_is4(addr) ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static int relay_socket(const struct ip_addr *addr, enum nat_proto proto)
{
	int type = proto == NAT_TCP ? SOCK_STREAM : SOCK_DGRAM, one = 1;
	int fd = socket(ip_addr_is4(addr) ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	if (fd >= 0 && !ip_addr_is4(addr))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	return fd;
}

/* The host's leg, as the guest knows it. */
static struct ip_addr leg_of(const struct relay_listener *l)
{
	struct ip_addr leg;

	if (!forward_is6(l->f))
		return ip_addr_from4(l->nn->net->conf.host);
	leg = l->nn->six->conf.prefix;
	leg.b[15] = 1;
	return leg;
}

int relay_connect(const struct relay_listener *l)
{
	struct ip_addr leg = leg_of(l);
	union relay_addr from = relay_addr(&leg, 0), to = relay_addr(&l->f->to, l->to_port);
	socklen_t len = relay_addr_len(&leg);
	int fd, one = 1;

	/* Without a leg the host's own routes would lead somewhere else. */
	if (l->nn->net->conf.host_off)
		return -ENETUNREACH;
	fd = relay_socket(&leg, l->proto);
	if (fd < 0)
		return -errno;
	if (l->proto == NAT_TCP) /* a guest that vanishes is noticed some day */
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	if (bind(fd, &from.any, len) < 0 ||
	    (connect(fd, &to.any, len) < 0 && errno != EINPROGRESS)) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

/* ---- listeners ------------------------------------------------------------------------------- */

static int refused(const struct relay_listener *l, uint16_t port, int error, struct err *err)
{
	char addr[IP_ADDR_STR], who[64];
	bool own;

	ip_addr_format(&l->addr, addr);
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

static int listener_open(struct relay_listener *l, uint16_t port)
{
	union relay_addr at = relay_addr(&l->addr, port);
	bool tcp = l->proto == NAT_TCP;
	int one = 1;

	l->fd = relay_socket(&l->addr, l->proto);
	if (l->fd < 0)
		return errno;
	/* What an earlier run has left in TIME-WAIT is not in the way. A listener still is. */
	if (tcp)
		setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l->fd, &at.any, relay_addr_len(&l->addr)) < 0 ||
	    (tcp && listen(l->fd, SOMAXCONN) < 0)) {
		int error = errno;

		close(l->fd);
		return error;
	}
	ev_io_init(&l->io, tcp ? relay_tcp_cb : relay_udp_cb, l->fd, EV_READ);
	l->io.data = l;
	ev_io_start(relay_loop(l), &l->io);
	return 0;
}

static int listen_one(struct nat_net *nn, const struct nat_forward *f, const struct ip_addr *addr,
		      enum nat_proto proto, unsigned int i, struct err *err)
{
	struct relay_listener *l = calloc(1, sizeof(*l));
	uint16_t port = (uint16_t)(f->first + i);
	int error;

	if (!l)
		return err_sys(err, -ENOMEM, "port forward");
	*l = (struct relay_listener){.nn = nn,
				     .f = f,
				     .proto = proto,
				     .addr = *addr,
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

int relay_listen(struct nat_net *nn, const struct nat_forward *f, const struct ip_addr *addr,
		 struct err *err)
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

static void listener_close(struct relay_listener *l)
{
	relay_tcp_forget(l->nn->relay, l);
	relay_udp_forget(l->nn->relay, l);
	ev_io_stop(relay_loop(l), &l->io);
	close(l->fd);
	free(l);
}

void relay_forget(struct nat_net *nn, const struct nat_forward *f, const struct ip_addr *addr)
{
	struct relay_listener **at = nn->relay ? &nn->relay->listeners : NULL;

	while (at && *at) {
		struct relay_listener *l = *at;

		if (l->f != f || (addr && !ip_addr_equal(&l->addr, addr))) {
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
	return nn->relay ? relay_tcp_count(nn->relay, f) + relay_udp_count(nn->relay, f) : 0;
}

void relay_tick(struct nat_net *nn, msec now)
{
	if (nn->relay)
		relay_udp_tick(nn->relay, now, nn->nat->table.set.udp_ms);
}
