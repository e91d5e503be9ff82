/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/schema.h"

#include <stdlib.h>
#include <string.h>

#include "lib/nearest.h"
#include "lib/setting_names.h"

static const char *kind_word(enum yaml_kind kind)
{
	static const char *const words[] = {"a single value", "a list", "a map (KEY: VALUE)"};

	return words[kind];
}

bool schema_kind(struct schema *s, const struct yaml_tree *t, enum yaml_kind kind, const char *what)
{
	if (t->kind == kind)
		return true;
	lab_error(s->errors, t->pos, "%s must be %s, not %s", what, kind_word(kind),
		  kind_word(t->kind));
	return false;
}

/* ---- saying what a file may have --------------------------------------------------------------
 */

/* Stands for the value that is not there while a schema is said: one member, with no content. */
static struct yaml_tree nothing(const char *key)
{
	return (struct yaml_tree){.kind = YAML_MAP, .key = key, .n = 1};
}

static json_t *say_member(json_t *parent, const char *group, const char *key)
{
	json_t *props = json_object_get(parent, group), *one = json_object();

	if (!props) {
		props = json_object();
		json_object_set_new(parent, group, props);
	}
	json_object_set_new(props, key, one);
	return one;
}

static void say_setting(json_t *one)
{
	json_object_set_new(one, "type",
			    json_pack("[s, s, s, s]", "string", "boolean", "integer", "array"));
}

static void say_map(struct schema *s, const struct schema_key *keys, void *out,
		    const struct schema_more *more)
{
	json_t *me = s->say;

	json_object_set_new(me, "type", json_string("object"));
	json_object_set_new(me, "additionalProperties", json_false());
	for (; keys->name; keys++) {
		struct yaml_tree t = nothing(keys->name);

		s->say = say_member(me, "properties", keys->name);
		keys->read(s, &t, (char *)out + keys->offset);
	}
	for (size_t i = 0; more && more->names[i]; i++)
		say_setting(say_member(me, "properties", more->names[i]));
	s->say = me;
}

static void say_item(struct schema *s, const char *type, const char *key, schema_read_fn *item,
		     void *out)
{
	struct yaml_tree t = nothing("name");
	json_t *me = s->say;

	json_object_set_new(me, "type", json_string(type));
	s->say = json_object();
	json_object_set_new(me, key, s->say);
	item(s, &t, out);
	s->say = me;
}

bool schema_says_text(struct schema *s, const char *pattern)
{
	if (!s->say)
		return false;
	/* What a file writes without quotes may be a number or truth value to an editor. */
	if (pattern) {
		json_object_set_new(s->say, "type", json_string("string"));
		json_object_set_new(s->say, "pattern", json_string(pattern));
	} else {
		json_object_set_new(s->say, "type",
				    json_pack("[s, s, s]", "string", "number", "boolean"));
	}
	return true;
}

json_t *schema_says_or(struct schema *s)
{
	json_t *list = json_object_get(s->say, "anyOf"), *one = json_object();

	if (!list) {
		list = json_array();
		json_object_set_new(s->say, "anyOf", list);
	}
	json_array_append_new(list, one);
	return one;
}

void schema_says_required(struct schema *s, const char *keys)
{
	json_t *list = json_array();

	for (size_t len; s->say && *keys; keys += len + (keys[len] == ' ')) {
		len = strcspn(keys, " ");
		json_array_append_new(list, json_stringn(keys, len));
	}
	if (s->say)
		json_object_set(s->say, "required", list);
	json_decref(list);
}

/* ---- maps and lists -------------------------------------------------------------------------- */

static void unknown_key(struct schema *s, const struct yaml_tree *t, const char *what,
			const struct schema_key *keys, const struct schema_more *more)
{
	const char *names[SCHEMA_KEYS_MAX + 1] = {NULL};
	const char *near;
	char list[768] = "";
	size_t len = 0, n = 0;

	for (; n < SCHEMA_KEYS_MAX && keys[n].name; n++)
		names[n] = keys[n].name;
	for (size_t i = 0; more && n < SCHEMA_KEYS_MAX && more->names[i]; i++)
		names[n++] = more->names[i];
	for (size_t i = 0; i < n && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
					names[i]);
	near = nearest_word(t->key, names);
	if (near)
		lab_error_fix(s->errors, t->key_pos, t->key, near,
			      "unknown key '%s' in %s: did you mean '%s'?", t->key, what, near);
	else
		lab_error(s->errors, t->key_pos, "unknown key '%s' in %s: it may have %s", t->key,
			  what, list);
}

