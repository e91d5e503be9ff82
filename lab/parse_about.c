/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse_about.c - what a file says about the lab as a lesson: what it requires, its stages, and its
 * variables.
 *
 * Variables are put into the tree before the rest of the schema sees it, so they may stand wherever
 * a text may. What a variable is depends on its name and the seed alone: the same student has the
 * same values on every machine, and it takes no list of students to know them.
 */
#include <assert.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/parse.h"
#include "lab/parse_parts.h"
#include "lib/hash.h"

/* ---- requires -------------------------------------------------------------------------------- */

static void read_programs(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_requires *req = out;

	req->programs = read_texts(s, t, "programs", &req->n_programs);
}

void read_requires(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"memory", read_mib, offsetof(struct lab_requires, memory_mib)},
		{"cpus", read_number, offsetof(struct lab_requires, cpus)},
		{"kvm", read_flag, offsetof(struct lab_requires, kvm)},
		{"programs", read_programs, 0},
		{0},
	};

	schema_map(s, t, "requires", keys, out);
}

/* ---- stages ---------------------------------------------------------------------------------- */

static void read_stage(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct schema_key keys[] = {
		{"id", read_name, offsetof(struct lab_stage, id)},
		{"title", read_text, offsetof(struct lab_stage, title)},
		{"text", read_text, offsetof(struct lab_stage, text)},
		{"file", read_text, offsetof(struct lab_stage, file)},
		{0},
	};
	struct lab *lab = out;
	struct lab_stage *stage = &lab->stages[lab->n_stages++];

	schema_map(s, t, "a stage", keys, stage);
	schema_says_required(s, "id");
	if (s->say || t->kind != YAML_MAP)
		return;
	if (!yaml_member(t, "id"))
		lab_error(s->errors, t->pos, "a stage needs a name: add id: s1");
	if (stage->text.s && stage->file.s)
		lab_error(s->errors, stage->file.pos,
			  "a stage has its text here or in a file, not both: keep one");
}

void read_stages(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab *lab = out;

	lab->stages = lab_alloc(lab, t->n, sizeof(*lab->stages));
	if (lab->stages)
		schema_list(s, t, "stages", read_stage, lab);
}

void lab_validate_stages(struct lab *lab, struct lab_errors *errors)
{
	for (size_t i = 0; i < lab->n_stages; i++) {
		const struct lab_stage *stage = &lab->stages[i];

		if (stage->id.s && lab_stage_find(lab, stage->id.s) != stage)
			lab_error(errors, stage->id.pos, "stage '%s' is there twice", stage->id.s);
	}
	for (size_t i = 0; i < lab->n_checks; i++) {
		const struct lab_text *stage = &lab->checks[i].stage;

		if (stage->s && !lab_stage_find(lab, stage->s))
			lab_error(errors, stage->pos, "no stage '%s' in this lab", stage->s);
	}
}

/* ---- variables ------------------------------------------------------------------------------- */

struct variable_rule {
	struct lab_prefix subnet_from;
	struct lab_number prefix, from, to;
	struct lab_text *one_of;
	size_t n_one_of;
};

static void read_one_of(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct variable_rule *rule = out;

	rule->one_of = read_texts(s, t, "one-of", &rule->n_one_of);
}

static void read_rule(struct schema *s, const struct yaml_tree *t, struct variable_rule *rule)
{
	static const struct schema_key keys[] = {
		{"subnet-from", read_prefix, offsetof(struct variable_rule, subnet_from)},
		{"prefix", read_number, offsetof(struct variable_rule, prefix)},
		{"from", read_number, offsetof(struct variable_rule, from)},
		{"to", read_number, offsetof(struct variable_rule, to)},
		{"one-of", read_one_of, 0},
		{0},
	};

	schema_map(s, t, "a variable", keys, rule);
}

static uint64_t draw(const char *seed, const char *name)
{
	static const struct hash_key key = {0x6c61622073656564, 0x7661726961626c65};
	char text[256];

	return hash_bytes(&key, text,
			  (size_t)snprintf(text, sizeof(text), "%.120s/%.60s", seed, name));
}

static void draw_subnet(struct schema *s, const struct variable_rule *rule, uint64_t v,
			struct lab_variable *var)
{
	unsigned int plen = rule->prefix.given ? rule->prefix.v : 24;
	const struct ip4_prefix *from = &rule->subnet_from.p;
	char text[IP4_PREFIX_STR];

	if (plen < from->plen || plen > 30) {
		lab_error(s->errors, rule->prefix.given ? rule->prefix.pos : rule->subnet_from.pos,
			  "a subnet of %s has a prefix length from %u to 30",
			  ip4_prefix_format(*from, text), from->plen);
		return;
	}
	var->subnet.plen = (uint8_t)plen;
	v &= ((uint64_t)1 << (plen - from->plen)) - 1;
	var->subnet.addr = htonl(ntohl(ip4_network(*from)) + (uint32_t)(v << (32 - plen)));
	var->value = lab_printf(s->lab, "%s", ip4_prefix_format(var->subnet, text));
}

