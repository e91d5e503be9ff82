/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grade.c - a process for each hand-in, a few at a time.
 *
 * A worker brings the teacher's lab up under a name of its own with the student's seed, restores
 * the work, runs all checks (hidden ones too), takes the lab down and writes the mark into a pipe.
 * It shares nothing with the others but the daemon, so a hand-in that breaks its worker costs its
 * own mark only. Labs of a grading that was killed are recognised by their names and removed.
 */
#include "lab/grade.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "client/ctl.h"
#include "lab/check.h"
#include "lab/parse.h"
#include "lab/preflight.h"
#include "lab/report.h"
#include "lab/save.h"

#define GRADE_PREFIX "grade-"
enum { JOBS_MAX = 64, LABS_PER_CPU = 4, MEMORY_SHARE = 2, SPARE_SHARE = 16 };

struct worker {
	pid_t pid; /* 0: free */
	int fd;
	size_t index; /* of the hand-in */
	char *text;
	size_t len;
};

/* A network that the host can have only once, with this subnet or at all; NULL: there is none. */
static const struct lab_net *only_once(const struct lab *lab)
{
	for (size_t i = 0; i < lab->n_nets; i++) {
		const struct lab_net *net = &lab->nets[i];

		if (net->mode == LAB_BRIDGE || (net->mode == LAB_HOST_ONLY && net->subnet.given) ||
		    (net->mode == LAB_NAT && net->subnet.given &&
		     !(net->host.given && !net->host.v)))
			return net;
	}
	return NULL;
}

unsigned int grade_jobs(const struct lab *lab, unsigned int want, char *why, size_t size)
{
	/* Half of the free memory: the other half is for what they do. A lab mostly waits, so a CPU
	 * does for a few. */
	unsigned int need = MAX(lab_memory_mib(lab), 1u), free_mib = host_memory_mib();
	unsigned int by_memory = free_mib / MEMORY_SHARE / need;
	unsigned int by_cpus = host_cpus() * LABS_PER_CPU;
	unsigned int jobs = MAX(MIN(MIN(by_memory, by_cpus), (unsigned int)JOBS_MAX), 1u);
	const struct lab_net *net = only_once(lab);

	if (net) {
		snprintf(why, size, "network '%s' (%s) can be there only once%s", net->name.s,
			 lab_mode_word(net->mode),
			 net->mode == LAB_BRIDGE ? ""
			 : net->mode == LAB_NAT	 ? ": 'host: off', or no subnet, lets them go "
						   "side by side"
						 : ": without a subnet they go side by side");
		return 1;
	}
	if (want && want <= jobs)
		snprintf(why, size, "as asked for");
	else
		snprintf(why, size, "%u CPUs are good for %u; %u MiB are free, one takes up to %u",
			 host_cpus(), by_cpus, free_mib, need);
	return want ? MIN(want, jobs) : jobs;
}

/* Is there memory for one more beside the @n that run? Some of them have not taken theirs yet. */
static bool room_for_one(const struct grade *g, unsigned int begin_mib, unsigned int n)
{
	unsigned int free_mib = host_memory_mib();
	unsigned int taken = begin_mib > free_mib ? begin_mib - free_mib : 0;
	unsigned int to_come = n * g->memory_mib > taken ? n * g->memory_mib - taken : 0;

	return !n || free_mib > to_come + g->memory_mib + begin_mib / SPARE_SHARE;
}

/* ---- one hand-in, in a process of its own ---------------------------------------------------- */

static json_t *failed_mark(const char *path, const struct package *p, const char *error)
{
	return json_pack(
		"{s:s, s:s?, s:s?, s:i, s:i, s:i, s:i, s:[], s:s, s:[]}", "file", path, "student",
		p ? json_string_value(json_object_get(p->manifest, "student")) : NULL, "seed",
		p ? json_string_value(json_object_get(p->manifest, "seed")) : NULL, "points", 0,
		"points_max", 0, "passed", 0, "failed", 0, "failed_ids", "error", error, "checks");
}

static json_t *mark_of(const char *path, const struct package *p, json_t *results)
{
	struct check_sum sum = {0};
	json_t *ids = json_array(), *result;
	size_t i;

	json_array_foreach (results, i, result) {
		check_sum_add(&sum, result);
		if (!strcmp(jstr(result, "result"), "fail"))
			json_array_append(ids, json_object_get(result, "id"));
	}
	return json_pack("{s:s, s:s?, s:s?, s:I, s:I, s:I, s:I, s:o, s:n, s:o}", "file", path,
			 "student", json_string_value(json_object_get(p->manifest, "student")),
			 "seed", json_string_value(json_object_get(p->manifest, "seed")), "points",
			 sum.points, "points_max", sum.points_max, "passed", (json_int_t)sum.passed,
			 "failed", (json_int_t)sum.failed, "failed_ids", ids, "error", "checks",
			 results);
}

static json_t *grade_lab(struct lab_run *r, const struct grade *g, const char *path,
			 const struct package *p)
{
	const struct check_options all = {.hidden = true};
	struct err err = {0}, ignored;
	json_t *mark;

	if (lab_up(r, g->text, &err))
		return failed_mark(path, p, err.text);
	mark = lab_restore(r, p, &err) ? failed_mark(path, p, err.text)
				       : mark_of(path, p, lab_check(r, &all, NULL, NULL));
	lab_down(r->client, r->lab->name.s, true, &r->progress, NULL, &ignored);
	return mark;
}

