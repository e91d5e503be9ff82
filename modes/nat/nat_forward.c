/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port forwards: a port of the host's address, outside, that leads to a guest's port.
 *
 * Theory of operation. A forward is a wish; it is bound as a mapping that never ends on each
 * uplink that it names, as soon as the uplink is there and the guest has an address. Until then,
 * and when the uplink goes, it stays as a wish and says why. The network's tick tries again. That
 * the host itself does not use the port is found out by binding it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modes/nat/nat_net.h"
#include "modes/nat/nat_uplink.h"
#include "vswitchd/netdhcp.h"
#include "vswitchd/runner.h"

enum { FORWARDS_MAX = 32, BINDS_MAX = 8 };

struct nat_forward {
	struct nat_forward *next;
	unsigned int id;
	enum nat_proto proto;
	be32 bind_addr; /* 0: every uplink */
	uint16_t bind_port, to_port;
	be32 to;	/* 0: not known yet */
	char guest[64]; /* "" when an address was given */
	char bind_text[32], to_text[80];
	char reason[160]; /* why it is not bound; "" when it is */
	unsigned int n_binds;
	struct {
		struct nat_ext *ext;
		struct nat_mapping *m;
	} binds[BINDS_MAX];
};

/* ---- words ----------------------------------------------------------------------------------- */

static int parse_port(const char *text, uint16_t *out)
{
	char *end;
	long n = *text >= '1' && *text <= '9' ? strtol(text, &end, 10) : 0;

	if (n < 1 || n > 65535 || *end)
		return -EINVAL;
	*out = (uint16_t)n;
	return 0;
}

/* Split "HEAD:PORT" at its last colon; @head is cut to @size. */
static int split_port(const char *text, char *head, size_t size, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (len >= size)
		return -EINVAL;
	memcpy(head, text, len);
	head[len] = 0;
	return parse_port(colon ? colon + 1 : text, port);
}

static int parse_bind(struct nat_forward *f, const char *text, struct err *err)
{
	char addr[IP4_STR];

	if (split_port(text, addr, sizeof(addr), &f->bind_port) < 0 ||
	    (addr[0] && ip4_parse(addr, &f->bind_addr) < 0))
		return err_set(err, -EINVAL, "bind: wants [ADDRESS:]PORT, like 8080");
	snprintf(f->bind_text, sizeof(f->bind_text), "%s", text);
	return 0;
}

static int parse_to(const struct nat_net *nn, struct nat_forward *f, const char *text,
		    struct err *err)
{
	const struct nat_conf *c = &nn->nat->conf;
	char subnet[IP4_PREFIX_STR];

	if (split_port(text, f->guest, sizeof(f->guest), &f->to_port) < 0 || !f->guest[0])
		return err_set(err, -EINVAL, "to: wants GUEST:PORT or ADDRESS:PORT, like web:80");
	snprintf(f->to_text, sizeof(f->to_text), "%s", text);
	if (ip4_parse(f->guest, &f->to) < 0) {
		f->to = 0;
		return name_valid(f->guest) ? 0
					    : err_set(err, -EINVAL, "to: no guest has such a name");
	}
	f->guest[0] = 0;
	if (!ip4_prefix_has(c->subnet, f->to) || f->to == c->gateway || f->to == c->host ||
	    f->to == c->dhcp || f->to == ip4_network(c->subnet) ||
	    f->to == ip4_broadcast(c->subnet))
		return err_set(err, -EINVAL, "to: no guest of \"%s\" can have that address (%s)",
			       nn->net->conf.name, ip4_prefix_format(c->subnet, subnet));
	return 0;
}

static const char *proto_word(enum nat_proto proto)
{
	return proto == NAT_TCP ? "tcp" : "udp";
}

static int parse_proto(struct nat_forward *f, const char *text, struct err *err)
{
	if (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0)
		return err_set(err, -EINVAL, "proto: tcp or udp");
	f->proto = text[0] == 't' ? NAT_TCP : NAT_UDP;
	return 0;
}

/* ---- binding --------------------------------------------------------------------------------- */

