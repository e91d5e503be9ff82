/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of port forwards: "tcp", "[ADDR:]PORT[-PORT]", "GUEST:PORT".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modes/nat/nat_forward.h"
#include "vswitchd/netdhcp.h"

/* The number at the start of @text; *@end is what follows. 0 when it is no port. */
static uint16_t parse_port(const char *text, const char **end)
{
	char *stop = (char *)text;
	long n = *text >= '1' && *text <= '9' ? strtol(text, &stop, 10) : 0;

	*end = stop;
	return n >= 1 && n <= 65535 ? (uint16_t)n : 0;
}

/* "PORT" or "PORT-PORT". */
static int parse_range(const char *text, uint16_t *first, uint16_t *last)
{
	const char *end;

	*first = *last = parse_port(text, &end);
	if (*first && *end == '-')
		*last = parse_port(end + 1, &end);
	return *first && *last >= *first && !*end ? 0 : -EINVAL;
}

/* Split "HEAD:TAIL" at its last colon into @head of @size; what follows, all of it when there is no
 * colon. NULL: @head is too short. */
static const char *split(const char *text, char *head, size_t size)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (len >= size)
		return NULL;
	memcpy(head, text, len);
	head[len] = 0;
	return colon ? colon + 1 : text;
}

static int parse_bind(struct nat_forward *f, const char *text, struct err *err)
{
	char addr[IP4_STR];
	const char *ports = split(text, addr, sizeof(addr));

	if (!ports || parse_range(ports, &f->first, &f->last) < 0 ||
	    (addr[0] && ip4_parse(addr, &f->bind_addr) < 0))
		return err_set(err, -EINVAL,
			       "bind: wants [ADDRESS:]PORT or [ADDRESS:]FIRST-LAST, like 8080 or "
			       "8000-8010");
	if (f->last - f->first >= FORWARD_PORTS)
		return err_set(err, -EINVAL, "bind: a forward has at most %d ports", FORWARD_PORTS);
	snprintf(f->bind_text, sizeof(f->bind_text), "%s", text);
	return 0;
}

static bool is_guest_address(const struct nat_conf *c, be32 a)
{
	return ip4_prefix_has(c->subnet, a) && a != c->gateway && a != c->host && a != c->dhcp &&
	       a != ip4_network(c->subnet) && a != ip4_broadcast(c->subnet);
}

static int parse_to(const struct nat_net *nn, struct nat_forward *f, const char *text,
		    struct err *err)
{
	const char *port = split(text, f->guest, sizeof(f->guest)), *end = "";
	char subnet[IP4_PREFIX_STR];

	f->to_first = port ? parse_port(port, &end) : 0;
	if (!f->to_first || *end || !f->guest[0])
		return err_set(err, -EINVAL, "to: wants GUEST:PORT or ADDRESS:PORT, like web:80");
	if (f->to_first + (f->last - f->first) > 65535)
		return err_set(err, -EINVAL, "to: %u ports from %u on are too many",
			       f->last - f->first + 1u, f->to_first);
	snprintf(f->to_text, sizeof(f->to_text), "%s", text);
	if (ip4_parse(f->guest, &f->to) < 0) {
		f->to = 0;
		return name_valid_max(f->guest, PORT_NAME_MAX)
			       ? 0
			       : err_set(err, -EINVAL, "to: no guest has such a name");
	}
	f->guest[0] = 0;
	if (!is_guest_address(&nn->nat->conf, f->to))
		return err_set(err, -EINVAL, "to: no guest of \"%s\" can have that address (%s)",
			       nn->net->conf.name, ip4_prefix_format(nn->nat->conf.subnet, subnet));
	return 0;
}

static const char *const words[] = {NULL, "tcp", "udp", "both"};

const char *forward_proto_word(unsigned int protos)
{
	return words[protos];
}

static int parse_proto(struct nat_forward *f, const char *text, struct err *err)
{
	for (unsigned int i = 1; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i], text) == 0)
			f->protos = i;
	return f->protos ? 0 : err_set(err, -EINVAL, "proto: tcp, udp or both");
}

int forward_parse(const struct nat_net *nn, struct nat_forward *f, json_t *params, struct err *err)
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

json_t *forward_json(const struct nat_net *nn, const struct nat_forward *f)
{
	char to[IP4_STR];

	return json_pack("{s:I, s:s, s:s, s:s, s:b, s:s?, s:s?, s:i, s:i}", "id", (json_int_t)f->id,
			 "proto", forward_proto_word(f->protos), "bind", f->bind_text, "to",
			 f->to_text, "active", f->n_binds || f->listening, "reason",
			 f->reason[0] ? f->reason : NULL, "to_address",
			 f->to ? ip4_format(f->to, to) : NULL, "flows",
			 (int)nat_forward_flows(nn, f), "from_host", (int)relay_count(nn, f));
}

be32 forward_guest_addr(const struct nat_net *nn, const char *name)
{
	for (const struct port *p = nn->net->ports; p; p = p->next) {
		be32 a;

		if (mac_is_zero(&p->mac) ||
		    (strcmp(p->vm, name) != 0 && strcmp(p->name, name) != 0 &&
		     strcmp(p->netns, name) != 0))
			continue;
		a = netdhcp_addr_of(nn->net, &p->mac);
		if (!a)
			a = gateway_addr_of(&nn->gw, &p->mac);
		if (a)
			return a;
	}
	return 0;
}
