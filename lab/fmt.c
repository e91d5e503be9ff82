/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fmt.c - rewrites white space, and nothing else.
 *
 * libyaml's scanner says where each token stands and when a block begins and ends. From that comes
 * the depth of each line; between two tokens of a line there is the space that belongs there, and
 * what the scanner skipped (comments) is kept. A line that begins inside of something (a flow
 * collection, a text of several lines) moves by as much as the line where that began.
 *
 * Marks count characters, so the text is worked on as an array of places where characters begin.
 */
#include "lab/fmt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 64, INDENT = 2 };

/* Something that can be seen: its characters from..to. */
struct piece {
	yaml_token_type_t type;
	size_t from, to;
	size_t line, column;
	unsigned int depth; /* of blocks */
	unsigned int flow;  /* of brackets, before it */
	bool key;	    /* the first of a key, or of an item */
};

struct fmt {
	const char *text;
	size_t *at; /* where each character begins, and the end */
	size_t n_chars;
	struct piece *pieces;
	size_t n, size;
	/* while scanning */
	bool implicit[DEPTH_MAX]; /* a list that is not deeper than its key */
	unsigned int depth, flow;
	FILE *out;
};

static bool chars_index(struct fmt *f, size_t len)
{
	f->at = malloc((len + 2) * sizeof(*f->at));
	for (size_t i = 0; f->at && i < len; i++)
		if (((unsigned char)f->text[i] & 0xc0) != 0x80)
			f->at[f->n_chars++] = i;
	if (f->at)
		f->at[f->n_chars] = len;
	return f->at;
}

/* ---- scanning -------------------------------------------------------------------------------- */

static bool piece_add(struct fmt *f, const yaml_token_t *t)
{
	struct piece *p;

	if (f->n == f->size) {
		f->size = f->size ? 2 * f->size : 256;
		p = realloc(f->pieces, f->size * sizeof(*p));
		if (!p)
			return false;
		f->pieces = p;
	}
	p = &f->pieces[f->n++];
	*p = (struct piece){t->type,
			    t->start_mark.index,
			    t->end_mark.index,
			    t->start_mark.line,
			    t->start_mark.column,
			    f->depth,
			    f->flow,
			    false};
	/* The mark of a text of several lines may lie behind the line's end. */
	while (p->to > p->from && strchr(" \n\r\t", f->text[f->at[p->to - 1]]))
		p->to--;
	return true;
}

static bool open_block(struct fmt *f, bool implicit)
{
	if (f->depth + 1 >= DEPTH_MAX)
		return false;
	f->implicit[++f->depth] = implicit;
	return true;
}

static bool scan_token(struct fmt *f, const yaml_token_t *t)
{
	switch (t->type) {
	case YAML_BLOCK_MAPPING_START_TOKEN:
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
		return open_block(f, false);
	case YAML_BLOCK_END_TOKEN:
		while (f->depth && f->implicit[f->depth])
			f->depth--;
		f->depth -= f->depth > 0;
		return true;
	case YAML_KEY_TOKEN:
		while (!f->flow && f->depth && f->implicit[f->depth])
			f->depth--;
		return t->start_mark.index == t->end_mark.index || piece_add(f, t);
	case YAML_BLOCK_ENTRY_TOKEN:
		/* "key:\n- item": the list is a block that the scanner does not announce. */
		if (f->n && f->pieces[f->n - 1].type == YAML_VALUE_TOKEN &&
		    t->start_mark.line > f->pieces[f->n - 1].line && f->depth &&
		    f->pieces[f->n - 1].depth == f->depth && !open_block(f, true))
			return false;
		return piece_add(f, t);
	case YAML_FLOW_MAPPING_START_TOKEN:
	case YAML_FLOW_SEQUENCE_START_TOKEN:
		if (!piece_add(f, t))
			return false;
		f->flow++;
		return true;
	case YAML_FLOW_MAPPING_END_TOKEN:
	case YAML_FLOW_SEQUENCE_END_TOKEN:
		f->flow -= f->flow > 0;
		return piece_add(f, t);
	case YAML_SCALAR_TOKEN:
	case YAML_VALUE_TOKEN:
	case YAML_FLOW_ENTRY_TOKEN:
		return piece_add(f, t);
	default:
		return true;
	}
}

