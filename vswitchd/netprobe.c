/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/netprobe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/port.h"
#include "vswitchd/switch/runner.h"

enum { NTH = 3 /* its address when none is said: .3 of a /24, behind leg and gateway */ };

struct netprobe {
	struct net *net;
	struct port *port;
	struct due due;
	netprobe_done_fn *done;
	struct probe probe;
};

/* ---- what the probe asks for ----------------------------------------------------------------- */

static void op_send(void *ctx, const uint8_t *frame, size_t len)
{
	const struct netprobe *np = ctx;
	struct pkt *p = pkt_from(np->net->runner->pool, frame, len);

	if (p)
		port_local_inject(np->port, p);
	else
		port_drop(np->port, DROP_NO_BUFFER, NULL);
}

static void op_random(void *ctx, void *buf, size_t len)
{
	(void)ctx;
	random_bytes(buf, len);
}

static void op_done(void *ctx, void *who, const struct probe_answer *a)
{
	const struct netprobe *np = ctx;

	np->done(who, a);
}

static void init_probe(struct netprobe *np, const struct probe_conf *conf)
{
	const struct probe_env env = {np, op_send, op_random, op_done};

	probe_init(&np->probe, conf, &env);
}

/* ---- frames and time ------------------------------------------------------------------------- */

static void wait_more(struct netprobe *np)
{
	struct runner *r = np->net->runner;
	msec next = probe_tick(&np->probe, r->now);

	if (next)
		runner_due(r, &np->due, next * 1000);
}

static void due_cb(struct due *d)
{
	struct netprobe *np = (void *)((char *)d - offsetof(struct netprobe, due));

	wait_more(np);
	net_flush(np->net);
}

static void input(void *ctx, struct pkt *p)
{
	struct netprobe *np = ctx;
	enum drop_reason why = probe_input(&np->probe, p->data, p->len, np->net->runner->now);

	if (why)
		port_drop(np->port, why, p);
	else
		pkt_put(p);
}

int netprobe_ask(struct net *net, const struct probe_question *q, netprobe_done_fn *done,
		 struct err *err)
{
	struct netprobe *np = net->probe;
	int rc;

	if (!np)
		return err_set(
			err, -ENOENT,
			"network \"%s\" has no probe: `vnetctl net set %s probe=%s` makes one",
			net->conf.name, net->conf.name, net->conf.subnet.plen ? "on" : "ADDR/PLEN");
	np->done = done;
	rc = probe_ask(&np->probe, q, net->runner->now, err);
	if (!rc)
		wait_more(np);
	return rc;
}

/* ---- its life -------------------------------------------------------------------------------- */

void netprobe_stop(struct net *net)
{
	struct netprobe *np = net->probe;

	if (!np)
		return;
	net->probe = NULL;
	probe_fini(&np->probe);
	due_stop(&net->runner->due, &np->due);
	due_release(&net->runner->due, 1);
	port_del(np->port, true);
	free(np);
}

static int start(struct net *net, struct probe_conf *conf, struct err *err)
{
	struct netprobe *np = calloc(1, sizeof(*np));
	char name[PORT_NAME_MAX + 1];

	if (!np || due_reserve(&net->runner->due, 1)) {
		free(np);
		return err_set(err, -ENOMEM, "there is no memory for it");
	}
	np->net = net;
	np->due.fire = due_cb;
	snprintf(name, sizeof(name), "%s.probe", net->conf.name);
	conf->mac = mac_from_name(name);
	np->port = port_local_add(net, name, &conf->mac, input, np, err);
	if (!np->port) {
		due_release(&net->runner->due, 1);
		free(np);
		return err && err->code ? err->code : -EIO;
	}
	np->port->offloads = 0; /* whole frames with their checksums */
	init_probe(np, conf);
	net->probe = np;
	return 0;
}

/* ---- the setting ----------------------------------------------------------------------------- */

/* Is @addr the network's own, or one that its server may give to a guest? */
static int check_free(const struct net *net, be32 addr, struct err *err)
{
	const char *why = net->claims ? net->claims(net, addr) : NULL;
	const struct net_conf *c = &net->conf;
	unsigned int port_id;
	char text[MAC_STR];
	struct mac mac;

	if (addr == c->gateway || addr == c->host || addr == c->dhcp_server)
		return err_set(err, -EADDRINUSE, "the address is the network's own");
	if (why)
		return err_set(err, -EADDRINUSE, "%s", why);
	if (net->leased && net->leased(net, addr, &mac, &port_id))
		return err_set(err, -EADDRINUSE, "the address is leased to %s",
			       mac_format(&mac, text));
	return 0;
}

static int usual(const struct net *net, struct ip4_prefix *out, struct err *err)
{
	struct ip4_prefix s = net->conf.subnet;

	if (!s.plen || s.plen > 28)
		return err_set(err, -EINVAL, "this network has no %s: say probe=ADDR/PLEN",
			       s.plen ? "room for it to choose an address" : "subnet");
	*out = (struct ip4_prefix){ip4_nth(s, NTH), s.plen};
	return 0;
}

static int parse(const struct net *net, const char *value, struct probe_conf *conf, struct err *err)
{
	const char *comma = strchr(value, ',');
	char text[IP4_PREFIX_STR];

	if (!strcmp(value, "on"))
		return usual(net, &conf->addr, err);
	snprintf(text, sizeof(text), "%.*s", (int)(comma ? comma - value : 64), value);
	if (!strchr(text, '/') || ip4_prefix_parse(text, &conf->addr) || conf->addr.plen < 8 ||
	    conf->addr.plen > 30 || conf->addr.addr == ip4_network(conf->addr) ||
	    conf->addr.addr == ip4_broadcast(conf->addr))
		return err_set(err, -EINVAL, "wants off, on, ADDR/PLEN or ADDR/PLEN,ROUTER");
	if (comma && (ip4_parse(comma + 1, &conf->router) ||
		      !ip4_prefix_has(conf->addr, conf->router) || conf->router == conf->addr.addr))
		return err_set(err, -EINVAL, "the router is another address of the probe's subnet");
	return 0;
}

static int set(struct net *net, const char *value, struct err *err)
{
	struct probe_conf conf = {.name = net->conf.name};
	int rc;

	if (!strcmp(value, "off")) {
		netprobe_stop(net);
		return 0;
	}
	rc = parse(net, value, &conf, err);
	if (!rc)
		rc = check_free(net, conf.addr.addr, err);
	if (rc)
		return rc;
	if (!net->probe)
		return start(net, &conf, err);
	conf.mac = net->probe->port->mac;
	probe_fini(&net->probe->probe);
	init_probe(net->probe, &conf);
	return 0;
}

static bool get(const struct net *net, char *text, size_t size)
{
	const struct probe_conf *c = net->probe ? &net->probe->probe.conf : NULL;
	char addr[IP4_PREFIX_STR], router[IP4_STR];

	if (!c)
		snprintf(text, size, "off");
	else
		snprintf(text, size, "%s%s%s", ip4_prefix_format(c->addr, addr),
			 c->router ? "," : "", c->router ? ip4_format(c->router, router) : "");
	return c;
}

const struct net_setting netprobe_settings[] = {
	{"probe", "off, on, ADDR/PLEN or ADDR/PLEN,ROUTER", set, get},
	{0},
};
