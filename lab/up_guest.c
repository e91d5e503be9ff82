/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * up_guest.c - nodes that are guests: started side by side, then waited for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/guest.h"
#include "lab/up_parts.h"
#include "lab/wave.h"
#include "client/ctl.h"

enum { BOOT_TIMEOUT_S = 300, POLL_MS = 100 };

/* Send all requests, then wait for the answers: the daemon starts guests side by side. */
int up_guests_start(struct lab_run *r, const char *file, struct err *err)
{
	const struct lab *lab = r->lab;
	json_int_t *ids = calloc(lab->n_nodes + 1, sizeof(*ids));
	const char *note = NULL;
	int rc = ids ? 0 : err_set(err, -ENOMEM, "out of memory");

	for (size_t n = 0; !rc && n < lab->n_nodes; n++) {
		json_t *params;

		if (lab->nodes[n].kind != LAB_VM || !run_wants(r, &lab->nodes[n]))
			continue;
		params = guest_params(lab, &lab->nodes[n], file, err);
		ids[n] = params ? client_send(r->client, "vm.run", params, err) : err->code;
		if (ids[n] < 0)
			rc = (int)ids[n];
		else
			progress_line(&r->progress, "guest     %s starting", lab->nodes[n].name.s);
	}
	for (size_t n = 0; ids && n < lab->n_nodes; n++) {
		struct err mine = {0};
		json_t *result = ids[n] > 0 ? client_wait(r->client, ids[n], &mine) : NULL;

		if (ids[n] > 0 && !result && !rc) {
			*err = mine;
			rc = err_wrap(err, "guest '%s'", lab->nodes[n].name.s);
		}
		if (!note && json_is_string(json_object_get(result, "note"))) {
			note = "said";
			progress_line(&r->progress, "note: %s", jstr(result, "note"));
		}
		json_decref(result);
	}
	free(ids);
	return rc;
}

/* What the guest's console said last, for the error of one that did not come up. */
static void last_words(struct lab_run *r, const char *name, char *out, size_t size)
{
	struct err ignored;
	json_t *log = client_call(r->client, "vm.log", json_pack("{s:s}", "vm", name), &ignored);
	const char *text = jstr(log, "text");
	size_t len = strlen(text), begin;

	while (len && strchr("\r\n \t", text[len - 1]))
		len--;
	for (begin = len; begin && text[begin - 1] != '\n' && len - begin < 120; begin--)
		;
	str_escape(text + begin, len - begin, out, size);
	json_decref(log);
}

/* The node that guest @vm of the daemon's is; NULL for one of another lab, or none of this run. */
static const struct lab_node *node_of(const struct lab_run *r, const json_t *vm)
{
	for (size_t n = 0; n < r->lab->n_nodes; n++)
		if (!strcmp(r->lab->nodes[n].id, jstr(vm, "name")))
			return run_wants(r, &r->lab->nodes[n]) ? &r->lab->nodes[n] : NULL;
	return NULL;
}

static int guest_dead(struct lab_run *r, const json_t *vm, struct err *err)
{
	char words[256];

	last_words(r, jstr(vm, "name"), words, sizeof(words));
	return err_set(err, -EIO, "guest '%s' %s while starting: %s (its console said last: %s)",
		       jstr(vm, "name"), jstr(vm, "state"), jstr(vm, "reason"), words);
}

/* One look at all guests: says which came up, counts the others. */
static int guests_poll(struct lab_run *r, bool up[], size_t *missing, const char **waiting,
		       struct err *err)
{
	json_t *vms = client_call(r->client, "vm.list", NULL, err), *vm;
	int rc = vms ? 0 : err->code;
	size_t i;

	*missing = 0;
	json_array_foreach (vms, i, vm) {
		const struct lab_node *node = node_of(r, vm);
		const char *state = jstr(vm, "state");
		size_t n = node ? (size_t)(node - r->lab->nodes) : 0;

		if (rc || !node || node->kind != LAB_VM || up[n])
			continue;
		if (!strcmp(state, "failed") || !strcmp(state, "stopped")) {
			rc = guest_dead(r, vm, err);
		} else if (!strcmp(state, "running")) {
			up[n] = true;
			progress_line(&r->progress, "guest     %s up (%s, booted in %.1f s)",
				      node->name.s, jstr(vm, "hypervisor"),
				      (double)jint(vm, "boot_ms") / 1000);
		} else {
			(*missing)++;
			*waiting = node->name.s;
		}
	}
	json_decref(vms);
	return rc;
}

int up_guests_wait(struct lab_run *r, struct err *err)
{
	bool *up = calloc(r->lab->n_nodes + 1, sizeof(*up));
	msec end = clock_now_ms() + BOOT_TIMEOUT_S * 1000;
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	const char *waiting = "";
	size_t missing = 1;
	char words[256];
	int rc = up ? 0 : err_set(err, -ENOMEM, "out of memory");

	while (!rc && missing) {
		rc = guests_poll(r, up, &missing, &waiting, err);
		if (rc || !missing)
			break;
		if (clock_now_ms() > end) {
			last_words(r, waiting, words, sizeof(words));
			rc = err_set(err, -ETIMEDOUT,
				     "guest '%s' did not come up in %d s (its console said last: "
				     "%s)",
				     waiting, BOOT_TIMEOUT_S, words);
			break;
		}
		progress_wait(&r->progress, "waiting for %zu guests, among them %s", missing,
			      waiting);
		if (nanosleep(&pause, NULL) < 0 && r->interrupted)
			rc = err_set(err, -EINTR, "interrupted");
	}
	free(up);
	return rc;
}

/* `cmd &` in a guest must not hold the agent's pipes open. */
static char *background(const char *command)
{
	char *text;

	if (asprintf(&text, "{ %.*s; } >/dev/null 2>&1 </dev/null &",
		     (int)(strrchr(command, '&') - command), command) < 0)
		return NULL;
	return text;
}

static int run_kth(struct lab_run *r, size_t k, struct err *err)
{
	char **texts = calloc(r->lab->n_nodes + 1, sizeof(*texts));
	struct wave w;
	int rc;

	wave_begin(&w, r, err);
	for (size_t n = 0; texts && n < r->lab->n_nodes; n++) {
		const struct lab_node *node = &r->lab->nodes[n];

		if (node->kind != LAB_VM || !run_wants(r, node) || k >= node->n_run)
			continue;
		if (up_in_background(node->run[k].s))
			texts[n] = background(node->run[k].s);
		wave_exec(&w, node, texts[n] ? texts[n] : node->run[k].s);
	}
	rc = wave_end(&w);
	for (size_t n = 0; texts && n < r->lab->n_nodes; n++)
		free(texts[n]);
	free(texts);
	return rc;
}

int up_guests_run(struct lab_run *r, struct err *err)
{
	size_t most = 0;
	int rc = up_files(r, LAB_VM, err);

	for (size_t n = 0; n < r->lab->n_nodes; n++)
		if (r->lab->nodes[n].kind == LAB_VM && run_wants(r, &r->lab->nodes[n]))
			most = MAX(most, r->lab->nodes[n].n_run);
	for (size_t k = 0; !rc && k < most; k++)
		rc = run_kth(r, k, err);
	return rc;
}