static int scan(struct fmt *f, size_t len, struct err *err)
{
	yaml_parser_t parser;
	bool end = false;
	int rc = 0;

	if (!yaml_parser_initialize(&parser))
		return err_set(err, -ENOMEM, "out of memory");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)f->text, len);
	while (!end && !rc) {
		yaml_token_t t;

		if (!yaml_parser_scan(&parser, &t)) {
			rc = err_set(err, -EINVAL,
				     "not valid YAML in line %zu: `vnetctl lab validate` says what "
				     "is wrong",
				     parser.problem_mark.line + 1);
			break;
		}
		end = t.type == YAML_STREAM_END_TOKEN;
		if (!scan_token(f, &t))
			rc = err_set(err, -E2BIG, "nested too deeply");
		yaml_token_delete(&t);
	}
	yaml_parser_delete(&parser);
	return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void spaces(struct fmt *f, long n)
{
	while (n-- > 0)
		fputc(' ', f->out);
}

/* Characters from..to of a token that may have several lines; those after the first move by @shift.
 */
static void write_token(struct fmt *f, size_t from, size_t to, long shift)
{
	const char *p = f->text + f->at[from], *end = f->text + f->at[to];

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl ? nl : end, *trim = stop;
		size_t indent;

		while (nl && trim > p && (trim[-1] == ' ' || trim[-1] == '\r'))
			trim--;
		fwrite(p, 1, (size_t)(trim - p), f->out);
		if (!nl)
			return;
		fputc('\n', f->out);
		p = nl + 1;
		indent = strspn(p, " ");
		if (p + indent < end && p[indent] != '\n') {
			spaces(f, MAX((long)indent + shift, 0));
			p += indent;
		} else {
			p += indent;
		}
	}
}

/* How far the lines of a block of text ("|", ">") move, so that they are one depth below what they
 * belong to. One that says its own indentation moves with its line. */
static long text_shift(const struct fmt *f, const struct piece *p, long shift)
{
	const char *text = f->text + f->at[p->from], *line = strchr(text, '\n');

	if ((*text != '|' && *text != '>') || strcspn(text, "123456789") < strcspn(text, "\n"))
		return shift;
	while (line && line[1 + strspn(line + 1, " ")] == '\n')
		line = strchr(line + 1, '\n');
	return line ? (long)p->depth * INDENT - (long)strspn(line + 1, " ") : shift;
}

static bool opens(yaml_token_type_t t)
{
	return t == YAML_FLOW_MAPPING_START_TOKEN || t == YAML_FLOW_SEQUENCE_START_TOKEN;
}

static bool closes(yaml_token_type_t t)
{
	return t == YAML_FLOW_MAPPING_END_TOKEN || t == YAML_FLOW_SEQUENCE_END_TOKEN;
}

static bool space_between(const struct piece *a, const struct piece *b)
{
	if (b->type == YAML_VALUE_TOKEN || b->type == YAML_FLOW_ENTRY_TOKEN || closes(b->type))
		return false;
	return !opens(a->type);
}

/* The comments and empty lines between characters @from and @to, of which the first line goes on
 * the line that is being written; own lines get @indent. */
static void write_gap(struct fmt *f, size_t from, size_t to, long indent, bool first)
{
	const char *p = f->text + f->at[from], *end = f->text + f->at[to];
	bool blank = false, rest = !first;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;

		while (p < stop && (*p == ' ' || *p == '\t'))
			p++;
		while (stop > p && (stop[-1] == ' ' || stop[-1] == '\r'))
			stop--;
		if (*p == '#' && p < stop) {
			if (blank)
				fputc('\n', f->out);
			spaces(f, rest ? 1 : indent);
			fwrite(p, 1, (size_t)(stop - p), f->out);
			fputc('\n', f->out);
			blank = false;
		} else if (rest && nl) {
			fputc('\n', f->out);
		} else if (nl) {
			blank = true;
		}
		rest = false;
		p = nl ? nl + 1 : end;
	}
	if (blank && to < f->n_chars && !first)
		fputc('\n', f->out);
}