static void draw_value(struct schema *s, const struct yaml_tree *t, const char *seed,
		       struct lab_variable *var)
{
	uint64_t v = draw(seed, t->key);
	struct variable_rule rule = {0};
	unsigned int before = s->errors->n;

	if (t->kind == YAML_SCALAR) {
		var->value = schema_scalar(s, t);
		return;
	}
	read_rule(s, t, &rule);
	if (s->errors->n != before || t->kind != YAML_MAP)
		return;
	if (rule.subnet_from.given)
		draw_subnet(s, &rule, v, var);
	else if (rule.one_of && rule.n_one_of)
		var->value = rule.one_of[v % rule.n_one_of].s;
	else if (rule.from.given && rule.to.given && rule.from.v <= rule.to.v)
		var->value = lab_printf(
			s->lab, "%u",
			rule.from.v + (unsigned int)(v % (rule.to.v - rule.from.v + (uint64_t)1)));
	else
		lab_error(s->errors, t->pos,
			  "variable '%s' is a text, {subnet-from: 10.20.0.0/16}, {one-of: [a, b]} "
			  "or {from: 2000, to: 2999}",
			  t->key);
}

static const struct lab_variable *find(const struct lab *lab, const char *name, size_t len)
{
	assert(lab->variables || !lab->n_variables);
	for (size_t i = 0; i < lab->n_variables; i++)
		if (lab->variables[i].value && strlen(lab->variables[i].name.s) == len &&
		    !memcmp(lab->variables[i].name.s, name, len))
			return &lab->variables[i];
	return NULL;
}

/* The value of "{NAME}" or "{NAME.N}", whose @len bytes are between the braces, into @buf. */
static const char *value_of(const struct lab *lab, const char *text, size_t len,
			    char buf[static IP4_STR])
{
	const char *dot = memchr(text, '.', len);
	const struct lab_variable *var = find(lab, text, dot ? (size_t)(dot - text) : len);
	unsigned long n;
	char *end;

	if (!var || !dot)
		return var ? var->value : NULL;
	n = strtoul(dot + 1, &end, 10);
	if (!var->subnet.plen || end != text + len || dot[1] < '0' || dot[1] > '9' ||
	    n >= 1ul << (32 - var->subnet.plen))
		return NULL;
	return ip4_format(ip4_nth(var->subnet, (uint32_t)n), buf);
}

static const char *replaced(struct lab *lab, const char *text)
{
	char *result = NULL, buf[IP4_STR], *copy;
	size_t size, len;
	FILE *out = open_memstream(&result, &size);

	if (!out)
		return text;
	for (const char *at; (at = strchr(text, '{')); text = at) {
		const char *value;

		fwrite(text, 1, (size_t)(at - text), out);
		len = strcspn(at + 1, "{}");
		value = at[1 + len] == '}' ? value_of(lab, at + 1, len, buf) : NULL;
		if (value)
			fputs(value, out);
		else
			fputc('{', out);
		at += value ? len + 2 : 1;
	}
	fputs(text, out);
	fclose(out);
	copy = lab_strndup(lab, result, size);
	free(result);
	return copy ? copy : text;
}

const char *lab_with_values(const struct lab *lab, const char *text)
{
	return replaced((struct lab *)lab, text);
}

static void put_into(struct lab *lab, struct yaml_tree *t)
{
	if (t->kind == YAML_SCALAR && strchr(t->text, '{'))
		t->text = replaced(lab, t->text);
	for (struct yaml_tree *v = t->first; v; v = v->next)
		put_into(lab, v);
}

void lab_variables(struct schema *s, struct yaml_tree *file, const char *seed)
{
	const struct yaml_tree *t = yaml_member(file, "variables");

	if (!t || !schema_kind(s, t, YAML_MAP, "variables"))
		return;
	s->lab->variables = lab_alloc(s->lab, t->n, sizeof(*s->lab->variables));
	for (const struct yaml_tree *v = t->first; s->lab->variables && v; v = v->next) {
		struct lab_variable *var = &s->lab->variables[s->lab->n_variables];

		read_key_name(s, v, &var->name);
		if (var->name.s && strchr(var->name.s, '.'))
			lab_error(s->errors, v->key_pos,
				  "a variable's name has no dot: {%.30s.1} would be an address of "
				  "it",
				  var->name.s);
		draw_value(s, v, seed, var);
		s->lab->n_variables += var->name.s != NULL;
	}
	for (struct yaml_tree *v = file->first; v; v = v->next)
		if (v != t)
			put_into(s->lab, v);
}

static void say_variable(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct variable_rule rule = {0};
	json_t *me = s->say;

	(void)out;
	json_object_set_new(schema_says_or(s), "type",
			    json_pack("[s, s, s]", "string", "number", "boolean"));
	s->say = schema_says_or(s);
	read_rule(s, t, &rule);
	s->say = me;
}

/* Reading was done by lab_variables(); the row is there for the schema. */
void read_variables(struct schema *s, const struct yaml_tree *t, void *out)
{
	if (s->say)
		schema_names(s, t, "variables", say_variable, out);
}
