/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stp_show.c - what can be set of spanning tree and loop guard, and what is shown of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vswitchd/switch/runner.h"
#include "vswitchd/switch/stp_int.h"

/* A number from @min to @max in steps of @step. */
static int number(const char *value, long min, long max, long step, long *out, struct err *err)
{
	char *end;

	*out = strtol(value, &end, 10);
	if (end == value || *end || *out < min || *out > max || *out % step)
		return step > 1 ? err_set(err, -EINVAL, "wants a multiple of %ld from %ld to %ld",
					  step, min, max)
				: err_set(err, -EINVAL, "wants a number from %ld to %ld", min, max);
	return 0;
}

static struct stp_port *port_state(struct port *port, struct err *err)
{
	struct stp_port *sp = stp_port_of(port);

	if (!sp)
		err_sys(err, -ENOMEM, "port \"%s\"", port->name);
	return sp;
}

/* ---- of a port ------------------------------------------------------------------------------- */

static int cost_set(struct port *port, const char *value, struct err *err)
{
	struct stp_port *sp = port_state(port, err);
	long n;

	if (!sp || number(value, 1, RSTP_COST_MAX, 1, &n, err) < 0)
		return sp ? -EINVAL : -ENOMEM;
	sp->cost = (uint32_t)n;
	stp_configure(port);
	net_flush(port->net);
	return 0;
}

static bool cost_get(const struct port *port, char *text, size_t size)
{
	uint32_t usual = strcmp(port->ops->type, "nic") == 0 ? RSTP_COST_1G : RSTP_COST_10G;
	uint32_t cost = port->stp ? port->stp->cost : usual;

	snprintf(text, size, "%u", cost);
	return cost != usual;
}

static int priority_set(struct port *port, const char *value, struct err *err)
{
	struct stp_port *sp = port_state(port, err);
	long n;

	if (!sp || number(value, 0, 240, 16, &n, err) < 0)
		return sp ? -EINVAL : -ENOMEM;
	sp->priority = (uint8_t)n;
	stp_configure(port);
	net_flush(port->net);
	return 0;
}

static bool priority_get(const struct port *port, char *text, size_t size)
{
	unsigned int priority = port->stp ? port->stp->priority : RSTP_PORT_PRIORITY_DEFAULT;

	snprintf(text, size, "%u", priority);
	return priority != RSTP_PORT_PRIORITY_DEFAULT;
}

static const char *const edge_words[] = {"auto", "on", "off"};

static int edge_set(struct port *port, const char *value, struct err *err)
{
	struct stp_port *sp = port_state(port, err);

	if (!sp)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(edge_words); i++)
		if (!strcmp(value, edge_words[i])) {
			sp->edge = (enum stp_edge)i;
			stp_configure(port);
			net_flush(port->net);
			return 0;
		}
	return err_set(err, -EINVAL, "wants auto, on or off");
}

static bool edge_get(const struct port *port, char *text, size_t size)
{
	enum stp_edge edge = port->stp ? port->stp->edge : STP_EDGE_AUTO;

	snprintf(text, size, "%s", edge_words[edge]);
	return edge != STP_EDGE_AUTO;
}

static bool guarded_usually(const struct port *port)
{
	return !stp_is_local(port) && strcmp(port->ops->type, "dummy") != 0;
}

static int loop_guard_set(struct port *port, const char *value, struct err *err)
{
	struct stp_port *sp = port_state(port, err);
	bool on;

	if (!sp)
		return -ENOMEM;
	if (setting_bool(value, &on, err) < 0)
		return -EINVAL;
	if (on == sp->guarded)
		return 0;
	sp->guarded = on;
	if (on && port->net->stp && !port->net->stp->on)
		stp_loop_arm(port);
	else
		stp_loop_clear(port);
	return 0;
}

static bool loop_guard_get(const struct port *port, char *text, size_t size)
{
	bool on = port->stp ? port->stp->guarded : guarded_usually(port);

	snprintf(text, size, "%s", on ? "on" : "off");
	return on != guarded_usually(port);
}

const struct port_setting stp_port_settings[] = {
	{"stp-cost", "1 to 200000000", cost_set, cost_get},
	{"stp-port-priority", "a multiple of 16 from 0 to 240", priority_set, priority_get},
	{"edge", "auto, on or off", edge_set, edge_get},
	{"loop-guard", "on or off", loop_guard_set, loop_guard_get},
	{0},
};

/* ---- of a network ---------------------------------------------------------------------------- */

static int stp_set(struct net *net, const char *value, struct err *err)
{
	bool on;

	return setting_bool(value, &on, err) < 0 ? -EINVAL : stp_switch(net, on, err);
}

