/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "lab/up.h"
#include "client/ctl.h"

enum { RUN_TIMEOUT_S = 60 };

int up_call(struct lab_run *r, const char *method, json_t *params, struct err *err)
{
	json_t *result = client_call(r->client, method, params, err);

	json_decref(result);
	return result ? 0 : err->code;
}

int up_run(struct lab_run *r, const char *method, const char *key, const char *name,
	   const char *command, struct err *err)
{
	json_t *result = client_call(r->client, method,
				     json_pack("{s:s, s:s, s:i}", key, name, "command", command,
					       "timeout_s", RUN_TIMEOUT_S),
				     err);
	const char *words;
	char shown[200];
	int status, rc = 0;

	if (!result)
		return err_wrap(err, "%s: `%.60s`", name, command);
	status = (int)jint(result, "status");
	words = *jstr(result, "stderr") ? jstr(result, "stderr") : jstr(result, "stdout");
	if (status)
		rc = err_set(err, -EIO, "%s: `%.100s` ended with status %d: %s", name, command,
			     status, str_escape(words, strcspn(words, "\n"), shown, sizeof(shown)));
	json_decref(result);
	return rc;
}

bool up_in_background(const char *command)
{
	size_t len = strlen(command);

	while (len && (command[len - 1] == ' ' || command[len - 1] == '\n'))
		len--;
	return len && command[len - 1] == '&';
}
