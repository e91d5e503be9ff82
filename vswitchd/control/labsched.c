/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * labsched.c - carries out the schedules of labs.
 *
 * What a node is made of only vnetctl knows, from the lab's file. So a step is a command of
 * vnetctl's (`lab power`, `lab pause`, `lab resume`), started here when its time has come; that is
 * why a schedule is for users with the daemon's rights. Steps go one after the other. One waits
 * while somebody works on the lab, and while what a killed command left is not mended; it is tried
 * again when it fails or can't be started, a few times.
 *
 * The record (kind "labsched") has the steps, how many are done, whether the next was begun, and
 * when it all began by CLOCK_BOOTTIME: so a restarted daemon goes on where the schedule is by then,
 * and makes again the step that its end has cut off, also between two tries of it. After a boot
 * nothing of the lab runs, and the record is dropped; so it is when its lab has none.
 */
#include "vswitchd/control/labsched.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/addr.h"
#include "lib/log.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/events.h"
#include "vswitchd/host/proc.h"
#include "vswitchd/host/procend.h"
#include "vswitchd/host/procfs.h"
#include "vswitchd/host/program.h"
#include "vswitchd/host/state.h"

enum { TRIES_MAX = 5, AGAIN_MS = 1000, BUSY_MS = 200 };

struct lab_schedule {
	struct lab_schedule *next;
	struct daemon *d;
	char lab[NAME_MAX_ + 1];
	json_t *steps;
	size_t done;
	msec since;
	bool begun; /* a command was started for the next step: what is left in the middle is its */
	unsigned int tries;
	struct ev_timer timer;
	pid_t pid; /* of the command; 0: none */
	struct ev_io ended;
	int said; /* what it says on stderr */
};

static const json_t *step_now(const struct lab_schedule *s)
{
	return json_array_get(s->steps, s->done);
}

static const char *step_str(const json_t *step, const char *key)
{
	return json_string_value(json_object_get(step, key));
}

static struct lab_schedule *find(const struct daemon *d, const char *lab)
{
	struct lab_schedule *s = d->schedules;

	while (s && strcmp(s->lab, lab))
		s = s->next;
	return s;
}

static int record(const struct lab_schedule *s, struct err *err)
{
	char boot[37];
	json_t *doc;
	int rc;

	proc_boot_id(boot);
	doc = json_pack("{s:O, s:I, s:I, s:b, s:s}", "steps", s->steps, "done", (json_int_t)s->done,
			"since_ms", (json_int_t)s->since, "running", s->begun, "boot", boot);
	rc = state_put("labsched", s->lab, doc, err);
	json_decref(doc);
	return rc;
}

/* The schedule goes on without: only a daemon that is killed now would make a step twice. */
static void record_or_warn(const struct lab_schedule *s)
{
	struct err err;

	if (record(s, &err))
		log_warn("lab %s: its schedule goes on, but %s", s->lab, err.text);
}

static void close_said(void *arg)
{
	close((int)(intptr_t)arg);
}

/* A command that is under way goes on, and ends by itself: until then it must be able to say why,
 * or SIGPIPE would end it in the middle of its work. */
static void let_go(struct lab_schedule *s)
{
	if (!s->pid)
		return;
	ev_io_stop(s->d->loop, &s->ended);
	proc_when_ended(s->d->loop, s->ended.fd, close_said, (void *)(intptr_t)s->said);
	s->pid = 0;
}

static void forget(struct lab_schedule *s)
{
	struct lab_schedule **at = &s->d->schedules;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	let_go(s);
	ev_timer_stop(s->d->loop, &s->timer);
	json_decref(s->steps);
	free(s);
}

static void wait_ms(struct lab_schedule *s, msec ms)
{
	ev_timer_stop(s->d->loop, &s->timer);
	ev_timer_set(&s->timer, (double)ms / 1000, 0.);
	ev_timer_start(s->d->loop, &s->timer);
}

/* For the next step, if there is one. */
static void arm(struct lab_schedule *s)
{
	const json_t *step = step_now(s);
	msec due, now = clock_now_ms();

	ev_timer_stop(s->d->loop, &s->timer);
	if (!step)
		return;
	due = s->since + (msec)json_integer_value(json_object_get(step, "at_ms"));
	ev_now_update(s->d->loop);
	wait_ms(s, due > now ? due - now : 0);
}

/* ---- a step ---------------------------------------------------------------------------------- */

static void step_over(struct lab_schedule *s, const char *error)
{
	const json_t *step = step_now(s);

	if (error)
		log_warn("lab %s: its schedule can't %s %s: %s", s->lab, step_str(step, "do"),
			 step_str(step, "node"), error);
	events_send(s->d, "lab.step",
		    json_pack("{s:s, s:s, s:s, s:s?}", "lab", s->lab, "do", step_str(step, "do"),
			      "node", step_str(step, "node"), "error", error));
	s->done++;
	s->tries = 0;
	s->begun = false;
	record_or_warn(s);
	arm(s);
}

static void step_failed(struct lab_schedule *s, const char *why)
{
	if (++s->tries >= TRIES_MAX)
		step_over(s, why);
	else
		wait_ms(s, AGAIN_MS);
}

/* The last line of what it has said: those before may be warnings. */
static void last_line(int fd, char *shown, size_t size)
{
	char text[2048];
	ssize_t n = read(fd, text, sizeof(text));
	size_t end = n > 0 ? (size_t)n : 0, at;

	while (end && text[end - 1] == '\n')
		end--;
	for (at = end; at && text[at - 1] != '\n'; at--)
		;
	str_escape(text + at, end - at, shown, size);
}

