/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_checks.c - checks: one verb each, and what is common to all.
 */
#include "lab/parse_parts.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "lab/subst.h"

#define FIELD(f) offsetof(struct lab_check, f)

/* ---- values ---------------------------------------------------------------------------------- */

static void read_regex(struct schema *s, const struct yaml_tree *t, void *out)
{
	const char *v = schema_says_text(s, NULL) ? NULL : schema_scalar(s, t);
	char *blank = v ? subst_blank(v) : NULL, why[128];
	regex_t re;
	int rc;

	if (!blank)
		return;
	rc = regcomp(&re, blank, REG_EXTENDED | REG_NOSUB);
	free(blank);
	if (!rc) {
		regfree(&re);
		*(struct lab_text *)out = (struct lab_text){v, t->pos};
		return;
	}
	regerror(rc, &re, why, sizeof(why));
	lab_error(s->errors, t->pos, "'%s' is not a regular expression: %s", v, why);
}

static void read_port(struct schema *s, const struct yaml_tree *t, void *out)
{
	read_number(s, t, out);
	check_range(s, out, "port", 1, 65535);
}

static void read_status(struct schema *s, const struct yaml_tree *t, void *out)
{
	read_number(s, t, out);
	check_range(s, out, "status", 0, 255);
}

static void read_proto(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const char *const words[] = {"tcp", "udp", "icmp", NULL};
	const char *v = schema_word(s, t, "protocol", words);

	if (v)
		*(struct lab_text *)out = (struct lab_text){v, t->pos};
}

static void read_url(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_text *text = out;

	if (schema_says_text(s, "^http://"))
		return;
	read_text(s, t, out);
	if (text->s && strncmp(text->s, "http://", 7))
		lab_error(s->errors, text->pos,
			  "'%s' is no address of a page: it must begin with http://", text->s);
}

static void read_through(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_check *c = out;

	c->through = read_texts(s, t, "through", &c->n_through);
}

static void read_around(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_check *c = out;

	c->around = read_texts(s, t, "not-through", &c->n_around);
}

static void read_see(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_check *c = out;

	c->see = read_texts(s, t, "see", &c->n_see);
	if (c->n_see > LAB_SEE_MAX && !s->say)
		lab_error(s->errors, t->pos, "at most %d filters can be looked for at once",
			  LAB_SEE_MAX);
}

static void read_times(struct schema *s, const struct yaml_tree *t, void *out)
{
	read_number(s, t, out);
	check_range(s, out, "times", 1, 1000000);
}

static void read_while(struct schema *s, const struct yaml_tree *t, void *out);

