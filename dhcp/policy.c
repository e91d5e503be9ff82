/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct subnet_set {
	struct ip4_prefix subnet;
	struct dhcp_optset set;
};

struct class_set {
	char name[NAME_MAX_ + 1];
	struct dhcp_match match;
	struct dhcp_optset set;
};

struct client_set {
	struct dhcp_who who;
	struct dhcp_optset set;
};

struct dhcp_policy {
	struct dhcp_optset net;
	struct subnet_set subnet[POLICY_SUBNETS_MAX];
	struct class_set class[POLICY_CLASSES_MAX];
	struct client_set *client; /* sorted by who */
	unsigned int n_subnets, n_classes, n_clients;
};

/* ---- option sets ----------------------------------------------------------------------------- */

static struct set_option *opt_find(const struct dhcp_optset *set, uint16_t code)
{
	for (unsigned int i = 0; i < set->n; i++)
		if (set->v[i].code == code)
			return &set->v[i];
	return NULL;
}

static struct set_option *opt_add(struct dhcp_optset *set, uint16_t code)
{
	struct set_option *old = opt_find(set, code), *v;

	if (old) {
		free(old->data);
		*old = (struct set_option){.code = code};
		return old;
	}
	v = realloc(set->v, (set->n + 1) * sizeof(*v));
	if (!v)
		return NULL;
	set->v = v;
	v[set->n] = (struct set_option){.code = code};
	return &v[set->n++];
}

static int wrap_key(struct err *err, const char *key)
{
	char shown[64];

	return err_wrap(err, "option %s", str_escape(key, strlen(key), shown, sizeof(shown)));
}

int optset_set(struct dhcp_optset *set, const char *key, const char *value, struct err *err)
{
	bool force = strncmp(key, "force:", 6) == 0;
	bool none = strcmp(value, "none") == 0;
	uint8_t wire[OPTION_VALUE_MAX];
	enum option_type type;
	struct set_option *opt;
	uint16_t code;
	uint32_t min;
	int n = 0;

	if (option_key_parse(force ? key + 6 : key, &code, &type, &min, err))
		return -EINVAL;
	if (!none)
		n = option_value_parse(type, min, value, wire, err);
	if (n < 0)
		return wrap_key(err, key);
	opt = opt_add(set, code);
	if (opt && n)
		opt->data = malloc((size_t)n);
	if (!opt || (n && !opt->data))
		return err_set(err, -ENOMEM, "memory is short");
	if (n)
		memcpy(opt->data, wire, (size_t)n);
	opt->type = (uint8_t)type;
	opt->force = force;
	opt->none = none;
	opt->len = (uint16_t)n;
	return 0;
}

void optset_fini(struct dhcp_optset *set)
{
	for (unsigned int i = 0; i < set->n; i++)
		free(set->v[i].data);
	free(set->v);
	*set = (struct dhcp_optset){0};
}

/* ---- the layers' sets ------------------------------------------------------------------------ */

struct dhcp_policy *policy_create(void)
{
	return calloc(1, sizeof(struct dhcp_policy));
}

void policy_destroy(struct dhcp_policy *p)
{
	if (!p)
		return;
	optset_fini(&p->net);
	for (unsigned int i = 0; i < p->n_subnets; i++)
		optset_fini(&p->subnet[i].set);
	for (unsigned int i = 0; i < p->n_classes; i++)
		optset_fini(&p->class[i].set);
	for (unsigned int i = 0; i < p->n_clients; i++)
		optset_fini(&p->client[i].set);
	free(p->client);
	free(p);
}

struct dhcp_optset *policy_net(struct dhcp_policy *p)
{
	return &p->net;
}

static bool same_subnet(struct ip4_prefix a, struct ip4_prefix b)
{
	return a.plen == b.plen && ip4_network(a) == ip4_network(b);
}

struct dhcp_optset *policy_subnet(struct dhcp_policy *p, struct ip4_prefix subnet)
{
	for (unsigned int i = 0; i < p->n_subnets; i++)
		if (same_subnet(p->subnet[i].subnet, subnet))
			return &p->subnet[i].set;
	if (p->n_subnets == POLICY_SUBNETS_MAX)
		return NULL;
	p->subnet[p->n_subnets].subnet = subnet;
	return &p->subnet[p->n_subnets++].set;
}

struct dhcp_optset *policy_class(struct dhcp_policy *p, const char *name,
				 const struct dhcp_match *match)
{
	struct class_set *c = &p->class[p->n_classes];

	for (unsigned int i = 0; i < p->n_classes; i++)
		if (!strcmp(p->class[i].name, name))
			return &p->class[i].set;
	if (p->n_classes == POLICY_CLASSES_MAX)
		return NULL;
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->match = *match;
	p->n_classes++;
	return &c->set;
}