static json_t *grade_one(const struct grade *g, const char *path, const char *name)
{
	struct lab_errors errors = {.file = g->file};
	struct lab_options options = {.name = name, .kind = g->kind};
	struct lab_run r = {.file = g->file};
	struct err err = {0};
	struct package *p = package_read(path, &err);
	struct lab *lab = NULL;
	json_t *mark = NULL;

	if (p) {
		options.seed = json_string_value(json_object_get(p->manifest, "seed"));
		lab = lab_parse(g->text, strlen(g->text), &options, &errors);
		r.client = client_open(g->socket, &err);
	}
	r.lab = lab;
	if (p && !lab)
		mark = failed_mark(path, p, errors.n ? errors.items[0].text : "out of memory");
	else if (lab && r.client)
		mark = grade_lab(&r, g, path, p);
	else
		mark = failed_mark(path, p, err.text);
	lab_errors_fini(&errors);
	client_close(r.client);
	lab_destroy(lab);
	package_destroy(p);
	return mark;
}

static _Noreturn void work(const struct grade *g, const char *path, size_t index, int fd)
{
	FILE *out = fdopen(fd, "w");
	char name[NAME_MAX_ + 1];
	json_t *mark;

	snprintf(name, sizeof(name), GRADE_PREFIX "%d-%zu", (int)getppid(), index % 1000);
	/* Who interrupts the grading ends all of it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	mark = grade_one(g, path, name);
	if (out && mark) {
		json_dumpf(mark, out, 0);
		fclose(out);
	}
	_exit(0);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int start(const struct grade *g, struct worker *w, char **paths, size_t index,
		 struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "can't make a pipe");
	fflush(stdout);
	w->pid = fork();
	if (w->pid == 0) {
		close(fds[0]);
		work(g, paths[index], index, fds[1]);
	}
	close(fds[1]);
	w->fd = fds[0];
	w->index = index;
	w->text = NULL;
	w->len = 0;
	if (w->pid > 0)
		return 0;
	close(fds[0]);
	w->pid = 0;
	return err_sys(err, -errno, "can't fork");
}

/* Take what the worker says; true when it has ended. */
static bool listen_to(struct worker *w)
{
	char buf[8192], *grown;
	ssize_t n = read(w->fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return false;
	if (n <= 0)
		return true;
	grown = realloc(w->text, w->len + (size_t)n);
	if (grown) {
		memcpy(grown + w->len, buf, (size_t)n);
		w->text = grown;
		w->len += (size_t)n;
	}
	return false;
}

static void finish(struct grade *g, struct worker *w, char **paths, json_t **marks)
{
	json_error_t why;
	json_t *mark = w->text ? json_loadb(w->text, w->len, 0, &why) : NULL;

	waitpid(w->pid, NULL, 0);
	close(w->fd);
	free(w->text);
	w->pid = 0;
	if (!mark)
		mark = failed_mark(paths[w->index], NULL, "its grading ended without a mark");
	if (g->tell)
		g->tell(g->ctx, paths[w->index], mark);
	marks[w->index] = mark;
}

static unsigned int running(const struct worker *w, unsigned int n)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < n; i++)
		count += w[i].pid > 0;
	return count;
}

/* Wait until somebody says something. */
static void turn(struct grade *g, struct worker *w, unsigned int n, char **paths, json_t **marks)
{
	struct pollfd fds[JOBS_MAX];

	for (unsigned int i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = w[i].pid > 0 ? w[i].fd : -1, .events = POLLIN};
	if (poll(fds, n, -1) <= 0)
		return;
	for (unsigned int i = 0; i < n; i++)
		if (fds[i].revents && listen_to(&w[i]))
			finish(g, &w[i], paths, marks);
}

json_t *grade_all(struct grade *g, char **paths, size_t n, struct err *err)
{
	struct worker w[JOBS_MAX] = {0};
	json_t **marks = calloc(n + 1, sizeof(*marks)), *list;
	unsigned int begin_mib = host_memory_mib();
	size_t next = 0;
	int rc = 0;

	if (!marks) {
		err_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	while (!rc && (next < n || running(w, g->jobs))) {
		bool wait = false;
		msec since;

		for (unsigned int i = 0; !rc && !wait && i < g->jobs && next < n; i++) {
			if (w[i].pid)
				continue;
			wait = !room_for_one(g, begin_mib, running(w, g->jobs));
			if (!wait)
				rc = start(g, &w[i], paths, next++, err);
		}
		since = clock_now_ms();
		turn(g, w, g->jobs, paths, marks);
		g->waited_ms += wait ? clock_now_ms() - since : 0;
	}
	while (running(w, g->jobs))
		turn(g, w, g->jobs, paths, marks);
	list = json_array();
	for (size_t i = 0; i < n; i++)
		if (marks[i])
			json_array_append_new(list, marks[i]);
	free(marks);
	if (!rc)
		return list;
	json_decref(list);
	return NULL;
}

int grade_sweep(const char *socket, struct err *err)
{
	struct client *c = client_open(socket, err);
	json_t *labs = c ? client_call(c, "lab.list", NULL, err) : NULL, *lab;
	struct progress silent;
	struct err ignored;
	int n = labs ? 0 : -EIO;
	size_t i;

	progress_init(&silent, NULL);
	json_array_foreach (labs, i, lab) {
		/* A worker that lives holds a claim while it works on its lab, but not while it
		 * checks: its process tells. */
		const char *name = jstr(lab, "name");

		if (strncmp(name, GRADE_PREFIX, strlen(GRADE_PREFIX)) ||
		    json_is_true(json_object_get(lab, "busy")) ||
		    !kill((pid_t)atoi(name + strlen(GRADE_PREFIX)), 0))
			continue;
		n += !lab_down(c, name, true, &silent, NULL, &ignored);
	}
	json_decref(labs);
	client_close(c);
	return n;
}
