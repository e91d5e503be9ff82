/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/subst.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACEHOLDER_MAX = NAME_MAX_ + 10 /* NODE.ethN.mac */ };

static bool ends(const char *text, size_t len, const char *tail)
{
	size_t n = strlen(tail);

	return len > n && !memcmp(text + len - n, tail, n);
}

/* The next "{NAME.ip}" or "{NAME.mac}" at or after @text: its first byte after the brace, *@len
 * up to the closing one. NULL when there is none. */
static const char *placeholder(const char *text, size_t *len)
{
	for (text = strchr(text, '{'); text; text = strchr(text + 1, '{')) {
		*len = strcspn(text + 1, "{} \t\n");
		if (text[1 + *len] == '}' && *len <= PLACEHOLDER_MAX &&
		    (ends(text + 1, *len, ".ip") || ends(text + 1, *len, ".mac")))
			return text + 1;
	}
	return NULL;
}

static bool resolve(const struct lab *lab, const char *text, size_t len, struct subst *out)
{
	char name[PLACEHOLDER_MAX + 1], *dot;

	memcpy(name, text, len);
	name[len] = 0;
	out->mac = ends(name, len, ".mac");
	*strrchr(name, '.') = 0;
	out->nic = -1;
	out->probe = out->mac ? NULL : lab_probe_net(lab, name);
	if (out->probe)
		return true;
	out->node = lab_node_find(lab, name);
	if (out->node) {
		out->nic = out->mac ? 0 : -1;
		return !out->mac || out->node->n_nics;
	}
	dot = strrchr(name, '.');
	if (!dot)
		return false;
	*dot = 0;
	out->node = lab_node_find(lab, name);
	out->nic = out->node ? lab_nic_index(out->node, dot + 1) : -1;
	return out->nic >= 0;
}

bool subst_known(const struct lab *lab, const char *text, char *bad, size_t size)
{
	struct subst what;
	size_t len;

	while ((text = placeholder(text, &len))) {
		if (!resolve(lab, text, len, &what)) {
			snprintf(bad, size, "%.*s", (int)len, text);
			return false;
		}
		text += len;
	}
	return true;
}

char *subst_blank(const char *text)
{
	char *result = NULL;
	size_t size, len;
	FILE *out = open_memstream(&result, &size);
	const char *at;

	if (!out)
		return NULL;
	for (; (at = placeholder(text, &len)); text = at + len + 1)
		fprintf(out, "%.*sx", (int)(at - 1 - text), text);
	fputs(text, out);
	fclose(out);
	return result;
}

char *subst_text(const struct lab *lab, const char *text, subst_value_fn *value, void *ctx,
		 const char **missing)
{
	char *result = NULL, buf[64];
	size_t size, len;
	FILE *out = open_memstream(&result, &size);
	const char *at;

	*missing = NULL;
	if (!out)
		return NULL;
	while ((at = placeholder(text, &len))) {
		struct subst what;

		fwrite(text, 1, (size_t)(at - 1 - text), out);
		if (!resolve(lab, at, len, &what) || !value(ctx, &what, buf, sizeof(buf))) {
			*missing = at - 1;
			break;
		}
		fputs(buf, out);
		text = at + len + 1;
	}
	if (!at)
		fputs(text, out);
	fclose(out);
	if (at) {
		free(result);
		return NULL;
	}
	return result;
}