static bool new_line(const struct fmt *f, size_t from, size_t to)
{
	return memchr(f->text + f->at[from], '\n', f->at[to] - f->at[from]);
}

static void write_all(struct fmt *f)
{
	const struct piece *pieces = f->pieces;
	long shift = 0, indent;
	size_t last = 0;

	for (size_t i = 0; pieces && i < f->n; i++) {
		const struct piece *p = &pieces[i], *before = i ? p - 1 : NULL;
		bool starts = !before || new_line(f, last, p->from);

		if (starts) {
			bool inside = p->flow > 0;

			indent = inside ? MAX((long)p->column + shift, 0)
					: (long)(p->depth ? p->depth - 1 : 0) * INDENT;
			/* A value on a line of its own is deeper than its key. */
			if (!inside && p->type == YAML_SCALAR_TOKEN && before &&
			    before->type == YAML_VALUE_TOKEN && p->depth == before->depth &&
			    (i + 1 == f->n || f->pieces[i + 1].type != YAML_VALUE_TOKEN))
				indent += INDENT;
			write_gap(f, last, p->from, indent, !before);
			spaces(f, indent);
			if (!inside)
				shift = indent - (long)p->column;
		} else if (space_between(before, p)) {
			fputc(' ', f->out);
		}
		write_token(f, p->from, p->to,
			    p->type == YAML_SCALAR_TOKEN && !p->flow ? text_shift(f, p, shift)
								     : shift);
		last = p->to;
	}
	write_gap(f, last, f->n_chars, 0, !f->n);
}

/* ---- does it mean the same? -------------------------------------------------------------------
 */

static bool same(const struct yaml_tree *a, const struct yaml_tree *b)
{
	if (!a || !b || a->kind != b->kind || a->n != b->n)
		return a == b;
	if (a->key && strcmp(a->key, b->key) != 0)
		return false;
	if (a->kind == YAML_SCALAR)
		return !strcmp(a->text, b->text);
	for (a = a->first, b = b->first; a && b; a = a->next, b = b->next)
		if (!same(a, b))
			return false;
	return a == b;
}

static bool same_meaning(const char *x, size_t nx, const char *y, size_t ny)
{
	struct lab_errors ex = {.file = ""}, ey = {.file = ""};
	struct lab *lab = lab_create();
	const struct yaml_tree *tx, *ty;
	bool result;

	if (!lab)
		return false;
	tx = yaml_read(lab, x, nx, &ex);
	ty = yaml_read(lab, y, ny, &ey);
	result = ex.n == ey.n && tx && same(tx, ty);
	lab_errors_fini(&ex);
	lab_errors_fini(&ey);
	lab_destroy(lab);
	return result;
}

char *lab_fmt(const char *text, size_t len, struct err *err)
{
	size_t bom = lab_bom(text, len);
	struct fmt f = {.text = text += bom};
	char *result = NULL;
	size_t size = 0;
	int rc;

	len -= bom;
	rc = chars_index(&f, len) ? scan(&f, len, err) : err_set(err, -ENOMEM, "out of memory");
	f.out = rc ? NULL : open_memstream(&result, &size);
	if (f.out) {
		write_all(&f);
		fclose(f.out);
	}
	if (result && !same_meaning(text, len, result, size)) {
		err_set(err, -EINVAL,
			"this file is written in a way that can't be rewritten safely: it is left "
			"as it is");
		free(result);
		result = NULL;
	}
	free(f.at);
	free(f.pieces);
	return result;
}