/* The address of the first NIC of guest @name on this network (a port's own name will do too). */
static be32 guest_addr(const struct nat_net *nn, const char *name)
{
	for (const struct port *p = nn->net->ports; p; p = p->next) {
		be32 a;

		if (mac_is_zero(&p->mac) ||
		    (strcmp(p->vm, name) != 0 && strcmp(p->name, name) != 0))
			continue;
		a = netdhcp_addr_of(nn->net, &p->mac);
		if (!a)
			a = gateway_addr_of(&nn->gw, &p->mac);
		if (a)
			return a;
	}
	return 0;
}

struct binding {
	struct nat_net *nn;
	struct nat_forward *f;
	int error;
	struct err *err;
};

static bool is_bound(const struct nat_forward *f, const struct nat_ext *ext)
{
	for (unsigned int i = 0; i < f->n_binds; i++) {
		if (f->binds[i].ext == ext)
			return true;
	}
	return false;
}

static int bind_mapping(struct nat_net *nn, struct nat_forward *f, struct nat_ext *ext)
{
	struct nat_key k = {ext, f->proto, f->to, 0, htons(f->to_port), 0};
	struct nat_mapping *m;
	int error = 0;

	m = nat_mapping_add_forward(&nn->nat->table, &k, htons(f->bind_port), nn->net->runner->now,
				    &error);
	if (!m)
		return error;
	f->binds[f->n_binds].ext = ext;
	f->binds[f->n_binds++].m = m;
	return 0;
}

static void bind_one(void *ctx, struct nat_ext *ext, const char *ifname)
{
	struct binding *b = ctx;
	struct nat_forward *f = b->f;
	int rc;

	if (is_bound(f, ext) || f->n_binds == BINDS_MAX)
		return;
	if (ext->usable && !ext->usable(ext->ctx, f->proto, ext->addr, f->bind_port)) {
		b->error = err_set(b->err, -EADDRINUSE,
				   "the host itself uses %s port %u on %s: choose another",
				   proto_word(f->proto), f->bind_port, ifname);
		return;
	}
	rc = uplinks_port_open(b->nn->uplinks, ext, f->bind_port, b->err);
	if (rc == 0) {
		rc = bind_mapping(b->nn, f, ext);
		if (rc < 0)
			uplinks_port_close(b->nn->uplinks, ext, f->bind_port);
		if (rc == -EADDRINUSE)
			err_set(b->err, rc, "%s port %u of %s is forwarded or in use already",
				proto_word(f->proto), f->bind_port, ifname);
		else if (rc == -EEXIST)
			err_set(b->err, rc, "%s is forwarded to already", f->to_text);
		else if (rc < 0)
			err_sys(b->err, rc, "forward of %s port %u", proto_word(f->proto),
				f->bind_port);
	}
	b->error = rc ? rc : b->error;
}

static int forward_bind(struct nat_net *nn, struct nat_forward *f, struct err *err)
{
	struct binding b = {nn, f, 0, err};

	if (!f->to)
		f->to = guest_addr(nn, f->guest);
	if (!f->to) {
		snprintf(f->reason, sizeof(f->reason), "guest \"%s\" has no address yet", f->guest);
		return 0;
	}
	uplinks_open_for(nn->uplinks, f->bind_addr, bind_one, &b);
	if (f->n_binds)
		f->reason[0] = 0;
	else
		snprintf(f->reason, sizeof(f->reason), "%.150s",
			 b.error ? err->text : "no interface of the host has such an address");
	return b.error;
}

static void forward_unbind(struct nat_net *nn, struct nat_forward *f)
{
	while (f->n_binds) {
		struct nat_ext *ext = f->binds[--f->n_binds].ext;

		nat_mapping_del(&nn->nat->table, f->binds[f->n_binds].m, NAT_END_FORWARD, nn->net->runner->now);
		uplinks_port_close(nn->uplinks, ext, f->bind_port);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

static int forward_parse(const struct nat_net *nn, struct nat_forward *f, json_t *params,
			 struct err *err)
{
	const char *proto, *bind, *to;
	int rc;

	if (json_unpack(params, "{s:s, s:s, s:s}", "proto", &proto, "bind", &bind, "to", &to) < 0)
		return err_set(err, -EINVAL, "a forward needs proto, bind and to");
	rc = parse_proto(f, proto, err);
	if (rc == 0)
		rc = parse_bind(f, bind, err);
	return rc ? rc : parse_to(nn, f, to, err);
}

static json_t *forward_json(const struct nat_forward *f)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:b, s:s?}", "id", (json_int_t)f->id, "proto",
			 proto_word(f->proto), "bind", f->bind_text, "to", f->to_text, "active",
			 f->n_binds != 0, "reason", f->reason[0] ? f->reason : NULL);
}

