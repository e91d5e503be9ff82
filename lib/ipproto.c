/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ipproto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Those that a course may meet. */
static const struct {
	uint8_t number;
	const char *name;
} names[] = {
	{2, "igmp"},	 {4, "ipip"},	   {33, "dccp"},    {41, "ipv6"},  {46, "rsvp"},
	{47, "gre"},	 {50, "esp"},	   {51, "ah"},	    {88, "eigrp"}, {89, "ospf"},
	{97, "etherip"}, {103, "pim"},	   {108, "ipcomp"}, {112, "vrrp"}, {115, "l2tp"},
	{132, "sctp"},	 {136, "udplite"}, {137, "mpls"},
};

static const char *name_of(uint8_t proto)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].number == proto)
			return names[i].name;
	return NULL;
}

const char *ip_proto_text(uint8_t proto, char out[static IP_PROTO_STR])
{
	const char *name = name_of(proto);

	if (name)
		snprintf(out, IP_PROTO_STR, "%s", name);
	else
		snprintf(out, IP_PROTO_STR, "ip-%u", proto);
	return out;
}

int ip_proto_parse(const char *text)
{
	char *end;
	long n;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i].name, text) == 0)
			return names[i].number;
	if (strncmp(text, "ip-", 3) != 0 || text[3] < '0' || text[3] > '9')
		return -1;
	n = strtol(text + 3, &end, 10);
	return *end || n > 255 ? -1 : (int)n;
}
