/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's configuration: words of the form vnet.NAME=VALUE on the kernel command line.
 *
 *   vnet.hostname=NAME
 *   vnet.ethN=dhcp|none|ADDR/PLEN[,gw=ADDR][,dns=ADDR]
 *   vnet.forward=1
 *   vnet.nat=ethN
 *   vnet.hosts=NAME:ADDR,...
 */
#include "vmm/image/guest.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_uint(const char *s, unsigned int max, unsigned int *out)
{
	unsigned int v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (unsigned int)(*s - '0');
		if (v > max)
			return false;
	}
	*out = v;
	return true;
}

/* "eth3" -> 3 */
static bool parse_nic(const char *s, unsigned int *out)
{
	return !strncmp(s, "eth", 3) && parse_uint(s + 3, GUEST_NICS - 1, out);
}

static bool parse_static(struct nic_config *nic, char *value)
{
	struct nic_config n = {.mode = NIC_STATIC};
	char *opts = strchr(value, ',');
	char *slash, *save, *o;

	if (opts)
		*opts++ = '\0';
	slash = strchr(value, '/');
	if (!slash)
		return false;
	*slash = '\0';
	if (inet_pton(AF_INET, value, &n.addr) != 1 || !parse_uint(slash + 1, 32, &n.plen))
		return false;
	for (o = opts ? strtok_r(opts, ",", &save) : NULL; o; o = strtok_r(NULL, ",", &save)) {
		if (!strncmp(o, "gw=", 3) && inet_pton(AF_INET, o + 3, &n.gateway) == 1)
			continue;
		if (!strncmp(o, "dns=", 4) && inet_pton(AF_INET, o + 4, &n.dns) == 1)
			continue;
		return false;
	}
	*nic = n;
	return true;
}

static bool parse_nic_word(struct guest_config *cfg, unsigned int i, char *value)
{
	struct nic_config *nic = &cfg->nic[i];

	if (!strcmp(value, "dhcp"))
		nic->mode = NIC_DHCP;
	else if (!strcmp(value, "none"))
		nic->mode = NIC_NONE;
	else
		return parse_static(nic, value);
	return true;
}

/* A name that is safe in /etc/hosts and as a host name (RFC 1123 2.1). */
static bool host_name_ok(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");

	return n > 0 && n <= GUEST_NAME_MAX && !s[n];
}

static bool parse_hosts(struct guest_config *cfg, char *value)
{
	size_t used = 0;
	char *save, *pair;

	for (pair = strtok_r(value, ",", &save); pair; pair = strtok_r(NULL, ",", &save)) {
		char *colon = strchr(pair, ':');
		struct in_addr a;
		int n;

		if (!colon)
			return false;
		*colon = '\0';
		if (!host_name_ok(pair) || inet_pton(AF_INET, colon + 1, &a) != 1)
			return false;
		n = snprintf(cfg->hosts + used, sizeof(cfg->hosts) - used, "%s\t%s\n", colon + 1,
			     pair);
		if (n < 0 || (size_t)n >= sizeof(cfg->hosts) - used) {
			cfg->hosts[used] = '\0';
			return false;
		}
		used += (size_t)n;
	}
	return true;
}

static bool parse_word(struct guest_config *cfg, const char *key, char *value)
{
	unsigned int i;

	if (!strcmp(key, "hostname")) {
		if (!host_name_ok(value))
			return false;
		snprintf(cfg->hostname, sizeof(cfg->hostname), "%s", value);
		return true;
	}
	if (!strcmp(key, "forward")) {
		cfg->forward = !strcmp(value, "1");
		return cfg->forward || !strcmp(value, "0");
	}
	if (!strcmp(key, "nat")) {
		if (!parse_nic(value, &i))
			return false;
		cfg->nat_nic = (int)i;
		return true;
	}
	if (!strcmp(key, "hosts"))
		return parse_hosts(cfg, value);
	return parse_nic(key, &i) && parse_nic_word(cfg, i, value);
}

int guest_config_parse(struct guest_config *cfg, const char *text)
{
	char *copy = strdup(text), *save, *word;
	int bad = 0;

	*cfg = (struct guest_config){.hostname = "guest", .nat_nic = -1};
	if (!copy)
		return 1;
	for (word = strtok_r(copy, " \t\n", &save); word; word = strtok_r(NULL, " \t\n", &save)) {
		char *eq;

		if (strncmp(word, "vnet.", 5))
			continue;
		eq = strchr(word, '=');
		if (!eq) {
			bad++;
			continue;
		}
		*eq = '\0';
		bad += !parse_word(cfg, word + 5, eq + 1);
	}
	free(copy);
	return bad;
}
