/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port forwards: ports of the host's address, outside, that lead to a guest's.
 *
 * Theory of operation. A forward is a wish; it is bound on each uplink that it names, as soon as
 * the uplink is there and the guest has an address. Until then, and when the uplink goes, it stays
 * as a wish and says why. The network's tick tries again. Bound means three things: a socket that
 * listens at the address, which takes the port from the host's other programs and serves the
 * host's own connections, that never pass the uplink (nat_relay.c); a mapping that never ends for
 * each port and protocol; and the port let through the uplink's filter and kept from the host's
 * stack there, where it would reach that socket. A forward of an address of 127/8, or of ::1, is
 * the socket alone.
 *
 * A forward is of one family, that of the address it is bound to. The table of IPv6 knows guests by
 * names (nat6.h), so one that has not been heard of yet is asked for, and stays named while bound.
 *
 * To unbind one ends the flows of its own mappings and nobody else's.
 */
#include "modes/nat/nat_forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modes/nat/nat_uplink.h"
#include "vswitchd/switch/runner.h"

/* ---- mappings -------------------------------------------------------------------------------- */

static struct nat_table *table_of(const struct nat_net *nn, const struct nat_forward *f)
{
	return forward_is6(f) ? &nn->six->table : &nn->nat->table;
}

/* What is at the @i-th port of @f, if it is ours. */
static struct nat_mapping *mapping_of(const struct nat_net *nn, const struct nat_forward *f,
				      const struct nat_ext *ext, enum nat_proto proto,
				      unsigned int i)
{
	struct nat *owner;
	struct nat_mapping *m = nat_ext_find(ext, proto, htons((uint16_t)(f->first + i)), &owner);

	return m && m->forward && owner == nn->nat && m->addr == f->name &&
			       m->port == htons((uint16_t)(f->to_first + i))
		       ? m
		       : NULL;
}

/* For each protocol and port of @f at @ext; stops when @fn fails, with what it gave. */
static int each_port(struct nat_net *nn, const struct nat_forward *f, struct nat_ext *ext,
		     int (*fn)(struct nat_net *nn, const struct nat_forward *f, struct nat_ext *ext,
			       enum nat_proto proto, unsigned int i))
{
	for (enum nat_proto proto = NAT_TCP; proto <= NAT_UDP; proto++) {
		if (!(f->protos & 1u << proto))
			continue;
		for (unsigned int i = 0; i <= (unsigned int)(f->last - f->first); i++) {
			int rc = fn(nn, f, ext, proto, i);

			if (rc)
				return rc;
		}
	}
	return 0;
}

static int map_port(struct nat_net *nn, const struct nat_forward *f, struct nat_ext *ext,
		    enum nat_proto proto, unsigned int i)
{
	struct nat_key k = {ext, proto, f->name, 0, htons((uint16_t)(f->to_first + i)), 0};
	int error = 0;

	nat_mapping_add_forward(table_of(nn, f), &k, htons((uint16_t)(f->first + i)),
				nn->net->runner->now, &error);
	return error;
}

static int unmap_port(struct nat_net *nn, const struct nat_forward *f, struct nat_ext *ext,
		      enum nat_proto proto, unsigned int i)
{
	struct nat_mapping *m = mapping_of(nn, f, ext, proto, i);

	if (m)
		nat_mapping_del(table_of(nn, f), m, NAT_END_FORWARD, nn->net->runner->now);
	return 0;
}

unsigned int nat_forward_flows(const struct nat_net *nn, const struct nat_forward *f)
{
	unsigned int n = 0;

	for (unsigned int b = 0; b < f->n_binds; b++)
		for (enum nat_proto proto = NAT_TCP; proto <= NAT_UDP; proto++)
			for (unsigned int i = 0; i <= (unsigned int)(f->last - f->first); i++) {
				const struct nat_mapping *m =
					mapping_of(nn, f, f->binds[b], proto, i);

				n += m ? m->n_sessions : 0;
			}
	return n;
}

/* ---- binding --------------------------------------------------------------------------------- */

struct binding {
	struct nat_net *nn;
	struct nat_forward *f;
	int error;
	struct err *err;
};

static bool is_bound(const struct nat_forward *f, const struct nat_ext *ext)
{
	for (unsigned int i = 0; i < f->n_binds; i++)
		if (f->binds[i] == ext)
			return true;
	return false;
}

/* Ports of @f that another forward of this network has, told by name: its flows are not to be
 * touched. */
static int check_taken(const struct nat_net *nn, const struct nat_forward *f, struct err *err)
{
	for (const struct nat_forward *o = nn->forwards; o; o = o->next) {
		bool same_addr = ip_addr_is_zero(&o->bind) || ip_addr_is_zero(&f->bind) ||
				 ip_addr_equal(&o->bind, &f->bind);

		if (o == f || forward_is6(o) != forward_is6(f) || !(o->protos & f->protos) ||
		    !same_addr || o->last < f->first || f->last < o->first ||
		    forward_is_local(o) != forward_is_local(f))
			continue;
		return err_set(err, -EADDRINUSE,
			       "%s port %s is forwarded to %s already, by forward %u",
			       forward_proto_word(o->protos), o->bind_text, o->to_text, o->id);
	}
	return 0;
}

static void unmap(struct nat_net *nn, const struct nat_forward *f, struct nat_ext *ext)
{
	each_port(nn, f, ext, unmap_port);
}

