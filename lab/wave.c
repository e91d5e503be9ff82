/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/wave.h"

#include <errno.h>
#include <string.h>

#include "client/ctl.h"
#include "lab/node.h"

enum { RUN_TIMEOUT_S = 60 };

void wave_begin(struct wave *w, struct lab_run *r, struct err *err)
{
	w->r = r;
	w->n = 0;
	w->rc = 0;
	w->err = err;
}

static void failed(struct wave *w, int code, const struct err *err)
{
	if (w->rc)
		return;
	w->rc = code;
	if (w->err)
		*w->err = *err;
}

static void collect(struct wave *w);

static void send_one(struct wave *w, const char *who, const char *what, const char *method,
		     json_t *params)
{
	struct err err = {0};
	json_int_t id;

	if (w->n == WAVE_MAX)
		collect(w);
	if (w->rc) {
		json_decref(params);
		return;
	}
	id = client_send(w->r->client, method, params, &err);
	if (id < 0) {
		failed(w, (int)id, &err);
		return;
	}
	w->ids[w->n] = id;
	w->who[w->n] = who;
	w->what[w->n++] = what;
}

void wave_call(struct wave *w, const char *who, const char *method, json_t *params)
{
	send_one(w, who, NULL, method, params);
}

void wave_exec(struct wave *w, const struct lab_node *node, const char *command)
{
	send_one(w, node->name.s, command, node->kind == LAB_VM ? "vm.exec" : "ns.exec",
		 node_exec_params(node, command, RUN_TIMEOUT_S, true));
}

/* A command that ran: did it work? */
static int judge(const struct wave *w, size_t i, const json_t *result, struct err *err)
{
	int status = (int)jint(result, "status");
	const char *words = jstr(result, "stderr");
	char shown[200];

	if (!status)
		return 0;
	if (!*words)
		words = jstr(result, "stdout");
	return err_set(err, -EIO, "%s: `%.100s` ended with status %d: %s", w->who[i], w->what[i],
		       status, str_escape(words, strcspn(words, "\n"), shown, sizeof(shown)));
}

static void collect(struct wave *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct err err = {0};
		json_t *result = client_wait(w->r->client, w->ids[i], &err);
		int rc = result ? 0 : err.code;

		if (!result && w->what[i])
			err_wrap(&err, "%s: `%.60s`", w->who[i], w->what[i]);
		else if (!result)
			err_wrap(&err, "%s", w->who[i]);
		else if (w->what[i])
			rc = judge(w, i, result, &err);
		if (rc)
			failed(w, rc, &err);
		json_decref(result);
		if (rc == -EINTR)
			break;
	}
	w->n = 0;
}

int wave_end(struct wave *w)
{
	collect(w);
	return w->rc;
}
