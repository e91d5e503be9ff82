/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_life.c - labs come and go: up, down, reset, power, pause, resume, link.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/change.h"
#include "lab/preflight.h"
#include "lab/wave.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/lab_verbs.h"

static struct lab_run *interrupt_target;

static void interrupt_cb(int sig)
{
	(void)sig;
	interrupt_target->interrupted = true;
}

/* From here on Ctrl-C ends the bringing up, which then is undone, not this process. */
static void catch_interrupts(struct lab_run *r)
{
	struct sigaction sa = {.sa_handler = interrupt_cb};

	interrupt_target = r;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	client_interruptible(r->client, true);
}

static int bring_up(struct ctl *c, struct lab *lab, const char *path, const char *text)
{
	struct lab_run r = {.client = ctl_client(c), .lab = lab};
	char *full = realpath(path, NULL);
	struct err err;
	int rc;

	if (!r.client || !full) {
		free(full);
		return CTL_FAILED;
	}
	r.file = full;
	progress_init(&r.progress, c->json ? NULL : stdout);
	catch_interrupts(&r);
	rc = lab_preflight(&r, &err);
	if (!rc)
		rc = lab_up(&r, text, &err);
	free(full);
	if (rc)
		return ctl_fail(&err);
	if (c->json)
		return ctl_print_json(json_pack("{s:s, s:f}", "lab", lab->name.s, "seconds",
						progress_seconds(&r.progress)));
	return CTL_OK;
}

int lab_up_run(struct ctl *c, int argc, char **argv)
{
	struct lab_options options = {0};
	const struct lab_option opts[] = {{"name", &options.name, NULL},
					  {"seed", &options.seed, NULL},
					  {"kind", &options.kind, NULL},
					  {0}};
	const char *words[WORDS_MAX];
	struct lab *lab;
	char *text;
	int n, rc = lab_words(c, opts, argc, argv, 1, 1, words, &n);

	if (!rc)
		rc = lab_kind_word(c, options.kind);
	if (rc)
		return rc;
	if (options.name && !name_valid(options.name))
		return ctl_usage(c, "'%s' is not a name", options.name);
	lab = lab_from_file(words[0], &options, &text);
	if (!lab)
		return CTL_FAILED;
	rc = bring_up(c, lab, words[0], text);
	free(text);
	lab_destroy(lab);
	return rc;
}

int lab_down_run(struct ctl *c, int argc, char **argv)
{
	struct progress p;
	bool found = false;
	struct err err;
	char *name;
	int rc;

	if (argc > 1)
		return ctl_usage(c, "wants one lab at most");
	if (!ctl_client(c))
		return CTL_FAILED;
	name = lab_name(c, argc ? argv[0] : NULL);
	if (!name)
		return CTL_FAILED;
	progress_init(&p, c->json ? NULL : stdout);
	rc = lab_down(c->client, name, false, &p, &found, &err);
	if (!rc && c->json)
		ctl_print_json(json_pack("{s:s, s:b, s:f}", "lab", name, "was_up", found, "seconds",
					 progress_seconds(&p)));
	else if (!rc && found)
		progress_line(&p, "lab       %s down", name);
	else if (!rc)
		printf("lab '%s' was not up\n", name);
	free(name);
	return rc ? ctl_fail(&err) : CTL_OK;
}

/* ---- a lab that is up ------------------------------------------------------------------------ */

struct running {
	struct lab_run r;
	struct lab *lab;
	json_t *record;
	bool *only;
};

static void running_close(struct running *u)
{
	lab_destroy(u->lab);
	json_decref(u->record);
	free(u->only);
}

/* The lab that @name means, and of its nodes those that @nodes (@n of them; none: all) name. */
static bool running_open(struct ctl *c, struct running *u, const char *name, char **nodes, int n)
{
	memset(u, 0, sizeof(*u));
	u->lab = ctl_client(c) ? lab_running(c, name, &u->record) : NULL;
	u->r.client = c->client;
	u->r.lab = u->lab;
	u->r.file = jstr(u->record, "file");
	u->only = u->lab ? calloc(u->lab->n_nodes + 1, sizeof(*u->only)) : NULL;
	progress_init(&u->r.progress, c->json ? NULL : stdout);
	for (int i = 0; u->only && i < n; i++) {
		const struct lab_node *node = lab_node_find(u->lab, nodes[i]);

		if (!node) {
			fprintf(stderr, "vnetctl: lab '%s' has no node '%s'\n", name, nodes[i]);
			running_close(u);
			return false;
		}
		u->only[node - u->lab->nodes] = true;
	}
	u->r.only = n ? u->only : NULL;
	if (u->only)
		return true;
	running_close(u);
	return false;
}

