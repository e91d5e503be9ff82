/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_checks.c - checks: one verb each, and what is common to all.
 */
#include "lab/parse_parts.h"

#include <regex.h>
#include <string.h>

#define FIELD(f) offsetof(struct lab_check, f)

static void read_regex(struct schema *s, const struct yaml_tree *t, void *out)
{
	const char *v = schema_scalar(s, t);
	char why[128];
	regex_t re;
	int rc;

	if (!v)
		return;
	rc = regcomp(&re, v, REG_EXTENDED | REG_NOSUB);
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

static bool has(const struct yaml_tree *t, const char *key)
{
	if (t->kind != YAML_MAP)
		return false;
	for (const struct yaml_tree *v = t->first; v; v = v->next)
		if (!strcmp(v->key, key))
			return true;
	return false;
}

static void need(struct schema *s, const struct yaml_tree *t, const char *key)
{
	if (t->kind == YAML_MAP && !has(t, key))
		lab_error(s->errors, t->pos, "%s needs '%s:'", t->key, key);
}

/* A check has one verb: the first one counts, another is an error. */
static void verb(struct schema *s, const struct yaml_tree *t, struct lab_check *c, enum lab_verb v)
{
	if (c->verb != LAB_CHECK_NONE)
		lab_error(s->errors, t->key_pos,
			  "a second verb in one check: make '%s' a check of its own", t->key);
	else
		c->verb_pos = t->key_pos;
	c->verb = v;
}

static void read_ping(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"from", read_text, FIELD(from)}, {"to", read_text, FIELD(to)}, {0}};
	struct lab_check *c = out;

	verb(s, t, c, LAB_PING);
	schema_map(s, t, "ping", keys, c);
	need(s, t, "from");
	need(s, t, "to");
}

static void read_tcp(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {{"from", read_text, FIELD(from)},
						 {"to", read_text, FIELD(to)},
						 {"port", read_port, FIELD(port)},
						 {0}};
	struct lab_check *c = out;

	verb(s, t, c, LAB_TCP);
	schema_map(s, t, "tcp", keys, c);
	need(s, t, "from");
	need(s, t, "to");
	need(s, t, "port");
}

static void read_http(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {{"from", read_text, FIELD(from)},
						 {"url", read_text, FIELD(text)},
						 {"output", read_regex, FIELD(output)},
						 {0}};
	struct lab_check *c = out;

	verb(s, t, c, LAB_HTTP);
	schema_map(s, t, "http", keys, c);
	need(s, t, "from");
	need(s, t, "url");
	if (c->text.s && strncmp(c->text.s, "http://", 7))
		lab_error(s->errors, c->text.pos,
			  "'%s' is no address of a page: it must begin with "
			  "http://",
			  c->text.s);
}

static void read_lease(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"node", read_text, FIELD(from)}, {"nic", read_text, FIELD(nic)}, {0}};
	struct lab_check *c = out;

	verb(s, t, c, LAB_LEASE);
	schema_map(s, t, "lease", keys, c);
	need(s, t, "node");
}

static void read_address(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {{"node", read_text, FIELD(from)},
						 {"nic", read_text, FIELD(nic)},
						 {"in", read_prefix, FIELD(in)},
						 {0}};
	struct lab_check *c = out;

	verb(s, t, c, LAB_ADDRESS);
	schema_map(s, t, "address", keys, c);
	need(s, t, "node");
	need(s, t, "in");
}

static void read_exec(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {{"node", read_text, FIELD(from)},
						 {"command", read_text, FIELD(text)},
						 {"status", read_status, FIELD(status)},
						 {"output", read_regex, FIELD(output)},
						 {0}};
	struct lab_check *c = out;

	verb(s, t, c, LAB_EXEC);
	schema_map(s, t, "exec", keys, c);
	need(s, t, "node");
	need(s, t, "command");
}

static void read_expect(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_check *c = out;
	const char *v = schema_scalar(s, t);

	c->expect_pos = t->pos;
	c->expect_fail = v && !strcmp(v, "fail");
	if (v && strcmp(v, "fail") && strcmp(v, "pass"))
		lab_error(s->errors, t->pos, "'%s' is neither pass nor fail", v);
}

static void read_needs(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_check *c = out;

	c->needs = read_texts(s, t, "needs", &c->n_needs);
}

static void read_check(struct schema *s, const struct yaml_tree *t, struct lab_check *c)
{
	static const struct schema_key keys[] = {
		{"id", read_name, FIELD(id)},
		{"title", read_text, FIELD(title)},
		{"hint", read_text, FIELD(hint)},
		{"ping", read_ping, 0},
		{"lease", read_lease, 0},
		{"address", read_address, 0},
		{"tcp", read_tcp, 0},
		{"http", read_http, 0},
		{"exec", read_exec, 0},
		{"within", read_ms, FIELD(within_ms)},
		{"expect", read_expect, 0},
		{"needs", read_needs, 0},
		{"points", read_number, FIELD(points)},
		{0},
	};

	c->pos = t->pos;
	schema_map(s, t, "a check", keys, c);
	if (t->kind != YAML_MAP)
		return;
	if (!has(t, "id"))
		lab_error(s->errors, t->pos, "a check needs a name: add id: my-check");
	if (c->verb == LAB_CHECK_NONE)
		lab_error(s->errors, t->pos,
			  "a check needs one of ping, lease, address, tcp, http, exec");
}

void read_checks(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab *lab = out;

	if (!schema_kind(s, t, YAML_LIST, "checks"))
		return;
	lab->checks = lab_alloc(lab, t->n, sizeof(*lab->checks));
	for (const struct yaml_tree *v = t->first; lab->checks && v; v = v->next)
		read_check(s, v, &lab->checks[lab->n_checks++]);
}
