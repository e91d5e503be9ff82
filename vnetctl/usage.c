/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnetctl/usage.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the bracket that opens at @p closes; at the end of the text when it does not. */
static const char *bracket_end(const char *p)
{
	size_t depth = 0;

	for (; *p; p++) {
		depth += (*p == '[') - (*p == ']');
		if (!depth)
			break;
	}
	return p;
}

/* One token from @p on, up to white space outside brackets. Returns what is behind it. */
static const char *token_read(const char *p, char out[static USAGE_TOKEN_MAX])
{
	const char *from = p, *close;

	for (; *p && !isspace((unsigned char)*p); p += *p != 0)
		if (*p == '[')
			p = bracket_end(p);
	close = *from == '[' ? bracket_end(from) : NULL;
	/* "[NODE...]" is as good as what is in it, "[TOPIC]..." too; "[ADDR:]PORT" is not. */
	if (close && *close && strchr(" \n.", close[1]))
		snprintf(out, USAGE_TOKEN_MAX, "%.*s%s", (int)(close - from - 1), from + 1,
			 close[1] == '.' ? "..." : "");
	else
		snprintf(out, USAGE_TOKEN_MAX, "%.*s", (int)(p - from), from);
	return p + strspn(p, " \n");
}

void usage_read(struct usage *u, const char *line, size_t len)
{
	char *copy = strndup(line, len);

	u->n = 0;
	for (const char *p = copy; p && *p && u->n < USAGE_TOKENS_MAX;)
		p = token_read(p, u->tokens[u->n++]);
	free(copy);
}

const char *usage_next(const char *line, size_t *len)
{
	const char *nl = strstr(line, "\n       vnetctl "), *bar = strstr(line, " | del ");

	if (nl && (!bar || nl < bar)) {
		*len = (size_t)(nl - line);
		for (int skip = 0; skip < 3; skip++)
			nl = strchr(nl + strspn(nl, "\n "), ' ');
		return nl + 1;
	}
	*len = bar ? (size_t)(bar - line) : strlen(line);
	return bar ? bar + strlen(" | ") : NULL;
}

bool usage_is_option(const char *token)
{
	return *token == '-' && token[1];
}

bool usage_is_setting(const char *token)
{
	return strchr(token, '=') != NULL;
}

bool usage_is_literal(const char *token)
{
	return *token >= 'a' && *token <= 'z' && !usage_is_setting(token);
}

static bool is_positional(const char *token)
{
	return *token && !usage_is_option(token) && !usage_is_setting(token) && *token != '|' &&
	       strcmp(token, "...") != 0;
}

/* Is @word one of the words of "on|off", or the first of "src MAC|ADDRESS"? */
static bool is_one_of(const char *word, const char *token)
{
	size_t len = strlen(word);

	for (; *token && *token != ' '; token += strcspn(token, "| ")) {
		token += *token == '|';
		if (!strncmp(token, word, len) && strchr("| ", token[len]))
			return true;
	}
	return false;
}

bool usage_option(const struct usage *u, const char *word, const char **value)
{
	for (size_t i = 0; i < u->n; i++) {
		const char *token = u->tokens[i];
		size_t len = strcspn(token, " ");

		if (!usage_is_option(token) || strlen(word) != len ||
		    strncmp(word, token, len) != 0)
			continue;
		*value = token[len] ? token + len + 1 : NULL;
		/* "--lab FILE" that must be given has no brackets to hold the two together. */
		if (!*value && i + 1 < u->n && *u->tokens[i + 1] >= 'A' && *u->tokens[i + 1] <= 'Z')
			*value = u->tokens[i + 1];
		return true;
	}
	return false;
}

size_t usage_positional(const struct usage *u, size_t at, const char *word)
{
	for (; at < u->n; at++) {
		const char *token = u->tokens[at];
		bool option_value = at && usage_is_option(u->tokens[at - 1]) &&
				    strcmp(u->tokens[at - 1], "--") != 0 &&
				    !strchr(u->tokens[at - 1], ' ') && *token >= 'A' &&
				    *token <= 'Z';

		if (!is_positional(token) || option_value)
			continue;
		if (word && usage_is_literal(token) && !is_one_of(word, token))
			return u->n;
		return at;
	}
	return u->n;
}

bool usage_repeats(const char *token)
{
	size_t len = strlen(token);

	return len > 3 && !strcmp(token + len - 3, "...");
}
