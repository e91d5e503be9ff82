/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "lab/up_parts.h"

int up_call(struct lab_run *r, const char *method, json_t *params, struct err *err)
{
	json_t *result = client_call(r->client, method, params, err);

	json_decref(result);
	return result ? 0 : err->code;
}

bool up_in_background(const char *command)
{
	size_t len = strlen(command);

	while (len && (command[len - 1] == ' ' || command[len - 1] == '\n'))
		len--;
	return len && command[len - 1] == '&';
}