/* "[10, 20]" is "10,20" for the daemon. */
static const char *joined(struct schema *s, const struct yaml_tree *t)
{
	const char *text = "", *item;

	for (const struct yaml_tree *v = t->first; text && v; v = v->next) {
		item = schema_scalar(s, v);
		if (!item)
			return NULL;
		text = lab_printf(s->lab, "%s%s%s", text, *text ? "," : "", item);
	}
	if (text && *text)
		return text;
	lab_error(s->errors, t->pos, "'%s' has no value", t->key);
	return NULL;
}

static void read_setting(struct schema *s, const struct yaml_tree *t, size_t max,
			 struct lab_settings *out)
{
	const char *v = t->kind == YAML_LIST ? joined(s, t) : schema_scalar(s, t);

	if (!out->v)
		out->v = lab_alloc(s->lab, max, sizeof(*out->v));
	/* YAML's other words for a truth (schema of read_flag()). */
	if (v && (!strcmp(v, "true") || !strcmp(v, "yes")))
		v = "on";
	else if (v && (!strcmp(v, "false") || !strcmp(v, "no")))
		v = "off";
	if (v && out->v)
		out->v[out->n++] = (struct lab_setting){t->key, {v, t->pos}};
}

void schema_map(struct schema *s, const struct yaml_tree *t, const char *what,
		const struct schema_key *keys, void *out)
{
	schema_map_more(s, t, what, keys, out, NULL);
}

void schema_map_more(struct schema *s, const struct yaml_tree *t, const char *what,
		     const struct schema_key *keys, void *out, const struct schema_more *more)
{
	if (s->say) {
		say_map(s, keys, out, more);
		return;
	}
	if (!schema_kind(s, t, YAML_MAP, what))
		return;
	for (const struct yaml_tree *v = t->first; v; v = v->next) {
		const struct schema_key *key = keys;

		while (key->name && strcmp(key->name, v->key))
			key++;
		if (key->name)
			key->read(s, v, (char *)out + key->offset);
		else if (more && setting_name_in(more->names, v->key))
			read_setting(s, v, t->n, more->out);
		else
			unknown_key(s, v, what, keys, more);
	}
}

static bool each(struct schema *s, const struct yaml_tree *t, enum yaml_kind kind, const char *what,
		 schema_read_fn *item, void *out)
{
	if (s->say) {
		say_item(s, kind == YAML_LIST ? "array" : "object",
			 kind == YAML_LIST ? "items" : "additionalProperties", item, out);
		return true;
	}
	if (!schema_kind(s, t, kind, what))
		return false;
	for (const struct yaml_tree *v = t->first; v; v = v->next)
		item(s, v, out);
	return true;
}

bool schema_list(struct schema *s, const struct yaml_tree *t, const char *what,
		 schema_read_fn *item, void *out)
{
	return each(s, t, YAML_LIST, what, item, out);
}

bool schema_names(struct schema *s, const struct yaml_tree *t, const char *what,
		  schema_read_fn *item, void *out)
{
	return each(s, t, YAML_MAP, what, item, out);
}

const struct yaml_tree *yaml_member(const struct yaml_tree *t, const char *key)
{
	const struct yaml_tree *v = t->kind == YAML_MAP ? t->first : NULL;

	while (v && strcmp(v->key, key) != 0)
		v = v->next;
	return v;
}

/* ---- scalars --------------------------------------------------------------------------------- */

const char *schema_word(struct schema *s, const struct yaml_tree *t, const char *what,
			const char *const *words)
{
	const char *v, *near;
	char list[256] = "";
	size_t len = 0;

	for (size_t i = 0; s->say && words[i]; i++) {
		if (!i)
			json_object_set_new(s->say, "enum", json_array());
		json_array_append_new(json_object_get(s->say, "enum"), json_string(words[i]));
	}
	v = s->say ? NULL : schema_scalar(s, t);
	for (size_t i = 0; v && words[i]; i++) {
		if (!strcmp(v, words[i]))
			return words[i];
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
						!i	       ? ""
						: words[i + 1] ? ", "
							       : " or ",
						words[i]);
	}
	near = v ? nearest_word(v, words) : NULL;
	if (near)
		lab_error_fix(s->errors, t->pos, v, near, "unknown %s '%s': did you mean '%s'?",
			      what, v, near);
	else if (v)
		lab_error(s->errors, t->pos, "unknown %s '%s': write %s", what, v, list);
	return NULL;
}