static bool stp_get(const struct net *net, char *text, size_t size)
{
	bool on = net->stp && net->stp->on;

	snprintf(text, size, "%s", on ? "on" : "off");
	return on;
}

static int bridge_priority_set(struct net *net, const char *value, struct err *err)
{
	struct stp *s = stp_of(net);
	long n;

	if (!s)
		return err_sys(err, -ENOMEM, "network \"%s\"", net->conf.name);
	if (number(value, 0, 61440, 4096, &n, err) < 0)
		return -EINVAL;
	if (n == s->priority)
		return 0;
	s->priority = (uint16_t)n;
	rstp_bridge_config(&s->bridge, s->priority);
	net_flush(net);
	return 0;
}

static bool bridge_priority_get(const struct net *net, char *text, size_t size)
{
	unsigned int priority = net->stp ? net->stp->priority : RSTP_PRIORITY_DEFAULT;

	snprintf(text, size, "%u", priority);
	return priority != RSTP_PRIORITY_DEFAULT;
}

const struct net_setting stp_net_settings[] = {
	{"stp", "on or off", stp_set, stp_get},
	{"stp-priority", "a multiple of 4096 from 0 to 61440", bridge_priority_set,
	 bridge_priority_get},
	{0},
};

/* ---- JSON ------------------------------------------------------------------------------------ */

/* "32768.52:54:00:01:02:03", as switches write a bridge's identifier. */
static json_t *id_json(uint64_t id)
{
	struct mac mac;
	char text[MAC_STR];

	for (int i = 0; i < ETH_ALEN_; i++)
		mac.b[i] = (uint8_t)(id >> (40 - 8 * i));
	return json_sprintf("%u.%s", (unsigned int)(id >> 48), mac_format(&mac, text));
}

static json_t *rstp_port_json(const struct port *port)
{
	const struct rstp_port *p = &port->stp->rstp;

	return json_pack("{s:s, s:i, s:i, s:I, s:s, s:s, s:o, s:i, s:b, s:b, s:s, s:I, s:I, s:I}",
			 "port", port->name, "number", p->number, "priority", p->priority, "cost",
			 (json_int_t)p->cost, "role", rstp_role_word(p->role), "state",
			 rstp_state_word(rstp_port_state(p)), "designated_bridge",
			 p->role == RSTP_DISABLED ? json_null() : id_json(p->port_priority.bridge),
			 "designated_port", p->port_priority.port & 0xfff, "edge", p->oper_edge,
			 "point_to_point", p->point_to_point, "protocol",
			 p->send_rstp ? "rstp" : "stp", "bpdus_in", (json_int_t)p->bpdus_in,
			 "bpdus_out", (json_int_t)p->bpdus_out, "bad_bpdus",
			 (json_int_t)p->bad_bpdus);
}

static json_t *guard_port_json(const struct port *port, msec now)
{
	const struct stp_port *sp = port->stp;
	bool looped = sp && sp->looped;

	return json_pack("{s:s, s:b, s:b, s:s?, s:o}", "port", port->name, "loop_guard",
			 sp && sp->guarded, "blocked", looped, "loop_with",
			 looped ? sp->loop_with : NULL, "retry_s",
			 looped && sp->retry_at > now
				 ? json_integer((json_int_t)((sp->retry_at - now) / 1000))
				 : json_null());
}

json_t *stp_json(struct net *net)
{
	const struct stp *s = net->stp;
	bool on = s && s->on;
	json_t *ports = json_array(), *all;

	for (const struct port *port = net->ports; port; port = port->next)
		if (!on)
			json_array_append_new(ports, guard_port_json(port, net->runner->now));
		else if (port->stp && port->stp->joined)
			json_array_append_new(ports, rstp_port_json(port));
	all = json_pack("{s:s, s:b, s:o}", "net", net->conf.name, "stp", on, "ports", ports);
	if (!on)
		return all;
	json_object_set_new(all, "root", id_json(s->bridge.root_priority.root));
	json_object_set_new(all, "root_cost", json_integer(s->bridge.root_priority.cost));
	json_object_set_new(all, "root_port",
			    s->bridge.root_port
				    ? json_string(((struct port *)s->bridge.root_port->owner)->name)
				    : json_null());
	json_object_set_new(all, "bridge", id_json(rstp_bridge_id(&s->bridge)));
	json_object_set_new(all, "hello_s", json_integer(s->bridge.root_times.hello));
	json_object_set_new(all, "max_age_s", json_integer(s->bridge.root_times.max_age));
	json_object_set_new(all, "forward_delay_s", json_integer(s->bridge.root_times.fwd_delay));
	json_object_set_new(all, "topology_changes",
			    json_integer((json_int_t)s->bridge.topology_changes));
	return all;
}