/* A subnet of either family. */
static void read_in(struct schema *s, const struct yaml_tree *t, void *out)
{
	const char *v = s->say || t->kind != YAML_SCALAR || !strchr(t->text, ':')
				? NULL
				: schema_scalar(s, t);
	struct lab_check *c = out;

	if (!v)
		read_prefix(s, t, &c->in);
	else if (!strchr(v, '/') || ip_net_parse(v, &c->in6) || !c->in6.plen)
		lab_error(s->errors, t->pos, "'%s' is not an IPv6 prefix: write it as fd00:1::/64",
			  v);
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static const struct schema_key ping_keys[] = {{"from", read_text, FIELD(from)},
					      {"to", read_text, FIELD(to)},
					      {"at-least", read_ms, FIELD(at_least_ms)},
					      {"at-most", read_ms, FIELD(at_most_ms)},
					      {0}};
static const struct schema_key tcp_keys[] = {{"from", read_text, FIELD(from)},
					     {"to", read_text, FIELD(to)},
					     {"port", read_port, FIELD(port)},
					     {0}};
static const struct schema_key http_keys[] = {{"from", read_text, FIELD(from)},
					      {"url", read_url, FIELD(text)},
					      {"output", read_regex, FIELD(output)},
					      {0}};
static const struct schema_key dns_keys[] = {{"from", read_text, FIELD(from)},
					     {"name", read_text, FIELD(text)},
					     {"server", read_text, FIELD(server)},
					     {"answer", read_text, FIELD(answer)},
					     {0}};
static const struct schema_key dhcp_keys[] = {{"node", read_text, FIELD(from)},
					      {"nic", read_text, FIELD(nic)},
					      {"server", read_text, FIELD(server)},
					      {0}};
static const struct schema_key lease_keys[] = {{"node", read_text, FIELD(from)},
					       {"nic", read_text, FIELD(nic)},
					       {"in", read_prefix, FIELD(in)},
					       {0}};
static const struct schema_key address_keys[] = {
	{"node", read_text, FIELD(from)}, {"nic", read_text, FIELD(nic)}, {"in", read_in, 0}, {0}};
static const struct schema_key route_keys[] = {{"node", read_text, FIELD(from)},
					       {"to", read_text, FIELD(text)},
					       {"via", read_text, FIELD(via)},
					       {"dev", read_text, FIELD(dev)},
					       {0}};
static const struct schema_key path_keys[] = {{"from", read_text, FIELD(from)},
					      {"to", read_text, FIELD(to)},
					      {"through", read_through, 0},
					      {"not-through", read_around, 0},
					      {0}};
static const struct schema_key mac_keys[] = {{"network", read_text, FIELD(network)},
					     {"node", read_text, FIELD(from)},
					     {"nic", read_text, FIELD(nic)},
					     {"at", read_text, FIELD(at)},
					     {0}};
static const struct schema_key nat_keys[] = {{"network", read_text, FIELD(network)},
					     {"node", read_text, FIELD(from)},
					     {"proto", read_proto, FIELD(proto)},
					     {"port", read_port, FIELD(port)},
					     {0}};
static const struct schema_key packets_keys[] = {{"at", read_text, FIELD(at)},
						 {"see", read_see, 0},
						 {"never", read_text, FIELD(never)},
						 {"for", read_ms, FIELD(for_ms)},
						 {"times", read_times, FIELD(times)},
						 {"while", read_while, 0},
						 {0}};
static const struct schema_key throughput_keys[] = {{"from", read_text, FIELD(from)},
						    {"to", read_text, FIELD(to)},
						    {"at-least", read_kbit, FIELD(at_least_kbit)},
						    {"at-most", read_kbit, FIELD(at_most_kbit)},
						    {"for", read_ms, FIELD(for_ms)},
						    {0}};
static const struct schema_key file_keys[] = {{"node", read_text, FIELD(from)},
					      {"path", read_text, FIELD(text)},
					      {"output", read_regex, FIELD(output)},
					      {0}};
static const struct schema_key exec_keys[] = {{"node", read_text, FIELD(from)},
					      {"command", read_text, FIELD(text)},
					      {"status", read_status, FIELD(status)},
					      {"output", read_regex, FIELD(output)},
					      {0}};

static const struct lab_verb_row {
	const char *word;
	const struct schema_key *keys;
	const char *required;
} lab_verbs[] = {
	[LAB_PING] = {"ping", ping_keys, "from to"},
	[LAB_TCP] = {"tcp", tcp_keys, "from to port"},
	[LAB_UDP] = {"udp", tcp_keys, "from to port"},
	[LAB_HTTP] = {"http", http_keys, "from url"},
	[LAB_DNS] = {"dns", dns_keys, "from name"},
	[LAB_DHCP] = {"dhcp", dhcp_keys, "node"},
	[LAB_LEASE] = {"lease", lease_keys, "node"},
	[LAB_ADDRESS] = {"address", address_keys, "node in"},
	[LAB_ROUTE] = {"route", route_keys, "node to"},
	[LAB_PATH] = {"path", path_keys, "from to"},
	[LAB_MAC_TABLE] = {"mac-table", mac_keys, "network node"},
	[LAB_NAT_TABLE] = {"nat", nat_keys, "network node"},
	[LAB_PACKETS] = {"packets", packets_keys, "at"},
	[LAB_THROUGHPUT] = {"throughput", throughput_keys, "from to"},
	[LAB_FILE_TEXT] = {"file", file_keys, "node path"},
	[LAB_EXEC] = {"exec", exec_keys, "node command"},
};

#define VERB_WORDS                                                                                 \
	"ping, tcp, udp, http, dns, dhcp, lease, address, route, path, mac-table, nat, packets, "  \
	"throughput, file, exec"

const char *lab_verb_word(enum lab_verb verb)
{
	return lab_verbs[verb].word;
}

static enum lab_verb verb_of(const char *word)
{
	for (size_t i = 1; i < ARRAY_SIZE(lab_verbs); i++)
		if (!strcmp(lab_verbs[i].word, word))
			return (enum lab_verb)i;
	return LAB_CHECK_NONE;
}

static void need(struct schema *s, const struct yaml_tree *t, const char *keys)
{
	char key[32];

	schema_says_required(s, keys);
	for (size_t len; !s->say && t->kind == YAML_MAP && *keys;
	     keys += len + (keys[len] == ' ')) {
		len = strcspn(keys, " ");
		memcpy(key, keys, len);
		key[len] = 0;
		if (!yaml_member(t, key))
			lab_error(s->errors, t->pos, "%s needs '%s:'", t->key, key);
	}
}

/* A check has one verb: the first one counts, another is an error. */
static void read_verb(struct schema *s, const struct yaml_tree *t, void *out)
{
	enum lab_verb v = verb_of(t->key);
	struct lab_check *c = out;

	if (c->verb != LAB_CHECK_NONE && !s->say)
		lab_error(s->errors, t->key_pos,
			  "a second verb in one check: make '%s' a check of its own", t->key);
	else
		c->verb_pos = t->key_pos;
	c->verb = v;
	schema_map(s, t, t->key, lab_verbs[v].keys, c);
	need(s, t, lab_verbs[v].required);
}

#define VERB_KEYS                                                                                  \
	{"ping", read_verb, 0}, {"tcp", read_verb, 0}, {"udp", read_verb, 0},                      \
		{"http", read_verb, 0}, {"dns", read_verb, 0}, {"dhcp", read_verb, 0},             \
		{"route", read_verb, 0},                                                           \
	{                                                                                          \
		"exec", read_verb, 0                                                               \
	}

static void read_doing(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {VERB_KEYS, {0}};
	struct lab_check *c = out, *doing = &c->during[s->say ? 0 : c->n_during++];

	doing->pos = t->pos;
	schema_map(s, t, "while", keys, doing);
	if (!s->say && t->kind == YAML_MAP && doing->verb == LAB_CHECK_NONE)
		lab_error(s->errors, t->pos,
			  "'while' needs one of ping, tcp, udp, http, dns, dhcp, route, exec");
}

static void say_while(struct schema *s, const struct yaml_tree *t, struct lab_check *c)
{
	json_t *me = s->say;

	s->say = schema_says_or(s);
	read_doing(s, t, c);
	s->say = me;
	s->say = schema_says_or(s);
	schema_list(s, t, "while", read_doing, c);
	s->say = me;
}

/* One verb, or a list of them. */
static void read_while(struct schema *s, const struct yaml_tree *t, void *out)
{
	bool list = t->kind == YAML_LIST;
	struct lab_check *c = out;

	c->during = lab_alloc(s->lab, list ? t->n : 1, sizeof(*c->during));
	c->n_during = 0;
	if (!c->during)
		return;
	if (s->say)
		say_while(s, t, c);
	else if (list)
		schema_list(s, t, "while", read_doing, c);
	else
		read_doing(s, t, c);
}

/* ---- what is common to all ------------------------------------------------------------------- */

static void read_expect(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const char *const words[] = {"pass", "fail", NULL};
	struct lab_check *c = out;
	const char *v = schema_word(s, t, "expectation", words);

	c->expect_pos = t->pos;
	c->expect_fail = v && !strcmp(v, "fail");
}

static void read_needs(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_check *c = out;

	c->needs = read_texts(s, t, "needs", &c->n_needs);
}

static void read_down(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const char *const words[] = {"down", NULL};

	(void)out;
	schema_word(s, t, "state", words);
}

static void read_fault(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"link", read_text, offsetof(struct lab_fault, link)},
		{"state", read_down, 0},
		{"impair", read_link, offsetof(struct lab_fault, impair)},
		{"off", read_text, offsetof(struct lab_fault, power)},
		{0},
	};
	struct lab_check *c = out;

	c->fault = lab_alloc(s->lab, 1, sizeof(*c->fault));
	if (!c->fault)
		return;
	c->fault->pos = t->pos;
	schema_map(s, t, "fault", keys, c->fault);
	if (!s->say && t->kind == YAML_MAP && !c->fault->link.s == !c->fault->power.s)
		lab_error(s->errors, t->pos,
			  "a fault is either {link: NODE.ethN, state: down}, {link: NODE.ethN, "
			  "impair: {loss: 5%%}} or {off: NODE}");
}