static int bind_mappings(struct nat_net *nn, struct nat_forward *f, struct nat_ext *ext,
			 const char *ifname, struct err *err)
{
	int rc = each_port(nn, f, ext, map_port);

	if (rc == -EADDRINUSE)
		err_set(err, rc, "%s port %s of %s is forwarded or in use already",
			forward_proto_word(f->protos), f->bind_text, ifname);
	else if (rc < 0)
		err_sys(err, rc, "forward of %s port %s", forward_proto_word(f->protos),
			f->bind_text);
	if (rc == 0)
		rc = uplinks_ports_open(ext, f->protos, f->first, f->last, err);
	if (rc < 0)
		unmap(nn, f, ext);
	return rc;
}

static void bind_one(void *ctx, struct nat_ext *ext, const char *ifname)
{
	struct binding *b = ctx;
	struct nat_forward *f = b->f;
	struct ip_addr addr = nat_ext_addr(ext);
	int rc;

	if (is_bound(f, ext) || f->n_binds == FORWARD_BINDS)
		return;
	rc = relay_listen(b->nn, f, &addr, b->err);
	if (rc == 0) {
		rc = bind_mappings(b->nn, f, ext, ifname, b->err);
		if (rc < 0)
			relay_forget(b->nn, f, &addr);
		else
			f->binds[f->n_binds++] = ext;
	}
	b->error = rc ? rc : b->error;
}

static int bind_local(struct nat_net *nn, struct nat_forward *f, struct err *err)
{
	int rc = f->listening ? 0 : relay_listen(nn, f, &f->bind, err);

	f->listening = rc == 0;
	snprintf(f->reason, sizeof(f->reason), "%.190s", rc ? err->text : "");
	return rc;
}

/* Whom it leads to, by the name that the table knows. False when nobody has been heard of there. */
static bool name_target(struct nat_net *nn, struct nat_forward *f)
{
	struct nat6_neigh *e;

	if (!forward_is6(f)) {
		f->name = ip_addr_get4(&f->to);
		return true;
	}
	e = nat6_neigh_find(nn->six, &f->to);
	if (!e)
		return false;
	f->name = nat6_neigh_name(nn->six, e);
	e->refs++;
	return true;
}

static void unname_target(struct nat_net *nn, struct nat_forward *f)
{
	if (f->name && forward_is6(f))
		nat6_neigh_of(nn->six, f->name)->refs--;
	f->name = 0;
}

static int bind_uplinks(struct nat_net *nn, struct nat_forward *f, struct err *err)
{
	struct binding b = {nn, f, 0, err};
	char text[IP_ADDR_STR];

	if (!name_target(nn, f)) {
		forward_ask(nn, f);
		snprintf(f->reason, sizeof(f->reason), "nobody has been heard of at %s yet",
			 ip_addr_format(&f->to, text));
		return 0;
	}
	uplinks_open_for(nn->uplinks, &f->bind, bind_one, &b);
	if (f->n_binds) {
		f->reason[0] = 0;
		return b.error;
	}
	unname_target(nn, f);
	snprintf(f->reason, sizeof(f->reason), "%.190s",
		 b.error ? err->text : "no interface of the host has such an address");
	return b.error;
}

static int forward_bind(struct nat_net *nn, struct nat_forward *f, struct err *err)
{
	if (forward_is6(f) && !nn->six)
		return err_set(err, -EAFNOSUPPORT, "network \"%s\" has no IPv6",
			       nn->net->conf.name);
	if (ip_addr_is_zero(&f->to))
		f->to = forward_guest_addr(nn, f);
	if (ip_addr_is_zero(&f->to)) {
		forward_ask(nn, f);
		snprintf(f->reason, sizeof(f->reason), "guest \"%s\" has no address yet", f->guest);
		return 0;
	}
	return forward_is_local(f) ? bind_local(nn, f, err) : bind_uplinks(nn, f, err);
}

static void unbind_one(struct nat_net *nn, struct nat_forward *f, unsigned int i)
{
	struct nat_ext *ext = f->binds[i];
	struct ip_addr addr = nat_ext_addr(ext);

	f->binds[i] = f->binds[--f->n_binds];
	relay_forget(nn, f, &addr);
	unmap(nn, f, ext);
	uplinks_ports_close(ext, f->protos, f->first, f->last);
	if (!f->n_binds)
		unname_target(nn, f);
}

static void forward_unbind(struct nat_net *nn, struct nat_forward *f)
{
	while (f->n_binds)
		unbind_one(nn, f, f->n_binds - 1);
	relay_forget(nn, f, NULL);
	f->listening = false;
}

/* ---- life ------------------------------------------------------------------------------------ */

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
	if (rc == 0)
		rc = check_taken(nn, f, err);
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
	*result = forward_json(nn, f);
	return 0;
}

int nat_forward_list(struct nat_net *nn, json_t **result)
{
	json_t *list = json_array();

	for (const struct nat_forward *f = nn->forwards; f; f = f->next)
		json_array_append_new(list, forward_json(nn, f));
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
static void follow_guest(struct nat_net *nn, struct nat_forward *f)
{
	struct ip_addr now = f->guest[0] ? forward_guest_addr(nn, f) : f->to;

	if (ip_addr_is_zero(&now) || ip_addr_equal(&now, &f->to))
		return;
	forward_unbind(nn, f);
	f->to = now;
}

void nat_forward_refresh(struct nat_net *nn)
{
	for (struct nat_forward *f = nn->forwards; f; f = f->next) {
		struct err why = {0};

		follow_guest(nn, f);
		if (!f->n_binds && !f->listening)
			forward_bind(nn, f, &why);
	}
	relay_tick(nn, nn->net->runner->now);
}

void nat_forward_ext_gone(struct nat_net *nn, const struct nat_ext *ext)
{
	for (struct nat_forward *f = nn->forwards; f; f = f->next) {
		for (unsigned int i = 0; i < f->n_binds; i++)
			if (f->binds[i] == ext)
				unbind_one(nn, f, i--);
		if (!f->n_binds && !forward_is_local(f))
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
