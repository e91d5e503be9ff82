/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * station.h - the machine that a network's services are on: one local port "NET.dhcp", one MAC.
 *
 * What serves IPv4 (netdhcp.c) and what serves IPv6 (netsix.c) are two parts of one station, as a
 * server in a class room is one machine with both families. The port is made by the first part
 * that joins and goes with the last.
 */
#ifndef VSWITCHD_STATION_H
#define VSWITCHD_STATION_H

#include "lib/err.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/switch/port.h"

struct station;

enum station_part { STATION_IP4, STATION_IP6, STATION_PARTS };

/* Let @input have the frames for @part: IPv6 those with its EtherType, IPv4 all others. It takes
 * them. Sets *@port, which the station owns. On failure the part has not joined. */
int station_join(struct net *net, enum station_part part, port_local_fn *input, void *ctx,
		 struct port **port, struct err *err);
/* The port, of a network that has a station. */
struct port *station_port(const struct net *net);
/* Nothing happens when @part has not joined. */
void station_leave(struct net *net, enum station_part part);

#endif
