/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of port forwards: "tcp", "ADDR:PORT-PORT", "GUEST:PORT"; "[ADDR]:PORT" for IPv6.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modes/nat/nat_forward.h"

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
 * colon. An IPv6 address as the head is in brackets (RFC 3986 3.2.2), which are taken off; *@six
 * tells. NULL: @head is too short, or the brackets don't fit. */
static const char *split(const char *text, char *head, size_t size, bool *six)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	*six = text[0] == '[';
	if (*six && (len < 2 || text[len - 1] != ']'))
		return NULL;
	if (*six) {
		text++;
		len -= 2;
	}
	if (len >= size)
		return NULL;
	memcpy(head, text, len);
	head[len] = 0;
	return colon ? colon + 1 : text;
}

static int parse_addr(const char *text, bool six, struct ip_addr *out)
{
	struct ip_net net;

	if (strchr(text, '/') || ip_net_parse(text, &net) < 0 || ip_addr_is4(&net.addr) == six)
		return -EINVAL;
	*out = net.addr;
	return 0;
}

static int parse_bind(struct nat_forward *f, const char *text, struct err *err)
{
	char addr[IP_ADDR_STR];
	bool six;
	const char *ports = split(text, addr, sizeof(addr), &six);

	f->bind = ip_addr_from4(0);
	if (!ports || parse_range(ports, &f->first, &f->last) < 0 ||
	    ((addr[0] || six) && parse_addr(addr, six, &f->bind) < 0))
		return err_set(err, -EINVAL,
			       "bind: wants [ADDRESS:]PORT or [ADDRESS:]FIRST-LAST, like 8080, "
			       "192.0.2.1:8000-8010 or, for IPv6, [2001:db8::1]:8080 or [::]:8080");
	if (f->last - f->first >= FORWARD_PORTS)
		return err_set(err, -EINVAL, "bind: a forward has at most %d ports", FORWARD_PORTS);
	snprintf(f->bind_text, sizeof(f->bind_text), "%s", text);
	return 0;
}

static bool is_guest_address(const struct nat_net *nn, const struct ip_addr *addr)
{
	const struct nat_conf *c = &nn->nat->conf;
	be32 a = ip_addr_get4(addr);

	if (!ip_addr_is4(addr))
		return nn->six && nat6_is_inside(nn->six, addr) && !nat6_is_own(nn->six, addr);
	return ip4_prefix_has(c->subnet, a) && a != c->gateway && a != c->host && a != c->dhcp &&
	       a != ip4_network(c->subnet) && a != ip4_broadcast(c->subnet);
}

/* An address, of the family that the forward is bound by; ports that are bound to no address are
 * those of the target's family. */
static int parse_target(const struct nat_net *nn, struct nat_forward *f, bool six, struct err *err)
{
	bool any = ip_addr_is_zero(&f->bind);

	if (any && six)
		f->bind = (struct ip_addr){{0}};
	if (six != forward_is6(f))
		return err_set(err, -EINVAL, "to: an IPv%c port can't lead to an IPv%c address",
			       forward_is6(f) ? '6' : '4', six ? '6' : '4');
	f->guest[0] = 0;
	if (!is_guest_address(nn, &f->to))
		return err_set(err, -EINVAL, "to: no guest of \"%s\" can have that address",
			       nn->net->conf.name);
	return 0;
}

static int parse_to(const struct nat_net *nn, struct nat_forward *f, const char *text,
		    struct err *err)
{
	bool six;
	const char *port = split(text, f->guest, sizeof(f->guest), &six), *end = "";

	f->to_first = port ? parse_port(port, &end) : 0;
	if (!f->to_first || *end || !f->guest[0])
		return err_set(err, -EINVAL,
			       "to: wants GUEST:PORT or ADDRESS:PORT, like web:80 or [fd00::5]:80");
	if (f->to_first + (f->last - f->first) > 65535)
		return err_set(err, -EINVAL, "to: %u ports from %u on are too many",
			       f->last - f->first + 1u, f->to_first);
	snprintf(f->to_text, sizeof(f->to_text), "%s", text);
	if (parse_addr(f->guest, six, &f->to) == 0)
		return parse_target(nn, f, six, err);
	f->to = (struct ip_addr){{0}};
	return !six && name_valid_max(f->guest, PORT_NAME_MAX)
		       ? 0
		       : err_set(err, -EINVAL, "to: no guest has such a name");
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
	char to[IP_ADDR_STR];

	return json_pack("{s:I, s:s, s:s, s:s, s:b, s:s?, s:s?, s:i, s:i}", "id", (json_int_t)f->id,
			 "proto", forward_proto_word(f->protos), "bind", f->bind_text, "to",
			 f->to_text, "active", f->n_binds || f->listening, "reason",
			 f->reason[0] ? f->reason : NULL, "to_address",
			 ip_addr_is_zero(&f->to) ? NULL : ip_addr_format(&f->to, to), "flows",
			 (int)nat_forward_flows(nn, f), "from_host", (int)relay_count(nn, f));
}
