/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * yaml.c - libyaml events to a tree.
 *
 * Recursive descent over the event stream, bounded in depth (DEPTH_MAX) and in members
 * (TREE_MAX), so that a hostile file costs little. An error of libyaml's ends the reading; errors
 * of ours (anchors, tags, duplicate keys) are noted and reading goes on.
 */
#include "lab/yaml.h"

#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 12, TREE_MAX = 5000 };

struct reader {
	yaml_parser_t parser;
	struct lab *lab;
	struct lab_errors *errors;
	unsigned int n;
	bool failed, package;
};

static struct lab_pos place(yaml_mark_t mark)
{
	return (struct lab_pos){(unsigned int)mark.line + 1, (unsigned int)mark.column + 1};
}

static void fail(struct reader *r, struct lab_pos pos, const char *text)
{
	if (!r->failed)
		lab_error(r->errors, pos, "%s", text);
	r->failed = true;
}

/* A bracket or quote that is not closed is noticed far away, at times at the file's end: the place
 * where it begins is the one to look at. */
static bool begins_elsewhere(const yaml_parser_t *p)
{
	return (strstr(p->context, "flow") || strstr(p->context, "quoted")) &&
	       p->context_mark.line < p->problem_mark.line;
}

static void syntax_error(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct lab_pos pos = place(p->problem_mark);
	const char *problem = p->problem ? p->problem : "unreadable";

	if (r->failed)
		return;
	r->failed = true;
	if (r->package)
		lab_error(
			r->errors, (struct lab_pos){0},
			"a package, not a topology file: `vnetctl lab unpack %s` makes a lab of it",
			r->errors->file ? r->errors->file : "FILE");
	else if (p->error == YAML_READER_ERROR)
		lab_error(r->errors, (struct lab_pos){0},
			  "not a text file in UTF-8: %s at byte %zu", problem, p->problem_offset);
	else if (strstr(problem, "cannot start any token"))
		lab_error(r->errors, pos,
			  "not valid YAML here: indent with spaces, not tabs, and put text with "
			  "special characters in quotes");
	else if (p->context && begins_elsewhere(p))
		lab_error(
			r->errors, place(p->context_mark),
			"not valid YAML: %s that begins here does not end: %s, noticed in line %u",
			p->context, problem, pos.line);
	else if (p->context)
		lab_error(r->errors, pos, "not valid YAML: %s, %s that began in line %zu", problem,
			  p->context, p->context_mark.line + 1);
	else
		lab_error(r->errors, pos, "not valid YAML: %s", problem);
}

static bool next_event(struct reader *r, yaml_event_t *ev)
{
	if (r->failed)
		return false;
	if (yaml_parser_parse(&r->parser, ev))
		return true;
	syntax_error(r);
	return false;
}

static struct yaml_tree *tree_new(struct reader *r, enum yaml_kind kind, const yaml_event_t *ev)
{
	struct yaml_tree *t = ++r->n <= TREE_MAX ? lab_alloc(r->lab, 1, sizeof(*t)) : NULL;

	if (!t) {
		fail(r, place(ev->start_mark),
		     r->n > TREE_MAX ? "the file has too many values" : "out of memory");
		return NULL;
	}
	t->kind = kind;
	t->pos = place(ev->start_mark);
	return t;
}

static void refuse(struct reader *r, const yaml_event_t *ev, const yaml_char_t *anchor,
		   const yaml_char_t *tag)
{
	if (anchor)
		lab_error(r->errors, place(ev->start_mark),
			  "anchors (&%s) are not used here: write the value out",
			  (const char *)anchor);
	if (tag)
		lab_error(r->errors, place(ev->start_mark),
			  "tags (%s) are not used here: leave it out", (const char *)tag);
}

/* Does a character begin at @p that is no text: a control character but newline and tab, one of the
 * C1 set (U+0080 to U+009F), or one that turns the direction of what follows (U+202A to U+202E,
 * U+2066 to U+2069; Unicode TR 36, 2.5)? @p ends with a NUL, and is UTF-8: libyaml has seen to
 * that. */