static void ended_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct lab_schedule *s = w->data;
	char shown[400];
	int status = 0;
	pid_t pid = waitpid(s->pid, &status, WNOHANG);

	(void)revents;
	if (pid == 0)
		return;
	last_line(s->said, shown, sizeof(shown));
	ev_io_stop(loop, w);
	close(w->fd);
	close(s->said);
	s->pid = 0;
	if (pid > 0 && status == 0)
		step_over(s, NULL);
	else
		step_failed(s, shown);
}

static _Noreturn void child_main(const char *program, char *const argv[], int say)
{
	setsid();
	proc_child_stdio(-1, -1, say);
	proc_child_clean(NULL, 0);
	execv(program, argv);
	_exit(127);
}

/* `vnetctl lab power LAB NODE off`, `vnetctl lab pause LAB NODE`. */
static pid_t spawn(const struct lab_schedule *s, int say)
{
	const json_t *step = step_now(s);
	const char *what = step_str(step, "do");
	bool power = !strcmp(what, "on") || !strcmp(what, "off");
	char program[PATH_MAX];
	char *argv[] = {(char *)"vnetctl",
			(char *)"-s",
			(char *)s->d->opt.socket,
			(char *)"lab",
			(char *)(power ? "power" : what),
			(char *)s->lab,
			(char *)step_str(step, "node"),
			(char *)(power ? what : NULL),
			NULL};
	pid_t pid;

	if (!program_find("vnetctl", program, sizeof(program)))
		return -ENOENT;
	pid = fork();
	if (pid == 0)
		child_main(program, argv, say);
	return pid < 0 ? -errno : pid;
}

/* Its pidfd, or a negative errno, and then there is no command. */
static int spawn_watched(struct lab_schedule *s, int say)
{
	pid_t pid = spawn(s, say);
	int fd, rc;

	if (pid < 0)
		return pid;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0) {
		rc = -errno;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return rc;
	}
	s->pid = pid;
	return fd;
}

static void start(struct lab_schedule *s)
{
	int say[2] = {-1, -1}, fd = pipe2(say, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
	char why[128];

	if (!fd) {
		fd = spawn_watched(s, say[1]);
		close(say[1]);
	}
	if (fd < 0) {
		if (say[0] >= 0)
			close(say[0]);
		snprintf(why, sizeof(why), "cannot start vnetctl: %s",
			 fd == -ENOENT ? "it is not where vswitchd looks" : strerror(-fd));
		step_failed(s, why);
		return;
	}
	s->said = say[0];
	s->begun = true;
	ev_io_init(&s->ended, ended_cb, fd, EV_READ);
	s->ended.data = s;
	ev_io_start(s->d->loop, &s->ended);
	record_or_warn(s);
}

static void timer_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct lab_schedule *s = w->data;

	(void)loop;
	(void)revents;
	/* What our own step has left in the middle, the same step mends. */
	if (lab_at_work(s->d, s->lab) || (!s->begun && lab_cut_off(s->lab)))
		wait_ms(s, BUSY_MS);
	else
		start(s);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static struct lab_schedule *new (struct daemon *d, const char *lab, const json_t *steps)
{
	struct lab_schedule *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->d = d;
	snprintf(s->lab, sizeof(s->lab), "%s", lab);
	s->steps = json_deep_copy(steps);
	s->since = clock_now_ms();
	s->next = d->schedules;
	d->schedules = s;
	ev_timer_init(&s->timer, timer_cb, 0., 0.);
	s->timer.data = s;
	return s;
}

int labsched_set(struct daemon *d, const char *lab, const json_t *steps, struct err *err)
{
	struct lab_schedule *old = find(d, lab), *s;
	int rc;

	if (!json_array_size(steps))
		return labsched_end(d, lab, err);
	s = new (d, lab, steps);
	if (!s)
		return err_set(err, -ENOMEM, "memory is short");
	rc = record(s, err);
	if (rc) {
		forget(s);
		return rc;
	}
	if (old)
		forget(old);
	arm(s);
	return 0;
}

int labsched_end(struct daemon *d, const char *lab, struct err *err)
{
	struct lab_schedule *s = find(d, lab);
	int rc = s ? state_del("labsched", lab, err) : 0;

	if (s && !rc)
		forget(s);
	return rc;
}

json_t *labsched_json(const struct daemon *d, const char *lab)
{
	const struct lab_schedule *s = find(d, lab);

	return s ? json_pack("{s:I, s:I, s:b, s:O}", "elapsed_ms",
			     (json_int_t)(clock_now_ms() - s->since), "done", (json_int_t)s->done,
			     "running", s->pid > 0, "steps", s->steps)
		 : NULL;
}

/* Does what @doc says still concern anything? */
static bool holds(const char *lab, const json_t *doc)
{
	const char *boot_then = step_str(doc, "boot");
	json_t *record = state_get("lab", lab);
	bool has_lab = record != NULL;
	char boot[37];

	json_decref(record);
	proc_boot_id(boot);
	return has_lab && boot_then && !strcmp(boot, boot_then);
}

int labsched_restore(struct daemon *d, const char *lab, const json_t *doc, struct err *err)
{
	struct lab_schedule *s;

	if (!holds(lab, doc))
		return state_del("labsched", lab, err);
	s = new (d, lab, json_object_get(doc, "steps"));
	if (!s)
		return err_set(err, -ENOMEM, "memory is short");
	s->since = (msec)json_integer_value(json_object_get(doc, "since_ms"));
	s->done = (size_t)json_integer_value(json_object_get(doc, "done"));
	s->begun = json_is_true(json_object_get(doc, "running"));
	arm(s);
	return 0;
}

void labsched_close_all(struct daemon *d)
{
	for (struct lab_schedule *s = d->schedules, *next; s; s = next) {
		next = s->next;
		forget(s);
	}
}
