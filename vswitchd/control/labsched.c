/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * labsched.c - carries out the schedules of labs.
 *
 * What a node is made of only vnetctl knows, from the lab's file. So a step is a command of
 * vnetctl's
 * (`lab power`, `lab pause`, `lab resume`), started here when its time has come; that is why a
 * schedule is for users with the daemon's rights. Steps go one after the other. One waits while
 * somebody works on the lab, and while what a killed command left is not mended; it is tried again
 * when it fails, a few times.
 *
 * The record (kind "labsched") has the steps, how many are done, whether one is being made, and
 * when it all began by CLOCK_BOOTTIME: so a restarted daemon goes on where the schedule is by then,
 * and makes again the step that its end has cut off. After a boot nothing of the lab runs, and the
 * record is dropped.
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
	bool cut; /* the record says that a step was being made when a daemon ended */
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

static void record(const struct lab_schedule *s)
{
	char boot[37];
	json_t *doc;

	proc_boot_id(boot);
	doc = json_pack("{s:O, s:I, s:I, s:b, s:s}", "steps", s->steps, "done", (json_int_t)s->done,
			"since_ms", (json_int_t)s->since, "running", s->pid > 0, "boot", boot);
	state_put("labsched", s->lab, doc, NULL);
	json_decref(doc);
}

static void stop_watching(struct lab_schedule *s)
{
	if (!s->pid)
		return;
	ev_io_stop(s->d->loop, &s->ended);
	close(s->ended.fd);
	close(s->said);
	s->pid = 0;
}

/* A command that is under way goes on, and ends by itself. */
static void forget(struct lab_schedule *s)
{
	struct lab_schedule **at = &s->d->schedules;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	stop_watching(s);
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
	record(s);
	arm(s);
}

static void ended_cb(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct lab_schedule *s = w->data;
	char text[400], shown[400];
	int status = 0;
	ssize_t n;

	(void)loop;
	(void)revents;
	if (waitpid(s->pid, &status, WNOHANG) == 0)
		return;
	n = read(s->said, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	stop_watching(s);
	if (status == 0) {
		step_over(s, NULL);
	} else if (++s->tries >= TRIES_MAX) {
		step_over(s, str_escape(text, strcspn(text, "\n"), shown, sizeof(shown)));
	} else {
		record(s);
		wait_ms(s, AGAIN_MS);
	}
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
static int spawn(struct lab_schedule *s, int say[2])
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
			s->lab,
			(char *)step_str(step, "node"),
			(char *)(power ? what : NULL),
			NULL};

	if (!program_find("vnetctl", program, sizeof(program)))
		return -ENOENT;
	s->pid = fork();
	if (s->pid == 0)
		child_main(program, argv, say[1]);
	if (s->pid < 0) {
		s->pid = 0;
		return -errno;
	}
	return 0;
}

static void start(struct lab_schedule *s)
{
	int say[2], fd, rc;

	if (pipe2(say, O_CLOEXEC | O_NONBLOCK) < 0)
		return wait_ms(s, AGAIN_MS);
	rc = spawn(s, say);
	close(say[1]);
	fd = rc ? -1 : (int)syscall(SYS_pidfd_open, s->pid, 0);
	if (fd < 0) {
		close(say[0]);
		if (s->pid)
			kill(s->pid, SIGKILL);
		s->pid = 0;
		step_over(s, rc == -ENOENT ? "vnetctl is not where vswitchd looks"
					   : "can't start vnetctl");
		return;
	}
	s->said = say[0];
	s->cut = false;
	ev_io_init(&s->ended, ended_cb, fd, EV_READ);
	s->ended.data = s;
	ev_io_start(s->d->loop, &s->ended);
	record(s);
}

static void timer_cb(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	struct lab_schedule *s = w->data;

	(void)loop;
	(void)revents;
	/* What our own step has left in the middle, the same step mends. */
	if (lab_at_work(s->d, s->lab) || (!s->cut && !s->tries && lab_cut_off(s->lab)))
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

static int check_step(const json_t *step, json_int_t *last, struct err *err)
{
	static const char *const words[] = {"off", "on", "pause", "resume"};
	const json_t *at = json_object_get(step, "at_ms");
	const char *what = step_str(step, "do"), *node = step_str(step, "node");
	bool known = false;

	for (size_t i = 0; what && i < ARRAY_SIZE(words); i++)
		known |= !strcmp(what, words[i]);
	if (!known || !node || !name_valid(node) || !json_is_integer(at) ||
	    json_integer_value(at) < *last || json_integer_value(at) > UINT32_MAX)
		return err_set(
			err, -EINVAL,
			"a step is {at_ms, do: off, on, pause or resume, node}, in the order "
			"of their times");
	*last = json_integer_value(at);
	return 0;
}

int labsched_set(struct daemon *d, const char *lab, const json_t *steps, struct err *err)
{
	json_int_t last = 0;
	struct lab_schedule *s;
	json_t *step;
	size_t i;
	int rc = 0;

	if (json_array_size(steps) > LABSCHED_STEPS_MAX)
		return err_set(err, -EINVAL, "a schedule has %d steps at most", LABSCHED_STEPS_MAX);
	json_array_foreach ((json_t *)steps, i, step)
		rc = rc ? rc : check_step(step, &last, err);
	if (rc)
		return rc;
	labsched_end(d, lab);
	if (!json_array_size(steps))
		return 0;
	s = new (d, lab, steps);
	if (!s)
		return err_set(err, -ENOMEM, "memory is short");
	record(s);
	arm(s);
	return 0;
}

void labsched_end(struct daemon *d, const char *lab)
{
	struct lab_schedule *s = find(d, lab);

	if (!s)
		return;
	state_del("labsched", lab, NULL);
	forget(s);
}

json_t *labsched_json(const struct daemon *d, const char *lab)
{
	const struct lab_schedule *s = find(d, lab);

	return s ? json_pack("{s:I, s:I, s:b, s:O}", "elapsed_ms",
			     (json_int_t)(clock_now_ms() - s->since), "done", (json_int_t)s->done,
			     "running", s->pid > 0, "steps", s->steps)
		 : NULL;
}

int labsched_restore(struct daemon *d, const char *lab, const json_t *doc, struct err *err)
{
	const char *boot_then = step_str(doc, "boot");
	struct lab_schedule *s;
	char boot[37];

	proc_boot_id(boot);
	if (!boot_then || strcmp(boot, boot_then) != 0) {
		state_del("labsched", lab, NULL);
		return 0;
	}
	s = new (d, lab, json_object_get(doc, "steps"));
	if (!s)
		return err_set(err, -ENOMEM, "memory is short");
	s->since = (msec)json_integer_value(json_object_get(doc, "since_ms"));
	s->done = (size_t)json_integer_value(json_object_get(doc, "done"));
	s->cut = json_is_true(json_object_get(doc, "running"));
	arm(s);
	return 0;
}

void labsched_close_all(struct daemon *d)
{
	while (d->schedules)
		forget(d->schedules);
}