static int running_end(struct ctl *c, struct running *u, int rc, const struct err *err)
{
	if (!rc && c->json)
		ctl_print_json(json_pack("{s:s}", "lab", u->lab->name.s));
	running_close(u);
	return rc ? ctl_fail(err) : CTL_OK;
}

int lab_reset_run(struct ctl *c, int argc, char **argv)
{
	struct running u;
	struct err err;
	int rc;

	if (argc < 1)
		return ctl_usage(c, "wants a lab, and then nodes of it or none");
	if (!running_open(c, &u, argv[0], argv + 1, argc - 1))
		return CTL_FAILED;
	rc = lab_reset(&u.r, &err);
	if (!rc)
		progress_line(&u.r.progress, "lab       %s: %s new", u.lab->name.s,
			      argc > 1 ? "these nodes are" : "all nodes are");
	return running_end(c, &u, rc, &err);
}

int lab_power_run(struct ctl *c, int argc, char **argv)
{
	bool on = argc == 3 && !strcmp(argv[2], "on");
	struct running u;
	struct err err;
	int rc;

	if (argc != 3 || (!on && strcmp(argv[2], "off")))
		return ctl_usage(c, "wants a lab, a node, and on or off");
	if (!running_open(c, &u, argv[0], argv + 1, 1))
		return CTL_FAILED;
	rc = lab_power(&u.r, lab_node_find(u.lab, argv[1]), on, &err);
	if (!rc)
		progress_line(&u.r.progress, "node      %s is %s", argv[1], argv[2]);
	return running_end(c, &u, rc, &err);
}

static int set_paused(struct ctl *c, int argc, char **argv, bool on)
{
	struct running u;
	struct err err;
	struct wave w;
	int rc;

	if (argc < 1)
		return ctl_usage(c, "wants a lab, and then nodes of it or none");
	if (!running_open(c, &u, argv[0], argv + 1, argc - 1))
		return CTL_FAILED;
	wave_begin(&w, &u.r, &err);
	for (size_t i = 0; i < u.lab->n_nodes; i++) {
		const struct lab_node *node = &u.lab->nodes[i];
		bool vm = node->kind == LAB_VM;

		if (run_wants(&u.r, node))
			wave_call(&w, node->name.s,
				  vm ? (on ? "vm.pause" : "vm.resume")
				     : (on ? "ns.pause" : "ns.resume"),
				  json_pack("{s:s}", vm ? "vm" : "name", node->id));
	}
	rc = wave_end(&w);
	return running_end(c, &u, rc, &err);
}

int lab_pause_run(struct ctl *c, int argc, char **argv)
{
	return set_paused(c, argc, argv, true);
}

int lab_resume_run(struct ctl *c, int argc, char **argv)
{
	return set_paused(c, argc, argv, false);
}

int lab_link_run(struct ctl *c, int argc, char **argv)
{
	bool up = argc == 3 && !strcmp(argv[2], "up");
	const char *port;
	struct running u;
	struct err err;
	int rc = 0;

	if (argc != 3 || (!up && strcmp(argv[2], "down")))
		return ctl_usage(c, "wants a lab, an interface or a cable, and up or down");
	if (!running_open(c, &u, argv[0], NULL, 0))
		return CTL_FAILED;
	port = lab_port_of(u.lab, argv[1]);
	if (!port)
		rc = err_set(&err, -1, "lab '%s' has no interface and no cable '%s'%s%s%s", argv[0],
			     argv[1], lab_node_find(u.lab, argv[1]) ? ": say which, as " : "",
			     lab_node_find(u.lab, argv[1]) ? argv[1] : "",
			     lab_node_find(u.lab, argv[1]) ? ".eth0" : "");
	else {
		json_t *r = client_call(c->client, up ? "port.up" : "port.down",
					json_pack("{s:s}", "port", port), &err);

		rc = r ? 0 : err.code;
		json_decref(r);
	}
	if (!rc)
		progress_line(&u.r.progress, "cable     %s is %s", argv[1], argv[2]);
	return running_end(c, &u, rc, &err);
}
