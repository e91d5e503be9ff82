/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr.h"
#include "vswitchd/switch/vlan_ids.h"

/* Digits at *@text, 1 to 4094; moves it past them. */
static bool read_id(const char **text, uint16_t *id)
{
	unsigned int n = 0, digits = 0;

	for (; **text >= '0' && **text <= '9' && digits < 5; (*text)++, digits++)
		n = n * 10 + (unsigned int)(**text - '0');
	*id = (uint16_t)n;
	return digits && n >= 1 && n <= VLAN_ID_MAX;
}

static int bad_text(const char *text, const char *wants, struct err *err)
{
	char shown[80];

	return err_set(err, -EINVAL, "\"%s\" is not %s",
		       str_escape(text, strlen(text), shown, sizeof(shown)), wants);
}

int vlan_id_parse(const char *text, uint16_t *id, struct err *err)
{
	const char *at = text;
	uint16_t n;

	if (!read_id(&at, &n) || *at)
		return bad_text(text, "a VLAN id, 1 to 4094", err);
	*id = n;
	return 0;
}

/* "30" or "30-39" at *@text. */
static bool read_range(const char **text, struct vlan_ids *ids)
{
	uint16_t first, last;

	if (!read_id(text, &first))
		return false;
	last = first;
	if (**text == '-') {
		(*text)++;
		if (!read_id(text, &last) || last < first)
			return false;
	}
	for (uint16_t id = first; id <= last; id++)
		vlan_ids_add(ids, id);
	return true;
}

int vlan_ids_parse(const char *text, struct vlan_ids *ids, struct err *err)
{
	struct vlan_ids new = {0};
	const char *at = text;

	if (!strcmp(text, "all"))
		at = "1-4094";
	while (read_range(&at, &new)) {
		if (!*at) {
			*ids = new;
			return 0;
		}
		if (*at != ',' && *at != '+')
			break;
		at++;
	}
	return bad_text(text, "VLAN ids (1 to 4094) like 10,20,30-39", err);
}

static size_t put_range(char *text, size_t size, bool first, uint16_t from, uint16_t to)
{
	const char *comma = first ? "" : ",";
	int n = from == to ? snprintf(text, size, "%s%u", comma, from)
			   : snprintf(text, size, "%s%u-%u", comma, from, to);

	return MIN((size_t)n, size ? size - 1 : 0);
}

char *vlan_ids_format(const struct vlan_ids *ids, char *text, size_t size)
{
	uint16_t id = 1, from;
	size_t n = 0;

	snprintf(text, size, "none");
	while (id <= VLAN_ID_MAX) {
		from = id;
		while (id <= VLAN_ID_MAX && vlan_ids_has(ids, id))
			id++;
		if (id > from)
			n += put_range(text + n, size - n, n == 0, from, (uint16_t)(id - 1));
		id++;
	}
	if (!strcmp(text, "1-4094"))
		snprintf(text, size, "all");
	return text;
}
