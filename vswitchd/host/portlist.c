/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/host/portlist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool portlist_is_empty(const struct portlist *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->bits); i++)
		if (l->bits[i])
			return false;
	return true;
}

/* The port at *@text, which is moved past it; -1 when there is none. */
static long take_port(const char **text)
{
	char *end;
	long n;

	if (**text < '0' || **text > '9')
		return -1;
	n = strtol(*text, &end, 10);
	*text = end;
	return n <= 65535 ? n : -1;
}

int portlist_parse(struct portlist *l, const char *text)
{
	*l = (struct portlist){0};
	while (*text && *text != '\n') {
		long first = take_port(&text), last = first;

		if (first >= 0 && *text == '-') {
			text++;
			last = take_port(&text);
		}
		if (first < 0 || last < first)
			return -EINVAL;
		for (long port = first; port <= last; port++)
			portlist_add(l, (uint16_t)port);
		if (*text == ',')
			text++;
		else if (*text && *text != '\n')
			return -EINVAL;
	}
	return 0;
}

char *portlist_text(const struct portlist *l)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	const char *comma = "";

	for (uint32_t port = 0; f && port <= 65535; port++) {
		uint32_t first = port;

		if (!portlist_has(l, (uint16_t)port))
			continue;
		while (port < 65535 && portlist_has(l, (uint16_t)(port + 1)))
			port++;
		fprintf(f, first == port ? "%s%u" : "%s%u-%u", comma, first, port);
		comma = ",";
	}
	if (f && fclose(f) != 0) {
		free(text);
		text = NULL;
	}
	return text;
}