int nat_forward_add(struct nat_net *nn, json_t *params, json_t **result, struct err *err)
{
	struct nat_forward **end = &nn->forwards;
	struct nat_forward *f;
	unsigned int n = 0;
	struct err why = {0};
	int rc;

	for (; *end; end = &(*end)->next)
		n++;
	if (n == FORWARDS_MAX)
		return err_set(err, -ENOSPC, "network \"%s\" has %d port forwards already",
			       nn->net->conf.name, FORWARDS_MAX);
	f = calloc(1, sizeof(*f));
	if (!f)
		return err_sys(err, -ENOMEM, "port forward");
	rc = forward_parse(nn, f, params, err);
	if (rc == 0) {
		rc = forward_bind(nn, f, &why);
		if (rc < 0 && err)
			*err = why;
	}
	if (rc < 0) {
		forward_unbind(nn, f);
		free(f);
		return rc;
	}
	f->id = ++nn->next_forward;
	*end = f;
	*result = forward_json(f);
	return 0;
}

int nat_forward_list(struct nat_net *nn, json_t **result)
{
	json_t *list = json_array();

	for (const struct nat_forward *f = nn->forwards; f; f = f->next)
		json_array_append_new(list, forward_json(f));
	*result = json_pack("{s:o}", "forwards", list);
	return 0;
}

int nat_forward_del(struct nat_net *nn, json_t *params, json_t **result, struct err *err)
{
	json_int_t id = json_integer_value(json_object_get(params, "id"));

	for (struct nat_forward **at = &nn->forwards; *at; at = &(*at)->next) {
		struct nat_forward *f = *at;

		if (f->id != id)
			continue;
		*at = f->next;
		forward_unbind(nn, f);
		free(f);
		*result = json_object();
		return 0;
	}
	return err_set(err, -ENOENT, "network \"%s\" has no port forward %lld", nn->net->conf.name,
		       (long long)id);
}

/* A guest that has come back with another address takes its forwards along. */
static bool has_moved(const struct nat_net *nn, struct nat_forward *f)
{
	be32 now = f->guest[0] ? guest_addr(nn, f->guest) : f->to;

	if (!now || now == f->to)
		return false;
	f->to = now;
	return true;
}

void nat_forward_refresh(struct nat_net *nn)
{
	for (struct nat_forward *f = nn->forwards; f; f = f->next) {
		struct err why = {0};

		if (has_moved(nn, f))
			forward_unbind(nn, f);
		if (!f->n_binds)
			forward_bind(nn, f, &why);
	}
}

void nat_forward_ext_gone(struct nat_net *nn, const struct nat_ext *ext)
{
	for (struct nat_forward *f = nn->forwards; f; f = f->next) {
		for (unsigned int i = 0; i < f->n_binds; i++) {
			if (f->binds[i].ext != ext)
				continue;
			nat_mapping_del(&nn->nat->table, f->binds[i].m, NAT_END_FORWARD, nn->net->runner->now);
			uplinks_port_close(nn->uplinks, f->binds[i].ext, f->bind_port);
			f->binds[i--] = f->binds[--f->n_binds];
		}
		if (!f->n_binds)
			snprintf(f->reason, sizeof(f->reason), "its uplink is gone");
	}
}

void nat_forward_fini(struct nat_net *nn)
{
	while (nn->forwards) {
		struct nat_forward *f = nn->forwards;

		nn->forwards = f->next;
		forward_unbind(nn, f);
		free(f);
	}
}
