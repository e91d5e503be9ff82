/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.h - which options are set for whom.
 *
 * An option set is a list of options with values. A policy is a set for each of four layers; what
 * a nearer layer says of an option replaces what the farther ones say:
 *
 *   server    what the server knows by itself: router, DNS, MTU... (reply.c)
 *   network   all clients
 *   subnet    clients with an address there
 *   class     clients of a kind; of several that match, the one added last is nearest
 *   client    one client: by its port, its MAC address, its client identifier, in this order
 *
 * An option can be forced (sent though the client did not ask for it) or none (never sent,
 * whatever farther layers say). An option set is immutable while a server uses it: changes make a
 * new policy (netdhcp_policy.c), all or nothing.
 */
#ifndef DHCP_POLICY_H
#define DHCP_POLICY_H

#include "dhcp/client.h"
#include "lib/dhcp_option.h"
#include "lib/addr.h"

struct set_option {
	uint16_t code;
	uint16_t len;
	uint8_t type; /* enum option_type */
	bool force, none;
	uint8_t *data;
};

struct dhcp_optset {
	struct set_option *v;
	unsigned int n;
};

/* Set one option: @key as for option_key_parse(), "force:" before it to have it sent always; @value
 * as text, or "none". What the set said of that option before is replaced. 0, -EINVAL or -ENOMEM,
 * and @err names the key. */
int optset_set(struct dhcp_optset *set, const char *key, const char *value, struct err *err);
void optset_fini(struct dhcp_optset *set);

enum {
	POLICY_CLASSES_MAX = 64,
	POLICY_CLIENTS_MAX = 4096,
	POLICY_SUBNETS_MAX = 16,
	POLICY_PATTERN_MAX = 63
};

/* What a client must be like to be of a class; "" and -1 match every client. Patterns are compared
 * with the whole value, '*' stands for any bytes and '?' for one. */
struct dhcp_match {
	char vendor[POLICY_PATTERN_MAX + 1]; /* option 60 */
	char user[POLICY_PATTERN_MAX + 1];   /* option 77, or one of its parts (RFC 3004 4) */
	char mac[POLICY_PATTERN_MAX + 1];    /* as text in lower case */
	int arch;			     /* option 93 (RFC 4578 2.1) */
};

struct dhcp_policy;

/* NULL: memory is short. */
struct dhcp_policy *policy_create(void);
/* NULL is accepted. */
void policy_destroy(struct dhcp_policy *p);
/* The sets, made when they are not there: to be filled. NULL: too many, or memory is short. */
struct dhcp_optset *policy_net(struct dhcp_policy *p);
struct dhcp_optset *policy_subnet(struct dhcp_policy *p, struct ip4_prefix subnet);
struct dhcp_optset *policy_class(struct dhcp_policy *p, const char *name,
				 const struct dhcp_match *match);
struct dhcp_optset *policy_client(struct dhcp_policy *p, const struct dhcp_who *who);

enum dhcp_layer { LAYER_SERVER, LAYER_NET, LAYER_SUBNET, LAYER_CLASS, LAYER_PORT, LAYER_CLIENT };
enum { LAYERS_MAX = 1 + 1 + POLICY_CLASSES_MAX + 3 };

const char *dhcp_layer_word(enum dhcp_layer layer);

/* The sets that concern a client, farthest first. */
struct dhcp_layers {
	unsigned int n;
	struct {
		enum dhcp_layer layer;
		const char *name; /* of the class; else NULL */
		const struct dhcp_optset *set;
	} v[LAYERS_MAX];
};

/* Those of the client @c that sent @msg and is to be told of @subnet. @p may be NULL. Everything in
 * @out is borrowed from @p. */
void policy_layers(const struct dhcp_policy *p, const struct dhcp_client *c,
		   const struct dhcp_msg *msg, struct ip4_prefix subnet, struct dhcp_layers *out);

#endif
