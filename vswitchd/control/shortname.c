/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/control/shortname.h"

#include <errno.h>
#include <string.h>

void short_name_look(struct short_name *s, const char *lab, const char *full, void *obj)
{
	size_t len = strlen(lab);

	if (!len || strncmp(full, lab, len) || full[len] != '.' || strcmp(full + len + 1, s->name))
		return;
	if (s->n++)
		s->second = full;
	else
		s->first = full;
	s->found = obj;
}

int short_name_end(const struct short_name *s, void **out, struct err *err)
{
	if (s->n > 1)
		return err_set(err, -EINVAL,
			       "%u labs have a %s \"%s\": say which by its full name, \"%s\" or "
			       "\"%s\"",
			       s->n, s->kind, s->name, s->first, s->second);
	*out = s->found;
	return 0;
}
