/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/station.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "vswitchd/nettftp.h"

struct part {
	port_local_fn *input; /* NULL: has not joined */
	void *ctx;
};

struct station {
	struct net *net;
	struct port *port;
	struct part parts[STATION_PARTS];
};

static void input(void *ctx, struct pkt *p)
{
	const struct station *s = ctx;
	const struct eth_hdr *eth = pkt_at(p, 0, sizeof(*eth));
	bool six = eth && eth->type == htons(ETHERTYPE_IP6);
	const struct part *part = &s->parts[six ? STATION_IP6 : STATION_IP4];

	if (s->net->service && s->net->service(s->net, s->port, p))
		return;
	if (nettftp_take(s->net, p))
		return;
	if (part->input)
		part->input(part->ctx, p);
	else
		pkt_put(p);
}

static int station_open(struct net *net, struct err *err)
{
	struct station *s = calloc(1, sizeof(*s));
	char name[PORT_NAME_MAX + 1];
	struct mac mac;

	if (!s)
		return err_sys(err, -ENOMEM, "network \"%s\"", net->conf.name);
	s->net = net;
	snprintf(name, sizeof(name), "%s.dhcp", net->conf.name);
	mac = mac_from_name(name);
	s->port = port_local_add(net, name, &mac, input, s, err);
	if (!s->port) {
		free(s);
		return err && err->code ? err->code : -EIO;
	}
	net->station = s;
	return 0;
}

int station_join(struct net *net, enum station_part part, port_local_fn *fn, void *ctx,
		 struct port **port, struct err *err)
{
	int rc = net->station ? 0 : station_open(net, err);

	if (rc)
		return rc;
	net->station->parts[part] = (struct part){fn, ctx};
	*port = net->station->port;
	return 0;
}

struct port *station_port(const struct net *net)
{
	return net->station->port;
}

void station_leave(struct net *net, enum station_part part)
{
	struct station *s = net->station;

	if (!s)
		return;
	s->parts[part] = (struct part){NULL, NULL};
	for (unsigned int i = 0; i < STATION_PARTS; i++) {
		if (s->parts[i].input)
			return;
	}
	nettftp_stop(net);
	port_del(s->port, true);
	free(s);
	net->station = NULL;
}
