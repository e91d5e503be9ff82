/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet.h - what the carriers on packet sockets ("tap", "nic") share; port_packet.c.
 */
#ifndef VSWITCHD_PACKET_H
#define VSWITCHD_PACKET_H

#include "vswitchd/switch/port.h"

/* A packet socket with its options set that gets nothing yet. A descriptor or a negative errno. */
int packet_socket(struct err *err);
/* Bind port->fd to port->ifindex: from here on frames come. Sets port->offloads and port->priv. */
int packet_bind(struct port *port, struct err *err);
/* Undo both; also half of it. */
void packet_close(struct port *port);
/* -EBUSY when another port has the interface port->ifname: each would get all frames, and two
 * networks would be joined. */
int packet_check_free(const struct port *port, struct err *err);

/* recv and send of port_ops. */
int packet_recv(struct port *port, struct pkt_batch *b);
void packet_send(struct port *port, struct pkt_batch *b);

#endif