const char *schema_scalar(struct schema *s, const struct yaml_tree *t)
{
	if (!schema_kind(s, t, YAML_SCALAR, t->key ? t->key : "an item of this list"))
		return NULL;
	if (*t->text)
		return t->text;
	if (t->key)
		lab_error(s->errors, t->pos, "'%s' has no value", t->key);
	else
		lab_error(s->errors, t->pos, "an empty item");
	return NULL;
}

void read_text(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_text *text = out;
	const char *v = schema_says_text(s, NULL) ? NULL : schema_scalar(s, t);

	if (v)
		*text = (struct lab_text){v, t->pos};
}

static bool name_ok(struct schema *s, struct lab_pos pos, const char *name)
{
	if (name_valid(name))
		return true;
	lab_error(
		s->errors, pos,
		"'%s' is not a name: letters, digits, '-', '_' and '.', beginning with a letter or "
		"digit, at most %d",
		name, NAME_MAX_);
	return false;
}

void read_name(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_text *text = out;
	const char *v =
		schema_says_text(s, "^[A-Za-z0-9][A-Za-z0-9_.-]*$") ? NULL : schema_scalar(s, t);

	if (v && name_ok(s, t->pos, v))
		*text = (struct lab_text){v, t->pos};
}

void read_key_name(struct schema *s, const struct yaml_tree *t, struct lab_text *name)
{
	struct yaml_tree key = {.kind = YAML_SCALAR, .pos = t->key_pos, .text = t->key};

	if (s->say)
		return;
	read_name(s, &key, name);
}

void read_addr(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_addr *addr = out;
	const char *v = schema_says_text(s, "^[0-9.{}a-zA-Z_-]+$") ? NULL : schema_scalar(s, t);

	if (!v)
		return;
	addr->pos = t->pos;
	addr->given = !ip4_parse(v, &addr->a);
	if (!addr->given)
		lab_error(s->errors, t->pos, "'%s' is not an IPv4 address: write it as 10.0.2.1",
			  v);
}

static const char *slash24(const char *addr, char buf[static IP4_PREFIX_STR])
{
	snprintf(buf, IP4_PREFIX_STR, "%.15s/24", addr);
	return buf;
}

void read_prefix(struct schema *s, const struct yaml_tree *t, void *out)
{
	struct lab_prefix *prefix = out;
	const char *v = schema_says_text(s, NULL) ? NULL : schema_scalar(s, t);
	char right[IP4_PREFIX_STR];
	be32 bare;

	if (!v)
		return;
	prefix->pos = t->pos;
	prefix->given = !ip4_prefix_parse(v, &prefix->p);
	if (prefix->given)
		return;
	if (!ip4_parse(v, &bare))
		lab_error_fix(s->errors, t->pos, v, slash24(v, right),
			      "'%s' lacks its prefix length: write %s/24", v, v);
	else
		lab_error(
			s->errors, t->pos,
			"'%s' is not an IPv4 address with a prefix length: write it as 10.0.2.1/24",
			v);
}

void read_flag(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const char *const yes[] = {"true", "on", "yes", NULL};
	static const char *const no[] = {"false", "off", "no", NULL};
	struct lab_flag *flag = out;
	const char *v;

	if (s->say) {
		json_object_set_new(
			s->say, "enum",
			json_pack("[b, b, s, s, s, s]", 1, 0, "on", "off", "yes", "no"));
		return;
	}
	v = schema_scalar(s, t);
	if (!v)
		return;
	for (size_t i = 0; yes[i]; i++)
		if (!strcmp(v, yes[i]) || !strcmp(v, no[i])) {
			*flag = (struct lab_flag){!strcmp(v, yes[i]), true, t->pos};
			return;
		}
	lab_error(s->errors, t->pos, "'%s' is neither true nor false", v);
}

struct unit {
	const char *word;
	unsigned long factor;
};

/* Digits, then one of @units (a row with an empty word: a bare number is right). */
static bool quantity(const char *text, const struct unit *units, unsigned int *out)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long v = strtoul(text, NULL, 10);

	if (!digits || digits > 9)
		return false;
	for (; units->word; units++) {
		if (strcmp(units->word, text + digits) || v > UINT32_MAX / units->factor)
			continue;
		*out = (unsigned int)(v * units->factor);
		return true;
	}
	return false;
}

