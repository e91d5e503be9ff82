/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nat_relay_int.h - the relay's parts among themselves: listeners (nat_relay.c), TCP connections
 * (nat_relay_tcp.c), UDP clients (nat_relay_udp.c).
 */
#ifndef MODES_NAT_RELAY_INT_H
#define MODES_NAT_RELAY_INT_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "modes/nat/nat_forward.h"

struct relay_conn;
struct relay_peer;

struct relay_listener {
	struct relay_listener *next;
	struct nat_net *nn;
	const struct nat_forward *f;
	enum nat_proto proto;
	struct ip_addr addr;
	uint16_t to_port;
	int fd;
	struct ev_io io;
};

struct relay {
	struct relay_listener *listeners;
	struct relay_conn *conns;
	struct relay_peer *peers;
	unsigned int n_conns, n_peers;
};

/* A socket address of either family. */
union relay_addr {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

struct ev_loop *relay_loop(const struct relay_listener *l);
union relay_addr relay_addr(const struct ip_addr *addr, uint16_t port);
socklen_t relay_addr_len(const struct ip_addr *addr);
/* A socket from the host's leg towards the guest; its connection may still be under way. Negative
 * errno. */
int relay_connect(const struct relay_listener *l);

/* Something has come to a listener: ev_io callbacks, w->data is the listener. */
void relay_tcp_cb(struct ev_loop *loop, struct ev_io *w, int revents);
void relay_udp_cb(struct ev_loop *loop, struct ev_io *w, int revents);
/* End all that came by @l. */
void relay_tcp_forget(struct relay *r, const struct relay_listener *l);
void relay_udp_forget(struct relay *r, const struct relay_listener *l);
unsigned int relay_tcp_count(const struct relay *r, const struct nat_forward *f);
unsigned int relay_udp_count(const struct relay *r, const struct nat_forward *f);
/* End who has been quiet for longer than @quiet_ms. */
void relay_udp_tick(struct relay *r, msec now, msec quiet_ms);

#endif