static int who_order(const void *a, const void *b)
{
	const struct dhcp_who *x = a, *y = b;
	int by_len = (int)x->len - (int)y->len;

	return by_len ? by_len : memcmp(x->b, y->b, x->len);
}

static struct client_set *client_find(const struct dhcp_policy *p, const struct dhcp_who *who)
{
	if (!p->n_clients || !who->len)
		return NULL;
	return bsearch(who, p->client, p->n_clients, sizeof(*p->client), who_order);
}

struct dhcp_optset *policy_client(struct dhcp_policy *p, const struct dhcp_who *who)
{
	struct client_set *c = client_find(p, who);
	unsigned int at = 0;

	if (c)
		return &c->set;
	if (p->n_clients == POLICY_CLIENTS_MAX)
		return NULL;
	c = realloc(p->client, (p->n_clients + 1) * sizeof(*c));
	if (!c)
		return NULL;
	p->client = c;
	while (at < p->n_clients && who_order(&c[at].who, who) < 0)
		at++;
	memmove(c + at + 1, c + at, (p->n_clients++ - at) * sizeof(*c));
	c[at] = (struct client_set){.who = *who};
	return &c[at].set;
}

/* ---- who is of which class ------------------------------------------------------------------- */

/* '*' and '?' over bytes; no recursion, so no pattern is slow. */
static bool glob(const char *pattern, const uint8_t *s, size_t len)
{
	const char *star = NULL;
	size_t i = 0, from = 0;

	while (i < len) {
		if (*pattern == '*') {
			star = ++pattern;
			from = i;
		} else if (*pattern && (*pattern == '?' || (uint8_t)*pattern == s[i])) {
			pattern++;
			i++;
		} else if (star) {
			pattern = star;
			i = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* RFC 3004 4 has a list of parts, each with its length; iPXE and Windows send one bare string. */
static bool user_matches(const char *pattern, const struct dhcp_value *user)
{
	size_t at = 0;

	if (glob(pattern, user->b, user->len))
		return true;
	while (at < user->len && user->b[at] <= user->len - at - 1) {
		if (glob(pattern, user->b + at + 1, user->b[at]))
			return true;
		at += 1u + user->b[at];
	}
	return false;
}

static bool is_of_class(const struct dhcp_match *m, const struct dhcp_msg *msg)
{
	char mac[MAC_STR];

	if (m->vendor[0] && !glob(m->vendor, msg->vendor.b, msg->vendor.len))
		return false;
	if (m->user[0] && !user_matches(m->user, &msg->user))
		return false;
	if (m->mac[0] && !glob(m->mac, (const uint8_t *)mac_format(&msg->mac, mac), MAC_STR - 1))
		return false;
	return m->arch < 0 || (msg->has_arch && msg->arch == m->arch);
}

/* ---- the layers of a client ------------------------------------------------------------------ */

static void layer_add(struct dhcp_layers *out, enum dhcp_layer layer, const char *name,
		      const struct dhcp_optset *set)
{
	if (!set->n)
		return;
	out->v[out->n].layer = layer;
	out->v[out->n].name = name;
	out->v[out->n++].set = set;
}

static void client_layers(const struct dhcp_policy *p, const struct dhcp_client *c,
			  struct dhcp_layers *out)
{
	struct dhcp_who who[3] = {dhcp_who_port(c->port), dhcp_who_mac(&c->mac),
				  dhcp_who_id(&c->key)};

	for (unsigned int i = 0; i < ARRAY_SIZE(who); i++) {
		const struct client_set *set = client_find(p, &who[i]);

		if (set)
			layer_add(out, i ? LAYER_CLIENT : LAYER_PORT, NULL, &set->set);
	}
}

void policy_layers(const struct dhcp_policy *p, const struct dhcp_client *c,
		   const struct dhcp_msg *msg, struct ip4_prefix subnet, struct dhcp_layers *out)
{
	out->n = 0;
	if (!p)
		return;
	layer_add(out, LAYER_NET, NULL, &p->net);
	for (unsigned int i = 0; i < p->n_subnets; i++)
		if (same_subnet(p->subnet[i].subnet, subnet))
			layer_add(out, LAYER_SUBNET, NULL, &p->subnet[i].set);
	for (unsigned int i = 0; i < p->n_classes; i++)
		if (is_of_class(&p->class[i].match, msg))
			layer_add(out, LAYER_CLASS, p->class[i].name, &p->class[i].set);
	client_layers(p, c, out);
}

const char *dhcp_layer_word(enum dhcp_layer layer)
{
	static const char *const words[] = {
		[LAYER_SERVER] = "server", [LAYER_NET] = "network", [LAYER_SUBNET] = "subnet",
		[LAYER_CLASS] = "class",   [LAYER_PORT] = "port",   [LAYER_CLIENT] = "client",
	};

	return words[layer];
}