static void say_quantity(struct schema *s, const struct unit *units)
{
	char pattern[128];
	size_t n = (size_t)snprintf(pattern, sizeof(pattern), "^[0-9]+(");

	if (!*units->word) {
		json_object_set_new(s->say, "type", json_string("integer"));
		return;
	}
	for (const struct unit *u = units; u->word && n < sizeof(pattern); u++)
		n += (size_t)snprintf(pattern + n, sizeof(pattern) - n, "%s%s%s",
				      u == units ? "" : "|", u->word, u[1].word ? "" : ")$");
	schema_says_text(s, pattern);
}

static bool all_digits(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

static void read_quantity(struct schema *s, const struct yaml_tree *t, struct lab_number *n,
			  const struct unit *units, const char *example, const char *default_unit)
{
	const char *v;
	char right[64];

	if (s->say) {
		say_quantity(s, units);
		return;
	}
	v = schema_scalar(s, t);
	if (!v)
		return;
	n->pos = t->pos;
	n->given = quantity(v, units, &n->v);
	if (n->given)
		return;
	if (default_unit && all_digits(v)) {
		snprintf(right, sizeof(right), "%.32s%s", v, default_unit);
		lab_error_fix(s->errors, t->pos, v, right, "'%s' lacks its unit: write %s", v,
			      right);
	} else {
		lab_error(s->errors, t->pos, "'%s' is not %s", v, example);
	}
}

/* ---- quantities ------------------------------------------------------------------------------ */

void read_number(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct unit units[] = {{"", 1}, {0}};

	read_quantity(s, t, out, units, "a whole number", NULL);
}

void read_mib(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct unit units[] = {{"MiB", 1}, {"GiB", 1024}, {0}};

	read_quantity(s, t, out, units, "an amount of memory: write it as 128MiB or 1GiB", "MiB");
}

void read_ms(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {0}};

	read_quantity(s, t, out, units, "a time: write it as 500ms, 20s or 2min", "s");
}

void read_seconds(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct unit units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {0}};

	read_quantity(s, t, out, units, "a time: write it as 600s, 10min or 1h", "s");
}

void read_kbit(struct schema *s, const struct yaml_tree *t, void *out)
{
	static const struct unit units[] = {{"kbit", 1}, {"Mbit", 1000}, {"Gbit", 1000000}, {0}};

	read_quantity(s, t, out, units, "a rate: write it as 800kbit, 10Mbit or 1Gbit", "Mbit");
}

void check_range(struct schema *s, struct lab_number *n, const char *what, unsigned int lo,
		 unsigned int hi)
{
	if (!n->given || (n->v >= lo && n->v <= hi))
		return;
	lab_error(s->errors, n->pos, "%s must be from %u to %u", what, lo, hi);
	n->given = false;
}

bool read_range(struct schema *s, const struct yaml_tree *t, struct lab_addr *first,
		struct lab_addr *last)
{
	const char *v = schema_says_text(s, "^[0-9.]+-[0-9.]+$") ? NULL : schema_scalar(s, t);
	char from[IP4_STR];
	const char *dash = v ? strchr(v, '-') : NULL;

	if (!v)
		return false;
	if (dash && (size_t)(dash - v) < sizeof(from)) {
		memcpy(from, v, (size_t)(dash - v));
		from[dash - v] = 0;
		first->pos = last->pos = t->pos;
		first->given = last->given =
			!ip4_parse(from, &first->a) && !ip4_parse(dash + 1, &last->a);
		if (first->given)
			return true;
	}
	lab_error(s->errors, t->pos,
		  "'%s' is not a range of addresses: write it as 10.0.2.100-10.0.2.199", v);
	return false;
}

struct lab_text *read_texts(struct schema *s, const struct yaml_tree *t, const char *what,
			    size_t *n)
{
	size_t count = t->kind == YAML_LIST ? t->n : 1;
	struct lab_text *texts;

	*n = 0;
	if (s->say) {
		json_object_set_new(schema_says_or(s), "type", json_string("string"));
		json_object_update_new(schema_says_or(s),
				       json_pack("{s:s, s:{s:[s, s, s]}}", "type", "array", "items",
						 "type", "string", "number", "boolean"));
		return NULL;
	}
	if (t->kind == YAML_MAP) {
		schema_kind(s, t, YAML_LIST, what);
		return NULL;
	}
	texts = lab_alloc(s->lab, count, sizeof(*texts));
	for (const struct yaml_tree *v = t->kind == YAML_LIST ? t->first : t; texts && v;
	     v = t->kind == YAML_LIST ? v->next : NULL) {
		read_text(s, v, &texts[*n]);
		if (texts[*n].s)
			(*n)++;
	}
	return texts;
}
