/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.c - what would happen to a frame that is only described.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "vnetctl/args.h"
#include "vnetctl/nouns.h"
#include "vnetctl/story.h"

/* What has colons and is no IPv6 address is a MAC: "dst" becomes dst_mac or dst_ip. */
static int set_address(json_t *params, const char *word, const char *value)
{
	uint8_t ip6[16];
	char key[16];
	bool mac = strchr(value, ':') && inet_pton(AF_INET6, value, ip6) != 1;

	snprintf(key, sizeof(key), "%s_%s", word, mac ? "mac" : "ip");
	json_object_set_new(params, key, json_string(value));
	return CTL_OK;
}

static int set_number(const struct ctl *c, json_t *params, const char *key, const char *value)
{
	long n;

	if (!arg_number(value, 0, 1L << 20, &n))
		return ctl_usage(c, "'%s' is not a number", value);
	json_object_set_new(params, key, json_integer(n));
	return CTL_OK;
}

/* One pair of words. */
static int set_pair(const struct ctl *c, json_t *params, const char *word, const char *value)
{
	if (!strcmp(word, "from"))
		json_object_set_new(params, "port", json_string(value));
	else if (!strcmp(word, "src") || !strcmp(word, "dst"))
		return set_address(params, word, value);
	else if (!strcmp(word, "proto"))
		json_object_set_new(params, "proto", json_string(value));
	else if (!strcmp(word, "port"))
		return set_number(c, params, "dport", value);
	else if (!strcmp(word, "sport"))
		return set_number(c, params, "sport", value);
	else if (!strcmp(word, "vlan") || !strcmp(word, "len"))
		return set_number(c, params, word, value);
	else
		return ctl_usage(
			c, "'%s' is not one of from, dst, src, proto, port, sport, vlan and len",
			word);
	return CTL_OK;
}

static void print_steps(const json_t *steps)
{
	size_t i;
	json_t *s;

	json_array_foreach ((json_t *)steps, i, s)
		story_step(jstr(s, "step"), jstr(s, "text"));
}

static void print_answer(const json_t *r)
{
	size_t i;
	json_t *w;

	print_steps(jarr(r, "notes"));
	json_array_foreach (jarr(r, "walks"), i, w) {
		printf("  the %s", jstr(w, "what"));
		if (json_object_get(w, "src_mac"))
			printf(", %s > %s", jstr(w, "src_mac"), jstr(w, "dst_mac"));
		puts(":");
		print_steps(jarr(w, "steps"));
	}
	story_verdict(jstr(r, "verdict"), json_is_true(json_object_get(r, "delivered")));
}

/* Exit status 1 when it would not be delivered, so that a script can ask. */
static int explain(struct ctl *c, json_t *params)
{
	json_t *r = ctl_call(c, "explain", params);
	int rc;

	if (!r)
		return CTL_FAILED;
	rc = json_is_true(json_object_get(r, "delivered")) ? CTL_OK : CTL_FAILED;
	if (c->json)
		return ctl_print_json(r), rc;
	print_answer(r);
	json_decref(r);
	return rc;
}

static int explain_run(struct ctl *c, int argc, char **argv)
{
	json_t *params;
	int rc = CTL_OK;

	if (argc < 1)
		return ctl_usage(c, "wants a network first");
	params = json_pack("{s:s}", "net", argv[0]);
	for (int i = 1; i < argc && !rc; i += 2)
		rc = i + 1 < argc ? set_pair(c, params, argv[i], argv[i + 1])
				  : ctl_usage(c, "'%s' lacks its value", argv[i]);
	if (!rc && !json_object_get(params, "port"))
		rc = ctl_usage(c, "wants from PORT");
	if (!rc && !json_object_get(params, "dst_mac") && !json_object_get(params, "dst_ip"))
		rc = ctl_usage(c, "wants dst MAC or dst ADDRESS");
	if (rc) {
		json_decref(params);
		return rc;
	}
	return explain(c, params);
}

static const struct verb verbs[] = {
	{"",
	 "NET from PORT dst MAC|ADDRESS [src MAC|ADDRESS] [proto tcp|udp|icmp|arp|ether|gre|..]"
	 " [port N] [sport N] [vlan ID] [len BYTES]",
	 "what would happen to this frame; exit 1 when it would not be delivered", explain_run},
	{0},
};

const struct noun noun_explain = {
	"explain", "what would happen to a frame, without sending it", verbs,
	"Nothing is sent, learnt or counted. dst and src may be given twice, as a MAC and as an\n"
	"address. What is left out is taken from what the switch knows of the port. Examples:\n"
	"  vnetctl explain home from web.eth0 dst 8.8.8.8 proto udp port 53\n"
	"  vnetctl explain home from web.eth0 dst ff:ff:ff:ff:ff:ff len 1600\n"
	"On a NAT network it goes on beyond the gateway; from uplink it begins outside:\n"
	"  vnetctl explain home from uplink src 192.0.2.1 dst 198.51.100.1 proto tcp port 8080\n"};