static bool is_control(const unsigned char *p)
{
	if (*p < 0x20 || *p == 0x7f)
		return *p != '\n' && *p != '\t';
	if (*p == 0xc2)
		return p[1] < 0xa0;
	if (*p != 0xe2)
		return false;
	return (p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
	       (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

/* Text reaches terminals and shells. */
static bool text_clean(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_control((const unsigned char *)text + i))
			return false;
	return true;
}

static struct yaml_tree *read_scalar(struct reader *r, const yaml_event_t *ev)
{
	struct yaml_tree *t = tree_new(r, YAML_SCALAR, ev);
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;

	if (!t)
		return NULL;
	refuse(r, ev, ev->data.scalar.anchor, ev->data.scalar.tag);
	if (!text_clean(text, len)) {
		lab_error(r->errors, t->pos, "a control character in the text");
		len = 0;
	}
	t->text = lab_strndup(r->lab, text, len);
	if (!t->text)
		fail(r, t->pos, "out of memory");
	return t;
}

static struct yaml_tree *read_value(struct reader *r, yaml_event_t *ev, unsigned int depth);

static void append(struct yaml_tree *parent, struct yaml_tree **last, struct yaml_tree *child)
{
	if (*last)
		(*last)->next = child;
	else
		parent->first = child;
	*last = child;
	parent->n++;
}

static bool is_duplicate(struct reader *r, const struct yaml_tree *map,
			 const struct yaml_tree *child)
{
	for (const struct yaml_tree *t = map->first; t; t = t->next)
		if (!strcmp(t->key, child->key)) {
			lab_error(r->errors, child->key_pos,
				  "'%s' is here twice, first in line %u: keep one", child->key,
				  t->key_pos.line);
			return true;
		}
	return false;
}

static void read_list(struct reader *r, struct yaml_tree *list, unsigned int depth)
{
	struct yaml_tree *last = NULL;
	yaml_event_t ev;

	while (next_event(r, &ev)) {
		bool end = ev.type == YAML_SEQUENCE_END_EVENT;
		struct yaml_tree *child = end ? NULL : read_value(r, &ev, depth);

		yaml_event_delete(&ev);
		if (end)
			return;
		if (child)
			append(list, &last, child);
	}
}

/* The key of the next member, as a scalar tree; NULL at the end of the map. */
static struct yaml_tree *read_key(struct reader *r, unsigned int depth)
{
	struct yaml_tree *key;
	yaml_event_t ev;

	if (!next_event(r, &ev))
		return NULL;
	key = ev.type == YAML_MAPPING_END_EVENT ? NULL : read_value(r, &ev, depth);
	yaml_event_delete(&ev);
	if (key && key->kind != YAML_SCALAR) {
		fail(r, key->pos, "a key must be a word");
		return NULL;
	}
	return key;
}

static void read_map(struct reader *r, struct yaml_tree *map, unsigned int depth)
{
	struct yaml_tree *key, *value, *last = NULL;
	yaml_event_t ev;

	while ((key = read_key(r, depth)) && next_event(r, &ev)) {
		value = read_value(r, &ev, depth);
		yaml_event_delete(&ev);
		if (!value || !key->text)
			return;
		value->key = key->text;
		value->key_pos = key->pos;
		/* Whoever walks the tree may rely on each key being there once. */
		if (!is_duplicate(r, map, value))
			append(map, &last, value);
	}
}

static struct yaml_tree *read_value(struct reader *r, yaml_event_t *ev, unsigned int depth)
{
	struct yaml_tree *t = NULL;

	if (depth == DEPTH_MAX) {
		fail(r, place(ev->start_mark), "nested too deeply");
		return NULL;
	}
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r, ev);
	case YAML_SEQUENCE_START_EVENT:
		refuse(r, ev, ev->data.sequence_start.anchor, ev->data.sequence_start.tag);
		t = tree_new(r, YAML_LIST, ev);
		if (t)
			read_list(r, t, depth + 1);
		return t;
	case YAML_MAPPING_START_EVENT:
		refuse(r, ev, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
		t = tree_new(r, YAML_MAP, ev);
		if (t)
			read_map(r, t, depth + 1);
		return t;
	case YAML_ALIAS_EVENT:
		fail(r, place(ev->start_mark),
		     "aliases (*NAME) are not used here: write the value out");
		return NULL;
	default:
		fail(r, place(ev->start_mark), "not valid YAML: a value is missing");
		return NULL;
	}
}

static struct yaml_tree *read_documents(struct reader *r)
{
	struct yaml_tree *tree = NULL;
	unsigned int docs = 0;
	yaml_event_t ev;

	while (next_event(r, &ev)) {
		bool end = ev.type == YAML_STREAM_END_EVENT;

		if (ev.type == YAML_DOCUMENT_START_EVENT) {
			if (docs++)
				fail(r, place(ev.start_mark),
				     "a second document begins here: one file is one lab");
		} else if (ev.type != YAML_STREAM_START_EVENT && !end &&
			   ev.type != YAML_DOCUMENT_END_EVENT) {
			tree = read_value(r, &ev, 0);
		}
		yaml_event_delete(&ev);
		if (end)
			return tree;
	}
	return NULL;
}

size_t lab_bom(const char *text, size_t len)
{
	static const char mark[] = {(char)0xef, (char)0xbb, (char)0xbf}; /* RFC 3629 6 */

	return len >= sizeof(mark) && !memcmp(text, mark, sizeof(mark)) ? sizeof(mark) : 0;
}

struct yaml_tree *yaml_read(struct lab *lab, const char *text, size_t len,
			    struct lab_errors *errors)
{
	static const char zstd[] = {0x28, (char)0xb5, 0x2f, (char)0xfd}; /* RFC 8878 3.1.1 */
	struct reader r = {.lab = lab,
			   .errors = errors,
			   .package = len > sizeof(zstd) && !memcmp(text, zstd, sizeof(zstd))};
	size_t bom = lab_bom(text, len);
	struct yaml_tree *tree;

	if (!yaml_parser_initialize(&r.parser)) {
		fail(&r, (struct lab_pos){0}, "out of memory");
		return NULL;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	/* libyaml skips the mark only where it is to find out the encoding. */
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text + bom, len - bom);
	tree = read_documents(&r);
	yaml_parser_delete(&r.parser);
	return tree;
}