static void read_check(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"id", read_name, FIELD(id)},
		{"title", read_text, FIELD(title)},
		{"hint", read_text, FIELD(hint)},
		{"stage", read_text, FIELD(stage)},
		VERB_KEYS,
		{"lease", read_verb, 0},
		{"address", read_verb, 0},
		{"path", read_verb, 0},
		{"mac-table", read_verb, 0},
		{"nat", read_verb, 0},
		{"packets", read_verb, 0},
		{"throughput", read_verb, 0},
		{"file", read_verb, 0},
		{"within", read_ms, FIELD(within_ms)},
		{"expect", read_expect, 0},
		{"needs", read_needs, 0},
		{"points", read_number, FIELD(points)},
		{"given", read_flag, FIELD(given)},
		{"hidden", read_flag, FIELD(hidden)},
		{"warning", read_flag, FIELD(warning)},
		{"fault", read_fault, 0},
		{0},
	};
	struct lab *lab = out;
	struct lab_check *c = &lab->checks[lab->n_checks++];

	c->pos = t->pos;
	schema_map(s, t, "a check", keys, c);
	schema_says_required(s, "id");
	if (s->say || t->kind != YAML_MAP)
		return;
	if (!yaml_member(t, "id"))
		lab_error(s->errors, t->pos, "a check needs a name: add id: my-check");
	if (c->verb == LAB_CHECK_NONE)
		lab_error(s->errors, t->pos, "a check needs one of " VERB_WORDS);
}

void read_checks(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab *lab = out;

	lab->checks = lab_alloc(lab, t->n, sizeof(*lab->checks));
	if (lab->checks)
		schema_list(s, t, "checks", read_check, lab);
}
