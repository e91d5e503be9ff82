/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/copy.h"
#include "client/ctl.h"
#include "lib/addr.h"
#include "lib/base64.h"

void copy_tell(const struct copy *c, uint64_t done, uint64_t total)
{
	if (c->progress)
		c->progress(c->ctx, done, total);
}

int copy_name(const char *from, const char *to, bool into, char name[NAME_MAX + 1], struct err *err)
{
	const char *path = into ? from : to, *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	if (!base[0] || !strcmp(base, ".") || !strcmp(base, "..") || strlen(base) > NAME_MAX)
		return err_set(err, -EINVAL, "say what it is to be called: '%.80s' is no name",
			       path);
	memcpy(name, base, strlen(base) + 1);
	return 0;
}

static json_int_t send_exec(struct copy *c, char *command, const struct copy_extra *extra,
			    struct err *err)
{
	char *input = extra->input ? base64(extra->input, extra->len) : NULL;
	json_int_t id;

	if (!command || (extra->input && !input)) {
		free(command);
		free(input);
		return err_set(err, -ENOMEM, "out of memory");
	}
	id = client_send(c->client, c->vm ? "vm.exec" : "ns.exec",
			 json_pack("{s:s, s:s, s:i, s:s*, s:s*}", c->vm ? "vm" : "name", c->node,
				   "command", command, "timeout_s", COPY_TIMEOUT_S, "input", input,
				   "undo", extra->undo),
			 err);
	free(command);
	free(input);
	return id;
}

/* A node's words are shown as one line without control characters. */
static json_t *result_of(struct copy *c, json_int_t id, struct err *err)
{
	json_t *r = client_wait(c->client, id, err);
	const char *words;
	char shown[200];
	json_int_t status;

	if (!r)
		return NULL;
	status = jint(r, "status");
	if (!status)
		return r;
	words = jstr(r, "stderr");
	str_escape(words, strcspn(words, "\n"), shown, sizeof(shown));
	err_set(err, -EIO, "%s: %s", c->shown,
		status == 124 ? "no answer in time"
		: shown[0]    ? shown
			      : "the command failed");
	json_decref(r);
	return NULL;
}

json_t *copy_exec_with(struct copy *c, char *command, const struct copy_extra *extra,
		       struct err *err)
{
	json_int_t id = send_exec(c, command, extra, err);

	return id < 0 ? NULL : result_of(c, id, err);
}

json_t *copy_exec(struct copy *c, char *command, struct err *err)
{
	return copy_exec_with(c, command, &(struct copy_extra){0}, err);
}

char *copy_undo(const char *path)
{
	char *command;

	return asprintf(&command, "rm -f %s; sleep 1; rm -f %s", path, path) < 0 ? NULL : command;
}

void copy_keep(struct copy *c)
{
	struct err ignored;

	json_decref(client_call(c->client, "undo.drop", NULL, &ignored));
}

json_t *copy_oldest(struct copy *c, struct copy_window *w, struct err *err)
{
	json_int_t id = w->ids[0];

	memmove(w->ids, w->ids + 1, --w->n * sizeof(w->ids[0]));
	return result_of(c, id, err);
}

int copy_start(struct copy *c, struct copy_window *w, char *command, struct err *err)
{
	json_int_t id;

	assert(w->n < COPY_AHEAD);
	id = send_exec(c, command, &(struct copy_extra){0}, err);
	if (id < 0)
		return (int)id;
	w->ids[w->n++] = id;
	return 0;
}

void copy_drop(struct copy *c, struct copy_window *w)
{
	struct err ignored;

	while (w->n)
		json_decref(copy_oldest(c, w, &ignored));
}
