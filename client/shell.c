/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client/shell.h"

#include <stdlib.h>
#include <string.h>

char *shell_quoted(const char *text)
{
	char *out = malloc(4 * strlen(text) + 3), *p = out;

	if (!out)
		return NULL;
	*p++ = '\'';
	for (; *text; text++) {
		if (*text == '\'')
			p = stpcpy(p, "'\\''");
		else
			*p++ = *text;
	}
	*p++ = '\'';
	*p = 0;
	return out;
}
